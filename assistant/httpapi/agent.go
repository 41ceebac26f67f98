package httpapi

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"github.com/deskhand/deskhand/assistant/access"
	"github.com/deskhand/deskhand/assistant/postgres"
)

// AgentView is a person at the desk, or what an API key acts as.
type AgentView struct {
	CreatedAt          time.Time  `json:"created_at"`
	DisabledAt         *time.Time `doc:"Without access since then." json:"disabled_at,omitempty"`
	Email              string     `doc:"Missing where only API keys act under this name." json:"email,omitempty"`
	ID                 uuid.UUID  `format:"uuid" json:"id"`
	MustChangePassword bool       `json:"must_change_password"`
	Name               string     `json:"name"`
	Role               string     `enum:"agent,lead,admin" json:"role"`
	SecondFactor       bool       `doc:"Enrolled." json:"second_factor"`
}

// AgentList is everybody.
type AgentList struct {
	Agents []AgentView `json:"agents" nullable:"false"`
}

type addAgentInput struct {
	Body AddAgentRequest
}

// AddAgentRequest gives a person access.
type AddAgentRequest struct {
	Email string `example:"mia@quayside.example" json:"email" maxLength:"254" minLength:"3"`
	Name  string `doc:"Customers do not see it." json:"name" maxLength:"200" minLength:"1"`
	Role  string `enum:"agent,lead,admin" json:"role"`
}

// OneTimePassword is for the first log-in. It is shown once, and must be changed then.
type OneTimePassword struct {
	Agent    AgentView `json:"agent"`
	Password string    `json:"password"`
}

// AgentRef names an agent.
type AgentRef struct {
	ID uuid.UUID `doc:"The agent." format:"uuid" path:"id"`
}

type setAgentInput struct {
	AgentRef

	Body SetAgentRequest
}

// SetAgentRequest says what a person may do.
type SetAgentRequest struct {
	Disabled bool   `doc:"Without access: ends the sessions, and keys that act under this name stop working." json:"disabled"`
	Role     string `enum:"agent,lead,admin" json:"role"`
}

func (s *server) describeAgents(api huma.API) {
	tags := []string{"People"}
	huma.Register(api, s.operation(api, huma.Operation{
		Method: http.MethodGet, OperationID: "list-agents", Path: "/v1/agents", Summary: "List people", Tags: tags,
	}, access.ManageAgents), s.agents)
	huma.Register(api, s.operation(api, huma.Operation{
		Description:   "Returns a password for the first log-in, once.",
		DefaultStatus: http.StatusCreated,
		Method:        http.MethodPost, OperationID: "add-agent", Path: "/v1/agents", Summary: "Give a person access", Tags: tags,
	}, access.ManageAgents), s.addAgent)
	huma.Register(api, s.operation(api, huma.Operation{
		Description: "In force with the person's next request. The last admin stays one.",
		Method:      http.MethodPut, OperationID: "set-agent", Path: "/v1/agents/{id}", Summary: "Set role and access", Tags: tags,
	}, access.ManageAgents), s.setAgent)
	huma.Register(api, s.operation(api, huma.Operation{
		Description: "Returns a password for one log-in, once, and ends all sessions.",
		Method:      http.MethodPost, OperationID: "reset-password", Path: "/v1/agents/{id}/reset-password",
		Summary: "Reset a password", Tags: tags,
	}, access.ManageAgents), s.resetPassword)
	huma.Register(api, s.operation(api, huma.Operation{
		Description: "For a lost phone. Ends all sessions; who needs a second factor enrols a new one at the next log-in.",
		Method:      http.MethodPost, OperationID: "reset-second-factor", Path: "/v1/agents/{id}/reset-second-factor",
		Summary: "Reset a second factor", Tags: tags,
	}, access.ManageAgents), s.resetFactor)
}

func (s *server) agents(ctx context.Context, _ *struct{}) (*output[AgentList], error) {
	agents, err := s.Store.Agents(ctx)
	if err != nil {
		return nil, s.problemOf(ctx, err)
	}
	list := AgentList{Agents: make([]AgentView, len(agents))}
	for i, agent := range agents {
		list.Agents[i] = agentView(agent)
	}
	return &output[AgentList]{Body: list}, nil
}

func (s *server) addAgent(ctx context.Context, in *addAgentInput) (*output[OneTimePassword], error) {
	password := access.NewPassword()
	agent, err := s.Store.AddAgent(ctx, postgres.NewAgent{
		Actor: actor(ctx).ID.String(), Email: in.Body.Email, MustChange: true, Name: in.Body.Name, Password: password,
		Role: access.Role(in.Body.Role),
	})
	if err != nil {
		return nil, s.problemOf(ctx, err)
	}
	return &output[OneTimePassword]{Body: OneTimePassword{Agent: agentView(agent), Password: password}}, nil
}

func (s *server) setAgent(ctx context.Context, in *setAgentInput) (*output[AgentView], error) {
	by := actor(ctx).ID.String()
	agent, err := s.Store.AgentNamed(ctx, in.ID.String())
	if err == nil && string(agent.Role) != in.Body.Role {
		agent, err = s.Store.SetRole(ctx, in.ID, access.Role(in.Body.Role), by)
	}
	if err == nil && (agent.DisabledAt != nil) != in.Body.Disabled {
		var at *time.Time
		if in.Body.Disabled {
			now := s.Clock()
			at = &now
		}
		agent, err = s.Store.SetDisabled(ctx, in.ID, at, by)
	}
	if err != nil {
		return nil, s.problemOf(ctx, err)
	}
	return &output[AgentView]{Body: agentView(agent)}, nil
}

func (s *server) resetPassword(ctx context.Context, in *AgentRef) (*output[OneTimePassword], error) {
	password := access.NewPassword()
	agent, err := s.Store.ResetPassword(ctx, in.ID, password, actor(ctx).ID.String())
	if err != nil {
		return nil, s.problemOf(ctx, err)
	}
	return &output[OneTimePassword]{Body: OneTimePassword{Agent: agentView(agent), Password: password}}, nil
}

func (s *server) resetFactor(ctx context.Context, in *AgentRef) (*output[AgentView], error) {
	agent, err := s.Store.ResetFactor(ctx, in.ID, actor(ctx).ID.String())
	if err != nil {
		return nil, s.problemOf(ctx, err)
	}
	return &output[AgentView]{Body: agentView(agent)}, nil
}

func agentView(a postgres.Agent) AgentView {
	return AgentView{
		CreatedAt: a.CreatedAt, DisabledAt: a.DisabledAt, Email: a.Email, ID: a.ID, MustChangePassword: a.MustChangePassword,
		Name: a.Name, Role: string(a.Role), SecondFactor: a.FactorEnrolled,
	}
}
