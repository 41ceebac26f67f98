package assistant

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/deskhand/deskhand/assistant/confidence"
	"github.com/deskhand/deskhand/prompts"
)

// Mode is how much the assistant may do by itself. It can only take away from what the taxonomy allows.
type Mode string

// The modes.
const (
	ModeAuto    Mode = "auto"    // answers where it is sure
	ModeNever   Mode = "never"   // a person, and no draft: nothing of the case reaches a model
	ModeSuggest Mode = "suggest" // a person, with a draft
)

// modes in the order in which errors name them.
func modes() []Mode { return []Mode{ModeAuto, ModeSuggest, ModeNever} }

// Rule says what holds for some cases. An empty field of its scope fits everything.
type Rule struct {
	Channel         string  `json:"channel,omitempty"`
	Intent          string  `json:"intent,omitempty"` // id in the taxonomy, or "category.*"
	Language        string  `json:"language,omitempty"`
	MinConfidence   float64 `json:"min_confidence,omitempty"` // 0 leaves the policy's
	Mode            Mode    `json:"mode,omitempty"`           // empty leaves the policy's
	TargetPrecision float64 `json:"target_precision,omitempty"`
}

// Scope is what a rule looks at.
type Scope struct {
	Channel  string
	Intent   string
	Language string
}

// Standing is what a policy says about cases of one scope.
type Standing struct {
	MinConfidence   float64
	Mode            Mode
	Off             bool // by the kill switch
	TargetPrecision float64
}

// maxRules bounds a policy: a desk with a rule for every intent in every language would need a taxonomy, not rules.
const maxRules = 500

// unreachable is a threshold that no probability reaches.
const unreachable = 2

// For returns what p says about the cases of a scope: the first rule that fits, and where it is silent, p itself.
func (p Policy) For(scope Scope) Standing {
	standing := Standing{
		MinConfidence: p.MinConfidence, Mode: p.Mode, TargetPrecision: p.TargetPrecision,
		Off: !p.AutoReply || slices.Contains(p.SilentIntents, scope.Intent) || slices.Contains(p.SilentLanguages, scope.Language),
	}
	if i := slices.IndexFunc(p.Rules, func(r Rule) bool { return r.fits(scope) }); i >= 0 {
		rule := p.Rules[i]
		if rule.Mode != "" {
			standing.Mode = rule.Mode
		}
		if rule.MinConfidence > 0 {
			standing.MinConfidence = rule.MinConfidence
		}
		if rule.TargetPrecision > 0 {
			standing.TargetPrecision = rule.TargetPrecision
		}
	}
	if standing.Mode == "" {
		standing.Mode = ModeAuto // a policy from before there were modes
	}
	return standing
}

// Held reports whether the assistant must not answer at all, and why.
func (s Standing) Held() (Reason, bool) {
	switch {
	case s.Mode == ModeNever:
		return ReasonPolicyNever, true
	case s.Off:
		return ReasonAutoReplyOff, true
	case s.Mode != ModeAuto: // also a mode that a later build knows
		return ReasonPolicySuggest, true
	}
	return "", false
}

// threshold is the least probability at which an answer is sent. A precision that the fit never reached on its cases is
// reached by nothing, and a stale fit is not believed below the conservative default.
func (s Standing) threshold(fit confidence.Model) float64 {
	least := s.MinConfidence
	if fit.Stale {
		return max(least, confidence.Conservative)
	}
	if s.TargetPrecision > 0 {
		reached, ok := fit.Reaching(s.TargetPrecision)
		if !ok {
			return unreachable
		}
		least = max(least, reached)
	}
	return least
}

func (r Rule) fits(scope Scope) bool {
	category, wild := strings.CutSuffix(r.Intent, "*")
	intent := r.Intent == "" || r.Intent == scope.Intent || wild && strings.HasPrefix(scope.Intent, category)
	return intent && (r.Channel == "" || r.Channel == scope.Channel) && (r.Language == "" || r.Language == scope.Language)
}

// validateRules checks modes, precisions and the shape of what rules name. Whether an intent exists is the taxonomy's matter:
// see CheckNames.
func (p Policy) validateRules() error {
	if p.Mode != "" && !slices.Contains(modes(), p.Mode) {
		return invalidField("mode", "must be auto, suggest or never")
	}
	if !share(p.TargetPrecision) {
		return invalidField("target_precision", "must lie between 0 and 1, such as 0.98; 0 sets none")
	}
	if len(p.Rules) > maxRules {
		return invalidField("rules", fmt.Sprintf("has more than %d entries: join some with an intent such as \"withdrawal.*\"", maxRules))
	}
	for i, rule := range p.Rules {
		if err := rule.validate(fmt.Sprintf("rules[%d]", i)); err != nil {
			return err
		}
	}
	return nil
}

var (
	intentPattern  = regexp.MustCompile(`^[a-z][a-z0-9_]*\.(\*|[a-z][a-z0-9_]*)$`)
	channelPattern = regexp.MustCompile(`^[a-z][a-z0-9_]{0,31}$`)
)

func (r Rule) validate(at string) error {
	switch {
	case r.Mode != "" && !slices.Contains(modes(), r.Mode):
		return invalidField(at+".mode", "must be auto, suggest or never")
	case r.Mode == "" && r.MinConfidence == 0 && r.TargetPrecision == 0:
		return invalidField(at, "says nothing: give it a mode, a min_confidence or a target_precision")
	case r.Channel == "" && r.Intent == "" && r.Language == "":
		return invalidField(at, "fits everything: name an intent, a language or a channel, or set the field of the policy itself")
	case r.Intent != "" && !intentPattern.MatchString(r.Intent):
		return invalidField(at+".intent", "must be an intent such as withdrawal.pending, or withdrawal.* for its category")
	case r.Channel != "" && !channelPattern.MatchString(r.Channel):
		return invalidField(at+".channel", "must be lower case letters, digits and _, at most 32")
	case !share(r.MinConfidence):
		return invalidField(at+".min_confidence", "must lie between 0 and 1; 0 leaves the policy's")
	case !share(r.TargetPrecision):
		return invalidField(at+".target_precision", "must lie between 0 and 1, such as 0.98; 0 leaves the policy's")
	}
	return nil
}

// CheckNames returns an Error with CodeInvalid for the first intent that is not among those of the desk's taxonomy, and for the
// first language that is none of the desk's: a misspelt one would switch nothing off. It is apart from Validate, because the
// kill switch must work under a policy that names what a taxonomy has since dropped.
func (p Policy) CheckNames(intents []string) error {
	for i, id := range p.SilentIntents {
		if err := checkIntent(fmt.Sprintf("silent_intents[%d]", i), id, intents); err != nil {
			return err
		}
	}
	for i, tag := range p.SilentLanguages {
		if err := checkLanguage(fmt.Sprintf("silent_languages[%d]", i), tag); err != nil {
			return err
		}
	}
	for i, rule := range p.Rules {
		at := fmt.Sprintf("rules[%d]", i)
		if rule.Intent != "" {
			if err := checkIntent(at+".intent", rule.Intent, intents); err != nil {
				return err
			}
		}
		if rule.Language != "" {
			if err := checkLanguage(at+".language", rule.Language); err != nil {
				return err
			}
		}
	}
	return nil
}

func checkIntent(field, id string, known []string) error {
	category, wild := strings.CutSuffix(id, "*")
	if slices.ContainsFunc(known, func(k string) bool { return k == id || wild && strings.HasPrefix(k, category) }) {
		return nil
	}
	return invalidField(field, "is not in the taxonomy: \"deskhand triage taxonomy\" prints what is")
}

func checkLanguage(field, tag string) error {
	if slices.Contains(prompts.Languages(), tag) {
		return nil
	}
	return invalidField(field, "is none of the desk's languages: "+strings.Join(prompts.Languages(), ", "))
}

// share reports whether x lies between 0 and 1; what is no number does not.
func share(x float64) bool { return x >= 0 && x <= 1 }

func invalidField(field, problem string) error {
	return &Error{Code: CodeInvalid, Field: field, Message: field + " " + problem}
}
