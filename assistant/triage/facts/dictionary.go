package facts

import (
	"slices"
	"unicode"
	"unicode/utf8"
)

// dictionary finds terms in a folded text at a given place. A term of a script with spaces must begin a word, and end one
// unless it was added as a beginning; one of a script without spaces stands anywhere. Hangul counts as the latter, as its
// numbers touch their units.
type dictionary[V any] struct {
	// lengths of the terms in bytes, by their first character, the longest first.
	lengths map[rune][]int
	terms   map[string]entry[V]
}

type entry[V any] struct {
	beginning bool
	value     V
}

func newDictionary[V any]() dictionary[V] {
	return dictionary[V]{lengths: make(map[rune][]int), terms: make(map[string]entry[V])}
}

// add adds a term; one that ends in * is the beginning of words.
func (d dictionary[V]) add(term string, value V) {
	beginning := term[len(term)-1] == '*'
	if beginning {
		term = term[:len(term)-1]
	}
	term = fold(term)
	first, _ := utf8.DecodeRuneInString(term)
	if !slices.Contains(d.lengths[first], len(term)) {
		d.lengths[first] = append(d.lengths[first], len(term))
		slices.SortFunc(d.lengths[first], func(a, b int) int { return b - a })
	}
	d.terms[term] = entry[V]{beginning: beginning, value: value}
}

// at returns the longest term that stands at byte i, and its end.
func (d dictionary[V]) at(text string, i int) (value V, end int, ok bool) {
	if i >= len(text) || asciiLetterAt(text, i) && asciiLetterAt(text, i-1) { // the latter is insideWord, sooner
		return value, 0, false
	}
	first, _ := utf8.DecodeRuneInString(text[i:])
	lengths := d.lengths[first]
	if len(lengths) == 0 || !isDense(first) && insideWord(text, i) {
		return value, 0, false
	}
	for _, n := range lengths {
		if i+n > len(text) {
			continue
		}
		found, known := d.terms[text[i:i+n]]
		if known && (found.beginning || isDense(first) || endsWord(text, i+n)) {
			return found.value, i + n, true
		}
	}
	return value, 0, false
}

// insideWord reports whether a letter that is not of a script without spaces stands before byte i, behind another letter.
func insideWord(text string, i int) bool {
	before, _ := utf8.DecodeLastRuneInString(text[:i])
	return unicode.IsLetter(before) && !isDense(before)
}

func asciiLetterAt(text string, i int) bool {
	return i >= 0 && text[i]|0x20 >= 'a' && text[i]|0x20 <= 'z'
}

func endsWord(text string, i int) bool {
	last, _ := utf8.DecodeLastRuneInString(text[:i])
	next, _ := utf8.DecodeRuneInString(text[i:])
	return !unicode.IsLetter(last) || !unicode.IsLetter(next) || isDense(next)
}

// isDense reports whether a character belongs to a script without spaces, or to Hangul.
func isDense(r rune) bool {
	return r >= 0x3040 && r <= 0x30ff || r >= 0x3400 && r <= 0x9fff || r >= 0xac00 && r <= 0xd7a3
}
