package redact

import (
	"math/bits"
	"strings"
	"unicode/utf8"
)

// findJoined finds phrases written without spaces: "abandonabilityable…".
func (s *scan) findJoined(words []word) {
	const shortest, shortestEast = window * 3, window * 6 // bytes
	for _, w := range words {
		if w.end-w.start < shortest || w.han {
			continue
		}
		first := s.lower[w.start]
		if first >= utf8.RuneSelf && w.end-w.start < shortestEast {
			continue
		}
		for start := w.start; start < w.end; start += chainStep {
			s.findChain(s.lower[start:min(w.end, start+chainBlock)], func(from, to int) {
				s.add(span{start: int(start) + from, end: int(start) + to, kind: SeedPhrase})
			})
		}
	}
}

// Long rows of letters are read in overlapping blocks, so that the memory for one
// is bounded. The overlap holds a phrase of 24 words.
const (
	chainBlock = 2048
	chainStep  = chainBlock - 512
)

// chainLink is the best chain of list words that ends at one place.
type chainLink struct{ from, last, words int }

// findChain calls found with the offsets of every chain of words of one list in text.
func (s *scan) findChain(text string, found func(from, to int)) {
	longest := 12
	if text[0] >= utf8.RuneSelf {
		longest = 36 // a syllable or kana has 3 bytes
	}
	chains := make([][]chainLink, len(s.r.lexicon.lists))
	for from := range text {
		hash := uint32(fnvOffset)
		for to := from + 1; to <= min(len(text), from+longest); to++ {
			hash = (hash ^ uint32(text[to-1])) * fnvPrime
			set := s.r.lexicon.known.find(hash & printMask)
			if to-from < 2 {
				continue
			}
			for set &= s.r.lexicon.plain; set != 0; set &= set - 1 {
				list := bits.TrailingZeros64(uint64(set))
				chains[list] = extendChain(chains[list], len(text), [2]int{from, to})
			}
		}
	}
	for _, chain := range chains {
		reportChains(text, chain, found)
	}
}

// extendChain puts a word, given by its offsets, behind the best chain that ends
// where it begins. chain is nil before its first word.
func extendChain(chain []chainLink, length int, word [2]int) []chainLink {
	if chain == nil {
		chain = make([]chainLink, length+1)
	}
	before := chain[word[0]]
	if before.words == 0 {
		before.from = word[0]
	}
	if before.words+1 > chain[word[1]].words {
		chain[word[1]] = chainLink{from: before.from, last: word[0], words: before.words + 1}
	}
	return chain
}

// reportChains calls found for the chains that are long enough and have enough
// different words; filler such as EXAMPLEEXAMPLE has few.
func reportChains(text string, chain []chainLink, found func(from, to int)) {
	for end := len(chain) - 1; end > 0; end-- {
		if chain[end].words < window {
			continue
		}
		distinct := map[string]bool{}
		for at := end; at > chain[end].from; at = chain[at].last {
			distinct[text[chain[at].last:at]] = true
		}
		if len(distinct) >= window/2 {
			found(chain[end].from, end)
		}
		end = chain[end].from + 1
	}
}

// isPhraseLength reports whether wallets make phrases of n words.
func isPhraseLength(n int) bool {
	switch n {
	case 12, 13, 15, 16, 18, 20, 21, 24, 25, 33: // BIP-39, Monero, Polyseed, SLIP-39
		return true
	}
	return false
}

// findUnlisted finds phrases of lists that are not known here, or with more typing
// errors than [scan.findListed] allows. They are rows of short words without the
// words that hold sentences together and without punctuation, and they stand
// alone or behind words that announce them.
func (s *scan) findUnlisted(words []word) {
	for i := window - 1; i < len(words); i += window { // every run this long covers such an i
		if !s.isSalad(words[i]) {
			continue
		}
		from := i
		letters := s.runes(words[i])
		for from > 0 && s.isSalad(words[from-1]) && s.isPhraseGap(words[from-1].end, words[from].start) {
			from--
			letters += s.runes(words[from])
		}
		for i+1 < len(words) && s.isSalad(words[i+1]) && s.isPhraseGap(words[i].end, words[i+1].start) {
			i++
			letters += s.runes(words[i])
		}
		run := words[from : i+1]
		if n := len(run); n < window || letters < n*4 || letters > n*8 {
			continue
		}
		if s.isRepeating(run) || s.standsOut(run) {
			s.add(span{start: int(run[0].start), end: int(run[len(run)-1].end), kind: SeedPhrase})
		}
	}
}

// standsOut reports whether the words are announced, or fill their line and have
// the number of a phrase.
func (s *scan) standsOut(run []word) bool {
	start, end := int(run[0].start), int(run[len(run)-1].end)
	if _, said := s.nearest(start, 48, cues(seedCue)); said {
		return true
	}
	return isPhraseLength(len(run)) && !s.repeats(run[:window]) && s.isEven(run) && s.fillsLine(start, end)
}

// isEven reports whether punctuation stands between all words or between none; a
// sentence has a comma somewhere.
func (s *scan) isEven(run []word) bool {
	punctuated := 0
	for i, w := range run[1:] {
		if strings.Trim(s.lower[run[i].end:w.start], " \t\r\n0123456789") != "" {
			punctuated++
		}
	}
	return punctuated == 0 || punctuated == len(run)-1
}

// fillsLine reports whether nothing but numbering, quotes and a full stop shares
// the line with a stretch of text; a line also begins behind a colon.
func (s *scan) fillsLine(start, end int) bool {
	for start > 0 && strings.IndexByte(" \t\"'0123456789.)-#", s.lower[start-1]) >= 0 {
		start--
	}
	if start > 0 && s.lower[start-1] != '\n' && s.lower[start-1] != ':' {
		return false
	}
	for end < len(s.lower) && strings.IndexByte(" \t\"'.", s.lower[end]) >= 0 {
		end++
	}
	return end == len(s.lower) || s.lower[end] == '\n' || s.lower[end] == '\r'
}

// isSalad reports whether w may be a word of an unknown list.
func (s *scan) isSalad(w word) bool {
	if w.end-w.start < 3 || w.end-w.start > 24 || w.han || w.gap || w.isFunction() {
		return false
	}
	text := s.word(w)
	if first, _ := utf8.DecodeRuneInString(text); !spacedLetter(first) {
		return false
	}
	if n := s.runes(w); n < 3 || n > 9 {
		return false
	}
	return true
}

// isPhraseGap reports whether only spaces, commas and numbering lie between two
// words.
func (s *scan) isPhraseGap(from, to int32) bool {
	gap := s.lower[from:to]
	for i := range len(gap) {
		c := gap[i]
		if !isSpaceByte(c) && !isDigitByte(c) && strings.IndexByte(`,.)-"'|#`, c) < 0 {
			return false
		}
		if c == '.' && (i == 0 || !isDigitByte(gap[i-1])) {
			return false
		}
	}
	return true
}

// isRepeating reports whether one word is nearly all of the words, as in the phrases
// of test wallets and in what people type who try one out.
func (s *scan) isRepeating(words []word) bool {
	same := 0
	for _, w := range words {
		if s.word(w) == s.word(words[0]) {
			same++
		}
	}
	return same > len(words)*3/4
}
