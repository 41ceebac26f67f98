package lexical

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Endings that inflection adds, longest first. They are not linguistics: a stem only has to be the same for the forms of
// one word more often than for two different words, in every language that shares the script.
var (
	latinEndings = []string{
		"ations", "ation", "iones", "mente", "ings", "ing", "ies", "ied", "ers", "ed", "es", "os", "as", "en", "er",
		"s", "e", "o", "a", "y", "i",
	}
	cyrillicEndings = []string{
		"ениями", "иями", "ение", "ения", "ению", "ением", "ами", "ями", "ого", "его", "ому", "ему", "ыми", "ими", "иях", "ией",
		"ать", "ить", "еть", "ов", "ев", "ей", "ой", "ый", "ий", "ая", "яя", "ое", "ее", "ые", "ие",
		"ию", "ия", "ии", "ах", "ях", "ам", "ям", "ом", "ем", "ую", "юю", "ть", "а", "о", "е", "ы", "и", "у", "ю", "я", "ь", "й",
	}
	arabicPrefixes = []string{"وال", "بال", "كال", "فال", "ال", "لل"}
	arabicEndings  = []string{"هما", "كما", "ات", "ون", "ين", "ان", "ها", "هم", "كم", "نا", "ه", "ي", "ك"}
)

// Letters that must remain after an ending or a prefix is removed.
const (
	minLatinStem    = 4
	minCyrillicStem = 4
	minArabicStem   = 3
)

// stem removes light inflection from a folded word. Words with digits (codes, tickers, hashes, amounts) stay whole.
func stem(word string) string {
	first, _ := utf8.DecodeRuneInString(word)
	if len(word) < minLatinStem || strings.ContainsAny(word, "0123456789") {
		return word
	}
	switch {
	case first < unicode.MaxASCII:
		return stemLatin(word)
	case unicode.Is(unicode.Cyrillic, first):
		return cutEnding(word, cyrillicEndings, minCyrillicStem)
	case unicode.Is(unicode.Arabic, first):
		for _, p := range arabicPrefixes {
			if rest, ok := strings.CutPrefix(word, p); ok && utf8.RuneCountInString(rest) >= minArabicStem {
				word = rest
				break
			}
		}
		return cutEnding(word, arabicEndings, minArabicStem)
	default:
		return word
	}
}

// stemLatin also cuts the plural of a word of three letters (fees, coins): it is the most frequent ending by far.
func stemLatin(word string) string {
	if short := cutEnding(word, latinEndings, minLatinStem); short != word || strings.HasSuffix(word, "ss") {
		return short
	}
	return cutEnding(word, []string{"s"}, minLatinStem-1)
}

func cutEnding(word string, endings []string, least int) string {
	for _, e := range endings {
		if rest, ok := strings.CutSuffix(word, e); ok && utf8.RuneCountInString(rest) >= least {
			return rest
		}
	}
	return word
}
