package lexical

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// class says how a stretch of text is cut into terms.
type class uint8

const (
	classNone class = iota
	classWord
	classUnspaced // Han, kana, Thai, Lao, Khmer, Myanmar: written without spaces
	classHangul   // spaced, but people space it freely
)

// gap says what stands between a token and the one before it.
type gap uint8

const (
	gapNone gap = iota
	gapSpace
	gapPunctuation
)

// token is a whole word, or one character of a script that is cut into bigrams.
type token struct {
	class class
	gap   gap
	text  string
	// hyphen is set when only a hyphen stands between this word and the one before it.
	hyphen bool
}

// maxWord bounds one word in bytes. Nothing longer is a word that two texts share; a hash or an address is shorter.
const maxWord = 128

// tokenize cuts folded text into tokens.
func tokenize(folded string) []token {
	tokens := make([]token, 0, len(folded)/5+4)
	between := gapPunctuation
	hyphen := false
	for i := 0; i < len(folded); {
		r, size := utf8.DecodeRuneInString(folded[i:])
		c := classOf(r)
		switch c {
		case classNone:
			hyphen = between == gapNone && r == '-'
			if unicode.IsSpace(r) || r == '-' || r == '_' || r == '/' {
				between = max(between, gapSpace)
			} else {
				between = gapPunctuation
			}
			i += size
			continue
		case classWord:
			size = wordLength(folded[i:])
			if word := cleanWord(folded[i : i+size]); word != "" {
				tokens = append(tokens, token{class: c, gap: between, hyphen: hyphen, text: word})
			}
		default:
			tokens = append(tokens, token{class: c, gap: between, text: folded[i : i+size]})
		}
		between, hyphen = gapNone, false
		i += size
	}
	return tokens
}

// wordLength is the length in bytes of the word that text begins with. An apostrophe stays inside a word, and a full stop
// or a comma inside a number: 0.0005 and 1,000 are one token.
func wordLength(text string) int {
	var last rune
	for i, r := range text {
		if classOf(r) == classWord || i > 0 && unicode.Is(unicode.Mn, r) {
			last = r
			continue
		}
		next, _ := utf8.DecodeRuneInString(text[i+utf8.RuneLen(r):])
		inWord := (r == '\'' || r == '’') && unicode.IsLetter(next) && classOf(next) == classWord
		inNumber := (r == '.' || r == ',') && isDigit(last) && isDigit(next)
		if !inWord && !inNumber {
			return i
		}
		last = r
	}
	return len(text)
}

// cleanWord drops apostrophes and the commas that group thousands, and bounds the length.
func cleanWord(word string) string {
	if strings.ContainsAny(word, "'’,") {
		word = strings.ReplaceAll(strings.ReplaceAll(word, "'", ""), "’", "")
		word = joinNumber(strings.Split(word, ","))
	}
	if len(word) > maxWord {
		word = strings.ToValidUTF8(word[:maxWord], "")
	}
	return word
}

// joinNumber joins what commas separate: groups of three digits belong to one whole number, anything else follows a
// decimal comma.
func joinNumber(groups []string) string {
	for _, g := range groups[1:] {
		if whole, _, _ := strings.Cut(g, "."); len(whole) != 3 {
			return strings.Join(groups, ".")
		}
	}
	return strings.Join(groups, "")
}

func classOf(r rune) class {
	switch {
	case r < unicode.MaxASCII:
		if 'a' <= r && r <= 'z' || '0' <= r && r <= '9' || 'A' <= r && r <= 'Z' {
			return classWord
		}
		return classNone
	case unicode.Is(unicode.Hangul, r):
		return classHangul
	case r == 'ー' || unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana,
		unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar):
		return classUnspaced
	case unicode.IsLetter(r) || unicode.IsDigit(r):
		return classWord
	default:
		return classNone
	}
}

func isDigit(r rune) bool { return '0' <= r && r <= '9' }
