package page

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/deskhand/deskhand/evals"
)

// caseView is a case as the page shows it.
type caseView struct {
	evals.Result

	Before  *evals.Result // in the baseline
	Found   string        // what the page's search looks in, in lower case
	Hits    []evals.Retrieved
	Label   string
	Millis  string
	Open    bool // opened at once: it did not pass
	State   string
	TagList string // between spaces
	Trail   []step
}

type step struct{ Name, Status, Took string }

// rank puts what harms a customer most first.
func rank(r evals.Result) int {
	switch {
	case r.Ending == evals.MissedHandOff:
		return 0
	case r.Ending == evals.WrongAnswer:
		return 1
	case !r.Passed() && r.Ending == evals.NeedlessHandOff:
		return 2
	case !r.Passed():
		return 3
	default:
		return 4
	}
}

// worstFirst sorts by harm, then by how sure the assistant was of it.
func worstFirst(results []evals.Result) []evals.Result {
	sorted := slices.Clone(results)
	slices.SortStableFunc(sorted, func(a, b evals.Result) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(b.Confidence, a.Confidence))
	})
	return sorted
}

func newCaseView(r evals.Result, before map[string]evals.Result) caseView {
	v := caseView{
		Label: label(string(r.Ending)), Millis: millis(r.Latency), Result: r, State: "passed",
		TagList: " " + strings.Join(r.Case.Tags, " ") + " ",
	}
	if !r.Passed() {
		v.State = "failed"
	}
	if old, ok := before[r.Name()]; ok && (old.Passed() != r.Passed() || old.Ending != r.Ending || old.Reply != r.Reply) {
		v.Before = &old
		v.State += " changed"
	}
	texts := append([]string{r.Case.ID, r.Intent, r.Reply, strings.Join(r.Articles, " ")}, r.Case.Conversation...)
	v.Found = strings.ToLower(strings.Join(texts, " "))
	if r.Trace == nil {
		return v
	}
	for _, hit := range r.Trace.Retrieved {
		if hit.Text = excerpt(hit.Text); r.Passed() {
			hit.Text = "" // who wants to know why a case passed finds the article by its name
		}
		v.Hits = append(v.Hits, hit)
	}
	for _, s := range r.Trace.Steps {
		v.Trail = append(v.Trail, step{Name: label(string(s.Stage)), Status: string(s.Status), Took: millis(s.Duration)})
	}
	return v
}

func millis(d time.Duration) string { return fmt.Sprintf("%.1f ms", float64(d.Microseconds())/1000) }

// changes is what a run does better and worse than its baseline.
type changes struct {
	*evals.Comparison

	Slices []evals.SliceDifference // those with evidence, or that moved
	Text   string                  // the verdict in a sentence
	Tone   string
}

func newChanges(in Input) *changes {
	c := &changes{Comparison: in.Comparison, Text: "No figure is better or worse beyond chance.", Tone: "neutral"}
	var better, worse []string
	for _, d := range in.Comparison.Figures {
		switch d.Verdict {
		case evals.Better:
			better = append(better, label(d.Name))
		case evals.Worse:
			worse = append(worse, label(d.Name))
		case evals.NoEvidence:
		}
	}
	switch {
	case len(worse) > 0:
		c.Text, c.Tone = "Worse: "+strings.Join(worse, ", ")+".", "bad"
		if len(better) > 0 {
			c.Text += " Better: " + strings.Join(better, ", ") + "."
		}
	case len(better) > 0:
		c.Text, c.Tone = "Better: "+strings.Join(better, ", ")+". Nothing is worse beyond chance.", "good"
	}
	for _, s := range in.Comparison.Slices {
		if s.Verdict != evals.NoEvidence || s.Before.Hits != s.After.Hits {
			c.Slices = append(c.Slices, s)
		}
	}
	return c
}
