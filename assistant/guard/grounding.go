package guard

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// grounded is the share of a sentence's content that must occur in its sources when both are in one language. Paraphrases
// of the test cases reach 0.6 and more; sentences about something else stay below 0.3.
const grounded = 0.45

// The least content that can be judged: below it a single synonym decides. A word is as much as two pairs of characters.
const (
	fewestGrams = 4
	fewestPairs = 8
)

// checkGrounding reports a sentence whose words do not come from its sources. Content is measured in the first five
// letters of words, which most inflection leaves alone, and in pairs of characters for scripts without spaces. Where the
// sources are in another language, the model translated, and this test says nothing.
func (g *Guard) checkGrounding(folded, language string, sources []*source) []Finding {
	own := grams(g.withoutCourtesy(folded))
	found := 0
	sameLanguage := false
	for _, s := range sources {
		sameLanguage = sameLanguage || s.isIn(language)
	}
	if !sameLanguage {
		return nil
	}
	if len(own) < fewestGrams || len(own) < fewestPairs && isPairs(own) {
		return g.checkShort(folded, sources)
	}
	for gram := range own {
		for _, s := range sources {
			if s.hasGram(gram) {
				found++
				break
			}
		}
	}
	if share := float64(found) / float64(len(own)); share < grounded {
		return []Finding{{CheckGrounding, fmt.Sprintf("only %.0f %% of it is in the cited sources: %q", share*100, excerpt(folded))}}
	}
	return nil
}

// checkShort reports a sentence too short to be weighed of which nothing at all is in its sources. A courtesy needs none.
func (g *Guard) checkShort(folded string, sources []*source) []Finding {
	content := contentOf(g.withoutCourtesy(folded))
	for gram := range content {
		if slices.ContainsFunc(sources, func(s *source) bool { return s.isAbout(gram) }) {
			return nil
		}
	}
	if len(content) == 0 {
		return nil
	}
	return []Finding{{CheckGrounding, fmt.Sprintf("nothing of it is in the cited sources: %q", excerpt(folded))}}
}

// withoutCourtesy blanks words that need no source: please, thank you, a moment.
func (g *Guard) withoutCourtesy(folded string) string {
	out := []byte(folded)
	for _, h := range g.lexicon.find(folded) {
		if h.category == catCourtesy {
			for i := h.start; i < h.end; i++ {
				out[i] = ' '
			}
		}
	}
	return string(out)
}

func (s *source) isAbout(gram string) bool {
	if s.content == nil {
		s.content = contentOf(s.fold())
	}
	return s.content[gram]
}

// warns reports a sentence that tells the customer to keep a secret: it is right whatever the sources say, and its words need
// not be theirs.
func (g *Guard) warns(folded string) bool {
	return !slices.ContainsFunc(sentencesOf(folded), func(text string) bool {
		s := sentence{hits: g.lexicon.find(text), text: text}
		return !s.has(catSecret) || !s.has(catNeg, catWeNeg, catNegAfter, catThird)
	})
}

// isIn reports whether the text is in a language, as far as can be told: a short text is, when no other language has more
// stop words in it.
func (s *source) isIn(language string) bool {
	if s.language != "" {
		return s.language == language
	}
	if s.language = languageOf(s.text); s.language != "" {
		return s.language == language
	}
	own := 0
	most := 0
	for i, n := range stopwordCounts(s.text) {
		most = max(most, n)
		if latinLanguages[i].language == language {
			own = n
		}
	}
	return own > 0 && own == most
}

func (s *source) hasGram(gram string) bool {
	if s.grams == nil {
		s.grams = grams(s.fold())
	}
	return s.grams[gram]
}

// grams returns the content of a folded text: word beginnings and pairs of characters.
func grams(text string) map[string]bool {
	const beginning = 5
	content := make(map[string]bool)
	for word := range words(text) {
		if strings.ContainsFunc(word, isUnspaced) {
			addPairs(content, word)
			continue
		}
		if len(word) == beginning && stopwords[word] == 0 {
			word = strings.TrimSuffix(word, "s") // "needs", "coins": a letter less than a beginning, in one of two forms
		}
		runes := 0
		for i := range word {
			if runes == beginning {
				word = word[:i]
				break
			}
			runes++
		}
		if runes >= 4 && strings.ContainsFunc(word, unicode.IsLetter) && stopwords[word] == 0 {
			content[word] = true
		}
	}
	return content
}

// addPairs adds the pairs of neighbouring characters of a word without spaces; Latin words inside it are left out.
func addPairs(content map[string]bool, word string) {
	previous := 0
	for i, r := range word {
		if !isUnspaced(r) {
			previous = i + utf8.RuneLen(r)
			continue
		}
		if pair := word[previous : i+utf8.RuneLen(r)]; i > previous && !isGrammar(pair) {
			content[pair] = true
		}
		previous = i
	}
}

// isGrammar reports a pair that says little by itself: with hiragana, or of a Korean ending of politeness.
func isGrammar(pair string) bool {
	switch pair {
	case "니다", "습니", "합니", "입니", "주세", "세요", "하세", "해주", "십시", "시오":
		return true
	}
	return strings.ContainsFunc(pair, func(r rune) bool { return unicode.Is(unicode.Hiragana, r) })
}

// isPairs reports whether most of a content is pairs of characters.
func isPairs(content map[string]bool) bool {
	pairs := 0
	for gram := range content {
		if isUnspacedAt(gram, 0) {
			pairs++
		}
	}
	return pairs*2 > len(content)
}
