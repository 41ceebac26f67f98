package console

import (
	"fmt"
	"math"
	"net/url"

	"github.com/deskhand/deskhand/assistant/httpapi"
	"github.com/deskhand/deskhand/evals"
	"github.com/deskhand/deskhand/evals/online"
)

// evalsPage is what evals say: of live traffic, and of suites over time.
type evalsPage struct {
	Drift   httpapi.DriftView
	Quality online.Quality
	Runs    []evalRow
	Samples []online.Sample
	Shadows []httpapi.ShadowView
	Suite   string
}

// evalRow is a run with the one before it of the same suite.
type evalRow struct {
	httpapi.EvalRun

	Before int64 // 0 without one
	Rate   float64
}

func (v *visit) evals() (string, any, error) {
	page := evalsPage{Suite: v.ctx.Query("suite")}
	var runs httpapi.EvalRunList
	var samples httpapi.SampleList
	var shadows httpapi.ShadowList
	for address, into := range map[string]any{
		"/v1/evals/drift": &page.Drift, "/v1/evals/runs?limit=50&suite=" + url.QueryEscape(page.Suite): &runs,
		"/v1/evals/shadow": &shadows, "/v1/reviews/quality": &page.Quality, "/v1/reviews/samples": &samples,
	} {
		if err := v.get(address, into); err != nil {
			return "", nil, err
		}
	}
	page.Samples, page.Shadows = samples.Samples, shadows.Candidates
	page.Runs = evalRows(runs.Runs)
	return "evals", page, nil
}

// evalRows says of each run which one came before it.
func evalRows(runs []httpapi.EvalRun) []evalRow {
	rows := make([]evalRow, len(runs))
	for i, run := range runs {
		rows[i] = evalRow{EvalRun: run, Rate: float64(run.Passed) / float64(max(run.Done, 1))}
		for _, earlier := range runs[i+1:] {
			if earlier.Suite == run.Suite && earlier.Done > 0 {
				rows[i].Before = earlier.ID
				break
			}
		}
	}
	return rows
}

// Trends draws the pass rate over time of each suite that was run more than once: by the name of the suite.
func (p evalsPage) Trends() map[string]string {
	const width, height = 240, 40
	rates := make(map[string][]float64)
	for _, row := range p.Runs {
		if row.Done > 0 {
			rates[row.Suite] = append([]float64{row.Rate}, rates[row.Suite]...)
		}
	}
	lines := make(map[string]string)
	for suite, points := range rates {
		for i, rate := range points {
			if len(points) > 1 {
				lines[suite] += fmt.Sprintf("%.0f,%.1f ", width*float64(i)/float64(len(points)-1), height*(1-rate))
			}
		}
	}
	return lines
}

// reviewPage is the question to label, with what comes before and after it.
type reviewPage struct {
	Choices  []reviewChoice
	Last     string // the question that was labelled before
	Progress online.Progress
	Review   *httpapi.Review // nil: nothing is left to do
}

// reviewChoice is a label with its key.
type reviewChoice struct {
	Fits  bool
	Given bool // by who looks
	Key   int
	Label string
}

func (v *visit) reviews() (string, any, error) {
	page := reviewPage{Last: v.ctx.Query("last")}
	var list httpapi.ReviewList
	if err := v.get("/v1/reviews?to_do=true&limit=1", &list); err != nil {
		return "", nil, err
	}
	page.Progress = list.Progress
	if len(list.Reviews) > 0 {
		page.Review = &list.Reviews[0]
	}
	page.choose(v.session.Agent.ID.String())
	return "reviews", page, nil
}

func (v *visit) review() (string, any, error) {
	var review httpapi.Review
	if err := v.get("/v1/reviews/"+url.PathEscape(v.ctx.Params("id")), &review); err != nil {
		return "", nil, err
	}
	page := reviewPage{Review: &review}
	page.choose(v.session.Agent.ID.String())
	return "reviews", page, nil
}

// choose gives every label a key: the same one for every question, so that hands can learn them.
func (p *reviewPage) choose(reviewer string) {
	if p.Review == nil {
		return
	}
	fits, given := make(map[string]bool), ""
	for _, label := range p.Review.Choices {
		fits[label] = true
	}
	for _, label := range p.Review.Labels {
		if label.ReviewerID.String() == reviewer {
			given = label.Label
		}
	}
	for i, ending := range evals.Endings() {
		label := string(ending)
		p.Choices = append(p.Choices, reviewChoice{Fits: fits[label], Given: label == given, Key: i + 1, Label: label})
	}
}

// kappa is an agreement for people: two digits and its interval, or a dash.
func kappa(k evals.Kappa) string {
	if !k.Defined {
		return "–"
	}
	return fmt.Sprintf("%.2f [%.2f, %.2f]", k.Value, k.Lower, k.Upper)
}

// interval is a share for people.
func interval(s evals.Share) string {
	if s.N == 0 {
		return "–"
	}
	return fmt.Sprintf("%.1f %% [%.1f, %.1f]", 100*s.Rate, 100*s.Lower, 100*s.Upper)
}

// shareOf returns the share of a label, and kappaOf its agreement: templates know no types of keys.
func shareOf(q online.Quality, label string) evals.Share { return q.Labels[evals.Ending(label)] }

func kappaOf(q online.Quality, label string) evals.Kappa {
	return q.Agreement.Labels[evals.Ending(label)]
}

// small is a probability for people: "< 0.001", "0.03".
func small(p float64) string {
	if p < 0.001 {
		return "< 0.001"
	}
	return fmt.Sprintf("%.3f", math.Min(p, 1))
}
