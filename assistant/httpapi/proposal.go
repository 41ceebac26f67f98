package httpapi

import (
	"context"
	"math"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/deskhand/deskhand/assistant/access"
	"github.com/deskhand/deskhand/prompts"
)

// ProposalView is a rise of similar questions that somebody has to look at.
type ProposalView struct {
	DecidedAt     *time.Time `json:"decided_at,omitempty"`
	DecidedBy     string     `json:"decided_by,omitempty"`
	Expected      float64    `doc:"Questions in the window, by the usual rate at this time of day." json:"expected"`
	ID            int64      `json:"id"`
	Intent        string     `json:"intent"`
	NoticeID      *int64     `doc:"The draft that it became." json:"notice_id,omitempty"`
	P             float64    `doc:"How likely so many questions are without an incident." json:"p"`
	ProposedAt    time.Time  `json:"proposed_at"`
	Questions     int        `doc:"Conversations that asked within the window, at most so far." json:"questions"`
	SeenAt        time.Time  `doc:"When the rise was seen last." json:"seen_at"`
	State         string     `enum:"open,accepted,dismissed,expired" json:"state"`
	WindowMinutes int        `json:"window_minutes"`
}

type proposalsInput struct {
	State string `default:"open" enum:"open,accepted,dismissed,expired" query:"state"`
}

// ProposalList are proposals, the newest first.
type ProposalList struct {
	Proposals []ProposalView `json:"proposals" nullable:"false"`
}

func (s *server) describeProposals(api huma.API) {
	tags := []string{"Incidents"}
	huma.Register(api, s.operation(api, huma.Operation{
		Description: "Questions of one intent that come much more often than at the same time of day on the 28 days before: " +
			"docs/incidents.md.",
		Method: http.MethodGet, OperationID: "list-proposals", Path: "/v1/incidents/proposals",
		Summary: "List proposed incidents", Tags: tags,
	}, access.ManageIncidents), s.proposals)
	huma.Register(api, s.operation(api, huma.Operation{
		Description: "Makes a draft of a notice, with a text in every language to start from. It answers nothing before it gets a start.",
		Method:      http.MethodPost, OperationID: "accept-proposal", Path: "/v1/incidents/proposals/{id}/accept",
		Summary: "Make a draft of a proposal", Tags: tags,
	}, access.ManageIncidents), s.acceptProposal)
	huma.Register(api, s.operation(api, huma.Operation{
		Description: "The intent is not proposed again for six hours.", DefaultStatus: http.StatusNoContent,
		Method: http.MethodPost, OperationID: "dismiss-proposal", Path: "/v1/incidents/proposals/{id}/dismiss",
		Summary: "It is no incident", Tags: tags,
	}, access.ManageIncidents), s.dismissProposal)
}

func (s *server) proposals(ctx context.Context, in *proposalsInput) (*output[ProposalList], error) {
	found, err := s.Store.Proposals(ctx, in.State)
	if err != nil {
		return nil, s.problemOf(ctx, err)
	}
	list := ProposalList{Proposals: make([]ProposalView, len(found))}
	for i, p := range found {
		list.Proposals[i] = ProposalView{
			DecidedAt: p.DecidedAt, DecidedBy: p.DecidedBy, Expected: p.Expected, ID: p.ID, Intent: p.Intent, NoticeID: p.NoticeID,
			P: math.Pow(10, p.Log10P), ProposedAt: p.ProposedAt, Questions: p.Questions, SeenAt: p.SeenAt, State: p.State,
			WindowMinutes: p.WindowMinutes,
		}
	}
	return &output[ProposalList]{Body: list}, nil
}

func (s *server) acceptProposal(ctx context.Context, in *noticeIDInput) (*output[NoticeView], error) {
	draft, err := s.Store.AcceptProposal(ctx, in.ID, s.Assistant.Prompts.All(prompts.DraftIncident), actor(ctx).ID.String())
	if err != nil {
		return nil, s.problemOf(ctx, err)
	}
	return &output[NoticeView]{Body: s.noticeView(draft)}, nil
}

func (s *server) dismissProposal(ctx context.Context, in *noticeIDInput) (*struct{}, error) {
	if err := s.Store.DismissProposal(ctx, in.ID, actor(ctx).ID.String()); err != nil {
		return nil, s.problemOf(ctx, err)
	}
	return nil, nil //nolint:nilnil // Huma's way to say 204
}
