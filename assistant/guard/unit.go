package guard

import (
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// unitClass is what a number counts. Numbers of one class can be compared.
type unitClass string

// The classes that are no currency; a currency is its own.
const (
	classConfirmation unitClass = "confirmation"
	classDigit        unitClass = "digit" // of a code
	classPercent      unitClass = "percent"
	classTime         unitClass = "time" // in hours
	classTurn         unitClass = "turn" // how often
)

// unit is a word behind a number.
type unit struct {
	class unitClass
	size  float64 // of one, in the class' own measure
}

// unitWords are the beginnings of units in the desk's languages. An entry that ends with a space is a whole word. Of several
// that fit the longest counts.
var unitWords = []struct {
	unit

	words []string
}{
	{unit{classTime, 1.0 / 60}, []string{
		"minut", "min ", "mins ", "dakika", "dk ", "phút", "минут", "мин ", "menit", "دقي", "دقائق", "分钟", "分鐘", "分", "분",
	}},
	{unit{classTime, 1}, []string{
		"hour", "hr ", "hrs ", "h ", "hora", "heure", "stunde", "std ", "saat", "giờ", "час", "ч ", "jam ", "ساع", "小时", "小時", "時間", "시간",
	}},
	{unit{classTime, 24}, []string{
		"day", "business day", "working day", "calendar day", "día", "dia", "jour", "tag", "werktag", "arbeitstag", "gün", "iş gün", "ngày", "дн", "день",
		"сут", "рабоч", "hari", "يوم", "ايام", "天", "工作日", "工作天", "日", "営業日", "일", "영업일",
	}},
	{unit{classTime, 168}, []string{
		"week", "semana", "semaine", "woche", "hafta", "tuần", "недел", "minggu", "اسبوع", "اسابيع", "周", "週", "星期", "주",
	}},
	{unit{classTime, 720}, []string{
		"month", "mes ", "meses", "mês", "mois", "monat", "ay ", "tháng", "месяц", "bulan", "شهر", "اشهر", "月", "か月", "ヶ月", "개월", "달 ",
	}},
	{unit{classTime, 8760}, []string{
		"year", "año", "ano ", "anos", "année", "an ", "ans ", "jahr", "yil", "năm", "лет", "год", "tahun", "سنة", "سنوات", "年", "년",
	}},
	{unit{classConfirmation, 1}, []string{
		"confirm", "block confirm", "network confirm", "xác nhận", "onay", "подтвержд", "konfirmasi", "تاكيد", "bestätig", "确认", "確認", "承認", "확인",
	}},
	{unit{classPercent, 1}, []string{
		"%", "percent", "per cent", "por ciento", "por cento", "pour cent", "prozent", "процент", "persen", "phần trăm", "بالمئة",
	}},
	{unit{classDigit, 1}, []string{
		"digit", "dígito", "haneli", "rakam", "chữ số", "chiffre", "stellig", "ziffer", "цифр", "значн", "angka", "ارقام", "位", "桁", "자리",
	}},
	{unit{classTurn, 1}, []string{
		"time ", "times ", "lần", "kez", "раз ", "раза ", "veces", "vezes", "fois", "mal ", "kali", "مرات", "次", "回", "번", "회",
	}},
	{unit{"eur", 1}, []string{"eur ", "euro", "€", "евро", "يورو", "欧元", "歐元", "ユーロ", "유로"}},
	{unit{"usd", 1}, []string{"usd ", "dollar", "dólar", "dolar", "$", "доллар", "دولار", "美元", "美金", "ドル", "달러"}},
}

// between are the words that may stand between a number and its unit: counters, "of the".
var between = []string{
	"个", "個", "つの", "か所の", "回の", "回", "次", "개의", "번의", "회의", "회", "번", "of the ", "of ", "de ", "من ال", "من ", "network ",
}

// unitAt returns the unit at the start of a text, and where it ends: with its word, or with its entry in scripts without
// spaces. The end is 0 when there is none.
func unitAt(text string) (unit, int) {
	start := len(text) - len(strings.TrimLeft(text, " -"))
	if start > 2 {
		return unit{}, 0
	}
	rest := text[start:]
	found, size := unitWord(rest)
	for _, word := range between {
		behind, ok := strings.CutPrefix(rest, word)
		if !ok {
			continue
		}
		behind = strings.TrimPrefix(behind, " ")
		if other, n := unitWord(behind); n > 0 && (size == 0 || other.class == classConfirmation) {
			found, size = other, len(rest)-len(behind)+n
			break
		}
	}
	if size == 0 {
		return unit{}, 0
	}
	return found, start + size
}

// unitWord returns the unit that a text begins with, and its length.
func unitWord(text string) (unit, int) {
	found, longest := unit{}, 0
	for _, entry := range unitWords {
		for _, word := range entry.words {
			plain := strings.TrimRight(word, " ")
			if len(plain) > longest && strings.HasPrefix(text, plain) && (plain == word || endsWord(text, len(plain))) {
				found, longest = entry.unit, len(plain)
			}
		}
	}
	if name, size := currencyAt(text); size > longest {
		found, longest = unit{unitClass(name), 1}, size
	}
	for longest > 0 && longest < len(text) && !endsWord(text, longest) {
		_, size := utf8.DecodeRuneInString(text[longest:])
		longest += size
	}
	return found, longest
}

// measure is a number with its unit.
type measure struct {
	class  unitClass
	end    int     // the byte behind the unit
	number float64 // as it is written
	start  int
	text   string  // of the number
	value  float64 // in the measure of the class
}

// measure returns what a number counts, by the unit behind it, or right before it for signs.
func (q quantity) measure(folded string) (measure, bool) {
	value := q.value()
	m := measure{end: q.end, number: value, start: q.start, text: q.text, value: value}
	if hours, ok := duals[q.text]; ok && hours > 0 {
		m.class, m.value = classTime, value*hours
		return m, true
	}
	if u, end := unitAt(folded[q.end:]); end > 0 {
		m.class, m.value, m.end = u.class, value*u.size, q.end+end
		return m, true
	}
	before := strings.TrimRight(folded[:q.start], " ")
	for _, sign := range []struct {
		class unitClass
		word  string
	}{{classPercent, "%"}, {classPercent, "yüzde"}, {classPercent, "百分之"}, {"eur", "€"}, {"usd", "$"}} {
		if rest, ok := strings.CutSuffix(before, sign.word); ok && (sign.word != "%" || rest == "" || !isDigit(rest[len(rest)-1])) {
			m.class, m.start = sign.class, len(rest)
			return m, true
		}
	}
	return m, false
}

// measuresIn returns the numbers of a folded text that have a unit, and the others.
func measuresIn(folded string, mode numberMode) (measured, bare []measure) {
	for _, q := range quantities(folded, mode) {
		m, ok := q.measure(folded)
		if ok && m.value > 0 {
			measured = append(measured, m)
			continue
		}
		bare = append(bare, m)
	}
	return measured, bare
}

func (m measure) equals(other measure) bool {
	const rounding = 1e-9
	return m.class == other.class && m.value-other.value < rounding && other.value-m.value < rounding
}

// measures reports whether the source has the same amount of the same thing, in whatever unit.
func (s *source) measures(m measure) bool {
	measured, _ := s.amounts()
	return slices.ContainsFunc(measured, m.equals)
}

// amounts returns the numbers of the source with a unit and without one.
func (s *source) amounts() (measured, bare []measure) {
	if !s.measuredOnce {
		s.measured, s.bare = measuresIn(withoutDates(s.fold()), sourceNumbers)
		s.measuredOnce = true
	}
	return s.measured, s.bare
}

// NamesTime reports whether a text names a length of time.
func NamesTime(text string) bool {
	measured, _ := measuresIn(withoutDates(fold(text)), sourceNumbers)
	return slices.ContainsFunc(measured, func(m measure) bool { return m.class == classTime })
}

// NamesNumber reports whether a text gives a number, in digits or words: no number of a step, and none within a name ("TRC-20").
func NamesNumber(text string) bool { return len(numbersGiven(text)) > 0 }

// SharesNumber reports whether two texts give the same number, however either writes it.
func SharesNumber(a, b string) bool {
	given := numbersGiven(b)
	return slices.ContainsFunc(numbersGiven(a), func(q quantity) bool {
		return slices.ContainsFunc(given, func(other quantity) bool { return q.forms[0] == other.forms[0] })
	})
}

// numbersGiven are the quantities of a text that are no names.
func numbersGiven(text string) []quantity {
	return slices.DeleteFunc(quantities(fold(text), draftNumbers), func(q quantity) bool {
		_, err := strconv.ParseFloat(q.forms[0], 64)
		return err != nil
	})
}
