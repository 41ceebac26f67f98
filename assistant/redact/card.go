package redact

import "strings"

// findCards proposes payment card numbers: 13 to 19 digits with the prefix of a
// card scheme that pass the Luhn check (ISO/IEC 7812-1), in one row or in the
// groups that are printed on cards. Order and transaction numbers pass the check
// one time in ten, so the words before the number decide where its form does
// not.
func (s *scan) findCards() {
	done := 0
	for _, at := range s.digits {
		start := int(at)
		if start < done {
			continue
		}
		digits, end, groups := s.digitGroups(start)
		done = end
		if len(digits) < 13 || len(digits) > 19 || !s.standsAlone(start, end) || !isCardScheme(digits) || !luhn(digits) {
			continue
		}
		hit, ok := s.nearest(start, 60, cues(cardCue, publicCue))
		said := ok && hit.cue == cardCue
		usual := len(digits) == 16 || len(digits) == 15 && len(groups) != 2
		if !said && (ok || !usual && len(groups) < 3) {
			continue
		}
		if len(groups) > 1 && !said && !cardGroups(groups) {
			continue
		}
		s.add(span{start: start, end: end, kind: Card, verified: true})
		s.findCVVBehind(end)
	}
}

// findCVVBehind proposes the security code that follows a card number, after the
// date of expiry or not: "4111… 12/27 123".
func (s *scan) findCVVBehind(i int) {
	dated := false
	for range 3 {
		i = s.skipBreak(i, " \t\n,;|")
		start := i
		for i < len(s.text) && (isDigitByte(s.text[i]) || s.text[i] == '/' || s.text[i] == '-') {
			i++
		}
		token := s.text[start:i]
		isDate := len(token) > 3 && strings.ContainsAny(token, "/-")
		switch {
		case i < len(s.text) && isAlnumByte(s.text[i]), token == "":
			return
		case isDate && !dated:
			dated = true
		case dated && (len(token) == 3 || len(token) == 4) && !isDate:
			s.add(span{start: start, end: i, kind: CVV})
			return
		default:
			return
		}
	}
}

// digitGroups reads digits in groups with spaces, dashes or dots between them, and
// the length of each group.
func (s *scan) digitGroups(start int) (digits string, end int, groups []int) {
	var b strings.Builder
	end = start
	group := 0
	for end < len(s.text) && b.Len() < 24 {
		c := s.text[end]
		if isDigitByte(c) {
			b.WriteByte(c)
			group++
			end++
			continue
		}
		next := s.groupBreak(end, group)
		if next == end || group < 2 || group > 6 || b.Len() == 16 && s.digitsAt(next) != 3 {
			break
		}
		groups = append(groups, group)
		group = 0
		end = next
	}
	if b.Len() == 0 {
		return "", end, nil
	}
	for end < len(s.text) && isDigitByte(s.text[end]) { // too long for a card: skip the rest of the row
		b.WriteByte('0')
		end++
	}
	return b.String(), end, append(groups, group)
}

// digitsAt returns the number of digits in a row at i.
func (s *scan) digitsAt(i int) int {
	n := 0
	for i+n < len(s.text) && isDigitByte(s.text[i+n]) {
		n++
	}
	return n
}

// groupBreak returns the end of what separates a group of digits from the next, or i
// when nothing does. Behind four digits that may also be a line break or two spaces.
func (s *scan) groupBreak(i, group int) int {
	next := i
	if group == 4 {
		next = s.skipBreak(i, " \t\r\n-")
	}
	if next == i && i < len(s.text) && strings.IndexByte(" -.", s.text[i]) >= 0 {
		next++
	}
	if next >= len(s.text) || !isDigitByte(s.text[next]) {
		return i
	}
	return next
}

// standsAlone reports whether the digits are no part of a longer token, such as
// a hash, a decimal number or an identifier.
func (s *scan) standsAlone(start, end int) bool {
	if start > 0 {
		if c := s.text[start-1]; isAlnumByte(c) || strings.IndexByte("._-+$#/", c) >= 0 {
			return false
		}
	}
	if end < len(s.text) {
		c := s.text[end]
		if isAlnumByte(c) || c == '_' || (c == '.' || c == '-') && end+1 < len(s.text) && isAlnumByte(s.text[end+1]) {
			return false
		}
	}
	return true
}

// cardGroups reports whether the groups are those printed on a card.
func cardGroups(groups []int) bool {
	if len(groups) == 3 {
		return groups[0] == 4 && groups[1] == 6 && (groups[2] == 5 || groups[2] == 4)
	}
	for i, n := range groups {
		if n != 4 && (i != len(groups)-1 || n > 4) {
			return len(groups) == 2 && groups[0] == 6 && groups[1] == 13
		}
	}
	return len(groups) >= 4
}

// isCardScheme checks the issuer prefix and the lengths that the scheme uses.
func isCardScheme(digits string) bool {
	two := int(digits[0]-'0')*10 + int(digits[1]-'0')
	four := two*100 + int(digits[2]-'0')*10 + int(digits[3]-'0')
	n := len(digits)
	switch {
	case digits[0] == '4': // Visa
		return n == 13 || n == 16 || n == 19
	case two >= 51 && two <= 55, four >= 2221 && four <= 2720: // Mastercard
		return n == 16
	case four >= 2200 && four <= 2204: // Mir
		return n >= 16
	case two == 34 || two == 37: // American Express
		return n == 15
	case two == 36, two == 38, two == 39, two == 30: // Diners Club
		return n == 14 || n == 16
	case two == 35: // JCB
		return n >= 16
	case two == 62, two == 81: // UnionPay
		return n >= 16
	case four == 6011, two == 64, two == 65, two == 60, four == 9792: // Discover, RuPay, Elo, Troy
		return n >= 16
	case two == 50, two >= 56 && two <= 58, two == 67, two == 63: // Maestro
		return n >= 16
	}
	return false
}

func luhn(digits string) bool {
	sum := 0
	for i := range len(digits) {
		d := int(digits[len(digits)-1-i] - '0')
		if i%2 == 1 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return sum%10 == 0
}
