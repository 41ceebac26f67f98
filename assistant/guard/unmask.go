package guard

import (
	"html"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// unmasked is a text as a reader, a browser or a wallet takes it: HTML entities decoded, compatibility forms composed
// (full width, circled, mathematical letters), digits of all scripts as ASCII, characters without a shape and Markdown
// emphasis removed, "[dot]" and its kin written out. Every byte of it knows its place in the source.
type unmasked struct {
	at    []int32 // offset in the source of every byte, plus one for the end
	lower string  // text in lower case, with the same length
	text  string
}

// unmask rewrites source in two steps: character by character, then the disguises that take several characters.
func unmask(source string) unmasked {
	var b unmasker
	b.at = make([]int32, 0, len(source)+1)
	b.text = make([]byte, 0, len(source))
	for i := 0; i < len(source); {
		size := b.next(source, i)
		i += size
	}
	b.at = append(b.at, int32(len(source)))
	text := string(b.text)
	return undisguise(unmasked{at: b.at, lower: lowerSameLength(text), text: text})
}

// source maps a stretch of the unmasked text to the source. What was dropped behind its last character is left out.
func (u unmasked) source(start, end int) (int, int) {
	from := int(u.at[start])
	to := int(u.at[end])
	return from, max(from, to)
}

// unmasker collects the result of the first step.
type unmasker struct {
	at   []int32
	text []byte
}

// next handles what starts at byte i of source and returns how many bytes that was.
func (b *unmasker) next(source string, i int) int {
	c := source[i]
	if c >= utf8.RuneSelf {
		r, size := utf8.DecodeRuneInString(source[i:])
		b.rune(r, i)
		return size
	}
	switch {
	case c == '*' && (i == 0 || source[i-1] == '\n') && i+1 < len(source) && source[i+1] == ' ':
		c = '-' // a bullet
	case c == '~' && isRange(source, i):
		c = '-'
	case c == '*' || c == '`' || c == '~':
		return 1 // emphasis does not separate what it stands between
	case c == '\\' && i+1 < len(source) && isPunct(source[i+1]):
		return 1 // Markdown shows the character behind it only
	case c == '&':
		if decoded, size := entity(source[i:]); size > 0 {
			for _, r := range decoded {
				b.rune(r, i)
			}
			return size
		}
	case c < ' ' && c != '\n' && c != '\t':
		c = ' '
	}
	b.add(c, i)
	return 1
}

// isRange reports a tilde between two short numbers that stand alone, as Korean and Chinese write "3 to 5".
func isRange(source string, i int) bool {
	const longest = 4 // digits
	from, to := i, i+1
	for from > 0 && isDigit(source[from-1]) {
		from--
	}
	for to < len(source) && isDigit(source[to]) {
		to++
	}
	return from < i && i-from <= longest && to > i+1 && to-i-1 <= longest &&
		(from == 0 || !isAlnum(source[from-1]) && source[from-1] != '~') && (to == len(source) || !isAlnum(source[to]) && source[to] != '~')
}

func (b *unmasker) add(c byte, at int) {
	b.text = append(b.text, c)
	b.at = append(b.at, int32(at))
}

// rune adds one character in its plain form, or nothing if it has no shape.
func (b *unmasker) rune(r rune, at int) {
	if isPlain(r) {
		before := len(b.text)
		b.text = utf8.AppendRune(b.text, r)
		for range len(b.text) - before {
			b.at = append(b.at, int32(at))
		}
		return
	}
	for _, plain := range plainForm(r) {
		before := len(b.text)
		b.text = utf8.AppendRune(b.text, plain)
		for range len(b.text) - before {
			b.at = append(b.at, int32(at))
		}
	}
}

// isPlain reports the letters of the desk's languages, which are their own plain form.
func isPlain(r rune) bool {
	return isHan(r) || r >= 0xac00 && r <= 0xd7a3 || r >= 0x3041 && r <= 0x3096 || r >= 0x30a1 && r <= 0x30fc ||
		r >= 0x0621 && r <= 0x064a || r >= 0x0410 && r <= 0x0451 || r >= 0x1ea0 && r <= 0x1ef9 || r >= 0x00c0 && r <= 0x0131
}

// plainForm is the form in which a character is read. Wide punctuation stays as it is: it ends a link, which the ASCII
// form would not.
func plainForm(r rune) string {
	switch {
	case r < utf8.RuneSelf:
		return string(r)
	case r == utf8.RuneError || isShapeless(r):
		return ""
	case unicode.Is(unicode.Nd, r):
		return string('0' + digitValue(r))
	case unicode.Is(unicode.Z, r):
		return " "
	case r >= 0x1f150 && r <= 0x1f169: // white on black circles and squares: no compatibility form
		return string('a' + r - 0x1f150)
	case r >= 0x1f170 && r <= 0x1f189:
		return string('a' + r - 0x1f170)
	}
	switch r {
	case '，', '！', '？', '（', '）', '；', '「', '」', '［', '］', '｛', '｝', '＜', '＞', '％', '＂', '＇', '｀', '…':
		return string(r)
	case '⁄', '∕':
		return "/"
	case '‐', '‑', '‒', '–', '−', '﹣', '－':
		return "-"
	case '｡':
		return "。"
	case '٫':
		return "."
	case '٬':
		return ","
	case '٪':
		return "%"
	}
	if isHan(r) {
		return string(r)
	}
	return norm.NFKC.String(string(r))
}

// entity decodes the HTML character reference at the start of s.
func entity(s string) (string, int) {
	end := strings.IndexByte(s[:min(len(s), 12)], ';')
	if end < 2 {
		return "", 0
	}
	decoded := html.UnescapeString(s[:end+1])
	if strings.HasPrefix(decoded, "&") && decoded != "&" {
		return "", 0
	}
	return decoded, end + 1
}

// digitValue returns the value of a decimal digit of any script. Unicode keeps every script's ten digits together.
func digitValue(r rune) rune {
	for _, block := range unicode.Nd.R16 {
		if r <= rune(block.Hi) {
			return (r - rune(block.Lo)) % 10
		}
	}
	for _, block := range unicode.Nd.R32 {
		if lo, hi := rune(block.Lo), rune(block.Hi); r <= hi { //nolint:gosec // a code point has 21 bits
			return (r - lo) % 10
		}
	}
	return 0
}

// isShapeless reports characters that change nothing one sees: zero-width and direction characters, variation selectors,
// tags, fillers, the frames of key-cap digits.
func isShapeless(r rune) bool {
	return unicode.In(r, unicode.Cf, unicode.Me, unicode.Variation_Selector) || unicode.Is(unicode.Cc, r) ||
		r == 0x034f || r == 0x115f || r == 0x1160 || r == 0x17b4 || r == 0x17b5 || r == 0x3164 || r == 0xffa0
}

// isHan covers the ideographs that compatibility composition leaves alone.
func isHan(r rune) bool { return r >= 0x4e00 && r <= 0x9fff || r >= 0x3400 && r <= 0x4dbf }

func isPunct(c byte) bool { return c > ' ' && c < 0x7f && !isAlnum(c) }

func isAlnum[C byte | rune](c C) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// lowerSameLength lowers what has a lower form of the same length, so that offsets stay valid.
func lowerSameLength(s string) string {
	return strings.Map(func(r rune) rune {
		if r < utf8.RuneSelf {
			if r >= 'A' && r <= 'Z' {
				r += 'a' - 'A'
			}
			return r
		}
		if r >= 0x0590 && r < 0x10a0 || r >= 0x2e80 && r <= 0xa63f || r >= 0xac00 && r <= 0xd7a3 {
			return r // scripts without case
		}
		if lower := unicode.ToLower(r); utf8.RuneLen(lower) == utf8.RuneLen(r) {
			return lower
		}
		return r
	}, s)
}
