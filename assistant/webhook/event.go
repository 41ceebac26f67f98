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

// The types of events.
const (
	ChannelsChanged     Type = "channels.changed"     // the registry of channels changed
	ComplaintChanged    Type = "complaint.changed"    // a complaint was acknowledged or extended, moved to another regime, or told of
	ComplaintDecided    Type = "complaint.decided"    // a complaint was decided
	ComplaintDueSoon    Type = "complaint.due_soon"   // the deadline of a complaint is near
	ComplaintOverdue    Type = "complaint.overdue"    // the deadline of a complaint has passed
	ComplaintRegistered Type = "complaint.registered" // a customer complained
	DeskChanged         Type = "desk.changed"         // another version of the desk's plan is in force
	DraftRejected       Type = "draft.rejected"       // an agent found a draft unusable
	FeedbackRecorded    Type = "feedback.recorded"    // a customer rated a reply or the conversation
	IncidentEnded       Type = "incident.ended"       // an incident notice is no longer in force
	IncidentProposed    Type = "incident.proposed"    // similar questions rise: somebody has to look
	IncidentStarted     Type = "incident.started"     // an incident notice is in force
	MessageSent         Type = "message.sent"         // the desk wrote to a customer about a complaint, or to follow up
	PolicyChanged       Type = "policy.changed"       // another version of the policy is in force
	QuestionConcluded   Type = "question.concluded"   // a question was answered, asked back or handed off
	TicketAssigned      Type = "ticket.assigned"      // a ticket was given to an agent
	TicketClaimed       Type = "ticket.claimed"       // an agent took a ticket
	TicketDueSoon       Type = "ticket.due_soon"      // a promise to the customer is about to be missed
	TicketEscalated     Type = "ticket.escalated"     // a ticket became more urgent, or went to another queue for it
	TicketHeld          Type = "ticket.held"          // an agent waits for somebody at the desk's side
	TicketMerged        Type = "ticket.merged"        // the work on a ticket goes on in another one
	TicketOpened        Type = "ticket.opened"        // a case needs a person
	TicketOverdue       Type = "ticket.overdue"       // a promise to the customer was missed
	TicketReleased      Type = "ticket.released"      // a ticket went back into the queue, by its agent or because the claim ended
	TicketReopened      Type = "ticket.reopened"      // a resolved ticket has work again
	TicketReplied       Type = "ticket.replied"       // an agent answered the customer
	TicketResolved      Type = "ticket.resolved"      // the work on a ticket has ended
	TicketResumed       Type = "ticket.resumed"       // the work on a ticket goes on
	TicketUpdated       Type = "ticket.updated"       // the customer wrote, or the ticket's priority, queue, tags or outcome changed

	// Test is what `deskhand webhook test` sends. No endpoint subscribes to it.
	Test Type = "webhook.test"
)

// Types returns what an endpoint can subscribe to, in alphabetical order.
func Types() []Type {
	return []Type{
		ChannelsChanged, ComplaintChanged, ComplaintDecided, ComplaintDueSoon, ComplaintOverdue, ComplaintRegistered, DeskChanged,
		DraftRejected, FeedbackRecorded, IncidentEnded, IncidentProposed, IncidentStarted, MessageSent, PolicyChanged,
		QuestionConcluded, TicketAssigned, TicketClaimed, TicketDueSoon, TicketEscalated, TicketHeld, TicketMerged, TicketOpened,
		TicketOverdue, TicketReleased, TicketReopened, TicketReplied, TicketResolved, TicketResumed, TicketUpdated,
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
	Data      any       `json:"data"` // Channels, Complaint, Desk, Feedback, Incident, Policy, Proposal, Question, Sent, Ticket, or nothing
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

// Complaint is the data of the events of a complaint: the complaint as it stands after the change.
type Complaint struct {
	ComplaintID  uuid.UUID `json:"complaint_id"`
	DecideBy     time.Time `json:"decide_by"`
	Number       string    `json:"number"` // "C-17"
	Regime       string    `json:"regime"`
	RootCause    string    `json:"root_cause,omitempty"`
	Status       string    `json:"status"`
	Step         string    `json:"step"`
	TicketID     uuid.UUID `json:"ticket_id"`
	TicketNumber string    `json:"ticket_number"`
	Version      int32     `json:"version"`
}

// Desk is the data of desk.changed.
type Desk struct {
	ChangedBy string `json:"changed_by"`
	Version   int64  `json:"version"`
}

// Channels is the data of channels.changed.
type Channels struct {
	ChangedBy string `json:"changed_by"`
	Version   int64  `json:"version"` // of the registry
}

// Sent is the data of message.sent.
type Sent struct {
	ConversationID uuid.UUID `json:"conversation_id"`
	MessageID      uuid.UUID `json:"message_id"`
}

// Proposal is the data of incident.proposed.
type Proposal struct {
	Expected      float64 `json:"expected"` // questions, by the usual rate
	Intent        string  `json:"intent"`
	ProposalID    int64   `json:"proposal_id"`
	Questions     int     `json:"questions"` // that came
	WindowMinutes int     `json:"window_minutes"`
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
	Due            *time.Time `json:"due,omitempty"`      // of ticket.due_soon and ticket.overdue
	Intent         string     `json:"intent"`
	Language       string     `json:"language"`
	MergedInto     *uuid.UUID `json:"merged_into,omitempty"`
	MessageID      *uuid.UUID `json:"message_id,omitempty"` // of ticket.replied: what was sent
	Number         string     `json:"number"`               // "DH-1042"
	Outcome        string     `json:"outcome,omitempty"`    // of a resolved ticket
	Priority       string     `json:"priority"`
	Promise        string     `json:"promise,omitempty"` // of ticket.due_soon and ticket.overdue: response or resolution
	Queue          string     `json:"queue"`
	Reasons        []string   `json:"reasons"` // for the agents' side: never show them to a customer
	ResolveBy      *time.Time `json:"resolve_by,omitempty"`
	RespondBy      time.Time  `json:"respond_by"`
	Risks          []string   `json:"risks"`
	Status         string     `json:"status"`
	Step           string     `json:"step"` // what happened
	TicketID       uuid.UUID  `json:"ticket_id"`
	Version        int32      `json:"version"`
}
