package risk

import (
	"html"
	"strings"
	"unicode"
	"unicode/utf8"
)

// place is one rune of the cleaned text and the bytes of the original that it came from.
type place struct {
	r          rune
	start, end int32
}

// maxReference is the length in bytes of the longest character reference that is decoded ("&ZeroWidthSpace;" has 16).
const maxReference = 20

// maxTag bounds how far the end of an HTML tag is looked for, so that a text of "<" alone stays linear.
const maxTag = 200

// clean appends the visible runes of the text to dst. Invisible characters and invalid bytes vanish instead of separating
// words, because they are what hides a word from a filter.
func clean(text string, dst []place) []place {
	for i := 0; i < len(text); {
		r, size := rune(text[i]), 1
		if r >= utf8.RuneSelf {
			r, size = utf8.DecodeRuneInString(text[i:])
		}
		if valid := r != utf8.RuneError || size > 1; valid && !invisible(r) {
			dst = append(dst, place{r: r, start: int32(i), end: int32(i + size)})
		}
		i += size
	}
	if strings.ContainsAny(text, "<&") {
		dst = stripMarkup(dst)
	}
	return dst
}

// stripMarkup decodes character references and removes tags in place. Inline tags vanish, as they do on a screen; any other
// tag separates words. It works on cleaned runes so that an invisible character inside a tag cannot hide it.
func stripMarkup(src []place) []place {
	out := src[:0]
	for i := 0; i < len(src); {
		switch src[i].r {
		case '&':
			if r, n := reference(src[i:]); n > 0 {
				if !invisible(r) {
					out = append(out, place{r: r, start: src[i].start, end: src[i+n-1].end})
				}
				i += n
				continue
			}
		case '<':
			if n, inline := tag(src[i:]); n > 0 {
				if !inline {
					out = append(out, place{r: ' ', start: src[i].start, end: src[i+n-1].end})
				}
				i += n
				continue
			}
		}
		out = append(out, src[i])
		i++
	}
	return out
}

// reference reads a character reference at the start of src; n is 0 when there is none.
func reference(src []place) (r rune, n int) {
	var b strings.Builder
	for i, p := range src {
		if i >= maxReference || p.r >= utf8.RuneSelf || p.r <= ' ' {
			return 0, 0
		}
		b.WriteRune(p.r)
		if p.r == ';' {
			decoded := html.UnescapeString(b.String())
			r, size := utf8.DecodeRuneInString(decoded)
			if size != len(decoded) || r == utf8.RuneError {
				return 0, 0
			}
			return r, i + 1
		}
	}
	return 0, 0
}

// tag measures an HTML tag at the start of src; n is 0 when there is none.
func tag(src []place) (n int, inline bool) {
	var name strings.Builder
	inName := true
	for i, p := range src {
		switch {
		case i == 0:
			continue
		case i >= maxTag || p.r == '<':
			return 0, false
		case p.r == '>':
			switch name.String() {
			case "":
				return 0, false
			case "a", "abbr", "b", "big", "code", "em", "font", "i", "mark", "s", "small", "span", "strong", "sub", "sup", "u", "wbr":
				return i + 1, true
			}
			return i + 1, false
		case i == 1 && p.r == '/':
			continue
		case inName && (p.r >= 'a' && p.r <= 'z' || p.r >= 'A' && p.r <= 'Z' || p.r >= '1' && p.r <= '6'):
			name.WriteRune(unicode.ToLower(p.r))
		case name.Len() == 0:
			return 0, false
		default:
			inName = false
		}
	}
	return 0, false
}

// invisible reports the characters that no reader sees: format characters (zero-width, directional, tags, soft hyphen),
// variation selectors, fillers and control characters other than white space.
func invisible(r rune) bool {
	switch {
	case r < 0x20:
		return r != '\n' && r != '\t' && r != '\r' && r != '\v' && r != '\f'
	case r < 0x7f:
		return false
	case r < 0xad:
		return r < 0xa0 && r != 0x85
	}
	switch r {
	case 0x034f, 0x0640, 0x115f, 0x1160, 0x3164, 0xffa0, 0x17b4, 0x17b5:
		return true
	}
	if r >= 0xfe00 && r <= 0xfe0f || r >= 0xe0100 && r <= 0xe01ef || r >= 0x180b && r <= 0x180f {
		return true
	}
	return r < 0x590 && r == 0xad || (r >= 0x590 && r < 0x2e80 || r >= 0xa000) && unicode.Is(unicode.Cf, r)
}
