package risk

import (
	"cmp"
	"slices"
)

// follows reports whether b begins after a ends; inside one run-on word the order is not known and counts as given.
func (s *scratch) follows(a, b hit) bool {
	return b.from > a.to || b.from == a.to && s.units[a.to].runOn
}

// apart reports that no word serves two clauses, unless it is several words run together.
func (s *scratch) apart(hits []hit) bool {
	for i, a := range hits {
		for _, b := range hits[i+1:] {
			if a.from <= b.to && b.from <= a.to && !s.units[a.from].runOn {
				return false
			}
		}
	}
	return true
}

// width is the distance from the beginning of a hit to its end on the scale of windows.
func (s *scratch) width(h hit) int32 {
	return max(s.units[h.from].pos, s.units[h.to].pos) - min(s.units[h.from].pos, s.units[h.to].pos)
}

// back returns the first unit that is at most within before unit at.
func (s *scratch) back(at, within int32) int32 {
	from := at
	for from > 0 && s.units[at].pos-s.units[from-1].pos <= within {
		from--
	}
	return from
}

// forth returns the last unit that is at most within behind unit at, and the ends of phrases that begin there.
func (s *scratch) forth(at, within int32) int32 {
	to := at
	for int(to)+1 < len(s.units) && s.units[to+1].pos-s.units[at].pos <= within {
		to++
	}
	return to
}

// sentenceOf returns the first and the last unit of the sentences that a hit touches.
func (s *scratch) sentenceOf(h hit) (from, to int32) {
	bySentence := func(u unit, at int32) int { return cmp.Compare(u.sentence, at) }
	lo, _ := slices.BinarySearchFunc(s.units, s.units[h.from].sentence, bySentence)
	hi, _ := slices.BinarySearchFunc(s.units, s.units[h.to].sentence+1, bySentence)
	return int32(lo), int32(hi) - 1
}

// broken reports whether a word such as "but" stands between two units.
func (s *scratch) broken(rl *rule, from, to int32) bool {
	if rl.breaks < 0 {
		return false
	}
	breaks := s.hits[rl.breaks]
	i, _ := slices.BinarySearchFunc(breaks, from+1, func(h hit, at int32) int { return cmp.Compare(h.to, at) })
	return i < len(breaks) && breaks[i].from > from && breaks[i].to < to
}

// excepted reports whether the guard's words are part of a phrase that turns them round ("not sure if my …").
func (s *scratch) excepted(g *guard, h hit) bool {
	if g.except < 0 {
		return false
	}
	excepts := s.hits[g.except]
	i, _ := slices.BinarySearchFunc(excepts, h.to, func(e hit, at int32) int { return cmp.Compare(e.to, at) })
	for ; i < len(excepts) && excepts[i].to-h.to < maxPhrase; i++ {
		if excepts[i].from <= h.from {
			return true
		}
	}
	return false
}

// lastByte is the end of a hit in the original text.
func (s *scratch) lastByte(h hit) int {
	end := s.units[h.from].end
	for _, u := range s.units[h.from : h.to+1] {
		end = max(end, u.end)
	}
	return int(end)
}
