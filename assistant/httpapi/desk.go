package httpapi

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"github.com/deskhand/deskhand/assistant/access"
	"github.com/deskhand/deskhand/assistant/desk/plan"
)

// Plan is how the desk works.
type Plan struct {
	Source  string `doc:"The document, YAML, as it was written. \"deskhand desk example\" explains each field." json:"source"`
	Version int64  `doc:"0 when none was set. Send it with a change: a change of another version is refused." json:"version"`
}

type setPlanInput struct {
	Body PlanRequest
}

// PlanRequest replaces the plan.
type PlanRequest struct {
	Source  string `doc:"The document, YAML. A mistake in it is named with its line. For a longer one: deskhand desk set." json:"source" maxLength:"50000" minLength:"1"` //nolint:lll // a tag is one line
	Version int64  `doc:"The version that it was made from." json:"version" minimum:"0"`
}

// PlanVersions are the plans that were ever in force.
type PlanVersions struct {
	Versions []PlanVersion `doc:"Newest first." json:"versions" nullable:"false"`
}

// PlanVersion is a plan that is or was in force.
type PlanVersion struct {
	CreatedAt time.Time `json:"created_at"`
	CreatedBy string    `json:"created_by"`
	Source    string    `json:"source"`
	Version   int64     `json:"version"`
}

type presenceInput struct {
	Body PresenceRequest
}

// PresenceRequest says how long an agent will be there.
type PresenceRequest struct {
	Minutes int `doc:"From now; 0 is that the agent leaves." json:"minutes" maximum:"720" minimum:"0"`
}

// Presence is until when tickets may be assigned to the caller.
type Presence struct {
	Until time.Time `json:"until"`
}

// PresentAgents are the agents to whom tickets may be assigned.
type PresentAgents struct {
	Agents []PresentAgent `json:"agents" nullable:"false"`
}

// PresentAgent is an agent who is there.
type PresentAgent struct {
	ID   uuid.UUID `format:"uuid" json:"id"`
	Load int       `doc:"Tickets that the agent works on." json:"load"`
	Name string    `json:"name"`
}

// People are the names of who works at the desk and of who did.
type People struct {
	People []Person `json:"people" nullable:"false"`
}

// Person is the name behind an id in tickets, notes and histories.
type Person struct {
	ID   uuid.UUID `format:"uuid" json:"id"`
	Name string    `json:"name"`
}

func (s *server) describeDesk(api huma.API) {
	tags := []string{"Desk"}
	huma.Register(api, s.operation(api, huma.Operation{
		Description: "Queues, hours, promises, who works on what, complaint deadlines.",
		Method:      http.MethodGet, OperationID: "get-desk", Path: "/v1/desk", Summary: "Read the plan", Tags: tags,
	}, access.WorkTickets), s.plan)
	set := s.operation(api, huma.Operation{
		Description: "Puts another plan in force, on every replica with the next ticket. Promises that were made stay.",
		Method:      http.MethodPut, OperationID: "set-desk", Path: "/v1/desk", Summary: "Set the plan", Tags: tags,
	}, access.PlanDesk)
	huma.Register(api, set, s.setPlan)
	huma.Register(api, s.operation(api, huma.Operation{
		Description: "The plans that were ever in force.",
		Method:      http.MethodGet, OperationID: "list-desk-versions", Path: "/v1/desk/versions", Summary: "List the plans", Tags: tags,
	}, access.PlanDesk), s.planVersions)
	huma.Register(api, s.operation(api, huma.Operation{
		Description: "Who is there, and how much each has to do.",
		Method:      http.MethodGet, OperationID: "list-present", Path: "/v1/desk/presence", Summary: "List who is present", Tags: tags,
	}, access.WorkTickets), s.present)
	huma.Register(api, s.operation(api, huma.Operation{
		Description: "Says that the caller is there, so that tickets may be assigned to them. Taking the next ticket says so too.",
		Method:      http.MethodPut, OperationID: "set-presence", Path: "/v1/desk/presence", Summary: "Be present", Tags: tags,
	}, access.WorkTickets), s.setPresence)
	huma.Register(api, s.operation(api, huma.Operation{
		Description: "The names behind the ids in tickets, notes and histories, also of those who have left.",
		Method:      http.MethodGet, OperationID: "list-people", Path: "/v1/desk/people", Summary: "List names", Tags: tags,
	}, access.WorkTickets), s.people)
}

func (s *server) plan(ctx context.Context, _ *struct{}) (*output[Plan], error) {
	p, err := s.Desk.Plan(ctx)
	if err != nil {
		return nil, s.problemOf(ctx, err)
	}
	return planView(p), nil
}

func (s *server) setPlan(ctx context.Context, in *setPlanInput) (*output[Plan], error) {
	if err := storable("source", in.Body.Source); err != nil {
		return nil, s.problemOf(ctx, err)
	}
	p, err := s.Store.SetPlan(ctx, in.Body.Source, in.Body.Version, actor(ctx).String())
	if err != nil {
		return nil, s.problemOf(ctx, err)
	}
	return planView(p), nil
}

func (s *server) planVersions(ctx context.Context, _ *struct{}) (*output[PlanVersions], error) {
	versions, err := s.Store.PlanVersions(ctx)
	if err != nil {
		return nil, s.problemOf(ctx, err)
	}
	list := PlanVersions{Versions: make([]PlanVersion, len(versions))}
	for i, version := range versions {
		list.Versions[i] = PlanVersion(version)
	}
	return &output[PlanVersions]{Body: list}, nil
}

func (s *server) present(ctx context.Context, _ *struct{}) (*output[PresentAgents], error) {
	colleagues, err := s.Store.Presence(ctx, s.Clock())
	if err != nil {
		return nil, s.problemOf(ctx, err)
	}
	list := PresentAgents{Agents: make([]PresentAgent, len(colleagues))}
	for i, colleague := range colleagues {
		list.Agents[i] = PresentAgent(colleague)
	}
	return &output[PresentAgents]{Body: list}, nil
}

func (s *server) setPresence(ctx context.Context, in *presenceInput) (*output[Presence], error) {
	until, err := s.Desk.Present(ctx, actor(ctx), time.Duration(in.Body.Minutes)*time.Minute)
	if err != nil {
		return nil, s.problemOf(ctx, err)
	}
	return &output[Presence]{Body: Presence{Until: until}}, nil
}

func (s *server) people(ctx context.Context, _ *struct{}) (*output[People], error) {
	agents, err := s.Store.Agents(ctx)
	if err != nil {
		return nil, s.problemOf(ctx, err)
	}
	list := People{People: make([]Person, len(agents))}
	for i, agent := range agents {
		list.People[i] = Person{ID: agent.ID, Name: agent.Name}
	}
	return &output[People]{Body: list}, nil
}

func planView(p *plan.Plan) *output[Plan] {
	return &output[Plan]{Body: Plan{Source: p.Source, Version: p.Version}}
}
