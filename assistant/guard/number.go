package guard

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// quantity is a number in a text: every form that it can be read as. "1.000" is a thousand in German and one in English.
type quantity struct {
	end   int // the byte behind it, and behind a word that multiplies it
	forms []string
	start int // its first byte
	text  string
}

// checkNumbers reports numbers, amounts, dates, times and names with digits ("TRC20") of a sentence that do not occur in its
// sources. A long number may also come from the question: an order number, a transaction ID. A time may be told in another
// unit: two weeks are 14 days.
func checkNumbers(folded string, sources []*source, question *source) []Finding {
	var findings []Finding
	for _, q := range quantities(folded, draftNumbers) {
		if slices.ContainsFunc(sources, func(s *source) bool { return s.holds(q) }) {
			continue
		}
		m, ok := q.measure(folded)
		if ok && m.class == classTime && slices.ContainsFunc(sources, func(s *source) bool { return s.measures(m) }) {
			continue
		}
		if len(q.forms[0]) >= 6 && question.holds(q) {
			continue
		}
		findings = append(findings, Finding{CheckNumber, fmt.Sprintf("%q is not in the cited sources", q.text)})
	}
	return findings
}

// numberMode says which numbers count: a draft may say "one" without meaning a number, while any word of a source supports
// a number.
type numberMode int

const (
	draftNumbers numberMode = iota
	sourceNumbers
)

// quantities returns the numbers of a folded text.
func quantities(text string, mode numberMode) []quantity {
	var found []quantity
	for i := 0; i < len(text); {
		if !isDigit(text[i]) {
			i++
			continue
		}
		end := numberEnd(text, i)
		if q, ok := readNumber(text, i, end, mode); ok {
			found = append(found, q)
		}
		i = end
	}
	return append(found, wordQuantities(text, mode)...)
}

// numberEnd returns where the number at byte i ends: digits with separators between them.
func numberEnd(text string, i int) int {
	for i < len(text) {
		switch {
		case isDigit(text[i]):
		case strings.IndexByte(".,'", text[i]) >= 0 && i+1 < len(text) && isDigit(text[i+1]) && isDigit(text[i-1]):
		case text[i] == ' ' && isGroup(text, i):
		default:
			return i
		}
		i++
	}
	return i
}

// isGroup reports a space between groups of three digits: "1 000 000", but not "2 100 USDT withdrawals" after two digits
// that are no group.
func isGroup(text string, i int) bool {
	if i+4 > len(text) || !isDigit(text[i+1]) || !isDigit(text[i+2]) || !isDigit(text[i+3]) || i+4 < len(text) && isDigit(text[i+4]) {
		return false
	}
	digits := 0
	for j := i - 1; j >= 0 && isDigit(text[j]); j-- {
		digits++
	}
	return digits >= 1 && digits <= 3
}

// readNumber reads text[start:end]. List numbers and the numbers of steps are not quantities.
func readNumber(text string, start, end int, mode numberMode) (quantity, bool) {
	raw := text[start:end]
	if mode == draftNumbers && (isListOrdinal(text, start, end) || isStepNumber(text, start)) {
		return quantity{}, false
	}
	q := quantity{end: end, forms: readings(raw), start: start, text: raw}
	if name := nameBeforeDigits(text, start); name != "" {
		if isGenericName(name + raw) {
			return quantity{}, false
		}
		q.forms, q.text = append([]string{name + raw}, sourceForms(q.forms, mode)...), name+raw
		return q, true
	}
	rest := text[end:]
	if isGenericName(raw + rest[:asciiLetters(rest)]) {
		return quantity{}, false
	}
	if scaled, size := q.scaled(rest); scaled != nil {
		q.forms, q.end = scaled, end+size
	}
	return q, true
}

// value is the number in its first reading, or 0.
func (q quantity) value() float64 {
	value, err := strconv.ParseFloat(q.forms[0], 64)
	if err != nil {
		return 0
	}
	return value
}

// scales are the words behind a number that multiply it.
var scales = []struct {
	factor float64
	words  []string
}{
	{1e3, []string{"thousand", "mil", "mille", "tausend", "тыс", "bin", "nghìn", "ngàn", "ribu", "k", "الف", "الاف", "千"}},
	{1e4, []string{"万", "萬", "만"}},
	{1e6, []string{
		"million", "millón", "millones", "milhão", "milhões", "millionen", "миллион", "млн",
		"milyon", "triệu", "juta", "مليون", "百万", "百萬",
	}},
	{1e8, []string{"亿", "億", "억"}},
}

// scaled returns the forms of a number that a word multiplies, and where in rest that word ends: "1万" is 10000. Nil means
// that none does.
func (q quantity) scaled(rest string) (forms []string, end int) {
	spaces := len(rest)
	rest = strings.TrimPrefix(rest, " ")
	spaces -= len(rest)
	for _, scale := range scales {
		for _, word := range scale.words {
			if !strings.HasPrefix(rest, word) || !endsWord(rest, len(word)) && word != "тыс" && word != "миллион" {
				continue
			}
			for _, form := range q.forms {
				if value, err := strconv.ParseFloat(form, 64); err == nil {
					forms = append(forms, strconv.FormatFloat(value*scale.factor, 'f', -1, 64))
				}
			}
			return forms, spaces + len(word)
		}
	}
	return nil, 0
}

// sourceForms keeps the plain readings of a number inside a name for sources only: "ERC20" supports "20", but "20" does not
// support "ERC20".
func sourceForms(forms []string, mode numberMode) []string {
	if mode == sourceNumbers {
		return forms
	}
	return nil
}

// readings are the canonical forms of a written number.
func readings(raw string) []string {
	raw = without(raw, " '")
	separators := strings.IndexAny(raw, ".,")
	if separators < 0 {
		return []string{trimInteger(raw)}
	}
	last := strings.LastIndexAny(raw, ".,")
	plain := without(raw, ".,")
	mixed := strings.Contains(raw, ".") && strings.Contains(raw, ",")
	fraction := raw[last+1:]
	switch {
	case mixed && strings.Count(raw, string(raw[last])) == 1: // 1,000.50 or 1.000,50
		return []string{decimal(without(raw[:last], ".,"), fraction)}
	case strings.Count(raw, string(raw[last])) > 1: // 1.000.000, or a date
		return []string{trimInteger(plain), raw}
	case len(fraction) == 3 && raw[0] != '0' && last <= 3: // a thousand, or three places
		return []string{trimInteger(plain), raw[:last] + "." + fraction}
	}
	return []string{decimal(raw[:last], fraction)}
}

// without leaves out the given ASCII characters; a number mostly has none of them.
func without(text, characters string) string {
	if !strings.ContainsAny(text, characters) {
		return text
	}
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(characters, r) {
			return -1
		}
		return r
	}, text)
}

func decimal(whole, fraction string) string {
	fraction = strings.TrimRight(fraction, "0")
	if fraction == "" {
		return trimInteger(whole)
	}
	return trimInteger(whole) + "." + fraction
}

func trimInteger(digits string) string {
	if trimmed := strings.TrimLeft(digits, "0"); trimmed != "" {
		return trimmed
	}
	return "0"
}

// nameBeforeDigits returns the letters that digits belong to: "trc" of "trc20" and "trc-20".
func nameBeforeDigits(text string, start int) string {
	end := start
	if end > 0 && text[end-1] == '-' {
		end--
	}
	i := end
	for i > 0 && text[i-1] >= 'a' && text[i-1] <= 'z' {
		i--
	}
	if i == end || end != start && end-i < 2 {
		return ""
	}
	if r, _ := utf8.DecodeLastRuneInString(text[:i]); i > 0 && r >= utf8.RuneSelf && isNarrow(r) {
		return "" // the tail of a word with an accent
	}
	return text[i:end]
}

func asciiLetters(s string) int {
	n := 0
	for n < len(s) && s[n] >= 'a' && s[n] <= 'z' {
		n++
	}
	return n
}

// isGenericName reports names with digits that say no quantity.
func isGenericName(name string) bool {
	return slices.Contains([]string{"2fa", "p2p", "web3", "w3c", "b2b", "24x", "3d", "2d", "mp3", "mp4", "utf8", "web2", "web"}, name)
}

// isListOrdinal reports a number at the start of a line with a dot or a bracket behind it.
func isListOrdinal(text string, start, end int) bool {
	if end >= len(text) || end-start > 2 || strings.IndexByte(".)", text[end]) < 0 {
		return false
	}
	line := strings.LastIndexByte(text[:start], '\n') + 1
	return strings.Trim(text[line:start], " #(>-") == ""
}

// stepWords stand in front of the number of a step.
var stepWords = []string{
	"step", "步骤", "步驟", "第", "bước", "adım", "шаг", "단계", "ステップ", "手順", "paso", "passo", "langkah", "الخطوة", "خطوة", "schritt", "étape", "etape",
}

// isStepNumber reports the number of a step at the start of a sentence: "Step 2: …".
func isStepNumber(text string, start int) bool {
	before := strings.TrimRight(text[:start], " ")
	for _, word := range stepWords {
		if rest, ok := strings.CutSuffix(before, word); ok {
			rest = strings.TrimRight(rest, " #-")
			if rest == "" || strings.HasSuffix(rest, "\n") {
				return true
			}
		}
	}
	return false
}
