package main

import (
	"context"
	"fmt"
	"io"

	"github.com/deskhand/deskhand/evals"
	"github.com/deskhand/deskhand/evals/page"
)

type evalReportCmd struct {
	Baseline string `help:"Also show what changed since this run, or saved result." placeholder:"RUN"`
	MD       string `help:"Also write Markdown for a pull request." name:"md" placeholder:"FILE" type:"newfile"`
	Out      string `help:"HTML file to write." placeholder:"FILE" type:"newfile"`
	Run_     string `arg:"" help:"Number of the run, from \"deskhand eval list\", or its saved result." name:"run"`
}

// Help is shown by --help.
func (evalReportCmd) Help() string {
	return `The HTML file holds everything and asks the network for nothing: pass it on as it is. It works on a phone and in print;
cases are filtered in the page. It holds the questions of the suite and what the assistant replied.

Examples:
  deskhand eval report 12 --out report.html
  deskhand eval report 12 --baseline 11 --out report.html --md comment.md`
}

// Run implements the command.
func (c evalReportCmd) Run(ctx context.Context, a *app) error {
	if c.Out == "" && c.MD == "" {
		return fmt.Errorf("%w: name a file with --out or --md", errConfig)
	}
	names := []string{c.Run_}
	if c.Baseline != "" {
		names = append(names, c.Baseline)
	}
	reports, err := readRuns(ctx, a, names...)
	if err != nil {
		return err
	}
	var baseline *evals.Report
	if c.Baseline != "" {
		baseline = &reports[1]
	}
	if err := writeReport(a, reportFiles{html: c.Out, md: c.MD}, reports[0], baseline); err != nil {
		return err
	}
	for _, path := range []string{c.Out, c.MD} {
		if path != "" {
			_, _ = fmt.Fprintf(a.out, "The report is in %s.\n", path)
		}
	}
	return nil
}

// reportFiles are where a report is written to; an empty name writes none.
type reportFiles struct{ html, md string }

// writeReport writes a report, beside an earlier one when there is one.
func writeReport(a *app, files reportFiles, report evals.Report, baseline *evals.Report) error {
	var comparison *evals.Comparison
	if baseline != nil {
		comparison = evals.Compare(*baseline, report)
	}
	if files.html != "" {
		err := writeOut(a, files.html, func(w io.Writer) error {
			return page.Write(w, page.Input{Baseline: baseline, Comparison: comparison, Made: a.clock(), Report: report})
		})
		if err != nil {
			return err
		}
	}
	if files.md == "" {
		return nil
	}
	return writeOut(a, files.md, func(w io.Writer) error { return report.WriteMarkdown(w, comparison) })
}
