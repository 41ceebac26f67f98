package webhook

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
)

// Type names what happened.
type Type string

// The types of events. A resolved ticket stays resolved: when its customer comes back, another ticket is opened.
const (
	DraftRejected     Type = "draft.rejected"     // an agent found a draft unusable
	FeedbackRecorded  Type = "feedback.recorded"  // a customer rated a reply or the conversation
	IncidentEnded     Type = "incident.ended"     // an incident notice is no longer in force
	IncidentStarted   Type = "incident.started"   // an incident notice is in force
	PolicyChanged     Type = "policy.changed"     // another version of the policy is in force
	QuestionConcluded Type = "question.concluded" // a question was answered, asked back or handed off
	TicketClaimed     Type = "ticket.claimed"     // an agent took a ticket
	TicketOpened      Type = "ticket.opened"      // a case needs a person
	TicketReleased    Type = "ticket.released"    // an agent put a ticket back into the queue
	TicketReplied     Type = "ticket.replied"     // an agent answered the customer
	TicketResolved    Type = "ticket.resolved"    // an agent ended the work on a ticket
	TicketUpdated     Type = "ticket.updated"     // the customer wrote again: the ticket has work, and may be more urgent

	// Test is what `deskhand webhook test` sends. No endpoint subscribes to it.
	Test Type = "webhook.test"
)

// Types returns what an endpoint can subscribe to, in alphabetical order.
func Types() []Type {
	return []Type{
		DraftRejected, FeedbackRecorded, IncidentEnded, IncidentStarted, PolicyChanged, QuestionConcluded, TicketClaimed,
		TicketOpened, TicketReleased, TicketReplied, TicketResolved, TicketUpdated,
	}
}

// ParseTypes reads names of types. No name means all.
func ParseTypes(names []string) ([]Type, error) {
	types := make([]Type, 0, len(names))
	for _, name := range names {
		if !slices.Contains(Types(), Type(name)) {
			known := make([]string, len(Types()))
			for i, t := range Types() {
				known[i] = string(t)
			}
			return nil, fmt.Errorf("event %q is unknown: use %s", name, strings.Join(known, ", "))
		}
		if !slices.Contains(types, Type(name)) {
			types = append(types, Type(name))
		}
	}
	return types, nil
}

// Event is one thing that happened. Its JSON is what a consumer gets; docs/webhooks.md describes it.
type Event struct {
	ID        uuid.UUID `json:"id"`
	Type      Type      `json:"type"`
	CreatedAt time.Time `json:"created_at"`
	Data      any       `json:"data"` // Feedback, Incident, Policy, Question, Ticket, or nothing
}

// Body is the event as it is stored, signed and sent.
func (e Event) Body() ([]byte, error) {
	e.CreatedAt = e.CreatedAt.UTC()
	if e.Data == nil {
		e.Data = struct{}{}
	}
	body, err := json.Marshal(e)
	if err != nil {
		return nil, fmt.Errorf("encode event: %w", err)
	}
	return body, nil
}

// Feedback is the data of feedback.recorded. Comments stay at the desk.
type Feedback struct {
	ConversationID uuid.UUID  `json:"conversation_id"`
	MessageID      *uuid.UUID `json:"message_id,omitempty"` // the rated reply; absent for the whole conversation
	Rating         int        `json:"rating"`               // 1 to 5
}

// Incident is the data of incident.started and incident.ended.
type Incident struct {
	ChangedBy string   `json:"changed_by"`
	Intents   []string `json:"intents"`
	NoticeID  int64    `json:"notice_id"`
}

// Policy is the data of policy.changed.
type Policy struct {
	AutoReply bool   `json:"auto_reply"` // false: the kill switch is thrown
	ChangedBy string `json:"changed_by"`
	Version   int64  `json:"version"`
}

// Question is the data of question.concluded.
type Question struct {
	Confidence     float64    `json:"confidence"`
	ConversationID uuid.UUID  `json:"conversation_id"`
	Intent         string     `json:"intent"`
	Language       string     `json:"language"`
	MessageID      uuid.UUID  `json:"message_id"` // the question
	Outcome        string     `json:"outcome"`    // answered, clarify or handed_off
	Priority       string     `json:"priority"`
	Reasons        []string   `json:"reasons"`  // for the agents' side: never show them to a customer
	ReplyID        uuid.UUID  `json:"reply_id"` // what the customer read
	RunID          uuid.UUID  `json:"run_id"`
	TicketID       *uuid.UUID `json:"ticket_id,omitempty"`
	TicketNumber   string     `json:"ticket_number,omitempty"`
}

// Ticket is the data of the events of a ticket and of draft.rejected: the ticket as it stands after the change.
type Ticket struct {
	Action         string     `json:"action,omitempty"`   // of ticket.replied: accept, edit or write
	AgentID        *uuid.UUID `json:"agent_id,omitempty"` // who acted; absent when no agent did
	AssigneeID     *uuid.UUID `json:"assignee_id,omitempty"`
	ConversationID uuid.UUID  `json:"conversation_id"`
	DraftID        *uuid.UUID `json:"draft_id,omitempty"` // the draft that was decided on
	Intent         string     `json:"intent"`
	Language       string     `json:"language"`
	MessageID      *uuid.UUID `json:"message_id,omitempty"` // of ticket.replied: what was sent
	Number         string     `json:"number"`               // "DH-1042"
	Priority       string     `json:"priority"`
	Reasons        []string   `json:"reasons"` // for the agents' side: never show them to a customer
	RespondBy      time.Time  `json:"respond_by"`
	Risks          []string   `json:"risks"`
	Status         string     `json:"status"`
	TicketID       uuid.UUID  `json:"ticket_id"`
	Version        int32      `json:"version"`
}
