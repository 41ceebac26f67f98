package main

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/deskhand/deskhand/evals"
	"github.com/deskhand/deskhand/evals/online"
)

// maxSimulated bounds how long a simulation takes: some minutes on a large desk.
const maxSimulated = 100_000

type evalDriftCmd struct {
	Days      int  `default:"7" help:"How many days are compared (${default}); a whole number of weeks keeps days of the week apart." placeholder:"N"`
	JSON      bool `help:"Print one JSON object." name:"json"`
	Reference int  `default:"28" help:"With how many days before them (${default})." placeholder:"N"`
	Simulate  int  `help:"Instead: how often would the questions of both times, shuffled so many times, raise an alarm? That is the rate of false alarms on this desk." placeholder:"N"`
}

// Help is shown by --help.
func (evalDriftCmd) Help() string {
	return `Compares the last week with the four weeks before: hand-offs, questions that no article answered well enough,
languages, intents, and the confidence. Of each conversation the first question counts. Rates and mixes are tested with the
likelihood ratio (G-test), the confidence with Kolmogorov and Smirnov's test, all five with Holm's correction. An alarm needs
a p-value below 0.01 and a difference that matters: 5 points of a rate, a tenth of a mix or of the distribution of the
confidence. The service looks by itself each day; /metrics has what it saw, and docs/operations/alerts.yaml an alert.

The exit code is 1 when there is an alarm.

Examples:
  deskhand eval drift
  deskhand eval drift --days 14 --reference 56 --json
  deskhand eval drift --simulate 1000`
}

// Validate reports a setting that cannot work.
func (c evalDriftCmd) Validate() error {
	switch {
	case c.Days < 1 || c.Reference < 1 || c.Days+c.Reference > 3660:
		return fmt.Errorf("%w: --days and --reference must be days, together at most ten years", errConfig)
	case c.Simulate < 0 || c.Simulate > maxSimulated:
		return fmt.Errorf("%w: --simulate must lie between 1 and %d", errConfig, maxSimulated)
	}
	return nil
}

// Run implements the command.
func (c evalDriftCmd) Run(ctx context.Context, a *app) error {
	return withDesk(ctx, a, func(s *system) error {
		if c.Simulate > 0 {
			return c.simulate(ctx, a, s.online())
		}
		drift, err := s.online().Look(ctx, c.Days, c.Reference)
		if err != nil {
			return err
		}
		if c.JSON {
			err = printJSON(a, drift)
		} else {
			err = printDrift(a.out, drift)
		}
		if err == nil && drift.Alarms > 0 {
			return errFailed
		}
		return err
	})
}

func printDrift(w io.Writer, drift evals.Drift) error {
	_, _ = fmt.Fprintf(w, "%s to %s: %d conversations; %s to %s: %d\n\n", drift.Reference.From.Format(time.DateOnly),
		drift.Reference.To.Format(time.DateOnly), drift.Reference.Questions, drift.Recent.From.Format(time.DateOnly),
		drift.Recent.To.Format(time.DateOnly), drift.Recent.Questions)
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(table, "\tMEASURE\tBEFORE\tAFTER\tEFFECT\tLEAST\tTEST\tP\tADJUSTED\tMOST CHANGED")
	for _, f := range drift.Findings {
		mark, before, after := "ok", "-", "-"
		if f.Alarm {
			mark = "ALARM"
		}
		if f.Movers == nil {
			before, after = fmt.Sprintf("%.3f", f.Before), fmt.Sprintf("%.3f", f.After)
		}
		_, _ = fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%.3f\t%.2f\t%s\t%.2g\t%.2g\t%s\n", mark, f.Measure, before, after, f.Effect, f.Least,
			f.Test, f.P, f.Adjusted, movers(f))
	}
	if err := table.Flush(); err != nil {
		return fmt.Errorf("print drift: %w", err)
	}
	if drift.TooFew {
		_, _ = fmt.Fprintln(w, "\nThere are too few conversations to tell anything.")
	}
	return nil
}

func movers(f evals.DriftFinding) string {
	if f.Movers == nil {
		return "-"
	}
	moved := make([]string, 0, 3)
	for _, m := range f.Movers[:min(len(f.Movers), 3)] {
		moved = append(moved, fmt.Sprintf("%s %+.1f %%", plain(m.Name), 100*(m.After-m.Before)))
	}
	return strings.Join(moved, ", ")
}

// falseAlarms is what a simulation found.
type falseAlarms struct {
	Alarms    map[string]int `json:"alarms"` // by measure
	Looks     evals.Share    `json:"looks"`  // that raised any alarm
	Questions int            `json:"questions"`
}

// simulate deals the questions of both times out anew, so that nothing but chance tells the times apart.
func (c evalDriftCmd) simulate(ctx context.Context, a *app, store *online.Store) error {
	now := a.clock()
	all, err := store.Traffic(ctx, now.AddDate(0, 0, -c.Days-c.Reference), now)
	if err != nil {
		return err
	}
	recent, err := store.Traffic(ctx, now.AddDate(0, 0, -c.Days), now)
	if err != nil {
		return err
	}
	size := len(recent.Questions)
	random := rand.New(rand.NewPCG(1, uint64(len(all.Questions)))) //nolint:gosec // statistics, not secrets; repeatable on purpose
	found := falseAlarms{Alarms: make(map[string]int), Questions: len(all.Questions)}
	raised := 0
	for range c.Simulate {
		if err := ctx.Err(); err != nil {
			return err
		}
		random.Shuffle(len(all.Questions), func(i, j int) { all.Questions[i], all.Questions[j] = all.Questions[j], all.Questions[i] })
		drift := evals.NewDrift(evals.Traffic{Questions: all.Questions[size:]}, evals.Traffic{Questions: all.Questions[:size]})
		if drift.TooFew {
			return fmt.Errorf("%w: there are too few conversations to tell anything", errConfig)
		}
		raised += min(drift.Alarms, 1)
		for _, f := range drift.Findings {
			if f.Alarm {
				found.Alarms[f.Measure]++
			}
		}
	}
	found.Looks = evals.NewShare(raised, c.Simulate)
	if c.JSON {
		return printJSON(a, found)
	}
	_, err = fmt.Fprintf(a.out, "%d conversations, dealt out %d times: a look raises a false alarm at a rate of %s (%s)\n",
		found.Questions, c.Simulate, found.Looks, ranked(found.Alarms))
	return err
}
