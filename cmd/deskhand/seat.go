package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"unicode"

	"github.com/google/uuid"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/assistant/desk"
	"github.com/deskhand/deskhand/assistant/postgres"
)

// maxText bounds what a command reads of a text: some times what a reply may have.
const maxText = 1 << 20

// acting is under whose name a command acts.
type acting struct {
	As string `env:"DESKHAND_AGENT" help:"Who acts: e-mail address, id or name of an agent, from \"deskhand agent list\". The history and the audit log name them." name:"as" placeholder:"AGENT"`
}

// seat is an agent's place at the desk. Its commands reach the same rules as the HTTP interface does, and the record says that
// the agent did not log in but somebody at this machine acted for them.
type seat struct {
	*system

	actor  desk.Actor // without an id where nobody is named
	masker desk.Masker
	people *desk.Desk
}

// sit opens the desk for who is named, and runs work.
func (c acting) sit(ctx context.Context, a *app, work func(s *seat) error) error {
	if c.As == "" {
		return fmt.Errorf("%w: say who acts: --as AGENT, or DESKHAND_AGENT (see \"deskhand agent list\")", errConfig)
	}
	return c.look(ctx, a, work)
}

// look opens the desk, also for nobody in particular: to read.
func (c acting) look(ctx context.Context, a *app, work func(s *seat) error) error {
	return withDesk(ctx, a, func(opened *system) error {
		s := &seat{
			system: opened, actor: desk.Actor{Via: desk.ViaCLI}, masker: desk.NewMasker(opened.knowledge.redactor), people: opened.people(),
		}
		if c.As != "" {
			agent, err := s.agent(ctx, c.As)
			switch {
			case err != nil:
				return err
			case agent.DisabledAt != nil:
				return fmt.Errorf("%w: --as: %s is disabled: see \"deskhand agent enable\"", errConfig, agent.Name)
			}
			s.actor.ID, s.actor.Lead = agent.ID, agent.Role.Leads()
		}
		return work(s)
	})
}

// agent finds an agent by e-mail address, id, or a name that only one has.
func (s *seat) agent(ctx context.Context, name string) (postgres.Agent, error) {
	agent, err := s.store.AgentNamed(ctx, name)
	if assistant.ErrorCode(err) != assistant.CodeNotFound {
		return agent, err
	}
	agents, err := s.store.Agents(ctx)
	if err != nil {
		return agent, err
	}
	var found []postgres.Agent
	for _, a := range agents {
		if a.Name == name {
			found = append(found, a)
		}
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		return agent, fmt.Errorf("%w: there is no agent %q: see \"deskhand agent list\"", errConfig, name)
	}
	return agent, fmt.Errorf("%w: %d agents are called %q: give the e-mail address or the id", errConfig, len(found), name)
}

// names maps agents' ids to their names.
func (s *seat) names(ctx context.Context) (agentNames, error) {
	agents, err := s.store.Agents(ctx)
	if err != nil {
		return nil, err
	}
	names := make(agentNames, len(agents))
	for _, agent := range agents {
		names[agent.ID.String()] = agent.Name
	}
	return names, nil
}

// agentNames are agents' names by their ids.
type agentNames map[string]string

// of returns a name, or what it was asked for where it is not an agent: "customer", "system".
func (n agentNames) of(actor string) string {
	if name, ok := n[actor]; ok {
		return plain(name)
	}
	return actor
}

func (n agentNames) holder(id *uuid.UUID) string {
	if id == nil {
		return ""
	}
	return n.of(id.String())
}

// ticketID finds a ticket by its number or id.
func (s *seat) ticketID(ctx context.Context, reference string) (uuid.UUID, error) {
	return find(ctx, reference, "deskhand ticket list", s.store.TicketByNumber)
}

// complaintID finds a complaint by its number or id.
func (s *seat) complaintID(ctx context.Context, reference string) (uuid.UUID, error) {
	return find(ctx, reference, "deskhand complaint list", s.store.ComplaintByNumber)
}

func find(ctx context.Context, reference, list string, byNumber func(context.Context, string) (uuid.UUID, error)) (uuid.UUID, error) {
	if id, err := uuid.Parse(reference); err == nil {
		return id, nil
	}
	id, err := byNumber(ctx, reference)
	if err != nil {
		return id, fmt.Errorf("%w: %q: see %q", err, reference, list)
	}
	return id, nil
}

// textFlags say where a text comes from.
type textFlags struct {
	File string `help:"Read the text from FILE; \"-\" is the standard input." placeholder:"FILE" xor:"text"`
	Text string `help:"The text." placeholder:"TEXT" xor:"text"`
}

// read returns the text; nothing where none is named.
func (f textFlags) read(a *app) (string, error) {
	if f.File == "" {
		return f.Text, nil
	}
	return readText(a, f.File, maxText)
}

// readText reads a file, or the standard input for "-", up to a little more than a limit in bytes.
func readText(a *app, path string, limit int64) (string, error) {
	input := a.in
	if path != "-" {
		file, err := os.Open(path) //nolint:gosec // the user names the file
		if err != nil {
			return "", fmt.Errorf("%w: %w", errConfig, err)
		}
		defer func() { _ = file.Close() }() // only read
		input = file
	}
	content, err := io.ReadAll(io.LimitReader(input, limit+1))
	if err != nil {
		return "", fmt.Errorf("read %s: %w", path, err)
	}
	return string(content), nil
}

// plain makes a text from outside harmless on a terminal: no control sequences, nothing that turns the direction of what stands
// beside it.
func plain(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return r
		case unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r):
			return unicode.ReplacementChar
		}
		return r
	}, text)
}

// indented prints a text below a heading.
func indented(text string) string {
	return "    " + strings.ReplaceAll(strings.TrimRight(plain(text), "\n"), "\n", "\n    ") + "\n"
}
