package assistant

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/deskhand/deskhand/assistant/guard"
	"github.com/deskhand/deskhand/assistant/triage/intent"
	"github.com/deskhand/deskhand/prompts"
)

// maxNoticeText is the longest text of a notice, in bytes.
const maxNoticeText = 4000

// Notice is an incident notice: while it is active its text answers, instead of the knowledge base.
type Notice struct {
	ID            int64
	Intents       []string
	Jurisdictions []string          // ISO 3166-1 alpha-2, of customers; none means everywhere
	Languages     []string          // of customers; none means all
	Texts         map[string]string // by BCP 47 tag; "en" is always there
}

// Circumstances are what decides which notices apply to a question.
type Circumstances struct {
	Intent       string
	Jurisdiction string // empty when it is not known
	Language     string
}

// Applies reports whether a notice speaks of a question. A notice that is for some jurisdictions does not apply to a customer
// whose jurisdiction is not known.
func (n Notice) Applies(c Circumstances) bool {
	return slices.Contains(n.Intents, c.Intent) &&
		(len(n.Languages) == 0 || slices.Contains(n.Languages, c.Language)) &&
		(len(n.Jurisdictions) == 0 || slices.Contains(n.Jurisdictions, c.Jurisdiction))
}

// narrowness orders notices: one for some customers says more than one for all.
func (n Notice) narrowness() int {
	narrow := 0
	if len(n.Jurisdictions) > 0 {
		narrow += 2
	}
	if len(n.Languages) > 0 {
		narrow++
	}
	return narrow
}

// Applying returns the notices that apply to a question, first the one that answers it: the one for the fewest customers, of
// equal ones the newest. Only the likeliest intent counts: a notice about withdrawals must not answer a question about fees.
func Applying(notices []Notice, c Circumstances) []Notice {
	var applying []Notice
	for _, notice := range notices {
		if notice.Applies(c) {
			applying = append(applying, notice)
		}
	}
	slices.SortStableFunc(applying, func(a, b Notice) int {
		return cmp.Or(cmp.Compare(b.narrowness(), a.narrowness()), cmp.Compare(b.ID, a.ID))
	})
	return applying
}

// Text returns the notice for a customer and the language that it is in: their own; for Chinese the other script, which they can
// read; else English.
func (n Notice) Text(language string) (text, in string) {
	candidates := []string{language}
	switch language {
	case "zh-Hans":
		candidates = append(candidates, "zh-Hant")
	case "zh-Hant":
		candidates = append(candidates, "zh-Hans")
	}
	for _, tag := range candidates {
		if n.Texts[tag] != "" {
			return n.Texts[tag], tag
		}
	}
	return n.Texts[prompts.DefaultLanguage], prompts.DefaultLanguage
}

var jurisdictionPattern = regexp.MustCompile(`^[A-Z]{2}$`)

// NoticeRules are what a notice is checked against.
type NoticeRules struct {
	Guard    *guard.Guard
	Intent   func(id string) (intent.Intent, bool)
	Registry guard.Registry
}

// Check returns an Error with CodeInvalid that names the field at fault. Its texts are held to what holds for every text that
// leaves the desk (P4, P6).
func (n Notice) Check(rules NoticeRules) error {
	invalid := func(field, format string, args ...any) error {
		return &Error{Code: CodeInvalid, Field: field, Message: fmt.Sprintf(format, args...)}
	}
	if len(n.Intents) == 0 {
		return invalid("intents", "intents names no intent")
	}
	for _, id := range n.Intents {
		found, ok := rules.Intent(id)
		if !ok {
			return invalid("intents", "intents holds one that is not in the taxonomy")
		}
		if found.AutoAnswer == intent.AutoAnswerNever {
			return invalid("intents", "%s always reaches a person: no notice can answer it", id)
		}
	}
	for _, language := range n.Languages {
		if !slices.Contains(prompts.Languages(), language) {
			return invalid("languages", "languages takes %s", strings.Join(prompts.Languages(), ", "))
		}
	}
	for _, code := range n.Jurisdictions {
		if !jurisdictionPattern.MatchString(code) {
			return invalid("jurisdictions", "jurisdictions takes codes of two upper-case letters, like DE")
		}
	}
	if strings.TrimSpace(n.Texts[prompts.DefaultLanguage]) == "" {
		return invalid("texts.en", "texts lacks English: it answers in every language without a text of its own")
	}
	for language, text := range n.Texts {
		field := "texts." + language
		switch {
		case !slices.Contains(prompts.Languages(), language):
			return invalid("texts", "texts takes the languages %s", strings.Join(prompts.Languages(), ", "))
		case strings.TrimSpace(text) == "" || len(text) > maxNoticeText || strings.ContainsRune(text, 0):
			return invalid(field, "%s must be a text of at most %d bytes", field, maxNoticeText)
		}
		if findings := rules.Guard.Check(guard.Text{Body: text, Language: language}, rules.Registry); len(findings) > 0 {
			return invalid(field, "%s may not be sent (%s): %s", field, findings[0].Check, findings[0].Detail)
		}
	}
	return nil
}
