package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/assistant/memory"
	"github.com/deskhand/deskhand/assistant/postgres"
	"github.com/deskhand/deskhand/evals"
	"github.com/deskhand/deskhand/retrieval"
	"github.com/deskhand/deskhand/retrieval/files"
)

type evalCmd struct {
	Calibrate evalCalibrateCmd `cmd:"" help:"Fit the confidence on labelled suites, and say what it is worth."`
	Compare   evalCompareCmd   `cmd:"" help:"Say what is better and what is worse in a second run of a suite."`
	Gate      evalGateCmd      `cmd:"" help:"Run a suite and fail when it is worse than a baseline or breaks a rule."`
	Import    evalImportCmd    `cmd:"" help:"Make a suite of what agents decided."`
	Fusion    evalFusionCmd    `cmd:"" help:"Fit the weights of the second look at the best hits, and measure each part of it."`
	Guard     evalGuardCmd     `cmd:"" help:"Measure what the checks on outgoing texts stop, and what they should not have."`
	Intents   evalIntentsCmd   `cmd:"" help:"Train and measure the intent classifier on labelled sets."`
	Lang      evalLangCmd      `cmd:"" help:"Measure the language detector."`
	Lint      evalLintCmd      `cmd:"" help:"Check suites without running them."`
	Redact    evalRedactCmd    `cmd:"" help:"Measure the redaction of secrets."`
	Retrieval evalRetrievalCmd `cmd:"" help:"Measure how well the search finds articles, beside plain BM25."`
	Run       evalRunCmd       `cmd:"" help:"Run a suite and fail when a case does."`
	Triage    evalTriageCmd    `cmd:"" help:"Measure what reaches a person and what should not have."`
}

type evalRunCmd struct {
	JSON       bool     `help:"Print one JSON object." name:"json"`
	Limit      int      `help:"Only the first cases, at most so many." placeholder:"N"`
	OnlyFailed string   `help:"Only the cases that did not pass in this saved result." placeholder:"FILE" type:"existingfile"`
	Parallel   int      `help:"Cases at a time. Default: one a core." placeholder:"N"`
	Suite      string   `arg:"" help:"YAML file of the suite, or JSONL with a case or a hand-off row a line." type:"existingfile"`
	Tag        []string `help:"Only cases with this tag; repeat for more." placeholder:"TAG"`
}

// Help is shown by --help.
func (evalRunCmd) Help() string {
	return `The suite runs on a knowledge base of its own, in a scratch database that is dropped afterwards; the desk is not touched.
With OPENAI_API_KEY or OPENAI_BASE_URL set it runs with that model, else offline.

Each case ends in one of: correct answer, right hand-off, needless hand-off, wrong answer, missed mandatory hand-off (a case with
the tag "mandatory" that reached no person). Intervals are at 95 %: Clopper-Pearson for mandatory hand-off, else Wilson.

Examples:
  deskhand eval run evals/suites/smoke.yaml
  deskhand eval run evals/suites/handoff-dev.jsonl
  deskhand eval run --json evals/suites/smoke.yaml > saved.json
  deskhand eval run --only-failed saved.json --limit 10 evals/suites/smoke.yaml
  deskhand eval run --tag security --json evals/suites/smoke.yaml`
}

// Run implements the command.
func (c evalRunCmd) Run(ctx context.Context, a *app) error {
	suite, err := readSuite(c.Suite)
	if err != nil {
		return err
	}
	if err := c.narrow(&suite); err != nil {
		return err
	}
	results, err := runSuite(ctx, a, suite, c.Parallel)
	if err != nil {
		return err
	}
	report := evals.NewReport(suite, results)
	if c.JSON {
		err = printJSON(a, report)
	} else {
		err = report.WriteTable(a.out)
	}
	if err == nil && !report.Passed() {
		return errFailed
	}
	return err
}

// narrow leaves the cases in the suite that the flags ask for: of those with a tag the ones that failed, of those the first.
func (c evalRunCmd) narrow(suite *evals.Suite) error {
	if c.Limit < 0 {
		return fmt.Errorf("%w: --limit must be above 0", errConfig)
	}
	if len(c.Tag) > 0 {
		suite.Cases = slices.DeleteFunc(suite.Cases, func(e evals.Case) bool {
			return !slices.ContainsFunc(c.Tag, func(tag string) bool { return slices.Contains(e.Tags, tag) })
		})
	}
	if c.OnlyFailed != "" {
		report, err := readReport(c.OnlyFailed)
		if err != nil {
			return err
		}
		failed := report.Failed()
		suite.Cases = slices.DeleteFunc(suite.Cases, func(e evals.Case) bool { return !slices.Contains(failed, e.ID) })
	}
	if c.Limit > 0 && len(suite.Cases) > c.Limit {
		suite.Cases = suite.Cases[:c.Limit]
	}
	if len(suite.Cases) == 0 {
		return fmt.Errorf("%w: no case of %s is left: see --tag and --only-failed", errConfig, suite.Name)
	}
	return nil
}

func printJSON(a *app, value any) error { return encodeJSON(a.out, value) }

func encodeJSON(w io.Writer, value any) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(value); err != nil {
		return fmt.Errorf("print JSON: %w", err)
	}
	return nil
}

func readSuite(path string) (evals.Suite, error) {
	file, err := os.Open(path) //nolint:gosec // the user names the file
	if err != nil {
		return evals.Suite{}, fmt.Errorf("%w: %w", errConfig, err)
	}
	defer func() { _ = file.Close() }() // only read
	parse := evals.ParseSuite
	if filepath.Ext(path) == ".jsonl" {
		parse = evals.ParseRows
	}
	suite, err := parse(file, path)
	if err != nil {
		return suite, fmt.Errorf("%w: %w", errConfig, err)
	}
	return suite, nil
}

// runSuite runs a suite on a knowledge base of its own.
func runSuite(ctx context.Context, a *app, suite evals.Suite, parallel int) (results []evals.Result, err error) {
	database, err := openDatabase(ctx, a)
	if err != nil {
		return nil, err
	}
	defer func() {
		if closeErr := database.close(ctx); err == nil {
			err = closeErr
		}
	}()
	scratch, drop, err := createScratch(ctx, database)
	if err != nil {
		return nil, err
	}
	defer func() {
		if dropErr := drop(); err == nil {
			err = dropErr
		}
	}()
	return runOn(ctx, a, scratch, suite, parallel)
}

// runOn runs a suite on the database at url, which must be empty.
func runOn(ctx context.Context, a *app, url string, suite evals.Suite, parallel int) ([]evals.Result, error) {
	config := *a
	config.config.DatabaseURL = url
	s, err := openSystem(ctx, &config, nil)
	if err != nil {
		return nil, err
	}
	defer s.pool.Close()
	if err := importFor(ctx, a, s, suite); err != nil {
		return nil, err
	}
	settings, err := s.store.Settings(ctx)
	if err != nil {
		return nil, err
	}
	store := memory.New(func(context.Context) (assistant.Settings, error) { return settings, nil })
	if parallel < 1 {
		parallel = runtime.GOMAXPROCS(0)
	}
	bar := newProgress(a.err, "cases", len(suite.Cases))
	defer bar.done()
	runner := evals.Runner{
		Assistant: s.assistant(store, a.clock), Clock: a.clock, Parallel: parallel,
		Progress: func(evals.Result) { bar.add() }, Store: store,
	}
	return runner.Run(ctx, suite)
}

// importFor loads the suite's knowledge base, without a word unless something is wrong with it.
func importFor(ctx context.Context, a *app, s *system, suite evals.Suite) error {
	quiet := *a
	quiet.out = a.err
	if suite.KB == evals.SampleKB {
		return importSample(ctx, &quiet, s)
	}
	articles, err := files.Path(suite.KB)
	if err != nil {
		return fmt.Errorf("%w: knowledge base of the suite: %w", errConfig, err)
	}
	return importArticles(ctx, &quiet, s.index, articles, retrieval.ImportOptions{Source: suite.KB})
}

// createScratch makes a database beside the desk's and returns its address and how to drop it. On the private cluster only
// the superuser may do that: the service's own role cannot, on purpose.
func createScratch(ctx context.Context, d *database) (string, func() error, error) {
	conn, err := pgx.Connect(ctx, cmp.Or(d.admin, d.url))
	if err != nil {
		return "", nil, fmt.Errorf("connect for scratch database: %w", err)
	}
	owner, err := pgx.ParseConfig(d.url)
	if err != nil {
		return "", nil, fmt.Errorf("parse database URL: %w", err)
	}
	name := "deskhand_eval_" + strings.ReplaceAll(uuid.NewString(), "-", "")
	identifier := pgx.Identifier{name}.Sanitize()
	if _, err := conn.Exec(ctx, "CREATE DATABASE "+identifier+" OWNER "+pgx.Identifier{owner.User}.Sanitize()); err != nil {
		_ = conn.Close(ctx) // the error of the statement is the one to report
		return "", nil, fmt.Errorf("create scratch database (the role needs CREATEDB): %w", err)
	}
	drop := func() error {
		ctx := context.WithoutCancel(ctx)
		defer func() { _ = conn.Close(ctx) }() // the process ends soon
		if _, err := conn.Exec(ctx, "DROP DATABASE "+identifier+" WITH (FORCE)"); err != nil {
			return fmt.Errorf("drop scratch database: %w", err)
		}
		return nil
	}
	scratch, err := postgres.WithDatabase(d.url, name)
	return scratch, drop, err
}
