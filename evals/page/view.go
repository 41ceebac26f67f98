package page

import (
	"cmp"
	"fmt"
	"html/template"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/deskhand/deskhand/evals"
)

// view is what the template reads.
type view struct {
	Bars       []bar
	Cases      []caseView
	Changes    *changes
	Conditions []pairText
	Curve      plot
	Endings    []ending
	Figures    []figure
	Hidden     int // cases that the page has no room for
	In         Input
	Intents    []confusion
	Locales    []string
	Outcomes   matrix
	Policy     string
	Reliable   plot
	Script     template.JS
	Slices     []sliceRow
	Style      template.CSS
	Tags       []string
}

// bar is a piece of the bar of endings, in percent of its width.
type bar struct {
	Class       string
	From, Width float64
	Name        string
}

type pairText struct{ Name, Value string }

type ending struct {
	Class, Name string
	Count       int
	Share       float64
}

type figure struct {
	Means, Name string
	Share       evals.Share
	Good        bool // higher is better
}

type sliceRow struct {
	Cases, Missed, Needless, Wrong int
	Name                           string
	Passed                         evals.Share
}

// confusion is an intent that was taken for another one.
type confusion struct {
	Count      int
	Got, Want  string
	WantedSize int
}

// matrix counts cases by what they expect and what came.
type matrix struct {
	Got  []string
	Rows []matrixRow
}

type matrixRow struct {
	Cells []matrixCell
	Want  string
}

type matrixCell struct {
	Count int
	Right bool
}

// Sizes of a page.
const (
	maxCases   = 3000
	maxExcerpt = 700 // runes of a passage
	maxIntents = 25
)

func newView(in Input) view {
	r := in.Report
	v := view{
		Curve: riskPlot(r.Confidence), Endings: endings(r), In: in, Intents: intents(r.Results), Outcomes: outcomes(r.Results),
		Policy: Policy(), Reliable: reliablePlot(r.Confidence),
		Script:  template.JS(script), //nolint:gosec // the page's own file
		Style:   template.CSS(style), //nolint:gosec // as above
		Locales: slices.Sorted(maps.Keys(r.ByLocale)), Slices: sliceRows(r), Tags: slices.Sorted(maps.Keys(r.ByTag)),
	}
	at := 0.0
	for _, e := range v.Endings {
		v.Bars = append(v.Bars, bar{Class: e.Class, From: at, Name: fmt.Sprintf("%s: %d", e.Name, e.Count), Width: 100 * e.Share})
		at += 100 * e.Share
	}
	for _, f := range evals.Figures() {
		if share := r.Total.Figures[f.Name]; share.N > 0 {
			v.Figures = append(v.Figures, figure{Good: f.Higher, Means: f.Means, Name: label(f.Name), Share: share})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(r.Settings)) {
		v.Conditions = append(v.Conditions, pairText{name, r.Settings[name]})
	}
	before := make(map[string]evals.Result)
	if in.Baseline != nil {
		v.Changes = newChanges(in)
		for _, result := range in.Baseline.Results {
			before[result.Name()] = result
		}
	}
	for _, result := range worstFirst(r.Results) {
		if len(v.Cases) == maxCases {
			v.Hidden = len(r.Results) - maxCases
			break
		}
		v.Cases = append(v.Cases, newCaseView(result, before))
	}
	return v
}

// label is a name of the program as words.
func label(name string) string { return strings.ReplaceAll(name, "_", " ") }

func endings(r evals.Report) []ending {
	var all []ending
	for _, name := range evals.Endings() {
		count := r.Total.Endings[name]
		all = append(all, ending{
			Class: string(name), Count: count, Name: label(string(name)), Share: float64(count) / float64(max(r.Total.Cases, 1)),
		})
	}
	return all
}

func sliceRows(r evals.Report) []sliceRow {
	var rows []sliceRow
	for _, part := range []struct {
		kind    string
		tallies map[string]evals.Tally
	}{{"locale", r.ByLocale}, {"tag", r.ByTag}, {"risk", r.ByRisk}, {"channel", r.ByChannel}, {"intent", r.ByIntent}} {
		for _, name := range slices.Sorted(maps.Keys(part.tallies)) {
			t := part.tallies[name]
			rows = append(rows, sliceRow{
				Cases: t.Cases, Missed: t.Endings[evals.MissedHandOff], Name: part.kind + "=" + name,
				Needless: t.Endings[evals.NeedlessHandOff], Passed: t.Figures["pass_rate"], Wrong: t.Endings[evals.WrongAnswer],
			})
		}
	}
	return rows
}

func outcomes(results []evals.Result) matrix {
	counts := make(map[[2]string]int)
	var wants, gots []string
	for _, r := range results {
		want, got := string(r.Case.Expect.Outcome), cmp.Or(string(r.Outcome), "failed")
		counts[[2]string{want, got}]++
		wants, gots = append(wants, want), append(gots, got)
	}
	slices.Sort(wants)
	slices.Sort(gots)
	m := matrix{Got: slices.Compact(gots)}
	for _, want := range slices.Compact(wants) {
		row := matrixRow{Want: label(want)}
		for _, got := range m.Got {
			right := want == got || want == string(evals.OutcomeReplied) && got != "handed_off" && got != "failed" ||
				want == string(evals.OutcomeUnanswered) && (got == "clarify" || got == "handed_off") ||
				want == string(evals.OutcomeAny)
			row.Cells = append(row.Cells, matrixCell{Count: counts[[2]string{want, got}], Right: right})
		}
		m.Rows = append(m.Rows, row)
	}
	for i, got := range m.Got {
		m.Got[i] = label(got)
	}
	return m
}

func intents(results []evals.Result) []confusion {
	counts, sizes := make(map[[2]string]int), make(map[string]int)
	for _, r := range results {
		if want := r.Case.Expect.Intent; want != "" {
			sizes[want]++
			if r.Intent != want {
				counts[[2]string{want, r.Intent}]++
			}
		}
	}
	var all []confusion
	for names, count := range counts {
		all = append(all, confusion{Count: count, Got: cmp.Or(names[1], "none"), Want: names[0], WantedSize: sizes[names[0]]})
	}
	slices.SortFunc(all, func(a, b confusion) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Want, b.Want), cmp.Compare(a.Got, b.Got))
	})
	return all[:min(len(all), maxIntents)]
}

// excerpt is the beginning of a text.
func excerpt(text string) string {
	if utf8.RuneCountInString(text) <= maxExcerpt {
		return text
	}
	return string([]rune(text)[:maxExcerpt]) + "…"
}
