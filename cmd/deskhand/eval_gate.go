package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"

	"github.com/deskhand/deskhand/evals"
	"github.com/deskhand/deskhand/evals/archive"
)

type evalGateCmd struct {
	Baseline string   `help:"What the run is held against: the number of a run, or a file of \"deskhand eval run --json\"." placeholder:"RUN" required:""`
	Fresh    bool     `help:"Ask everything anew, also what was asked under the very same conditions before."`
	GitHub   bool     `help:"Print annotations for GitHub Actions." name:"github" xor:"format"`
	JSON     bool     `help:"Print one JSON object." name:"json" xor:"format"`
	JUnit    string   `help:"Also write JUnit XML." name:"junit" placeholder:"FILE" type:"newfile"`
	Parallel int      `help:"Cases at a time. Default: one a core." placeholder:"N"`
	Rule     []string `help:"What must hold; repeat for more. Default: nothing gets worse." placeholder:"RULE" sep:"none"`
	Save     string   `help:"Also write the result of the run, to be the next baseline." placeholder:"FILE" type:"newfile"`
	Suite    string   `arg:"" help:"Suite to run (YAML or JSONL), or the number of a run or a saved result (.json) to judge as it is."`
}

// Help is shown by --help.
func (evalGateCmd) Help() string {
	return `The exit code is 0 when every rule holds, 1 when one does not, 2 when nothing can be said: the run broke, a case of the baseline
is missing or was changed, a rule has no case to judge by.

A rule is [diff.]FIGURE[.lower|.upper][@KIND=NAME] >= NUMBER, or <=. diff. is the figure less that of the baseline, on the same
cases; .lower and .upper are the ends of the 95 % interval. Figures: pass_rate, mandatory_recall, right_rate, answer_precision,
answer_rate, wrong_rate, needless_rate. Kinds: locale, tag, risk, intent, channel. Without --rule these must hold, as far as the suite has
cases for them: diff.pass_rate.lower >= 0, diff.mandatory_recall.lower >= 0, diff.wrong_rate.upper <= 0.

Examples:
  deskhand eval run --json evals/suites/smoke.yaml > baseline.json
  deskhand eval gate --baseline baseline.json evals/suites/smoke.yaml
  deskhand eval gate --baseline baseline.json --rule "mandatory_recall.lower >= 0.8" --rule "wrong_rate@tag=security <= 0" \
    --rule "diff.pass_rate.lower >= -0.02" --junit gate.xml --github evals/suites/smoke.yaml`
}

// Run implements the command. What is not a decision is a broken run, whatever it is.
func (c evalGateCmd) Run(ctx context.Context, a *app) error {
	gate, err := c.decide(ctx, a)
	if err == nil {
		err = c.print(a, gate)
	}
	if err != nil && !errors.Is(err, errConfig) && !errors.Is(err, evals.ErrBroken) {
		return fmt.Errorf("%w: %w", evals.ErrBroken, err)
	}
	if err == nil && !gate.Passed {
		return errFailed
	}
	return err
}

func (c evalGateCmd) decide(ctx context.Context, a *app) (evals.Gate, error) {
	rules := make([]evals.Rule, len(c.Rule))
	for i, text := range c.Rule {
		var err error
		if rules[i], err = evals.ParseRule(text); err != nil {
			return evals.Gate{}, fmt.Errorf("%w: %w", errConfig, err)
		}
	}
	baseline, run, err := c.reports(ctx, a)
	if err != nil {
		return evals.Gate{}, err
	}
	if c.Save != "" {
		if err := writeOut(a, c.Save, func(w io.Writer) error { return encodeJSON(w, run) }); err != nil {
			return evals.Gate{}, err
		}
	}
	return evals.Decide(baseline, run, rules)
}

// reports returns the baseline and the run. The baseline is read first: a run is not paid for in vain.
func (c evalGateCmd) reports(ctx context.Context, a *app) (baseline, run evals.Report, err error) {
	if isRun(c.Suite) || filepath.Ext(c.Suite) == ".json" {
		both, err := readRuns(ctx, a, c.Baseline, c.Suite)
		return both[0], both[1], err
	}
	suite, err := readSuite(c.Suite)
	if err != nil {
		return baseline, run, err
	}
	both, err := readRuns(ctx, a, c.Baseline)
	if err != nil {
		return baseline, run, err
	}
	err = withArchive(ctx, a, func(kept *archive.Archive, d *database) error {
		run, err = evalJob{fresh: c.Fresh, parallel: c.Parallel, suite: suite}.run(ctx, a, kept, d)
		return err
	})
	return both[0], run, err
}

func (c evalGateCmd) print(a *app, gate evals.Gate) error {
	if c.JUnit != "" {
		if err := writeOut(a, c.JUnit, gate.WriteJUnit); err != nil {
			return err
		}
	}
	switch {
	case c.JSON:
		return printJSON(a, gate)
	case c.GitHub:
		return gate.WriteGitHub(a.out)
	default:
		return gate.WriteTable(a.out)
	}
}
