package redact

import (
	"cmp"
	"slices"
	"unicode"
	"unicode/utf8"
)

// scan is the work on one text without placeholders. Offsets are in the folded
// text until merged maps them back.
type scan struct {
	folded

	cues   []cueHit
	digits []int32        // where the rows of digits begin
	keys   []int32        // where keys in base58 may begin
	labels map[string]int // how often a label word occurs
	leet   []int32        // where a digit beside a letter, or a sign, may be a letter in leetspeak
	r      *Redactor
	spans  []span
}

// cueHit is one occurrence of a cue.
type cueHit struct {
	cue        cue
	start, end int
}

func (r *Redactor) newScan(text string) *scan {
	s := &scan{folded: fold(text), r: r}
	r.cues.each(s.lower, func(start, end int, c cue) {
		if s.bounded(start, end) {
			s.cues = append(s.cues, cueHit{cue: c, start: start, end: end})
		}
	})
	s.mark()
	return s
}

// mark notes where digits and keys in base58 may begin, in one pass for all who look
// for them.
func (s *scan) mark() {
	inside := false
	for i := range len(s.text) {
		switch marked[s.text[i]] {
		case noMark:
		case digitMark:
			if !inside {
				s.markDigits(i)
			}
			inside = true
			continue
		case signMark:
			s.leet = append(s.leet, offset32(i))
		case keyMark:
			s.keys = append(s.keys, offset32(i))
		case prvMark:
			if s.isPrv(i) {
				s.keys = append(s.keys, offset32(i-1))
			}
		}
		if inside && isLetterByte(s.text[i]) {
			s.leet = append(s.leet, offset32(i-1))
		}
		inside = false
	}
}

// markDigits notes the row of digits that begins at i.
func (s *scan) markDigits(i int) {
	at := offset32(i)
	s.digits = append(s.digits, at)
	if c := s.text[i]; c == '5' || c == '6' || c == '9' {
		s.keys = append(s.keys, at)
	}
	if i > 0 && isLetterByte(s.text[i-1]) {
		s.leet = append(s.leet, at)
	}
}

// marked tells what may begin at a byte: see [scan.mark].
var marked = [256]markKind{
	'0': digitMark, '1': digitMark, '2': digitMark, '3': digitMark, '4': digitMark,
	'5': digitMark, '6': digitMark, '7': digitMark, '8': digitMark, '9': digitMark,
	'K': keyMark, 'L': keyMark, 'p': prvMark, '@': signMark, '$': signMark,
}

type markKind uint8

const (
	noMark    markKind = iota
	digitMark          // a row of digits
	keyMark            // a key in base58
	signMark           // a letter in leetspeak
	prvMark            // the second letter of xprv and its kin
)

// bounded reports whether the cue at [start, end) is no part of a longer word.
// It holds for scripts that put spaces between words and no articles in front of
// them: Latin, Greek, Cyrillic.
func (s *scan) bounded(start, end int) bool {
	first, _ := utf8.DecodeRuneInString(s.lower[start:])
	last, _ := utf8.DecodeLastRuneInString(s.lower[:end])
	before, _ := utf8.DecodeLastRuneInString(s.lower[:start])
	after, _ := utf8.DecodeRuneInString(s.lower[end:])
	if spacedLetter(first) && (spacedLetter(before) || isDigit(before)) || isDigit(first) && isDigit(before) {
		return false
	}
	return !spacedLetter(last) || !spacedLetter(after)
}

func spacedLetter(r rune) bool {
	if r < utf8.RuneSelf {
		return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z'
	}
	return isPlainCyrillic(r) || unicode.In(r, unicode.Latin, unicode.Cyrillic, unicode.Greek)
}

// add proposes a span of the folded text.
func (s *scan) add(found span) {
	if found.start < found.end {
		s.spans = append(s.spans, found)
	}
}

// merged returns the proposals as stretches of the original text, ordered and
// joined.
func (s *scan) merged() []span {
	for i := range s.spans {
		p := &s.spans[i]
		p.start, p.end = s.source(p.start, p.end)
	}
	return joinSpans(s.spans)
}

// joinSpans orders spans and joins those that overlap, under the more harmful
// kind.
func joinSpans(spans []span) []span {
	slices.SortFunc(spans, func(a, b span) int {
		return cmp.Or(cmp.Compare(a.start, b.start), cmp.Compare(b.end, a.end))
	})
	var out []span
	for _, p := range spans {
		if n := len(out); n > 0 && p.start < out[n-1].end {
			last := &out[n-1]
			last.end = max(last.end, p.end)
			if harm(p.kind) < harm(last.kind) {
				last.kind = p.kind
			}
			last.verified = last.verified || p.verified
			continue
		}
		out = append(out, p)
	}
	return out
}

// harm ranks kinds, the most harmful first.
func harm(k Kind) int { return slices.Index(Kinds(), k) }

// nearest returns the last of the wanted cues that ends at or before at, not
// farther away than within bytes.
func (s *scan) nearest(at, within int, wanted cueSet) (cueHit, bool) {
	i, _ := slices.BinarySearchFunc(s.cues, at+1, func(h cueHit, at int) int { return cmp.Compare(h.end, at) })
	for i--; i >= 0 && s.cues[i].end >= at-within; i-- {
		if wanted.has(s.cues[i].cue) {
			return s.cues[i], true
		}
	}
	return cueHit{}, false
}

// following returns the first of the wanted cues that starts at or after at, not
// farther away than within bytes.
func (s *scan) following(at, within int, wanted cueSet) (cueHit, bool) {
	i, _ := slices.BinarySearchFunc(s.cues, at, func(h cueHit, at int) int { return cmp.Compare(h.end, at) })
	for ; i < len(s.cues) && s.cues[i].start <= at+within; i++ {
		if s.cues[i].start >= at && wanted.has(s.cues[i].cue) {
			return s.cues[i], true
		}
	}
	return cueHit{}, false
}

func isDigit(r rune) bool { return '0' <= r && r <= '9' }
