package desk

import (
	"context"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/assistant/redact"
)

const (
	// shownOfRef is how many characters at the end of a customer's id stay readable: to tell two cases apart, not to look one up.
	shownOfRef = 3
	// minUnmaskReason is the shortest reason to look at personal data that can say anything, in characters.
	minUnmaskReason = 5
	// maxUnmaskReason is what the audit log keeps of one.
	maxUnmaskReason = 200
)

// Masker hides personal data in what agents see at first.
type Masker struct{ personal *redact.Redactor }

// NewMasker returns a Masker that knows what the redactor knows.
func NewMasker(redactor *redact.Redactor) Masker { return Masker{personal: redactor.Personal()} }

// Conversation masks what the customer wrote and who they are. What the desk wrote stays: its own addresses are public.
func (m Masker) Conversation(c assistant.Conversation) assistant.Conversation {
	messages := make([]assistant.Message, len(c.Messages))
	for i, message := range c.Messages {
		if message.Author == assistant.AuthorCustomer {
			message.Body = m.Text(message.Body)
		}
		messages[i] = message
	}
	c.Messages, c.Customer.Ref = messages, maskedRef(c.Customer.Ref)
	return c
}

// Detail returns a ticket as an agent sees it at first.
func (m Masker) Detail(d Detail) Detail {
	d.Conversation = m.Conversation(d.Conversation)
	notes := make([]Note, len(d.Notes))
	for i, note := range d.Notes {
		note.Body = m.Text(note.Body)
		notes[i] = note
	}
	d.Notes = notes
	return d
}

// Text masks a text.
func (m Masker) Text(text string) string { return m.personal.Redact(text).Text }

func maskedRef(ref string) string {
	runes := []rune(ref)
	switch {
	case len(runes) == 0:
		return ""
	case len(runes) < 3*shownOfRef: // the end would tell too much of a short one
		return "…"
	}
	return "…" + string(runes[len(runes)-shownOfRef:])
}

// Unmasking is a look at the personal data of a ticket: who, when and why.
type Unmasking struct {
	Actor    Actor
	At       time.Time
	Reason   string // without secrets and personal data
	TicketID uuid.UUID
}

// Unmask returns a ticket with its personal data. First the record, then the data: nobody sees it without a trace.
func (d *Desk) Unmask(ctx context.Context, actor Actor, ticketID uuid.UUID, reason string) (Detail, error) {
	reason = strings.TrimSpace(reason)
	switch length := utf8.RuneCountInString(reason); {
	case length < minUnmaskReason:
		return Detail{}, invalid("reason", "reason is too short: say what you need it for")
	case length > maxUnmaskReason:
		return Detail{}, invalid("reason", "reason is longer than 200 characters: shorten it")
	}
	detail, err := d.Ticket(ctx, ticketID)
	if err != nil {
		return Detail{}, err
	}
	reason = NewMasker(d.redactor).Text(d.redactor.Redact(reason).Text)
	if ref := detail.Conversation.Customer.Ref; ref != "" {
		reason = strings.ReplaceAll(reason, ref, maskedRef(ref)) // the audit log outlives an erasure
	}
	look := Unmasking{Actor: actor, At: d.clock(), Reason: reason, TicketID: ticketID}
	if err := d.store.RecordUnmask(ctx, look); err != nil {
		return Detail{}, fmt.Errorf("record who looks: %w", err)
	}
	return detail, nil
}
