package guard

import (
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// phoneCues are the words that make a number a phone number, in lower case and without the endings of inflection.
var phoneCues = []string{
	"phone", "hotline", "helpline", "call ", "call us", "dial", "ring us", "toll-free", "toll free", "text us", "sms ", "tel.", "tel:", "mobile number",
	"电话", "電話", "热线", "熱線", "致电", "致電", "拨打", "撥打", "手机", "手機", "来电", "客服专线", "專線",
	"điện thoại", "đường dây nóng", "gọi", "hotline", "telefon", "arayın", "arayin", "numaralı", "çağrı",
	"телефон", "позвон", "звон", "горяч", "номер", "смс", "전화", "번호로", "핫라인", "연락처", "電話", "お電話", "ホットライン", "フリーダイヤル",
	"teléfono", "telefono", "llame", "llama al", "llámenos", "línea directa", "telefone", "ligue", "telefona", "linha direta",
	"telepon", "hubungi", "nomor", "saluran", "هاتف", "اتصل", "الاتصال", "الخط الساخن", "جوال", "رقم", "anruf", "rufen", "rufnummer", "telefonnummer",
	"téléphone", "telephone", "appelez", "numéro", "composez", "whatsapp", "viber", "zalo", "telegram", "signal", "微信", "واتساب", "왓츠앱", "ватсап", "вотсап",
}

// numberCues are the words before a number that is something else than a phone number.
var numberCues = []string{
	"order", "ticket", "txid", "hash", "transaction", "uid", "case", "reference", "memo", "tag", "block", "订单", "工单", "交易",
	"订單", "編號", "编号", "заказ", "заявк", "тикет", "транзакц", "pedido", "sipariş", "commande", "bestell", "주문", "注文", "طلب",
}

// phoneForms are the forms of numbers that need no word beside them.
var phoneForms = []*regexp.Regexp{
	regexp.MustCompile(`^(?:\+|00)[1-9](?:[ ().\-/]{0,3}\d){6,14}$`),
	regexp.MustCompile(`^\(?0\d{1,5}\)?[ \-/.]\(?\d{2,}(?:[ \-/.]?\d+){0,4}$`),
	regexp.MustCompile(`^(?:[18][ \-.])?\(?\d{3}\)?[ \-.]\d{3}[ \-.](?:\d{4}|\d{2}[ \-.]\d{2})$`),
	regexp.MustCompile(`^\(\d{2,4}\) ?\d{3,5}[ \-.]?\d{3,4}$`),
	regexp.MustCompile(`^(?:400|800)[ \-]?\d{3,4}[ \-]?\d{3,4}$`),
	regexp.MustCompile(`^1[3-9]\d[ \-]?\d{4}[ \-]?\d{4}$`),
	regexp.MustCompile(`^(?:08|09|07|01|05)\d{8,10}$`),
}

// phones finds phone numbers.
func (s *scanner) phones() {
	for _, p := range digitRuns(s.text.text) {
		run := s.text.text[p.start:p.end]
		if s.isPhone(p, run) {
			platform := platformNear(s.text.lower, s.platformCues(), p.start)
			s.add(Contact{Kind: KindPhone, Platform: platform, Value: phoneValue(run), Start: p.start, End: p.end})
		}
	}
	s.vanityNumbers()
	s.spelledNumbers()
}

// isPhone tells a phone number from an amount, a date, an order number or an address.
func (s *scanner) isPhone(p place, run string) bool {
	digits := len(strings.TrimLeft(digitsOf(run), "+"))
	if digits < 5 || digits > 15 || isDate(run) || s.isAmount(p, run) {
		return false
	}
	before := s.text.lower[max(0, p.start-48):p.start]
	if i := strings.LastIndexAny(before, "\n"); i >= 0 {
		before = before[i:]
	}
	plus := strings.HasPrefix(run, "+")
	if !plus && containsAny(before[max(0, len(before)-24):], numberCues) && !containsAny(before, phoneCues[:24]) {
		return false
	}
	if digits >= 7 && slices.ContainsFunc(phoneForms, func(form *regexp.Regexp) bool { return form.MatchString(run) }) {
		return true
	}
	after := s.text.lower[p.end:min(len(s.text.lower), p.end+32)]
	return containsAny(before, phoneCues) || digits >= 7 && containsAny(after, phoneCues)
}

// isAmount reports whether a unit or a currency touches the number, or whether its groups are those of thousands.
func (s *scanner) isAmount(p place, run string) bool {
	if strings.HasPrefix(run, "+") {
		return false
	}
	before := strings.TrimRight(s.text.text[:p.start], " ")
	if r, _ := utf8.DecodeLastRuneInString(before); strings.ContainsRune("$€£¥₩₹₽₺₫฿#", r) {
		return true
	}
	after := strings.TrimLeft(s.text.text[p.end:], " ")
	unit := after[:handleEnd(after, 0)]
	if len(unit) >= 2 && len(unit) <= 5 && unit == strings.ToUpper(unit) && hasLetter(unit) && unit[0] < utf8.RuneSelf {
		return true // a ticker symbol
	}
	if strings.HasPrefix(after, "%") || thousands.MatchString(run) || strings.HasPrefix(after, "元") || strings.HasPrefix(after, "万") {
		return true
	}
	return false
}

var (
	dates = regexp.MustCompile(`^(?:19|20)\d\d[ \-./](?:0?[1-9]|1[0-2])[ \-./](?:0?[1-9]|[12]\d|3[01])$|` +
		`^(?:0?[1-9]|[12]\d|3[01])[ \-./](?:0?[1-9]|[12]\d|3[01])[ \-./](?:19|20)?\d\d$`)
	thousands = regexp.MustCompile(`^[1-9]\d{0,2}(?:[ .]000)+$|^[1-9]\d{0,2}(?:\.\d{3}){1,4}$`)
)

func isDate(run string) bool { return dates.MatchString(run) }

// digitRuns returns the runs of digits with what may stand between the digits of a phone number.
func digitRuns(text string) []place {
	var runs []place
	for i := 0; i < len(text); i++ {
		if !isDigit(text[i]) || i > 0 && (isAlnum(text[i-1]) || text[i-1] == '_') {
			continue
		}
		start, end := i, i+1
		for j := i + 1; j < len(text) && j-end < 4; j++ {
			if isDigit(text[j]) {
				end = j + 1
			} else if strings.IndexByte(" -.()/", text[j]) < 0 {
				break
			}
		}
		for start > 0 && strings.IndexByte("(+", text[start-1]) >= 0 {
			start--
		}
		i = end
		if end < len(text) && (isAlnum(text[end]) || text[end] == '_') {
			continue // part of an identifier
		}
		runs = append(runs, place{start, end})
	}
	return runs
}

// phoneValue is the compared form: digits, with a + for the international prefix.
func phoneValue(run string) string {
	digits := digitsOf(run)
	if strings.HasPrefix(digits, "00") {
		return "+" + digits[2:]
	}
	return digits
}

var vanity = regexp.MustCompile(`\b1?[ -]?8(?:00|33|44|55|66|77|88)[ -][A-Z]{4,9}\b`)

// vanityNumbers finds numbers in which words stand for digits: "1-800-QUAYSIDE".
func (s *scanner) vanityNumbers() {
	if !strings.Contains(s.text.text, "8") {
		return
	}
	for _, match := range vanity.FindAllStringIndex(s.text.text, -1) {
		value := without(s.text.lower[match[0]:match[1]], " -")
		s.add(Contact{Kind: KindPhone, Value: value, Start: match[0], End: match[1]})
	}
}

// spelledDigits are digits in words, as people dictate phone numbers.
var spelledDigits = map[string]byte{
	"〇": '0', "零": '0', "幺": '1', "一": '1', "二": '2', "两": '2', "三": '3', "四": '4', "五": '5', "六": '6', "七": '7', "八": '8', "九": '9',
	"zero": '0', "oh": '0', "one": '1', "two": '2', "three": '3', "four": '4', "five": '5', "six": '6', "seven": '7', "eight": '8', "nine": '9',
}

// spelledNumbers finds seven and more digits in words in a row.
func (s *scanner) spelledNumbers() {
	const fewest = 7
	text := s.text.lower
	var digits []byte
	start, end := 0, 0
	flush := func() {
		if len(digits) >= fewest {
			s.add(Contact{Kind: KindPhone, Value: string(digits), Start: start, End: end})
		}
		digits = digits[:0]
	}
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRuneInString(text[i:])
		word := text[i : i+size]
		if n := len(leadingWord(text[i:])); n > 0 {
			word = text[i : i+n]
		}
		digit, ok := spelledDigits[word]
		switch {
		case ok:
			if len(digits) == 0 {
				start = i
			}
			digits, end = append(digits, digit), i+len(word)
		case r != ' ' && r != '-':
			flush()
		}
		i += len(word)
	}
	flush()
}

func containsAny(text string, words []string) bool {
	return slices.ContainsFunc(words, func(word string) bool { return strings.Contains(text, word) })
}
