package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/deskhand/deskhand/evals"
	"github.com/deskhand/deskhand/retrieval/embed/train"
)

type embedderMeasureCmd struct {
	Ask  string `default:"held-out" help:"Which questions: those of the sections that training leaves out (held-out), all, or the name of one table without .tsv (${default})." placeholder:"WHAT"`
	JSON bool   `help:"Print one JSON object." name:"json"`
	Out  string `help:"Also write the sections asked about, as articles in English (kb.jsonl) with their questions (queries.jsonl), for \"deskhand eval retrieval\"." placeholder:"DIR" type:"path"`
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
  deskhand embedder measure --own desk/rows --ask refunds --json
  deskhand embedder measure --out rows && deskhand eval retrieval --kb rows/kb.jsonl --queries rows/queries.jsonl --index all`
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
	if c.Out != "" {
		if err := writeSections(c.Out, asked); err != nil {
			return fmt.Errorf("write sections: %w", err)
		}
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

// writeSections writes rows as a data set: a section is an article in English, titled by its first question or title, and
// the other questions ask for it, in each of their languages.
func writeSections(folder string, rows []train.Row) error {
	articles := make(map[string]*evals.ArticleRow)
	var order []string
	var questions []evals.QuestionRow
	for _, row := range rows {
		if row.Kind == train.Other {
			continue
		}
		article := articles[row.Section]
		if article == nil {
			article = &evals.ArticleRow{ID: row.Section, Key: row.Section, Lang: train.Languages[0]}
			articles[row.Section] = article
			order = append(order, row.Section)
		}
		switch {
		case row.Kind == train.Passage:
			article.Body += row.Texts[0] + "\n\n"
		case article.Title == "":
			article.Title = row.Texts[0]
		default:
			for i, text := range row.Texts {
				if text != "" {
					language := train.Languages[i]
					questions = append(questions, evals.QuestionRow{
						ID: row.Key + ":" + language, Lang: language, Query: text, Relevant: row.Section,
					})
				}
			}
		}
	}
	kb := make([]evals.ArticleRow, 0, len(order))
	for _, section := range order {
		if articles[section].Body != "" {
			kb = append(kb, *articles[section])
		}
	}
	if err := os.MkdirAll(folder, 0o750); err != nil {
		return err
	}
	return errors.Join(writeRows(filepath.Join(folder, "kb.jsonl"), kb), writeRows(filepath.Join(folder, "queries.jsonl"), questions))
}

// writeRows writes one JSON object a line.
func writeRows[T any](name string, rows []T) error {
	var content bytes.Buffer
	lines := json.NewEncoder(&content)
	for _, row := range rows {
		if err := lines.Encode(row); err != nil {
			return err
		}
	}
	return writeWhole(name, content.Bytes())
}

func writeRecall(w io.Writer, before string, all []train.Recall) {
	for _, r := range all {
		_, _ = fmt.Fprintf(w, "%s%s\t%d questions, %d sections, recall@1 %.1f %% (%.0f-%.0f), recall@5 %.1f %% (%.0f-%.0f)\n",
			before, r.Name, r.Questions, r.Sections, 100*r.Recall1, 100*r.CI95At1[0], 100*r.CI95At1[1],
			100*r.Recall5, 100*r.CI95At5[0], 100*r.CI95At5[1])
	}
}
