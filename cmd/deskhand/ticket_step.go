package main

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/assistant/desk"
	"github.com/deskhand/deskhand/assistant/triage"
)

// stepFlags are what every step of a ticket takes.
type stepFlags struct {
	acting `embed:""`

	JSON   bool   `help:"Print JSON." name:"json"`
	Seen   int32  `help:"Version of the ticket that you saw: if it has changed since, nothing happens. Default: the newest." placeholder:"N"`
	Ticket string `arg:"" help:"Number or id of the ticket, such as DH-1001."`
}

// onTicket opens the desk and runs work on the ticket, with the version that a change of it has to name.
func (c stepFlags) onTicket(ctx context.Context, a *app, work func(s *seat, id uuid.UUID, version int32) error) error {
	if c.Seen < 0 {
		return fmt.Errorf("%w: --seen must be a version, 1 or more", errConfig)
	}
	return c.sit(ctx, a, func(s *seat) error {
		id, err := s.ticketID(ctx, c.Ticket)
		if err != nil {
			return err
		}
		version := c.Seen
		if version == 0 {
			detail, err := s.people.Ticket(ctx, id)
			if err != nil {
				return err
			}
			version = detail.Ticket.Version
		}
		return work(s, id, version)
	})
}

// take takes the ticket through a step.
func (c stepFlags) take(ctx context.Context, a *app, change desk.Change) error {
	return c.onTicket(ctx, a, func(s *seat, id uuid.UUID, version int32) error {
		change.Actor, change.TicketID, change.Version = s.actor, id, version
		ticket, err := s.people.Change(ctx, change)
		if err != nil {
			return err
		}
		return printTicket(a, ticket, c.JSON)
	})
}

type ticketClaimCmd struct {
	stepFlags `embed:""`
}

// Run implements the command.
func (c ticketClaimCmd) Run(ctx context.Context, a *app) error {
	return c.take(ctx, a, desk.Change{Step: desk.StepClaim})
}

type ticketReleaseCmd struct {
	stepFlags `embed:""`
}

// Run implements the command.
func (c ticketReleaseCmd) Run(ctx context.Context, a *app) error {
	return c.take(ctx, a, desk.Change{Step: desk.StepRelease})
}

type ticketResumeCmd struct {
	stepFlags `embed:""`
}

// Run implements the command.
func (c ticketResumeCmd) Run(ctx context.Context, a *app) error {
	return c.take(ctx, a, desk.Change{Step: desk.StepResume})
}

type ticketAssignCmd struct {
	stepFlags `embed:""`

	Reason string `help:"Why; kept in the history." placeholder:"TEXT"`
	To     string `help:"E-mail address, id or name of the agent. Default: the one with the least to do who is present, has the skills of the queue and speaks the language." placeholder:"AGENT"`
}

// Help is shown by --help.
func (ticketAssignCmd) Help() string {
	return `Examples:
  deskhand ticket assign DH-1001 --as lea@quayside.example --to mia@quayside.example
  deskhand ticket assign DH-1001 --as lea@quayside.example`
}

// Run implements the command.
func (c ticketAssignCmd) Run(ctx context.Context, a *app) error {
	return c.onTicket(ctx, a, func(s *seat, id uuid.UUID, version int32) error {
		change := desk.Change{Actor: s.actor, Reason: c.Reason, Step: desk.StepAssign, TicketID: id, Version: version}
		if c.To != "" {
			agent, err := s.agent(ctx, c.To)
			if err != nil {
				return err
			}
			change.Assignee = &agent.ID
		}
		ticket, err := s.people.Change(ctx, change)
		if err != nil {
			return err
		}
		return printTicket(a, ticket, c.JSON)
	})
}

type ticketEscalateCmd struct {
	stepFlags `embed:""`

	Queue  string `help:"Where it goes. Default: it stays in its queue." placeholder:"NAME"`
	Reason string `help:"Why; kept in the history." placeholder:"TEXT" required:""`
}

// Run implements the command.
func (c ticketEscalateCmd) Run(ctx context.Context, a *app) error {
	return c.take(ctx, a, desk.Change{Queue: c.Queue, Reason: c.Reason, Step: desk.StepEscalate})
}

type ticketHoldCmd struct {
	stepFlags `embed:""`

	For    time.Duration `help:"Resume it by itself after this time, such as 48h. Default: when an agent resumes it." placeholder:"TIME"`
	Reason string        `help:"What is waited for; kept in the history." placeholder:"TEXT" required:""`
}

// Run implements the command.
func (c ticketHoldCmd) Run(ctx context.Context, a *app) error {
	change := desk.Change{Reason: c.Reason, Step: desk.StepHold}
	if c.For < 0 {
		return fmt.Errorf("%w: --for must be a time above zero, such as 48h", errConfig)
	}
	if c.For != 0 {
		at := a.clock().Add(c.For)
		change.HoldUntil = &at
	}
	return c.take(ctx, a, change)
}

type ticketMergeCmd struct {
	stepFlags `embed:""`

	Into   string `help:"Number or id of the other ticket, which takes over urgency, risks and tags." placeholder:"TICKET" required:""`
	Reason string `help:"Why; kept in the history." placeholder:"TEXT" required:""`
}

// Help is shown by --help.
func (ticketMergeCmd) Help() string {
	return "Example:\n  deskhand ticket merge DH-1004 --into DH-1001 --reason \"the same withdrawal\""
}

// Run implements the command.
func (c ticketMergeCmd) Run(ctx context.Context, a *app) error {
	return c.onTicket(ctx, a, func(s *seat, id uuid.UUID, version int32) error {
		into, err := s.ticketID(ctx, c.Into)
		if err != nil {
			return err
		}
		ticket, err := s.people.Change(ctx, desk.Change{
			Actor: s.actor, Into: &into, Reason: c.Reason, Step: desk.StepMerge, TicketID: id, Version: version,
		})
		if err != nil {
			return err
		}
		return printTicket(a, ticket, c.JSON)
	})
}

type ticketMoveCmd struct {
	stepFlags `embed:""`

	Reason string `help:"Why; kept in the history." placeholder:"TEXT"`
	To     string `help:"Name of the queue, from \"deskhand desk show\"." placeholder:"QUEUE" required:""`
}

// Run implements the command.
func (c ticketMoveCmd) Run(ctx context.Context, a *app) error {
	return c.take(ctx, a, desk.Change{Queue: c.To, Reason: c.Reason, Step: desk.StepMove})
}

type ticketPriorityCmd struct {
	stepFlags `embed:""`

	Reason string `help:"Why; kept in the history." placeholder:"TEXT" required:""`
	To     string `enum:"P1,P2,P3,P4" help:"P1 (the most urgent) to P4." placeholder:"P1" required:""`
}

// Run implements the command.
func (c ticketPriorityCmd) Run(ctx context.Context, a *app) error {
	return c.take(ctx, a, desk.Change{Priority: triage.Priority(c.To), Reason: c.Reason, Step: desk.StepPrioritise})
}

type ticketReopenCmd struct {
	stepFlags `embed:""`

	Reason string `help:"Why; kept in the history." placeholder:"TEXT" required:""`
}

// Run implements the command.
func (c ticketReopenCmd) Run(ctx context.Context, a *app) error {
	return c.take(ctx, a, desk.Change{Reason: c.Reason, Step: desk.StepReopen})
}

type ticketResolveCmd struct {
	stepFlags `embed:""`

	Outcome string `default:"assumed" enum:"confirmed,assumed,abandoned" help:"confirmed (the customer said so), assumed (nobody has said otherwise) or abandoned (the customer does not answer) (${default})." placeholder:"OUTCOME"`
	Reason  string `help:"Why; kept in the history." placeholder:"TEXT"`
}

// Help is shown by --help.
func (ticketResolveCmd) Help() string {
	return "Example:\n  deskhand ticket resolve DH-1001 --outcome confirmed --as mia@quayside.example"
}

// Run implements the command.
func (c ticketResolveCmd) Run(ctx context.Context, a *app) error {
	return c.take(ctx, a, desk.Change{Outcome: assistant.TicketOutcome(c.Outcome), Reason: c.Reason, Step: desk.StepResolve})
}

type ticketTagCmd struct {
	stepFlags `embed:""`

	Tag []string `arg:"" help:"All tags that the ticket has afterwards; none takes them away." optional:""`
}

// Run implements the command.
func (c ticketTagCmd) Run(ctx context.Context, a *app) error {
	return c.take(ctx, a, desk.Change{Step: desk.StepTag, Tags: c.Tag})
}
