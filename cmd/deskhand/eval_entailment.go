package main

import (
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"text/tabwriter"

	"github.com/deskhand/deskhand/evals"
	"github.com/deskhand/deskhand/retrieval"
)

// entailmentEvery is one in how many sentences of the sample articles is measured.
const entailmentEvery = 16

type evalEntailmentCmd struct {
	Cases string `help:"Table of sentences, with tabs: kind, articles, then a column for each language." placeholder:"FILE" required:"" type:"existingfile"`
	Half  string `default:"all" enum:"all,dev,frozen" help:"Which sentences, by their hash: ${enum}. Tune on dev only."`
	JSON  bool   `help:"Print one JSON object." name:"json"`
	Pairs bool   `help:"Also print each pair of languages."`
}

// Help is shown by --help.
func (evalEntailmentCmd) Help() string {
	return `Measures whether a sentence is stopped that cites an article in another language which does not say it. A line of the table
is a sentence in several languages: true, a lie on the article's topic, or off_topic; or a text, which others cite by its
name. Articles are those of the sample. One in 16 of their own sentences is held against the other languages' versions.

  true       what is stopped of it is over-blocked
  article    the articles' own sentences, likewise; versions do not say the same in every sentence
  other      true sentences that cite the next article instead
  AUC        the probability that a true sentence scores higher than one of the kind

Examples:
  deskhand eval entailment --cases evals/suites/entailment.tsv --half frozen
  deskhand eval entailment --cases evals/suites/entailment.tsv --half frozen --pairs
  deskhand eval entailment --cases evals/suites/entailment.tsv --json`
}

// Run implements the command.
func (c evalEntailmentCmd) Run(a *app) error {
	file, err := os.Open(c.Cases)
	if err != nil {
		return fmt.Errorf("%w: --cases: %w", errConfig, err)
	}
	defer func() { _ = file.Close() }() // only read
	rows, err := evals.ReadEntailments(file, retrieval.Sample(), entailmentEvery)
	if err != nil {
		return fmt.Errorf("%w: %s: %w", errConfig, c.Cases, err)
	}
	half := evals.Half(c.Half)
	rows = slices.DeleteFunc(rows, func(row evals.EntailmentRow) bool { return half != evals.HalfAll && row.Half() != half })
	k, err := loadRules(a.config)
	if err != nil {
		return err
	}
	report := evals.Entailment(k.guard, rows)
	if c.JSON {
		return printJSON(a, report)
	}
	if err := printEntailment(a.out, report.Kinds); err != nil {
		return err
	}
	for _, least := range report.Least {
		if _, err := fmt.Fprintf(a.out, "%.1f %% of the true sentences score less than %.3f\n", 100*least.Share, least.Score); err != nil {
			return fmt.Errorf("print report: %w", err)
		}
	}
	if !c.Pairs {
		return nil
	}
	for _, pair := range slices.Sorted(maps.Keys(report.Pairs)) {
		if _, err := fmt.Fprintf(a.out, "\n%s\n", pair); err != nil {
			return fmt.Errorf("print report: %w", err)
		}
		if err := printEntailment(a.out, report.Pairs[pair]); err != nil {
			return err
		}
	}
	return nil
}

func printEntailment(w io.Writer, kinds map[string]evals.EntailmentScore) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(table, "KIND\tSTOPPED\tOF\tSHARE\t95 %\tAUC")
	for _, kind := range []string{evals.EntailTrue, evals.EntailArticle, evals.EntailOther, evals.EntailLie, evals.EntailOffTopic} {
		score, ok := kinds[kind]
		if !ok {
			continue
		}
		auc := ""
		if kind != evals.EntailTrue && kind != evals.EntailArticle {
			auc = fmt.Sprintf("%.3f", score.AUC)
		}
		s := score.Stopped
		_, _ = fmt.Fprintf(table, "%s\t%d\t%d\t%.3f\t%.3f-%.3f\t%s\n", kind, s.Hits, s.N, s.Rate, s.Lower, s.Upper, auc)
	}
	if err := table.Flush(); err != nil {
		return fmt.Errorf("print report: %w", err)
	}
	return nil
}
