// Package desk is what people do with a case that the assistant handed them: look through the queue, take a ticket, send,
// change or reject the draft, wait, resolve, decide a complaint.
//
// What may happen to a ticket stands in one table (step.go), what it does to the ticket in one pure function (Apply), and
// when the clock has something to say in another (clock.go). Every text that an agent sends passes the same guard as a
// generated one (P4), and no secret gets into the record through an agent's keyboard either (P2). Nobody overwrites anybody:
// a change names the version of the ticket that it saw. The package holds rules; where tickets are kept is package postgres.
package desk

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/assistant/desk/plan"
	"github.com/deskhand/deskhand/assistant/guard"
	"github.com/deskhand/deskhand/assistant/redact"
	"github.com/deskhand/deskhand/prompts"
)

// Who acts when no agent does.
const (
	ByClock    = "system"
	ByCustomer = "customer"
)

// ViaCLI is how an operator acts on the machine itself, under an agent's name.
const ViaCLI = "cli"

// Actor is who acts: an agent, or the desk itself.
type Actor struct {
	ID      uuid.UUID
	Lead    bool   // may act on tickets that others hold
	Machine string // ByClock or ByCustomer; empty for an agent
	Via     string // ViaCLI, where the agent has not logged in; empty over HTTP
}

// String names the actor in records: an agent's id, or what the desk calls itself.
func (a Actor) String() string {
	if a.Machine != "" {
		return a.Machine
	}
	return a.ID.String()
}

// Detail is a ticket with all that an agent needs to answer it.
type Detail struct {
	Complaint    *Complaint
	Conversation assistant.Conversation
	Drafts       []Draft // newest first
	Notes        []Note  // oldest first
	Ticket       assistant.Ticket
	Trail        []Trace // oldest run first
}

// Entry is a line of a ticket's history: who did what, when, and why.
type Entry struct {
	Actor      string
	At         time.Time
	Detail     map[string]any // ids, codes and times
	FromStatus assistant.TicketStatus
	Reason     string
	Step       Step
	ToStatus   assistant.TicketStatus
	Version    int32 // of the ticket after it
}

// Note is what an agent tells the others about a ticket.
type Note struct {
	ID        uuid.UUID
	AgentID   uuid.UUID
	Body      string
	CreatedAt time.Time
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

// Store keeps tickets. Package postgres has it. A version that is not the ticket's, a state from which the change is not
// possible, or a ticket that another agent holds is an assistant.Error with CodeConflict; nothing has changed then.
type Store interface {
	AddNote(ctx context.Context, actor Actor, ticketID uuid.UUID, note Note) error
	Change(ctx context.Context, change Change) (assistant.Ticket, error)
	ChangeComplaint(ctx context.Context, change ComplaintChange) (Complaint, error)
	Detail(ctx context.Context, ticketID uuid.UUID) (Detail, error)
	// Heard returns what each customer wrote last, by conversation. One that has no word of a customer is left out.
	Heard(ctx context.Context, conversationIDs []uuid.UUID) (map[uuid.UUID]string, error)
	History(ctx context.Context, ticketID uuid.UUID) ([]Entry, error)
	Merge(ctx context.Context, change Change) (assistant.Ticket, error)
	Next(ctx context.Context, actor Actor, at time.Time) (*assistant.Ticket, error)
	Plan(ctx context.Context) (*plan.Plan, error)
	Present(ctx context.Context, agentID uuid.UUID, until time.Time) error
	Presence(ctx context.Context, at time.Time) ([]Colleague, error)
	Push(ctx context.Context, at time.Time) (int, error)
	Queue(ctx context.Context, filter Filter) ([]assistant.Ticket, error)
	RecordUnmask(ctx context.Context, look Unmasking) error
	Send(ctx context.Context, sending Sending) (assistant.Ticket, error)
	Settings(ctx context.Context) (assistant.Settings, error)
	Tend(ctx context.Context, tending Tending) (int, error)
}

// Desk is where agents work. It is safe for concurrent use.
type Desk struct {
	clock    func() time.Time
	guard    *guard.Guard
	prompts  *prompts.Library
	redactor *redact.Redactor
	sources  SourcesFunc
	store    Store
}

// SourcesFunc returns the texts of articles as customers can read them today. One that is gone, internal, stale or not published is
// left out: a draft for an agent may cite what no customer sees.
type SourcesFunc func(ctx context.Context, cited []assistant.Citation) ([]string, error)

// Config is what a Desk is made of.
type Config struct {
	Clock    func() time.Time
	Guard    *guard.Guard
	Prompts  *prompts.Library
	Redactor *redact.Redactor
	Sources  SourcesFunc // nil: a text may name what is in the registry only
	Store    Store
}

// New returns a Desk.
func New(c Config) *Desk {
	return &Desk{clock: c.Clock, guard: c.Guard, prompts: c.Prompts, redactor: c.Redactor, sources: c.Sources, store: c.Store}
}

// History returns what happened to a ticket, oldest first.
func (d *Desk) History(ctx context.Context, ticketID uuid.UUID) ([]Entry, error) {
	entries, err := d.store.History(ctx, ticketID)
	if err != nil {
		return nil, fmt.Errorf("load history: %w", err)
	}
	return entries, nil
}

// Plan returns the plan in force.
func (d *Desk) Plan(ctx context.Context) (*plan.Plan, error) {
	p, err := d.store.Plan(ctx)
	if err != nil {
		return nil, fmt.Errorf("load plan: %w", err)
	}
	return p, nil
}

// Ticket returns a ticket with its conversation, drafts and the trail of decisions.
func (d *Desk) Ticket(ctx context.Context, ticketID uuid.UUID) (Detail, error) {
	detail, err := d.store.Detail(ctx, ticketID)
	if err != nil {
		return detail, fmt.Errorf("load ticket: %w", err)
	}
	return detail, nil
}

func invalid(field, message string) error {
	return &assistant.Error{Code: assistant.CodeInvalid, Field: field, Message: message}
}
