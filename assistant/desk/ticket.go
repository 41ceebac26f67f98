package desk

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/assistant/desk/plan"
)

// presence is how long an agent counts as present after a sign of life.
const presence = 15 * time.Minute

// maxPresence bounds how long an agent can say in advance to be there: a shift.
const maxPresence = 12 * time.Hour

// Colleague is an agent who is present.
type Colleague struct {
	ID   uuid.UUID
	Load int // tickets that the agent works on: claimed or on hold
	Name string
}

// Change takes a ticket through a step. A change of the wrong version, in the wrong state or of a ticket that another agent
// holds is an Error with CodeConflict.
func (d *Desk) Change(ctx context.Context, c Change) (assistant.Ticket, error) {
	c.At = d.clock()
	c.Reason = d.redactor.Redact(strings.TrimSpace(c.Reason)).Text
	if err := c.Validate(c.At); err != nil {
		return assistant.Ticket{}, err
	}
	if err := d.checkPlaces(ctx, &c); err != nil {
		return assistant.Ticket{}, err
	}
	store := d.store.Change
	if c.Step == StepMerge {
		store = d.store.Merge
	}
	ticket, err := store(ctx, c)
	if err != nil {
		return ticket, fmt.Errorf("change ticket: %w", err)
	}
	return ticket, nil
}

// checkPlaces checks where a change wants a ticket to go, and finds the agent for one that names none.
func (d *Desk) checkPlaces(ctx context.Context, c *Change) error {
	moves, assigns := c.Queue != "" || c.Step == StepMove, c.Step == StepAssign && c.Assignee == nil
	if !moves && !assigns {
		return nil
	}
	p, err := d.store.Plan(ctx)
	if err != nil {
		return fmt.Errorf("load plan: %w", err)
	}
	if moves && !p.Has(c.Queue) {
		return invalid("queue", "there is no such queue: see GET /v1/desk")
	}
	if !assigns {
		return nil
	}
	detail, err := d.store.Detail(ctx, c.TicketID)
	if err != nil {
		return fmt.Errorf("load ticket: %w", err)
	}
	present, err := d.store.Presence(ctx, c.At)
	if err != nil {
		return fmt.Errorf("load presence: %w", err)
	}
	chosen, ok := LeastLoaded(p, detail.Ticket, present)
	if !ok {
		return assistant.Errorf(assistant.CodeConflict,
			"no agent who is present may take this ticket: it stays in its queue for the next who may")
	}
	c.Assignee = &chosen.ID
	return nil
}

// LeastLoaded returns the present agent with the fewest tickets who has the skills of the ticket's queue, speaks its language
// and has room.
func LeastLoaded(p *plan.Plan, t assistant.Ticket, present []Colleague) (Colleague, bool) {
	var chosen Colleague
	found := false
	for _, colleague := range present {
		agent := p.Agent(colleague.ID, colleague.Name)
		full := agent.Capacity > 0 && colleague.Load >= agent.Capacity
		if full || !agent.Has(p.Queue(t.Queue).Skills) || !agent.Speaks(t.Language) {
			continue
		}
		if !found || Lighter(colleague, chosen) < 0 {
			chosen, found = colleague, true
		}
	}
	return chosen, found
}

// Lighter orders agents by how much they have to do, and those who have the same by id, so that the same desk always decides
// the same. It is a comparison as package slices wants one.
func Lighter(a, b Colleague) int {
	return cmp.Or(cmp.Compare(a.Load, b.Load), bytes.Compare(a.ID[:], b.ID[:]))
}

// Next gives the actor the most urgent ticket that waits in a queue of theirs, claimed; nil when none does, or when they
// have as many as they can take. Asking is a sign of life.
func (d *Desk) Next(ctx context.Context, actor Actor) (*assistant.Ticket, error) {
	now := d.clock()
	if err := d.store.Present(ctx, actor.ID, now.Add(presence)); err != nil {
		return nil, fmt.Errorf("note presence: %w", err)
	}
	ticket, err := d.store.Next(ctx, actor, now)
	if err != nil {
		return nil, fmt.Errorf("take next ticket: %w", err)
	}
	return ticket, nil
}

// Note keeps what an agent tells the others about a ticket.
func (d *Desk) Note(ctx context.Context, actor Actor, ticketID uuid.UUID, body string) (Note, error) {
	body = strings.TrimSpace(body)
	switch {
	case body == "":
		return Note{}, invalid("body", "body is empty: write the note")
	case utf8.RuneCountInString(body) > MaxReplyRunes:
		return Note{}, invalid("body", "body is longer than 20000 characters: shorten it")
	}
	note := Note{ID: uuid.Must(uuid.NewV7()), AgentID: actor.ID, Body: d.redactor.Redact(body).Text, CreatedAt: d.clock()}
	if err := d.store.AddNote(ctx, actor, ticketID, note); err != nil {
		return Note{}, fmt.Errorf("add note: %w", err)
	}
	return note, nil
}

// Present notes that an agent is there for some time, at most a shift; 0 is that the agent leaves.
func (d *Desk) Present(ctx context.Context, actor Actor, stay time.Duration) (time.Time, error) {
	until := d.clock().Add(max(0, min(stay, maxPresence)))
	if err := d.store.Present(ctx, actor.ID, until); err != nil {
		return until, fmt.Errorf("note presence: %w", err)
	}
	return until, nil
}

// Claim makes the actor the one who answers the ticket; the assistant is silent in it from then on (P7).
func (d *Desk) Claim(ctx context.Context, actor Actor, ticketID uuid.UUID, version int32) (assistant.Ticket, error) {
	return d.Change(ctx, Change{Actor: actor, Step: StepClaim, TicketID: ticketID, Version: version})
}

// Release puts a held ticket back into the queue.
func (d *Desk) Release(ctx context.Context, actor Actor, ticketID uuid.UUID, version int32) (assistant.Ticket, error) {
	return d.Change(ctx, Change{Actor: actor, Step: StepRelease, TicketID: ticketID, Version: version})
}

// Resolve ends the work on a ticket.
func (d *Desk) Resolve(ctx context.Context, actor Actor, ticketID uuid.UUID, version int32) (assistant.Ticket, error) {
	return d.Change(ctx, Change{Actor: actor, Step: StepResolve, TicketID: ticketID, Version: version})
}
