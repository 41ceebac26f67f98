package evals

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
)

// Comparison is what changed between two runs of a suite, on the cases that are the same in both.
type Comparison struct {
	Better     []Change          `json:"better"`  // passes now and did not
	Changed    []string          `json:"changed"` // ids of cases that ask or expect something else now: not compared
	Figures    []Difference      `json:"figures"`
	Moved      []Change          `json:"moved"` // passes or not as before, but ended otherwise
	OnlyAfter  []string          `json:"only_after"`
	OnlyBefore []string          `json:"only_before"`
	Pairs      int               `json:"pairs"`
	Slices     []SliceDifference `json:"slices"`
	Worse      []Change          `json:"worse"` // passed and does not now

	paired []pair
}

// Change is a case that came out otherwise.
type Change struct {
	After  Ending   `json:"after"`
	Before Ending   `json:"before"`
	Failed []string `json:"failed"` // names of the checks that fail now
	ID     string   `json:"id"`
}

// Difference is a figure before and after.
type Difference struct {
	After      Share   `json:"after"`
	Before     Share   `json:"before"`
	Comparable bool    `json:"comparable"` // false when there are no cases that the figure is about
	Difference float64 `json:"difference"` // after less before
	Lower      float64 `json:"lower"`      // 95 % paired bootstrap
	McNemar    float64 `json:"mcnemar_p"`  // exact, over the cases that count before and after
	Name       string  `json:"name"`
	Upper      float64 `json:"upper"`
	Verdict    Verdict `json:"verdict"`
}

// SliceDifference is the pass rate of a slice before and after.
type SliceDifference struct {
	Adjusted float64 `json:"holm_p"`
	After    Share   `json:"after"`
	Before   Share   `json:"before"`
	McNemar  float64 `json:"mcnemar_p"`
	Slice    string  `json:"slice"` // as kind=name
	Verdict  Verdict `json:"verdict"`
}

// Compare pairs the cases of two reports by id. A figure is better or worse when its bootstrap interval leaves out 0 and,
// unless the cases that it is about changed, McNemar's test agrees: with few changes the bootstrap alone is too sure. A slice
// is when McNemar's test says so after Holm's adjustment for the number of slices.
func Compare(before, after Report) *Comparison {
	c := &Comparison{
		Better: []Change{}, Changed: []string{}, Moved: []Change{}, OnlyAfter: []string{}, OnlyBefore: []string{}, Worse: []Change{},
	}
	earlier := make(map[string]Result, len(before.Results))
	for _, result := range before.Results {
		earlier[result.Name()] = result
	}
	for _, result := range after.Results {
		old, ok := earlier[result.Name()]
		delete(earlier, result.Name())
		switch {
		case !ok:
			c.OnlyAfter = append(c.OnlyAfter, result.Name())
		case !old.sameCase(result):
			c.Changed = append(c.Changed, result.Name())
		default:
			c.add(pair{before: old, after: result})
		}
	}
	c.OnlyBefore = append(c.OnlyBefore, slices.Sorted(maps.Keys(earlier))...)
	c.Pairs = len(c.paired)
	for _, figure := range Figures() {
		c.Figures = append(c.Figures, figure.compare(c.paired))
	}
	c.Slices = compareSlices(c.paired)
	return c
}

func (c *Comparison) add(p pair) {
	c.paired = append(c.paired, p)
	change := Change{After: p.after.Ending, Before: p.before.Ending, Failed: []string{}, ID: p.after.Name()}
	for _, check := range p.after.Checks {
		if !check.Passed {
			change.Failed = append(change.Failed, check.Name)
		}
	}
	was, is := p.before.Passed(), p.after.Passed()
	switch {
	case is && !was:
		c.Better = append(c.Better, change)
	case was && !is:
		c.Worse = append(c.Worse, change)
	case p.before.Ending != p.after.Ending:
		c.Moved = append(c.Moved, change)
	}
}

// sameCase reports whether two results are of cases that ask and expect the same. One may come from a file: an absent list
// equals an empty one.
func (r Result) sameCase(other Result) bool {
	if r.CaseHash != "" && other.CaseHash != "" {
		return r.CaseHash == other.CaseHash // the questions in a result may have lost a secret
	}
	return r.Case.hash() == other.Case.hash()
}

func (f Figure) compare(pairs []pair) Difference {
	before, after := make([]Result, len(pairs)), make([]Result, len(pairs))
	for i, p := range pairs {
		before[i], after[i] = p.before, p.after
	}
	all := f.count(pairs)
	d := Difference{After: f.Measure(after), Before: f.Measure(before), McNemar: sharedP(all), Name: f.Name, Verdict: NoEvidence}
	if d.After.N == 0 || d.Before.N == 0 {
		return d
	}
	d.Comparable = true
	d.Difference = d.After.Rate - d.Before.Rate
	d.Lower, d.Upper = bootstrap(all)
	moving := slices.ContainsFunc(all, func(c counted) bool { return c.nBefore != c.nAfter })
	if (d.Lower > 0 || d.Upper < 0) && (moving || d.McNemar < level) {
		d.Verdict = f.verdict(d.Difference)
	}
	return d
}

func (f Figure) verdict(difference float64) Verdict {
	if (difference > 0) == f.Higher {
		return Better
	}
	return Worse
}

func compareSlices(pairs []pair) []SliceDifference {
	passing := Figures()[0]
	all := []SliceDifference{}
	var values []float64
	for _, by := range kinds() {
		parts := make(map[string][]pair)
		for _, p := range pairs {
			for _, name := range by.names(p.after.Case) {
				parts[name] = append(parts[name], p)
			}
		}
		for _, name := range slices.Sorted(maps.Keys(parts)) {
			before, after := make([]Result, 0, len(parts[name])), make([]Result, 0, len(parts[name]))
			for _, p := range parts[name] {
				before, after = append(before, p.before), append(after, p.after)
			}
			d := SliceDifference{
				After: passing.Measure(after), Before: passing.Measure(before), McNemar: sharedP(passing.count(parts[name])),
				Slice: string(by) + "=" + name, Verdict: NoEvidence,
			}
			all, values = append(all, d), append(values, d.McNemar)
		}
	}
	for i, adjusted := range holm(values) {
		all[i].Adjusted = adjusted
		if adjusted < level {
			all[i].Verdict = passing.verdict(all[i].After.Rate - all[i].Before.Rate)
		}
	}
	return all
}

// WriteTable prints the comparison for a terminal: the verdicts first, then the cases that changed.
func (c *Comparison) WriteTable(w io.Writer) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(table, "FIGURE\tVERDICT\tDIFFERENCE [95 % INTERVAL]\tBEFORE\tAFTER\tMCNEMAR P")
	for _, d := range c.Figures {
		change := "-"
		if d.Comparable {
			change = fmt.Sprintf("%+.3f [%+.3f, %+.3f]", d.Difference, d.Lower, d.Upper)
		}
		_, _ = fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%.3g\n", d.Name, d.Verdict, change, d.Before, d.After, d.McNemar)
	}
	_, _ = fmt.Fprintln(table, "\nSLICE\tVERDICT\tPASSED BEFORE\tAFTER\tMCNEMAR P\tHOLM P")
	for _, d := range c.Slices {
		if d.Before.Hits != d.After.Hits || d.McNemar < 1 {
			_, _ = fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%.3g\t%.3g\n", d.Slice, d.Verdict, d.Before, d.After, d.McNemar, d.Adjusted)
		}
	}
	_, _ = fmt.Fprintln(table, "\nCASE\tIS\tBEFORE\tAFTER\tFAILS NOW")
	for _, list := range []struct {
		is      string
		changes []Change
	}{{"worse", c.Worse}, {"better", c.Better}, {"moved", c.Moved}} {
		for _, change := range list.changes {
			_, _ = fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", change.ID, list.is, change.Before, change.After,
				strings.Join(change.Failed, ", "))
		}
	}
	if err := table.Flush(); err != nil {
		return fmt.Errorf("print comparison: %w", err)
	}
	_, err := fmt.Fprintf(w, "\n%d cases compared: %d better, %d worse; not compared: %d changed, %d only before, %d only after\n",
		c.Pairs, len(c.Better), len(c.Worse), len(c.Changed), len(c.OnlyBefore), len(c.OnlyAfter))
	if err != nil {
		return fmt.Errorf("print comparison: %w", err)
	}
	return nil
}
