package embed

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/deskhand/deskhand/retrieval/lexical"
)

// class says how a character is cut into features.
type class uint8

const (
	classNone     class = iota // separates
	classWord                  // scripts that put spaces between words
	classUnspaced              // Han, kana, Thai, Lao, Khmer, Myanmar
	classHangul                // spaced, but people space it freely
)

// basic is the number of characters in Unicode's Basic Multilingual Plane.
const basic = 1 << 16

// folding is lexical's folding as a table: one look-up a character instead of several. It is read only.
type folding struct {
	analyzer *lexical.Analyzer
	class    [basic]class
	// long holds what one character becomes when that is not exactly one.
	long map[rune][]rune
	to   [basic]rune // -1 where long has it
}

func newFolding() *folding {
	f := &folding{analyzer: lexical.NewAnalyzer(lexical.Termbase{}), long: make(map[rune][]rune)}
	// All in one text, each on a line of its own: folding them one by one takes ten times as long.
	var all strings.Builder
	var alone []rune
	for r := range rune(basic) {
		f.class[r], f.to[r] = classOf(r), r
		if r > '\n' && utf8.ValidRune(r) && !unchanged(r) {
			alone = append(alone, r)
			all.WriteRune(r)
			all.WriteByte('\n')
		}
	}
	folded := strings.Split(f.analyzer.Fold(all.String()), "\n")
	for i, r := range alone {
		to := []rune(folded[i])
		if len(to) == 1 && to[0] < basic {
			f.to[r] = to[0]
			continue
		}
		f.to[r] = -1
		f.long[r] = to
	}
	return f
}

// unchanged reports the large blocks that folding leaves alone.
func unchanged(r rune) bool {
	return r >= 0x3400 && r < 0x4e00 || r >= 0xac00 && r < 0xf900 // rare Han; Hangul, surrogates, private use
}

// runes appends the folded characters of text to out.
func (f *folding) runes(text string, out []rune) []rune {
	if composes(text) {
		text = norm.NFKC.String(text)
	}
	for _, r := range text {
		if r >= basic {
			out = append(out, []rune(f.analyzer.Fold(string(r)))...) // styled letters and rare Han: seldom
			continue
		}
		if to := f.to[r]; to >= 0 {
			out = append(out, to)
			continue
		}
		out = append(out, f.long[r]...)
	}
	return out
}

// composes reports whether text has characters that join with their neighbours: the sound marks of kana and single Hangul
// letters. All others are folded one by one.
func composes(text string) bool {
	for i := 0; i+2 < len(text); i++ {
		switch text[i] {
		case 0xe1: // U+1100 to U+11FF
			if text[i+1] >= 0x84 && text[i+1] <= 0x87 {
				return true
			}
		case 0xe3: // U+3099, U+309A
			if text[i+1] == 0x82 && (text[i+2] == 0x99 || text[i+2] == 0x9a) {
				return true
			}
		case 0xef: // U+FF9E, U+FF9F
			if text[i+1] == 0xbe && text[i+2] >= 0x9e && text[i+2] <= 0x9f {
				return true
			}
		}
	}
	return false
}

// classOf is the class of a folded character.
func classOf(r rune) class {
	switch {
	case r < unicode.MaxASCII:
		if 'a' <= r && r <= 'z' || '0' <= r && r <= '9' {
			return classWord
		}
		return classNone
	case unicode.Is(unicode.Hangul, r):
		return classHangul
	case r == 'ー' || unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Lao,
		unicode.Khmer, unicode.Myanmar):
		return classUnspaced
	case unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.Is(unicode.Mn, r) || unicode.Is(unicode.Mc, r):
		return classWord
	default:
		return classNone
	}
}

// fingerprint is a text that shows a change of the folding.
func (f *folding) fingerprint() string {
	var b strings.Builder
	for r := range rune(basic) {
		if to := f.to[r]; to != r {
			b.WriteRune(r)
			b.WriteRune(to)
			b.WriteString(string(f.long[r]))
		}
	}
	return b.String()
}
