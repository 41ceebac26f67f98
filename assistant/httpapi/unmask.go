package httpapi

import (
	"context"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/assistant/access"
	"github.com/deskhand/deskhand/assistant/desk"
	"github.com/deskhand/deskhand/assistant/postgres"
)

// shownOfRef is how many characters at the end of a customer's id stay readable: to tell two cases apart, not to look one up.
const shownOfRef = 3

// CustomerView is who the host site says is asking.
type CustomerView struct {
	Jurisdiction string `doc:"ISO 3166-1 alpha-2." example:"DE" json:"jurisdiction,omitempty"`
	Ref          string `doc:"The host site's id of the customer; masked until it is unmasked." example:"…042" json:"ref"`
	Tier         string `example:"vip" json:"tier,omitempty"`
}

type unmaskInput struct {
	ID   uuid.UUID `doc:"The ticket." format:"uuid" path:"id"`
	Body UnmaskRequest
}

// UnmaskRequest says why somebody needs to see personal data.
type UnmaskRequest struct {
	Reason string `doc:"Kept in the audit log, without personal data." example:"call the customer back about the refund" json:"reason" maxLength:"200" minLength:"5"` //nolint:lll // a tag is one line
}

func (s *server) describeUnmask(api huma.API) {
	huma.Register(api, s.operation(api, huma.Operation{
		Description: "The ticket with the e-mail addresses, telephone numbers and other personal data that are masked otherwise. " +
			"Who looked and why is kept.",
		Method: http.MethodPost, OperationID: "unmask-ticket", Path: "/v1/tickets/{id}/unmask", Summary: "Show personal data",
		Tags: []string{"Agents"},
	}, access.Unmask), s.unmask)
}

func (s *server) unmask(ctx context.Context, in *unmaskInput) (*ticketDetailOutput, error) {
	if err := storable("reason", in.Body.Reason); err != nil {
		return nil, s.problemOf(ctx, err)
	}
	reason := strings.TrimSpace(in.Body.Reason)
	if utf8.RuneCountInString(reason) < 5 {
		return nil, s.problemOf(ctx, &assistant.Error{
			Code: assistant.CodeInvalid, Field: "reason", Message: "reason is too short: say what you need it for",
		})
	}
	detail, err := s.Desk.Ticket(ctx, in.ID)
	if err != nil {
		return nil, s.problemOf(ctx, err)
	}
	// First the record, then the data: nobody sees it without a trace.
	err = s.Store.Record(ctx, postgres.Entry{
		Action: "ticket.unmask", Actor: actor(ctx).ID.String(), Detail: map[string]any{"reason": s.masker.Redact(reason).Text},
		SubjectID: in.ID.String(), SubjectKind: "ticket",
	})
	if err != nil {
		return nil, s.problemOf(ctx, err)
	}
	return &ticketDetailOutput{Body: ticketDetail(detail)}, nil
}

// masked returns a ticket as an agent sees it at first: without its customer's personal data.
func (s *server) masked(d desk.Detail) desk.Detail {
	d.Conversation = s.maskedConversation(d.Conversation)
	notes := make([]desk.Note, len(d.Notes))
	for i, note := range d.Notes {
		note.Body = s.masker.Redact(note.Body).Text
		notes[i] = note
	}
	d.Notes = notes
	return d
}

// maskedConversation masks what the customer wrote. What the desk wrote stays: its own addresses are public.
func (s *server) maskedConversation(c assistant.Conversation) assistant.Conversation {
	messages := make([]assistant.Message, len(c.Messages))
	for i, m := range c.Messages {
		if m.Author == assistant.AuthorCustomer {
			m.Body = s.masker.Redact(m.Body).Text
		}
		messages[i] = m
	}
	c.Messages, c.Customer.Ref = messages, maskedRef(c.Customer.Ref)
	return c
}

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

func customerView(c assistant.Customer) *CustomerView {
	if !c.Known() {
		return nil
	}
	return &CustomerView{Jurisdiction: c.Jurisdiction, Ref: c.Ref, Tier: string(c.Tier)}
}
