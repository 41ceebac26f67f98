package assistant

import (
	"slices"
	"strings"

	"github.com/deskhand/deskhand/assistant/guard"
	"github.com/deskhand/deskhand/assistant/triage/facts"
	"github.com/deskhand/deskhand/retrieval"
)

// narrowing is what a question wants to know, and what it narrows that down to: "the fee for USDT on TRON" is no other asset's and no
// other network's. Articles give such values beside each other, in rows; one that lacks the row does not answer, however well it fits.
//
// The zero narrowing asks for nothing that can be compared.
type narrowing struct {
	lines    *lineCache
	measures []facts.Measure
	names    map[facts.NameKind][]string
	time     bool // it asks how long something takes
}

// narrowing reads a question.
func (a *Assistant) narrowing(question string) narrowing {
	n := narrowing{lines: a.lines, measures: a.Triager.Measures(question), time: asksTime(question)}
	n.names = namesOf(a.Triager.Names(question), func(name facts.Name) bool {
		return name.Kind != facts.NameAsset || !name.Both // "on Solana"
	})
	if n.byNetwork() {
		addHomes(n.names)
		delete(n.names, facts.NameAsset)
	}
	return n
}

// byNetwork reports whether the value differs by network: a time, a number of confirmations. Fees and limits differ by asset too.
func (n narrowing) byNetwork() bool {
	return !slices.ContainsFunc(n.measures, func(m facts.Measure) bool { return m != facts.MeasureConfirmations })
}

// narrows reports whether there is something to be met.
func (n narrowing) narrows() bool {
	return len(n.names[facts.NameLevel]) > 0 || len(n.names) > 0 && (n.time || len(n.measures) > 0)
}

// namesOf are the names that count, by their kind.
func namesOf(named []facts.Name, counts func(facts.Name) bool) map[facts.NameKind][]string {
	byKind := make(map[facts.NameKind][]string)
	for _, name := range named {
		if counts(name) {
			byKind[name.Kind] = append(byKind[name.Kind], name.ID)
		}
	}
	return byKind
}

// addHomes lets assets stand for the networks they are on, where none is named and each has one.
func addHomes(names map[facts.NameKind][]string) {
	if len(names[facts.NameNetwork]) > 0 {
		return
	}
	var networks []string
	for _, asset := range names[facts.NameAsset] {
		home := facts.Home(asset)
		if home == "" {
			return
		}
		networks = append(networks, home)
	}
	if len(networks) > 0 {
		names[facts.NameNetwork] = networks
	}
}

// stated is a line of an article that gives a value, or speaks of a level.
type stated struct {
	names map[facts.NameKind][]string // what the line is about: its own names, else those of the titles above it
	row   bool
	text  string
	units map[facts.NameKind][]string // and what it counts in
	value bool
}

// line reads a line below its titles.
func (n narrowing) line(titles, text string) stated {
	row := strings.HasPrefix(text, pointMark)
	howMuch := func(name facts.Name) bool { return name.Unit || !row && facts.IsStable(name.ID) } // "at their value in USDT"
	which := func(name facts.Name) bool { return !howMuch(name) && (name.Kind != facts.NameNetwork || !name.Both) }
	known := n.lines.of(titles, text)
	s := stated{
		names: namesOf(known.names, which), row: row, text: text, units: namesOf(known.names, howMuch), value: n.givesValue(known),
	}
	for kind, ids := range namesOf(known.above, which) {
		if len(s.names[kind]) == 0 {
			s.names[kind] = ids
		}
	}
	if row || n.byNetwork() {
		addHomes(s.names)
		addHomes(s.units)
	}
	return s
}

// givesValue reports whether a line gives what the question asks for.
func (n narrowing) givesValue(line knownLine) bool {
	return n.time && line.time || line.number && slices.ContainsFunc(line.measures, func(m facts.Measure) bool {
		return slices.Contains(n.measures, m)
	})
}

// relevant reports whether a line may speak for or against a kind of names: any may for a level, one with a value for the others.
func (s stated) relevant(kind facts.NameKind) bool { return s.value || kind == facts.NameLevel }

// fits reports whether a line is about nothing but what the question names, as far as it says what it is about.
func (n narrowing) fits(s stated) bool {
	for kind, asked := range n.names {
		if len(s.names[kind]) > 0 && !shared(s.names[kind], asked) && (s.row || !shared(s.units[kind], asked)) {
			return false
		}
	}
	return true
}

// meets reports whether a line gives the value for what the question names, and says so.
func (n narrowing) meets(s stated) bool {
	if !s.value || !n.fits(s) {
		return false
	}
	for kind, asked := range n.names {
		if shared(s.names[kind], asked) || shared(s.units[kind], asked) {
			return true
		}
	}
	return false
}

// without leaves out the rows of a passage that are about others, where another row gives the value for what the question names: who asks
// for Bitcoin need not look for it among all networks.
func (n narrowing) without(titles, body string) string {
	lines := strings.Split(body, "\n")
	var met bool
	var kept []string
	for _, line := range lines {
		row := strings.HasPrefix(line, pointMark)
		s := stated{}
		if row {
			s = n.line(titles, line)
			met = met || n.meets(s)
		}
		if !row || n.fits(s) {
			kept = append(kept, line)
		}
	}
	if !met {
		return body
	}
	return strings.Join(kept, "\n")
}

// unmet are the kinds of names for which a draft rests on what is said of others only, of spot where futures are asked for; beside are
// the lines that the articles it cites have besides.
func (n narrowing) unmet(draft Draft, beside []stated) []facts.NameKind {
	lines := n.linesOf(draft)
	var unmet []facts.NameKind
	for kind, asked := range n.names {
		own := slices.ContainsFunc(lines, func(s stated) bool {
			about := shared(s.names[kind], asked) || shared(s.units[kind], asked)
			return about && s.relevant(kind) && n.fits(s) && n.isSaid(s, draft)
		})
		others := func(s stated) bool {
			return s.relevant(kind) && len(s.names[kind]) > 0 && !shared(s.names[kind], asked)
		}
		if !own && (slices.ContainsFunc(lines, others) || slices.ContainsFunc(beside, others)) {
			unmet = append(unmet, kind)
		}
	}
	slices.Sort(unmet)
	return unmet
}

// beside are the lines of the passages that were found of the articles that a draft cites.
func (r DraftRequest) beside(draft Draft) []stated {
	var lines []stated
	cited := draft.Citations()
	for _, hit := range r.Results.Hits {
		if !slices.Contains(cited, citationOf(hit)) {
			continue
		}
		for _, passage := range append([]retrieval.Passage{hit.Passage}, hit.More...) {
			titles := heading(sourceOf(hit, passage))
			for line := range strings.Lines(passage.Body) {
				lines = append(lines, r.narrowing.line(titles, line))
			}
		}
	}
	return lines
}

// unmet are the kinds of names in the question that a draft does not meet.
func (r DraftRequest) unmet(draft Draft) []facts.NameKind {
	if !r.narrowing.narrows() || len(draft.Sentences) == 0 {
		return nil
	}
	return r.narrowing.unmet(draft, r.beside(draft))
}

// met reports whether a draft gives the value for what the question names, and its source says so.
func (r DraftRequest) met(draft Draft) bool {
	return r.narrowing.narrows() && slices.ContainsFunc(r.narrowing.linesOf(draft), func(s stated) bool {
		return r.narrowing.meets(s) && r.narrowing.isSaid(s, draft)
	})
}

// linesOf are the lines that a draft rests on: its own where it was extracted, else those of the sources that it cites.
func (n narrowing) linesOf(draft Draft) []stated {
	var lines []stated
	cited := make(map[int]bool)
	for _, sentence := range draft.Sentences {
		for _, source := range sentence.Citations {
			if source < 0 || source >= len(draft.Sources) {
				continue
			}
			if draft.Method == MethodExtractive {
				lines = append(lines, n.line(heading(draft.Sources[source]), sentence.Text))
			} else if !cited[source] {
				cited[source] = true
				titles, body, _ := strings.Cut(draft.Sources[source].Text, "\n")
				for line := range strings.Lines(body) {
					lines = append(lines, n.line(titles, line))
				}
			}
		}
	}
	return lines
}

// isSaid reports whether a draft says what a line of its sources does: one of its numbers, where it gives any. What was extracted is said.
func (n narrowing) isSaid(s stated, draft Draft) bool {
	if draft.Method == MethodExtractive || !s.value {
		return true
	}
	return !guard.NamesNumber(draft.Text()) || guard.SharesNumber(s.text, draft.Text())
}

func shared(a, b []string) bool {
	return slices.ContainsFunc(a, func(id string) bool { return slices.Contains(b, id) })
}
