// Package desk is what people do with a case that the assistant handed them: look through the queue, claim a ticket, send,
// change or reject the draft, resolve.
//
// Every text that an agent sends passes the same guard as a generated one (P4), and no secret gets into the record through
// an agent's keyboard either (P2). Nobody overwrites anybody: a change names the version of the ticket that it saw. The
// package holds rules; where tickets are kept is package postgres.
package desk

import (
	"context"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/assistant/guard"
	"github.com/deskhand/deskhand/assistant/redact"
	"github.com/deskhand/deskhand/assistant/triage"
)

// MaxReplyRunes bounds what an agent sends at once.
const MaxReplyRunes = 20000

// Action is what an agent does with a draft.
type Action string

// The actions.
const (
	ActionAccept Action = "accept" // send the draft as it is
	ActionEdit   Action = "edit"   // send another text made from it
	ActionReject Action = "reject" // send nothing; say why
	ActionWrite  Action = "write"  // send a text of one's own; a pending draft stays
)

// Actor is the agent who acts.
type Actor struct {
	ID   uuid.UUID
	Lead bool // may act on tickets that others hold
}

// Draft is a proposed reply that waits beside a ticket, or what became of it.
type Draft struct {
	ID           uuid.UUID
	Body         string
	Citations    []assistant.Citation
	Confidence   float64
	CreatedAt    time.Time
	Fate         string // pending, accepted, edited or rejected
	Findings     []assistant.Finding
	Language     string
	Method       assistant.Method
	RejectReason string
	RunID        uuid.UUID
}

// Detail is a ticket with all that an agent needs to answer it.
type Detail struct {
	Conversation assistant.Conversation
	Drafts       []Draft // newest first
	Ticket       assistant.Ticket
	Trail        []Trace // oldest run first
}

// Filter selects tickets of the queue. Zero fields select everything unresolved.
type Filter struct {
	After      *Cursor
	AssigneeID *uuid.UUID
	Intent     string
	Language   string
	Limit      int // 1 to MaxPage
	Priority   triage.Priority
	Status     assistant.TicketStatus
}

// MaxPage is the most tickets that one page of the queue holds.
const MaxPage = 100

// Cursor is the place of a ticket in the queue's order: priority, then the time by which it is due.
type Cursor struct {
	ID        uuid.UUID       `json:"i"`
	Priority  triage.Priority `json:"p"`
	RespondBy time.Time       `json:"r"`
}

// Trace is how one run of the conversation went, for the agent who asks why.
type Trace struct {
	Confidence float64
	Outcome    assistant.Outcome
	Reasons    []assistant.Reason
	RunID      uuid.UUID
	StartedAt  time.Time
	Steps      []assistant.Step
}

// Reply is what an agent does on a ticket.
type Reply struct {
	Action   Action
	Body     string    // for edit and write
	DraftID  uuid.UUID // for accept, edit and reject
	Reason   string    // for reject
	TicketID uuid.UUID
	Version  int32
}

// Sending is a reply that passed every check and is ready to be stored.
type Sending struct {
	Actor   Actor
	At      time.Time
	Fate    string             // what becomes of the draft; empty leaves it pending
	Message *assistant.Message // nil for a rejection
	Reply   Reply
}

// Change is a step of a ticket through its states.
type Change struct {
	Actor    Actor
	At       time.Time
	TicketID uuid.UUID
	To       assistant.TicketStatus
	Version  int32
}

// Store keeps tickets. Package postgres has it. A version that is not the ticket's, a state from which the change is not
// possible, or a ticket that another agent holds is an assistant.Error with CodeConflict; nothing has changed then.
type Store interface {
	Change(ctx context.Context, change Change) (assistant.Ticket, error)
	Detail(ctx context.Context, ticketID uuid.UUID) (Detail, error)
	Queue(ctx context.Context, filter Filter) ([]assistant.Ticket, error)
	Send(ctx context.Context, sending Sending) (assistant.Ticket, error)
	Settings(ctx context.Context) (assistant.Settings, error)
}

// Desk is where agents work. It is safe for concurrent use.
type Desk struct {
	clock    func() time.Time
	guard    *guard.Guard
	redactor *redact.Redactor
	store    Store
}

// Config is what a Desk is made of.
type Config struct {
	Clock    func() time.Time
	Guard    *guard.Guard
	Redactor *redact.Redactor
	Store    Store
}

// New returns a Desk.
func New(c Config) *Desk {
	return &Desk{clock: c.Clock, guard: c.Guard, redactor: c.Redactor, store: c.Store}
}

// Claim makes the actor the one who answers the ticket; the assistant is silent in it from then on (P7).
func (d *Desk) Claim(ctx context.Context, actor Actor, ticketID uuid.UUID, version int32) (assistant.Ticket, error) {
	return d.change(ctx, Change{Actor: actor, TicketID: ticketID, To: assistant.TicketClaimed, Version: version})
}

// Queue returns tickets in the order in which they are due, most urgent first, and the cursor of the next page, nil on the
// last one.
func (d *Desk) Queue(ctx context.Context, filter Filter) ([]assistant.Ticket, *Cursor, error) {
	if filter.Limit < 1 || filter.Limit > MaxPage {
		filter.Limit = MaxPage
	}
	page := filter.Limit
	filter.Limit++ // one more tells whether there is a next page
	tickets, err := d.store.Queue(ctx, filter)
	if err != nil {
		return nil, nil, fmt.Errorf("list tickets: %w", err)
	}
	if len(tickets) <= page {
		return tickets, nil, nil
	}
	last := tickets[page-1]
	return tickets[:page], &Cursor{ID: last.ID, Priority: last.Priority, RespondBy: last.RespondBy}, nil
}

// Release puts a claimed ticket back into the queue.
func (d *Desk) Release(ctx context.Context, actor Actor, ticketID uuid.UUID, version int32) (assistant.Ticket, error) {
	return d.change(ctx, Change{Actor: actor, TicketID: ticketID, To: assistant.TicketOpen, Version: version})
}

// Reply carries out what the agent decided about a draft. A text that the guard stops is not sent: the error says which
// check stopped what.
func (d *Desk) Reply(ctx context.Context, actor Actor, reply Reply) (assistant.Ticket, error) {
	detail, err := d.store.Detail(ctx, reply.TicketID)
	if err != nil {
		return assistant.Ticket{}, fmt.Errorf("load ticket: %w", err)
	}
	sending, err := prepare(reply, detail)
	if err != nil {
		return assistant.Ticket{}, err
	}
	sending.Actor, sending.At = actor, d.clock()
	sending.Reply.Reason = d.redactor.Redact(reply.Reason).Text
	if sending.Message != nil {
		sending.Message.AgentID, sending.Message.CreatedAt = &actor.ID, sending.At
		if err := d.check(ctx, *sending.Message, detail); err != nil {
			return assistant.Ticket{}, err
		}
	}
	ticket, err := d.store.Send(ctx, sending)
	if err != nil {
		return ticket, fmt.Errorf("send reply: %w", err)
	}
	return ticket, nil
}

// Resolve ends the work on a ticket.
func (d *Desk) Resolve(ctx context.Context, actor Actor, ticketID uuid.UUID, version int32) (assistant.Ticket, error) {
	return d.change(ctx, Change{Actor: actor, TicketID: ticketID, To: assistant.TicketResolved, Version: version})
}

// Ticket returns a ticket with its conversation, drafts and the trail of decisions.
func (d *Desk) Ticket(ctx context.Context, ticketID uuid.UUID) (Detail, error) {
	detail, err := d.store.Detail(ctx, ticketID)
	if err != nil {
		return detail, fmt.Errorf("load ticket: %w", err)
	}
	return detail, nil
}

func (d *Desk) change(ctx context.Context, change Change) (assistant.Ticket, error) {
	change.At = d.clock()
	ticket, err := d.store.Change(ctx, change)
	if err != nil {
		return ticket, fmt.Errorf("change ticket: %w", err)
	}
	return ticket, nil
}

// check holds an agent's text to the rules for everything that leaves the desk.
func (d *Desk) check(ctx context.Context, message assistant.Message, detail Detail) error {
	if kinds := d.redactor.Redact(message.Body).Secrets(); len(kinds) > 0 {
		return &assistant.Error{
			Code: assistant.CodeInvalid, Field: "body",
			Message: fmt.Sprintf("body contains a secret (%s): take it out", kinds[0]),
		}
	}
	settings, err := d.store.Settings(ctx)
	if err != nil {
		return fmt.Errorf("load settings: %w", err)
	}
	findings := d.guard.Check(guard.Text{Body: message.Body, Language: detail.Ticket.Language}, settings.Registry)
	if len(findings) == 0 {
		return nil
	}
	stopped := make([]string, len(findings))
	for i, finding := range findings {
		stopped[i] = string(finding.Check) + ": " + finding.Detail
	}
	return &assistant.Error{
		Code: assistant.CodeInvalid, Field: "body",
		Message: "body may not be sent: " + strings.Join(stopped, "; "),
	}
}

// prepare turns a reply into what is stored, or says which field does not fit the action.
func prepare(reply Reply, detail Detail) (Sending, error) {
	sending := Sending{Reply: reply}
	if reply.Action == ActionWrite {
		message, err := textMessage(reply, detail)
		sending.Message = message
		return sending, err
	}
	draft, err := pendingDraft(reply.DraftID, detail)
	if err != nil {
		return sending, err
	}
	switch reply.Action {
	case ActionAccept:
		if reply.Body != "" {
			return sending, invalid("body", "body must be empty when a draft is accepted: use the action edit")
		}
		sending.Fate = "accepted"
		sending.Message = &assistant.Message{
			ID:        uuid.Must(uuid.NewV7()),
			Author:    assistant.AuthorAgent,
			Body:      draft.Body,
			Citations: draft.Citations,
			Language:  draft.Language,
		}
	case ActionEdit:
		sending.Fate = "edited"
		if sending.Message, err = textMessage(reply, detail); err == nil {
			sending.Message.Citations = draft.Citations
		}
	case ActionReject:
		sending.Fate = "rejected"
		if strings.TrimSpace(reply.Reason) == "" {
			err = invalid("reason", "reason is empty: say what is wrong with the draft")
		}
	case ActionWrite: // handled above
	default:
		err = invalid("action", "action must be accept, edit, reject or write")
	}
	return sending, err
}

func pendingDraft(id uuid.UUID, detail Detail) (Draft, error) {
	for _, draft := range detail.Drafts {
		if draft.ID != id {
			continue
		}
		if draft.Fate != "pending" {
			return draft, assistant.Errorf(assistant.CodeConflict, "the draft was %s before", draft.Fate)
		}
		return draft, nil
	}
	return Draft{}, assistant.Errorf(assistant.CodeNotFound, "draft not found on this ticket")
}

func textMessage(reply Reply, detail Detail) (*assistant.Message, error) {
	body := strings.TrimSpace(reply.Body)
	switch {
	case body == "":
		return nil, invalid("body", "body is empty: write the reply")
	case !utf8.ValidString(body):
		return nil, invalid("body", "body is not valid UTF-8")
	case utf8.RuneCountInString(body) > MaxReplyRunes:
		return nil, invalid("body", "body is longer than 20000 characters: shorten it")
	}
	return &assistant.Message{
		ID: uuid.Must(uuid.NewV7()), Author: assistant.AuthorAgent, Body: body, Language: detail.Ticket.Language,
	}, nil
}

func invalid(field, message string) error {
	return &assistant.Error{Code: assistant.CodeInvalid, Field: field, Message: message}
}
