package guard

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// clauses is a folded text with its lexicon hits, cut into sentences.
type clauses struct {
	sentences []sentence
}

// sentence is a stretch between two full stops, line breaks and the like.
type sentence struct {
	hits  []hit
	text  string // the whole folded text; hits point into it
	warns bool   // whether it stands below a line that says what is never done
}

// cut finds the lexicon's entries in a text and cuts it into sentences.
func (x *lexicon) cut(folded string) clauses {
	hits := dropCovered(x.find(folded))
	var c clauses
	next := 0
	warning := false
	for start := 0; start < len(folded); {
		end := sentenceEnd(folded, start)
		s := sentence{text: folded}
		for next < len(hits) && hits[next].start < end {
			s.hits = append(s.hits, hits[next])
			next++
		}
		line := strings.TrimSpace(folded[start:end])
		switch {
		case isListItem(lineStart(folded, start)):
			s.warns = warning
		case line != "":
			warning = s.isWarning(line)
		}
		c.sentences = append(c.sentences, s)
		start = end
	}
	return c
}

// isWarning reports a heading or lead-in that says what is never asked for: "What we never ask for", "We will not:".
func (s sentence) isWarning(line string) bool {
	heading := strings.HasPrefix(line, "#") || strings.HasSuffix(line, ":") || !strings.ContainsAny(line, ".!?")
	return heading && s.has(catNeg, catWeNeg, catNegAfter, catThird, catScam)
}

func (s sentence) has(categories ...category) bool {
	return slices.ContainsFunc(s.hits, func(h hit) bool { return slices.Contains(categories, h.category) })
}

// each calls yield with every hit of a category until it returns false.
func (s sentence) each(c category, yield func(hit) bool) {
	for _, h := range s.hits {
		if h.category == c && !yield(h) {
			return
		}
	}
}

// covers are the categories of which a hit means nothing inside a hit of the key: "error code" is no secret, "we sent you a
// code" no request, "do not forget to" no denial.
var covers = map[category][]category{
	catNotGive:   {catGive, catGiveBoth, catNeed, catPay},
	catNotSecret: {catSecret},
	catUnneg:     {catNeg, catNegAfter, catWeNeg},
}

// dropCovered removes hits inside those that say that the words mean something else there.
func dropCovered(hits []hit) []hit {
	var covering []hit
	for _, h := range hits {
		if covers[h.category] != nil {
			covering = append(covering, h)
		}
	}
	kept := make([]hit, 0, len(hits))
	for _, h := range hits {
		covered := false
		for _, cover := range covering {
			covered = covered || cover.start <= h.start && h.end <= cover.end && slices.Contains(covers[cover.category], h.category)
		}
		if !covered {
			kept = append(kept, h)
		}
	}
	return kept
}

// negated reports whether what a sentence asks for at h is denied: by a negation before it that reaches it, or behind it in
// the languages that put it there. "We never …" denies a request only where it speaks of asking: what we do not do says
// nothing about what the reader is told to do next.
func (s sentence) negated(h hit) bool {
	if s.warns {
		return true
	}
	for _, n := range s.hits {
		switch n.category {
		case catNeg:
			if n.end <= h.start && !s.overlapsWeNeg(n) && s.reaches(n, h) {
				return true
			}
		case catWeNeg:
			if n.end <= h.start && !s.breaks(n.end, h.start) && s.hasBetween(catAsk, n.start, h.end) && s.asksLast(n, h) {
				return true
			}
		case catNegAfter:
			if n.start >= h.start && s.reachesBack(n, h) {
				return true
			}
		default:
		}
	}
	return false
}

// reaches reports whether a negation extends to a later verb. It ends at a comma or colon ("this is no scam, send us …"),
// unless it already denied a request there that the verb continues ("do not install software, share your screen"); what
// is addressed to us is never such a continuation.
func (s sentence) reaches(n, h hit) bool {
	const toUs = 15 // characters: "never send us", but not "I see no deposit yet, so …" and the like
	if s.breaks(n.end, h.start) || s.addressesUs(h) && s.distance(n.end, h.start) > toUs && !s.hasBetween(catAsk, n.end, h.end) {
		return false
	}
	comma := strings.IndexAny(s.text[n.end:h.start], ",:")
	if comma <= 0 { // none, or "never, under any circumstances, …"
		return true
	}
	return !s.addressesUs(h) && s.hasRequest(n.end, n.end+comma)
}

// asksLast reports whether the verb of asking between "we never" and a verb is in the verb's own clause.
func (s sentence) asksLast(n, h hit) bool {
	comma := strings.LastIndexAny(s.text[n.end:h.start], ",:")
	if comma < 0 {
		return true
	}
	return s.hasBetween(catAsk, n.end+comma, h.end) || !s.addressesUs(h) && s.hasBetween(catAsk, n.start, n.end+comma)
}

// reachesBack reports whether a negation behind a verb belongs to it: on the verb in Japanese, Korean and Turkish, at the
// end of the clause in German.
func (s sentence) reachesBack(n, h hit) bool {
	const onVerb, inClause = 14, 90
	between := s.text[h.start:max(n.start, h.start)]
	reach := inClause
	if isUnspacedAt(s.text, h.start) {
		reach = onVerb
	}
	if s.distance(h.end, n.start) > reach || s.breaks(h.end, n.start) {
		return false
	}
	return !strings.ContainsAny(between, ",、:") || !s.addressesUs(h) && !isUnspacedAt(s.text, h.start)
}

// addressesUs reports whether what a verb asks for is to go to us: "send us", "gib mir".
func (s sentence) addressesUs(h hit) bool {
	near := 12 // characters behind the verb
	if isUnspacedAt(s.text, h.start) {
		near = 4
	}
	for _, u := range s.hits {
		if u.category == catUs && u.end > h.start && u.start <= h.end+3*near && s.distance(h.end, u.start) <= near {
			return true
		}
	}
	return false
}

// hasRequest reports whether a verb of a request stands between two places.
func (s sentence) hasRequest(from, to int) bool {
	for _, c := range []category{catGive, catGiveBoth, catEnter, catInstall, catPay, catRemoteAsk} {
		if s.hasBetween(c, from, to) {
			return true
		}
	}
	return false
}

// denied reports whether a statement at h is denied by anybody: "we cannot promise", "nobody may advise".
func (s sentence) denied(h hit) bool {
	if s.negated(h) {
		return true
	}
	for _, n := range s.hits {
		if (n.category == catNeg || n.category == catWeNeg) && n.end <= h.start && s.reaches(n, h) {
			return true
		}
	}
	return false
}

// overlapsWeNeg reports a negation that belongs to "we": it says what we do not do, not what the reader must not do.
func (s sentence) overlapsWeNeg(n hit) bool {
	for _, h := range s.hits {
		if h.category == catWeNeg && h.start <= n.start && n.end <= h.end {
			return true
		}
	}
	return false
}

// warned reports whether a sentence speaks of what others ask for, or of what already happened. A word for fraud alone is
// no warning, for fraud speaks of it too ("this is not a scam: send us …"): somebody else must do the asking, or the
// sentence must end with the verdict.
func (s sentence) warned(h hit) bool {
	return slices.ContainsFunc(s.hits, func(w hit) bool { return s.warnsOf(w, h) })
}

// warnsOf reports whether the word at w alone makes a warning of what stands at h.
func (s sentence) warnsOf(w, h hit) bool {
	const near = 12 // characters between a condition and its verb
	own := s.ownClause(w, h)
	switch w.category {
	case catThird:
		return own && w.start <= h.start || s.hasBetween(catAsk, w.start, h.end) && !s.breaks(w.end, h.start) && !s.addressesUs(h)
	case catScam:
		return w.end <= h.start && own && s.hasBetween(catAsk, w.end, h.end)
	case catVerdict:
		return w.start >= h.end && !s.breaks(h.end, w.start) && !s.addressesUs(h)
	case catCond:
		return w.end <= h.start && own && s.distance(w.end, h.start) <= near && !s.addressesUs(h) ||
			w.start >= h.end && s.distance(h.end, w.start) <= near && isUnspacedAt(s.text, w.start)
	default:
		return false
	}
}

// ownClause reports whether no comma, colon or new thought stands between two hits.
func (s sentence) ownClause(a, b hit) bool {
	from, to := min(a.end, b.end), max(a.start, b.start)
	return from >= to || !s.breaks(from, to) && !strings.ContainsAny(s.text[from:to], ",:")
}

// excepted reports "… except with us".
func (s sentence) excepted() bool {
	excepted := false
	s.each(catExcept, func(e hit) bool {
		s.each(catUs, func(u hit) bool {
			excepted = s.distance(min(e.start, u.start), max(e.end, u.end)) <= 40
			return !excepted
		})
		return !excepted
	})
	return excepted
}

// breaks reports whether a new thought begins between two places.
func (s sentence) breaks(from, to int) bool {
	for _, h := range s.hits {
		if h.category == catBreak && h.start >= from && h.start < to {
			return true
		}
	}
	return false
}

func (s sentence) hasBetween(c category, from, to int) bool {
	for _, h := range s.hits {
		if h.category == c && h.start >= from && h.end <= to {
			return true
		}
	}
	return false
}

// distance is the number of characters between two places.
func (s sentence) distance(from, to int) int {
	if from > to {
		return 0
	}
	return utf8.RuneCountInString(s.text[from:to])
}

// sentenceEnd returns where the sentence at byte start ends, with its mark.
func sentenceEnd(text string, start int) int {
	for i := start; i < len(text); i++ {
		switch text[i] {
		case '\n', '!', '?', ';':
			return i + 1
		case '.':
			before, _ := utf8.DecodeLastRuneInString(text[start:i])
			if i+1 == len(text) || isUnspaced(before) || strings.IndexByte(" \n\"", text[i+1]) >= 0 || text[i+1] >= utf8.RuneSelf {
				if i > start && isDigit(text[i-1]) && isListNumber(text, start, i) {
					continue
				}
				return i + 1
			}
		}
	}
	return len(text)
}

// isListNumber reports a number that is all there is before the dot at byte i.
func isListNumber(text string, start, i int) bool {
	return strings.Trim(text[start:i], "0123456789 ") == ""
}

func lineStart(text string, i int) string {
	start := strings.LastIndexByte(text[:i], '\n') + 1
	return text[start:]
}

// isListItem reports whether a line begins like an item of a list.
func isListItem(line string) bool {
	line = strings.TrimLeft(line, " ")
	switch {
	case strings.HasPrefix(line, "- "), strings.HasPrefix(line, "+ "), strings.HasPrefix(line, "•"), strings.HasPrefix(line, "· "):
		return true
	}
	digits := 0
	for digits < len(line) && isDigit(line[digits]) {
		digits++
	}
	return digits > 0 && digits < 3 && digits < len(line) && strings.IndexByte(".)", line[digits]) >= 0
}

func isUnspacedAt(text string, i int) bool {
	r, _ := utf8.DecodeRuneInString(text[i:])
	return isUnspaced(r)
}
