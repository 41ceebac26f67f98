package intent

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// maxRunes bounds the text that is looked at: what a long e-mail is about stands at its start, and the bound keeps
// Predict's time constant.
const maxRunes = 4000

// script tells how a token is cut into character n-grams.
type script int

const (
	// spaced is every script that puts spaces between words, and what does not fit elsewhere.
	spaced script = iota
	// dense is Han, kana and Hangul, where one or two characters already are a word.
	dense
)

// Combining marks of kana: か with voiced is が.
const (
	semiVoiced = '\u309a'
	voiced     = '\u3099'
)

// token is a run of letters and digits of one script.
type token struct {
	runes  []rune
	script script
}

// tokenize folds a text and cuts it into words. The folding makes what people type alike equal: case, full-width forms,
// accents (also those left out on a phone), traditional and simplified Chinese, Arabic letter variants. Numbers become
// one digit, so that no amount or order number is ever a feature.
func tokenize(text string) []token {
	runes := fold(text)
	var tokens []token
	for i := 0; i < len(runes); {
		kind, ok := scriptOf(runes[i])
		if !ok {
			i++
			continue
		}
		j := i + 1
		for j < len(runes) {
			next, ok := scriptOf(runes[j])
			if !ok || next != kind {
				break
			}
			j++
		}
		tokens = append(tokens, token{runes: shorten(runes[i:j]), script: kind})
		i = j
	}
	return tokens
}

// fold returns at most maxRunes folded runes; a byte that is not UTF-8 ends a word.
func fold(text string) []rune {
	// NFKD of one rune gives at most a handful; cutting the bytes first bounds the work on a huge text.
	if limit := maxRunes * utf8.UTFMax; len(text) > limit {
		text = text[:limit]
	}
	runes := make([]rune, 0, min(len(text), maxRunes))
	if !isASCII(text) {
		text = norm.NFKD.String(strings.ToValidUTF8(text, " "))
	}
	for _, r := range text {
		if r = foldRune(r); r < 0 {
			continue
		}
		if len(runes) == maxRunes {
			break
		}
		runes = append(runes, r)
	}
	return compose(runes)
}

// foldRune returns the rune that stands for r, or -1 when r is to be left out.
func foldRune(r rune) rune {
	switch {
	case r >= 'a' && r <= 'z':
		return r
	case r < utf8.RuneSelf:
		if r == '\'' {
			return -1 // can't = cant
		}
		if r >= '0' && r <= '9' {
			return '0'
		}
		return unicode.ToLower(r)
	case r == 'đ' || r == 'Đ':
		return 'd'
	case r == 'ı':
		return 'i'
	case r == '’' || r == 'ـ': // apostrophe, Arabic tatweel
		return -1
	case r == voiced || r == semiVoiced:
		return r
	case r == 'ى' || r == 'ی':
		return 'ي'
	case r == 'ة':
		return 'ه'
	case r == 'ک':
		return 'ك'
	case unicode.Is(unicode.Mn, r) || unicode.Is(unicode.Cf, r): // accents, harakat; zero-width and direction marks
		return -1
	case unicode.Is(unicode.Nd, r):
		return '0'
	case unicode.Is(unicode.Han, r):
		return simplify(r)
	}
	return unicode.ToLower(r)
}

// compose puts together again what NFKD took apart and folding must keep: Hangul syllables, which Korean n-grams count,
// and voiced kana.
func compose(runes []rune) []rune {
	for _, r := range runes {
		if r >= 0x1100 && r <= 0x11FF || r == voiced || r == semiVoiced {
			return []rune(norm.NFC.String(string(runes)))
		}
	}
	return runes
}

func scriptOf(r rune) (script, bool) {
	if r < utf8.RuneSelf {
		return spaced, r >= 'a' && r <= 'z' || r == '0'
	}
	if unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul) || r == 'ー' {
		return dense, true
	}
	return spaced, unicode.IsLetter(r) || unicode.IsMark(r)
}

// shorten turns every run of digits into one and every run of a letter of three and more into two (heeelp, 啊啊啊啊).
func shorten(runes []rune) []rune {
	out := runes[:0]
	for _, r := range runes {
		n := len(out)
		if r == '0' && n > 0 && out[n-1] == '0' {
			continue
		}
		if n > 1 && out[n-1] == r && out[n-2] == r {
			continue
		}
		out = append(out, r)
	}
	return out
}

func isASCII(text string) bool {
	for i := range len(text) {
		if text[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
