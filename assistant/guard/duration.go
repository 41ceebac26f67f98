package guard

import (
	"fmt"
	"slices"
	"strings"
)

// durations are the beginnings of the words for units of time, in hours. "1 to 3 business days" must not become "one to three
// weeks", though both numbers are in the source.
var durations = []struct {
	hours float64
	words []string
}{
	{1.0 / 60, []string{"minut", "min ", "dakika", "phút", "минут", "menit", "دقي", "دقائق", "分钟", "分鐘", "分", "분"}},
	{1, []string{"hour", "hora", "heure", "stunde", "saat", "giờ", "час", "jam ", "ساع", "小时", "小時", "時間", "시간"}},
	{24, []string{
		"day", "business day", "working day", "día", "dia", "jour", "tag", "werktag", "arbeitstag", "gün", "iş gün", "ngày", "дн", "день", "рабоч",
		"hari", "يوم", "ايام", "天", "个工作日", "個工作天", "工作日", "工作天", "日", "営業日", "일", "영업일",
	}},
	{168, []string{
		"week", "semana", "semaine", "woche", "hafta", "tuần", "недел", "minggu", "اسبوع", "اسابيع",
		"周", "週", "个星期", "星期", "주",
	}},
	{720, []string{"month", "mes", "mês", "mois", "monat", "tháng", "месяц", "bulan", "شهر", "اشهر", "个月", "個月", "か月", "ヶ月", "개월"}},
	{8760, []string{"year", "año", "ano ", "anos", "année", "jahr", "yıl", "năm", "лет", "год", "tahun", "سنة", "سنوات", "年", "년"}},
}

// span is a number with a unit of time behind it.
type span struct {
	hours float64 // of the unit
	value float64
	text  string
}

// spansIn returns the times that a folded text names by a number and a unit right behind it.
func spansIn(folded string, mode numberMode) []span {
	var found []span
	for _, q := range quantities(folded, mode) {
		for rest := folded; ; {
			_, after, ok := strings.Cut(rest, q.text)
			if !ok {
				break
			}
			rest = after
			hours, value := unitOf(strings.TrimLeft(after, " -")), q.value()
			if hours > 0 && value > 0 {
				found = append(found, span{hours, value, q.text})
			}
		}
	}
	return found
}

// checkSpans reports a time whose number the sources have with other units only.
func checkSpans(folded string, sources []*source) []Finding {
	var findings []Finding
	for _, draft := range spansIn(folded, draftNumbers) {
		same, other := false, false
		for _, s := range sources {
			for _, own := range s.times() {
				same = same || own.hours*own.value == draft.hours*draft.value
				other = other || own.value == draft.value && own.hours != draft.hours
			}
		}
		if finding := (Finding{CheckNumber, fmt.Sprintf("the sources have %q with another unit of time", draft.text)}); other && !same &&
			!slices.Contains(findings, finding) {
			findings = append(findings, finding)
		}
	}
	return findings
}

// times returns the times that the source names.
func (s *source) times() []span {
	if s.spans == nil {
		s.spans = append([]span{}, spansIn(s.fold(), sourceNumbers)...)
	}
	return s.spans
}

// unitOf returns the hours of the unit at the start of a text, or 0.
func unitOf(text string) float64 {
	hours, longest := 0.0, 0
	for _, unit := range durations {
		for _, word := range unit.words {
			if len(word) > longest && strings.HasPrefix(text+" ", word) {
				hours, longest = unit.hours, len(word)
			}
		}
	}
	return hours
}
