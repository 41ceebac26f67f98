package assistant

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/deskhand/deskhand/assistant/confidence"
	"github.com/deskhand/deskhand/assistant/guard"
	"github.com/deskhand/deskhand/assistant/triage"
	"github.com/deskhand/deskhand/assistant/triage/facts"
	"github.com/deskhand/deskhand/assistant/triage/intent"
)

// Outcome is how a question ended.
type Outcome string

// The outcomes.
const (
	OutcomeAnswered  Outcome = "answered"
	OutcomeClarify   Outcome = "clarify"
	OutcomeHandedOff Outcome = "handed_off"
)

// Reason is why a decision was taken. Agents see reasons; customers never do (P6).
type Reason string

// The reasons. A risk that forced a hand-off is the reason "risk:" and its name.
const (
	ReasonAnsweredFromRegistry Reason = "answered_from_registry"
	ReasonAutoReplyOff         Reason = "auto_reply_off"
	ReasonConfident            Reason = "confident"
	ReasonDeadline             Reason = "deadline"
	ReasonFailure              Reason = "stage_failed"
	ReasonGuard                Reason = "guard" // with the check: "guard:link"
	ReasonHeldByPerson         Reason = "held_by_person"
	ReasonIncident             Reason = "incident_notice"
	ReasonIntentNever          Reason = "intent_never_automatic"
	ReasonLowConfidence        Reason = "low_confidence"
	ReasonMissingFact          Reason = "missing_fact" // with the fact: "missing_fact:network"
	ReasonNoSource             Reason = "no_source"
	ReasonNotAnswerable        Reason = "not_answerable"
	ReasonOffTopic             Reason = "off_topic"
	ReasonOtherLanguage        Reason = "only_in_another_language"
	ReasonOverdue              Reason = "overdue"         // sent so long ago that it is stuck, and no article helps
	ReasonPolicyNever          Reason = "policy_never"    // a rule of the policy: a person, without a draft
	ReasonPolicySuggest        Reason = "policy_suggest"  // a rule of the policy: a person, with a draft
	ReasonShadow               Reason = "shadow"          // the assistant would have replied, but is only rehearsing
	ReasonOfAnother            Reason = "said_of_another" // with the kind: "said_of_another:network"
	ReasonTooManyTurns         Reason = "too_many_clarifications"
	ReasonUnclear              Reason = "unclear"
)

// Decision is what happens to a question, and why.
type Decision struct {
	Outcome Outcome
	Reasons []Reason
}

// Evidence is all that the policy may look at when it decides about a draft.
type Evidence struct {
	Answerable     bool
	Channel        string
	Clarifications int // the assistant's turns in a row, up to now, that brought no answer
	Confidence     float64
	Fit            confidence.Model // that Confidence comes from
	Language       string           // the customer's
	Missing        Fact             // what the customer did not say and the answer depends on; empty when nothing
	Overdue        bool             // the answer depends on how long ago something was sent, and that is too long
	Sources        int              // passages that the draft cites
	SourceLanguage string           // of the draft
	Triage         triage.Triage
	Unmet          []facts.NameKind // what the question names and the draft answers for others only
	Verdict        Verdict
}

// Policy is what the desk allows. A zero Policy answers nothing.
type Policy struct {
	AutoReply         bool                              `json:"auto_reply"` // the kill switch (P10): false hands everything to people
	FirstResponse     map[triage.Priority]time.Duration `json:"first_response_ns"`
	LeadOverrides     []string                          `json:"lead_overrides"` // checks of the guard that a lead may set aside
	LargeAmounts      map[string]float64                `json:"large_amounts"`  // by ticker or currency: from there on it is more urgent
	MaxClarifications int                               `json:"max_clarifications"`
	MinConfidence     float64                           `json:"min_confidence"`             // 0 to 1
	Mode              Mode                              `json:"mode,omitempty"`             // where no rule fits; empty is auto
	Rules             []Rule                            `json:"rules,omitempty"`            // the first that fits decides
	Shadow            bool                              `json:"shadow,omitempty"`           // drafts, decides, sends no answer
	SilentIntents     []string                          `json:"silent_intents"`             // the kill switch for intents, above all rules
	SilentLanguages   []string                          `json:"silent_languages"`           // the same for languages
	TargetPrecision   float64                           `json:"target_precision,omitempty"` // of answers, 0 to 1; 0 sets none
	Version           int64                             `json:"-"`
}

// AnyVersion is the base of a change that is meant whatever is in force.
const AnyVersion int64 = -1

// DefaultPolicy is the policy of a desk that has set none.
func DefaultPolicy() Policy {
	return Policy{
		AutoReply: true,
		FirstResponse: map[triage.Priority]time.Duration{
			triage.P1: 15 * time.Minute,
			triage.P2: time.Hour,
			triage.P3: 8 * time.Hour,
			triage.P4: 24 * time.Hour,
		},
		LargeAmounts: map[string]float64{ // some ten thousand dollars; a desk sets its own
			"BNB": 15, "BTC": 0.1, "CNY": 70_000,
			"ETH": 3, "EUR": 10_000, "GBP": 8_000, "IDR": 160_000_000, "JPY": 1_500_000, "KRW": 14_000_000,
			"RUB": 800_000, "SOL": 60, "TRY": 400_000, "TWD": 320_000, "USD": 10_000, "USDC": 10_000, "USDT": 10_000, "VND": 260_000_000, "XRP": 5_000,
		},
		LeadOverrides: []string{string(guard.CheckPromise)}, // a refund is a lead's to grant
		// Two questions back are help, a third is a wall.
		MaxClarifications: 2,
		MinConfidence:     0.6,
		Mode:              ModeAuto,
	}
}

// Validate returns an Error with CodeInvalid that names the field at fault.
func (p Policy) Validate() error {
	for _, priority := range []triage.Priority{triage.P1, triage.P2, triage.P3, triage.P4} {
		if p.FirstResponse[priority] <= 0 {
			return &Error{
				Code: CodeInvalid, Field: "first_response." + string(priority),
				Message: "first_response." + string(priority) + " must be a time above zero",
			}
		}
	}
	for _, asset := range slices.Sorted(maps.Keys(p.LargeAmounts)) {
		if !(p.LargeAmounts[asset] > 0) || asset != strings.ToUpper(asset) {
			return &Error{
				Code: CodeInvalid, Field: "large_amounts." + asset,
				Message: "large_amounts." + asset + " must be a sum above zero under a ticker in capitals, such as BTC",
			}
		}
	}
	for _, check := range p.LeadOverrides {
		if !slices.Contains(overridable(), check) {
			return &Error{
				Code: CodeInvalid, Field: "lead_overrides",
				Message: "lead_overrides may hold " + strings.Join(overridable(), ", ") + " only: what leads to theft is never sent",
			}
		}
	}
	switch {
	case !share(p.MinConfidence):
		return &Error{Code: CodeInvalid, Field: "min_confidence", Message: "min_confidence must lie between 0 and 1"}
	case p.MaxClarifications < 0:
		return &Error{Code: CodeInvalid, Field: "max_clarifications", Message: "max_clarifications must not be negative"}
	}
	return p.validateRules()
}

// Decide turns evidence about a draft into what happens. It is a pure function: the same evidence under the same policy
// always ends the same way.
func (p Policy) Decide(e Evidence) Decision {
	standing := p.For(Scope{Channel: e.Channel, Intent: e.Triage.Intent, Language: e.Language})
	if reason, held := standing.Held(); held {
		return Decision{OutcomeHandedOff, []Reason{reason}}
	}
	if doubts := doubts(e, standing); len(doubts) > 0 {
		return p.withoutAnswer(e, doubts)
	}
	return Decision{OutcomeAnswered, []Reason{ReasonConfident}}
}

// MustHandOff returns the reasons for which a message goes to a person whatever the knowledge base says (P3, P7); none
// means that the assistant may try.
func (p Policy) MustHandOff(t triage.Triage) []Reason {
	var reasons []Reason
	for _, r := range t.Risks {
		reasons = append(reasons, Reason("risk:"+string(r)))
	}
	if len(reasons) == 0 && t.NeedsPerson() {
		reasons = append(reasons, ReasonIntentNever)
	}
	return reasons
}

// Priority is the priority of a case, with all that its message states and the tier of its customer.
func (p Policy) Priority(t triage.Triage, tier triage.Tier) triage.Priority {
	large := slices.ContainsFunc(t.Facts.Amounts, func(a facts.Amount) bool {
		least, set := p.LargeAmounts[a.Asset]
		return set && a.Value >= least
	})
	return triage.Prioritise(triage.Urgency{
		Age: t.Facts.Age, Intent: t.Priority, LargeAmount: large, Mood: t.Facts.Mood, Risks: t.Risks, Tier: tier,
	})
}

// RespondBy is the time by which a person promised to answer a case that was opened at the given time.
func (p Policy) RespondBy(priority triage.Priority, opened time.Time) time.Time {
	return opened.Add(p.FirstResponse[priority])
}

// overridable are the checks that a policy may let leads set aside: statements that a person can answer for. A link, a contact,
// an address, a request for a secret or for money and markup are not among them, whoever writes them.
func overridable() []string {
	return []string{string(guard.CheckAdvice), string(guard.CheckHoldReason), string(guard.CheckPromise)}
}

// MayOverride reports whether a lead may set a check of the guard aside.
func (p Policy) MayOverride(check string) bool {
	return slices.Contains(overridable(), check) && slices.Contains(p.LeadOverrides, check)
}

// doubts lists what speaks against sending the draft.
func doubts(e Evidence, standing Standing) []Reason {
	var doubts []Reason
	for _, check := range e.Verdict.Checks() {
		doubts = append(doubts, ReasonGuard+":"+Reason(check))
	}
	switch {
	case e.Sources == 0:
		doubts = append(doubts, ReasonNoSource)
	case !e.Answerable:
		doubts = append(doubts, ReasonNotAnswerable)
	}
	if e.Sources > 0 && e.SourceLanguage != e.Language {
		doubts = append(doubts, ReasonOtherLanguage)
	}
	if e.Triage.AutoAnswer == intent.AutoAnswerNever {
		doubts = append(doubts, ReasonIntentNever)
	}
	if e.Overdue {
		doubts = append(doubts, ReasonOverdue)
	}
	for _, kind := range e.Unmet {
		doubts = append(doubts, ReasonOfAnother+":"+Reason(kind))
	}
	if e.Confidence < standing.threshold(e.Fit) {
		doubts = append(doubts, ReasonLowConfidence)
	}
	return doubts
}

// withoutAnswer chooses between asking back and a person. Asking back helps only where the message itself said too little, or
// left out the one fact that decides; any other clear question without a sure answer goes to a person at once.
func (p Policy) withoutAnswer(e Evidence, doubts []Reason) Decision {
	why := ReasonUnclear
	switch {
	case e.Triage.OffTopic:
		why = ReasonOffTopic
	case e.Triage.Intent != triage.Unclear && (e.Missing == "" || !onlyUnsure(doubts)):
		return Decision{OutcomeHandedOff, doubts}
	case e.Triage.Intent != triage.Unclear:
		why = ReasonMissingFact + ":" + Reason(e.Missing)
	}
	if e.Clarifications >= p.MaxClarifications {
		return Decision{OutcomeHandedOff, append([]Reason{ReasonTooManyTurns}, doubts...)}
	}
	return Decision{OutcomeClarify, append([]Reason{why}, doubts...)}
}

// onlyUnsure reports whether nothing but certainty is lacking: a fact more cannot mend what the guard objects to.
func onlyUnsure(doubts []Reason) bool {
	return !slices.ContainsFunc(doubts, func(r Reason) bool { return r != ReasonLowConfidence && r != ReasonNotAnswerable })
}
