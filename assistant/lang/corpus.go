package lang

import (
	"fmt"
	"math/rand/v2"
	"slices"

	"golang.org/x/text/unicode/norm"
)

// Shares of the samples of a class, found on the development halves of the suites.
const (
	typedShare    = 0.3 // typed like a customer, where the class has such rows
	unaccentShare = 0.3 // with accents left out
	wholeShare    = 0.2 // not cut
	longestCut    = 4   // words of a run
	longestHanCut = 12  // characters of a run
)

// corpus is the training text of one class, cleaned.
type corpus struct {
	plain []evidence // texts without their accents, in step with texts; nil when the language has none
	texts []evidence
	typed int // the first texts are typed
}

// gather cleans the rows of a group's classes.
func gather(g *group, rows []Row) ([]corpus, error) {
	corpora := make([]corpus, len(g.classes))
	for i, class := range g.classes {
		c := &corpora[i]
		for _, typed := range [...]bool{true, false} {
			for _, row := range rows {
				if row.Class == class && row.Typed == typed {
					c.admit(g, row.Text)
				}
			}
			if typed {
				c.typed = len(c.texts)
			}
		}
		if len(c.texts) == 0 {
			return nil, fmt.Errorf("class %q of group %q: %w", class, g.name, ErrNoText)
		}
		c.fold(class)
	}
	return corpora, nil
}

// admit keeps the words of a text that the group reads.
func (c *corpus) admit(g *group, text string) {
	e := clean(text)
	e.words = slices.DeleteFunc(e.words, func(w word) bool { return !g.reads(w.script) })
	if len(e.words) > 0 {
		e.runes, e.words = slices.Clip(e.runes), slices.Clip(e.words)
		c.texts = append(c.texts, e)
	}
}

// fold fills plain for languages that are often typed without their accents.
func (c *corpus) fold(class string) {
	switch class {
	case "vi", "tr", "es", "pt", "fr", "de", "it", "pl", undetermined:
	default:
		return
	}
	for _, e := range c.texts {
		c.plain = append(c.plain, e.unaccented(class))
	}
}

// draw cuts a sample.
func (c *corpus) draw(rng *rand.Rand) evidence {
	from, to := 0, len(c.texts)
	if c.typed > 0 && (c.typed == len(c.texts) || rng.Float64() < typedShare) {
		to = c.typed
	} else {
		from = c.typed
	}
	texts := c.texts
	if c.plain != nil && rng.Float64() < unaccentShare {
		texts = c.plain
	}
	e := texts[from+rng.IntN(to-from)]
	if rng.Float64() < wholeShare {
		return e
	}
	if s := e.words[0].script; s == han || s == kana {
		w := e.words[rng.IntN(len(e.words))]
		n := min(1+rng.IntN(longestHanCut), w.to-w.from)
		w.from += rng.IntN(w.to - w.from - n + 1)
		w.to = w.from + n
		e.words = []word{w}
		return e
	}
	n := min(1+rng.IntN(longestCut), len(e.words))
	at := rng.IntN(len(e.words) - n + 1)
	e.words = e.words[at : at+n]
	return e
}

// unaccented spells a text as on a keyboard that lacks its letters.
func (e evidence) unaccented(class string) evidence {
	out := evidence{runes: make([]rune, 0, len(e.runes)), words: make([]word, 0, len(e.words))}
	for _, w := range e.words {
		from := len(out.runes)
		for _, r := range e.runes[w.from:w.to] {
			out.runes = append(out.runes, []rune(unaccentedLetter(r, class))...)
		}
		w.from, w.to = from, len(out.runes)
		out.words = append(out.words, w)
	}
	return out
}

func unaccentedLetter(r rune, class string) string {
	switch {
	case r < 0x80:
		return string(r)
	case r == 'đ':
		return "d"
	case r == 'ı':
		return "i"
	case r == 'ł':
		return "l"
	case r == 'ß':
		return "ss"
	case r == 'œ':
		return "oe"
	case class == "de" && r == 'ä':
		return "ae"
	case class == "de" && r == 'ö':
		return "oe"
	case class == "de" && r == 'ü':
		return "ue"
	}
	for _, base := range norm.NFD.String(string(r)) {
		return string(base)
	}
	return string(r)
}
