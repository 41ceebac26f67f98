package passage

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Sentence ends. Those of scripts that put no space after them end a sentence by themselves; the others only before a
// space, so that 0.0005, help.quayside.example and v2.1 stay whole.
const (
	closedEnds = "。！？｡．…‥।॥။။។"
	openEnds   = ".!?؟۔"
	closers    = "\"'”’)]）】」』»"
)

// Sentences cuts a text at its sentence ends, in any script; joined again the parts are the text. Line ends cut too.
func Sentences(text string) []string {
	var sentences []string
	start := 0
	cut := func(end int) {
		if strings.TrimSpace(text[start:end]) != "" {
			sentences = append(sentences, text[start:end])
			start = end
		}
	}
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRuneInString(text[i:])
		end := i + size
		switch {
		case r == '\n':
			cut(end)
		case strings.ContainsRune(closedEnds, r), (r == '!' || r == '?') && isUnspaced(lastRune(text[start:i])):
			end = skipAny(text, end, closedEnds+closers)
			cut(skipSpaces(text, end))
		case strings.ContainsRune(openEnds, r) && !isAbbreviation(text[start:i]):
			end = skipAny(text, end, openEnds+closers)
			after := skipSpaces(text, end)
			first, _ := utf8.DecodeRuneInString(text[after:])
			if next, _ := utf8.DecodeRuneInString(text[end:]); (end == len(text) || unicode.IsSpace(next)) && !unicode.IsLower(first) {
				cut(after)
				end = after
			}
		}
		i = max(end, start)
	}
	rest := text[start:]
	if len(sentences) > 0 && strings.TrimSpace(rest) == "" {
		sentences[len(sentences)-1] += rest
	} else if rest != "" {
		sentences = append(sentences, rest)
	}
	return sentences
}

// isAbbreviation reports whether a full stop after text belongs to a list number or a short form and ends no sentence.
func isAbbreviation(text string) bool {
	word := text[strings.LastIndexAny(text, " \n\t(（")+1:]
	if word == "" {
		return false
	}
	digits := strings.Trim(word, "0123456789") == ""
	if digits {
		// "1." at the start of a line numbers a step; "in 2024." ends a sentence.
		return len(word) <= 2 && strings.TrimSpace(text) == word
	}
	switch strings.ToLower(word) {
	case "e.g", "i.e", "etc", "vs", "no", "mr", "mrs", "dr", "approx", "z.b", "bzw", "ca", "p.ej", "т.е", "т.д", "т.п":
		return true
	}
	return false
}

func skipAny(text string, from int, set string) int {
	for from < len(text) {
		r, size := utf8.DecodeRuneInString(text[from:])
		if !strings.ContainsRune(set, r) {
			break
		}
		from += size
	}
	return from
}

func skipSpaces(text string, from int) int {
	for from < len(text) {
		r, size := utf8.DecodeRuneInString(text[from:])
		if !unicode.IsSpace(r) || r == '\n' {
			break
		}
		from += size
	}
	return from
}

func lastRune(s string) rune {
	r, _ := utf8.DecodeLastRuneInString(s)
	return r
}

// isUnspaced reports the scripts that are written without spaces, with their punctuation.
func isUnspaced(r rune) bool {
	return unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar) ||
		r >= 0x3000 && r <= 0x303f || r >= 0xff00 && r <= 0xff60
}
