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
	words := make([]word, 0, len(s.lower)/4+1) // also of Vietnamese, whose words are short
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
			if size := s.thenAt(i); size > 0 {
				i += size
				continue
			}
			if w = s.foreignWord(i); w.end == w.start {
				_, size := characterAt(s.lower, i)
				i += size
				continue
			}
			end = int(w.end)
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

// thenAt returns the length of a Japanese "and then" at i that a word follows without a space: 、次に…. Nothing else tells it
// from the word, and it begins no word of a list.
func (s *scan) thenAt(i int) int {
	if c, _ := characterAt(s.lower, i); c != '次' && c != 'そ' {
		return 0
	}
	if before, _ := utf8.DecodeLastRuneInString(s.lower[:i]); unicode.IsLetter(before) {
		return 0
	}
	for _, then := range [...]string{"次に", "次は", "それから", "そして", "その次に", "その次は"} {
		end := i + len(then)
		if strings.HasPrefix(s.lower[i:], then) && end < len(s.lower) && s.r.lexicon.script(s.lower, end) != noLetter {
			return len(then)
		}
	}
	return 0
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

// foreignWord returns the run of letters at i, some of them outside ASCII; it is
// empty where none begins. Chinese characters, kana and Hangul, and letters of other
// scripts do not share a word. One that mixes Latin letters with look-alikes of another script is
// read as Latin.
func (s *scan) foreignWord(start int) word {
	i, hash := start, uint32(fnvOffset)
	script, ascii := s.r.lexicon.script(s.lower, start), false
	for script != noLetter && i < len(s.lower) && s.r.lexicon.script(s.lower, i) == script {
		ascii = ascii || s.lower[i] < utf8.RuneSelf
		hash = (hash ^ uint32(s.lower[i])) * fnvPrime
		for i++; i < len(s.lower) && s.lower[i]&0xc0 == 0x80; i++ { // the rest of the character
			hash = (hash ^ uint32(s.lower[i])) * fnvPrime
		}
	}
	w := word{start: offset32(start), end: offset32(i)}
	if script == hanLetter && i-start > hanSize {
		w.han = true
		if i-start <= 2*hanSize {
			w.digest = hash & printMask
		}
		return w
	}
	w.digest = hash & printMask
	w.lists = s.r.lexicon.known.find(w.digest)
	if w.lists == 0 && ascii && i-start <= longestListed {
		if latin, mixed := latinLookalikes(s.lower[start:i]); mixed {
			w.lists = s.r.lexicon.find(latin)
		}
	}
	return w
}

// script tells which characters share a word.
type script uint8

const (
	noLetter script = iota
	letter
	hanLetter  // a Chinese character
	eastLetter // of kana or Hangul, which people put beside Latin words without a space
)

// scriptTable returns the scripts of the characters with at most three bytes.
func scriptTable() *[1 << 16]script {
	var table [1 << 16]script
	for r := range rune(len(table)) {
		switch {
		case isHan(r):
			table[r] = hanLetter
		case unicode.In(r, unicode.Hiragana, unicode.Katakana, unicode.Hangul) || r == 0x30fc: // the last makes vowels long
			table[r] = eastLetter
		case unicode.IsLetter(r):
			table[r] = letter
		}
	}
	return &table
}

// script returns the script of the character at i of a folded text.
func (x *lexicon) script(text string, i int) script {
	r, _ := characterAt(text, i)
	if int(r) < len(x.scripts) {
		return x.scripts[r]
	}
	if unicode.IsLetter(r) {
		return letter
	}
	return noLetter
}

// characterAt returns the character at i and its length. The text must be valid UTF-8,
// as folded text is.
func characterAt(text string, i int) (rune, int) {
	switch c := text[i]; {
	case c < utf8.RuneSelf:
		return rune(c), 1
	case c < 0xe0:
		return rune(c&0x1f)<<6 | rune(text[i+1]&0x3f), 2
	case c < 0xf0:
		return rune(c&0x0f)<<12 | rune(text[i+1]&0x3f)<<6 | rune(text[i+2]&0x3f), 3
	}
	return utf8.DecodeRuneInString(text[i:])
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
