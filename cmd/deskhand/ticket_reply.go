package main

import (
	"context"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/assistant/desk"
)

// sendFlags are what a text to a customer takes.
type sendFlags struct {
	Override       []string `help:"For leads: an objection of the guard to set aside, as the error names it; repeat for more. The policy says which may be." placeholder:"CHECK"`
	OverrideReason string   `help:"Why the text may be sent all the same; kept in the history." placeholder:"TEXT"`
}

func (f sendFlags) override() desk.Override {
	return desk.Override{Checks: f.Override, Reason: f.OverrideReason}
}

// send carries out a reply, and says what the guard objects to.
func (c stepFlags) send(ctx context.Context, a *app, prepare func(s *seat, id uuid.UUID) (desk.Reply, error)) error {
	return c.onTicket(ctx, a, func(s *seat, id uuid.UUID, version int32) error {
		reply, err := prepare(s, id)
		if err != nil {
			return err
		}
		reply.TicketID, reply.Version = id, version
		ticket, err := s.people.Reply(ctx, s.actor, reply)
		if err != nil {
			return err
		}
		return printTicket(a, ticket, c.JSON)
	})
}

type ticketReplyCmd struct {
	stepFlags `embed:""`
	sendFlags `embed:""`
	textFlags `embed:""`
}

// Help is shown by --help.
func (ticketReplyCmd) Help() string {
	return `The agent must hold the ticket. The text is held to the same rules as a generated one: a link, a number or a promise that
the desk has not published stops it, and the error names the check. A draft that waits stays.

Examples:
  deskhand ticket reply DH-1001 --text "We are looking into it."
  deskhand ticket reply DH-1001 --file reply.txt
  deskhand ticket reply DH-1001 --file - --override link --override-reason "the status page of the chain" --as lea@quayside.example`
}

// Run implements the command.
func (c ticketReplyCmd) Run(ctx context.Context, a *app) error {
	body, err := c.read(a)
	if err != nil {
		return err
	}
	return c.send(ctx, a, func(*seat, uuid.UUID) (desk.Reply, error) {
		return desk.Reply{Action: desk.ActionWrite, Body: body, Override: c.override()}, nil
	})
}

type ticketCheckCmd struct {
	acting    `embed:""`
	textFlags `embed:""`

	JSON   bool   `help:"Print JSON." name:"json"`
	Ticket string `arg:"" help:"Number or id of the ticket, such as DH-1001."`
}

// Help is shown by --help.
func (ticketCheckCmd) Help() string {
	return `The exit code is 1 when something speaks against sending the text.

Example:
  deskhand ticket check DH-1001 --file reply.txt`
}

// Run implements the command.
func (c ticketCheckCmd) Run(ctx context.Context, a *app) error {
	body, err := c.read(a)
	if err != nil {
		return err
	}
	return c.look(ctx, a, func(s *seat) error {
		id, err := s.ticketID(ctx, c.Ticket)
		if err != nil {
			return err
		}
		findings, err := s.people.Check(ctx, id, body)
		if err != nil {
			return err
		}
		return c.print(a, findings)
	})
}

func (c ticketCheckCmd) print(a *app, findings []assistant.Finding) error {
	if c.JSON {
		type line struct {
			Check  string `json:"check"`
			Detail string `json:"detail"`
		}
		lines := make([]line, len(findings))
		for i, found := range findings {
			lines[i] = line(found)
		}
		if err := printJSON(a, lines); err != nil {
			return err
		}
	} else {
		for _, found := range findings {
			_, _ = fmt.Fprintf(a.out, "%s: %s\n", found.Check, plain(found.Detail))
		}
	}
	if len(findings) > 0 {
		return errFailed
	}
	if !c.JSON {
		_, _ = fmt.Fprintln(a.out, "The text may be sent.")
	}
	return nil
}

type ticketNoteCmd struct {
	acting    `embed:""`
	textFlags `embed:""`

	Ticket string `arg:"" help:"Number or id of the ticket, such as DH-1001."`
}

// Help is shown by --help.
func (ticketNoteCmd) Help() string {
	return "The customer never sees a note. Secrets are removed.\n\nExample:\n  deskhand ticket note DH-1001 --text \"called the bank\""
}

// Run implements the command.
func (c ticketNoteCmd) Run(ctx context.Context, a *app) error {
	body, err := c.read(a)
	if err != nil {
		return err
	}
	return c.sit(ctx, a, func(s *seat) error {
		id, err := s.ticketID(ctx, c.Ticket)
		if err != nil {
			return err
		}
		if _, err := s.people.Note(ctx, s.actor, id, body); err != nil {
			return err
		}
		_, err = fmt.Fprintln(a.out, "The note is kept.")
		return err
	})
}

type ticketDraftCmd struct {
	Accept ticketAcceptCmd `cmd:"" help:"Send the draft as it is."`
	Edit   ticketEditCmd   `cmd:"" help:"Send another text made from the draft."`
	Reject ticketRejectCmd `cmd:"" help:"Send nothing, and say what is wrong with the draft."`
}

// draftFlags name a draft.
type draftFlags struct {
	stepFlags `embed:""`

	Draft string `help:"Id of the draft, from \"deskhand ticket show\". Default: the newest that waits." placeholder:"ID"`
}

// draft finds the draft of a ticket that a command means.
func (c draftFlags) draft(ctx context.Context, s *seat, ticketID uuid.UUID) (uuid.UUID, error) {
	if c.Draft != "" {
		id, err := uuid.Parse(c.Draft)
		if err != nil {
			return id, fmt.Errorf("%w: --draft: %q is no id: see \"deskhand ticket show\"", errConfig, c.Draft)
		}
		return id, nil
	}
	detail, err := s.people.Ticket(ctx, ticketID)
	if err != nil {
		return uuid.Nil, err
	}
	for _, draft := range detail.Drafts {
		if draft.Fate == "pending" {
			return draft.ID, nil
		}
	}
	return uuid.Nil, assistant.Errorf(assistant.CodeNotFound, "no draft waits on this ticket: use \"deskhand ticket reply\"")
}

// decide carries out what a command says about a draft.
func (c draftFlags) decide(ctx context.Context, a *app, reply desk.Reply) error {
	return c.send(ctx, a, func(s *seat, ticketID uuid.UUID) (desk.Reply, error) {
		var err error
		reply.DraftID, err = c.draft(ctx, s, ticketID)
		return reply, err
	})
}

type ticketAcceptCmd struct {
	draftFlags `embed:""`
	sendFlags  `embed:""`
}

// Help is shown by --help.
func (ticketAcceptCmd) Help() string {
	return "Example:\n  deskhand ticket draft accept DH-1001 --as mia@quayside.example"
}

// Run implements the command.
func (c ticketAcceptCmd) Run(ctx context.Context, a *app) error {
	return c.decide(ctx, a, desk.Reply{Action: desk.ActionAccept, Override: c.override()})
}

type ticketEditCmd struct {
	draftFlags `embed:""`
	sendFlags  `embed:""`
	textFlags  `embed:""`
}

// Help is shown by --help.
func (ticketEditCmd) Help() string {
	return `What was changed is kept with the run, and becomes an eval case with "deskhand eval import --from-desk".

Example:
  deskhand ticket draft edit DH-1001 --file reply.txt`
}

// Run implements the command.
func (c ticketEditCmd) Run(ctx context.Context, a *app) error {
	body, err := c.read(a)
	if err != nil {
		return err
	}
	return c.decide(ctx, a, desk.Reply{Action: desk.ActionEdit, Body: body, Override: c.override()})
}

type ticketRejectCmd struct {
	draftFlags `embed:""`

	Code   string `default:"other" help:"What kind of mistake it made: wrong_article, wrong_facts, outdated, incomplete, off_topic, wrong_language, tone, unsafe or other (${default})." placeholder:"CODE"`
	Reason string `help:"What is wrong with it." placeholder:"TEXT" required:""`
}

// Help is shown by --help.
func (ticketRejectCmd) Help() string {
	return "Example:\n  deskhand ticket draft reject DH-1001 --code outdated --reason \"the fee has changed\""
}

// Run implements the command.
func (c ticketRejectCmd) Run(ctx context.Context, a *app) error {
	codes := desk.RejectCodes()
	if !slices.Contains(codes, desk.RejectCode(c.Code)) {
		return fmt.Errorf("%w: --code must be one of %s", errConfig, joined(codes))
	}
	return c.decide(ctx, a, desk.Reply{Action: desk.ActionReject, Code: desk.RejectCode(c.Code), Reason: c.Reason})
}
