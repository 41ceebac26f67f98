package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/deskhand/deskhand/retrieval/embed/train"
)

type embedderMeasureCmd struct {
	Ask  string `default:"held-out" help:"Which questions: those of the sections that training leaves out (held-out), all, or the name of one table without .tsv (${default})." placeholder:"WHAT"`
	JSON bool   `help:"Print one JSON object." name:"json"`
	Own  string `default:"retrieval/embed/parallel" help:"Folder with *.tsv, your own aligned rows (${default})." placeholder:"DIR" type:"existingdir"`
}

// Help is shown by --help.
func (embedderMeasureCmd) Help() string {
	return `Each question is asked in each of its languages, by the vectors alone. First the English answers of the sections asked about are
searched, then those of all sections in your rows.
Rows that the table was trained on flatter it: measure with those that it has never seen.

Examples:
  deskhand embedder measure
  deskhand --embedder-table desk.bin embedder measure --own desk/rows
  deskhand embedder measure --own desk/rows --ask refunds --json`
}

// Run implements the command.
func (c embedderMeasureCmd) Run(a *app) error {
	embedder, err := openTable(a.config)
	if err != nil {
		return err
	}
	var corpus train.Corpus
	if err := corpus.ReadOwn(c.Own); err != nil {
		return fmt.Errorf("%w: %w", errConfig, err)
	}
	asked := c.asked(corpus)
	if !slices.ContainsFunc(asked, func(row train.Row) bool { return row.Kind == train.Asking }) {
		return fmt.Errorf("%w: --ask %s: no question in %s: use held-out, all, or the name of a table there", errConfig, c.Ask, c.Own)
	}
	found := train.OwnRecall(embedder, corpus, asked)
	if c.JSON {
		return printJSON(a, found)
	}
	table := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
	writeRecall(table, "", found)
	if err := table.Flush(); err != nil {
		return fmt.Errorf("print recall: %w", err)
	}
	return nil
}

func (c embedderMeasureCmd) asked(corpus train.Corpus) []train.Row {
	switch c.Ask {
	case "all":
		return corpus.Rows
	case "held-out":
		return corpus.HeldOut(train.Defaults())
	}
	var rows []train.Row
	for _, row := range corpus.Rows {
		if strings.HasPrefix(row.Section, c.Ask+"/") {
			rows = append(rows, row)
		}
	}
	return rows
}

func writeRecall(w io.Writer, before string, all []train.Recall) {
	for _, r := range all {
		_, _ = fmt.Fprintf(w, "%s%s\t%d questions, %d sections, recall@1 %.1f %% (%.0f-%.0f), recall@5 %.1f %% (%.0f-%.0f)\n",
			before, r.Name, r.Questions, r.Sections, 100*r.Recall1, 100*r.CI95At1[0], 100*r.CI95At1[1],
			100*r.Recall5, 100*r.CI95At5[0], 100*r.CI95At5[1])
	}
}
