package redact

import (
	"crypto/sha256"
	"math/big"
	"math/bits"
	"slices"
	"unicode/utf8"
)

const (
	// window is the number of words in the shortest seed phrase.
	window = 12
	// zoneHits is the number of list words among window words that makes it worth
	// looking closer. Everyday English has 4.
	zoneHits = window - 3
	// exactHits of window words, together with typing errors at least almostHits,
	// make a phrase: nobody types more than a word or two wrong.
	exactHits, almostHits = 9, 11
	// maxFunction is the number of function words among window words of a phrase
	// that is not complete.
	maxFunction = 2
	// tailWords is the number of list words that must follow an unknown word at
	// the edge of a phrase for them to belong to it. Sentences around a phrase
	// contain list words too ("please help").
	tailWords = 3
)

// findSeeds proposes the seed phrases.
func (s *scan) findSeeds() {
	words := s.words()
	s.findListed(words)
	s.findHan(words)
	s.findJoined(words)
	s.findCut(words)
	s.findLeet()
	s.findUnlisted(words)
	s.findDigits()
}

// findListed finds phrases of list words. A first pass over all lists together
// leaves only zones that are dense in list words for the pass list by list.
func (s *scan) findListed(words []word) {
	zones := s.denseZones(words)
	for i := 0; i < len(zones); {
		from, to := zones[i][0], zones[i][1]
		for i++; i < len(zones) && zones[i][0] < to; i++ {
			to = zones[i][1]
		}
		for _, list := range s.commonLists(words[from:to], exactHits) {
			s.findInList(words[from:to], list)
			if set := listSet(1) << list; set&s.r.lexicon.strict == 0 {
				s.findInterrupted(words[from:to], set) // what stands between may be in another list
			}
		}
	}
	s.findInterrupted(words, s.r.lexicon.plain)
}

// denseZones returns the windows of words that hold enough list words, or nothing
// but words of the strict lists.
func (s *scan) denseZones(words []word) [][2]int {
	var zones [][2]int
	plainLists, strictLists := s.r.lexicon.plain, s.r.lexicon.strict
	plain, strict, begin := 0, 0, 0
	for i := range words {
		w := &words[i]
		if w.gap {
			plain, strict, begin = 0, 0, i
		}
		if w.lists&plainLists != 0 {
			plain++
		}
		if w.lists&strictLists != 0 {
			strict++
		}
		if i-begin >= window {
			first := words[begin].lists
			if first&plainLists != 0 {
				plain--
			}
			if first&strictLists != 0 {
				strict--
			}
			begin++
		}
		if i-begin == window-1 && (plain >= zoneHits || strict == window) {
			zones = append(zones, [2]int{begin, i + 1})
		}
	}
	return zones
}

// commonLists returns the lists that hold at least so many of the words.
func (s *scan) commonLists(words []word, least int) []int {
	var counts [64]int
	for _, w := range words {
		for set := w.lists &^ functionBit; set != 0; set &= set - 1 {
			counts[bits.TrailingZeros64(uint64(set))]++
		}
	}
	var lists []int
	for list, n := range counts {
		if n >= least {
			lists = append(lists, list)
		}
	}
	return lists
}

// findInList finds the phrases of one list in a zone.
func (s *scan) findInList(zone []word, list int) {
	grades := s.grade(zone, list)
	from, to := -1, -1
	var t tally
	for i, g := range grades {
		t.count(g, zone[i], 1)
		if i >= window {
			t.count(grades[i-window], zone[i-window], -1)
		}
		if i < window-1 || !s.isPhrase(t, zone[i-window+1:i+1], list) {
			continue
		}
		if first := i - window + 1; from < 0 {
			from = first
		} else if first > to {
			s.addPhrase(zone, grades, list, [2]int{from, to})
			from = first
		}
		to = i + 1
	}
	if from >= 0 {
		s.addPhrase(zone, grades, list, [2]int{from, to})
	}
}

// tally counts what is in a window of words.
type tally struct {
	exact, function, typos int
}

func (t *tally) count(g grade, w word, n int) {
	switch g {
	case listed:
		t.exact += n
	case typo:
		t.typos += n
	case unlisted:
	}
	if w.isFunction() {
		t.function += n
	}
}

// isPhrase reports whether a window holds words of a phrase. Sentences reach
// ten list words in twelve now and then, but with many function words among them:
// of random phrases, one in a thousand has more than three.
func (s *scan) isPhrase(t tally, words []word, list int) bool {
	strict := s.r.lexicon.lists[list].strict
	if t.exact == window && !strict {
		return list != english || t.function <= window/3 || t.function <= window/2 && s.checksum(words, list)
	}
	dense := t.exact == window || !strict && (t.exact >= exactHits && t.exact+t.typos >= almostHits || t.exact >= window-2)
	return dense && t.function <= maxFunction && !s.repeats(words)
}

// repeats reports whether a window has fewer different words than a phrase with a
// typing error or two, as lists of instructions do.
func (s *scan) repeats(words []word) bool {
	same := 0
	for i, w := range words {
		for _, v := range words[:i] {
			if s.word(v) == s.word(w) {
				same++
				break
			}
		}
	}
	return same > 3
}

// grade is how well a word fits a list.
type grade uint8

const (
	unlisted grade = iota
	typo
	listed
)

func (s *scan) grade(zone []word, list int) []grade {
	grades := make([]grade, len(zone))
	for i, w := range zone {
		if w.lists&(1<<list) != 0 {
			grades[i] = listed
		}
	}
	if s.r.lexicon.lists[list].strict {
		return grades
	}
	hits, tried := 0, 0
	for i := range zone {
		hits += int(grades[i] / listed)
		if i >= window {
			hits -= int(grades[i-window] / listed)
		}
		if hits < exactHits {
			continue // too few for errors to count
		}
		for tried = max(tried, i-window+1); tried <= i; tried++ {
			if grades[tried] == unlisted && !zone[tried].han && s.r.lexicon.nearly(s.word(zone[tried]), list) {
				grades[tried] = typo
			}
		}
	}
	return grades
}

// addPhrase proposes zone[at[0]:at[1]], without the words at its edges that the
// sentence around it has left there.
func (s *scan) addPhrase(zone []word, grades []grade, list int, at [2]int) {
	from, to := longestRun(grades, at)
	if to-from < window {
		from, to = at[0], at[1]
		for from < to && grades[from] == unlisted {
			from++
		}
		for from < to && grades[to-1] == unlisted {
			to--
		}
	} else {
		from, to = s.growRun(grades, from, to)
		from, to = trimEdges(zone, grades, from, to)
	}
	from = s.skipCue(zone, from, to)
	s.add(span{
		start: int(zone[from].start), end: int(zone[to-1].end),
		kind: SeedPhrase, verified: s.checksum(zone[from:to], list),
	})
}

// skipCue leaves out list words that announce the phrase, as in "my seed phrase".
func (s *scan) skipCue(zone []word, from, to int) int {
	for to-from > window {
		cue, ok := s.nearest(int(zone[from+2].end), maxGap, cues(seedCue))
		if !ok || cue.end < int(zone[from].end) {
			break
		}
		for to-from > window && int(zone[from].start) < cue.end {
			from++
		}
	}
	return from
}

// longestRun returns the longest stretch without an unknown word around at.
func longestRun(grades []grade, at [2]int) (from, to int) {
	begin := at[0]
	for begin > 0 && grades[begin-1] != unlisted {
		begin--
	}
	for i := begin; i < len(grades) && (i < at[1] || grades[i-1] != unlisted); i++ {
		if grades[i] == unlisted {
			begin = i + 1
		} else if i+1-begin > to-from {
			from, to = begin, i+1
		}
	}
	return from, to
}

// growRun extends a run over one or two unknown words behind which enough list
// words follow.
func (s *scan) growRun(grades []grade, from, to int) (int, int) {
	for {
		next := reach(grades[to:])
		if next == 0 {
			break
		}
		to += next
	}
	before := slices.Clone(grades[max(0, from-farthestBack):from])
	slices.Reverse(before)
	for {
		next := reach(before)
		if next == 0 {
			return from, to
		}
		from -= next
		before = before[next:]
	}
}

// farthestBack bounds the words that a phrase may have before its first window.
const farthestBack = 64

// trimEdges leaves out words at the edges that a sentence has left there, until the
// number of words is one that phrases have: first "these" and "there", which are
// list words or resemble them, then all that only resemble one.
func trimEdges(zone []word, grades []grade, from, to int) (int, int) {
	for _, functionOnly := range []bool{true, false} {
		strays := func(i int) bool {
			return zone[i].isFunction() || !functionOnly && grades[i] == typo
		}
		for to-from > window && (to-from)%3 != 0 && (strays(from) || strays(to-1)) {
			if strays(from) {
				from++
			} else {
				to--
			}
		}
	}
	return from, to
}

// reach returns the number of words up to the end of the next run, or 0 when it
// is too far or too short to belong to the one before.
func reach(grades []grade) int {
	const farthest = 2
	skip := 0
	for skip < len(grades) && skip < farthest && grades[skip] == unlisted {
		skip++
	}
	end := skip
	for end < len(grades) && grades[end] != unlisted {
		end++
	}
	if end-skip < tailWords {
		return 0
	}
	return end
}

// checksum reports whether the words are a valid BIP-39 phrase (BIP-39,
// "Generating the mnemonic").
func (s *scan) checksum(words []word, list int) bool {
	if len(words)%3 != 0 || len(words) > 24 {
		return false
	}
	sum := new(big.Int)
	for _, w := range words {
		n, ok := s.r.lexicon.number(s.word(w), list)
		if !ok {
			return false
		}
		sum.Lsh(sum, 11).Or(sum, big.NewInt(int64(n)))
	}
	return validEntropy(sum, len(words))
}

// validEntropy checks the checksum that the last bits of a phrase of n words
// hold.
func validEntropy(number *big.Int, n int) bool {
	sumBits := uint(n / 3)
	sum := new(big.Int).And(number, big.NewInt(1<<sumBits-1))
	entropy := make([]byte, n/3*4)
	new(big.Int).Rsh(number, sumBits).FillBytes(entropy)
	hash := sha256.Sum256(entropy)
	return sum.Uint64() == uint64(hash[0]>>(8-sumBits))
}

// word returns the folded letters of w.
func (s *scan) word(w word) string { return s.lower[w.start:w.end] }

// runes returns the number of characters of w.
func (s *scan) runes(w word) int { return utf8.RuneCountInString(s.word(w)) }
