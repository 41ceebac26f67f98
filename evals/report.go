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
	Cases   int              `json:"cases"`
	Endings map[Ending]int   `json:"endings"`
	Figures map[string]Share `json:"figures"` // by Figure.Name
	Passed  int              `json:"passed"`
	Weight  float64          `json:"weight"`
	Won     float64          `json:"won"` // weight of the cases that passed
}

func newTally(results []Result) Tally {
	tally := Tally{Cases: len(results), Endings: make(map[Ending]int), Figures: make(map[string]Share)}
	for _, result := range results {
		weight := cmp.Or(result.Case.Weight, 1)
		tally.Endings[result.Ending]++
		tally.Weight += weight
		if result.Passed() {
			tally.Passed++
			tally.Won += weight
		}
	}
	for _, figure := range Figures() {
		tally.Figures[figure.Name] = figure.Measure(results)
	}
	return tally
}

// Report is a suite's results in figures.
type Report struct {
	ByChannel   map[string]Tally  `json:"by_channel,omitempty"`
	ByIntent    map[string]Tally  `json:"by_intent"` // that the cases expect
	ByLocale    map[string]Tally  `json:"by_locale"`
	ByRisk      map[string]Tally  `json:"by_risk"` // that the cases expect
	ByTag       map[string]Tally  `json:"by_tag"`
	Confidence  Selective         `json:"confidence"`
	Costs       Costs             `json:"costs"`
	Fingerprint string            `json:"fingerprint,omitempty"` // of program, settings and knowledge base
	P50         time.Duration     `json:"p50_latency_ns"`
	P95         time.Duration     `json:"p95_latency_ns"`
	Retrieval   Ranked            `json:"retrieval"`
	RunID       int64             `json:"run,omitempty"` // where it is kept
	Results     []Result          `json:"results"`
	Settings    map[string]string `json:"settings,omitempty"` // the parts of Fingerprint
	Suite       string            `json:"suite"`
	SuiteHash   string            `json:"suite_hash,omitempty"`
	Total       Tally             `json:"total"`
}

// NewReport counts results.
func NewReport(suite Suite, results []Result) Report {
	report := Report{
		ByChannel: slice(results, byChannel), ByIntent: slice(results, byIntent), ByLocale: slice(results, byLocale),
		ByRisk: slice(results, byRisk), ByTag: slice(results, byTag), Confidence: NewSelective(results), Costs: NewCosts(results),
		Results: results, Retrieval: NewRanked(results), Suite: suite.Name, SuiteHash: suite.Hash(), Total: newTally(results),
	}
	latencies := make([]time.Duration, 0, len(results))
	for _, result := range results {
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
	if err := r.writeFigures(w); err != nil {
		return err
	}
	_, _ = fmt.Fprintf(w, "\n%s\n%s\n%s\n", r.Confidence, r.Retrieval, r.Costs)
	_, err := fmt.Fprintf(w, "%s: %d of %d cases passed, p50 %s, p95 %s\n", r.Suite, r.Total.Passed, r.Total.Cases,
		r.P50.Round(10*time.Microsecond), r.P95.Round(10*time.Microsecond))
	if err != nil {
		return fmt.Errorf("print report: %w", err)
	}
	return nil
}

// writeFigures prints the endings, the figures with their intervals, and the pass rate of each slice.
func (r Report) writeFigures(w io.Writer) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(table, "\nENDING\tCASES")
	for _, ending := range Endings() {
		_, _ = fmt.Fprintf(table, "%s\t%d\n", ending, r.Total.Endings[ending])
	}
	_, _ = fmt.Fprintln(table, "\nFIGURE\tRATE [95 % INTERVAL] OF CASES\tMEANING")
	for _, figure := range Figures() {
		_, _ = fmt.Fprintf(table, "%s\t%s\t%s\n", figure.Name, r.Total.Figures[figure.Name], figure.Means)
	}
	_, _ = fmt.Fprintln(table, "\nSLICE\tPASSED\tWRONG\tMISSED\tNEEDLESS")
	for _, kind := range kinds() {
		tallies := slice(r.Results, kind)
		for _, name := range slices.Sorted(maps.Keys(tallies)) {
			tally := tallies[name]
			_, _ = fmt.Fprintf(table, "%s=%s\t%s\t%d\t%d\t%d\n", kind, name, tally.Figures["pass_rate"], tally.Endings[WrongAnswer],
				tally.Endings[MissedHandOff], tally.Endings[NeedlessHandOff])
		}
	}
	if err := table.Flush(); err != nil {
		return fmt.Errorf("print report: %w", err)
	}
	return nil
}
