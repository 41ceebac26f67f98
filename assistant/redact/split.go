package redact

import (
	"cmp"
	"slices"
	"strings"
)

// pieces are tokens of base58 letters with spaces, line breaks or dashes between them. Those from one piece on are joined
// in constant time, as every one of them may begin a key.
type pieces struct {
	before []int32 // letters before each piece, and one more: all letters
	joined string
	random []int32 // the first piece, from each on, with more than small letters behind its first
	ranges [][2]int32
}

// read takes the pieces from i on, instead of those it had.
func (p *pieces) read(s *scan, i int) {
	*p = pieces{before: p.before[:0], random: p.random[:0], ranges: p.ranges[:0]}
	var joined []byte
	for {
		end, random := i, false
		for end < len(s.text) && isBase58Byte(s.text[end]) {
			random = random || end > i && !isSmall(s.text[end])
			end++
		}
		if end == i || end < len(s.text) && isAlnumByte(s.text[end]) {
			break
		}
		p.before = append(p.before, offset32(len(joined)))
		joined = append(joined, s.text[i:end]...)
		first := offset32(len(p.ranges))
		if !random {
			first = -1
		}
		p.random = append(p.random, first)
		p.ranges = append(p.ranges, [2]int32{offset32(i), offset32(end)})
		if i = s.skipBreak(end, splitKeyBreaks); i == end {
			break
		}
	}
	p.before = append(p.before, offset32(len(joined)))
	p.joined = string(joined)
	next := offset32(len(p.ranges))
	for n := len(p.random) - 1; n >= 0; n-- {
		if p.random[n] >= 0 {
			next = p.random[n]
		}
		p.random[n] = next
	}
}

// find returns the number of the piece that begins at an offset, -1 for none.
func (p *pieces) find(at int) int {
	n, ok := slices.BinarySearchFunc(p.ranges, offset32(at), func(r [2]int32, at int32) int { return cmp.Compare(r[0], at) })
	if !ok {
		return -1
	}
	return n
}

// join returns the letters of the pieces from one on, up to a number of letters, how many pieces that are, and where the last
// one ends. A piece that would go beyond the number does not belong to them. There are none where the text begins with words.
func (p *pieces) join(from, longest int) (joined string, n, end int) {
	const words = 3 // as many pieces of small letters, with a capital at most, begin a sentence
	if int(p.random[from]) >= min(from+words, len(p.ranges)) {
		return "", 0, 0
	}
	limit := p.before[from] + offset32(longest)
	rest := p.before[from+1:]
	rest = rest[:min(len(rest), longest)]
	n, _ = slices.BinarySearch(rest, limit+1)
	if n == 0 {
		return "", 0, 0
	}
	return p.joined[p.before[from]:p.before[from+n]], n, int(p.ranges[from+n-1][1])
}

// What stands between the groups of a key: in base58, and in hexadecimal.
const (
	splitKeyBreaks = " \t\r\n-"
	splitHexBreaks = " \t\r\n:,-_|"
)

// findSplitKeys proposes keys that are written in groups or cut by line breaks:
// base58 by its checksum or its prefix, hexadecimal behind words that announce a key.
func (s *scan) findSplitKeys() {
	var p pieces
	end := 0
	for _, at := range s.keys {
		i := int(at)
		if i < end || i > 0 && isAlnumByte(s.text[i-1]) {
			continue
		}
		n := p.find(i)
		if n < 0 {
			p.read(s, i)
			n = p.find(i)
		}
		if n >= 0 {
			end = s.findSplitBase58(&p, n)
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

// findSplitBase58 judges the pieces from one on, and returns the end of the key that
// they make, or 0.
func (s *scan) findSplitBase58(p *pieces, from int) int {
	i := int(p.ranges[from][0])
	kind, shortest, longest := PrivateKey, 51, 52
	switch {
	case strings.HasPrefix(s.text[i:], "6P"):
		kind, shortest, longest = BIP38Key, 58, 58
	case s.isPrv(i + 1):
		kind, shortest, longest = ExtendedKey, 90, 113
	}
	joined, n, end := p.join(from, longest)
	if n < 2 || len(joined) < shortest || !isMixed(joined) {
		return 0
	}
	verified := validBase58(joined)
	if !verified {
		near, ok := s.nearest(i, keyContext, cues(keyCue, seedCue, publicCue))
		if kind == PrivateKey && (!ok || near.cue == publicCue || !isWIF(joined)) {
			return 0
		}
	}
	s.add(span{start: i, end: end, kind: kind, verified: verified})
	return end
}

// isPrv reports whether the rest of xprv, yprv and so on stands at i.
func (s *scan) isPrv(i int) bool {
	return i > 0 && strings.HasPrefix(s.text[i:], "prv")
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
		next := s.skipBreak(i+n, splitHexBreaks)
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
