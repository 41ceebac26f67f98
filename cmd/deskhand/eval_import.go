package main

import (
	"context"
	"fmt"

	"github.com/deskhand/deskhand/assistant/postgres"
	"github.com/deskhand/deskhand/assistant/redact"
	"github.com/deskhand/deskhand/assistant/triage"
	"github.com/deskhand/deskhand/evals"
)

type evalImportCmd struct {
	FromDesk bool   `help:"Make cases of what agents decided about drafts." required:""`
	Limit    int    `default:"10000" help:"How many at most (${default})." placeholder:"N"`
	Out      string `help:"Suite to write. Default: the standard output." placeholder:"FILE" type:"path"`
	Since    string `help:"Only what was decided on this day or later." placeholder:"DAY"`
}

// Help is shown by --help.
func (evalImportCmd) Help() string {
	return `Texts are redacted again, with e-mail addresses, telephone numbers, IBANs and identity numbers, whatever the desk keeps. Names
are not recognised: look through the file before you pass it on.

Example:
  deskhand eval import --from-desk --since 2026-01-01 --out desk.yaml
  deskhand eval run desk.yaml`
}

// Run implements the command.
func (c evalImportCmd) Run(ctx context.Context, a *app) error {
	since, err := parseDay("--since", c.Since)
	if err != nil {
		return err
	}
	if c.Limit < 1 {
		return fmt.Errorf("%w: --limit must be above 0", errConfig)
	}
	redactor, err := redact.New(redact.Config{PII: true})
	if err != nil {
		return fmt.Errorf("load redactor: %w", err)
	}
	return withSystem(ctx, a, func(s *system) error {
		drafts, err := s.store.DecidedDrafts(ctx, since, c.Limit)
		if err != nil {
			return err
		}
		suite := evals.FromDesk(decidedCases(drafts), redactor)
		if len(suite.Cases) == 0 {
			return fmt.Errorf("%w: no draft was decided in that time", errConfig)
		}
		if err := writeOut(a, c.Out, suite.Write); err != nil {
			return err
		}
		if c.Out == "" {
			return nil
		}
		_, err = fmt.Fprintf(a.out, "%d cases are in %s.\n", len(suite.Cases), c.Out)
		return err
	})
}

func decidedCases(drafts []postgres.DecidedDraft) []evals.Decided {
	decided := make([]evals.Decided, len(drafts))
	for i, d := range drafts {
		decided[i] = evals.Decided{
			Fate: d.Fate, Intent: d.Intent, Language: d.Language, Priority: triage.Priority(d.Priority), Question: d.Question,
			Reject: d.RejectCode, RunID: d.RunID.String(),
		}
		for _, citation := range d.Citations {
			decided[i].Articles = append(decided[i].Articles, citation.Slug)
		}
	}
	return decided
}
