package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/deskhand/deskhand/evals"
	"github.com/deskhand/deskhand/evals/archive"
)

type evalAllCmd struct {
	Fresh    bool   `help:"Ask everything anew, also what was asked under the very same conditions before."`
	Manifest string `arg:"" help:"YAML file that lists the suites." type:"existingfile"`
	Out      string `help:"Folder for one HTML report a suite; it is made where it is missing." placeholder:"DIR" type:"path"`
	Parallel int    `help:"Cases at a time. Default: one a core." placeholder:"N"`
	Readme   string `help:"Document whose table is replaced, between the marks for it." placeholder:"FILE" type:"existingfile"`
	Save     string `help:"JSON file for the figures, with the version of each suite." placeholder:"FILE" type:"newfile"`
}

// Help is shown by --help.
func (evalAllCmd) Help() string {
	return `Runs every suite of a manifest and prints a table of what they came to. The exit code is 0 also when cases did not pass: a gate
decides, see "deskhand eval gate". Of a suite that is marked as blind, only figures are shown.

  suites:
    - {file: answers.yaml, half: frozen}
    - {file: secret.jsonl, blind: true}

Example:
  deskhand eval all evals/suites/all.yaml --out eval-report`
}

// Run implements the command.
func (c evalAllCmd) Run(ctx context.Context, a *app) error {
	content, err := os.ReadFile(c.Manifest)
	if err != nil {
		return fmt.Errorf("%w: %w", errConfig, err)
	}
	manifest, err := evals.ParseManifest(content, c.Manifest)
	if err != nil {
		return fmt.Errorf("%w: %w", errConfig, err)
	}
	if c.Out != "" {
		if err := os.MkdirAll(c.Out, 0o750); err != nil {
			return fmt.Errorf("%w: cannot make the folder: %w", errConfig, err)
		}
	}
	var summary evals.Summary
	err = withArchive(ctx, a, func(kept *archive.Archive, d *database) error {
		for _, listed := range manifest.Suites {
			suite, err := listed.Open()
			if err != nil {
				return fmt.Errorf("%w: %w", errConfig, err)
			}
			started := a.clock()
			report, err := evalJob{fresh: c.Fresh, parallel: c.Parallel, suite: suite}.run(ctx, a, kept, d)
			if err != nil {
				return err
			}
			_, _ = fmt.Fprintf(a.err, "%s: %s\n", suite.Name, speed(report, a.clock().Sub(started)))
			summary.Suites = append(summary.Suites, evals.NewSuiteSummary(report, listed.Half))
			if err := c.write(a, listed, report); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return c.finish(a, summary)
}

func (c evalAllCmd) write(a *app, listed evals.Listed, report evals.Report) error {
	if c.Out == "" || listed.Blind {
		return nil
	}
	return writeReport(a, reportFiles{html: filepath.Join(c.Out, report.Suite+".html")}, report, nil)
}

func (c evalAllCmd) finish(a *app, summary evals.Summary) error {
	if c.Save != "" {
		if err := writeOut(a, c.Save, func(w io.Writer) error { return encodeJSON(w, summary) }); err != nil {
			return err
		}
	}
	if c.Readme != "" {
		document, err := os.ReadFile(c.Readme)
		if err != nil {
			return fmt.Errorf("%w: %w", errConfig, err)
		}
		_, replaced, err := summary.Between(string(document))
		if err != nil {
			return fmt.Errorf("%w: %s: %w", errConfig, c.Readme, err)
		}
		if err := writeOut(a, c.Readme, func(w io.Writer) error { _, err := io.WriteString(w, replaced); return err }); err != nil {
			return err
		}
	}
	return summary.WriteMarkdown(a.out)
}
