package main

import (
	"context"
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/deskhand/deskhand/assistant/desk"
	"github.com/deskhand/deskhand/assistant/httpapi"
)

// complaintStepFlags are what every step of a complaint takes.
type complaintStepFlags struct {
	acting `embed:""`

	Complaint string `arg:"" help:"Number or id of the complaint, such as C-17."`
	JSON      bool   `help:"Print JSON." name:"json"`
	Seen      int32  `help:"Version of the complaint that you saw: if it has changed since, nothing happens. Default: the newest." placeholder:"N"`
}

// take takes the complaint through a step; body is what the customer is told, a fixed text where it is empty.
func (c complaintStepFlags) take(ctx context.Context, a *app, change desk.ComplaintChange, body string) error {
	if c.Seen < 0 {
		return fmt.Errorf("%w: --seen must be a version, 1 or more", errConfig)
	}
	return c.sit(ctx, a, func(s *seat) error {
		id, err := s.complaintID(ctx, c.Complaint)
		if err != nil {
			return err
		}
		complaint, err := s.store.Complaint(ctx, id)
		if err != nil {
			return err
		}
		change.Actor, change.ID, change.TicketID, change.Version = s.actor, id, complaint.TicketID, complaint.Version
		if c.Seen > 0 {
			change.Version = c.Seen
		}
		if complaint, err = s.people.ChangeComplaint(ctx, change, body); err != nil {
			return err
		}
		return printComplaint(a, complaint, c.JSON)
	})
}

// printComplaint says where a complaint stands after a step.
func printComplaint(a *app, c desk.Complaint, asJSON bool) error { //nolint:revive // it is the flag --json
	view := httpapi.NewComplaint(c)
	if asJSON {
		return printJSON(a, view)
	}
	_, err := fmt.Fprintf(a.out, "%s beside %s is %s, regime %s, decide by %s, version %d.\n", view.Number, view.TicketNumber, view.Status,
		view.Regime, view.DecideBy.UTC().Format(time.DateTime), view.Version)
	return err
}

type complaintAcknowledgeCmd struct {
	complaintStepFlags `embed:""`
}

// Run implements the command.
func (c complaintAcknowledgeCmd) Run(ctx context.Context, a *app) error {
	return c.take(ctx, a, desk.ComplaintChange{Step: desk.ComplaintAcknowledge}, "")
}

type complaintDecideCmd struct {
	complaintStepFlags `embed:""`

	Decision string `enum:"upheld,partly_upheld,rejected,withdrawn" help:"upheld, partly_upheld, rejected or withdrawn." placeholder:"DECISION" required:""`
	Reason   string `help:"Why; kept in the history." placeholder:"TEXT" required:""`
	Cause    string `help:"Tag for what went wrong, such as fees.unclear. Needed, unless the complaint was withdrawn." placeholder:"TAG"`
}

// Help is shown by --help.
func (complaintDecideCmd) Help() string {
	return `A decision stays: who complains of it complains anew.

Example:
  deskhand complaint decide C-17 --decision upheld --cause fees.unclear --reason "the page named the old fee" --as lea@quayside.example`
}

// Run implements the command.
func (c complaintDecideCmd) Run(ctx context.Context, a *app) error {
	return c.take(ctx, a, desk.ComplaintChange{
		Reason: c.Reason, RootCause: c.Cause, Status: desk.ComplaintStatus(c.Decision), Step: desk.ComplaintDecide,
	}, "")
}

type complaintExtendCmd struct {
	complaintStepFlags `embed:""`

	Reason string `help:"Why; kept in the history." placeholder:"TEXT" required:""`
}

// Run implements the command.
func (c complaintExtendCmd) Run(ctx context.Context, a *app) error {
	return c.take(ctx, a, desk.ComplaintChange{Reason: c.Reason, Step: desk.ComplaintExtend}, "")
}

type complaintProgressCmd struct {
	complaintStepFlags `embed:""`
	textFlags          `embed:""`
}

// Help is shown by --help.
func (complaintProgressCmd) Help() string {
	return `Without a text, a fixed one in the customer's language is sent. A text of your own is held to the same rules as a reply.

Examples:
  deskhand complaint progress C-17 --as lea@quayside.example
  deskhand complaint progress C-17 --text "We are waiting for the bank." --as lea@quayside.example`
}

// Run implements the command.
func (c complaintProgressCmd) Run(ctx context.Context, a *app) error {
	body, err := c.read(a)
	if err != nil {
		return err
	}
	return c.take(ctx, a, desk.ComplaintChange{Step: desk.ComplaintProgress}, body)
}

type complaintRegimeCmd struct {
	complaintStepFlags `embed:""`

	To string `help:"Name of the regime, from \"deskhand desk show\"." placeholder:"REGIME" required:""`
}

// Run implements the command.
func (c complaintRegimeCmd) Run(ctx context.Context, a *app) error {
	return c.take(ctx, a, desk.ComplaintChange{Regime: c.To, Step: desk.ComplaintRegime}, "")
}

type complaintRegisterCmd struct {
	acting `embed:""`

	JSON   bool   `help:"Print JSON." name:"json"`
	Regime string `help:"The rule book that applies. Default: that of the customer's country, as the desk's plan says." placeholder:"REGIME"`
	Ticket string `arg:"" help:"Number or id of the ticket, such as DH-1001."`
}

// Help is shown by --help.
func (complaintRegisterCmd) Help() string {
	return "Example:\n  deskhand complaint register DH-1001 --as mia@quayside.example"
}

// Run implements the command.
func (c complaintRegisterCmd) Run(ctx context.Context, a *app) error {
	return c.sit(ctx, a, func(s *seat) error {
		ticketID, err := s.ticketID(ctx, c.Ticket)
		if err != nil {
			return err
		}
		complaint, err := s.people.ChangeComplaint(ctx, desk.ComplaintChange{
			Actor: s.actor, Regime: c.Regime, Step: desk.ComplaintRegister, TicketID: ticketID,
		}, "")
		if err != nil {
			return err
		}
		return printComplaint(a, complaint, c.JSON)
	})
}

type complaintShowCmd struct {
	acting `embed:""`

	Complaint string `arg:"" help:"Number or id of the complaint, such as C-17."`
	JSON      bool   `help:"Print JSON." name:"json"`
}

// Help is shown by --help.
func (complaintShowCmd) Help() string { return "Example:\n  deskhand complaint show C-17" }

// Run implements the command.
func (c complaintShowCmd) Run(ctx context.Context, a *app) error {
	return c.look(ctx, a, func(s *seat) error {
		id, err := s.complaintID(ctx, c.Complaint)
		if err != nil {
			return err
		}
		complaint, err := s.store.Complaint(ctx, id)
		if err != nil {
			return err
		}
		entries, err := s.store.ComplaintHistory(ctx, id)
		if err != nil {
			return err
		}
		if c.JSON {
			return printJSON(a, struct {
				httpapi.Complaint

				History []httpapi.ComplaintEntry `json:"history"`
			}{httpapi.NewComplaint(complaint), httpapi.NewComplaintHistory(entries)})
		}
		names, err := s.names(ctx)
		if err != nil {
			return err
		}
		if err := printComplaint(a, complaint, false); err != nil {
			return err
		}
		table := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
		for _, e := range entries {
			_, _ = fmt.Fprintf(table, "  %s\t%s\t%s\t%s\n", e.At.UTC().Format(time.DateTime), names.of(e.Actor), e.Step, plain(e.Reason))
		}
		return table.Flush()
	})
}
