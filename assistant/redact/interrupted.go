package redact

import "slices"

// maxFillers is the number of words that may lie between two of a phrase;
// leastFillers is the number in all from which [scan.findInList] may fail.
const maxFillers, leastFillers = 2, 3

// filler is a word that is repeated between the words of a phrase.
type filler struct {
	digest uint32 // fingerprint
	hits   int    // number of list words before it
	last   int    // where it was seen last
}

// interruption is a stretch of words with no more than two different fillers.
type interruption struct {
	begin         int // its first word
	hits          int // list words so far, of which beforeBegin lie before it
	beforeBegin   int
	older, recent filler
	run           int // fillers in a row
}

// findInterrupted finds phrases with a word or two that are repeated between the
// words, as in "orbit and velvet and cactus". Sentences have many different words
// between those of a list.
func (s *scan) findInterrupted(words []word, wanted listSet) {
	var now interruption
	flush := func(end int) {
		if now.hits-now.beforeBegin >= window {
			s.addInterrupted(words[now.begin:end], wanted)
		}
	}
	for i := range words {
		w := &words[i]
		if w.gap || w.lists&wanted == 0 && (w.digest == 0 || now.run == maxFillers) {
			flush(i)
			now = interruption{begin: i}
		}
		if w.lists&wanted != 0 {
			now.hits++
			now.run = 0
			continue
		}
		now.run++
		if w.digest != now.recent.digest && w.digest != now.older.digest && now.older.digest != 0 {
			flush(i)
			now.begin, now.beforeBegin = now.older.last+1, now.older.hits
			now.older = filler{}
		}
		now.see(i, w.digest)
	}
	flush(len(words))
}

// see records a filler, which is one of the two or takes a free place.
func (n *interruption) see(at int, digest uint32) {
	if digest != n.recent.digest {
		n.older = n.recent
	}
	n.recent = filler{digest: digest, hits: n.hits, last: at}
}

// addInterrupted proposes the phrase that remains of the words when those of no
// wanted list are left out, and those that are in one, but are repeated as no word of
// a phrase is ("then").
func (s *scan) addInterrupted(words []word, wanted listSet) {
	const often = 4 // the share of a filler: one in so many
	rest := make([]word, 0, len(words))
	times := map[uint32]int{}
	for _, w := range words {
		if w.lists&wanted != 0 {
			rest = append(rest, w)
			times[w.digest]++
		}
	}
	listed := len(rest)
	rest = slices.DeleteFunc(rest, func(w word) bool { return times[w.digest] > often && times[w.digest]*often >= listed })
	for _, list := range s.commonLists(rest, window) {
		if wanted&(1<<list) == 0 {
			continue
		}
		from := 0
		for i := range rest {
			if rest[i].lists&(1<<list) == 0 {
				from = i + 1
			} else if i == len(rest)-1 || rest[i+1].lists&(1<<list) == 0 {
				s.addFilled(words, rest[from:i+1], list)
			}
		}
	}
}

// addFilled proposes the words of a phrase and what stands between them.
func (s *scan) addFilled(words, phrase []word, list int) {
	if len(phrase) < window || s.repeats(phrase[:window]) {
		return
	}
	first, last := phrase[0], phrase[len(phrase)-1]
	function := 0
	for _, w := range phrase {
		if w.isFunction() {
			function++
		}
	}
	if function > len(phrase)/4 {
		return
	}
	fillers := -len(phrase)
	for _, w := range words {
		if w.start >= first.start && w.start <= last.start {
			fillers++
		}
	}
	if fillers >= leastFillers {
		s.add(span{start: int(first.start), end: int(last.end), kind: SeedPhrase, verified: s.checksum(phrase, list)})
	}
}
