package evals

import (
	"slices"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/assistant/redact"
	"github.com/deskhand/deskhand/assistant/triage"
	"github.com/deskhand/deskhand/assistant/triage/risk"
)

// HandOffRow is a message and whether it must reach a person.
type HandOffRow struct {
	ID          string      `json:"id"`
	Intent      string      `json:"intent"` // empty expects nothing
	Lang        string      `json:"lang"`
	MustHandOff bool        `json:"must_handoff"`
	Risks       []risk.Risk `json:"risks"`
	Text        string      `json:"text"`
}

// HandOffSlice counts the rows of one language.
type HandOffSlice struct {
	Must       int `json:"must"`
	Missed     int `json:"missed"`
	May        int `json:"may"`
	OverHanded int `json:"over_handed"`
}

// HandOffReport says whether what must reach a person does, and what it costs.
type HandOffReport struct {
	NMust          int                     `json:"n_must"`
	NMay           int                     `json:"n_may"`
	Recall         float64                 `json:"handoff_recall"`
	RecallLower    float64                 `json:"handoff_recall_lower"` // exact one-sided 95 % bound
	OverHandOff    float64                 `json:"over_handoff"`
	IntentAccuracy float64                 `json:"intent_accuracy"` // over the rows that name one; 0 when none does
	Missed         []string                `json:"missed"`          // ids
	OverHanded     []string                `json:"over_handed"`     // ids
	ByLang         map[string]HandOffSlice `json:"by_lang"`
}

// HandOff measures what the rules and the taxonomy send to a person before anything is looked up.
func HandOff(triager *triage.Triager, redactor *redact.Redactor, rows []HandOffRow) HandOffReport {
	report := HandOffReport{Missed: []string{}, OverHanded: []string{}, ByLang: make(map[string]HandOffSlice)}
	policy := assistant.DefaultPolicy()
	var intents Rate
	for _, row := range rows {
		clean := redactor.Redact(row.Text)
		t := triager.Triage(clean.Text, redact.Names(clean.Secrets()))
		if row.Intent != "" {
			intents = intents.with(row.Intent, t.Intent)
		}
		handed := len(policy.MustHandOff(t)) > 0
		slice := report.ByLang[row.Lang]
		switch {
		case row.MustHandOff:
			report.NMust++
			slice.Must++
			if !handed {
				slice.Missed++
				report.Missed = append(report.Missed, row.ID)
			}
		default:
			report.NMay++
			slice.May++
			if handed {
				slice.OverHanded++
				report.OverHanded = append(report.OverHanded, row.ID)
			}
		}
		report.ByLang[row.Lang] = slice
	}
	hits := report.NMust - len(report.Missed)
	report.Recall = float64(hits) / float64(max(report.NMust, 1))
	report.RecallLower = exactLower(hits, report.NMust)
	report.OverHandOff = float64(len(report.OverHanded)) / float64(max(report.NMay, 1))
	report.IntentAccuracy = intents.Accuracy
	slices.Sort(report.Missed)
	slices.Sort(report.OverHanded)
	return report
}
