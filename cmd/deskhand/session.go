package main

import (
	"context"
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/google/uuid"

	"github.com/deskhand/deskhand/assistant/httpapi"
)

type agentSessionsCmd struct {
	Agent string `arg:"" help:"E-mail address or id of the person."`
	JSON  bool   `help:"Print JSON." name:"json"`
}

// Help is shown by --help.
func (agentSessionsCmd) Help() string {
	return "Example:\n  deskhand agent sessions mia@quayside.example"
}

// Run implements the command.
func (c agentSessionsCmd) Run(ctx context.Context, a *app) error {
	return withDesk(ctx, a, func(s *system) error {
		agent, err := s.store.AgentNamed(ctx, c.Agent)
		if err != nil {
			return fmt.Errorf("%w: see \"deskhand agent list\"", err)
		}
		sessions, err := s.store.Sessions(ctx, agent.ID)
		if err != nil {
			return err
		}
		if c.JSON {
			views := make([]httpapi.SessionSummary, len(sessions))
			for i, session := range sessions {
				views[i] = httpapi.NewSessionSummary(session)
			}
			return printJSON(a, views)
		}
		table := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
		_, _ = fmt.Fprintln(table, "ID\tBEGAN\tLAST SEEN\tENDS\tBY\tNETWORK\tBROWSER")
		for _, session := range sessions {
			_, _ = fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", session.ID, session.CreatedAt.UTC().Format(time.DateTime),
				session.SeenAt.UTC().Format(time.DateTime), session.ExpiresAt.UTC().Format(time.DateTime), session.Method, session.Network,
				plain(session.UserAgent))
		}
		return table.Flush()
	})
}

type agentEndSessionsCmd struct {
	Agent   string `arg:"" help:"E-mail address or id of the person."`
	Session string `help:"Only this one, from \"deskhand agent sessions\". Default: all." placeholder:"ID"`
}

// Help is shown by --help.
func (agentEndSessionsCmd) Help() string {
	return `The person is logged out at once, and may log in again: "deskhand agent disable" takes that away too.

Examples:
  deskhand agent end-sessions mia@quayside.example
  deskhand agent end-sessions mia@quayside.example --session 01a2…`
}

// Run implements the command.
func (c agentEndSessionsCmd) Run(ctx context.Context, a *app) error {
	id := uuid.Nil
	if c.Session != "" {
		var err error
		if id, err = uuid.Parse(c.Session); err != nil || id == uuid.Nil {
			return fmt.Errorf("%w: --session: %q is no id: see \"deskhand agent sessions\"", errConfig, c.Session)
		}
	}
	return withDesk(ctx, a, func(s *system) error {
		agent, err := s.store.AgentNamed(ctx, c.Agent)
		if err != nil {
			return fmt.Errorf("%w: see \"deskhand agent list\"", err)
		}
		ended, err := s.store.RevokeSessions(ctx, agent.ID, id, cliActor)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(a.out, "%d sessions of %s have ended.\n", ended, plain(agent.Name))
		return err
	})
}
