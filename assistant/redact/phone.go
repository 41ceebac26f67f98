package redact

import "strings"

// number is a row of digits as people write phone numbers.
type number struct {
	digits     string
	dots       bool  // dots are all that stands between the groups
	end, start int   // offsets, a plus sign or bracket before the digits included
	groups     []int // how many digits each group has
	plus       bool
}

const (
	fewestPhoneDigits, mostPhoneDigits = 7, 15 // ITU-T E.164 has no more
	// longestNumber bounds what is read as one number.
	longestNumber = 32
	// phoneContext is how far before a number the word for a phone may stand.
	phoneContext = 40
)

// phoneAt proposes the telephone number whose first digit stands at i, and returns
// the end of the number, be it a telephone number or not.
func (s *scan) phoneAt(i int) int {
	n := s.numberAt(i)
	if len(n.digits) < fewestPhoneDigits || len(n.digits) > mostPhoneDigits+2 || !s.isApart(n) {
		return n.end
	}
	near, ok := s.nearest(n.start, phoneContext, cues(phoneCue, publicCue, cardCue, otherCode, identityCue, passportCue))
	said := ok && near.cue == phoneCue
	if ok && !said && !n.plus || looksLikeDate(n) {
		return n.end
	}
	if n.isInternational(said) || n.isNational() || said && len(n.digits) <= mostPhoneDigits {
		s.add(span{start: n.start, end: n.end, kind: Phone})
	}
	return n.end
}

// numberAt reads digits in groups with spaces, dashes, dots, slashes and brackets
// between them, and an extension behind them.
func (s *scan) numberAt(i int) number {
	n := number{dots: true, start: i}
	for n.start > 0 && (s.text[n.start-1] == '+' || s.text[n.start-1] == '(') && i-n.start < 2 {
		n.plus = n.plus || s.text[n.start-1] == '+'
		n.start--
	}
	var digits []byte
	group := 0
	for i < len(s.text) && len(digits) < longestNumber {
		if c := s.text[i]; isDigitByte(c) {
			digits = append(digits, c)
			group++
			i++
			continue
		}
		next := i
		for next < len(s.text) && next < i+3 && strings.IndexByte(" -./()", s.text[next]) >= 0 {
			next++
		}
		if next == i || next == len(s.text) || !isDigitByte(s.text[next]) || strings.Contains(s.text[i:next], "..") {
			break
		}
		n.dots = n.dots && s.text[i:next] == "."
		n.groups = append(n.groups, group)
		group = 0
		i = next
	}
	n.groups = append(n.groups, group)
	n.digits, n.end = string(digits), i
	n.end = s.numberEnd(n)
	return n
}

// numberEnd returns the end of a number with its extension and closing bracket.
func (s *scan) numberEnd(n number) int {
	const longestExtension = 6
	end := n.end
	if end+1 < len(s.text) && s.text[end] == 'x' && isDigitByte(s.text[end+1]) {
		end += 1 + min(s.digitsAt(end+1), longestExtension)
	}
	if end < len(s.text) && s.text[end] == ')' && strings.Count(s.text[n.start:end], "(") > strings.Count(s.text[n.start:end], ")") {
		end++
	}
	return end
}

// isApart reports whether a number is no part of a hash, a decimal, a link or an
// amount of money.
func (s *scan) isApart(n number) bool {
	if n.start > 0 && (isAlnumByte(s.text[n.start-1]) || strings.IndexByte("._-+$#/,=&?@", s.text[n.start-1]) >= 0) {
		return false
	}
	if n.start > 1 && s.text[n.start-1] == ' ' && strings.IndexByte("$", s.text[n.start-2]) >= 0 {
		return false
	}
	rest := s.text[n.end:]
	if rest == "" {
		return true
	}
	if isAlnumByte(rest[0]) || rest[0] == '_' || rest[0] == '%' || rest[0] == '$' {
		return false
	}
	return len(rest) < 2 || strings.IndexByte(".,:-/", rest[0]) < 0 || !isAlnumByte(rest[1])
}

// looksLikeDate reports whether a number is a date, with a time behind it or not.
func looksLikeDate(n number) bool {
	g := n.groups
	switch {
	case len(g) < 3:
		return false
	case g[0] == 4 && g[1] <= 2 && g[2] <= 2:
		return strings.HasPrefix(n.digits, "19") || strings.HasPrefix(n.digits, "20")
	case g[0] <= 2 && g[1] <= 2 && g[2] == 4:
		year := n.digits[g[0]+g[1]:]
		return strings.HasPrefix(year, "19") || strings.HasPrefix(year, "20")
	}
	return false
}

// isInternational reports whether a number begins with + or 00 and the code of a
// country, and has the length of that country's numbers. Gains are written with a
// plus too.
func (n number) isInternational(said bool) bool { //nolint:revive // said is what the words before the number say
	digits, ok := n.digits, n.plus
	if !ok {
		digits, ok = strings.CutPrefix(digits, "00")
		ok = ok && (said || len(n.groups) > 1)
	}
	if !ok || n.dots && len(n.groups) > 1 && n.isThousands() && !said {
		return false
	}
	return isE164(digits)
}

// isThousands reports whether all groups but the first have three digits.
func (n number) isThousands() bool {
	for _, g := range n.groups[1:] {
		if g != 3 {
			return false
		}
	}
	return true
}

// isE164 checks a number that begins with the code of a country.
func isE164(digits string) bool {
	if digits == "" || digits[0] == '0' {
		return false
	}
	// Countries of the 14 languages: code, fewest and most digits behind it, a trunk
	// zero in brackets not counted.
	for _, c := range []struct {
		code        string
		least, most int
	}{
		{"1", 10, 10},
		{"7", 10, 10},
		{"20", 8, 10},
		{"33", 9, 9},
		{"34", 9, 9},
		{"351", 9, 9},
		{"41", 9, 9},
		{"43", 7, 13},
		{"44", 9, 10},
		{"49", 7, 12},
		{"52", 10, 11},
		{"54", 10, 11},
		{"55", 10, 11},
		{"56", 9, 9},
		{"57", 10, 10},
		{"62", 8, 12},
		{"65", 8, 8},
		{"81", 9, 10},
		{"82", 8, 10},
		{"84", 9, 10},
		{"852", 8, 8},
		{"853", 8, 8},
		{"86", 9, 11},
		{"886", 8, 9},
		{"90", 10, 10},
		{"966", 8, 9},
		{"971", 8, 9},
	} {
		if rest, ok := strings.CutPrefix(digits, c.code); ok {
			rest = strings.TrimPrefix(rest, "0")
			return len(rest) >= c.least && len(rest) <= c.most && (c.code != "1" || rest[0] >= '2' && rest[3] >= '2')
		}
	}
	return len(digits) >= 9 && len(digits) <= mostPhoneDigits
}

// isNational reports whether a number has one of the forms in which the countries of
// the 14 languages write theirs. One row of digits is none: that may be an order.
func (n number) isNational() bool {
	total := len(n.digits)
	if len(n.groups) < 2 || len(n.groups) > 6 || n.plus {
		return false
	}
	for _, g := range n.groups[1:] {
		if g < 2 {
			return false
		}
	}
	g := n.groups
	first := n.digits[0]
	switch {
	case first == '0' && n.digits[1] != '0': // trunk prefix
		return total >= 9 && total <= 12 && g[0] >= 2 && g[0] <= 5 && (!n.dots || !n.isThousands())
	case first == '8' && g[0] == 1, first == '1' && g[0] == 1: // Russia, North America
		return total == 11 && len(g) >= 3 && g[1] == 3 && (first == '8' || n.digits[1] >= '2')
	}
	return n.isGrouped(first)
}

// isGrouped reports whether the groups are those of a country without a trunk prefix.
func (n number) isGrouped(first byte) bool {
	switch g := n.groups; {
	case sameGroups(g, 3, 3, 4): // North America
		return first >= '2' && n.digits[3] >= '2'
	case sameGroups(g, 3, 4, 4): // China
		return first == '1' && n.digits[1] >= '3'
	case sameGroups(g, 2, 5, 4), sameGroups(g, 2, 4, 4): // Brazil
		return first != '0' && n.digits[1] != '0'
	case sameGroups(g, 3, 3, 2, 2): // Russia and Turkey without a trunk prefix
		return first == '9' || first == '5'
	case sameGroups(g, 3, 2, 2, 2): // Spain
		return first == '6' || first == '7' || first == '9'
	}
	return false
}

func sameGroups(groups []int, want ...int) bool {
	if len(groups) != len(want) {
		return false
	}
	for i := range want {
		if groups[i] != want[i] {
			return false
		}
	}
	return true
}
