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
		right := detector.Detect(row.Text, lang.Hint{}).Tag == want
		total = total.with(right)
		byLang[want] = byLang[want].with(right)
	}
	return LanguageReport{N: total.N, Accuracy: total.Accuracy, ByLang: byLang}
}

func (r Rate) with(right bool) Rate {
	r.N++
	if right {
		r.right++
	}
	r.Accuracy = float64(r.right) / float64(r.N)
	return r
}
