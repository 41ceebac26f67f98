package httpapi

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/assistant/access"
	"github.com/deskhand/deskhand/assistant/desk"
)

type changeInput struct {
	ID   uuid.UUID `doc:"The ticket." format:"uuid" path:"id"`
	Body ChangeRequest
}

// ChangeRequest names the version of the ticket that the agent saw.
type ChangeRequest struct {
	Version int32 `doc:"The ticket's version. If it has changed since, nothing happens." json:"version" maximum:"2147483647" minimum:"1"`
}

type replyInput struct {
	ID   uuid.UUID `doc:"The ticket." format:"uuid" path:"id"`
	Body ReplyRequest
}

// ReplyRequest is what an agent decided about a draft.
type ReplyRequest struct {
	Action   string           `doc:"accept: send the draft as it is. edit: send body, made from the draft. reject: send nothing, and say why. write: send body; a pending draft stays." enum:"accept,edit,reject,write" json:"action"` //nolint:lll // a tag is one line
	Body     string           `doc:"The text to send, for edit and write. It is held to the same rules as a generated one." json:"body,omitempty" maxLength:"20000"`                                                                   //nolint:lll // a tag is one line
	Override *OverrideRequest `doc:"What a lead sets aside of the objections. The policy says which may be." json:"override,omitempty"`
	DraftID  uuid.UUID        `doc:"The draft, for accept, edit and reject." format:"uuid" json:"draft_id,omitzero"`
	Reason   string           `doc:"What is wrong with the draft, for reject." json:"reason,omitempty" maxLength:"1000"`
	Code     string           `doc:"What kind of mistake it made, for reject; other when missing." enum:"wrong_article,wrong_facts,outdated,incomplete,off_topic,wrong_language,tone,unsafe,other" json:"reason_code,omitempty"` //nolint:lll // a tag is one line
	Version  int32            `doc:"The ticket's version. If it has changed since, nothing happens." json:"version" maximum:"2147483647" minimum:"1"`                                                                            //nolint:lll // a tag is one line
}

// OverrideRequest is a lead's decision to send a text that a rule forbids.
type OverrideRequest struct {
	Checks []string `doc:"The rules, as errors named them in check." json:"checks" maxItems:"10" minItems:"1" nullable:"false"`
	Reason string   `doc:"Why; kept in the history." json:"reason" maxLength:"1000" minLength:"1"`
}

// CheckRequest is a text that is not sent yet.
type CheckRequest struct {
	Body string `doc:"The text." json:"body" maxLength:"20000" minLength:"1"`
}

// CheckResult is what the rules say about a text.
type CheckResult struct {
	Findings []Finding `doc:"What speaks against sending it; none means that it may be sent." json:"findings" nullable:"false"`
}

// changeFunc is a step of a ticket through its states.
type changeFunc func(ctx context.Context, actor desk.Actor, ticketID uuid.UUID, version int32) (assistant.Ticket, error)

func (s *server) describeTicketChanges(api huma.API) {
	tags := []string{"Agents"}
	huma.Register(api, s.operation(api, huma.Operation{
		Description: "Makes the caller the one who answers. From then on, the assistant is silent in this conversation.",
		Method:      http.MethodPost, OperationID: "claim-ticket", Path: "/v1/tickets/{id}/claim", Summary: "Claim", Tags: tags,
	}, access.WorkTickets), s.change(func(ctx context.Context, a desk.Actor, id uuid.UUID, version int32) (assistant.Ticket, error) {
		return s.Desk.Claim(ctx, a, id, version)
	}))
	huma.Register(api, s.operation(api, huma.Operation{
		Description: "Puts the ticket back into the queue.",
		Method:      http.MethodPost, OperationID: "release-ticket", Path: "/v1/tickets/{id}/release", Summary: "Release", Tags: tags,
	}, access.WorkTickets), s.change(func(ctx context.Context, a desk.Actor, id uuid.UUID, version int32) (assistant.Ticket, error) {
		return s.Desk.Release(ctx, a, id, version)
	}))
	huma.Register(api, s.operation(api, huma.Operation{
		Description: "Sends a reply to the customer, or rejects a draft. The caller must hold the ticket. " +
			"A text that the desk's rules forbid is not sent, and the problem says why.",
		Method: http.MethodPost, OperationID: "reply-to-ticket", Path: "/v1/tickets/{id}/reply", Summary: "Reply", Tags: tags,
	}, access.WorkTickets), s.reply)
	huma.Register(api, s.operation(api, huma.Operation{
		Description: "Says what the rules object to in a text, as a reply would be told, and sends nothing: for an editor.",
		Method:      http.MethodPost, OperationID: "check-reply", Path: "/v1/tickets/{id}/check", Summary: "Check a text", Tags: tags,
	}, access.WorkTickets), s.check)
}

func (s *server) change(step changeFunc) func(context.Context, *changeInput) (*output[Ticket], error) {
	return func(ctx context.Context, in *changeInput) (*output[Ticket], error) {
		ticket, err := step(ctx, actor(ctx), in.ID, in.Body.Version)
		if err != nil {
			return nil, s.problemOf(ctx, err)
		}
		return &output[Ticket]{Body: NewTicket(ticket)}, nil
	}
}

func (s *server) check(ctx context.Context, in *stepInput[CheckRequest]) (*output[CheckResult], error) {
	if err := storable("body", in.Body.Body); err != nil {
		return nil, s.problemOf(ctx, err)
	}
	findings, err := s.Desk.Check(ctx, in.ID, in.Body.Body)
	if err != nil {
		return nil, s.problemOf(ctx, err)
	}
	result := CheckResult{Findings: make([]Finding, len(findings))}
	for i, found := range findings {
		result.Findings[i] = Finding{Check: found.Check, Detail: found.Detail}
	}
	return &output[CheckResult]{Body: result}, nil
}

func (s *server) reply(ctx context.Context, in *replyInput) (*output[Ticket], error) {
	for field, text := range map[string]string{"body": in.Body.Body, "reason": in.Body.Reason} {
		if err := storable(field, text); err != nil {
			return nil, s.problemOf(ctx, err)
		}
	}
	var override desk.Override
	if o := in.Body.Override; o != nil {
		if err := storable("override.reason", o.Reason); err != nil {
			return nil, s.problemOf(ctx, err)
		}
		override = desk.Override{Checks: o.Checks, Reason: o.Reason}
	}
	ticket, err := s.Desk.Reply(ctx, actor(ctx), desk.Reply{
		Action: desk.Action(in.Body.Action), Body: in.Body.Body, Code: desk.RejectCode(in.Body.Code), DraftID: in.Body.DraftID,
		Override: override,
		Reason:   in.Body.Reason,
		TicketID: in.ID, Version: in.Body.Version,
	})
	if err != nil {
		return nil, s.problemOf(ctx, err)
	}
	return &output[Ticket]{Body: NewTicket(ticket)}, nil
}
