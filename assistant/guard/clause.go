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
	return heading && s.has(catNeg, catWeNeg, catNegAfter, catThird)
}

func (s sentence) has(categories ...category) bool {
	for _, h := range s.hits {
		for _, c := range categories {
			if h.category == c {
				return true
			}
		}
	}
	return false
}

// each calls yield with every hit of a category until it returns false.
func (s sentence) each(c category, yield func(hit) bool) {
	for _, h := range s.hits {
		if h.category == c && !yield(h) {
			return
		}
	}
}

// dropCovered removes hits inside those that say that the words mean something else there.
func dropCovered(hits []hit) []hit {
	covers := map[category][]category{
		catNotGive:   {catGive, catGiveBoth, catNeed, catPay},
		catNotSecret: {catSecret},
		catUnneg:     {catNeg, catNegAfter, catWeNeg},
	}
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
			if n.end <= h.start && !s.breaks(n.end, h.start) && !s.overlapsWeNeg(n) {
				return true
			}
		case catWeNeg:
			if n.end <= h.start && !s.breaks(n.end, h.start) && s.hasBetween(catAsk, n.start, h.end) {
				return true
			}
		case catNegAfter:
			if n.start >= h.start && s.distance(h.end, n.start) <= 60 && !s.breaks(h.end, n.start) {
				return true
			}
		default:
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
		if (n.category == catNeg || n.category == catWeNeg) && n.end <= h.start && !s.breaks(n.end, h.start) {
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

// warned reports whether a sentence speaks of what others do, or of what already happened: a warning, not a request.
func (s sentence) warned(h hit) bool {
	for _, w := range s.hits {
		switch w.category {
		case catThird:
			if !s.breaks(w.end, h.start) && !s.breaks(h.end, w.start) {
				return true
			}
		case catCond:
			if w.end <= h.start && !s.breaks(w.end, h.start) && strings.IndexByte(s.text[w.end:h.start], ',') < 0 ||
				w.start >= h.end && s.distance(h.end, w.start) <= 12 && isUnspacedAt(s.text, w.start) {
				return true
			}
		default:
		}
	}
	return false
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

// breaks reports whether a word that begins a new thought stands between two places.
func (s sentence) breaks(from, to int) bool { return s.hasBetween(catBreak, from, to) }

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
			if i+1 == len(text) || text[i+1] == ' ' || text[i+1] == '\n' || text[i+1] == '"' || text[i+1] >= utf8.RuneSelf {
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
