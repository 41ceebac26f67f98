package main

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/deskhand/deskhand/assistant"
)

type policyCmd struct {
	AutoReply policyAutoReplyCmd `cmd:"" help:"Switch automatic answers on or off, on every replica at once (the kill switch)."`
	Set       policySetCmd       `cmd:"" help:"Change the thresholds."`
	Show      policyShowCmd      `cmd:"" help:"Show the policy in force."`
}

type policyShowCmd struct{}

// Run implements the command.
func (policyShowCmd) Run(ctx context.Context, a *app) error {
	return withSystem(ctx, a, func(s *system) error {
		settings, err := s.store.Settings(ctx)
		if err != nil {
			return err
		}
		encoded, err := json.MarshalIndent(settings.Policy, "", "  ")
		if err != nil {
			return fmt.Errorf("encode policy: %w", err)
		}
		_, err = fmt.Fprintf(a.out, "%s\nversion %d\n", encoded, settings.Policy.Version)
		return err
	})
}

type policyAutoReplyCmd struct {
	State string `arg:"" enum:"on,off" help:"on or off."`
}

// Run implements the command.
func (c policyAutoReplyCmd) Run(ctx context.Context, a *app) error {
	return changePolicy(ctx, a, func(p *assistant.Policy) { p.AutoReply = c.State == "on" })
}

type policySetCmd struct {
	LargeAmount       map[string]float64 `help:"Sum from which on a case is more urgent, by ticker or currency; repeat for more, 0 takes one away." placeholder:"BTC=0.1"`
	LeadOverride      []string           `help:"Check of the guard that a lead may set aside: advice, hold_reason, promise; repeat for more. Replaces the list, none empties it." placeholder:"CHECK"`
	MaxClarifications *int               `help:"How often the assistant may ask back before a person comes." placeholder:"N"`
	MinConfidence     *float64           `help:"Least probability of being right at which an answer is sent, 0 to 1." placeholder:"P"`
	SilentIntent      []string           `help:"Intent without automatic answers; repeat for more. Replaces the list." placeholder:"INTENT"`
	SilentLanguage    []string           `help:"Language without automatic answers; repeat for more. Replaces the list." placeholder:"TAG"`
}

// Run implements the command.
func (c policySetCmd) Run(ctx context.Context, a *app) error {
	return changePolicy(ctx, a, func(p *assistant.Policy) {
		p.LargeAmounts = withAmounts(p.LargeAmounts, c.LargeAmount)
		if c.LeadOverride != nil {
			p.LeadOverrides = slices.DeleteFunc(c.LeadOverride, func(check string) bool { return check == "none" })
		}
		if c.MaxClarifications != nil {
			p.MaxClarifications = *c.MaxClarifications
		}
		if c.MinConfidence != nil {
			p.MinConfidence = *c.MinConfidence
		}
		if c.SilentIntent != nil {
			p.SilentIntents = c.SilentIntent
		}
		if c.SilentLanguage != nil {
			p.SilentLanguages = c.SilentLanguage
		}
	})
}

// withAmounts returns the amounts with some changed; a sum of 0 takes its asset away.
func withAmounts(amounts, changes map[string]float64) map[string]float64 {
	changed := maps.Clone(amounts)
	for asset, sum := range changes {
		if sum == 0 {
			delete(changed, asset)
			continue
		}
		if changed == nil {
			changed = make(map[string]float64)
		}
		changed[asset] = sum
	}
	return changed
}

func changePolicy(ctx context.Context, a *app, change func(*assistant.Policy)) error {
	return withSystem(ctx, a, func(s *system) error {
		settings, err := s.store.Settings(ctx)
		if err != nil {
			return err
		}
		policy := settings.Policy
		change(&policy)
		version, err := s.store.SetPolicy(ctx, policy, "cli")
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(a.out, "Policy version %d is in force.\n", version)
		return err
	})
}
