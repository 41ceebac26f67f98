package guard

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// numberWords are the numbers that texts write in words, in the desk's languages. One is left out: it is an article or a
// pronoun in most of them. Words that are something else in another language are too ("once", "dix", "on").
var numberWords = map[string]int{
	"two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10, "eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14, "fifteen": 15, "sixteen": 16, "seventeen": 17, "eighteen": 18, "nineteen": 19, "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90, "hundred": 100, "twice": 2,
	"hai": 2, "ba": 3, "bốn": 4, "năm": 5, "sáu": 6, "bảy": 7, "tám": 8, "chín": 9, "mười": 10,
	"iki": 2, "üç": 3, "dört": 4, "beş": 5, "altı": 6, "yedi": 7, "sekiz": 8, "dokuz": 9, "yirmi": 20, "otuz": 30, "kırk": 40, "elli": 50, "altmış": 60,
	"два": 2, "две": 2, "двух": 2, "двумя": 2, "три": 3, "трех": 3, "четыре": 4, "пять": 5, "пяти": 5, "шесть": 6, "семь": 7, "восемь": 8, "девять": 9, "десять": 10, "десяти": 10, "двенадцать": 12, "пятнадцать": 15, "двадцать": 20, "тридцать": 30, "сорок": 40, "пятьдесят": 50, "шестьдесят": 60, "дважды": 2,
	"dos": 2, "tres": 3, "cuatro": 4, "cinco": 5, "seis": 6, "siete": 7, "ocho": 8, "nueve": 9, "diez": 10, "doce": 12, "trece": 13, "catorce": 14, "quince": 15, "cuarenta": 40, "cincuenta": 50, "sesenta": 60, "veinte": 20, "treinta": 30,
	"dois": 2, "duas": 2, "três": 3, "quatro": 4, "sete": 7, "oito": 8, "nove": 9, "dez": 10, "doze": 12, "treze": 13, "catorze": 14, "quinze": 15, "vinte": 20, "trinta": 30, "quarenta": 40, "cinquenta": 50, "sessenta": 60,
	"dua": 2, "tiga": 3, "empat": 4, "lima": 5, "enam": 6, "tujuh": 7, "delapan": 8, "sembilan": 9, "sepuluh": 10,
	"zwei": 2, "drei": 3, "vier": 4, "fünf": 5, "sechs": 6, "sieben": 7, "acht": 8, "neun": 9, "zehn": 10, "elf": 11, "zwölf": 12, "dreizehn": 13, "vierzehn": 14, "fünfzehn": 15, "zwanzig": 20, "dreissig": 30, "vierzig": 40, "fünfzig": 50, "sechzig": 60, "zweimal": 2,
	"deux": 2, "trois": 3, "cinq": 5, "sept": 7, "huit": 8, "neuf": 9, "dix": 10, "onze": 11, "douze": 12, "treize": 13, "quatorze": 14, "vingt": 20, "trente": 30, "quarante": 40, "cinquante": 50, "soixante": 60,
	"اثنين": 2, "اثنان": 2, "يومان": 2, "يومين": 2, "ساعتين": 2, "ساعتان": 2, "مرتين": 2, "ثلاثة": 3, "ثلاث": 3, "اربعة": 4, "اربع": 4, "خمسة": 5, "خمس": 5, "ستة": 6, "ست": 6, "سبعة": 7, "ثمانية": 8, "تسعة": 9, "عشرة": 10, "عشر": 10,
	"두": 2, "세": 3, "네": 4, "다섯": 5, "여섯": 6, "일곱": 7, "여덟": 8, "아홉": 9, "열": 10,
}

// units are what makes a number word in a draft a quantity; the word goes on after them.
var units = []string{
	"hour", "day", "minute", "second", "week", "month", "year", "business", "working", "calendar", "percent", "confirmation", "time", "usdt", "btc", "eth", "usd", "eur",
	"giờ", "ngày", "phút", "tuần", "tháng", "lần", "saat", "gün", "iş gün", "dakika", "hafta", "ay", "onay", "kez",
	"час", "дн", "день", "дня", "рабоч", "минут", "недел", "месяц", "раз", "подтвержд", "hora", "día", "dia", "minuto", "semana", "mes", "mês", "meses", "úteis", "hábil", "confirma", "vez", "veces",
	"jam", "hari", "menit", "minggu", "bulan", "kali", "konfirmasi", "stunde", "tag", "werktag", "arbeitstag", "minute", "woche", "monat", "mal", "bestätigung",
	"heure", "jour", "semaine", "mois", "fois", "ساع", "يوم", "ايام", "دقي", "دقائق", "اسبوع", "اسابيع", "شهر", "اشهر", "مر", "تاكيد",
	"시간", "일", "주", "달", "번", "분", "개월", "영업일", "차례", "확인", "유로", "달러",
	"xác nhận", "đồng", "euro", "dollar", "dólar", "dolar", "евро", "доллар", "يورو", "دولار",
}

// wordQuantities returns the numbers that a text writes in words. In a draft a unit must follow.
func wordQuantities(text string, mode numberMode) []quantity {
	var found []quantity
	for word, at := range words(text) {
		value, ok := numberWords[word]
		if !ok {
			continue
		}
		dual := startsWithAny(word, []string{"يوم", "ساعت", "مرت"}) // the Arabic dual has its unit inside
		if mode == sourceNumbers || dual || hasUnit(text[at+len(word):]) {
			found = append(found, quantity{forms: []string{strconv.Itoa(value)}, text: word})
		}
	}
	return append(found, hanQuantities(text, mode)...)
}

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
				found = append(found, quantity{forms: []string{form}, text: raw})
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
