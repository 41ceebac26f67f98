package desk

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/deskhand/deskhand/assistant"
)

// MaxReplyRunes bounds what an agent sends at once.
const MaxReplyRunes = 20000

// Action is what an agent does with a draft.
type Action string

// The actions.
const (
	ActionAccept Action = "accept" // send the draft as it is
	ActionEdit   Action = "edit"   // send another text made from it
	ActionReject Action = "reject" // send nothing; say why
	ActionWrite  Action = "write"  // send a text of one's own; a pending draft stays
)

// Draft is a proposed reply that waits beside a ticket, or what became of it.
type Draft struct {
	ID           uuid.UUID
	Body         string
	Citations    []assistant.Citation
	Confidence   float64
	CreatedAt    time.Time
	EditDistance int     // of an edited draft: characters taken out and added
	EditShare    float64 // of the characters of both texts
	Edits        []Edit  // of an edited draft
	Fate         string  // pending, accepted, edited or rejected
	Findings     []assistant.Finding
	Language     string
	Method       assistant.Method
	Notes        []assistant.Note
	RejectCode   RejectCode
	RejectReason string
	RunID        uuid.UUID
}

// RejectCode says what kind of mistake a rejected draft made.
type RejectCode string

// RejectCodes returns the codes, for figures and for people who improve the articles and the prompt.
func RejectCodes() []RejectCode {
	return []RejectCode{
		"wrong_article", "wrong_facts", "outdated", "incomplete", "off_topic", "wrong_language", "tone", "unsafe", "other",
	}
}

// rejectOther is the code of a rejection that names none.
const rejectOther RejectCode = "other"

// Reply is what an agent does on a ticket.
type Reply struct {
	Action   Action
	Body     string     // for edit and write
	Code     RejectCode // for reject; other when empty
	DraftID  uuid.UUID  // for accept, edit and reject
	Override Override   // of what the guard objects to; for a lead
	Reason   string     // for reject
	TicketID uuid.UUID
	Version  int32
}

// Sending is a reply that passed every check and is ready to be stored.
type Sending struct {
	Actor   Actor
	At      time.Time
	Edits   *Edits             // of an edited draft
	Fate    string             // what becomes of the draft; empty leaves it pending
	Message *assistant.Message // nil for a rejection
	Reply   Reply

	Overridden []string // checks of the guard that the actor set aside
}

// Reply carries out what the agent decided about a draft. A text that the guard stops is not sent: the error says which
// check stopped what.
func (d *Desk) Reply(ctx context.Context, actor Actor, reply Reply) (assistant.Ticket, error) {
	detail, err := d.store.Detail(ctx, reply.TicketID)
	if err != nil {
		return assistant.Ticket{}, fmt.Errorf("load ticket: %w", err)
	}
	sending, err := prepare(reply, detail)
	if err != nil {
		return assistant.Ticket{}, err
	}
	sending.Actor, sending.At = actor, d.clock()
	sending.Reply.Reason = d.redactor.Redact(reply.Reason).Text
	sending.Reply.Override.Reason = d.redactor.Redact(reply.Override.Reason).Text
	if sending.Message != nil {
		sending.Message.AgentID, sending.Message.CreatedAt = &actor.ID, sending.At
		if sending.Overridden, err = d.check(ctx, checking{actor, *sending.Message, reply.Override}, detail); err != nil {
			return assistant.Ticket{}, err
		}
	}
	ticket, err := d.store.Send(ctx, sending)
	if err != nil {
		return ticket, fmt.Errorf("send reply: %w", err)
	}
	return ticket, nil
}

// prepare turns a reply into what is stored, or says which field does not fit the action.
func prepare(reply Reply, detail Detail) (Sending, error) {
	sending := Sending{Reply: reply}
	if reply.Action == ActionWrite {
		message, err := textMessage(reply, detail)
		sending.Message = message
		return sending, err
	}
	draft, err := pendingDraft(reply.DraftID, detail)
	if err != nil {
		return sending, err
	}
	switch reply.Action {
	case ActionAccept:
		if reply.Body != "" {
			return sending, invalid("body", "body must be empty when a draft is accepted: use the action edit")
		}
		sending.Fate = "accepted"
		sending.Message = &assistant.Message{
			ID:        uuid.Must(uuid.NewV7()),
			Author:    assistant.AuthorAgent,
			Body:      draft.Body,
			Citations: draft.Citations,
			Language:  draft.Language,
		}
	case ActionEdit:
		sending.Fate = "edited"
		if sending.Message, err = textMessage(reply, detail); err == nil {
			sending.Message.Citations = draft.Citations
			edits := CompareDraft(draft.Body, sending.Message.Body)
			sending.Edits = &edits
		}
	case ActionReject:
		sending.Fate = "rejected"
		switch {
		case strings.TrimSpace(reply.Reason) == "":
			err = invalid("reason", "reason is empty: say what is wrong with the draft")
		case reply.Code == "":
			sending.Reply.Code = rejectOther
		case !slices.Contains(RejectCodes(), reply.Code):
			err = invalid("reason_code", "reason_code is unknown: see the description of this route")
		}
	case ActionWrite: // handled above
	default:
		err = invalid("action", "action must be accept, edit, reject or write")
	}
	return sending, err
}

func pendingDraft(id uuid.UUID, detail Detail) (Draft, error) {
	for _, draft := range detail.Drafts {
		if draft.ID != id {
			continue
		}
		if draft.Fate != "pending" {
			return draft, assistant.Errorf(assistant.CodeConflict, "the draft was %s before", draft.Fate)
		}
		return draft, nil
	}
	return Draft{}, assistant.Errorf(assistant.CodeNotFound, "draft not found on this ticket")
}

func textMessage(reply Reply, detail Detail) (*assistant.Message, error) {
	body := strings.TrimSpace(reply.Body)
	switch {
	case body == "":
		return nil, invalid("body", "body is empty: write the reply")
	case !utf8.ValidString(body):
		return nil, invalid("body", "body is not valid UTF-8")
	case utf8.RuneCountInString(body) > MaxReplyRunes:
		return nil, invalid("body", "body is longer than 20000 characters: shorten it")
	}
	return &assistant.Message{
		ID: uuid.Must(uuid.NewV7()), Author: assistant.AuthorAgent, Body: body, Language: detail.Ticket.Language,
	}, nil
}
