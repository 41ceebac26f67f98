package main

import (
	"context"
	"fmt"

	"github.com/deskhand/deskhand/evals"
)

type evalCompareCmd struct {
	Before string `arg:"" help:"Number of the earlier run, or its saved result."`
	After  string `arg:"" help:"Number of the later run, or its saved result."`
	HTML   string `help:"Also write the report of the later run beside the earlier one as one HTML file." name:"html" placeholder:"FILE" type:"newfile"`
	JSON   bool   `help:"Print one JSON object." name:"json"`
	MD     string `help:"Also write it as Markdown for a pull request." name:"md" placeholder:"FILE" type:"newfile"`
}

// Help is shown by --help.
func (evalCompareCmd) Help() string {
	return `Runs are listed by "deskhand eval list"; results are also saved with "deskhand eval run --json". Cases are paired by id;
those that ask or expect something else now are not compared. Each figure is better, worse, or there is no evidence: 95 % interval
of the paired difference (bootstrap over cases, 10,000 resamples), exact McNemar test, and for the slices Holm's adjustment. The
exit code is 0 whatever changed; "deskhand eval gate" decides.

Example:
  deskhand eval run --json evals/suites/smoke.yaml > before.json
  deskhand eval run --json evals/suites/smoke.yaml > after.json
  deskhand eval compare before.json after.json
  deskhand eval compare 11 12 --html diff.html`
}

// Run implements the command.
func (c evalCompareCmd) Run(ctx context.Context, a *app) error {
	reports, err := readRuns(ctx, a, c.Before, c.After)
	if err != nil {
		return err
	}
	before, after := reports[0], reports[1]
	comparison := evals.Compare(before, after)
	if comparison.Pairs == 0 {
		return fmt.Errorf("%w: the two results have no case in common", errConfig)
	}
	if err := writeReport(a, reportFiles{html: c.HTML, md: c.MD}, after, &before); err != nil {
		return err
	}
	if c.JSON {
		return printJSON(a, comparison)
	}
	return comparison.WriteTable(a.out)
}
