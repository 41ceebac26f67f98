package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"

	"github.com/deskhand/deskhand/assistant"
)

type policyCmd struct {
	Apply     policyApplyCmd     `cmd:"" help:"Put a policy from a YAML file in force."`
	AutoReply policyAutoReplyCmd `cmd:"" help:"Switch automatic answers on or off, on every replica at once (the kill switch)."`
	Set       policySetCmd       `cmd:"" help:"Change single fields."`
	Shadow    policyShadowCmd    `cmd:"" help:"Try the assistant out: it drafts and decides, and sends no answer."`
	Show      policyShowCmd      `cmd:"" help:"Print the policy in force, as YAML."`
}

type policyShowCmd struct {
	JSON bool `help:"Print JSON, with the version." name:"json"`
}

// Run implements the command.
func (c policyShowCmd) Run(ctx context.Context, a *app) error {
	return withDesk(ctx, a, func(s *system) error {
		settings, err := s.store.Settings(ctx)
		if err != nil {
			return err
		}
		if c.JSON {
			return printJSON(a, map[string]any{"policy": settings.Policy.Document(), "version": settings.Policy.Version})
		}
		text, err := settings.Policy.YAML()
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(a.out, "%s# version %d\n", text, settings.Policy.Version)
		return err
	})
}

type policyApplyCmd struct {
	Check bool   `help:"Only say whether the policy is right; change nothing. Needs no database."`
	File  string `arg:"" help:"YAML file of the policy, or - for the standard input."`
}

// Help is shown by --help.
func (policyApplyCmd) Help() string {
	return `A field that is not written has its default. A mistake is named with its line, and nothing is changed then.
The first rule that fits a case decides. mode is auto (answers where it is sure), suggest (a person, with a draft) or never (a
person, and no model sees the case). What the taxonomy keeps from machines stays with people whatever a rule says.
With target_precision, the threshold comes from the confidence fit: deskhand eval calibrate.

  auto_reply: true
  target_precision: 0.98
  rules:
    - {intent: withdrawal.pending, mode: suggest}
    - {intent: fiat.*, language: ar, channel: email, mode: never}
    - {language: zh-Hans, target_precision: 0.99}

Examples:
  deskhand policy show > policy.yaml
  deskhand policy apply --check policy.yaml
  deskhand policy apply policy.yaml`
}

// Run implements the command.
func (c policyApplyCmd) Run(ctx context.Context, a *app) error {
	source, err := c.read(a)
	if err != nil {
		return fmt.Errorf("%w: %w", errConfig, err)
	}
	taxonomy, err := openTaxonomy(a.config)
	if err != nil {
		return err
	}
	policy, err := assistant.ParsePolicy(source, taxonomy.IDs())
	if err != nil {
		return fmt.Errorf("%w: %s: %w", errConfig, c.File, err)
	}
	if c.Check {
		_, err := fmt.Fprintln(a.out, "The policy is right.")
		return err
	}
	return withDesk(ctx, a, func(s *system) error {
		return putPolicy(ctx, s, policy, assistant.AnyVersion) // the person at the keyboard has the file, and no version
	})
}

func (c policyApplyCmd) read(a *app) (string, error) {
	input := a.in
	if c.File != "-" {
		file, err := os.Open(c.File)
		if err != nil {
			return "", err
		}
		defer func() { _ = file.Close() }() // only read
		input = file
	}
	content, err := io.ReadAll(io.LimitReader(input, assistant.MaxPolicyBytes+1))
	return string(content), err
}

type policyAutoReplyCmd struct {
	State string `arg:"" enum:"on,off" help:"on or off."`
}

// Run implements the command.
func (c policyAutoReplyCmd) Run(ctx context.Context, a *app) error {
	return changePolicy(ctx, a, func(p *assistant.Policy) { p.AutoReply = c.State == "on" })
}

type policyShadowCmd struct {
	State string `arg:"" enum:"on,off" help:"on or off."`
}

// Run implements the command.
func (c policyShadowCmd) Run(ctx context.Context, a *app) error {
	return changePolicy(ctx, a, func(p *assistant.Policy) { p.Shadow = c.State == "on" })
}

type policySetCmd struct {
	LargeAmount       map[string]float64 `help:"Sum from which on a case is more urgent, by ticker or currency; repeat for more, 0 takes one away." placeholder:"BTC=0.1"`
	LeadOverride      []string           `help:"Check of the guard that a lead may set aside: advice, hold_reason, promise; repeat for more. Replaces the list, none empties it." placeholder:"CHECK"`
	MaxClarifications *int               `help:"How often the assistant may ask back before a person comes." placeholder:"N"`
	MinConfidence     *float64           `help:"Least probability of being right at which an answer is sent, 0 to 1." placeholder:"P"`
	SilentIntent      []string           `help:"Intent without automatic answers; repeat for more. Replaces the list." placeholder:"INTENT"`
	SilentLanguage    []string           `help:"Language without automatic answers; repeat for more. Replaces the list." placeholder:"TAG"`
	TargetPrecision   *float64           `help:"Least share of right answers; sets the threshold by the confidence fit. 0 sets none." placeholder:"P"`
}

// Run implements the command.
func (c policySetCmd) Run(ctx context.Context, a *app) error {
	taxonomy, err := openTaxonomy(a.config)
	if err != nil {
		return err
	}
	isEmpty := func(name string) bool { return name == "" } // "" empties a list
	c.SilentIntent, c.SilentLanguage = slices.DeleteFunc(c.SilentIntent, isEmpty), slices.DeleteFunc(c.SilentLanguage, isEmpty)
	c.LeadOverride = slices.DeleteFunc(c.LeadOverride, func(check string) bool { return check == "none" })
	named := assistant.Policy{SilentIntents: c.SilentIntent, SilentLanguages: c.SilentLanguage}
	if err := named.CheckNames(taxonomy.IDs()); err != nil {
		return fmt.Errorf("%w: %w", errConfig, err)
	}
	trial := assistant.DefaultPolicy() // so that a value that no policy may have is found before the database is asked
	c.apply(&trial)
	if err := trial.Validate(); err != nil {
		return fmt.Errorf("%w: %w", errConfig, err)
	}
	return changePolicy(ctx, a, c.apply)
}

// apply changes what is named.
func (c policySetCmd) apply(p *assistant.Policy) {
	p.LargeAmounts = withAmounts(p.LargeAmounts, c.LargeAmount)
	if c.LeadOverride != nil {
		p.LeadOverrides = c.LeadOverride
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
	if c.TargetPrecision != nil {
		p.TargetPrecision = *c.TargetPrecision
	}
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

// changePolicy changes the policy in force. Where another writer was faster, it changes what that one wrote: a kill switch must
// not fail because somebody sets a threshold.
func changePolicy(ctx context.Context, a *app, change func(*assistant.Policy)) error {
	return withDesk(ctx, a, func(s *system) error {
		for {
			settings, err := s.store.Settings(ctx)
			if err != nil {
				return err
			}
			policy := settings.Policy
			change(&policy)
			err = putPolicy(ctx, s, policy, settings.Policy.Version)
			if assistant.ErrorCode(err) != assistant.CodeConflict {
				return err
			}
		}
	})
}

func putPolicy(ctx context.Context, s *system, policy assistant.Policy, base int64) error {
	version, err := s.store.SetPolicy(ctx, policy, base, "cli")
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(s.app.out, "Policy version %d is in force.\n", version)
	return err
}
