package evals

import (
	"slices"

	"github.com/deskhand/deskhand/assistant"
)

// Shadowed is a live question that a candidate was asked too, after the desk had decided.
type Shadowed struct {
	Candidate        assistant.Outcome // empty when the candidate failed
	CompletionTokens int
	CostUSD          float64
	Desk             assistant.Outcome
	Label            Ending // what reviewers say of the desk's end; empty when they have not said anything
	Millis           int
	PromptTokens     int
}

// ShadowReport says what a candidate would have done with live questions.
type ShadowReport struct {
	Agreement        Share                                           `json:"agreement"` // questions that would have ended alike
	AnsweredByDesk   Share                                           `json:"answered_by_desk"`
	Answered         Share                                           `json:"answered"`
	Candidate        string                                          `json:"candidate"`
	CompletionTokens int                                             `json:"completion_tokens"`
	CostUSD          float64                                         `json:"cost_usd"`
	Failed           int                                             `json:"failed"`   // questions without an end
	Gained           int                                             `json:"gained"`   // that it answers and the desk did not
	Labelled         map[Ending]map[assistant.Outcome]int            `json:"labelled"` // by what reviewers said of the desk's end
	Lost             int                                             `json:"lost"`     // that it does not answer and the desk did
	MedianMillis     int                                             `json:"median_millis"`
	P                float64                                         `json:"p"` // of Gained and Lost, McNemar's exact test
	PromptTokens     int                                             `json:"prompt_tokens"`
	Questions        int                                             `json:"questions"`
	Table            map[assistant.Outcome]map[assistant.Outcome]int `json:"table"`   // by the desk's outcome, then by the candidate's
	Verdict          string                                          `json:"verdict"` // "answers more", "answers less" or "no evidence"
}

// The verdicts of a shadow comparison. Which is better, only reviewers can say.
const (
	AnswersLess = "answers less"
	AnswersMore = "answers more"
)

// NewShadowReport compares what a candidate would have done with what the desk did, question by question. A failure of the candidate is no
// answer.
func NewShadowReport(candidate string, shadowed []Shadowed) ShadowReport {
	report := ShadowReport{
		Candidate: candidate, Labelled: make(map[Ending]map[assistant.Outcome]int), Questions: len(shadowed),
		Table: make(map[assistant.Outcome]map[assistant.Outcome]int), Verdict: string(NoEvidence),
	}
	alike, answered, answeredByDesk := 0, 0, 0
	var times []int
	for _, s := range shadowed {
		report.CostUSD += s.CostUSD
		report.PromptTokens += s.PromptTokens
		report.CompletionTokens += s.CompletionTokens
		times = append(times, s.Millis)
		count(report.Table, s.Desk, s.Candidate)
		if s.Label != "" {
			count(report.Labelled, s.Label, s.Candidate)
		}
		does, did := s.Candidate == assistant.OutcomeAnswered, s.Desk == assistant.OutcomeAnswered
		alike += one(s.Candidate == s.Desk)
		answered += one(does)
		answeredByDesk += one(did)
		report.Failed += one(s.Candidate == "")
		report.Gained += one(does && !did)
		report.Lost += one(did && !does)
	}
	report.Agreement, report.Answered = NewShare(alike, len(shadowed)), NewShare(answered, len(shadowed))
	report.AnsweredByDesk, report.P = NewShare(answeredByDesk, len(shadowed)), mcNemar(report.Lost, report.Gained)
	if len(times) > 0 {
		slices.Sort(times)
		report.MedianMillis = times[len(times)/2]
	}
	switch {
	case report.P >= level:
	case report.Gained > report.Lost:
		report.Verdict = AnswersMore
	default:
		report.Verdict = AnswersLess
	}
	return report
}

func count[K comparable](table map[K]map[assistant.Outcome]int, row K, column assistant.Outcome) {
	if table[row] == nil {
		table[row] = make(map[assistant.Outcome]int)
	}
	table[row][column]++
}

func one(is bool) int { //nolint:revive // a count of what is
	if is {
		return 1
	}
	return 0
}
