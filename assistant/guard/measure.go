package guard

import (
	"fmt"
	"slices"
	"strings"
)

// checkMeasures reports what checkNumbers cannot see: a number that the sources have, but of something else. "1 to 3
// business days" must not become three weeks, nor "12 confirmations, about 3 minutes" three confirmations, nor the two
// weeks of one thing the two weeks of another.
func (g *Guard) checkMeasures(folded string, sources []*source) []Finding {
	var findings []Finding
	measured, _ := measuresIn(folded, draftNumbers)
	for _, m := range measured {
		if m.otherUnit(sources) {
			findings = append(findings, Finding{CheckNumber, fmt.Sprintf("the sources have %q with another unit only", m.text)})
		} else if other := m.otherTopic(grams(g.withoutCourtesy(folded[:m.start]+" "+folded[m.end:])), sources); other != "" {
			detail := fmt.Sprintf("%q is said of something else in the sources: %q", m.text, excerpt(other))
			findings = append(findings, Finding{CheckNumber, detail})
		}
	}
	return findings
}

// otherUnit reports whether the sources have the number with other units only. A number without a unit may be any: the first
// of a range, a column of a table.
func (m measure) otherUnit(sources []*source) bool {
	other := false
	for _, s := range sources {
		measured, bare := s.amounts()
		may := func(b measure) bool { return b.value == m.number || b.value == m.value }
		if slices.ContainsFunc(measured, m.equals) || slices.ContainsFunc(bare, may) {
			return false
		}
		other = other || slices.ContainsFunc(measured, func(o measure) bool { return o.number == m.number })
	}
	return other
}

// statedAmount is a sentence of a source with what it counts.
type statedAmount struct {
	context  map[string]bool // content of the sentence and of the one before it
	content  map[string]bool
	loose    bool // an item of a list or a row of a table: what it is about stands elsewhere
	measured []measure
	text     string
}

// otherTopic returns the sentence of a source that gives another number for what the draft is about, where the number of the
// draft stands only beside what the draft does not speak of at all.
func (m measure) otherTopic(about map[string]bool, sources []*source) string {
	const tied = 2.0 // shared words that tie two sentences; two pairs of characters are a word
	different := ""
	for _, s := range sources {
		for _, stated := range s.stated() {
			same := slices.ContainsFunc(stated.measured, m.equals)
			switch {
			case same && (stated.loose || weigh(about, stated.context) > 0):
				return ""
			case !same && different == "" && slices.ContainsFunc(stated.measured, func(o measure) bool { return o.class == m.class }):
				if shared := weigh(about, stated.content); shared >= tied || shared > 0 && shared == weigh(about, about) {
					different = stated.text
				}
			}
		}
	}
	if different != "" && slices.ContainsFunc(sources, func(s *source) bool { return s.measures(m) }) {
		return different
	}
	return ""
}

// stated returns the sentences of the source that count something.
func (s *source) stated() []statedAmount {
	if s.amountsStated != nil {
		return s.amountsStated
	}
	s.amountsStated = []statedAmount{}
	var before map[string]bool
	for _, text := range sentencesOf(s.fold()) {
		content := grams(text)
		if measured, _ := measuresIn(text, sourceNumbers); len(measured) > 0 {
			line := strings.TrimSpace(text)
			context := make(map[string]bool, len(content)+len(before))
			for _, grams := range []map[string]bool{before, content} {
				for gram := range grams {
					context[gram] = true
				}
			}
			s.amountsStated = append(s.amountsStated, statedAmount{
				context: context, content: content, loose: isListItem(line) || strings.Contains(line, "|"), measured: measured, text: line,
			})
		}
		before = content
	}
	return s.amountsStated
}

// weigh counts what two contents share: a word is one, a pair of characters half.
func weigh(a, b map[string]bool) float64 {
	shared := 0.0
	for gram := range a {
		switch {
		case !b[gram]:
		case isUnspacedAt(gram, 0):
			shared += 0.5
		default:
			shared++
		}
	}
	return shared
}
