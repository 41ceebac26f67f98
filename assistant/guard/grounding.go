package guard

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// grounded is the share of a sentence's content that must occur in its sources when both are in one language. On
// evals/suites/guard-dev.jsonl paraphrases reach 0.38 and more, but for one of 0.33; sentences about something else stay
// below 0.3.
const grounded = 0.36

// groundedHarm is the same for a sentence that speaks of secrets, payments or trading: the lists of the guard do not know every
// way to ask for them, and no courtesy or number makes up for words that no source has.
const groundedHarm = 0.5

// The least content that can be judged: below it a single synonym decides. A word is as much as two pairs of characters.
const (
	fewestGrams = 4
	fewestHan   = 5 // and Korean stems
	fewestPairs = 8
)

// grounding is a sentence and what it must come from.
type grounding struct {
	language  string
	sources   []*source
	supported int    // contacts and days of it, which other checks compare
	text      string // folded, without them
}

// checkGrounding reports a sentence whose words do not come from its sources. Content is measured in the first five
// letters of words, which most inflection leaves alone, and in pairs of characters for scripts without spaces. Numbers are
// compared elsewhere: one that the sources have counts for the sentence. Where the sources are in another language, the
// model translated: see checkTranslation.
func (g *Guard) checkGrounding(c grounding) []Finding {
	rest, amounts := withoutAmounts(c.text)
	supported, least, leastAlike, plain := c.supported+amounts, grounded, alike, rest
	if g.touchesHarm(c.text) {
		supported, least, leastAlike = 0, groundedHarm, alikeHarm
	} else {
		plain = g.withoutCourtesy(rest)
	}
	if !slices.ContainsFunc(c.sources, func(s *source) bool { return s.isIn(c.language) }) {
		c.supported = supported
		return g.checkTranslation(plain, c, leastAlike)
	}
	own := grams(plain)
	if isShort(own) {
		if supported > 0 {
			return nil
		}
		return checkShort(plain, c)
	}
	found := supported
	for gram := range own {
		for _, s := range c.sources {
			if s.hasGram(gram) {
				found++
				break
			}
		}
	}
	if share := float64(found) / float64(len(own)+supported); share < least {
		return []Finding{{CheckGrounding, fmt.Sprintf("only %.0f %% of it is in the cited sources: %q", share*100, excerpt(c.text))}}
	}
	return nil
}

// isShort reports a content that is too little to be weighed. Japanese puts more characters to a word.
func isShort(content map[string]bool) bool {
	pairs, han, hangul := 0, 0, 0
	for gram := range content {
		if isUnspacedAt(gram, 0) {
			pairs++
		}
		switch r, _ := utf8.DecodeRuneInString(gram); {
		case isHan(r):
			han++
		case unicode.Is(unicode.Hangul, r):
			hangul++
		}
	}
	switch {
	case han*2 > len(content), hangul*2 > len(content):
		return len(content) < fewestHan
	case pairs*2 > len(content):
		return len(content) < fewestPairs
	}
	return len(content) < fewestGrams
}

// touchesHarm reports a sentence with a word of what a reply must never ask for or advise.
func (g *Guard) touchesHarm(folded string) bool {
	s := sentence{hits: g.lexicon.find(folded), text: folded}
	return s.has(catCounsel, catOutlook, catPromised, catRemoteApp, catRemoteAsk, catSecret) ||
		s.has(catAdvise) && s.has(catTrade, catAsset) || s.has(catPay) && s.has(catPayGoal)
}

// withoutAmounts blanks the numbers that have a unit, and counts them.
func withoutAmounts(folded string) (string, int) {
	measured, _ := measuresIn(folded, draftNumbers)
	out := []byte(folded)
	for _, m := range measured {
		for i := m.start; i < m.end; i++ {
			out[i] = ' '
		}
	}
	return string(out), len(measured)
}

// checkShort reports a sentence too short to be weighed of which nothing at all is in its sources. A courtesy needs none.
func checkShort(plain string, c grounding) []Finding {
	content := contentOf(plain)
	for gram := range content {
		if slices.ContainsFunc(c.sources, func(s *source) bool { return s.isAbout(gram) }) {
			return nil
		}
	}
	if len(content) == 0 {
		return nil
	}
	return []Finding{{CheckGrounding, fmt.Sprintf("nothing of it is in the cited sources: %q", excerpt(c.text))}}
}

// withoutCourtesy blanks words that need no source: please, thank you, a moment; also, then, make sure. A question that offers
// help says nothing.
func (g *Guard) withoutCourtesy(folded string) string {
	const longestOffer = 80 // characters
	out := []byte(folded)
	offer := strings.HasSuffix(strings.TrimSpace(folded), "?") && utf8.RuneCountInString(folded) <= longestOffer
	for _, h := range g.lexicon.find(folded) {
		if h.category == catCourtesy && offer {
			return ""
		}
		if h.category == catCourtesy || h.category == catFiller {
			for i := h.start; i < h.end || i < len(out) && !endsWord(folded, i); i++ { // an entry may go on, its word counts
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
	if s.guard.detect != nil {
		const sure = 0.8
		if tag, certainty := s.guard.detect(s.text); certainty >= sure {
			s.language = tag
			return tag == language
		}
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
// Names of assets count as what they name.
func grams(text string) map[string]bool {
	const beginning = 5
	content := make(map[string]bool)
	if strings.ContainsFunc(text, isUnspaced) {
		text = assetsUnspaced.Replace(text)
	}
	for word := range words(text) {
		if strings.ContainsFunc(word, isUnspaced) {
			addPairs(content, word)
			continue
		}
		if asset := assetOf(word); asset != "" {
			content[asset] = true
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
		if (runes >= 4 || isVietnamese(word)) && strings.ContainsFunc(word, unicode.IsLetter) && stopwords[word] == 0 {
			content[word] = true
		}
	}
	return content
}

// isVietnamese reports a syllable with letters that only Vietnamese has: its words are made of short ones.
func isVietnamese(word string) bool {
	return strings.ContainsFunc(word, func(r rune) bool {
		return r >= 'ạ' && r <= 'ỹ' || strings.ContainsRune("ăđơư", r)
	})
}

// hanGrammar are characters between the words of Chinese, and what a sentence may be turned with: no part of a word that
// says what it is about, or seldom.
const hanGrammar = "的了在就一旦后後可以会會能将將已經经您我们們请請是有和與与及或也都再则則若如果即被把对對于於其这這那个個时時之内內前里裡还還需要为為从從自由给給等该該此吗嗎呢吧只先"

// addPairs adds the pairs of neighbouring characters of a word without spaces; Latin words inside it are left out.
func addPairs(content map[string]bool, word string) {
	previous := 0
	word = koreanStem(word)
	chinese := !strings.ContainsFunc(word, isKana)
	for i, r := range word {
		if !isUnspaced(r) || chinese && strings.ContainsRune(hanGrammar, r) {
			previous = i + utf8.RuneLen(r)
			continue
		}
		if pair := word[previous : i+utf8.RuneLen(r)]; i > previous && !isGrammar(pair) {
			content[pair] = true
		}
		previous = i
	}
}

func isKana(r rune) bool { return unicode.In(r, unicode.Hiragana, unicode.Katakana) }

// isGrammar reports a pair that says little by itself, for it has hiragana.
func isGrammar(pair string) bool {
	return strings.ContainsFunc(pair, func(r rune) bool { return unicode.Is(unicode.Hiragana, r) })
}

// koreanEndings are particles and endings of politeness, the longest first.
var koreanEndings = []string{
	"하겠습니다", "되었습니다", "하였습니다", "했습니다", "됐습니다", "있습니다", "없습니다", "해주세요", "하십시오", "하세요", "합니다", "됩니다", "입니다", "습니다", "십시오", "이에요",
	"으로", "에서", "에게", "까지", "부터", "하면", "되면", "니다", "세요", "시오", "어요", "아요", "되어", "하여", "하는", "되는", "이며", "이나", "은", "는", "이", "가", "을", "를", "의", "에", "로", "와", "과", "도", "만",
}

// koreanStem is a Korean word without what follows its stem, if that leaves two characters.
func koreanStem(word string) string {
	const shortest = 2 * len("가")
	for _, ending := range koreanEndings {
		if stem, ok := strings.CutSuffix(word, ending); ok && len(stem) >= shortest {
			return stem
		}
	}
	return word
}
