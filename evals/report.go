package evals

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// Tally counts the cases of a slice.
type Tally struct {
	Cases  int     `json:"cases"`
	Passed int     `json:"passed"`
	Weight float64 `json:"weight"`
	Won    float64 `json:"won"` // weight of the cases that passed
}

// Report is a suite's results in figures.
type Report struct {
	ByLocale map[string]Tally `json:"by_locale"`
	ByTag    map[string]Tally `json:"by_tag"`
	Costs    Costs            `json:"costs"`
	P50      time.Duration    `json:"p50_latency_ns"`
	P95      time.Duration    `json:"p95_latency_ns"`
	Results  []Result         `json:"results"`
	Suite    string           `json:"suite"`
	Total    Tally            `json:"total"`
}

// NewReport counts results.
func NewReport(suite Suite, results []Result) Report {
	report := Report{
		ByLocale: make(map[string]Tally), ByTag: make(map[string]Tally), Costs: NewCosts(results), Results: results, Suite: suite.Name,
	}
	latencies := make([]time.Duration, 0, len(results))
	for _, result := range results {
		report.Total = report.Total.with(result)
		report.ByLocale[result.Case.Locale] = report.ByLocale[result.Case.Locale].with(result)
		for _, tag := range result.Case.Tags {
			report.ByTag[tag] = report.ByTag[tag].with(result)
		}
		latencies = append(latencies, result.Latency)
	}
	slices.Sort(latencies)
	if len(latencies) > 0 {
		report.P50 = latencies[len(latencies)/2]
		report.P95 = latencies[min(len(latencies)*95/100, len(latencies)-1)]
	}
	return report
}

// Passed reports whether every case did.
func (r Report) Passed() bool { return r.Total.Passed == r.Total.Cases }

// WriteTable prints the report for a terminal: a line for each case, the reasons of those that failed, the slices.
func (r Report) WriteTable(w io.Writer) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(table, "\tCASE\tLOCALE\tOUTCOME\tINTENT\tPRIORITY\tCONFIDENCE\tARTICLE\tTIME")
	for _, result := range r.Results {
		mark := "ok"
		if !result.Passed() {
			mark = "FAIL"
		}
		_, _ = fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\t%.2f\t%s\t%s\n", mark, result.Case.ID, result.Case.Locale, result.Outcome,
			result.Intent, result.Priority, result.Confidence, cmp.Or(strings.Join(result.Articles, ","), "-"),
			result.Latency.Round(100*time.Microsecond))
		for _, check := range result.Checks {
			if !check.Passed {
				_, _ = fmt.Fprintf(table, "\t  %s: %s\n", check.Name, check.Why)
			}
		}
	}
	if err := table.Flush(); err != nil {
		return fmt.Errorf("print report: %w", err)
	}
	for _, locale := range slices.Sorted(maps.Keys(r.ByLocale)) {
		slice := r.ByLocale[locale]
		_, _ = fmt.Fprintf(w, "%-8s %d of %d\n", locale, slice.Passed, slice.Cases)
	}
	_, _ = fmt.Fprintln(w, r.Costs)
	_, err := fmt.Fprintf(w, "%s: %d of %d cases passed, p50 %s, p95 %s\n", r.Suite, r.Total.Passed, r.Total.Cases,
		r.P50.Round(10*time.Microsecond), r.P95.Round(10*time.Microsecond))
	if err != nil {
		return fmt.Errorf("print report: %w", err)
	}
	return nil
}

func (t Tally) with(result Result) Tally {
	weight := cmp.Or(result.Case.Weight, 1)
	t.Cases++
	t.Weight += weight
	if result.Passed() {
		t.Passed++
		t.Won += weight
	}
	return t
}
