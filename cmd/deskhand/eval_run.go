package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/deskhand/deskhand/evals"
	"github.com/deskhand/deskhand/evals/archive"
)

type evalRunCmd struct {
	Budget     float64  `help:"US dollars that models may cost in this run; then it stops, and --resume goes on." placeholder:"USD"`
	Fresh      bool     `help:"Ask everything anew, also what was asked under the very same conditions before."`
	Half       string   `default:"all" enum:"all,dev,frozen" help:"Which cases, by the hash of their id: ${enum}. Tune on dev only."`
	HTML       string   `help:"Also write the report as one HTML file." name:"html" placeholder:"FILE" type:"newfile"`
	JSON       bool     `help:"Print one JSON object." name:"json"`
	Judge      bool     `help:"Let the chat model judge the assertions rubric and grounded_judge."`
	Limit      int      `help:"Only so many cases: the first ones, or with --seed some at random." placeholder:"N"`
	MD         string   `help:"Also write the report as Markdown for a pull request." name:"md" placeholder:"FILE" type:"newfile"`
	OnlyFailed string   `help:"Only the cases that did not pass in this run, or in this file of \"--json\"." placeholder:"RUN"`
	Parallel   int      `help:"Cases at a time. Default: one a core." placeholder:"N"`
	Repeat     int      `default:"1" help:"Ask each case so often; intervals take repeats of a case for what they are (${default})." placeholder:"N"`
	Resume     int64    `help:"Go on with a run that was broken off." placeholder:"RUN"`
	Seed       int64    `help:"Which cases --limit takes." placeholder:"N"`
	Suite      string   `arg:"" help:"YAML file of the suite, or JSONL with a case or a hand-off row a line." type:"existingfile"`
	Tag        []string `help:"Only cases with this tag; repeat for more." placeholder:"TAG"`
}

// Help is shown by --help.
func (evalRunCmd) Help() string {
	return `The suite runs on a knowledge base of its own, in a scratch database that is dropped afterwards; the desk is not touched.
With OPENAI_API_KEY or OPENAI_BASE_URL set it runs with that model, else offline. What came out is kept: see "deskhand eval list".

Each case ends in one of: correct answer, right hand-off, needless hand-off, wrong answer, missed mandatory hand-off (a case with
the tag "mandatory" that reached no person). Intervals are at 95 %: Clopper-Pearson for mandatory hand-off, else Wilson.

A case that was asked before of the same program, with the same settings, knowledge base and number of the repeat is not asked
again, and is graded anew. After Ctrl-C, --resume goes on with the same run.

Examples:
  deskhand eval run evals/suites/smoke.yaml
  deskhand eval run evals/suites/handoff-dev.jsonl
  deskhand eval run --json evals/suites/smoke.yaml > saved.json
  deskhand eval run --only-failed saved.json --limit 10 evals/suites/smoke.yaml
  deskhand eval run --repeat 5 --budget 2.50 --half dev --html report.html evals/suites/answers.yaml
  deskhand eval run --resume 12 evals/suites/answers.yaml
  deskhand eval run --tag security --json evals/suites/smoke.yaml`
}

// Validate reports a setting that cannot work.
func (c evalRunCmd) Validate() error {
	switch {
	case c.Limit < 0:
		return fmt.Errorf("%w: --limit must be above 0", errConfig)
	case c.Repeat < 1:
		return fmt.Errorf("%w: --repeat must be above 0", errConfig)
	case !(c.Budget >= 0):
		return fmt.Errorf("%w: --budget must be an amount of US dollars", errConfig)
	}
	return nil
}

// Run implements the command.
func (c evalRunCmd) Run(ctx context.Context, a *app) error {
	suite, err := readSuite(c.Suite)
	if err != nil {
		return err
	}
	if c.Judge && !a.config.hasModel() {
		return fmt.Errorf("%w: --judge needs a model: set OPENAI_API_KEY or OPENAI_BASE_URL", errConfig)
	}
	var report evals.Report
	var timing string
	err = withArchive(ctx, a, func(kept *archive.Archive, d *database) error {
		if suite, err = c.narrow(ctx, kept, suite); err != nil {
			return err
		}
		job := evalJob{
			budget: c.Budget, fresh: c.Fresh, judge: c.Judge, parallel: c.Parallel, repeat: c.Repeat, resume: c.Resume,
			seed: c.Seed, suite: suite,
		}
		started := a.clock()
		report, err = job.run(ctx, a, kept, d)
		timing = speed(report, a.clock().Sub(started))
		return err
	})
	if err != nil {
		return err
	}
	if err := c.write(a, report); err != nil {
		return err
	}
	_, _ = fmt.Fprintln(a.err, timing)
	if !report.Passed() {
		return errFailed
	}
	return nil
}

func (c evalRunCmd) write(a *app, report evals.Report) error {
	if err := writeReport(a, reportFiles{html: c.HTML, md: c.MD}, report, nil); err != nil {
		return err
	}
	if c.JSON {
		return printJSON(a, report)
	}
	return report.WriteTable(a.out)
}

// narrow leaves the cases in the suite that the flags ask for: of the half those with a tag, of these the ones that failed, of those so
// many.
func (c evalRunCmd) narrow(ctx context.Context, kept *archive.Archive, suite evals.Suite) (evals.Suite, error) {
	suite = suite.Half(evals.Half(c.Half))
	if len(c.Tag) > 0 {
		suite.Cases = slices.DeleteFunc(suite.Cases, func(e evals.Case) bool {
			return !slices.ContainsFunc(c.Tag, func(tag string) bool { return slices.Contains(e.Tags, tag) })
		})
	}
	if c.OnlyFailed != "" {
		report, err := readRun(ctx, kept, c.OnlyFailed)
		if err != nil {
			return suite, err
		}
		failed := report.Failed()
		suite.Cases = slices.DeleteFunc(suite.Cases, func(e evals.Case) bool { return !slices.Contains(failed, e.ID) })
	}
	if c.Limit > 0 && len(suite.Cases) > c.Limit {
		if c.Seed != 0 {
			random := rand.New(rand.NewPCG(uint64(c.Seed), 0)) //nolint:gosec // a sample, not a secret; repeatable on purpose
			random.Shuffle(len(suite.Cases), func(i, j int) { suite.Cases[i], suite.Cases[j] = suite.Cases[j], suite.Cases[i] })
		}
		suite.Cases = suite.Cases[:c.Limit]
	}
	if len(suite.Cases) == 0 {
		return suite, fmt.Errorf("%w: no case of %s is left: see --half, --tag and --only-failed", errConfig, suite.Name)
	}
	return suite, nil
}

// stopped says how to go on with a run that was broken off.
func stopped(a *app, run archive.Run, err error) {
	why := "Stopped."
	if errors.Is(err, evals.ErrBudget) {
		why = "The budget is spent."
	}
	_, _ = fmt.Fprintf(a.err, "%s What came out so far is kept; go on with: deskhand eval run --resume %d SUITE\n", why, run.ID)
}
