package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/deskhand/deskhand/assistant/postgres"
	"github.com/deskhand/deskhand/assistant/redact"
	"github.com/deskhand/deskhand/assistant/triage"
	"github.com/deskhand/deskhand/evals"
	"github.com/deskhand/deskhand/evals/exchange"
)

type evalImportCmd struct {
	File     string `arg:"" help:"File of another tool to read." optional:"" type:"existingfile"`
	Format   string `default:"auto" enum:"auto,csv,promptfoo,ragas,langfuse" help:"What the file is: ${enum}; auto goes by its name (csv, yaml: promptfoo, jsonl: ragas, json: langfuse)." placeholder:"NAME"`
	FromDesk bool   `help:"Make cases of what agents decided about drafts."`
	Limit    int    `default:"10000" help:"How many at most (${default})." placeholder:"N"`
	Locale   string `default:"en" help:"Language of cases that do not name theirs (${default})." placeholder:"TAG"`
	Out      string `help:"Suite to write. Default: the standard output." placeholder:"FILE" type:"newfile"`
	Since    string `help:"Only what was decided on this day or later." placeholder:"DAY"`
}

// Help is shown by --help.
func (evalImportCmd) Help() string {
	return `From a file: CSV with a line of headings, of which question is needed (others: id, locale, channel, outcome, article, intent,
language, priority, risks, must_contain, must_not_contain, reference, tags; lists separated by "|"); promptfoo's tests; ragas' samples;
Langfuse's dataset items. An expectation that means nothing here is an error, not a case that expects less.

From the desk: texts are redacted again, with e-mail addresses, telephone numbers, IBANs and identity numbers, whatever the desk keeps.
Names are not recognised: look through the file before you pass it on.

Examples:
  deskhand eval import questions.csv --out questions.yaml
  deskhand eval import --format langfuse items.jsonl --locale ko --out items.yaml
  deskhand eval import --from-desk --since 2026-01-01 --out desk.yaml
  deskhand eval run desk.yaml`
}

// Run implements the command.
func (c evalImportCmd) Run(ctx context.Context, a *app) error {
	if c.FromDesk == (c.File != "") {
		return fmt.Errorf("%w: name a file, or use --from-desk", errConfig)
	}
	if c.File != "" {
		return c.fromFile(a)
	}
	since, err := parseDay("--since", c.Since)
	if err != nil {
		return err
	}
	if c.Limit < 1 {
		return fmt.Errorf("%w: --limit must be above 0", errConfig)
	}
	redactor, err := redact.New(redact.Config{PII: true})
	if err != nil {
		return fmt.Errorf("load redactor: %w", err)
	}
	return withDesk(ctx, a, func(s *system) error {
		drafts, err := s.store.DecidedDrafts(ctx, since, c.Limit)
		if err != nil {
			return err
		}
		suite := evals.FromDesk(decidedCases(drafts), redactor)
		if len(suite.Cases) == 0 {
			return fmt.Errorf("%w: no draft was decided in that time", errConfig)
		}
		return writeSuite(a, suite, c.Out)
	})
}

func (c evalImportCmd) fromFile(a *app) error {
	format := c.Format
	if format == "auto" {
		format = map[string]string{
			".csv": "csv", ".json": "langfuse", ".jsonl": "ragas", ".yaml": "promptfoo", ".yml": "promptfoo",
		}[filepath.Ext(c.File)]
	}
	file, err := os.Open(c.File)
	if err != nil {
		return fmt.Errorf("%w: %w", errConfig, err)
	}
	defer func() { _ = file.Close() }() // only read
	name := strings.TrimSuffix(filepath.Base(c.File), filepath.Ext(c.File))
	suite, err := exchange.Read(file, exchange.Source{Format: exchange.Format(format), Locale: c.Locale, Name: name})
	if err != nil {
		return fmt.Errorf("%w: %w", errConfig, err)
	}
	return writeSuite(a, suite, c.Out)
}

func writeSuite(a *app, suite evals.Suite, path string) error {
	if err := writeOut(a, path, suite.Write); err != nil || path == "" {
		return err
	}
	_, err := fmt.Fprintf(a.out, "%d cases are in %s.\n", len(suite.Cases), path)
	return err
}

type evalExportCmd struct {
	Format string `default:"jsonl" enum:"yaml,jsonl,csv,promptfoo,ragas,langfuse" help:"${enum} (${default}). What a format cannot say is left out." placeholder:"NAME"`
	Out    string `help:"File to write. Default: the standard output." placeholder:"FILE" type:"newfile"`
	Suite  string `arg:"" help:"Suite to export, YAML or JSONL; what it includes is exported too." type:"existingfile"`
}

// Help is shown by --help.
func (evalExportCmd) Help() string {
	return `Example:
  deskhand eval export --format promptfoo evals/suites/answers.yaml --out promptfooconfig.yaml`
}

// Run implements the command.
func (c evalExportCmd) Run(a *app) error {
	suite, err := readSuite(c.Suite)
	if err != nil {
		return err
	}
	return writeOut(a, c.Out, func(w io.Writer) error { return exchange.Write(w, suite, exchange.Format(c.Format)) })
}

func decidedCases(drafts []postgres.DecidedDraft) []evals.Decided {
	decided := make([]evals.Decided, len(drafts))
	for i, d := range drafts {
		decided[i] = evals.Decided{
			Fate: d.Fate, Intent: d.Intent, Language: d.Language, Priority: triage.Priority(d.Priority), Question: d.Question,
			Reject: d.RejectCode, RunID: d.RunID.String(),
		}
		for _, citation := range d.Citations {
			decided[i].Articles = append(decided[i].Articles, citation.Slug)
		}
	}
	return decided
}
