package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/deskhand/deskhand/assistant/desk"
	"github.com/deskhand/deskhand/assistant/desk/plan"
	"github.com/deskhand/deskhand/assistant/httpapi"
)

type deskCmd struct {
	Example deskExampleCmd `cmd:"" help:"Print a plan to start from."`
	History deskHistoryCmd `cmd:"" help:"List the plans that were ever in force."`
	Present deskPresentCmd `cmd:"" help:"List who is present, or say that somebody is: then tickets may be assigned to them."`
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
	source, err := readText(a, c.File, plan.MaxBytes)
	if err != nil {
		return err
	}
	if _, err := plan.Parse(source); err != nil {
		return fmt.Errorf("%w: %s: %w", errConfig, c.File, err)
	}
	if c.Check {
		_, err := fmt.Fprintln(a.out, "The plan is right.")
		return err
	}
	return withDesk(ctx, a, func(s *system) error {
		const whatever = -1 // the person at the keyboard has the file, and no version
		p, err := s.store.SetPlan(ctx, source, whatever, "cli")
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(a.out, "Plan version %d is in force.\n", p.Version)
		return err
	})
}

type deskShowCmd struct {
	JSON bool `help:"Print JSON, with the version." name:"json"`
}

// Run implements the command.
func (c deskShowCmd) Run(ctx context.Context, a *app) error {
	return withDesk(ctx, a, func(s *system) error {
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
	return withDesk(ctx, a, func(s *system) error {
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

type deskPresentCmd struct {
	acting `embed:""`

	Away bool          `help:"The agent of --as leaves." xor:"stay"`
	For  time.Duration `help:"The agent of --as is there for this time, at most 12h." placeholder:"TIME" xor:"stay"`
	JSON bool          `help:"Print JSON." name:"json"`
}

// Help is shown by --help.
func (deskPresentCmd) Help() string {
	return `Examples:
  deskhand desk present
  deskhand desk present --for 8h --as mia@quayside.example
  deskhand desk present --away --as mia@quayside.example`
}

// Run implements the command.
func (c deskPresentCmd) Run(ctx context.Context, a *app) error {
	if c.For < 0 {
		return fmt.Errorf("%w: --for must be a time above zero, such as 8h", errConfig)
	}
	open := c.look
	if c.Away || c.For > 0 {
		open = c.sit
	}
	return open(ctx, a, func(s *seat) error {
		if c.Away || c.For > 0 {
			if _, err := s.people.Present(ctx, s.actor, c.For); err != nil {
				return err
			}
		}
		present, err := s.store.Presence(ctx, a.clock())
		if err != nil {
			return err
		}
		return c.print(a, present)
	})
}

func (c deskPresentCmd) print(a *app, present []desk.Colleague) error {
	if c.JSON {
		lines := make([]httpapi.PresentAgent, len(present))
		for i, colleague := range present {
			lines[i] = httpapi.PresentAgent(colleague)
		}
		return printJSON(a, lines)
	}
	table := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(table, "ID\tNAME\tTICKETS")
	for _, colleague := range present {
		_, _ = fmt.Fprintf(table, "%s\t%s\t%d\n", colleague.ID, plain(colleague.Name), colleague.Load)
	}
	return table.Flush()
}
