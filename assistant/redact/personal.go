package redact

import (
	"strings"
	"unicode/utf8"
)

// findPersonal proposes personal data: see [Config.PII].
func (s *scan) findPersonal() {
	s.findEmails()
	end := 0
	for _, at := range s.digits {
		if int(at) >= end {
			end = s.findNumber(int(at))
		}
	}
}

// findNumber judges the number whose first digit stands at i, and returns where to
// go on.
func (s *scan) findNumber(i int) int {
	end := s.ibanAt(i)
	if end == 0 {
		end = s.nationalIDAt(i)
	}
	if end == 0 {
		end = s.phoneAt(i)
	}
	for end < len(s.text) && isAlnumByte(s.text[end]) {
		end++
	}
	return end
}

// findEmails proposes e-mail addresses (RFC 5322's dot-atom@domain).
func (s *scan) findEmails() {
	const longestLocal, longestDomain = 64, 253
	for at := 0; ; {
		i := strings.IndexByte(s.text[at:], '@')
		if i < 0 {
			return
		}
		i += at
		at = i + 1
		start, end := i, at
		for start > 0 && i-start < longestLocal && isLocalByte(s.text[start-1]) {
			start--
		}
		for start < i && (s.text[start] == '.' || s.text[start] == '-') {
			start++
		}
		for end < len(s.text) && end-at < longestDomain && (isAlnumByte(s.text[end]) || s.text[end] == '-' || s.text[end] == '.') {
			end++
		}
		for end > at && !isAlnumByte(s.text[end-1]) {
			end--
		}
		if start < i && s.text[i-1] != '.' && isMailDomain(s.text[at:end]) && !s.isUserInfo(start) {
			s.add(span{start: start, end: end, kind: Email})
			at = end
		}
	}
}

func isLocalByte(c byte) bool { return isAlnumByte(c) || strings.IndexByte("._%+-", c) >= 0 }

// isMailDomain reports whether a domain has a top level of letters.
func isMailDomain(domain string) bool {
	dot := strings.LastIndexByte(domain, '.')
	if dot < 1 || len(domain)-dot-1 < 2 || strings.Contains(domain, "..") {
		return false
	}
	for i := dot + 1; i < len(domain); i++ {
		if !isLetterByte(domain[i]) {
			return len(domain) > dot+4 && strings.HasPrefix(domain[dot+1:], "xn--")
		}
	}
	return true
}

// isUserInfo reports whether the text before an @ is the end of user:password in a
// link.
func (s *scan) isUserInfo(start int) bool {
	const longestUser = 40
	before := s.text[max(0, start-longestUser):start]
	return strings.HasSuffix(before, "//") || strings.HasSuffix(before, ":") && strings.Contains(before, "//")
}

// ibanLength returns the length of the IBANs of a country (SWIFT's registry, 2025);
// 0 for others.
func ibanLength(country string) int {
	const lengths = "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DJ27 DK18 DO28 " +
		"EE20 EG29 ES24 FI18 FK18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HN28 HR21 HU28 IE22 IL23 IQ23 IS26 " +
		"IT27 JO30 KW30 KZ20 LB28 LC32 LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MN20 MR27 MT31 MU30 NI28 " +
		"NL18 NO15 OM23 PK24 PL28 PS29 PT25 QA29 RO24 RS22 RU33 SA24 SC31 SD18 SE24 SI19 SK24 SM27 SO23 ST25 " +
		"SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20 YE30"
	i := strings.Index(lengths, country)
	if len(country) != 2 || i < 0 || i%5 != 0 {
		return 0
	}
	return int(lengths[i+2]-'0')*10 + int(lengths[i+3]-'0')
}

// ibanAt proposes the IBAN whose check digits stand at i, and returns its end, or 0.
func (s *scan) ibanAt(i int) int {
	if i < 2 || !isLetterByte(s.text[i-1]) || !isLetterByte(s.text[i-2]) || i > 2 && isAlnumByte(s.text[i-3]) {
		return 0
	}
	length := ibanLength(strings.ToUpper(s.text[i-2 : i]))
	if length == 0 {
		return 0
	}
	letters := make([]byte, 0, length)
	end := i - 2
	for ; end < len(s.text) && len(letters) < length; end++ {
		c := s.text[end]
		if isAlnumByte(c) {
			letters = append(letters, c)
		} else if c != ' ' && c != '-' || len(letters)%4 != 0 && c == ' ' {
			return 0
		}
	}
	if len(letters) < length || end < len(s.text) && isAlnumByte(s.text[end]) || !validIBAN(letters) {
		return 0
	}
	s.add(span{start: i - 2, end: end, kind: IBAN, verified: true})
	return end
}

// validIBAN verifies the check digits (ISO 7064, MOD 97-10).
func validIBAN(letters []byte) bool {
	rest := 0
	for i := range letters {
		c := letters[(i+4)%len(letters)]
		if isDigitByte(c) {
			rest = (rest*10 + int(c-'0')) % 97
		} else {
			rest = (rest*100 + int(c|0x20-'a') + 10) % 97
		}
	}
	return rest == 1
}

// nationalIDAt proposes identity numbers that their form and check digits give away,
// and returns the end, or 0.
func (s *scan) nationalIDAt(i int) int {
	digits, end, groups := s.digitGroups(i)
	if end < len(s.text) && len(digits) == 17 && len(groups) == 1 && s.text[end]|0x20 == 'x' {
		digits += "x"
		end++
	}
	if !s.standsAlone(i, end) {
		return 0
	}
	text := s.text[i:end]
	if len(groups) == 1 && len(digits) == 18 && validChineseID(digits) || len(digits) == 11 && isCPF(digits, text) ||
		len(digits) == 13 && isKoreanID(digits, text) {
		s.add(span{start: i, end: end, kind: NationalID, verified: true})
		return end
	}
	return 0
}

// validChineseID verifies a resident identity number (GB 11643-1999): a date of
// birth and a check digit (ISO 7064, MOD 11-2).
func validChineseID(digits string) bool {
	year, month, day := digits[6:10], digits[10:12], digits[12:14]
	if year < "1900" || year > "2099" || month < "01" || month > "12" || day < "01" || day > "31" {
		return false
	}
	rest := 0
	for i := range 17 {
		rest = (rest + int(digits[i]-'0')) * 2 % 11
	}
	return "10x98765432"[rest] == digits[17]
}

// isCPF reports whether text is the number of a Brazilian tax payer as it is
// printed.
func isCPF(digits, text string) bool {
	if len(text) != 14 || text[3] != '.' || text[7] != '.' || text[11] != '-' {
		return false
	}
	for n := 9; n < 11; n++ {
		sum := 0
		for i := range n {
			sum += int(digits[i]-'0') * (n + 1 - i)
		}
		if sum*10%11%10 != int(digits[n]-'0') {
			return false
		}
	}
	return true
}

// isKoreanID reports whether text has the form of a resident registration number: a
// date of birth, a dash, and a digit for century and sex. Those given out since
// 2020 have no check digit.
func isKoreanID(digits, text string) bool {
	return len(text) == 14 && text[6] == '-' && digits[2:4] >= "01" && digits[2:4] <= "12" && digits[4:6] >= "01" && digits[4:6] <= "31" &&
		digits[6] >= '1' && digits[6] <= '8'
}

// findDocument proposes the number of a document after its name.
func (s *scan) findDocument(hit cueHit, kind Kind) {
	v, ok := s.valueAfter(hit.end)
	if !ok {
		return
	}
	const fewestDigits, mostLetters, longest = 5, 6, 24
	digits, letters, end := 0, 0, v.start
	for end < len(s.text) && end-v.start < longest {
		c := s.text[end]
		switch {
		case isDigitByte(c):
			digits++
		case isLetterByte(c):
			letters++
		case strings.IndexByte(" -./", c) >= 0 && end+1 < len(s.text) && isDigitByte(s.text[end+1]) && end > v.start:
		default:
			c = 0
		}
		if c == 0 {
			break
		}
		end++
	}
	if digits < fewestDigits || letters > mostLetters || end < len(s.text) && (isAlnumByte(s.text[end]) || s.text[end] == '_') {
		return
	}
	if r, _ := utf8.DecodeRuneInString(s.text[end:]); spacedLetter(r) {
		return
	}
	s.add(span{start: v.start, end: end, kind: kind})
}
