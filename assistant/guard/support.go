package guard

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
)

// Where no source is in the language of the draft, the words cannot be compared, but vectors can: those of a model that puts a
// word and its translation near to each other. The weights are those of a logistic regression, scaled to add up to 1, on the
// half of evals/suites/entailment.tsv and of the sample articles that is tuned on, with the built-in table before this one, and
// tell as well with this one; alike is the score that 2.5 % of that half's true sentences lie below, alikeHarm 7 %:
// `deskhand eval entailment --half dev` prints both, and with "frozen" what they do to the other half. They belong to the table.
const (
	shareWords, shareNearest, shareMissing = 0.53, 0.47, 0.44

	nearWord  = 0.35  // cosine with the nearest word, below which a word of the draft is missing in its sources
	alike     = 0.262 // the least score of a sentence
	alikeHarm = 0.312 // the same for one that speaks of secrets, payments or trading
)

// Vectors are a model of words in all of the desk's languages. Texts that mean the same are near to each other.
type Vectors struct {
	Dimensions int
	// Weigh sets out, which has length Dimensions, to the vector of a text, of length 1, and returns how much the text says: 0
	// where it is unknown.
	Weigh func(text string, out []float32) (weight float64)
}

// Support is how much of a sentence is in texts of whatever language, as parts of 1.
type Support struct {
	Missing float64 // of the words that say something, by weight: those that have none near to them in the texts
	Nearest float64 // the cosine with the nearest sentence of the texts
	Words   float64 // the mean over the same words, by weight, of the cosine with the nearest word of the texts
}

// Score joins the findings to one number, at most 1.
func (s Support) Score() float64 {
	return shareWords*s.Words + shareNearest*s.Nearest - shareMissing*s.Missing
}

// Support returns what holds a sentence against a text as Check does where that is in another language. What is found out about the
// sentence is found out once, and about a text so that another sentence finds it. It is 0 without vectors, and not safe for
// concurrent use.
func (g *Guard) Support(sentence string) func(text string) Support {
	rest, amounts := withoutAmounts(fold(sentence))
	held := sync.OnceValue(func() heldSentence { return g.hold(g.withoutCourtesy(rest), amounts) })
	return func(text string) Support {
		if g.vectors.Weigh == nil {
			return Support{}
		}
		placed := g.texts.of(text, func(text string) *placedText { return g.place(fold(text)) })
		return held().against([]*placedText{placed})
	}
}

// checkTranslation reports a sentence that says something else than its sources, none of which is in its language. A sentence
// of which nothing is known, and any where there are no vectors, cannot be judged: a person reads it.
func (g *Guard) checkTranslation(plain string, c grounding, least float64) []Finding {
	if quoted(c.text, c.sources) || !strings.ContainsFunc(plain, unicode.IsLetter) {
		return nil
	}
	if g.vectors.Weigh == nil {
		return []Finding{{CheckGrounding, fmt.Sprintf("no cited source is in its language, and there are no vectors to compare it by: %q",
			excerpt(c.text))}}
	}
	if score := g.support(plain, c).Score(); score < least {
		return []Finding{{CheckGrounding, fmt.Sprintf("too little like the cited sources, in another language (%.2f, at least %.2f): %q",
			score, least, excerpt(c.text))}}
	}
	return nil
}

// support compares a folded sentence with its sources. What other checks found in them counts as so many words.
func (g *Guard) support(sentence string, c grounding) Support {
	if g.vectors.Weigh == nil {
		return Support{}
	}
	texts := make([]*placedText, len(c.sources))
	for i, s := range c.sources {
		texts[i] = s.place()
	}
	return g.hold(sentence, c.supported).against(texts)
}

// heldSentence is a sentence that is held against texts.
type heldSentence struct {
	supported int // so many words more, which other checks found in the texts
	whole     []float32
	words     []placedWord
}

// hold makes the vectors of a folded sentence.
func (g *Guard) hold(sentence string, supported int) heldSentence {
	held := heldSentence{supported: supported, whole: make([]float32, g.vectors.Dimensions), words: g.place(sentence).words}
	g.vectors.Weigh(sentence, held.whole)
	return held
}

func (h heldSentence) against(texts []*placedText) Support {
	var all, near, missing float64
	for _, word := range h.words {
		best := float32(0)
		for _, text := range texts {
			best = max(best, text.nearest(word))
		}
		all += word.weight
		near += word.weight * float64(best)
		if best < nearWord {
			missing += word.weight
		}
	}
	if all == 0 {
		return Support{Missing: 1}
	}
	known := all / float64(len(h.words)) * float64(h.supported)
	support := Support{Missing: missing / (all + known), Words: (near + known) / (all + known)}
	for _, text := range texts {
		for _, other := range text.sentences {
			support.Nearest = max(support.Nearest, float64(dot(h.whole, other)))
		}
	}
	return support
}

// place returns the text's vectors.
func (s *source) place() *placedText {
	if s.placed == nil {
		s.placed = s.guard.place(s.fold())
	}
	return s.placed
}

// placedText is a text as its vectors. Words are distinct.
type placedText struct {
	sentences [][]float32
	words     []placedWord
}

// placedWord is a word with its vector, or the asset that it names.
type placedWord struct {
	asset  string
	vector []float32
	weight float64
}

// place makes the vectors of a folded text.
func (g *Guard) place(folded string) *placedText {
	placed := &placedText{}
	for _, sentence := range sentencesOf(folded) {
		vector := make([]float32, g.vectors.Dimensions)
		if g.vectors.Weigh(sentence, vector) > 0 {
			placed.sentences = append(placed.sentences, vector)
		}
	}
	if strings.ContainsFunc(folded, isUnspaced) {
		folded = assetsUnspaced.Replace(folded)
	}
	seen := make(map[string]bool)
	for word := range words(folded) {
		for _, part := range partsOfWord(word) {
			if seen[part] || !strings.ContainsFunc(part, unicode.IsLetter) {
				continue
			}
			seen[part] = true
			if w := g.words.of(part, g.placeWord); w.weight > 0 {
				placed.words = append(placed.words, w)
			}
		}
	}
	return placed
}

// placeWord makes the vector of a word.
func (g *Guard) placeWord(word string) placedWord {
	w := placedWord{asset: assetOf(word), vector: make([]float32, g.vectors.Dimensions)}
	w.weight = g.vectors.Weigh(word, w.vector)
	return w
}

// partsOfWord cuts what a word has of scripts without spaces into pairs of characters; Korean words are whole.
func partsOfWord(word string) []string {
	var parts []string
	start, previous, inPairs := 0, 0, false
	end := func(i int) {
		if i > start && (!inPairs || start == previous) { // a character that stands alone is a word
			parts = append(parts, word[start:i])
		}
		start = i
	}
	for i, r := range word {
		if pairs := isUnspaced(r) && !unicode.Is(unicode.Hangul, r); i == 0 || pairs != inPairs {
			end(i)
			inPairs = pairs
		} else if pairs {
			parts = append(parts, word[previous:i+utf8.RuneLen(r)])
		}
		previous = i
	}
	end(len(word))
	return parts
}

// nearest is the cosine of a word and the nearest of the text's. An asset is no other, however near their vectors are.
func (p *placedText) nearest(word placedWord) float32 {
	if word.asset != "" {
		if slices.ContainsFunc(p.words, func(own placedWord) bool { return own.asset == word.asset }) {
			return 1
		}
		return 0
	}
	best := float32(0)
	for _, own := range p.words {
		best = max(best, dot(word.vector, own.vector))
	}
	return best
}

// dot is the inner product, added up in four lanes, which do not wait for each other.
func dot(a, b []float32) float32 {
	var s0, s1, s2, s3 float32
	for len(a) >= 4 && len(b) >= 4 {
		x, y := a[:4:4], b[:4:4]
		s0 += x[0] * y[0]
		s1 += x[1] * y[1]
		s2 += x[2] * y[2]
		s3 += x[3] * y[3]
		a, b = a[4:], b[4:]
	}
	for i := range min(len(a), len(b)) {
		s0 += a[i] * b[i]
	}
	return s0 + s1 + s2 + s3
}
