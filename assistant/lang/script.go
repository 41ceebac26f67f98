package lang

import "unicode"

// script is a writing system, as far as this package tells them apart.
type script uint8

const (
	noScript script = iota // not a letter
	latin
	cyrillic
	arabic
	han
	kana
	hangul
	devanagari
	bengali
	thai
	otherScript // a letter of a script that no known language uses
	scriptCount
)

// scriptOf returns the script of a letter. The blocks are those of Unicode; in scripts that write vowels as marks, the
// marks count as letters, so that they do not cut words.
func scriptOf(r rune) script { //nolint:gocognit,gocyclo // a table
	switch {
	case r < 0x80:
		if r|0x20 >= 'a' && r|0x20 <= 'z' {
			return latin
		}
		return noScript
	case r < 0x250:
		if r >= 0xC0 && r != 0xD7 && r != 0xF7 {
			return latin
		}
		return noScript
	case r < 0x2B0, r >= 0x1E00 && r < 0x1F00:
		return latin
	case r >= 0x400 && r < 0x530:
		return within(r, cyrillic)
	case r >= 0x620 && r < 0x700, r >= 0x750 && r < 0x780:
		return within(r, arabic)
	case r >= 0x900 && r < 0x980:
		return spelled(r, devanagari)
	case r >= 0x980 && r < 0xA00:
		return spelled(r, bengali)
	case r >= 0xE00 && r < 0xE80:
		return spelled(r, thai)
	case r >= 0x3041 && r < 0x3100 && r != '・' && r != '゠', r >= 0x31F0 && r < 0x3200:
		return kana
	case r >= 0x3400 && r < 0x4DC0, r >= 0x4E00 && r < 0xA000, r >= 0xF900 && r < 0xFB00,
		r >= 0x20000 && r < 0x40000, r == '々':
		return han
	case r >= 0xAC00 && r < 0xD7A4, r >= 0x1100 && r < 0x1200, r >= 0x3131 && r < 0x3190:
		return hangul
	case unicode.IsLetter(r):
		return otherScript
	default:
		return noScript
	}
}

// within admits the letters of a block that also holds digits and signs.
func within(r rune, s script) script {
	if unicode.IsLetter(r) {
		return s
	}
	return noScript
}

// spelled admits the letters and vowel signs of a block.
func spelled(r rune, s script) script {
	if unicode.IsLetter(r) || unicode.IsMark(r) {
		return s
	}
	return noScript
}

// unspaced reports whether s is written without spaces between words, so that Latin terms touch it.
func unspaced(s script) bool {
	return s == han || s == kana || s == hangul || s == thai
}

// invisible reports whether r is left out of a word without cutting it: combining marks that did not compose (zalgo, the
// vowel marks of Arabic), zero-width characters, direction controls, the tatweel.
func invisible(r rune) bool {
	switch {
	case r < 0x80:
		return false
	case r == 0xAD, r == 0x640, r >= 0x300 && r < 0x370, r >= 0x64B && r < 0x660, r == 0x670:
		return true
	case r >= 0x200B && r < 0x2010, r >= 0x202A && r < 0x202F, r >= 0x2060 && r < 0x2070, r == 0xFEFF,
		r >= 0xFE00 && r < 0xFE10:
		return true
	default:
		return false
	}
}
