package desk

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/assistant/triage"
	"github.com/deskhand/deskhand/assistant/triage/risk"
)

// Filter selects tickets of the queue. Zero fields select everything unresolved.
type Filter struct {
	After      *Cursor
	AssigneeID *uuid.UUID
	Channel    string // that the conversation came through: "widget"
	Intent     string
	Language   string
	Limit      int  // 1 to MaxPage
	Overdue    bool // a reply that the customer waits for, or the resolution, is late at Now
	Now        time.Time
	Priority   triage.Priority
	Queue      string
	Risk       risk.Risk
	Status     assistant.TicketStatus
	Tag        string
}

// MaxPage is the most tickets that one page of the queue holds.
const MaxPage = 100

// Cursor is the place of a ticket in the queue's order: priority, then the time by which it is due.
type Cursor struct {
	ID        uuid.UUID       `json:"i"`
	Priority  triage.Priority `json:"p"`
	RespondBy time.Time       `json:"r"`
}

// Queue returns tickets in the order in which they are due, most urgent first, and the cursor of the next page, nil on the
// last one.
func (d *Desk) Queue(ctx context.Context, filter Filter) ([]assistant.Ticket, *Cursor, error) {
	if filter.Limit < 1 || filter.Limit > MaxPage {
		filter.Limit = MaxPage
	}
	filter.Now = d.clock()
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
