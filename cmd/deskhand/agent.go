package main

import (
	"context"
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/google/uuid"

	"github.com/deskhand/deskhand/assistant/access"
	"github.com/deskhand/deskhand/assistant/postgres"
)

type agentCmd struct {
	Add               agentAddCmd         `cmd:"" help:"Give a person access."`
	Disable           agentDisableCmd     `cmd:"" help:"Take a person's access away: sessions end, keys under the name stop working."`
	EndSessions       agentEndSessionsCmd `cmd:"" help:"Log a person out everywhere, or in one browser."`
	Enable            agentEnableCmd      `cmd:"" help:"Give a disabled person access again."`
	Link              agentLinkCmd        `cmd:"" help:"Let an identity of the identity provider log in as a person."`
	List              agentListCmd        `cmd:"" help:"List everybody."`
	ResetPassword     agentPasswordCmd    `cmd:"" help:"Give a person a new password, which they must change at the next log-in."`
	ResetSecondFactor agentResetFactorCmd `cmd:"" help:"Take a lost second factor away."`
	Sessions          agentSessionsCmd    `cmd:"" help:"List where a person is logged in."`
	SetRole           agentSetRoleCmd     `cmd:"" help:"Change what a person may do."`
}

// passwordFlags say where a password comes from. It is never an argument, which every user of the machine could read.
type passwordFlags struct {
	Generate     bool   `help:"Make a password and print it, once." xor:"password"`
	PasswordFile string `help:"Read the password from the first line of FILE; \"-\" is standard input. Default: ask on the terminal." placeholder:"FILE" xor:"password"`
}

// chosen is a password, and whether it was made here and has to be printed.
type chosen struct {
	generated bool
	password  string
}

func (f passwordFlags) choose(a *app) (chosen, error) {
	if f.Generate {
		return chosen{generated: true, password: access.NewPassword()}, nil
	}
	password, err := readPassword(a, f.PasswordFile)
	return chosen{password: password}, err
}

type agentAddCmd struct {
	passwordFlags

	Email string `arg:"" help:"E-mail address that the person logs in with."`
	JSON  bool   `help:"Print JSON." name:"json"`
	Name  string `help:"The person's name. Default: the e-mail address." placeholder:"NAME"`
	Role  string `enum:"agent,lead,admin" help:"agent (works on tickets), lead (also on those of others, and writes articles) or admin (also decides who has access)." required:""`
	SSO   bool   `help:"Set no password: the identity provider lets the person in." name:"sso" xor:"password"`
}

// Help is shown by --help.
func (agentAddCmd) Help() string {
	return `The person changes the password at the first log-in. Leads and admins then enrol a second factor.

Examples:
  deskhand agent add mia@quayside.example --role agent --name Mia
  deskhand agent add ana@quayside.example --role admin --generate
  pass show ana | deskhand agent add ana@quayside.example --role lead --password-file -
  deskhand agent add kim@quayside.example --role agent --sso`
}

// agentJSON is an agent as --json prints it.
type agentJSON struct {
	CreatedAt    time.Time  `json:"created_at"`
	DisabledAt   *time.Time `json:"disabled_at,omitempty"`
	Email        string     `json:"email,omitempty"`
	ID           uuid.UUID  `json:"id"`
	Name         string     `json:"name"`
	Password     string     `json:"password,omitempty"` // of one that was made just now
	Role         string     `json:"role"`
	SecondFactor bool       `json:"second_factor"`
}

// Run implements the command.
func (c agentAddCmd) Run(ctx context.Context, a *app) error {
	var choice chosen
	if !c.SSO {
		var err error
		if choice, err = c.choose(a); err != nil {
			return err
		}
	}
	if c.Name == "" {
		c.Name = c.Email
	}
	return withDesk(ctx, a, func(s *system) error {
		agent, err := s.store.AddAgent(ctx, postgres.NewAgent{
			Actor: "cli", Email: c.Email, MustChange: true, Name: c.Name, Password: choice.password, Role: access.Role(c.Role),
		})
		if err != nil {
			return err
		}
		return printAgent(a, agent, choice, c.JSON)
	})
}

// printAgent says what became of an agent, with a password that was made for them.
func printAgent(a *app, agent postgres.Agent, choice chosen, asJSON bool) error { //nolint:revive // it is the flag --json
	shown := agentView(agent)
	if choice.generated {
		shown.Password = choice.password
	}
	if asJSON {
		return printJSON(a, shown)
	}
	if choice.generated {
		_, err := fmt.Fprintf(a.out, "%s\n\nThis password is shown once, and must be changed at the next log-in.\n", choice.password)
		if err != nil {
			return fmt.Errorf("print password: %w", err)
		}
	}
	_, err := fmt.Fprintf(a.out, "%s (%s) is %s.\n", agent.Name, agent.ID, agent.Role)
	return err
}

type agentListCmd struct {
	JSON bool `help:"Print JSON." name:"json"`
}

// Run implements the command.
func (c agentListCmd) Run(ctx context.Context, a *app) error {
	return withDesk(ctx, a, func(s *system) error {
		agents, err := s.store.Agents(ctx)
		if err != nil {
			return err
		}
		if c.JSON {
			views := make([]agentJSON, len(agents))
			for i, agent := range agents {
				views[i] = agentView(agent)
			}
			return printJSON(a, views)
		}
		table := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
		_, _ = fmt.Fprintln(table, "ID\tROLE\tNAME\tE-MAIL\tLOG-IN\tDISABLED")
		for _, agent := range agents {
			disabled := ""
			if agent.DisabledAt != nil {
				disabled = agent.DisabledAt.Format(time.DateTime)
			}
			_, _ = fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\n", agent.ID, agent.Role, agent.Name, agent.Email, loginOf(agent), disabled)
		}
		return table.Flush()
	})
}

// loginOf says in a word how an agent gets in.
func loginOf(agent postgres.Agent) string {
	switch {
	case agent.Email == "":
		return "API key"
	case !agent.HasPassword:
		return "identity provider"
	case agent.FactorEnrolled:
		return "password, second factor"
	}
	return "password"
}

type agentSetRoleCmd struct {
	Agent string `arg:"" help:"E-mail address or id of the person."`
	Role  string `arg:"" enum:"agent,lead,admin" help:"agent, lead or admin."`
}

// Run implements the command.
func (c agentSetRoleCmd) Run(ctx context.Context, a *app) error {
	return changeAgent(ctx, a, c.Agent, func(s *system, id uuid.UUID) (postgres.Agent, error) {
		return s.store.SetRole(ctx, id, access.Role(c.Role), "cli")
	})
}

type agentDisableCmd struct {
	Agent string `arg:"" help:"E-mail address or id of the person."`
}

// Run implements the command.
func (c agentDisableCmd) Run(ctx context.Context, a *app) error {
	return changeAgent(ctx, a, c.Agent, func(s *system, id uuid.UUID) (postgres.Agent, error) {
		now := a.clock()
		return s.store.SetDisabled(ctx, id, &now, "cli")
	})
}

type agentEnableCmd struct {
	Agent string `arg:"" help:"E-mail address or id of the person."`
}

// Run implements the command.
func (c agentEnableCmd) Run(ctx context.Context, a *app) error {
	return changeAgent(ctx, a, c.Agent, func(s *system, id uuid.UUID) (postgres.Agent, error) {
		return s.store.SetDisabled(ctx, id, nil, "cli")
	})
}

type agentLinkCmd struct {
	Agent   string `arg:"" help:"E-mail address or id of the person."`
	Issuer  string `help:"Address of the identity provider, as in the tokens' iss." placeholder:"URL" required:""`
	Subject string `help:"The person's identity there, as in the tokens' sub." placeholder:"ID" required:""`
}

// Run implements the command.
func (c agentLinkCmd) Run(ctx context.Context, a *app) error {
	return changeAgent(ctx, a, c.Agent, func(s *system, id uuid.UUID) (postgres.Agent, error) {
		return s.store.LinkProvider(ctx, id, postgres.ProviderIdentity{Issuer: c.Issuer, Subject: c.Subject}, "cli")
	})
}

type agentResetFactorCmd struct {
	Agent string `arg:"" help:"E-mail address or id of the person."`
}

// Run implements the command.
func (c agentResetFactorCmd) Run(ctx context.Context, a *app) error {
	return changeAgent(ctx, a, c.Agent, func(s *system, id uuid.UUID) (postgres.Agent, error) {
		return s.store.ResetFactor(ctx, id, "cli")
	})
}

type agentPasswordCmd struct {
	passwordFlags

	Agent string `arg:"" help:"E-mail address or id of the person."`
	JSON  bool   `help:"Print JSON." name:"json"`
}

// Help is shown by --help.
func (agentPasswordCmd) Help() string {
	return `All sessions of the person end. A second factor stays.

Examples:
  deskhand agent reset-password mia@quayside.example
  deskhand agent reset-password mia@quayside.example --generate`
}

// Run implements the command.
func (c agentPasswordCmd) Run(ctx context.Context, a *app) error {
	choice, err := c.choose(a)
	if err != nil {
		return err
	}
	return withDesk(ctx, a, func(s *system) error {
		agent, err := s.store.AgentNamed(ctx, c.Agent)
		if err != nil {
			return err
		}
		if agent, err = s.store.ResetPassword(ctx, agent.ID, choice.password, "cli"); err != nil {
			return err
		}
		return printAgent(a, agent, choice, c.JSON)
	})
}

// changeAgent finds the agent that a command names, changes it, and says what it is now.
func changeAgent(ctx context.Context, a *app, name string, change func(*system, uuid.UUID) (postgres.Agent, error)) error {
	return withDesk(ctx, a, func(s *system) error {
		agent, err := s.store.AgentNamed(ctx, name)
		if err != nil {
			return fmt.Errorf("%w: see \"deskhand agent list\"", err)
		}
		if agent, err = change(s, agent.ID); err != nil {
			return err
		}
		return printAgent(a, agent, chosen{}, false)
	})
}

func agentView(agent postgres.Agent) agentJSON {
	return agentJSON{
		CreatedAt: agent.CreatedAt, DisabledAt: agent.DisabledAt, Email: agent.Email, ID: agent.ID, Name: agent.Name,
		Role: string(agent.Role), SecondFactor: agent.FactorEnrolled,
	}
}
