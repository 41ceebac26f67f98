package risk

import (
	"cmp"
	"slices"
)

// maxClauses bounds a pattern.
const maxClauses = 6

// maxPhrase bounds the words of a term, and with it how far a longer phrase may end behind the one it contains.
const maxPhrase = 16

// candidate is an occurrence of a pattern; head is the part that is its last clause.
type candidate struct{ head, whole hit }

// evaluate returns the first match of every rule that no guard calls off, in the order of the rules.
func (r *Rules) evaluate(s *scratch) []Match {
	var out []Match
	s.fired = s.fired[:0]
	for _, set := range s.touched {
		for _, pi := range r.byFirst[set] {
			p := &r.patterns[pi]
			if slices.Contains(s.fired, p.rule) || !r.allTouched(p, s) {
				continue
			}
			if h, ok := r.search(p, s); ok {
				rl := &r.rules[p.rule]
				at, _ := slices.BinarySearch(s.fired, p.rule)
				s.fired = slices.Insert(s.fired, at, p.rule)
				out = slices.Insert(out, at, Match{
					Risk: rl.risk, Rule: rl.id, Start: int(s.units[h.from].start), End: s.lastByte(h),
				})
			}
		}
	}
	return out
}

func (r *Rules) allTouched(p *pattern, s *scratch) bool {
	for _, c := range p.clauses[1:] {
		if len(s.hits[c]) == 0 {
			return false
		}
	}
	return true
}

// search returns the first occurrence of the pattern that no guard calls off.
func (r *Rules) search(p *pattern, s *scratch) (hit, bool) {
	switch {
	case len(p.clauses) == 1:
		for _, h := range s.hits[p.clauses[0]] {
			if !r.guarded(p, s, candidate{head: h, whole: h}) {
				return h, true
			}
		}
		return hit{}, false
	case p.ordered:
		return r.searchOrdered(p, s)
	}
	return r.searchAnyOrder(p, s)
}

// cursor walks the hits of a pattern's clauses together, by their ends.
type cursor struct {
	next [maxClauses]int
	p    *pattern
	s    *scratch
}

// advance returns the next hit and its clause; clause is -1 at the end.
func (c *cursor) advance() (h hit, clause int) {
	clause = -1
	for i, set := range c.p.clauses {
		hits := c.s.hits[set]
		if c.next[i] == len(hits) {
			continue
		}
		if at := hits[c.next[i]]; clause < 0 || at.to < h.to || at.to == h.to && at.from < h.from {
			h, clause = at, i
		}
	}
	if clause >= 0 {
		c.next[clause]++
	}
	return h, clause
}

// searchAnyOrder keeps the last occurrence of every clause; a new one completes the pattern when all lie in the window.
func (r *Rules) searchAnyOrder(p *pattern, s *scratch) (hit, bool) {
	var last [maxClauses]hit
	seen, n := 0, len(p.clauses)
	for c := (cursor{p: p, s: s}); ; {
		h, clause := c.advance()
		if clause < 0 {
			return hit{}, false
		}
		last[clause] = h
		seen |= 1 << clause
		if seen != 1<<n-1 {
			continue
		}
		whole := h
		for _, l := range last[:n] {
			whole.from, whole.to = min(whole.from, l.from), max(whole.to, l.to)
		}
		if s.width(whole) <= p.window && s.apart(last[:n]) && !r.guarded(p, s, candidate{head: last[n-1], whole: whole}) {
			return whole, true
		}
	}
}

// searchOrdered keeps, for every clause, the latest beginning of a chain that ends with it.
func (r *Rules) searchOrdered(p *pattern, s *scratch) (hit, bool) {
	var chain [maxClauses]hit // from: where the chain began; to: where its last clause ends
	var seen [maxClauses]bool
	last := len(p.clauses) - 1
	for c := (cursor{p: p, s: s}); ; {
		h, clause := c.advance()
		switch {
		case clause < 0:
			return hit{}, false
		case clause == 0:
			chain[0], seen[0] = h, true
			continue
		case !seen[clause-1] || !s.follows(chain[clause-1], h): //nolint:gosec // clause is above 0 here
			continue
		}
		next := hit{from: chain[clause-1].from, to: h.to} //nolint:gosec // as above
		if s.width(next) > p.window {
			continue
		}
		chain[clause], seen[clause] = next, true
		if clause == last && !r.guarded(p, s, candidate{head: h, whole: next}) {
			return next, true
		}
	}
}

// guarded reports whether a guard of the pattern's rule calls the candidate off.
func (r *Rules) guarded(p *pattern, s *scratch, c candidate) bool {
	rl := &r.rules[p.rule]
	if rl.glyphs && !slices.ContainsFunc(s.units[c.whole.from:c.whole.to+1], func(u unit) bool { return u.glyph }) {
		return true
	}
	for _, gi := range rl.guards {
		g := &r.guards[gi]
		if len(s.hits[g.set]) > 0 && g.callsOff(rl, s, c) {
			return true
		}
	}
	return false
}

// callsOff looks at the guard's words near the candidate only: a text of guards alone must not take quadratic time.
func (g *guard) callsOff(rl *rule, s *scratch, c candidate) bool {
	whole, head := c.whole, c.head
	var from, to int32 // units in which the guard's words must end
	switch g.where {
	case whereText:
		from, to = 0, int32(len(s.units))-1
	case whereSentence:
		from, to = s.sentenceOf(whole)
	case whereBefore:
		from, to = s.back(whole.from, g.within), head.from
	case whereHead:
		from, to = s.back(head.from, g.within), head.from
	case whereAfter:
		from, to = whole.from+1, s.forth(whole.to, g.within)
	}
	hits := s.hits[g.set]
	i, _ := slices.BinarySearchFunc(hits, from, func(h hit, at int32) int { return cmp.Compare(h.to, at) })
	for ; i < len(hits) && hits[i].to <= to; i++ {
		h := hits[i]
		if g.fits(rl, s, h, c) && !s.excepted(g, h) {
			return true
		}
	}
	return false
}

// fits reports whether words of the guard that stand near enough also stand on the right side, in the right sentence and
// with no word such as "but" between them and the candidate.
func (g *guard) fits(rl *rule, s *scratch, h hit, c candidate) bool {
	at := s.units[h.from].sentence
	switch g.where {
	case whereBefore:
		return h.from < c.head.from && at == s.units[c.whole.from].sentence && !s.broken(rl, h.to, c.whole.from)
	case whereHead:
		return h.from < c.head.from && at == s.units[c.head.from].sentence && !s.broken(rl, h.to, c.head.from)
	case whereAfter:
		return at == s.units[c.whole.to].sentence && !s.broken(rl, c.whole.to, h.from)
	default: // whereSentence and whereText: standing near enough is all
		return true
	}
}
