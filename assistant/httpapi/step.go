package httpapi

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/assistant/access"
	"github.com/deskhand/deskhand/assistant/desk"
	"github.com/deskhand/deskhand/assistant/triage"
)

// ReasonRequest is a change that says why.
type ReasonRequest struct {
	Reason  string `doc:"Why; kept in the history. Secrets are removed." json:"reason" maxLength:"1000" minLength:"1"`
	Version int32  `doc:"The ticket's version. If it has changed since, nothing happens." json:"version" maximum:"2147483647" minimum:"1"`
}

// AssignRequest gives a ticket to an agent.
type AssignRequest struct {
	AgentID uuid.UUID `doc:"Who gets it. Without it: the agent with the fewest tickets among those who are present, have the skills of its queue and speak its language." format:"uuid" json:"agent_id,omitzero"` //nolint:lll // a tag is one line
	Reason  string    `json:"reason,omitempty" maxLength:"1000"`
	Version int32     `json:"version" maximum:"2147483647" minimum:"1"`
}

// EscalateRequest makes a ticket a step more urgent.
type EscalateRequest struct {
	ReasonRequest

	Queue string `doc:"Where it goes. Without it, it stays in its queue." json:"queue,omitempty" maxLength:"60"`
}

// HoldRequest puts a ticket aside.
type HoldRequest struct {
	ReasonRequest

	Until time.Time `doc:"When it is resumed by itself, within 90 days. Without it: when an agent resumes it." json:"until,omitzero"`
}

// MergeRequest goes on with the work on a ticket in another one.
type MergeRequest struct {
	ReasonRequest

	Into uuid.UUID `doc:"The other ticket of the same customer." format:"uuid" json:"into"`
}

// MoveRequest puts a ticket into another queue.
type MoveRequest struct {
	Queue   string `json:"queue" maxLength:"60" minLength:"1"`
	Reason  string `json:"reason,omitempty" maxLength:"1000"`
	Version int32  `json:"version" maximum:"2147483647" minimum:"1"`
}

// NoteRequest is what an agent tells the others.
type NoteRequest struct {
	Body string `doc:"Never shown to the customer. Secrets are removed." json:"body" maxLength:"20000" minLength:"1"`
}

// PriorityRequest sets the priority.
type PriorityRequest struct {
	ReasonRequest

	Priority string `enum:"P1,P2,P3,P4" json:"priority"`
}

// ResolveRequest ends the work on a ticket.
type ResolveRequest struct {
	Outcome string `doc:"confirmed: the customer said so. assumed (the default): nobody has said otherwise. abandoned: the customer does not answer." enum:"confirmed,assumed,abandoned" json:"outcome,omitempty"` //nolint:lll // a tag is one line
	Reason  string `json:"reason,omitempty" maxLength:"1000"`
	Version int32  `doc:"The ticket's version. If it has changed since, nothing happens." json:"version" maximum:"2147483647" minimum:"1"`
}

// TagsRequest replaces a ticket's tags.
type TagsRequest struct {
	Tags    []string `json:"tags" maxItems:"30" nullable:"false"`
	Version int32    `json:"version" maximum:"2147483647" minimum:"1"`
}

type stepInput[T any] struct {
	ID   uuid.UUID `doc:"The ticket." format:"uuid" path:"id"`
	Body T
}

// NextTicket is what waits for the caller.
type NextTicket struct {
	Ticket *Ticket `doc:"Claimed by the caller. Missing when nothing waits, or the caller has as many as they may." json:"ticket,omitempty"`
}

// TicketHistory is what happened to a ticket.
type TicketHistory struct {
	Entries []HistoryEntry `doc:"Oldest first." json:"entries" nullable:"false"`
}

// HistoryEntry is one thing that happened.
type HistoryEntry struct {
	Actor      string         `doc:"An agent's id, customer, or system." json:"actor"`
	At         time.Time      `json:"at"`
	Detail     map[string]any `json:"detail"`
	FromStatus string         `json:"from_status"`
	Reason     string         `json:"reason,omitempty"`
	Step       string         `example:"claim" json:"step"`
	ToStatus   string         `json:"to_status"`
	Version    int32          `doc:"Of the ticket after it." json:"version"`
}

// stepRoute is a route that takes a ticket through a step.
type stepRoute[T any] struct {
	change      func(T) desk.Change
	description string
	name        string
	summary     string
}

func registerStep[T any](s *server, api huma.API, route stepRoute[T]) {
	huma.Register(api, s.operation(api, huma.Operation{
		Description: route.description, Method: http.MethodPost, OperationID: route.name + "-ticket",
		Path: "/v1/tickets/{id}/" + route.name, Summary: route.summary, Tags: []string{"Agents"},
	}, access.WorkTickets), func(ctx context.Context, in *stepInput[T]) (*output[Ticket], error) {
		change := route.change(in.Body)
		change.Actor, change.TicketID = actor(ctx), in.ID
		for _, text := range append([]string{change.Reason, change.Queue}, change.Tags...) {
			if err := storable("body", text); err != nil {
				return nil, s.problemOf(ctx, err)
			}
		}
		ticket, err := s.Desk.Change(ctx, change)
		if err != nil {
			return nil, s.problemOf(ctx, err)
		}
		return &output[Ticket]{Body: NewTicket(ticket)}, nil
	})
}

func (s *server) describeTicketSteps(api huma.API) {
	registerStep(s, api, stepRoute[AssignRequest]{
		name: "assign", summary: "Assign", description: "Gives the ticket to an agent.",
		change: func(r AssignRequest) desk.Change {
			c := desk.Change{Reason: r.Reason, Step: desk.StepAssign, Version: r.Version}
			if r.AgentID != uuid.Nil {
				c.Assignee = &r.AgentID
			}
			return c
		},
	})
	registerStep(s, api, stepRoute[EscalateRequest]{
		name: "escalate", summary: "Escalate", description: "Makes the ticket a step more urgent, and tells of it.",
		change: func(r EscalateRequest) desk.Change {
			return desk.Change{Queue: r.Queue, Reason: r.Reason, Step: desk.StepEscalate, Version: r.Version}
		},
	})
	registerStep(s, api, stepRoute[HoldRequest]{
		name: "hold", summary: "Hold", description: "Waits for somebody at the desk's side. The promises to the customer run on.",
		change: func(r HoldRequest) desk.Change {
			c := desk.Change{Reason: r.Reason, Step: desk.StepHold, Version: r.Version}
			if !r.Until.IsZero() {
				c.HoldUntil = &r.Until
			}
			return c
		},
	})
	registerStep(s, api, stepRoute[ChangeRequest]{
		name: "resume", summary: "Resume", description: "Goes on with a ticket that is on hold, or waits for the customer.",
		change: func(r ChangeRequest) desk.Change { return desk.Change{Step: desk.StepResume, Version: r.Version} },
	})
	registerStep(s, api, stepRoute[MergeRequest]{
		name: "merge", summary: "Merge",
		description: "Goes on with the work in another ticket of the same customer, which takes over urgency, risks and tags.",
		change: func(r MergeRequest) desk.Change {
			return desk.Change{Into: &r.Into, Reason: r.Reason, Step: desk.StepMerge, Version: r.Version}
		},
	})
	registerStep(s, api, stepRoute[MoveRequest]{
		name: "move", summary: "Move", description: "Puts the ticket into another queue.",
		change: func(r MoveRequest) desk.Change {
			return desk.Change{Queue: r.Queue, Reason: r.Reason, Step: desk.StepMove, Version: r.Version}
		},
	})
	s.describeTicketEnds(api)
	s.describeTicketReads(api)
}

func (s *server) describeTicketEnds(api huma.API) {
	registerStep(s, api, stepRoute[PriorityRequest]{
		name: "priority", summary: "Set the priority",
		description: "A more urgent priority brings its promises forward; a less urgent one breaks none that was made.",
		change: func(r PriorityRequest) desk.Change {
			return desk.Change{Priority: triage.Priority(r.Priority), Reason: r.Reason, Step: desk.StepPrioritise, Version: r.Version}
		},
	})
	registerStep(s, api, stepRoute[ReasonRequest]{
		name: "reopen", summary: "Reopen", description: "Puts a resolved ticket back into the queue.",
		change: func(r ReasonRequest) desk.Change {
			return desk.Change{Reason: r.Reason, Step: desk.StepReopen, Version: r.Version}
		},
	})
	registerStep(s, api, stepRoute[ResolveRequest]{
		name: "resolve", summary: "Resolve", description: "Ends the work on the ticket, and says how sure that is.",
		change: func(r ResolveRequest) desk.Change {
			return desk.Change{Outcome: assistant.TicketOutcome(r.Outcome), Reason: r.Reason, Step: desk.StepResolve, Version: r.Version}
		},
	})
	registerStep(s, api, stepRoute[TagsRequest]{
		name: "tags", summary: "Tag", description: "Replaces the ticket's tags.",
		change: func(r TagsRequest) desk.Change {
			return desk.Change{Step: desk.StepTag, Tags: r.Tags, Version: r.Version}
		},
	})
}

func (s *server) describeTicketReads(api huma.API) {
	tags := []string{"Agents"}
	huma.Register(api, s.operation(api, huma.Operation{
		Description: "Claims the most urgent ticket that the caller may work on: by the skills of its queue, its language, and how " +
			"many the caller has. Agents who ask at once get different tickets.",
		Method: http.MethodPost, OperationID: "next-ticket", Path: "/v1/tickets/next", Summary: "Take the next", Tags: tags,
	}, access.WorkTickets), s.next)
	huma.Register(api, s.operation(api, huma.Operation{
		Description: "Who did what, when and why.",
		Method:      http.MethodGet, OperationID: "get-ticket-history", Path: "/v1/tickets/{id}/history", Summary: "Read the history",
		Tags: tags,
	}, access.WorkTickets), s.history)
	huma.Register(api, s.operation(api, huma.Operation{
		Description: "Keeps a note for the other agents.",
		Method:      http.MethodPost, OperationID: "note-ticket", Path: "/v1/tickets/{id}/notes", Summary: "Note", Tags: tags,
	}, access.WorkTickets), s.note)
}

func (s *server) next(ctx context.Context, _ *struct{}) (*output[NextTicket], error) {
	ticket, err := s.Desk.Next(ctx, actor(ctx))
	if err != nil {
		return nil, s.problemOf(ctx, err)
	}
	if ticket == nil {
		return &output[NextTicket]{}, nil
	}
	view := NewTicket(*ticket)
	return &output[NextTicket]{Body: NextTicket{Ticket: &view}}, nil
}

func (s *server) history(ctx context.Context, in *ticketInput) (*output[TicketHistory], error) {
	entries, err := s.Desk.History(ctx, in.ID)
	if err != nil {
		return nil, s.problemOf(ctx, err)
	}
	return &output[TicketHistory]{Body: NewHistory(entries)}, nil
}

// NewHistory is a ticket's history as its JSON shows it.
func NewHistory(entries []desk.Entry) TicketHistory {
	history := TicketHistory{Entries: make([]HistoryEntry, len(entries))}
	for i, e := range entries {
		history.Entries[i] = HistoryEntry{
			Actor: e.Actor, At: e.At, Detail: e.Detail, FromStatus: string(e.FromStatus), Reason: e.Reason, Step: string(e.Step),
			ToStatus: string(e.ToStatus), Version: e.Version,
		}
	}
	return history
}

func (s *server) note(ctx context.Context, in *stepInput[NoteRequest]) (*output[Note], error) {
	if err := storable("body", in.Body.Body); err != nil {
		return nil, s.problemOf(ctx, err)
	}
	note, err := s.Desk.Note(ctx, actor(ctx), in.ID, in.Body.Body)
	if err != nil {
		return nil, s.problemOf(ctx, err)
	}
	return &output[Note]{Body: Note{AgentID: note.AgentID, Body: note.Body, CreatedAt: note.CreatedAt, ID: note.ID}}, nil
}
