package guard

import (
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// numberWords are the numbers that texts write in words, in the desk's languages. One is left out: it is an article or a
// pronoun in most of them. Words that are something else in another language are too ("once");
// the Turkish ten ("on") counts before Turkish words only, see compound and finished.
var numberWords = map[string]int{
	"two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10, "eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14, "fifteen": 15, "sixteen": 16, "seventeen": 17, "eighteen": 18, "nineteen": 19, "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90, "hundred": 100, "twice": 2, "dozen": 12,
	"hai": 2, "ba": 3, "bốn": 4, "năm": 5, "sáu": 6, "bảy": 7, "tám": 8, "chín": 9, "mười": 10, "trăm": 100,
	"iki": 2, "üç": 3, "dört": 4, "beş": 5, "yedi": 7, "sekiz": 8, "dokuz": 9, "yirmi": 20, "otuz": 30, "kirk": 40, "elli": 50, "alti": 6, "altmiş": 60, "yüz": 100, "on": 10,
	"два": 2, "две": 2, "двух": 2, "двумя": 2, "три": 3, "трех": 3, "четыре": 4, "пять": 5, "пяти": 5, "шесть": 6, "семь": 7, "восемь": 8, "девять": 9, "десять": 10, "десяти": 10, "двенадцать": 12, "пятнадцать": 15, "двадцать": 20, "тридцать": 30, "сорок": 40, "пятьдесят": 50, "шестьдесят": 60, "дважды": 2, "двое": 2, "трое": 3, "четырех": 4, "семидесяти": 70, "семьдесят": 70, "двенадцати": 12, "двадцати": 20, "тридцати": 30, "сорока": 40, "четырнадцать": 14, "четырнадцати": 14,
	"dos": 2, "tres": 3, "cuatro": 4, "cinco": 5, "seis": 6, "siete": 7, "ocho": 8, "nueve": 9, "diez": 10, "doce": 12, "trece": 13, "catorce": 14, "quince": 15, "cuarenta": 40, "cincuenta": 50, "sesenta": 60, "veinte": 20, "treinta": 30, "veinticuatro": 24, "setenta": 70,
	"dois": 2, "duas": 2, "três": 3, "quatro": 4, "sete": 7, "oito": 8, "nove": 9, "dez": 10, "doze": 12, "treze": 13, "catorze": 14, "quinze": 15, "vinte": 20, "trinta": 30, "quarenta": 40, "cinquenta": 50, "sessenta": 60, "noventa": 90,
	"dua": 2, "tiga": 3, "empat": 4, "lima": 5, "enam": 6, "tujuh": 7, "delapan": 8, "sembilan": 9, "sepuluh": 10, "sebelas": 11, "belas": 10, "puluh": 10, "ratus": 100,
	"zwei": 2, "drei": 3, "vier": 4, "fünf": 5, "sechs": 6, "sieben": 7, "acht": 8, "neun": 9, "zehn": 10, "elf": 11, "zwölf": 12, "dreizehn": 13, "vierzehn": 14, "fünfzehn": 15, "zwanzig": 20, "dreissig": 30, "vierzig": 40, "fünfzig": 50, "sechzig": 60, "siebzig": 70, "neunzig": 90, "hundert": 100, "zweimal": 2,
	"deux": 2, "trois": 3, "cinq": 5, "sept": 7, "huit": 8, "neuf": 9, "dix": 10, "onze": 11, "douze": 12, "treize": 13, "quatorze": 14, "vingt": 20, "trente": 30, "quarante": 40, "cinquante": 50, "soixante": 60,
	"اثنين": 2, "اثنان": 2, "يومان": 2, "يومين": 2, "ساعتين": 2, "ساعتان": 2, "مرتين": 2, "ثلاثة": 3, "ثلاث": 3, "اربعة": 4, "اربع": 4, "خمسة": 5, "خمس": 5, "ستة": 6, "ست": 6, "سبعة": 7, "ثمانية": 8, "تسعة": 9, "عشرة": 10, "عشر": 10, "اسبوعين": 2, "اسبوعان": 2, "شهرين": 2, "شهران": 2, "دقيقتين": 2, "دقيقتان": 2, "سنتين": 2, "سنتان": 2, "اثني": 2, "اثنا": 2, "ثمان": 8, "ثماني": 8, "سبع": 7, "تسع": 9, "عشرين": 20, "عشرون": 20, "ثلاثين": 30, "ثلاثون": 30, "اربعين": 40, "اربعون": 40, "خمسين": 50, "ستين": 60, "سبعين": 70, "سبعون": 70,
	"두": 2, "세": 3, "네": 4, "다섯": 5, "여섯": 6, "일곱": 7, "여덟": 8, "아홉": 9, "열": 10, "열두": 12, "이틀": 2, "사흘": 3, "나흘": 4, "열흘": 10,
	"achtzig": 80, "dreißig": 30, "ochenta": 80, "oitenta": 80, "восемьдесят": 80, "девяносто": 90, "yetmiş": 70, "seksen": 80, "doksan": 90, "ستون": 60, "ثمانين": 80, "ثمانون": 80, "تسعين": 90, "تسعون": 90, "vingts": 20, "quatre": 4,
}

// units are what makes a number word in a draft a quantity; the word goes on after them.
var units = []string{
	"hour", "day", "minute", "second", "week", "month", "year", "business", "working", "calendar", "percent", "confirmation", "time", "usdt", "btc", "eth", "usd", "eur",
	"giờ", "ngày", "сут", "phút", "tuần", "tháng", "lần", "saat", "gün", "iş gün", "dakika", "hafta", "ay", "onay", "kez",
	"час", "дн", "день", "дня", "рабоч", "минут", "недел", "месяц", "раз", "подтвержд", "hora", "día", "dia", "minuto", "semana", "mes", "mês", "meses", "úteis", "hábil", "confirma", "vez", "veces",
	"jam", "hari", "menit", "minggu", "bulan", "kali", "konfirmasi", "stunde", "tag", "werktag", "arbeitstag", "minute", "woche", "monat", "mal", "bestätigung",
	"heure", "jour", "semaine", "mois", "fois", "ساع", "يوم", "ايام", "دقي", "دقائق", "اسبوع", "اسابيع", "شهر", "اشهر", "مر", "تاكيد",
	"시간", "일", "주", "달", "번", "분", "개월", "영업일", "차례", "확인", "유로", "달러",
	"xác nhận", "đồng", "euro", "dollar", "dólar", "dolar", "евро", "доллар", "يورو", "دولار",
}

// wordQuantities returns the numbers that a text writes in words. In a draft a unit must follow.
func wordQuantities(text string, mode numberMode) []quantity {
	var found []quantity
	var open quantity // number words that may go on: "forty" before "eight"
	value := 0
	for word, at := range words(text) {
		next := wordValue(word)
		if value > 0 && next > 0 && isJoint(text[open.end:at]) {
			if sum := compound(value, next, word); sum > 0 {
				value, open.end, open.text = sum, at+len(word), text[open.start:at+len(word)]
				continue
			}
		}
		if value > 0 && (at == open.end+1 && isAnd(word) && value >= 20) {
			continue // "cuarenta y ocho"
		}
		found = open.finished(found, text, value, mode)
		open, value = quantity{start: at, end: at + len(word), text: word}, next
	}
	return append(open.finished(found, text, value, mode), hanQuantities(text, mode)...)
}

// finished adds a number in words that has its value now.
func (q quantity) finished(found []quantity, text string, value int, mode numberMode) []quantity {
	if value == 0 {
		return found
	}
	_, dual := duals[q.text]
	if q.text == "on" && !startsWithAny(strings.TrimPrefix(text[q.end:], " "), turkishUnits) {
		return found
	}
	if mode == sourceNumbers || dual || hasUnit(text[q.end:]) {
		q.forms = []string{strconv.Itoa(value)}
		return append(found, q)
	}
	return found
}

// wordValue returns the number that a word stands for, or 0.
func wordValue(word string) int {
	if value := numberWords[word]; value > 0 {
		return value
	}
	if units, tens, ok := strings.Cut(word, "und"); ok && numberWords[tens] >= 20 { // German: achtundvierzig
		if unit := numberWords[units]; unit > 0 && unit < 10 {
			return unit + numberWords[tens]
		}
		if units == "ein" {
			return 1 + numberWords[tens]
		}
	}
	if tens, ok := strings.CutPrefix(word, "و"); ok { // Arabic: "and forty"
		return numberWords[tens]
	}
	return 0
}

// compound returns the number of two words behind each other, or 0: tens before or, in Arabic, behind ones; ten or teen before
// or behind ones; ones before ten or a hundred.
func compound(first, second int, word string) int {
	switch {
	case first == 4 && (word == "vingt" || word == "vingts"): // quatre-vingts
		return 80
	case word == "belas" && first < 10, (word == "عشر" || word == "عشرة") && first < 10:
		return first + 10
	case word == "puluh" && first < 10, (word == "trăm" || word == "ratus" || word == "yüz" || word == "hundred") && first < 10:
		return first * second
	case first == 10 && second < 10:
		if slices.Contains(onesBehindTen, word) {
			return first + second
		}
	case first >= 20 && first%10 == 0 && second < 10, (first == 60 || first == 80) && second > 9 && second < 20:
		return first + second // the last are French: soixante-douze, quatre-vingt-dix
	case first < 10 && second >= 20 && second < 100 && strings.HasPrefix(word, "و"):
		return first + second
	}
	return 0
}

// onesBehindTen are the Turkish and Vietnamese ones, which make another number behind a ten.
var onesBehindTen = []string{
	"iki", "üç", "dört", "beş", "alti", "yedi", "sekiz", "dokuz", "hai", "ba", "bốn", "năm", "sáu", "bảy", "tám", "chín",
}

// isJoint reports what may stand between the words of one number.
func isJoint(between string) bool {
	switch between {
	case " ", "-", " y ", " e ", " et ":
		return true
	}
	return false
}

func isAnd(word string) bool { return word == "y" || word == "e" || word == "et" }

func hasUnit(rest string) bool {
	if rest == "" || rest[0] != ' ' {
		return false
	}
	for _, unit := range units {
		if strings.HasPrefix(rest[1:], unit) {
			return true
		}
	}
	return false
}

// words yields the words of a folded text with the places where they start.
func words(text string) func(yield func(string, int) bool) {
	return func(yield func(string, int) bool) {
		start := -1
		for i, r := range text {
			if isWordRune(r) {
				if start < 0 {
					start = i
				}
				continue
			}
			if start >= 0 && !yield(text[start:i], start) {
				return
			}
			start = -1
		}
		if start >= 0 {
			yield(text[start:], start)
		}
	}
}

// duals are words with a number and its unit in one, with the hours of the unit; 0 is for what is no time.
var duals = map[string]float64{
	"دقيقتين": 1.0 / 60, "دقيقتان": 1.0 / 60, "ساعتين": 1, "ساعتان": 1, "يومين": 24, "يومان": 24, "اسبوعين": 168, "اسبوعان": 168,
	"شهرين": 720, "شهران": 720, "سنتين": 8760, "سنتان": 8760, "مرتين": 0, "이틀": 24, "사흘": 24, "나흘": 24, "열흘": 24,
}

// turkishUnits make "on" ten.
var turkishUnits = []string{"saat", "gün", "iş gün", "dakika", "hafta", "onay", "kez", "usdt", "dolar"}

const hanDigits = "〇一二三四五六七八九"

// hanUnits make a Chinese numeral in a draft a quantity. "次" is not among them: "二次验证" is two-factor authentication.
var hanUnits = []string{
	"小时", "小時", "天", "日", "分钟", "分鐘", "周", "週", "星期", "月", "年", "工作日", "秒", "倍", "元", "時間", "分", "営業日", "か月", "週間",
	"欧", "歐", "美元", "美金", "港", "确认", "確認", "usdt", "usdc", "btc", "eth", "%",
}

// hanQuantities returns numbers in Chinese numerals, up to 9,999 ten thousands. A bare "一" is no number.
func hanQuantities(text string, mode numberMode) []quantity {
	var found []quantity
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRuneInString(text[i:])
		if !isHanNumeral(r) {
			i += size
			continue
		}
		end := i
		for end < len(text) {
			r, size := utf8.DecodeRuneInString(text[end:])
			if !isHanNumeral(r) {
				break
			}
			end += size
		}
		raw, rest := text[i:end], text[end:]
		rest = strings.TrimPrefix(strings.TrimPrefix(strings.TrimPrefix(rest, "个"), "個"), "つの")
		if raw != "一" && (mode == sourceNumbers || startsWithAny(rest, hanUnits) && !strings.HasPrefix(rest, "日常")) {
			for _, form := range hanForms(raw) {
				found = append(found, quantity{end: end, forms: []string{form}, start: i, text: raw})
			}
		}
		i = end
	}
	return found
}

func isHanNumeral(r rune) bool {
	return r >= 0x3000 && strings.ContainsRune(hanDigits+"零两兩十百千万萬", r)
}

// hanForms returns the numbers that a Chinese numeral stands for, in digits: one, or the two ends of a range (三五天 is three to
// five days). A numeral that cannot be read stands for itself, so that it needs the very same one in a source.
func hanForms(raw string) []string {
	if strings.ContainsAny(raw, "十百千万萬") {
		if value := hanValue(raw); value > 0 {
			return []string{strconv.Itoa(value)}
		}
		return []string{raw}
	}
	digits := make([]string, 0, len(raw)/len("一"))
	for _, r := range raw {
		digits = append(digits, strconv.Itoa(hanDigit(r)))
	}
	if len(digits) == 2 && digits[0] != "0" && digits[1] != "0" {
		return digits
	}
	joined := strings.TrimLeft(strings.Join(digits, ""), "0")
	if joined == "" {
		return nil // a zero
	}
	return []string{joined}
}

func hanDigit(r rune) int {
	switch r {
	case '零':
		return 0
	case '两', '兩':
		return 2
	}
	return utf8.RuneCountInString(hanDigits[:strings.IndexRune(hanDigits, r)])
}

// hanValue reads a Chinese numeral with units, or returns 0 for what is none.
func hanValue(raw string) int {
	total, section, digit := 0, 0, 0
	for _, r := range raw {
		var multiplier int
		switch r {
		case '十':
			multiplier = 10
		case '百':
			multiplier = 100
		case '千':
			multiplier = 1000
		case '万', '萬':
			total, section, digit = (total+section+digit)*10000, 0, 0
			continue
		case '零':
			continue
		default:
			digit = hanDigit(r)
			continue
		}
		section += max(digit, 1) * multiplier
		digit = 0
		if section > 1e6 || total > 1e8 {
			return 0
		}
	}
	if total > 1e9 {
		return 0
	}
	return total + section + digit
}

func startsWithAny(text string, prefixes []string) bool {
	for _, prefix := range prefixes {
		if strings.HasPrefix(text, prefix) {
			return true
		}
	}
	return false
}
