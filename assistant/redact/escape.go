package redact

import (
	"strings"
	"unicode/utf8"
)

// longestEscape bounds an escaped character: "&#x1F511;" with leading zeros.
const longestEscape = 12

// unescape reads the character that text begins with in an escaped form: percent
// encoding (RFC 3986) also when it was applied again, numeric and the common named
// character references of HTML, \u and \x of JSON and programming languages.
// The size is 0 when there is none.
func unescape(text string) (rune, int) {
	if len(text) < 3 {
		return 0, 0
	}
	switch text[0] {
	case '%':
		return percentEncoded(text)
	case '&':
		return reference(text)
	case '\\':
		return backslashed(text)
	}
	return 0, 0
}

func percentEncoded(text string) (rune, int) {
	first, size := percentByte(text)
	if size == 0 || first < utf8.RuneSelf {
		return rune(first), size
	}
	encoded := []byte{first}
	for len(encoded) < utf8.UTFMax {
		c, n := percentByte(text[size:])
		if n == 0 || utf8.RuneStart(c) {
			break
		}
		encoded = append(encoded, c)
		size += n
	}
	if r, n := utf8.DecodeRune(encoded); r != utf8.RuneError && n == len(encoded) {
		return r, size
	}
	return 0, 0
}

// percentByte reads one encoded byte. "%2541" is "%41", encoded again.
func percentByte(text string) (byte, int) {
	if len(text) < 3 || text[0] != '%' {
		return 0, 0
	}
	at := 1
	for strings.HasPrefix(text[at:], "25") && at+4 <= len(text) && isHex(text[at+2:at+4]) {
		at += 2
	}
	if at+2 > len(text) || !isHex(text[at:at+2]) {
		return 0, 0
	}
	return hexDigit(text[at])<<4 | hexDigit(text[at+1]), at + 2
}

// reference reads a character reference of HTML. Its ampersand may be one too.
func reference(text string) (rune, int) {
	at := 1
	for strings.HasPrefix(text[at:], "amp;") && at < len(text)-4 && (text[at+4] == '#' || strings.HasPrefix(text[at+4:], "amp;")) {
		at += 4
	}
	name, _, closed := strings.Cut(text[at:min(len(text), at+longestEscape)], ";")
	if !closed || name == "" {
		return 0, 0
	}
	size := at + len(name) + 1
	if name[0] != '#' {
		return namedCharacter(name), size * min(1, int(namedCharacter(name)))
	}
	digits, base := name[1:], rune(10)
	if digits != "" && digits[0]|0x20 == 'x' {
		digits, base = digits[1:], 16
	}
	r := charNumber(digits, base)
	if r == 0 {
		return 0, 0
	}
	return r, size
}

// namedCharacter returns the ASCII characters, and the space, that have a name in
// HTML and may stand in or between secrets; 0 for all others.
func namedCharacter(name string) rune {
	switch strings.ToLower(name) {
	case "amp":
		return '&'
	case "apos":
		return '\''
	case "comma":
		return ','
	case "gt":
		return '>'
	case "lt":
		return '<'
	case "nbsp":
		return ' '
	case "newline":
		return '\n'
	case "quot":
		return '"'
	case "tab":
		return '\t'
	}
	return 0
}

func backslashed(text string) (rune, int) {
	if strings.HasPrefix(text[1:], `\u`) { // a string inside a string
		if r, size := backslashed(text[1:]); size > 0 {
			return r, size + 1
		}
		return 0, 0
	}
	switch {
	case text[1] == 'u' && len(text) >= 6:
		if r := charNumber(text[2:6], 16); r != 0 {
			return r, 6
		}
	case text[1] == 'x' && len(text) >= 4:
		if r := charNumber(text[2:4], 16); r > 0 && r < utf8.RuneSelf {
			return r, 4
		}
	}
	return 0, 0
}

// charNumber reads the number of a character; 0 when it is none.
func charNumber(digits string, base rune) rune {
	r := rune(0)
	for i := range len(digits) {
		if !isHex(digits[i:i+1]) || base == 10 && !isDigitByte(digits[i]) {
			return 0
		}
		if r = r*base + rune(hexDigit(digits[i])); r > utf8.MaxRune {
			return 0
		}
	}
	if !utf8.ValidRune(r) {
		return 0
	}
	return r
}

// hexDigit returns the value of a hexadecimal digit.
func hexDigit(c byte) byte {
	if isDigitByte(c) {
		return c - '0'
	}
	return c | 0x20 - 'a' + 10
}
