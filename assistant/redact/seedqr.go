package redact

import (
	"math/big"
	"strings"
)

// findDigits finds the numeric form of a phrase, which a SeedQR code holds: the
// four-digit numbers of its words, in one row or apart.
func (s *scan) findDigits() {
	end := 0
	for _, at := range s.digits {
		start := int(at)
		if start < end {
			continue
		}
		i := start + s.digitsAt(start)
		switch n := (i - start) / 4; {
		case (i-start)%12 == 0 && n >= window && n <= 24:
			if verified, ok := seedNumbers(s.text[start:i]); ok {
				s.add(span{start: start, end: i, kind: SeedPhrase, verified: verified})
			}
		case i-start == 4:
			end = s.findFours(start, i)
		}
	}
}

// findFours judges the four-digit numbers from start on, and returns the end of the
// last.
func (s *scan) findFours(start, end int) int {
	digits := []byte(s.text[start:end])
	round := 0
	for len(digits) < 24*4 {
		next := s.skipBreak(end, " \t\r\n,;./|-")
		if next == end || next+4 > len(s.text) || strings.Trim(s.text[next:next+4], "0123456789") != "" ||
			next+4 < len(s.text) && isAlnumByte(s.text[next+4]) {
			break
		}
		digits = append(digits, s.text[next:next+4]...)
		if s.text[next+3] == '0' {
			round++
		}
		end = next + 4
	}
	n := len(digits) / 4
	if n < window || n%3 != 0 {
		return end
	}
	verified, ok := seedNumbers(string(digits))
	if _, said := s.nearest(start, keyContext, cues(seedCue)); ok && (verified || said || round < n/3 && !s.areYears(digits)) {
		s.add(span{start: start, end: end, kind: SeedPhrase, verified: verified})
	}
	return end
}

// areYears reports whether most of the numbers may be years.
func (s *scan) areYears(digits []byte) bool {
	years := 0
	for i := 0; i < len(digits); i += 4 {
		if looksLikeYear(string(digits[i : i+4])) {
			years++
		}
	}
	return years > len(digits)/4/2
}

// seedNumbers reports whether the four-digit numbers are those of list words,
// counted from 0 or from 1, and whether their checksum holds.
func seedNumbers(digits string) (verified, ok bool) {
	number, next := new(big.Int), new(big.Int)
	zero, counted := true, true
	for at := 0; at < len(digits); at += 4 {
		n := 0
		for i := range 4 {
			n = n*10 + int(digits[at+i]-'0')
		}
		if n > bip39Words {
			return false, false
		}
		zero = zero && n == 0
		counted = counted && n > 0
		number.Lsh(number, 11).Or(number, big.NewInt(int64(n%bip39Words)))
		next.Lsh(next, 11).Or(next, big.NewInt(int64(max(n-1, 0))))
	}
	return validEntropy(number, len(digits)/4) || counted && validEntropy(next, len(digits)/4), !zero
}
