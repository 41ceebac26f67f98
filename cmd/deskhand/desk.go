package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"text/tabwriter"
	"time"

	"github.com/deskhand/deskhand/assistant/desk/plan"
)

type deskCmd struct {
	Example deskExampleCmd `cmd:"" help:"Print a plan to start from."`
	History deskHistoryCmd `cmd:"" help:"List the plans that were ever in force."`
	Set     deskSetCmd     `cmd:"" help:"Put a plan in force: queues, hours, promises, skills, complaint deadlines."`
	Show    deskShowCmd    `cmd:"" help:"Print the plan in force."`
}

type deskExampleCmd struct{}

// Run implements the command.
func (deskExampleCmd) Run(a *app) error {
	_, err := io.WriteString(a.out, plan.Example())
	return err
}

type deskSetCmd struct {
	Check bool   `help:"Only say whether the plan is right; change nothing. Needs no database."`
	File  string `arg:"" help:"YAML file of the plan, or - for the standard input."`
}

// Help is shown by --help.
func (deskSetCmd) Help() string {
	return `A mistake is named with its line, and nothing is changed then. The plan is in force with the next ticket, on every replica.
Promises that were made stay. The same plan again is no new version.

Examples:
  deskhand desk example > desk.yaml
  deskhand desk set --check desk.yaml
  deskhand desk set desk.yaml`
}

// Run implements the command.
func (c deskSetCmd) Run(ctx context.Context, a *app) error {
	source, err := c.read(a)
	if err != nil {
		return fmt.Errorf("%w: %w", errConfig, err)
	}
	if _, err := plan.Parse(source); err != nil {
		return fmt.Errorf("%w: %s: %w", errConfig, c.File, err)
	}
	if c.Check {
		_, err := fmt.Fprintln(a.out, "The plan is right.")
		return err
	}
	return withSystem(ctx, a, func(s *system) error {
		const whatever = -1 // the person at the keyboard has the file, and no version
		p, err := s.store.SetPlan(ctx, source, whatever, "cli")
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(a.out, "Plan version %d is in force.\n", p.Version)
		return err
	})
}

func (c deskSetCmd) read(a *app) (string, error) {
	input := a.in
	if c.File != "-" {
		file, err := os.Open(c.File)
		if err != nil {
			return "", err
		}
		defer func() { _ = file.Close() }() // only read
		input = file
	}
	content, err := io.ReadAll(io.LimitReader(input, plan.MaxBytes+1))
	return string(content), err
}

type deskShowCmd struct {
	JSON bool `help:"Print JSON, with the version." name:"json"`
}

// Run implements the command.
func (c deskShowCmd) Run(ctx context.Context, a *app) error {
	return withSystem(ctx, a, func(s *system) error {
		p, err := s.store.Plan(ctx)
		switch {
		case err != nil:
			return err
		case c.JSON:
			return printJSON(a, map[string]any{"source": p.Source, "version": p.Version})
		case p.Version == 0:
			_, err = fmt.Fprintln(a.out, "# No plan was set: one queue, open around the clock. See \"deskhand desk example\".")
		default:
			_, err = fmt.Fprintf(a.out, "%s# version %d\n", p.Source, p.Version)
		}
		return err
	})
}

type deskHistoryCmd struct {
	JSON bool `help:"Print JSON, with the plans themselves." name:"json"`
}

// Run implements the command.
func (c deskHistoryCmd) Run(ctx context.Context, a *app) error {
	return withSystem(ctx, a, func(s *system) error {
		versions, err := s.store.PlanVersions(ctx)
		if err != nil {
			return err
		}
		if c.JSON {
			type line struct {
				CreatedAt time.Time `json:"created_at"`
				CreatedBy string    `json:"created_by"`
				Source    string    `json:"source"`
				Version   int64     `json:"version"`
			}
			encoder := json.NewEncoder(a.out)
			for _, version := range versions {
				if err := encoder.Encode(line(version)); err != nil {
					return fmt.Errorf("print plan: %w", err)
				}
			}
			return nil
		}
		table := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
		_, _ = fmt.Fprintln(table, "VERSION\tSET AT\tBY")
		for _, version := range versions {
			_, _ = fmt.Fprintf(table, "%d\t%s\t%s\n", version.Version, version.CreatedAt.Format(time.DateTime), version.CreatedBy)
		}
		return table.Flush()
	})
}
