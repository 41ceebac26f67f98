package redact

import (
	"strings"
)

// pieces are tokens of letters and digits with spaces, line breaks or dashes between
// them, joined.
type pieces struct {
	end    int
	joined string
	n      int
}

// findSplitKeys proposes keys that are written in groups or cut by line breaks:
// base58 by its checksum or its prefix, hexadecimal behind words that announce a key.
func (s *scan) findSplitKeys() {
	end := 0
	for _, at := range s.keys {
		if i := int(at); i >= end && (i == 0 || !isAlnumByte(s.text[i-1])) {
			end = s.findSplitBase58(i)
		}
	}
	for _, hit := range s.cues {
		if hit.cue == keyCue || hit.cue == seedCue {
			if v, ok := s.valueAfter(hit.end); ok {
				s.findSplitHex(v.start)
			}
		}
	}
}

// findSplitBase58 judges the pieces from i on, and returns the end of the key that
// they make, or 0.
func (s *scan) findSplitBase58(i int) int {
	kind, shortest, longest := PrivateKey, 51, 52
	switch {
	case strings.HasPrefix(s.text[i:], "6P"):
		kind, shortest, longest = BIP38Key, 58, 58
	case s.isPrv(i + 1):
		kind, shortest, longest = ExtendedKey, 90, 113
	}
	p := s.joinPieces(i, longest)
	if p.n < 2 || len(p.joined) < shortest || !isMixed(p.joined) {
		return 0
	}
	verified := validBase58(p.joined)
	if !verified {
		near, ok := s.nearest(i, keyContext, cues(keyCue, seedCue, publicCue))
		if kind == PrivateKey && (!ok || near.cue == publicCue || !isWIF(p.joined)) {
			return 0
		}
	}
	s.add(span{start: i, end: p.end, kind: kind, verified: verified})
	return p.end
}

// isPrv reports whether the rest of xprv, yprv and so on stands at i.
func (s *scan) isPrv(i int) bool {
	return i > 0 && strings.HasPrefix(s.text[i:], "prv")
}

// joinPieces joins tokens of base58 letters from i on, up to a number of letters. A
// token that would go beyond it does not belong to them, and neither does text that
// begins with words.
func (s *scan) joinPieces(i, longest int) pieces {
	const words = 3 // as many tokens of small letters, with a capital at most, begin a sentence
	var (
		joined [128]byte
		p      pieces
		n      int
		random bool
	)
	for p.n < longest && (random || p.n < words) {
		end := i
		for end < len(s.text) && isBase58Byte(s.text[end]) {
			random = random || end > i && !isSmall(s.text[end])
			end++
		}
		if end == i || n+end-i > longest || end < len(s.text) && isAlnumByte(s.text[end]) {
			break
		}
		n += copy(joined[n:], s.text[i:end])
		p.n++
		p.end = end
		if i = s.skipBreak(end, " \t\r\n-"); i == end {
			break
		}
	}
	if random {
		p.joined = string(joined[:n])
	}
	return p
}

func isSmall(c byte) bool { return c-'a' < 26 }

// skipBreak returns the end of the few separators at i.
func (s *scan) skipBreak(i int, separators string) int {
	const most = 4
	for end := i + most; i < len(s.text) && i < end && strings.IndexByte(separators, s.text[i]) >= 0; {
		i++
	}
	return i
}

// findSplitHex proposes hexadecimal digits in equal groups from i on whose number is
// that of a key.
func (s *scan) findSplitHex(start int) {
	i, end, digits, size := start, 0, 0, 0
	for digits < 128 {
		if strings.HasPrefix(s.lower[i:], "0x") {
			i += 2
		}
		n := s.hexGroup(i)
		if n < 2 || size > 0 && n > size {
			break
		}
		if size == 0 {
			size = n
		}
		digits += n
		if (digits == 64 || digits == 128) && digits > size {
			end = i + n
		}
		next := s.skipBreak(i+n, " \t\r\n:,-_|")
		if next == i+n {
			break
		}
		i = next
	}
	s.add(span{start: start, end: end, kind: PrivateKey})
}

// hexGroup returns the number of hexadecimal digits that stand alone at i.
func (s *scan) hexGroup(i int) int {
	const most = 64
	n := 0
	for i+n < len(s.text) && n <= most && isHex(s.text[i+n:i+n+1]) {
		n++
	}
	if i+n < len(s.text) && isAlnumByte(s.text[i+n]) {
		return 0
	}
	return n
}
