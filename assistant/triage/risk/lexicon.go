package risk

import (
	"slices"
	"sync"
)

// Bounds on words, in letters.
const (
	maxWord   = 40 // longer ones are searched for words inside
	minFuzzy  = 6  // shorter ones have too many neighbours
	minInfix  = 4
	minPrefix = 2
	minRunOn  = 14 // a word as long as that may be several without spaces
	minInside = 4  // shortest word looked for inside another
	// Words found inside another must make up minCover/minCoverOf of it.
	minCover, minCoverOf = 3, 5
)

// kind says which part of a word of the text an atom must be.
type kind uint8

const (
	kindGlyph kind = iota
	kindInfix
	kindPrefix
	kindWhole
)

// atom is one word of a term.
type atom struct {
	exact  []rune // with accents, where the language tells words apart by them; else nil
	folded []rune
	fuzzy  bool // one typing error is forgiven
	kind   kind
}

// lexicon finds the words and phrases of all rules in a sequence of units.
type lexicon struct {
	atoms      []atom
	deletions  table // whole words of at least minFuzzy letters, with and without one letter
	edges      lists // of the phrase trie: edge(node, atom) -> node
	folds      *folds
	glyphs     map[rune]int32
	ids        map[string]int32 // of atoms, until all are in
	infixes    table
	known      map[string]bool // correct words that are no misspelling of another
	nodes      int32           // of the phrase trie; the first is its root
	prefixes   table
	prefixDels table // like deletions, for prefixes
	sets       lists // those that are complete at a node of the phrase trie
	wholes     table
}

func newLexicon(f *folds) *lexicon {
	return &lexicon{
		folds: f, glyphs: map[rune]int32{}, ids: map[string]int32{}, known: map[string]bool{}, nodes: 1,
		deletions: newTable(), edges: newLists(), infixes: newTable(), prefixes: newTable(), prefixDels: newTable(), sets: newLists(),
		wholes: newTable(),
	}
}

func (x *lexicon) addKnown(word string) {
	folded, _ := x.folds.word(word)
	x.known[string(folded)] = true
}

// addWords returns the node of the phrase trie where the words, one after the other, are complete.
func (x *lexicon) addWords(words []atom) int32 {
	at := int32(0)
	for _, w := range words {
		id := x.addAtom(w)
		next := x.edges.added(edge(at, id))
		if len(next) == 0 {
			x.edges.add(edge(at, id), x.nodes)
			at = x.nodes
			x.nodes++
			continue
		}
		at = next[0]
	}
	return at
}

// edge is the key of the step from a node of the phrase trie by an atom.
func edge(node, atom int32) uint64 { return uint64(node)<<32 | uint64(atom) } //nolint:gosec // both count from 0

func (x *lexicon) addAtom(a atom) int32 {
	key := string(rune(a.kind)) + string(a.folded) + "\x00" + string(a.exact)
	if a.fuzzy {
		key += "~"
	}
	if id, ok := x.ids[key]; ok {
		return id
	}
	id := int32(len(x.atoms))
	x.ids[key] = id
	x.atoms = append(x.atoms, a)
	switch a.kind {
	case kindGlyph:
		x.glyphs[a.folded[0]] = id
	case kindInfix:
		x.infixes.add(a.folded, id)
	case kindPrefix:
		x.prefixes.add(a.folded, id)
	case kindWhole:
		x.wholes.add(a.folded, id)
	}
	if a.fuzzy && len(a.folded) >= minFuzzy && (a.kind == kindWhole || a.kind == kindPrefix) {
		t := &x.deletions
		if a.kind == kindPrefix {
			t = &x.prefixDels
		}
		t.add(a.folded, id)
		shorter := make([]rune, 0, len(a.folded))
		for i := 1; i < len(a.folded); i++ {
			shorter = append(append(shorter[:0], a.folded[:i]...), a.folded[i+1:]...)
			t.add(shorter, id)
		}
	}
	return id
}

// finish builds the filters when all words are in.
func (x *lexicon) finish() {
	var finishing sync.WaitGroup
	for _, t := range []*table{&x.deletions, &x.infixes, &x.prefixes, &x.prefixDels, &x.wholes} {
		finishing.Go(t.finish)
	}
	finishing.Go(x.edges.finish)
	finishing.Go(x.sets.finish)
	finishing.Wait()
	x.ids = nil
}

// find records every occurrence of every set's terms in s.hits, ordered by its end.
func (x *lexicon) find(s *scratch) {
	s.states = s.states[:0]
	for i := range s.units {
		u := &s.units[i]
		if i > 0 && u.sentence != s.units[i-1].sentence {
			s.states = s.states[:0]
		}
		s.found = s.found[:0]
		if u.glyph {
			if id, ok := x.glyphs[s.runes[u.runes.lo]]; ok {
				s.found = append(s.found, id)
			}
		} else {
			x.read(u, s)
		}
		x.advance(int32(i), s)
	}
}

// advance moves the phrase states over the atoms found in unit i.
func (x *lexicon) advance(i int32, s *scratch) {
	s.next = s.next[:0]
	for _, id := range s.found {
		s.next = x.step(s.next, state{from: i}, id)
		for _, st := range s.states {
			s.next = x.step(s.next, st, id)
		}
	}
	for _, st := range s.next {
		for _, set := range x.sets.get(uint64(st.node)) { //nolint:gosec // nodes count from 0
			s.addHit(set, hit{from: st.from, to: i})
		}
	}
	s.states, s.next = s.next, s.states
}

func (x *lexicon) step(dst []state, st state, id int32) []state {
	for _, next := range x.edges.get(edge(st.node, id)) {
		dst = append(dst, state{from: st.from, node: next})
	}
	return dst
}

// read finds the atoms that a word may stand for, in any of its readings.
func (x *lexicon) read(u *unit, s *scratch) {
	known := x.readOne(u, u.runes, s)
	for _, alt := range s.alts[u.alts.lo:u.alts.hi] {
		known = x.readOne(u, alt, s) || known
	}
	if known {
		return
	}
	x.readMisspelled(u, s)
	if n := int(u.runes.hi - u.runes.lo); len(s.found) == 0 && n >= minRunOn {
		u.runOn = x.readRunOn(u.runes, s)
	}
}

// readOne finds atoms by exact letters and reports whether the word is known to be correct: a whole word of a rule, or one
// listed. A prefix of one language says nothing about the others.
func (x *lexicon) readOne(u *unit, w span, s *scratch) (known bool) {
	word := s.runes[w.lo:w.hi]
	if len(word) > maxWord {
		return false
	}
	s.hash(word)
	known = x.addFitting(x.wholes.get(s.part(0, len(word))), word, u, s)
	for n := x.prefixes.min; n <= min(len(word), x.prefixes.max); n++ {
		x.addFitting(x.prefixes.get(s.part(0, n)), word[:n], u, s)
	}
	for lo := 0; lo+minInfix <= len(word); lo++ {
		for n := x.infixes.min; n <= min(len(word)-lo, x.infixes.max); n++ {
			x.addFitting(x.infixes.get(s.part(lo, lo+n)), word[lo:lo+n], u, s)
		}
	}
	return known || x.known[string(word)]
}

// addFitting adds those of the proposed atoms that have exactly these letters of the unit, with accents that agree, and
// reports whether there were any.
func (x *lexicon) addFitting(proposed []int32, letters []rune, u *unit, s *scratch) bool {
	added := false
	for _, id := range proposed {
		if a := &x.atoms[id]; slices.Equal(a.folded, letters) && x.accentsFit(a, u, s) {
			s.addAtom(id)
			added = true
		}
	}
	return added
}

// readMisspelled finds atoms one typing error away: a letter too many, too few, wrong, or two swapped; never the first.
func (x *lexicon) readMisspelled(u *unit, s *scratch) {
	for i := u.alts.lo - 1; i < u.alts.hi; i++ {
		w := u.runes
		if i >= u.alts.lo {
			w = s.alts[i]
		}
		word := s.runes[w.lo:w.hi]
		if len(word) < minFuzzy-1 || len(word) > maxWord {
			continue
		}
		s.hash(word)
		x.misspelled(&x.deletions, word, len(word), s)
		for n := minFuzzy - 1; n <= min(len(word), x.prefixDels.max+1); n++ {
			x.misspelled(&x.prefixDels, word, n, s)
		}
	}
}

// misspelled looks up the first n letters of the hashed word, whole and without one of them.
func (x *lexicon) misspelled(t *table, word []rune, n int, s *scratch) {
	part := word[:n]
	try := func(key uint64) {
		for _, id := range t.get(key) {
			if a := &x.atoms[id]; a.folded[0] == part[0] && oneError(a.folded, part) {
				s.addAtom(id)
			}
		}
	}
	try(s.part(0, n))
	for i := 1; i < n; i++ {
		try(s.without(i, n))
	}
}

// readRunOn finds words written without spaces between them ("myaccountwashacked"), the longest at each place.
func (x *lexicon) readRunOn(w span, s *scratch) bool {
	for lo := w.lo; lo < w.hi; lo += maxWord / 2 {
		word := s.runes[lo:min(lo+maxWord, w.hi)]
		s.hash(word)
		before, covered := len(s.found), 0
		for from := 0; from < len(word); {
			n := min(len(word)-from, x.wholes.max)
			for n >= minInside && !x.inside(word[from:from+n], s.part(from, from+n), s) {
				n--
			}
			if n < minInside {
				n = 1
			} else {
				covered += n
			}
			from += n
		}
		// A long word that merely contains a short one is one word.
		if covered*minCoverOf < len(word)*minCover {
			s.found = s.found[:before]
		}
	}
	return len(s.found) > 0
}

func (x *lexicon) inside(part []rune, key uint64, s *scratch) bool {
	hit := false
	for _, t := range []*table{&x.wholes, &x.prefixes} {
		for _, id := range t.get(key) {
			if slices.Equal(x.atoms[id].folded, part) {
				s.addAtom(id)
				hit = true
			}
		}
	}
	return hit
}

// accentsFit reports whether the accents of the word agree with those of an atom that has them. A word typed without any
// accent fits every atom.
func (x *lexicon) accentsFit(a *atom, u *unit, s *scratch) bool {
	if a.exact == nil || u.exact.lo == u.exact.hi {
		return true
	}
	word := s.runes[u.exact.lo:u.exact.hi]
	if a.kind == kindPrefix && len(word) > len(a.exact) {
		word = word[:len(a.exact)]
	}
	return slices.Equal(a.exact, word)
}

// oneError reports an optimal string alignment distance of at most one.
func oneError(a, b []rune) bool {
	if len(a) > len(b) {
		a, b = b, a
	}
	if len(b)-len(a) > 1 {
		return false
	}
	i := 0
	for i < len(a) && a[i] == b[i] {
		i++
	}
	if len(a) < len(b) {
		return slices.Equal(a[i:], b[i+1:])
	}
	if i == len(a) || slices.Equal(a[i+1:], b[i+1:]) {
		return true
	}
	return i+1 < len(a) && a[i] == b[i+1] && a[i+1] == b[i] && slices.Equal(a[i+2:], b[i+2:])
}
