package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/deskhand/deskhand/evals"
	"github.com/deskhand/deskhand/evals/archive"
)

type evalListCmd struct {
	Delete []int64 `help:"Delete these runs with what came out of them." placeholder:"RUN"`
	JSON   bool    `help:"Print one JSON array." name:"json"`
	Limit  int     `default:"20" help:"The newest so many (${default})." placeholder:"N"`
	Suite  string  `help:"Only runs of the suite with this name." placeholder:"NAME"`
}

// Help is shown by --help.
func (evalListCmd) Help() string {
	return `Runs are kept in the database, apart from the desk's traffic, until they are deleted. A run that is "running" without a
program that runs it was killed: "deskhand eval run --resume" goes on with it.

Examples:
  deskhand eval list --suite smoke --limit 5
  deskhand eval list --delete 3,4`
}

// Validate reports a setting that cannot work.
func (c evalListCmd) Validate() error {
	if c.Limit < 1 {
		return fmt.Errorf("%w: --limit must be 1 or more, it is %d", errConfig, c.Limit)
	}
	for _, id := range c.Delete {
		if id < 1 {
			return fmt.Errorf("%w: --delete %d is the number of no run: \"deskhand eval list\" shows them", errConfig, id)
		}
	}
	return nil
}

// Run implements the command.
func (c evalListCmd) Run(ctx context.Context, a *app) error {
	return withArchive(ctx, a, func(kept *archive.Archive, _ *database) error {
		if len(c.Delete) > 0 {
			n, err := kept.Delete(ctx, c.Delete)
			if err == nil {
				_, err = fmt.Fprintf(a.out, "%d runs deleted.\n", n)
			}
			return err
		}
		runs, err := kept.Runs(ctx, archive.Filter{Limit: c.Limit, Suite: c.Suite})
		if err != nil {
			return err
		}
		if c.JSON {
			return printJSON(a, runs)
		}
		return printRuns(a.out, runs)
	})
}

func printRuns(w io.Writer, runs []archive.Run) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(table, "RUN\tSUITE\tVERSION\tSTARTED\tSTATUS\tTOOK\tDONE\tPASSED\tCOST\tFINGERPRINT")
	for _, run := range runs {
		took := "-"
		if run.EndedAt != nil {
			took = run.EndedAt.Sub(run.StartedAt).Round(100 * time.Millisecond).String()
		}
		_, _ = fmt.Fprintf(table, "%d\t%s %.8s\t%s\t%s\t%s\t%s\t%d/%d\t%d\t$%.4f\t%.8s\n", run.ID, run.Suite, run.SuiteHash,
			run.Settings["version"], run.StartedAt.UTC().Format("2006-01-02 15:04"), run.Status, took, run.Done,
			run.Cases*run.Repeats, run.Passed, run.CostUSD, run.Fingerprint)
	}
	return table.Flush()
}

type evalShowCmd struct {
	Case string `help:"Only this case, with all that led to it." placeholder:"ID"`
	JSON bool   `help:"Print one JSON object: what \"deskhand eval compare\" and \"gate\" read too." name:"json"`
	Run_ string `arg:"" help:"The run's number, from \"deskhand eval list\"." name:"run"`
}

// Help is shown by --help.
func (evalShowCmd) Help() string {
	return `Examples:
  deskhand eval show 12
  deskhand eval show 12 --json > saved.json
  deskhand eval show 12 --case en-trading-fees`
}

// Run implements the command.
func (c evalShowCmd) Run(ctx context.Context, a *app) error {
	return withArchive(ctx, a, func(kept *archive.Archive, _ *database) error {
		report, err := readRun(ctx, kept, c.Run_)
		if err != nil {
			return err
		}
		if c.Case == "" {
			if c.JSON {
				return printJSON(a, report)
			}
			return report.WriteTable(a.out)
		}
		results := slices.DeleteFunc(report.Results, func(r evals.Result) bool { return r.Case.ID != c.Case })
		if len(results) == 0 {
			return fmt.Errorf("%w: run %s has no case %q", errConfig, c.Run_, c.Case)
		}
		if c.JSON {
			return printJSON(a, results)
		}
		for _, result := range results {
			if err := result.WriteTrace(a.out); err != nil {
				return err
			}
		}
		return nil
	})
}

// readRun returns a run by its number, or the result that is saved in a file.
func readRun(ctx context.Context, kept *archive.Archive, name string) (evals.Report, error) {
	id, err := strconv.ParseInt(name, 10, 64)
	if err != nil {
		return readReport(name)
	}
	run, err := kept.Run(ctx, id)
	if errors.Is(err, archive.ErrNoRun) {
		return evals.Report{}, fmt.Errorf("%w: %w: see \"deskhand eval list\"", errConfig, err)
	}
	if err != nil {
		return evals.Report{}, err
	}
	results, err := kept.Results(ctx, id)
	if err != nil {
		return evals.Report{}, err
	}
	if len(results) == 0 {
		return evals.Report{}, fmt.Errorf("%w: nothing came out of run %d yet", errConfig, id)
	}
	return run.Report(results), nil
}

// readRuns reads saved results and opens the database only when one of them is the number of a run.
func readRuns(ctx context.Context, a *app, names ...string) ([]evals.Report, error) {
	reports := make([]evals.Report, len(names))
	read := func(kept *archive.Archive) error {
		for i, name := range names {
			var err error
			if reports[i], err = readRun(ctx, kept, name); err != nil {
				return err
			}
		}
		return nil
	}
	if !slices.ContainsFunc(names, isRun) {
		return reports, read(nil)
	}
	return reports, withArchive(ctx, a, func(kept *archive.Archive, _ *database) error { return read(kept) })
}

// isRun reports whether a name is the number of a run. A file of that name is meant with "./" before it.
func isRun(name string) bool {
	return name != "" && strings.Trim(name, "0123456789") == ""
}

// readReport reads a result that was saved in a file.
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
