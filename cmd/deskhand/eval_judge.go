package main

import (
	"context"
	"fmt"
	"math/rand/v2"

	"github.com/deskhand/deskhand/evals"
)

// judgedAtOnce is how many drafts are judged at a time: what the smallest plan of a provider lets through.
const judgedAtOnce = 8

type evalJudgeCmd struct {
	measureFlags `embed:""`

	Half  string `default:"all" enum:"all,dev,frozen" help:"Which rows, by the hash of their id: ${enum}."`
	Limit int    `help:"How many rows at most, drawn at random, the same each time; 0 is all." placeholder:"N"`
}

// Help is shown by --help.
func (evalJudgeCmd) Help() string {
	return `How far the chat model, as the judge of "eval run --judge", agrees with people about whether a draft says what its sources say:
Cohen's kappa with its 95 % interval, and beside it that of the guard, which calls no model. Ask before you believe a judge.

Rows are those of "eval guard": drafts that may pass, and drafts of the kinds number and unsupported. The others are left out.
Each row is one call.

Examples:
  OPENAI_API_KEY=sk-… deskhand eval judge --cases evals/suites/guard-dev.jsonl
  deskhand eval judge --cases evals/suites/guard.jsonl --half frozen --limit 100 --json`
}

// Run implements the command.
func (c evalJudgeCmd) Run(ctx context.Context, a *app) error {
	if c.Limit < 0 {
		return fmt.Errorf("%w: --limit must not be negative", errConfig)
	}
	rows, err := evalGuardCmd{measureFlags: c.measureFlags, Half: c.Half}.rows()
	if err != nil {
		return err
	}
	if rows = evals.Grounded(rows); len(rows) == 0 {
		return fmt.Errorf("%w: --cases: %s has no draft that may pass, and none of the kinds number and unsupported", errConfig, c.Cases)
	}
	if c.Limit > 0 { // files have one kind after the other
		random := rand.New(rand.NewPCG(1, 1)) //nolint:gosec // a sample, not a secret
		random.Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
		rows = rows[:min(c.Limit, len(rows))]
	}
	if !a.config.hasModel() {
		return fmt.Errorf("%w: a judge needs a model: set OPENAI_API_KEY or OPENAI_BASE_URL", errConfig)
	}
	return withSystem(ctx, a, func(s *system) error {
		bar := newProgress(a.err, "drafts", len(rows))
		report, err := evals.JudgeRun{
			Guard: s.knowledge.guard, Judge: evals.Judge{Model: s.models.chat}, Parallel: judgedAtOnce, Progress: bar.add,
		}.Measure(ctx, rows)
		bar.done()
		if err != nil {
			return err
		}
		if c.JSON {
			return printJSON(a, report)
		}
		_, err = fmt.Fprintf(a.out, "%s and people  %s\nthe guard and people  %s\njudged otherwise: %v\nno opinion: %v\n",
			report.Model, report.Judge, report.Guard, report.Disagreed, report.Failed)
		return err
	})
}
