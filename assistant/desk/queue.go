package desk

import (
	"context"
	"fmt"
	"strings"
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

// How much of a message is an excerpt, and how much of it is looked at for personal data: what begins in an excerpt must be seen whole
// to be known. In characters.
const (
	excerptLength = 160
	excerptLooked = 600
)

// Excerpts returns the beginnings of what the customers of tickets wrote last, by conversation and in one line. Personal data is masked
// as in [Masker.Text].
func (d *Desk) Excerpts(ctx context.Context, masker Masker, tickets []assistant.Ticket) (map[uuid.UUID]string, error) {
	conversations := make([]uuid.UUID, len(tickets))
	for i, ticket := range tickets {
		conversations[i] = ticket.ConversationID
	}
	heard, err := d.store.Heard(ctx, conversations)
	if err != nil {
		return nil, fmt.Errorf("read excerpts: %w", err)
	}
	for id, text := range heard {
		heard[id] = clip(masker.Text(clip(strings.Join(strings.Fields(text), " "), excerptLooked)), excerptLength)
	}
	return heard, nil
}

// clip returns the first characters of a text.
func clip(text string, length int) string {
	if runes := []rune(text); len(runes) > length {
		return string(runes[:length]) + "…"
	}
	return text
}
