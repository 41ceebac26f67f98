package httpapi

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/assistant/access"
)

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

func (s *server) unmask(ctx context.Context, in *unmaskInput) (*output[TicketDetail], error) {
	if err := storable("reason", in.Body.Reason); err != nil {
		return nil, s.problemOf(ctx, err)
	}
	detail, err := s.Desk.Unmask(ctx, actor(ctx), in.ID, in.Body.Reason)
	if err != nil {
		return nil, s.problemOf(ctx, err)
	}
	return &output[TicketDetail]{Body: NewTicketDetail(detail)}, nil
}

func customerView(c assistant.Customer) *CustomerView {
	if !c.Known() {
		return nil
	}
	return &CustomerView{Jurisdiction: c.Jurisdiction, Ref: c.Ref, Tier: string(c.Tier)}
}
