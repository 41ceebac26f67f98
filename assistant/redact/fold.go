package redact

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// folded is a text in the form that the detectors read: compatibility
// decomposed (NFKD), without combining marks, format characters and bytes that
// are not UTF-8, digits of all scripts as ASCII.
type folded struct {
	at    []int32 // original byte offset of every folded byte, plus one for the end; nil when they are equal
	lower string  // text in lower case, with the same length and offsets
	src   string
	text  string // case preserved
}

func fold(src string) folded {
	if plainASCII(src) {
		return folded{lower: strings.ToLower(src), src: src, text: src}
	}
	b := folder{
		at:    make([]int32, 0, len(src)+len(src)/8+1),
		lower: make([]byte, 0, len(src)+len(src)/8),
		text:  make([]byte, 0, len(src)+len(src)/8),
	}
	for i := 0; i < len(src); {
		c := src[i]
		if c < utf8.RuneSelf {
			b.ascii(c, i)
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(src[i:])
		b.rune(r, src[i:i+size], i)
		i += size
	}
	b.at = append(b.at, offset32(len(src)))
	return folded{at: b.at, lower: string(b.lower), src: src, text: string(b.text)}
}

// source maps a stretch of the folded text to the original. What the folding
// dropped behind its last character goes with it.
func (f *folded) source(start, end int) (int, int) {
	if f.at == nil {
		return start, end
	}
	from, to := int(f.at[start]), int(f.at[end])
	for to == int(f.at[end-1]) && end < len(f.at)-1 { // end lies inside the expansion of one character
		end++
		to = int(f.at[end])
	}
	return from, to
}

type folder struct {
	at          []int32
	lower, text []byte
}

func (b *folder) ascii(c byte, at int) {
	if c < ' ' && c != '\t' && c != '\n' && c != '\r' || c == 0x7f {
		return
	}
	b.text = append(b.text, c)
	if 'A' <= c && c <= 'Z' {
		c += 'a' - 'A'
	}
	b.lower = append(b.lower, c)
	b.at = append(b.at, offset32(at))
}

func (b *folder) rune(r rune, encoded string, at int) {
	switch {
	case r == utf8.RuneError:
		return
	case isHan(r):
		b.plain(encoded, at)
		return
	case isPlainCyrillic(r):
		b.cased(r, unicode.ToLower(r), at)
		return
	}
	if d := norm.NFKD.PropertiesString(encoded).Decomposition(); d != nil {
		for len(d) > 0 {
			r, size := utf8.DecodeRune(d)
			b.simple(r, at)
			d = d[size:]
		}
		return
	}
	b.simple(r, at)
}

// plain adds a character without case that folds to itself.
func (b *folder) plain(encoded string, at int) {
	b.text = append(b.text, encoded...)
	b.lower = append(b.lower, encoded...)
	for range len(encoded) {
		b.at = append(b.at, offset32(at))
	}
}

// simple adds a character that has no decomposition.
func (b *folder) simple(r rune, at int) {
	if r < utf8.RuneSelf {
		b.ascii(byte(r), at) //nolint:gosec // below RuneSelf
		return
	}
	if s, ok := replacement(r); ok {
		for i := range len(s) {
			b.ascii(s[i], at)
		}
		return
	}
	if ignorable(r) {
		return
	}
	lower := unicode.ToLower(r)
	if utf8.RuneLen(lower) != utf8.RuneLen(r) {
		r = lower // keeps both forms equally long
	}
	b.cased(r, lower, at)
}

func (b *folder) cased(r, lower rune, at int) {
	b.text = utf8.AppendRune(b.text, r)
	b.lower = utf8.AppendRune(b.lower, lower)
	for range utf8.RuneLen(r) {
		b.at = append(b.at, offset32(at))
	}
}

// replacement gives the ASCII form of letters and digits that Unicode does not
// decompose but people type for one another.
func replacement(r rune) (string, bool) {
	switch {
	case r >= 0x0660 && r <= 0x0669: // Arabic-Indic digits
		return digit(r - 0x0660), true
	case r >= 0x06f0 && r <= 0x06f9: // Persian and Urdu digits
		return digit(r - 0x06f0), true
	case r >= 0x0966 && r <= 0x096f: // Devanagari digits
		return digit(r - 0x0966), true
	case r >= 0x09e6 && r <= 0x09ef: // Bengali digits
		return digit(r - 0x09e6), true
	}
	switch r {
	case 'đ':
		return "d", true
	case 'Đ':
		return "D", true
	case 'ı':
		return "i", true
	case 'ł':
		return "l", true
	case 'ø':
		return "o", true
	case 'ß':
		return "ss", true
	case 'æ':
		return "ae", true
	case 'œ':
		return "oe", true
	case '‘', '’', '‛', '′':
		return "'", true
	case '“', '”', '„', '‟', '″', '«', '»', '「', '」', '『', '』':
		return `"`, true
	case '‐', '‑', '‒', '–', '—', '−':
		return "-", true
	case '、', '،', '・':
		return ",", true
	case '。':
		return ".", true
	case '؟':
		return "?", true
	case '؛':
		return ";", true
	case 0x85, 0x2028, 0x2029:
		return "\n", true
	case 0x1680:
		return " ", true
	}
	return "", false
}

func digit(n rune) string { return "0123456789"[n : n+1] }

// ignorable tells characters that change how a text looks or not even that:
// combining marks, zero-width and direction characters, variation selectors,
// tags, the Arabic stretching line.
func ignorable(r rune) bool {
	return unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf, unicode.Cc) || r == 0x0640 || r == 0x3164 || r == 0x115f || r == 0x1160
}

// isPlainCyrillic tells the Cyrillic letters without a decomposition, as a short cut.
func isPlainCyrillic(r rune) bool {
	return r >= 0x0410 && r <= 0x044f && r != 0x0419 && r != 0x0439
}

func isHan(r rune) bool {
	return r >= 0x4e00 && r <= 0x9fff || r >= 0x3400 && r <= 0x4dbf
}

func plainASCII(s string) bool {
	for i := range len(s) {
		if c := s[i]; c >= 0x7f || c < ' ' && c != '\t' && c != '\n' && c != '\r' {
			return false
		}
	}
	return true
}

// offset32 stores an offset in half the space: no message has 2 GiB.
func offset32(at int) int32 { return int32(at) } //nolint:gosec // see above

func isLetterByte(c byte) bool { return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' }

func isDigitByte(c byte) bool { return '0' <= c && c <= '9' }

func isAlnumByte(c byte) bool { return isLetterByte(c) || isDigitByte(c) }

func isSpaceByte(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }
