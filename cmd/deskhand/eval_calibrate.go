package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/deskhand/deskhand/assistant/confidence"
	"github.com/deskhand/deskhand/evals"
)

type evalCalibrateCmd struct {
	JSON            bool     `help:"Print one JSON object." name:"json"`
	Out             string   `help:"File to write the fit to. Default: print only." placeholder:"FILE" type:"newfile"`
	SVG             string   `help:"Folder to write reliability.svg and risk-coverage.svg to." name:"svg" placeholder:"DIR" type:"path"`
	Suites          []string `arg:"" help:"Labelled suites: YAML, or JSONL with a case a line." type:"existingfile"`
	TargetPrecision float64  `default:"0.98" help:"Precision of automatic answers that is wanted (${default})." placeholder:"P"`
}

// Help is shown by --help.
func (evalCalibrateCmd) Help() string {
	return `Runs the suites and fits from the evidence of each draft the probability that it cites the right article: a logistic model,
corrected by Platt scaling below 1,000 cases and by isotonic regression from there on. All figures are cross-validated in ten
folds: no case is judged by a model, or by a correction, that was fitted on it.

The fit holds for the embedder, the intent model and the taxonomy of the run, and, when the run had a chat model, for that model
and its prompt. For anything else it is stale: answers then need a probability of 0.95, and /readyz and the log say so.

Examples:
  deskhand eval calibrate evals/suites/calibration.yaml --target-precision 0.98 --svg plots
  deskhand eval calibrate evals/suites/calibration.yaml --out assistant/confidence/default.json   # then build again
  OPENAI_API_KEY=… deskhand eval calibrate mine.yaml --out fit.json && DESKHAND_CONFIDENCE=fit.json deskhand serve`
}

// Validate reports a flag that cannot work, before a suite runs.
func (c evalCalibrateCmd) Validate() error {
	if !(c.TargetPrecision > 0 && c.TargetPrecision < 1) {
		return fmt.Errorf("%w: --target-precision must lie between 0 and 1, such as 0.98", errConfig)
	}
	return nil
}

// Run implements the command.
func (c evalCalibrateCmd) Run(ctx context.Context, a *app) error {
	suites := make([]evals.Suite, len(c.Suites))
	for i, path := range c.Suites { // all, before the first of them runs
		var err error
		if suites[i], err = readSuite(path); err != nil {
			return err
		}
	}
	var runs evalRuns
	for _, suite := range suites {
		ran, err := runSuite(ctx, a, suite, 0)
		if err != nil {
			return err
		}
		runs.results, runs.suites = append(runs.results, ran...), append(runs.suites, suite.Name)
	}
	return c.fit(a, runs)
}

// evalRuns are the results of suites.
type evalRuns struct {
	results []evals.Result
	suites  []string
}

// fit fits, writes what was asked for, and prints.
func (c evalCalibrateCmd) fit(a *app, runs evalRuns) error {
	calibration, err := evals.Calibrate(runs.results, c.TargetPrecision)
	if err != nil {
		return fmt.Errorf("%w: %w", errConfig, err)
	}
	calibration.Model.Suites = runs.suites
	if err := c.write(a, calibration); err != nil {
		return err
	}
	if c.JSON {
		return printJSON(a, calibration)
	}
	return calibration.WriteTable(a.out)
}

// write leaves the files that were asked for.
func (c evalCalibrateCmd) write(a *app, calibration evals.Calibration) error {
	if c.SVG != "" {
		if err := os.MkdirAll(c.SVG, 0o755); err != nil { //nolint:gosec // diagrams, no secret
			return fmt.Errorf("%w: %w", errConfig, err)
		}
		for name, draw := range map[string]func(io.Writer) error{
			"reliability.svg": calibration.WriteReliability, "risk-coverage.svg": calibration.WriteRiskCoverage,
		} {
			if err := writeOut(a, filepath.Join(c.SVG, name), draw); err != nil {
				return err
			}
		}
	}
	if c.Out == "" {
		return nil
	}
	return writeOut(a, c.Out, func(w io.Writer) error {
		encoder := json.NewEncoder(w)
		encoder.SetIndent("", "  ")
		if err := encoder.Encode(calibration.Model); err != nil {
			return fmt.Errorf("write fit: %w", err)
		}
		return nil
	})
}

// openConfidence reads the desk's fit, or the built-in one.
func openConfidence(c config) (confidence.Model, error) {
	if c.Confidence == "" {
		return confidence.Default()
	}
	file, err := os.Open(c.Confidence)
	if err != nil {
		return confidence.Model{}, fmt.Errorf("%w: %w", errConfig, err)
	}
	defer func() { _ = file.Close() }() // only read
	fit, err := confidence.Parse(file)
	if err != nil {
		return fit, fmt.Errorf("%w: --confidence %s: %w", errConfig, c.Confidence, err)
	}
	return fit, nil
}
