package main

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/assistant/httpapi"
	"github.com/deskhand/deskhand/assistant/postgres/pgtest"
	"github.com/deskhand/deskhand/retrieval"
	"github.com/deskhand/deskhand/retrieval/files"
)

// desktop is a desk with some cases, worked on at the command line. It is opened once for all commands of a test.
type desktop struct {
	numbers []string // of the tickets, in the order in which they came
	system  *system
}

const lostPhone = `---
slug: lost-phone
locale: en
title: Lost phone
intents: [account.mfa_lost]
audience: public
status: published
review_by: 2099-12-31
---

If you lost the phone with your authenticator, choose "2FA not available" on the log-in page and start a reset there.
`

// openDesktop opens a desk with a database of its own and one agent.
func openDesktop(t *testing.T, open func(context.Context, *app) (*system, error)) *desktop {
	t.Helper()
	a := testApp(t, config{DatabaseURL: pgtest.URL(t), EmbeddingDimensions: 1536, RequestDeadline: time.Minute})
	s, err := open(t.Context(), a)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.close(context.WithoutCancel(t.Context()))) })
	d := &desktop{system: s}
	d.run(t, "agent", "add", "mia@quayside.example", "--role", "agent", "--name", "Mia", "--sso")
	return d
}

// ask asks questions as customers do, on a desk with one article. Each ends with a person, beside a draft.
func (d *desktop) ask(t *testing.T, questions ...string) {
	t.Helper()
	folder := fstest.MapFS{"lost-phone.md": {Data: []byte(lostPhone)}}
	require.NoError(t, importArticles(t.Context(), d.system.app, d.system.index, files.FS(folder), retrieval.ImportOptions{Source: "test"}))
	pipeline := d.system.assistant(d.system.store, time.Now)
	for _, question := range questions {
		run, err := pipeline.Handle(t.Context(), assistant.Question{Body: question, Channel: "widget"})
		require.NoError(t, err)
		require.NotNil(t, run.Ticket, question)
		d.numbers = append(d.numbers, run.Ticket.Reference())
		require.NoError(t, pipeline.DraftForAgent(t.Context(), run.ID))
	}
}

// run runs a command that works.
func (d *desktop) run(t *testing.T, args ...string) string {
	t.Helper()
	return d.command(t, exitOK, args...).out
}

// refuse runs a command that must not work, and returns why it did not.
func (d *desktop) refuse(t *testing.T, code int, args ...string) string {
	t.Helper()
	return d.command(t, code, args...).err
}

func (d *desktop) command(t *testing.T, code int, args ...string) output {
	t.Helper()
	var stdout, stderr bytes.Buffer
	got := runCommand(t.Context(), args, streams{in: strings.NewReader(""), out: &stdout, err: &stderr}, d.system)
	require.Equal(t, code, got, "%s: %s%s", args, stdout.String(), stderr.String())
	return output{err: stderr.String(), out: stdout.String()}
}

// shown is what ticket show --json prints.
type shown struct {
	httpapi.TicketDetail

	History []httpapi.HistoryEntry `json:"history"`
}

func (d *desktop) show(t *testing.T, number string) shown {
	t.Helper()
	return decoded[shown](t, d.run(t, "ticket", "show", number, "--json"))
}

func decoded[T any](t *testing.T, text string) T {
	t.Helper()
	var value T
	require.NoError(t, json.Unmarshal([]byte(text), &value), text)
	return value
}

func TestTicketsAreWorkedOnAtTheCommandLine(t *testing.T) {
	t.Parallel()

	d := openDesktop(t, func(ctx context.Context, a *app) (*system, error) { return openSystem(ctx, a, nil) })
	d.run(t, "agent", "add", "lea@quayside.example", "--role", "lead", "--name", "Lea", "--sso")
	d.ask(t, "lost my phone with google authenticator cant log in anymore", "Someone logged into my account and withdrew my BTC",
		"我要投诉你们")
	phone, hacked, complaint := d.numbers[0], d.numbers[1], d.numbers[2]
	mia, lea := "--as=mia@quayside.example", "--as=Lea"

	// The queue.
	list := d.run(t, "ticket", "list")
	require.Less(t, strings.Index(list, hacked), strings.Index(list, phone), "the most urgent first")
	require.Len(t, decoded[[]httpapi.Ticket](t, d.run(t, "ticket", "list", "--json", "--limit", "2")), 2)
	require.Len(t, decoded[[]httpapi.Ticket](t, d.run(t, "ticket", "list", "--json", "--language", "zh-Hans", "--status", "open")), 1)
	require.Len(t, decoded[[]httpapi.Ticket](t, d.run(t, "ticket", "list", "--json", "--risk", "mfa_lost", "--channel", "widget")), 1)

	// A draft is accepted, by who holds the ticket.
	require.Contains(t, d.refuse(t, exitFailed, "ticket", "draft", "accept", phone, mia), "claim the ticket")
	require.Contains(t, d.run(t, "ticket", "claim", phone, mia), "is claimed")
	require.Contains(t, d.refuse(t, exitFailed, "ticket", "claim", phone, mia, "--seen", "1"), "changed since")
	require.Contains(t, d.refuse(t, exitFailed, "ticket", "release", phone, "--as", stranger(t, d)), "another agent holds")
	d.run(t, "ticket", "note", phone, mia, "--text", "called +49 151 23456789")
	require.Contains(t, d.run(t, "ticket", "draft", "accept", phone, mia), "is waiting")
	detail := d.show(t, phone)
	require.Equal(t, "accepted", detail.Drafts[0].Fate)
	require.Equal(t, "agent", detail.Messages[len(detail.Messages)-1].Author)
	require.Len(t, decoded[[]httpapi.Ticket](t, d.run(t, "ticket", "list", "--json", "--mine", mia)), 1)
	human := d.run(t, "ticket", "show", phone)
	require.Contains(t, human, "Mia")
	require.Contains(t, human, "source: Lost phone")
	require.NotContains(t, human, "23456789", "personal data is masked")
	require.Contains(t, d.run(t, "ticket", "unmask", phone, mia, "--reason", "call the customer back"), "23456789")
	require.Contains(t, d.run(t, "audit", "list", "--action", "ticket.unmask"), "call the customer back")

	// The guard speaks; a lead may set some of it aside, with a reason.
	next := decoded[httpapi.Ticket](t, d.run(t, "ticket", "next", lea, "--json"))
	require.Equal(t, hacked, next.Number)
	phishing := "Log in at https://quayside-support.example/verify"
	require.Contains(t, d.refuse(t, exitUsage, "ticket", "reply", hacked, lea, "--text", phishing), "link")
	require.Contains(t, d.command(t, exitFailed, "ticket", "check", hacked, "--text", phishing).out, "link")
	require.Contains(t, d.run(t, "ticket", "check", hacked, "--text", "We are looking into it."), "may be sent")
	require.Contains(t, d.refuse(t, exitUsage, "ticket", "reply", hacked, lea, "--text", phishing, "--override", "link"), "say why")
	require.Contains(t, d.run(t, "ticket", "reply", hacked, lea, "--text", "We are looking into it."), "is waiting")
	d.run(t, "ticket", "hold", hacked, lea, "--reason", "waits for the bank", "--for", "48h")
	d.run(t, "ticket", "resume", hacked, lea)
	d.run(t, "ticket", "tag", hacked, lea, "vip", "bank")
	d.run(t, "ticket", "priority", hacked, lea, "--to", "P2", "--reason", "smaller than it seemed")
	d.run(t, "ticket", "escalate", hacked, lea, "--reason", "larger than it seemed")
	d.run(t, "ticket", "assign", hacked, lea, "--to", "Mia")
	d.run(t, "ticket", "resolve", hacked, mia, "--outcome", "confirmed")
	d.run(t, "ticket", "reopen", hacked, lea, "--reason", "not yet")
	history := d.show(t, hacked).History
	require.Equal(t, []string{"open", "claim", "reply", "hold", "resume", "tag", "prioritise", "escalate", "assign", "resolve", "reopen"},
		stepsOf(history))
	for _, entry := range history[1:] {
		require.Equal(t, "cli", entry.Detail["via"], "%s: the record says that nobody logged in", entry.Step)
	}
	require.Contains(t, d.run(t, "ticket", "history", hacked), "waits for the bank")

	// A complaint.
	number := decoded[[]httpapi.Complaint](t, d.run(t, "complaint", "list", "--json"))[0].Number
	require.Contains(t, d.run(t, "complaint", "show", number), "register")
	d.run(t, "complaint", "progress", number, lea)
	require.Contains(t, d.refuse(t, exitUsage, "complaint", "decide", number, lea, "--decision", "upheld", "--reason", "ours"), "root_cause")
	decided := d.run(t, "complaint", "decide", number, lea, "--decision", "upheld", "--reason", "ours", "--cause", "fees.unclear")
	require.Contains(t, decided, "is upheld")
	require.Contains(t, d.run(t, "complaint", "export"), "fees.unclear")
	require.Contains(t, d.refuse(t, exitFailed, "complaint", "register", complaint, lea), "has a complaint already")
	require.Contains(t, d.run(t, "audit", "list", "--action", "complaint."), `"via":"cli"`)
	require.Contains(t, d.run(t, "audit", "verify"), "intact")
}

// stranger is the id of a third agent, who is no lead.
func stranger(t *testing.T, d *desktop) string {
	t.Helper()
	return decoded[agentJSON](t, d.run(t, "agent", "add", uuid.NewString()+"@quayside.example", "--role", "agent", "--sso", "--json")).ID.String()
}

func stepsOf(entries []httpapi.HistoryEntry) []string {
	steps := make([]string, len(entries))
	for i, entry := range entries {
		steps[i] = entry.Step
	}
	return steps
}

func TestCommandsOfTheDeskNameWhatIsWrong(t *testing.T) {
	t.Parallel()

	d := openDesktop(t, openDesk)
	d.run(t, "agent", "add", "other@quayside.example", "--role", "agent", "--name", "Mia", "--sso")
	d.run(t, "agent", "add", "gone@quayside.example", "--role", "agent", "--name", "Gone", "--sso")
	d.run(t, "agent", "disable", "gone@quayside.example")
	const as = "--as=mia@quayside.example"
	for name, test := range map[string]struct {
		code   int
		args   []string
		stderr string
	}{
		"Nobody":            {exitUsage, []string{"ticket", "next"}, "--as"},
		"NoSuchAgent":       {exitUsage, []string{"ticket", "next", "--as=nobody@quayside.example"}, "agent list"},
		"TwoOfThatName":     {exitUsage, []string{"ticket", "next", "--as=Mia"}, "2 agents"},
		"DisabledAgent":     {exitUsage, []string{"ticket", "next", "--as=Gone"}, "disabled"},
		"NoSuchTicket":      {exitFailed, []string{"ticket", "show", "DH-1"}, "ticket list"},
		"NoNumber":          {exitFailed, []string{"ticket", "show", "one"}, "ticket list"},
		"HugeNumber":        {exitFailed, []string{"ticket", "show", strings.Repeat("9", 10_000)}, "not found"},
		"NoSuchComplaint":   {exitFailed, []string{"complaint", "show", "C-1"}, "complaint list"},
		"MineOfNobody":      {exitUsage, []string{"ticket", "list", "--mine"}, "--as"},
		"LimitOfNothing":    {exitUsage, []string{"ticket", "list", "--limit=0"}, "--limit"},
		"PriorityThatIsNot": {exitUsage, []string{"ticket", "list", "--priority=P9"}, "--priority"},
		"StatusThatIsNot":   {exitUsage, []string{"ticket", "list", "--status=lost"}, "--status"},
		"NegativeVersion":   {exitUsage, []string{"ticket", "claim", "DH-1", as, "--seen=-1"}, "--seen"},
		"TwoTexts":          {exitUsage, []string{"ticket", "reply", "DH-1", as, "--text=x", "--file=y"}, "together"},
		"NoSuchFile":        {exitUsage, []string{"ticket", "reply", "DH-1", as, "--file=/nowhere"}, "/nowhere"},
		"NoSuchCode":        {exitUsage, []string{"ticket", "draft", "reject", "DH-1", as, "--code=ugly", "--reason=x"}, "wrong_article"},
		"NoReason":          {exitUsage, []string{"ticket", "escalate", "DH-1", as}, "--reason"},
		"NegativeStay":      {exitUsage, []string{"desk", "present", as, "--for=-1h"}, "--for"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Contains(t, d.refuse(t, test.code, test.args...), test.stderr)
		})
	}
	t.Run("SessionsAreListedAndEnded", func(t *testing.T) {
		t.Parallel()
		agent, err := d.system.store.AgentNamed(t.Context(), "other@quayside.example")
		require.NoError(t, err)
		for range 2 {
			_, err = d.system.pool.Exec(t.Context(), `
				INSERT INTO sessions (id, agent_id, secret_hash, method, network, user_agent, created_at, seen_at, expires_at)
				VALUES (gen_random_uuid(), $1, sha256(gen_random_uuid()::text::bytea), 'password', 'test', $2, now(), now(), now() + interval '1 hour')`,
				agent.ID, "browser\x1b[2J")
			require.NoError(t, err)
		}
		require.NotContains(t, d.run(t, "agent", "sessions", agent.Email), "\x1b")
		sessions := decoded[[]httpapi.SessionSummary](t, d.run(t, "agent", "sessions", agent.Email, "--json"))
		require.Len(t, sessions, 2)
		require.Contains(t, d.run(t, "agent", "end-sessions", agent.Email, "--session", sessions[0].ID.String()), "1 sessions")
		require.Contains(t, d.run(t, "agent", "end-sessions", agent.Email), "1 sessions")
		require.Contains(t, d.run(t, "agent", "end-sessions", agent.Email), "0 sessions")
		require.Contains(t, d.refuse(t, exitUsage, "agent", "end-sessions", agent.Email, "--session", "7"), "--session")
		require.Contains(t, d.run(t, "audit", "list", "--action", "agent.end_sessions"), `"count":1`)
	})
	t.Run("PresenceIsSaidAndEnded", func(t *testing.T) {
		t.Parallel()
		require.Contains(t, d.run(t, "desk", "present", as, "--for=8h"), "Mia")
		require.NotContains(t, d.run(t, "desk", "present", as, "--away"), "Mia")
	})
}

func TestTextFromOutsideIsHarmlessOnATerminal(t *testing.T) {
	t.Parallel()

	require.Equal(t, "a\n\tb", plain("a\n\tb"))
	require.Equal(t, "提币 سحب", plain("提币 سحب"))
	for _, text := range []string{"\x1b[2J", "\u009b31m", "\x07", "\r", "\u202eevil", "\u2066x"} {
		require.Contains(t, plain(text), "\ufffd", "%q", text)
	}
}
