package assistant

import (
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/deskhand/deskhand/assistant/triage"
	"github.com/deskhand/deskhand/assistant/triage/risk"
)

// TicketStatus is where a ticket stands. Which follows which is package desk's table, and the database refuses the rest.
type TicketStatus string

// The states of a ticket.
const (
	TicketClaimed  TicketStatus = "claimed"  // an agent works on it
	TicketOnHold   TicketStatus = "on_hold"  // an agent waits for somebody at the desk's own side: its promises run on
	TicketOpen     TicketStatus = "open"     // in the queue
	TicketResolved TicketStatus = "resolved" // done, until its customer or an agent reopens it
	TicketWaiting  TicketStatus = "waiting"  // an agent waits for the customer: the promise to resolve it pauses
)

// TicketOutcome is what is known of how a resolution went. The customer's word and the agent's guess are told apart.
type TicketOutcome string

// The outcomes.
const (
	OutcomeAbandoned   TicketOutcome = "abandoned"    // the customer stopped answering
	OutcomeAssumed     TicketOutcome = "assumed"      // the agent thinks so, the customer said nothing
	OutcomeConfirmed   TicketOutcome = "confirmed"    // the customer said so
	OutcomeMerged      TicketOutcome = "merged"       // the work goes on in another ticket
	OutcomeRecontacted TicketOutcome = "re_contacted" // the customer came back: it was not solved
)

// Ticket is a case in a person's queue.
type Ticket struct {
	ID              uuid.UUID
	AssigneeID      *uuid.UUID
	AwaitingSince   *time.Time // since when the customer waits for a reply; nil when it is the customer's turn
	ClaimExpiresAt  *time.Time // a claim without a reply goes back into the queue then
	ConversationID  uuid.UUID
	CreatedAt       time.Time
	Escalations     int
	FirstResponseAt *time.Time
	FollowUpAt      *time.Time // when the customer is asked whether the resolution holds
	HoldUntil       *time.Time
	Intent          string
	Language        string
	MergedInto      *uuid.UUID
	NextCheckAt     *time.Time // when the clock may have work with this ticket
	Number          int64
	Outcome         TicketOutcome // of the latest resolution; empty while it is unresolved
	PausedAt        *time.Time    // since when the promise to resolve it does not run
	Priority        triage.Priority
	Queue           string
	Reasons         []string // why a person is needed; for agents only (P6)
	Recontacts      int      // how often the customer came back after a resolution
	ResolveBy       *time.Time
	ResolveWarnAt   *time.Time
	ResolvedAt      *time.Time
	RespondBy       time.Time // of the reply that the customer waits for
	RespondWarnAt   *time.Time
	Risks           []risk.Risk
	Status          TicketStatus
	Tags            []string
	Version         int32 // optimistic lock: a change names the version that it saw
}

// Reference is the number as people write it: "DH-1042".
func (t Ticket) Reference() string { return fmt.Sprintf("DH-%d", t.Number) }

// Held reports whether a person has taken the case over, so that the assistant stays silent (P7).
func (t Ticket) Held() bool {
	return t.Status == TicketClaimed || t.Status == TicketOnHold || t.Status == TicketWaiting
}
