package retrieval

import "unicode"

// cutWords cuts a folded text into its distinct words, in the order of their first occurrence. Scripts without spaces are cut
// into pairs of characters; one that stands alone is a word.
func cutWords(folded string) []string {
	c := wordCutter{seen: make(map[string]bool)}
	for _, r := range folded {
		kind := scriptOf(r)
		if kind != c.kind {
			c.end()
		}
		if c.kind = kind; kind != betweenWords {
			c.run = append(c.run, r)
		}
	}
	c.end()
	return c.words
}

type script byte

const (
	betweenWords script = iota
	spacedScript
	unspacedScript
)

func scriptOf(r rune) script {
	switch {
	case r == 'ー' || unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Lao, unicode.Khmer,
		unicode.Myanmar):
		return unspacedScript
	case unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r):
		return spacedScript
	default:
		return betweenWords
	}
}

type wordCutter struct {
	kind  script // of run
	run   []rune
	seen  map[string]bool
	words []string
}

func (c *wordCutter) end() {
	if c.kind != unspacedScript || len(c.run) == 1 {
		c.add(string(c.run))
	} else {
		for i := range max(len(c.run)-1, 0) {
			c.add(string(c.run[i : i+2]))
		}
	}
	c.run = c.run[:0]
}

func (c *wordCutter) add(word string) {
	if word != "" && !c.seen[word] {
		c.seen[word] = true
		c.words = append(c.words, word)
	}
}
