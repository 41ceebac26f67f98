package main

import (
	"context"
	"fmt"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/prompts"
)

type incidentCmd struct {
	End   incidentEndCmd   `cmd:"" help:"Take a notice out of force."`
	List  incidentListCmd  `cmd:"" help:"List the notices in force."`
	Start incidentStartCmd `cmd:"" help:"Put a notice in force: its text answers questions about its intents."`
}

type incidentStartCmd struct {
	Intent []string          `help:"Intent that the notice answers; repeat for more." placeholder:"INTENT" required:""`
	Text   map[string]string `help:"The notice in a language; repeat for more. English is required." mapsep:"none" placeholder:"en=TEXT" required:""`
}

// Help is shown by --help.
func (incidentStartCmd) Help() string {
	return `Example:
  deskhand incident start --intent withdrawal.pending --intent withdrawal.not_received \
    --text "en=Bitcoin withdrawals are delayed by network congestion. Your funds are safe." \
    --text "zh-Hans=由于网络拥堵,比特币提币延迟。您的资产安全。"`
}

// Run implements the command.
func (c incidentStartCmd) Run(ctx context.Context, a *app) error {
	if c.Text[prompts.DefaultLanguage] == "" {
		return fmt.Errorf("%w: --text lacks English: add --text en=…", errConfig)
	}
	return withSystem(ctx, a, func(s *system) error {
		for _, id := range c.Intent {
			if _, ok := s.knowledge.triager.Intent(id); !ok {
				return fmt.Errorf("%w: --intent %q is not in the taxonomy", errConfig, id)
			}
		}
		id, err := s.store.SetNotice(ctx, assistant.Notice{Intents: c.Intent, Texts: c.Text}, "cli")
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(a.out, "Notice %d is in force. To end it: deskhand incident end %d\n", id, id)
		return err
	})
}

type incidentEndCmd struct {
	ID int64 `arg:"" help:"The notice's id, from \"deskhand incident list\"."`
}

// Run implements the command.
func (c incidentEndCmd) Run(ctx context.Context, a *app) error {
	return withSystem(ctx, a, func(s *system) error { return s.store.EndNotice(ctx, c.ID, "cli") })
}

type incidentListCmd struct{}

// Run implements the command.
func (incidentListCmd) Run(ctx context.Context, a *app) error {
	return withSystem(ctx, a, func(s *system) error {
		settings, err := s.store.Settings(ctx)
		if err != nil {
			return err
		}
		for _, notice := range settings.Notices {
			if _, err := fmt.Fprintf(a.out, "%d  %v  %s\n", notice.ID, notice.Intents, notice.Texts[prompts.DefaultLanguage]); err != nil {
				return fmt.Errorf("print notice: %w", err)
			}
		}
		return nil
	})
}
