package main

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"text/tabwriter"

	"github.com/deskhand/deskhand/evals"
)

// measureFlags are what the commands share that measure one part of the pipeline on a labelled data set. They need no
// database.
type measureFlags struct {
	Cases string `help:"Data set: a file with one JSON object a line." placeholder:"FILE" required:"" type:"existingfile"`
	JSON  bool   `help:"Print one JSON object." name:"json"`
}

type evalRedactCmd struct {
	measureFlags `embed:""`

	Misses bool `help:"Also print the texts that were missed and the harmless ones that were changed."`
}

// Help is shown by --help.
func (evalRedactCmd) Help() string {
	return `Rows: {"text": …, "label": …}. A label such as seed_phrase, xprv, wif_private_key, secret or one of deskhand's own kinds
marks a secret; any other label marks a text that must stay as it is.

Example:
  deskhand eval redact --cases secrets.jsonl --json`
}

// Run implements the command.
func (c evalRedactCmd) Run(a *app) error {
	rows, err := readRows[evals.SecretRow](c.Cases)
	if err != nil {
		return err
	}
	k, err := loadKnowledge(a.config)
	if err != nil {
		return err
	}
	report := evals.Redaction(k.redactor, rows)
	if c.Misses {
		for _, row := range report.Missed {
			_, _ = fmt.Fprintf(a.err, "missed %s: %s\n", row.Label, row.Text)
		}
		for _, text := range report.Alarms {
			_, _ = fmt.Fprintf(a.err, "false alarm: %s\n", text)
		}
	}
	if c.JSON {
		return printJSON(a, report)
	}
	table := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(table, "LABEL\tCAUGHT\tOF")
	for _, label := range slices.Sorted(maps.Keys(report.Labels)) {
		_, _ = fmt.Fprintf(table, "%s\t%d\t%d\n", label, report.Labels[label].Caught, report.Labels[label].Total)
	}
	_, _ = fmt.Fprintf(table, "false alarms\t%d\t%d\n", report.FalseAlarms, report.Harmless)
	return table.Flush()
}

type evalLangCmd struct {
	measureFlags `embed:""`
}

// Help is shown by --help.
func (evalLangCmd) Help() string {
	return `Rows: {"text": …, "lang": BCP 47 tag}.

Example:
  deskhand eval lang --cases titles.jsonl --json`
}

// Run implements the command.
func (c evalLangCmd) Run(a *app) error {
	rows, err := readRows[evals.LanguageRow](c.Cases)
	if err != nil {
		return err
	}
	k, err := loadKnowledge(a.config)
	if err != nil {
		return err
	}
	report := evals.Languages(k.lang, rows)
	if c.JSON {
		return printJSON(a, report)
	}
	table := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(table, "LANGUAGE\tACCURACY\tN")
	for _, tag := range slices.Sorted(maps.Keys(report.ByLang)) {
		_, _ = fmt.Fprintf(table, "%s\t%.4f\t%d\n", tag, report.ByLang[tag].Accuracy, report.ByLang[tag].N)
	}
	_, _ = fmt.Fprintf(table, "all\t%.4f\t%d\n", report.Accuracy, report.N)
	return table.Flush()
}

type evalIntentsCmd struct {
	JSON     bool   `help:"Print one JSON object." name:"json"`
	OOSLabel string `help:"Label of texts that have no intent." name:"oos-label" placeholder:"LABEL"`
	Test     string `help:"Data set to measure on: a file with one JSON object a line." placeholder:"FILE" required:"" type:"existingfile"`
	Train    string `help:"Data set to train on." placeholder:"FILE" required:"" type:"existingfile"`
}

// Help is shown by --help.
func (evalIntentsCmd) Help() string {
	return `Trains the intent classifier on one labelled set and measures it on another; deskhand's own model is not touched.
Rows: {"text": …, "label": …}.

Example:
  deskhand eval intents --train train.jsonl --test val.jsonl --oos-label oos --json`
}

// Run implements the command.
func (c evalIntentsCmd) Run(a *app) error {
	train, err := readRows[evals.IntentRow](c.Train)
	if err != nil {
		return err
	}
	test, err := readRows[evals.IntentRow](c.Test)
	if err != nil {
		return err
	}
	report, err := evals.Intents(train, test, c.OOSLabel)
	if err != nil {
		return err
	}
	if c.JSON {
		return printJSON(a, report)
	}
	_, err = fmt.Fprintf(a.out, "n %d, accuracy %.4f, macro F1 %.4f, ECE %.4f, AURC %.4f, out-of-scope AUROC %.4f\n",
		report.N, report.Accuracy, report.MacroF1, report.ECE, report.AURC, report.OOSAUROC)
	return err
}

type evalTriageCmd struct {
	measureFlags `embed:""`
}

// Help is shown by --help.
func (evalTriageCmd) Help() string {
	return `Rows: {"id": …, "text": …, "lang": …, "must_handoff": true or false, "intent": …, "risks": […]}.

Example:
  deskhand eval triage --cases assistant/triage/risk/testdata/cases.jsonl --json`
}

// Run implements the command.
func (c evalTriageCmd) Run(a *app) error {
	rows, err := readRows[evals.HandOffRow](c.Cases)
	if err != nil {
		return err
	}
	k, err := loadKnowledge(a.config)
	if err != nil {
		return err
	}
	report := evals.HandOff(k.triager, k.redactor, rows)
	if c.JSON {
		return printJSON(a, report)
	}
	table := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(table, "LANGUAGE\tMUST\tMISSED\tMAY\tHANDED OVER")
	for _, tag := range slices.Sorted(maps.Keys(report.ByLang)) {
		slice := report.ByLang[tag]
		_, _ = fmt.Fprintf(table, "%s\t%d\t%d\t%d\t%d\n", tag, slice.Must, slice.Missed, slice.May, slice.OverHanded)
	}
	if err := table.Flush(); err != nil {
		return fmt.Errorf("print report: %w", err)
	}
	_, err = fmt.Fprintf(a.out, "hand-off recall %.4f (at least %.4f), over-hand-off %.4f, intent accuracy %.4f\n"+
		"missed: %v\nhanded over: %v\n",
		report.Recall, report.RecallLower, report.OverHandOff, report.IntentAccuracy, report.Missed, report.OverHanded)
	return err
}

// readRows reads a data set that the user names.
func readRows[T any](path string) ([]T, error) {
	file, err := os.Open(path) //nolint:gosec // the user names the file
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errConfig, err)
	}
	defer func() { _ = file.Close() }() // only read
	rows, err := evals.ReadRows[T](file, path)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errConfig, err)
	}
	return rows, nil
}
