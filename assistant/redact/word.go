package redact

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// word is a run of letters in the folded text.
type word struct {
	lists      listSet
	start, end int32
	digest     uint32 // fingerprint; 0 of what is no single word
	gap        bool   // so far from the word before it that the two cannot belong to one phrase
	han        bool   // more than one Chinese character without a space between
}

// isFunction reports whether w holds sentences together.
func (w word) isFunction() bool { return w.lists&functionBit != 0 }

// maxGap is the number of bytes that may lie between two words of one phrase:
// a table with numbers, rules and padding, but not a sentence of other script
// or a hash.
const maxGap = 48

// words splits the folded text into words. Labels ("word 3:", "w3", "2nd"),
// markup and character entities count as separators.
func (s *scan) words() []word {
	words := make([]word, 0, len(s.lower)/5+1)
	last := 0
	for i := 0; i < len(s.lower); {
		c := s.lower[i]
		if c-'a' >= 26 && c < utf8.RuneSelf {
			i += s.separator(i)
			continue
		}
		end, hash := s.asciiEnd(i)
		var w word
		if end < len(s.lower) && s.lower[end] >= utf8.RuneSelf {
			if end = s.wordEnd(i); end == i {
				_, size := utf8.DecodeRuneInString(s.lower[i:])
				i += size
				continue
			}
			w = s.newWord(i, end)
		} else {
			w = word{start: offset32(i), end: offset32(end), lists: s.r.lexicon.known.find(hash), digest: hash}
		}
		if s.isLabel(i, end) {
			i = end
			continue
		}
		w.gap = i-last > maxGap
		words = append(words, w)
		last, i = end, end
	}
	return words
}

// separator returns the length of what separates words at i, an ASCII character
// that is no letter.
func (s *scan) separator(i int) int {
	switch s.lower[i] {
	case '<', '&':
		return markup(s.lower[i:])
	case '\\': // escaped line ends of JSON and logs
		if i+1 < len(s.lower) && (s.lower[i+1] == 'n' || s.lower[i+1] == 'r' || s.lower[i+1] == 't') {
			return 2
		}
	}
	return 1
}

// asciiEnd returns the end of the run of ASCII letters at i, and its fingerprint.
func (s *scan) asciiEnd(i int) (end int, digest uint32) {
	hash := uint32(fnvOffset)
	for i < len(s.lower) && s.lower[i]-'a' < 26 {
		hash = (hash ^ uint32(s.lower[i])) * fnvPrime
		i++
	}
	return i, hash & printMask
}

// wordEnd returns the end of the run of letters at i. Chinese characters and
// letters of other scripts do not share a word.
func (s *scan) wordEnd(i int) int {
	han := false
	for first := true; i < len(s.lower); first = false {
		c := s.lower[i]
		if c < utf8.RuneSelf {
			if !isLetterByte(c) || han {
				return i
			}
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(s.lower[i:])
		if r < foldedRunes {
			if !s.r.lexicon.letter[r] {
				return i
			}
		} else if !isHan(r) && !unicode.IsLetter(r) {
			return i
		}
		if first {
			han = isHan(r)
		} else if isHan(r) != han {
			return i
		}
		i += size
	}
	return i
}

// letterTable returns unicode.IsLetter of the scripts of the 14 languages.
func letterTable() *[foldedRunes]bool {
	var table [foldedRunes]bool
	for r := range rune(foldedRunes) {
		table[r] = unicode.IsLetter(r)
	}
	return &table
}

// newWord makes a word with letters outside ASCII. One that mixes Latin letters
// with look-alikes of another script is read as Latin.
func (s *scan) newWord(start, end int) word {
	w := word{start: offset32(start), end: offset32(end)}
	text := s.lower[start:end]
	if r, size := utf8.DecodeRuneInString(text); isHan(r) && end-start > size {
		w.han = true
		if end-start <= 2*hanSize {
			w.digest = fingerprint(text)
		}
		return w
	}
	w.digest = fingerprint(text)
	w.lists = s.r.lexicon.known.find(w.digest)
	if w.lists == 0 && end-start <= longestListed {
		if latin, mixed := latinLookalikes(text); mixed {
			w.lists = s.r.lexicon.find(latin)
		}
	}
	return w
}

// longestListed is the number of bytes of the longest Latin word in any list,
// twice: each letter may be a look-alike with two bytes.
const longestListed = 32

// isLabel reports whether the letters from start to end only number something:
// "w3", "word 12:", "2nd". Words like "number" and "seed" are in the lists too,
// so they must number several things to count as labels.
func (s *scan) isLabel(start, end int) bool {
	if start > 0 && isDigitByte(s.lower[start-1]) && (end-start <= 2 || s.lower[start] >= utf8.RuneSelf && isHanLabel(s.lower[start:end])) {
		return true
	}
	i := end
	for i < len(s.lower) && i < end+2 && (s.lower[i] == '#' || s.lower[i] == ' ') {
		i++
	}
	if i == len(s.lower) || !isDigitByte(s.lower[i]) {
		return false
	}
	if i == end && end-start <= 2 {
		return true
	}
	const several = 4
	text := s.lower[start:end]
	n, counted := s.labels[text]
	if !counted && isLabelWord(text) {
		n = strings.Count(s.lower, text)
		if s.labels == nil {
			s.labels = map[string]int{}
		}
		s.labels[text] = n
	}
	return n >= several
}

// isLabelWord tells the words that announce the number of a word.
func isLabelWord(text string) bool {
	switch text {
	case "word", "num", "number", "seed", "wort", "palabra", "palavra", "mot", "kelime", "kata", "parola", "слово", "كلمة":
		return true
	}
	return false
}

// markup returns the length of the HTML tag or character entity that text begins
// with, or 1. People put secrets in angle brackets too, so a tag must have a
// usual name, and attributes if it has more.
func markup(text string) int {
	const longestEntity, longestTag = 10, 64
	if text[0] == '&' {
		for i := 1; i < min(len(text), longestEntity); i++ {
			if text[i] == ';' {
				return i + 1
			}
			if !isAlnumByte(text[i]) && text[i] != '#' {
				break
			}
		}
		return 1
	}
	name := 1
	if name < len(text) && text[name] == '/' {
		name++
	}
	i := name
	for i < len(text) && isAlnumByte(text[i]) {
		i++
	}
	switch text[name:i] {
	case "a", "b", "body", "br", "code", "div", "em", "font", "h1", "h2", "h3", "html", "i", "li", "ol", "p", "pre", "span",
		"strong", "table", "tbody", "td", "th", "tr", "u", "ul":
	default:
		return 1
	}
	inside, _, closed := strings.Cut(text[i:min(len(text), i+longestTag)], ">")
	if closed && (strings.Trim(inside, " /") == "" || strings.Contains(inside, "=")) {
		return i + len(inside) + 1
	}
	return 1
}
