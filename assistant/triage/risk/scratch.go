package risk

import "slices"

// hashBase is the odd base of the polynomial hash modulo 2^64.
const hashBase = 0x100000001b3

// hit is an occurrence of a set: units from..to, both included.
type hit struct{ from, to int32 }

// state is a phrase begun at a unit.
type state struct{ from, node int32 }

// scratch is the working memory of one Match.
type scratch struct {
	accented, folded []rune // the word being read
	alts             []span
	compose          []byte
	fired            []int32 // rules, ascending
	found            []int32
	hits             [][]hit
	next, states     []state
	places           []place
	powers           [maxWord + 2]uint64
	runes            []rune
	sums             [maxWord + 2]uint64
	touched          []int32
	units            []unit
}

func newScratch(sets int) *scratch {
	s := &scratch{hits: make([][]hit, sets)}
	s.powers[0] = 1
	for i := 1; i < len(s.powers); i++ {
		s.powers[i] = s.powers[i-1] * hashBase
	}
	return s
}

// keepRunes bounds the memory that a pooled scratch keeps after a huge text.
const keepRunes = 1 << 16

func (s *scratch) reset() {
	for _, set := range s.touched {
		s.hits[set] = s.hits[set][:0]
	}
	s.touched = s.touched[:0]
	s.alts, s.runes, s.units = s.alts[:0], s.runes[:0], s.units[:0]
	if cap(s.runes) > keepRunes {
		*s = *newScratch(len(s.hits))
	}
}

func (s *scratch) addAtom(id int32) {
	if !slices.Contains(s.found, id) {
		s.found = append(s.found, id)
	}
}

func (s *scratch) addHit(set int32, h hit) {
	if len(s.hits[set]) == 0 {
		s.touched = append(s.touched, set)
	}
	s.hits[set] = append(s.hits[set], h)
}

// addReading appends the runes that write adds as an alternative of the present word.
func (s *scratch) addReading(write func([]rune) []rune) {
	lo := int32(len(s.runes))
	s.runes = write(s.runes)
	s.alts = append(s.alts, span{lo, int32(len(s.runes))})
}

// hash prepares part and without for a word of at most maxWord letters.
func (s *scratch) hash(word []rune) {
	for i, r := range word {
		s.sums[i+1] = s.sums[i]*hashBase + uint64(r) + 1 //nolint:gosec // a rune of a text is not negative
	}
}

// part is the hash of letters lo..hi of the hashed word.
func (s *scratch) part(lo, hi int) uint64 {
	return s.sums[hi] - s.sums[lo]*s.powers[hi-lo]
}

// without is the hash of the first n letters except letter i.
func (s *scratch) without(i, n int) uint64 {
	return s.sums[i]*s.powers[n-i-1] + s.part(i+1, n)
}

func hashOf(word []rune) uint64 {
	var h uint64
	for _, r := range word {
		h = h*hashBase + uint64(r) + 1 //nolint:gosec // a rune of a text is not negative
	}
	return h
}
