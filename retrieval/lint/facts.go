package lint

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// facts are the numbers of an article with their units, and how often each is stated: amounts by currency or coin,
// percentages, and times in minutes.
// Numbers in words are not read; a fact that only one language states is no contradiction.
type facts map[string]map[float64]int

// Units in minutes, by the words of 14 languages. Business days count as days.
const (
	hour  = 60
	day   = 24 * hour
	week  = 7 * day
	month = 30 * day
)

// unitOfTime is the words for a unit, in the languages that are written with spaces and in those that are not.
type unitOfTime struct {
	minutes float64
	words   string
}

func unitsOfTime() []unitOfTime {
	return []unitOfTime{
		{1, `minutes?|mins?\b|minutos?|minuten?|phút|dakika|минут|menit|دقيقة|دقائق|分钟|分鐘|分间|分間|분`},
		{hour, `hours?|horas?|stunden?|heures?|giờ|tiếng|saat|час|jam\b|ساعة|ساعات|小时|小時|時間|시간`},
		{day, `(?:business |working |calendar )?days?|días?|dias?|tagen?|tage|jours?|ngày|(?:iş )?gün|hari|` +
			`(?:рабочих |календарных )?(?:дн|день|сут)|` +
			`(?:يوم|أيام)|个工作日|個工作日|個工作天|工作[日天]|天|營業日|営業日|영업일|일`},
		{week, `weeks?|semanas?|wochen?|semaines?|tuần|hafta|недел|minggu|أسبوع|أسابيع|周|週|週間|주`},
		{month, `months?|meses|mes\b|mês|monaten?|mois|tháng|ay\b|месяц|bulan|شهر|أشهر|个月|個月|か月|ヶ月|개월`},
	}
}

const (
	number   = `(\d{1,3}(?:[.,'\x{00a0}\x{202f} ]\d{3})+(?:[.,]\d+)?\b|\d+(?:[.,]\d+)?)`
	rangeGap = `\s*(?:[-–—~～至到]|to|a|bis|à|до|đến|ila|إلى)\s*`
	coins    = `USDT|USDC|USD|EUR|GBP|CNY|BRL|TRY|RUB|KRW|JPY|BTC|ETH|BNB|SOL|TRX|XRP|LTC|DOGE|ADA|DOT|TON|POL|MATIC|MB|GB|KB`
)

var (
	amountFact  = regexp.MustCompile(number + `(?:` + rangeGap + number + `)?[\s\x{00a0}]?(` + coins + `)\b`)
	clockFact   = regexp.MustCompile(`\b([01]?\d|2[0-3]):([0-5]\d)\b`)
	percentFact = regexp.MustCompile(number + `(?:` + rangeGap + number + `)?[\s\x{00a0}\x{202f}]?[%％٪]`)
	timeFact    = newTimeFact()
	thousands   = regexp.MustCompile(`^[1-9]\d{0,2}(?:([.,'])\d{3})(?:([.,'])\d{3})*$`)
)

// newTimeFact matches a number with a unit; the unit is the group that is not empty.
func newTimeFact() *regexp.Regexp {
	var words []string
	for _, unit := range unitsOfTime() {
		words = append(words, "("+unit.words+")")
	}
	return regexp.MustCompile(`(?i)` + number + `(?:` + rangeGap + number + `)?[\s\x{00a0}-]{0,2}(?:` + strings.Join(words, "|") + `)`)
}

// factsOf reads the facts of a text in any of the desk's languages.
func factsOf(text string) facts {
	text = strings.Map(westernDigit, text)
	f := make(facts)
	add := func(unit string, factor float64, numbers ...string) {
		for _, n := range numbers {
			if value, ok := parseNumber(n); ok {
				if f[unit] == nil {
					f[unit] = make(map[float64]int)
				}
				f[unit][value*factor]++
			}
		}
	}
	for _, match := range amountFact.FindAllStringSubmatch(text, -1) {
		add(match[3], 1, match[1], match[2])
	}
	for _, match := range percentFact.FindAllStringSubmatch(text, -1) {
		add("%", 1, match[1], match[2])
	}
	for _, match := range clockFact.FindAllStringSubmatch(text, -1) {
		hours, _ := strconv.Atoi(match[1]) // digits
		minutes, _ := strconv.Atoi(match[2])
		add("o'clock", 1, strconv.Itoa(hours*hour+minutes))
	}
	for _, match := range timeFact.FindAllStringSubmatch(text, -1) {
		for i, unit := range unitsOfTime() {
			if match[3+i] != "" {
				add("time", unit.minutes, match[1], match[2])
			}
		}
	}
	return f
}

func westernDigit(r rune) rune {
	switch {
	case '٠' <= r && r <= '٩':
		return r - '٠' + '0'
	case '۰' <= r && r <= '۹':
		return r - '۰' + '0'
	case '０' <= r && r <= '９':
		return r - '０' + '0'
	case r == '٫':
		return '.'
	case r == '٬':
		return ','
	}
	return r
}

// parseNumber reads 1,000.5, 1.000,5 and 1 000,5 alike: a mark before exactly three digits separates thousands, unless the
// number begins with 0.
func parseNumber(text string) (float64, bool) {
	text = strings.NewReplacer(" ", "", "\u00a0", "", "\u202f", "", "'", "").Replace(strings.Trim(text, " .,"))
	if text == "" {
		return 0, false
	}
	if thousands.MatchString(text) {
		text = strings.NewReplacer(",", "", ".", "").Replace(text)
	} else if last := strings.LastIndexAny(text, ".,"); last >= 0 {
		whole := strings.NewReplacer(",", "", ".", "").Replace(text[:last])
		text = whole + "." + text[last+1:]
	}
	value, err := strconv.ParseFloat(text, 64)
	return value, err == nil
}

// contradictions compares the languages of each article with its English version, or else the first of its languages.
func (l *linter) contradictions() {
	for _, versions := range l.shelf {
		locales := slices.Sorted(maps.Keys(versions))
		base := locales[0]
		if _, ok := versions["en"]; ok {
			base = "en"
		}
		stated := factsOf(versions[base].Title + "\n" + versions[base].Body)
		for _, locale := range locales {
			if locale == base {
				continue
			}
			other := factsOf(versions[locale].Title + "\n" + versions[locale].Body)
			for _, unit := range slices.Sorted(maps.Keys(other)) {
				here, there := unmatched(other[unit], stated[unit]), unmatched(stated[unit], other[unit])
				if len(here) > 0 && len(there) > 0 && (stranger(here, stated[unit]) || stranger(there, other[unit])) {
					l.add(Error, checkContradiction, versions[locale],
						fmt.Sprintf("says %s where %s says %s", inUnit(here, unit), base, inUnit(there, unit)),
						"find out which is right, and correct the other")
				}
			}
		}
	}
}

// unmatched returns the values that are stated more often than among the others.
func unmatched(values, others map[float64]int) []float64 {
	var left []float64
	for _, value := range slices.Sorted(maps.Keys(values)) {
		if values[value] > others[value] {
			left = append(left, value)
		}
	}
	return left
}

// stranger reports whether one of the values is not among the others at all: a translation may repeat a number less often,
// but it has no number of its own.
func stranger(values []float64, others map[float64]int) bool {
	return slices.ContainsFunc(values, func(value float64) bool { return others[value] == 0 })
}

// inUnit writes values for a person.
func inUnit(values []float64, unit string) string {
	texts := make([]string, len(values))
	for i, value := range values {
		plain := strconv.FormatFloat(value, 'f', -1, 64)
		switch {
		case unit == "o'clock":
			texts[i] = fmt.Sprintf("%02d:%02d", int(value)/hour, int(value)%hour)
		case unit != "time":
			texts[i] = plain + " " + unit
		case value >= 2*day && int(value)%day == 0:
			texts[i] = strconv.Itoa(int(value)/day) + " days"
		case value >= hour && int(value)%hour == 0:
			texts[i] = strconv.Itoa(int(value)/hour) + " h"
		default:
			texts[i] = plain + " min"
		}
	}
	return strings.Join(texts, ", ")
}
