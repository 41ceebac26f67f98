package assistant

import (
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/deskhand/deskhand/assistant/triage"
	"github.com/deskhand/deskhand/assistant/triage/risk"
)

// TicketStatus is where a ticket stands.
type TicketStatus string

// The states of a ticket: open → claimed → waiting (for the customer) → resolved. A released ticket is open again.
const (
	TicketClaimed  TicketStatus = "claimed"
	TicketOpen     TicketStatus = "open"
	TicketResolved TicketStatus = "resolved"
	TicketWaiting  TicketStatus = "waiting"
)

// Ticket is a case in a person's queue.
type Ticket struct {
	ID              uuid.UUID
	AssigneeID      *uuid.UUID
	ConversationID  uuid.UUID
	CreatedAt       time.Time
	FirstResponseAt *time.Time
	Intent          string
	Language        string
	Number          int64
	Priority        triage.Priority
	Reasons         []string // why a person is needed; for agents only (P6)
	ResolvedAt      *time.Time
	RespondBy       time.Time
	Risks           []risk.Risk
	Status          TicketStatus
	Version         int32 // optimistic lock: a change names the version that it saw
}

// Reference is the number as people write it: "DH-1042".
func (t Ticket) Reference() string { return fmt.Sprintf("DH-%d", t.Number) }

// Held reports whether a person has taken the case over, so that the assistant stays silent (P7).
func (t Ticket) Held() bool { return t.Status == TicketClaimed || t.Status == TicketWaiting }
