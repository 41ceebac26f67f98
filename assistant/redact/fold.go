package redact

import (
	"cmp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// folded is a text in the form that the detectors read: compatibility
// decomposed (NFKD) but for Hangul, without combining marks, format characters and bytes that
// are not UTF-8, digits of all scripts as ASCII, escaped characters (%41, &#65;,
// \u0041) as the characters.
type folded struct {
	lower string // text in lower case, with the same length and offsets
	marks []mark // where the offsets in text and src part; nil when they are equal
	src   string
	text  string // case preserved
}

// mark says where a stretch of folded text comes from.
type mark struct {
	at, src int32 // offsets in the folded and in the original text
	// whole says that all of the stretch up to the next mark is one original
	// character or escape. Otherwise the two go on byte for byte.
	whole bool
}

func fold(src string) folded {
	if plainASCII(src) {
		return folded{lower: strings.ToLower(src), src: src, text: src}
	}
	b := folder{
		lower: make([]byte, 0, len(src)+len(src)/8),
		marks: make([]mark, 0, len(src)/32+4),
		table: newFoldTable(),
		text:  make([]byte, 0, len(src)+len(src)/8),
	}
	for i := 0; i < len(src); {
		if len(b.marks) == cap(b.marks) { // as many again as the rest of the text should need
			b.marks = slices.Grow(b.marks, len(b.marks)*(len(src)-i)/(i+1)+4)
		}
		if c := src[i]; c < utf8.RuneSelf {
			size := 0
			if c == '%' || c == '&' || c == '\\' {
				size = b.escape(src[i:], i)
			}
			if size == 0 {
				size = b.plain(src, i)
			}
			i += size
			continue
		}
		size := b.accented(src, i)
		if size == 0 {
			size = b.letter(src, i)
		}
		i += size
	}
	b.marks = append(b.marks, mark{at: offset32(len(b.text)), src: offset32(len(src))})
	f := folded{lower: string(b.lower), marks: b.marks, src: src, text: src}
	if string(b.text) != src {
		f.text = string(b.text)
	}
	return f
}

// source maps a stretch of the folded text to the original. A character of which
// it holds a part belongs to it, and so does what the folding dropped behind its
// last character.
func (f *folded) source(start, end int) (int, int) {
	if f.marks == nil {
		return start, end
	}
	i := f.markAt(start)
	from := int(f.marks[i].src)
	if !f.marks[i].whole {
		from += start - int(f.marks[i].at)
	}
	j := f.markAt(end)
	to := int(f.marks[j].src) + end - int(f.marks[j].at)
	if f.marks[j].whole && end > int(f.marks[j].at) {
		to = int(f.marks[j+1].src)
	}
	return from, to
}

// markAt returns the index of the last mark at or before a folded offset.
func (f *folded) markAt(at int) int {
	i, _ := slices.BinarySearchFunc(f.marks, at+1, func(m mark, at int) int { return cmp.Compare(int(m.at), at) })
	return i - 1
}

type folder struct {
	lower, text []byte
	marks       []mark
	table       *foldTable
}

// link makes what is added next come from an offset of the original, byte for
// byte.
func (b *folder) link(src int) {
	at := len(b.text)
	if n := len(b.marks); n > 0 {
		if last := b.marks[n-1]; !last.whole && int(last.src)+at-int(last.at) == src {
			return
		}
	} else if at == src {
		b.marks = append(b.marks, mark{})
		return
	}
	b.marks = append(b.marks, mark{at: offset32(at), src: offset32(src)})
}

// linkWhole makes all that is added next come from one place of the original.
func (b *folder) linkWhole(src int) {
	b.marks = append(b.marks, mark{at: offset32(len(b.text)), src: offset32(src), whole: true})
}

// plain adds the ASCII characters from i on, up to one that folds otherwise, and
// returns their number.
func (b *folder) plain(src string, i int) int {
	b.link(i)
	rest, n := src[i:], 0
	b.text, b.lower = slices.Grow(b.text, len(rest)), slices.Grow(b.lower, len(rest))
	text, lower := b.text[len(b.text):][:len(rest)], b.lower[len(b.lower):][:len(rest)]
	for ; n < len(rest); n++ { // byte by byte: between accented letters the runs are too short for copying to pay
		small := b.table.small[rest[n]]
		if small == 0 {
			break
		}
		text[n], lower[n] = rest[n], small
	}
	b.text, b.lower = b.text[:len(b.text)+n], b.lower[:len(b.lower)+n]
	if n == 0 { // it begins no escape, or is a control character
		if c := src[i]; c != 0x7f && c >= ' ' {
			b.text = append(b.text, c)
			b.lower = append(b.lower, c)
		}
		return 1
	}
	return n
}

// special tells bytes that do not fold to themselves but for their case, or may
// begin an escape.
func special(c byte) bool {
	if c < ' ' {
		return c != '\t' && c != '\n' && c != '\r'
	}
	return c >= 0x7f || c == '%' || c == '&' || c == '\\'
}

// letter adds the characters at i as long as they fold to themselves or are Cyrillic,
// else the one that stands there, and returns the number of their bytes.
func (b *folder) letter(src string, i int) int {
	start := i
	if c := src[i]; c == 0xd0 || c == 0xd1 {
		for i+1 < len(src) && (src[i] == 0xd0 && src[i+1]-0x90 < 0x30 || src[i] == 0xd1 && src[i+1]-0x80 < 0x10) {
			i += 2
		}
		b.link(start)
		b.cyrillic(src[start:i])
	} else {
		i = b.table.settledEnd(src, i)
		if i > start {
			b.link(start)
			b.text = append(b.text, src[start:i]...)
			b.lower = append(b.lower, src[start:i]...)
		}
	}
	if i > start {
		return i - start
	}
	r, size := utf8.DecodeRuneInString(src[i:])
	if r != utf8.RuneError {
		b.rune(r, src[i:i+size], i)
	}
	return size
}

// accented adds the Latin letter at i without its accents, the commonest that does not fold to itself, and returns the
// number of its bytes; 0 where none stands.
func (b *folder) accented(src string, i int) int {
	var r rune
	size := 2
	switch c := src[i]; {
	case i+1 < len(src) && c-0xc3 < 4 && src[i+1]-0x80 < 0x40: // À to ƿ
		r = rune(c&0x1f)<<6 | rune(src[i+1]&0x3f)
	case i+2 < len(src) && c == 0xe1 && src[i+1]-0xb8 < 4 && src[i+2]-0x80 < 0x40: // Ḁ to ỿ
		r, size = 0x1000|rune(src[i+1]&0x3f)<<6|rune(src[i+2]&0x3f), 3
	default:
		return 0
	}
	f := &b.table.runes[r]
	if len(f.text) != 1 {
		return 0
	}
	b.linkWhole(i)
	b.text, b.lower = append(b.text, f.text[0]), append(b.lower, f.lower[0])
	return size
}

// The letters of Hangul and their syllables (The Unicode Standard, 3.12).
const (
	firstHangul, lastHangul                = 0xac00, 0xd7a3
	firstInitial, firstVowel, beforeFinals = 0x1100, 0x1161, 0x11a7
	initials, vowels, finals               = 19, 21, 28
	letterSize                             = 3 // bytes
)

// hangul adds a letter of Hangul to the syllable before it: Korean is the one script
// where composed text is shorter.
func (b *folder) hangul(letter rune, at int) {
	n := len(b.text) - letterSize
	if m := len(b.marks) - 1; m >= 0 && n >= 0 && b.marks[m].whole && int(b.marks[m].at) == n {
		syllable := rune(0)
		switch last, _ := utf8.DecodeRune(b.text[n:]); {
		case last >= firstInitial && last < firstInitial+initials && letter >= firstVowel && letter < firstVowel+vowels:
			syllable = firstHangul + ((last-firstInitial)*vowels+letter-firstVowel)*finals
		case last >= firstHangul && last <= lastHangul && (last-firstHangul)%finals == 0 &&
			letter > beforeFinals && letter < beforeFinals+finals:
			syllable = last + letter - beforeFinals
		}
		if syllable != 0 {
			b.text, b.lower = b.text[:n], b.lower[:n]
			b.cased(syllable, syllable)
			return
		}
	}
	b.linkWhole(at)
	b.cased(letter, letter)
}

// cyrillic adds letters of the Russian alphabet. The mark of й goes.
func (b *folder) cyrillic(letters string) {
	at := len(b.lower)
	b.text = append(b.text, letters...)
	b.lower = append(b.lower, letters...)
	text, lower := b.text[len(b.text)-len(letters):], b.lower[at:]
	for i := 0; i+1 < len(lower); i += 2 {
		c, d := lower[i], lower[i+1]
		if c == 0xd1 {
			continue
		}
		if d == 0x99 || d == 0xb9 {
			d--
			text[i+1] = d
		}
		switch {
		case d < 0xa0:
			d += 0x20
		case d < 0xb0:
			c, d = 0xd1, d-0x20
		}
		lower[i], lower[i+1] = c, d
	}
}

// rune adds a character that may decompose.
func (b *folder) rune(r rune, encoded string, at int) {
	switch {
	case r >= firstInitial && r < beforeFinals+finals && r != 0x115f && r != 0x1160: // those two are blank
		b.hangul(r, at)
	case r >= firstHangul && r <= lastHangul:
		b.link(at)
		b.cased(r, r)
	case r < foldedRunes:
		b.add(&b.table.runes[r], encoded, at)
	default:
		f := foldRune(r)
		b.add(&f, encoded, at)
	}
}

// add adds what a character folds to.
func (b *folder) add(f *foldedRune, encoded string, at int) {
	switch {
	case f.text == "":
		return
	case f.same && len(f.text) == len(encoded):
		b.link(at)
	default:
		b.linkWhole(at)
	}
	b.text = append(b.text, f.text...)
	b.lower = append(b.lower, f.lower...)
}

// simple adds a character that has no decomposition.
func (b *folder) simple(r rune) {
	if r < utf8.RuneSelf {
		if r >= ' ' && r != 0x7f || r == '\t' || r == '\n' || r == '\r' {
			b.cased(r, unicode.ToLower(r))
		}
		return
	}
	if s, ok := replacement(r); ok {
		b.text = append(b.text, s...)
		b.lower = append(b.lower, strings.ToLower(s)...)
		return
	}
	if ignorable(r) {
		return
	}
	lower := unicode.ToLower(r)
	if utf8.RuneLen(lower) != utf8.RuneLen(r) {
		r = lower // keeps both forms equally long
	}
	b.cased(r, lower)
}

func (b *folder) cased(r, lower rune) {
	b.text = utf8.AppendRune(b.text, r)
	b.lower = utf8.AppendRune(b.lower, lower)
}

// escape adds the character that text begins with in an escaped form, and returns
// the length of that form, 0 when it is none.
func (b *folder) escape(text string, at int) int {
	r, size := unescape(text)
	if size == 0 {
		return 0
	}
	b.rune(r, string(r), at)
	return size
}

// isPlainCyrillic tells the Cyrillic letters without a decomposition, as a short cut.
func isPlainCyrillic(r rune) bool {
	return r >= 0x0410 && r <= 0x044f && r != 0x0419 && r != 0x0439
}

func isHan(r rune) bool {
	return r >= 0x4e00 && r <= 0x9fff || r >= 0x3400 && r <= 0x4dbf
}

// plainASCII reports whether a text folds to itself but for its case.
func plainASCII(s string) bool {
	for i := range len(s) {
		c := s[i]
		if c >= 0x7f || c < ' ' && c != '\t' && c != '\n' && c != '\r' {
			return false
		}
		if c == '%' || c == '&' || c == '\\' {
			if _, size := unescape(s[i:]); size > 0 {
				return false
			}
		}
	}
	return true
}

// offset32 stores an offset in half the space: no message has 2 GiB.
func offset32(at int) int32 { return int32(at) } //nolint:gosec // see above

func isLetterByte(c byte) bool { return c|0x20-'a' < 26 }

func isDigitByte(c byte) bool { return c-'0' < 10 }

func isAlnumByte(c byte) bool { return isLetterByte(c) || isDigitByte(c) }

func isSpaceByte(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }
