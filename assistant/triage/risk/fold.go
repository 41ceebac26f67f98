package risk

import (
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// tableSize covers the alphabets with case and accents, up to Greek Extended; what follows is folded by NFKC alone.
const tableSize = 0x2000

// drop marks a character that vanishes, such as a vowel sign.
const drop rune = -1

// folds holds the tables that bring different ways to write one thing together.
type folds struct {
	// base maps a letter to its lower case without accents.
	base [tableSize]rune
	// han maps a character to the variant that rules use (traditional to simplified).
	han map[rune]rune
	// toCyrillic and toLatin map look-alike letters between alphabets.
	toCyrillic, toLatin map[rune]rune
}

func newFolds(han map[rune]rune) *folds {
	f := &folds{han: han, toCyrillic: map[rune]rune{}, toLatin: map[rune]rune{}}
	for r := range rune(tableSize) {
		f.base[r] = baseLetter(r)
	}
	// After lower-casing: what a reader takes for the letter on the other side.
	for _, pair := range []string{
		"аa", "вb", "ьb", "сc", "ԁd", "еe", "һh", "нh", "іi", "јj", "кk", "ӏl", "мm", "пn", "оo", "рp", "ԛq", "гr", "ѕs", "тt", "иu", "ѵv",
		"ԝw", "шw", "хx", "уy", "зz",
	} {
		p := []rune(pair)
		f.toLatin[p[0]] = p[1]
		if _, ok := f.toCyrillic[p[1]]; !ok {
			f.toCyrillic[p[1]] = p[0]
		}
	}
	f.toCyrillic['b'] = 'в'
	for _, pair := range []string{
		"αa", "βb", "ϲc", "εe", "ηn", "ιi", "κk", "μm", "νv", "οo", "ρp", "τt", "υu", "χx", "γy", "ωw", "ζz", "ɑa", "ɡg", "ɩi", "օo", "ԍg",
	} {
		p := []rune(pair)
		f.toLatin[p[0]] = p[1]
	}
	return f
}

// appendFolded appends a lower-case letter without its accents.
func (f *folds) appendFolded(dst []rune, r rune) []rune {
	switch r {
	case 'ß':
		return append(dst, 's', 's')
	case 'æ':
		return append(dst, 'a', 'e')
	case 'œ':
		return append(dst, 'o', 'e')
	}
	if r < tableSize {
		if b := f.base[r]; b != drop {
			return append(dst, b)
		}
		return dst
	}
	return append(dst, r)
}

// word folds a word of a rule the way words of a text are folded. Exact is the lower-case word with its accents.
func (f *folds) word(w string) (folded, exact []rune) {
	for _, r := range norm.NFKC.String(w) {
		r = unicode.ToLower(r)
		if v, ok := f.han[r]; ok {
			r = v
		}
		exact = append(exact, r)
		folded = f.appendFolded(folded, r)
	}
	return folded, exact
}

// addLeetReadings appends what a word with digits or signs among its letters says when they stand for letters.
func addLeetReadings(s *scratch, w span) {
	word := s.runes[w.lo:w.hi]
	if len(word) > maxWord || scriptsOf(word) == 0 {
		return
	}
	s.addReading(func(dst []rune) []rune { return appendLeet(dst, word, 'i') })
	s.addReading(func(dst []rune) []rune { return appendLeet(dst, word, 'l') })
}

// addOtherReadings appends what else a word may be meant to say: with look-alike letters of the other alphabet, without
// repeated letters, without an Arabic prefix.
func (f *folds) addOtherReadings(s *scratch, w span) {
	word := s.runes[w.lo:w.hi]
	if len(word) > maxWord {
		return
	}
	scripts := scriptsOf(word)
	if scripts&(cyrillic|greek) != 0 {
		s.addReading(func(dst []rune) []rune { return appendMapped(dst, word, f.toLatin) })
	}
	if scripts == latin|cyrillic {
		s.addReading(func(dst []rune) []rune { return appendMapped(dst, word, f.toCyrillic) })
	}
	if scripts&arabic != 0 {
		for _, n := range arabicPrefixes(word) {
			s.addReading(func(dst []rune) []rune { return append(dst, word[n:]...) })
		}
	}
	if hasTriple(word) {
		s.addReading(func(dst []rune) []rune { return appendSqueezed(dst, word, 1) })
		s.addReading(func(dst []rune) []rune { return appendSqueezed(dst, word, 2) })
	}
}

const (
	latin = 1 << iota
	cyrillic
	greek
	arabic
)

func scriptsOf(word []rune) int {
	set := 0
	for _, r := range word {
		switch {
		case r >= 'a' && r <= 'z':
			set |= latin
		case r < 0x80:
		case r < 0x370:
			set |= latin
		case r < 0x400:
			set |= greek
		case r < 0x590:
			set |= cyrillic
		case r >= 0x600 && r < 0x700:
			set |= arabic
		}
	}
	return set
}

// appendLeet replaces digits and signs that stand for letters; one stands for i or l.
func appendLeet(dst, word []rune, one rune) []rune {
	for _, r := range word {
		switch r {
		case '0':
			r = 'o'
		case '1':
			r = one
		case '3':
			r = 'e'
		case '4', '@':
			r = 'a'
		case '5', '$':
			r = 's'
		case '7':
			r = 't'
		}
		dst = append(dst, r)
	}
	return dst
}

// appendMapped replaces look-alikes; letters without one stay.
func appendMapped(dst, word []rune, table map[rune]rune) []rune {
	for _, r := range word {
		if v, ok := table[r]; ok {
			r = v
		}
		dst = append(dst, r)
	}
	return dst
}

// hasTriple reports three equal letters in a row.
func hasTriple(word []rune) bool {
	run := 0
	for i, r := range word {
		if i > 0 && r != word[i-1] {
			run = 0
		}
		if run++; run == 3 {
			return true
		}
	}
	return false
}

// appendSqueezed shortens runs of three and more equal letters.
func appendSqueezed(dst, word []rune, keep int) []rune {
	for i := 0; i < len(word); {
		j := i
		for j < len(word) && word[j] == word[i] {
			j++
		}
		n := j - i
		if n > 2 {
			n = keep
		}
		for range n {
			dst = append(dst, word[i])
		}
		i = j
	}
	return dst
}

// arabicPrefixes returns the lengths of the conjunctions, prepositions and articles that a word may begin with.
func arabicPrefixes(word []rune) []int {
	var lens []int
	n := 0
	if len(word) > 3 && (word[0] == 'و' || word[0] == 'ف') {
		n = 1
		lens = append(lens, 1)
	}
	rest := word[n:]
	switch {
	case len(rest) > 4 && (rest[0] == 'ب' || rest[0] == 'ك') && rest[1] == 'ا' && rest[2] == 'ل':
		lens = append(lens, n+3)
	case len(rest) > 4 && rest[0] == 'ل' && rest[1] == 'ل', len(rest) > 4 && rest[0] == 'ا' && rest[1] == 'ل':
		lens = append(lens, n+2)
	case len(rest) > 4 && (rest[0] == 'ب' || rest[0] == 'ل'):
		lens = append(lens, n+1)
	}
	return lens
}

// baseLetter lower-cases a letter and takes its accents off.
func baseLetter(r rune) rune {
	if unicode.Is(unicode.Mn, r) || unicode.Is(unicode.Me, r) {
		return drop
	}
	r = unicode.ToLower(r)
	switch r {
	case 'đ', 'ð':
		return 'd'
	case 'ø':
		return 'o'
	case 'ł':
		return 'l'
	case 'ı':
		return 'i'
	case 'ى':
		return 'ي'
	case 'ة':
		return 'ه'
	case 'ک':
		return 'ك'
	case 'ی':
		return 'ي'
	}
	if d := norm.NFKD.PropertiesString(string(r)).Decomposition(); d != nil {
		for _, c := range string(d) {
			if !unicode.Is(unicode.Mn, c) {
				return unicode.ToLower(c)
			}
		}
	}
	return r
}
