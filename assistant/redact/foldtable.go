package redact

import (
	"sync"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// foldedRune is what a character folds to.
type foldedRune struct {
	lower, text string
	same        bool // one character, with as many bytes
}

// foldedRunes bounds the characters whose folded forms are kept: all scripts of the
// 14 languages but Chinese characters and Hangul syllables.
const foldedRunes = 0x3400

// foldTable is what folding knows of each character beforehand.
type foldTable struct {
	runes   [foldedRunes]foldedRune
	settled [1 << 16]bool // folds to itself, in lower case too; of those with two or three bytes
	small   [256]byte     // the small form of an ASCII character that is not [special]
}

var newFoldTable = sync.OnceValue(func() *foldTable {
	var table foldTable
	for c := range byte(utf8.RuneSelf) {
		if !special(c) {
			table.small[c] = byte(unicode.ToLower(rune(c)))
		}
	}
	for r := range rune(foldedRunes) {
		f := foldRune(r)
		table.runes[r] = f
		table.settled[r] = f.same && f.text == string(r) && f.lower == f.text && (r < firstInitial || r >= beforeFinals+finals)
	}
	for r := rune(foldedRunes); r < 1<<16; r++ {
		table.settled[r] = isHan(r) || r >= firstHangul && r <= lastHangul
	}
	return &table
})

// settledEnd returns the end of the run of characters at i, none of them ASCII, that
// fold to themselves.
func (t *foldTable) settledEnd(src string, i int) int {
	for i+1 < len(src) {
		c, d := src[i], src[i+1]
		if c-0xc2 < 0x1e && d-0x80 < 0x40 {
			if !t.settled[rune(c&0x1f)<<6|rune(d&0x3f)] {
				return i
			}
			i += 2
			continue
		}
		if c-0xe1 >= 0xd || i+2 >= len(src) || d-0x80 >= 0x40 || src[i+2]-0x80 >= 0x40 {
			return i // also where long forms and surrogates begin
		}
		if !t.settled[rune(c&0x0f)<<12|rune(d&0x3f)<<6|rune(src[i+2]&0x3f)] {
			return i
		}
		i += 3
	}
	return i
}

func foldRune(r rune) foldedRune {
	var b folder
	encoded := string(r)
	if d := norm.NFKD.PropertiesString(encoded).Decomposition(); d != nil && r >= utf8.RuneSelf {
		for len(d) > 0 {
			r, size := utf8.DecodeRune(d)
			b.simple(r)
			d = d[size:]
		}
		return foldedRune{lower: string(b.lower), text: string(b.text)}
	}
	b.simple(r)
	same := utf8.RuneCount(b.text) == 1 && len(b.text) == len(encoded)
	return foldedRune{lower: string(b.lower), text: string(b.text), same: same}
}
