package evals

import "github.com/deskhand/deskhand/assistant/lang"

// LanguageRow is a text and its language, a BCP 47 tag.
type LanguageRow struct {
	Lang string `json:"lang"`
	Text string `json:"text"`
}

// Rate is how many of a slice came out right.
type Rate struct {
	N        int     `json:"n"`
	Accuracy float64 `json:"accuracy"`

	right int
}

// LanguageReport says how often the language was named rightly.
type LanguageReport struct {
	N        int             `json:"n"`
	Accuracy float64         `json:"accuracy"`
	ByLang   map[string]Rate `json:"by_lang"`
}

// Languages measures the detector on texts alone: without a conversation and without a hint.
func Languages(detector *lang.Detector, rows []LanguageRow) LanguageReport {
	byLang := make(map[string]Rate)
	total := Rate{}
	for _, row := range rows {
		want, _ := lang.Canonical(row.Lang)
		got := detector.Detect(row.Text, lang.Hint{}).Tag
		total = total.with(want, got)
		byLang[want] = byLang[want].with(want, got)
	}
	return LanguageReport{N: total.N, Accuracy: total.Accuracy, ByLang: byLang}
}

// with counts one more, which came out right when got is what was wanted.
func (r Rate) with(want, got string) Rate {
	r.N++
	if got == want {
		r.right++
	}
	r.Accuracy = float64(r.right) / float64(r.N)
	return r
}
