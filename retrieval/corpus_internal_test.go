package retrieval

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
)

// The synthetic knowledge base of the benchmark. Its words are made of syllables and follow Zipf's law, as in a language: 300
// that stand in every text, 60 for each of 400 topics, 20,000 for anything else. An article is about one topic, and the stand-in
// model makes a vector of the words of a text, so that vectors lie in clusters as those of real articles do: among random
// vectors, where all distances are alike, recall would say nothing.
const (
	corpusCommon       = 300
	corpusTopics       = 400
	corpusTopicWords   = 60
	corpusRare         = 20_000
	corpusSections     = 5
	corpusSectionWords = 60
	// rareLocale has one article in 200.
	rareLocale = "vi"
	rareEvery  = 200
)

// corpus makes texts, the same ones every time.
type corpus struct{ random *rand.Rand }

func newCorpus(seed uint64) corpus { return corpus{random: rand.New(rand.NewPCG(seed, 7))} }

// articles yields as many as have n passages in all.
func (c corpus) articles(n int) func(yield func(Article, error) bool) {
	return func(yield func(Article, error) bool) {
		for i := range n / corpusSections {
			topic := c.random.IntN(corpusTopics)
			var body strings.Builder
			for section := range corpusSections {
				fmt.Fprintf(&body, "## %s\n\n%s.\n\n", c.text(topic, 3), c.text(topic, corpusSectionWords-section))
			}
			a := Article{
				Audience: AudiencePublic, Body: body.String(), Locale: corpusLocale(i), Slug: fmt.Sprint("article-", i),
				Status: StatusPublished, Title: c.text(topic, 5),
			}
			if !yield(a, nil) {
				return
			}
		}
	}
}

// corpusLocale spreads articles over languages: half of them English, 0.5 % the rare one.
func corpusLocale(i int) string {
	others := []string{"es", "de", "pt", "id", "fr"}
	switch {
	case i%rareEvery == 0:
		return rareLocale
	case i%2 == 0:
		return "en"
	}
	return others[i/2%len(others)]
}

// questions are texts of ten words about the topics.
func (c corpus) questions(n int) []string {
	questions := make([]string, n)
	for i := range questions {
		questions[i] = c.text(c.random.IntN(corpusTopics), 10)
	}
	return questions
}

func (c corpus) text(topic, words int) string {
	text := make([]string, words)
	for i := range text {
		switch kind := c.random.Float64(); {
		case kind < 0.45:
			text[i] = corpusWord(c.zipf(corpusCommon))
		case kind < 0.85:
			text[i] = corpusWord(corpusCommon + topic*corpusTopicWords + c.zipf(corpusTopicWords))
		default:
			text[i] = corpusWord(corpusCommon + corpusTopics*corpusTopicWords + c.zipf(corpusRare))
		}
	}
	return strings.Join(text, " ")
}

// zipf returns a rank below n; the k-th is 1/k as frequent as the first.
func (c corpus) zipf(n int) int { return int(math.Exp(c.random.Float64()*math.Log(float64(n)+1))) - 1 }

// corpusWord spells a number in syllables, at least two.
func corpusWord(n int) string {
	const consonants, vowels = "bdfgklmnprst", "aeiou"
	var word strings.Builder
	for n += len(consonants) * len(vowels); n > 0; n /= len(consonants) * len(vowels) {
		word.WriteByte(consonants[n%len(consonants)])
		word.WriteByte(vowels[n/len(consonants)%len(vowels)])
	}
	return word.String()
}
