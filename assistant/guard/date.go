package guard

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// date is a day in a text. A year of 0 is not named.
type date struct {
	year, month, day int
	text             string
}

// monthNames are the beginnings of the months' names in the desk's languages that have some, January first.
var monthNames = [12][]string{
	{"january", "jan", "enero", "janeiro", "janvier", "januar", "янв", "ocak", "januari", "يناير", "كانون الثاني"},
	{"february", "feb", "febrero", "fevereiro", "février", "fevrier", "februar", "фев", "şubat", "februari", "فبراير", "شباط"},
	{"march", "mar", "marzo", "março", "mars", "märz", "мар", "mart", "maret", "مارس", "اذار"},
	{"april", "apr", "abril", "avril", "апр", "nisan", "ابريل", "نيسان"},
	{"may", "mayo", "maio", "mai", "май", "мая", "mayıs", "mayis", "mei", "مايو", "ايار"},
	{"june", "jun", "junio", "junho", "juin", "juni", "июн", "haziran", "يونيو", "حزيران"},
	{"july", "jul", "julio", "julho", "juillet", "juli", "июл", "temmuz", "يوليو", "تموز"},
	{"august", "aug", "agosto", "août", "aout", "авг", "ağustos", "agustus", "اغسطس", "اب"},
	{"september", "sep", "septiembre", "setembro", "septembre", "сен", "eylül", "سبتمبر", "ايلول"},
	{"october", "oct", "octubre", "outubro", "octobre", "oktober", "окт", "ekim", "اكتوبر", "تشرين الاول"},
	{"november", "nov", "noviembre", "novembro", "novembre", "ноя", "kasım", "kasim", "نوفمبر", "تشرين الثاني"},
	{"december", "dec", "diciembre", "dezembro", "décembre", "decembre", "dezember", "дек", "aralık", "aralik", "desember", "ديسمبر", "كانون الاول"},
}

// The ways to write a day: 2026-12-31; 31.12.2026 and 12/31/2026; 2026年12月31日 and 2026년 12월 31일; 31 tháng 12 năm 2026;
// 31 December 2026; December 31, 2026.
var (
	dateYearFirst = regexp.MustCompile(`\b(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})\b`)
	dateYearLast  = regexp.MustCompile(`\b(\d{1,2})[-/.](\d{1,2})[-/.](\d{4})\b`)
	dateEastern   = regexp.MustCompile(`(?:(\d{4}) ?[年년] ?)?(\d{1,2}) ?[月월] ?(\d{1,2}) ?[日号號일]`)
	dateVietnam   = regexp.MustCompile(`\b(\d{1,2}) tháng (\d{1,2})(?: năm (\d{4}))?`)
	dateDayFirst  = regexp.MustCompile(`\b(\d{1,2})(?:st|nd|rd|th|\.|er)? (?:de |of )?(\pL+)\.?(?:,? (?:de |of )?(\d{4}))?`)
	dateDayLast   = regexp.MustCompile(`(\pL+)\.? (\d{1,2})(?:st|nd|rd|th)?(?:,? (\d{4}))?\b`)
)

// datesIn returns the days that a folded text names. A day that can be read in two ways is there twice, with the same text.
func datesIn(folded string) []date {
	if !strings.ContainsAny(folded, "0123456789") {
		return nil
	}
	var found []date
	add := func(text, year, month, day string) {
		d := date{year: number(year), month: number(month), day: number(day), text: text}
		if d.month == 0 {
			d.month = monthNamed(month)
		}
		if d.month >= 1 && d.month <= 12 && d.day >= 1 && d.day <= 31 {
			found = append(found, d)
		}
	}
	for _, m := range dateYearFirst.FindAllStringSubmatch(folded, -1) {
		add(m[0], m[1], m[2], m[3])
	}
	for _, m := range dateYearLast.FindAllStringSubmatch(folded, -1) {
		add(m[0], m[3], m[2], m[1])
		add(m[0], m[3], m[1], m[2])
	}
	for _, m := range dateEastern.FindAllStringSubmatch(folded, -1) {
		add(m[0], m[1], m[2], m[3])
	}
	for _, m := range dateVietnam.FindAllStringSubmatch(folded, -1) {
		add(m[0], m[3], m[2], m[1])
	}
	for _, m := range dateDayFirst.FindAllStringSubmatch(folded, -1) {
		add(m[0], m[3], m[2], m[1])
	}
	for _, m := range dateDayLast.FindAllStringSubmatch(folded, -1) {
		add(m[0], m[3], m[1], m[2])
	}
	return found
}

// checkDates reports days that the sources do not name, and returns the text without those that they do: a source may write
// the month in words and the draft in digits.
func checkDates(folded string, sources []*source) (string, []Finding) {
	var findings []Finding
	var wrong []string
	dates := datesIn(folded)
	for _, d := range dates {
		if slices.ContainsFunc(sources, func(s *source) bool { return s.dated(d) }) {
			folded = strings.ReplaceAll(folded, d.text, " ")
		} else {
			wrong = append(wrong, d.text)
		}
	}
	for _, text := range slices.Compact(wrong) {
		if strings.Contains(folded, text) { // in its other reading it may have been one of the sources'
			findings = append(findings, Finding{CheckNumber, fmt.Sprintf("%q is not in the cited sources", text)})
		}
	}
	return folded, findings
}

// withoutDates blanks the days that a folded text names.
func withoutDates(folded string) string {
	for _, d := range datesIn(folded) {
		folded = strings.ReplaceAll(folded, d.text, strings.Repeat(" ", len(d.text)))
	}
	return folded
}

// dated reports whether the text names a day.
func (s *source) dated(d date) bool {
	return slices.ContainsFunc(datesIn(s.fold()), func(own date) bool {
		return own.month == d.month && own.day == d.day && (own.year == d.year || own.year == 0 || d.year == 0)
	})
}

func number(digits string) int {
	value, err := strconv.Atoi(digits)
	if err != nil {
		return 0
	}
	return value
}

// monthNamed returns the month of a name, or 0. A name of more than five bytes may go on: months are declined.
func monthNamed(word string) int {
	for i, names := range monthNames {
		for _, name := range names {
			if word == name || len(name) > 5 && strings.HasPrefix(word, name) {
				return i + 1
			}
		}
	}
	return 0
}
