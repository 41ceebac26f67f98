package main

import (
	"fmt"
	"os"

	"github.com/deskhand/deskhand/evals"
)

type evalCompareCmd struct {
	Before string `arg:"" help:"Saved result of the earlier run." type:"existingfile"`
	After  string `arg:"" help:"Saved result of the later run." type:"existingfile"`
	JSON   bool   `help:"Print one JSON object." name:"json"`
}

// Help is shown by --help.
func (evalCompareCmd) Help() string {
	return `Results are saved with "deskhand eval run --json". Cases are paired by id; those that ask or expect something else now are not
compared. Each figure is better, worse, or there is no evidence: 95 % interval of the paired difference (bootstrap, 10,000
resamples), exact McNemar test, and for the slices Holm's adjustment. The exit code is 0 whatever changed; "deskhand eval gate"
decides.

Example:
  deskhand eval run --json evals/suites/smoke.yaml > before.json
  deskhand eval run --json evals/suites/smoke.yaml > after.json
  deskhand eval compare before.json after.json`
}

// Run implements the command.
func (c evalCompareCmd) Run(a *app) error {
	before, err := readReport(c.Before)
	if err != nil {
		return err
	}
	after, err := readReport(c.After)
	if err != nil {
		return err
	}
	comparison := evals.Compare(before, after)
	if comparison.Pairs == 0 {
		return fmt.Errorf("%w: the two results have no case in common", errConfig)
	}
	if c.JSON {
		return printJSON(a, comparison)
	}
	return comparison.WriteTable(a.out)
}

func readReport(path string) (evals.Report, error) {
	file, err := os.Open(path) //nolint:gosec // the user names the file
	if err != nil {
		return evals.Report{}, fmt.Errorf("%w: %w", errConfig, err)
	}
	defer func() { _ = file.Close() }() // only read
	report, err := evals.ReadReport(file, path)
	if err != nil {
		return report, fmt.Errorf("%w: %w", errConfig, err)
	}
	return report, nil
}
