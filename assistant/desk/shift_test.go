package desk_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/assistant/desk"
	"github.com/deskhand/deskhand/assistant/postgres"
	"github.com/deskhand/deskhand/assistant/postgres/pgtest"
	"github.com/deskhand/deskhand/assistant/triage"
	"github.com/deskhand/deskhand/assistant/triage/risk"
	"github.com/deskhand/deskhand/assistant/webhook"
	"github.com/deskhand/deskhand/prompts"
)

// shift is a desk whose clock a test moves, under a plan, with an endpoint that is told of everything.
type shift struct {
	*desk.Desk

	agent, colleague, lead desk.Actor
	at                     time.Time
	pool                   *pgxpool.Pool
	store                  *postgres.Store
}

const workday = `
sla:
  P2: {first_response: 1h, next_response: 2h, resolution: 8h}
  P3: {first_response: 4h, next_response: 4h, resolution: 16h}
warn_at: 0.5
lease: 30m
follow_up: 2d
abandon: 14d
escalation: {raise_priority: true}
complaints:
  default: mica
  regimes:
    - {name: mica, decide: 2 months, progress: 4 weeks, warn_days: 10}
    - {name: payments, decide: 15 business days, extended: 35 business days}
`

func startShift(t *testing.T, plan string) *shift {
	t.Helper()
	r, err := loadRules()
	require.NoError(t, err)
	library, err := prompts.New()
	require.NoError(t, err)
	s := &shift{at: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC), pool: pgtest.DB(t)}
	clock := func() time.Time { return s.at }
	s.store = postgres.New(s.pool, clock, func(context.Context, pgx.Tx, assistant.Job) error { return nil }).
		WithWebhooks(func(context.Context, pgx.Tx, webhook.Job) error { return nil })
	s.Desk = desk.New(desk.Config{Clock: clock, Guard: r.guard, Prompts: library, Redactor: r.redactor, Store: s.store})
	_, err = s.store.AddEndpoint(t.Context(), webhook.Endpoint{URL: "https://hooks.example.com/desk"}, "test")
	require.NoError(t, err)
	if plan != "" {
		_, err = s.store.SetPlan(t.Context(), plan, 0, "test")
		require.NoError(t, err)
	}
	s.agent, s.colleague, s.lead = s.person(t, "Ann"), s.person(t, "Bo"), s.person(t, "Lea")
	s.lead.Lead = true
	return s
}

func (s *shift) person(t *testing.T, name string) desk.Actor {
	t.Helper()
	key, _, err := s.store.CreateKey(t.Context(), postgres.Key{Name: name, Role: postgres.RoleAgent})
	require.NoError(t, err)
	return desk.Actor{ID: *key.AgentID}
}

// say is a customer's message in a conversation, a new one when it is zero, that ends in an outcome.
func (s *shift) say(t *testing.T, conversation uuid.UUID, outcome assistant.Outcome, change func(*assistant.Conclusion)) assistant.Run {
	t.Helper()
	opening := assistant.Opening{
		At: s.at, ConversationID: conversation, DeadlineAt: s.at.Add(time.Minute),
		Message:  assistant.Message{ID: newID(), Author: assistant.AuthorCustomer, Body: "where is my money", Redactions: []string{}},
		Question: assistant.Question{Body: "where is my money", Channel: "widget", ConversationID: conversation}, RunID: newID(),
	}
	if conversation == uuid.Nil {
		opening.ConversationID = uuid.New()
	}
	c, err := s.store.Begin(t.Context(), opening)
	require.NoError(t, err)
	end := assistant.Conclusion{
		At: s.at, Case: c, Decision: assistant.Decision{Outcome: outcome, Reasons: []assistant.Reason{"low_confidence"}},
		Explained: assistant.Explanation{Language: "en", Triage: triage.Triage{Intent: "withdrawal.pending", Priority: triage.P3}},
		Reply:     assistant.Message{ID: newID(), Author: assistant.AuthorAssistant, Body: "a person will answer", Language: "en"},
		RespondBy: s.at.Add(24 * time.Hour),
	}
	if change != nil {
		change(&end)
	}
	run, err := s.store.Conclude(t.Context(), end)
	require.NoError(t, err)
	return run
}

func (s *shift) open(t *testing.T) assistant.Ticket {
	t.Helper()
	return *s.say(t, uuid.Nil, assistant.OutcomeHandedOff, nil).Ticket
}

func complain(end *assistant.Conclusion) {
	end.Explained.Triage.Risks = []risk.Risk{risk.Complaint}
	end.Acknowledgement = &end.Reply
}

// do takes a ticket through a step.
func (s *shift) do(t *testing.T, ticket assistant.Ticket, change desk.Change) assistant.Ticket {
	t.Helper()
	change.TicketID, change.Version = ticket.ID, ticket.Version
	if change.Actor.ID == uuid.Nil {
		change.Actor = s.agent
	}
	if change.Reason == "" {
		change.Reason = "because"
	}
	after, err := s.Change(t.Context(), change)
	require.NoError(t, err)
	return after
}

// answer replies on a ticket that the agent holds.
func (s *shift) answer(t *testing.T, ticket assistant.Ticket) assistant.Ticket {
	t.Helper()
	after, err := s.Reply(t.Context(), s.agent, desk.Reply{
		Action: desk.ActionWrite, Body: "We are looking into it.", TicketID: ticket.ID, Version: ticket.Version,
	})
	require.NoError(t, err)
	return after
}

// later moves the clock and lets the desk do what is due.
func (s *shift) later(t *testing.T, d time.Duration) {
	t.Helper()
	s.at = s.at.Add(d)
	require.NoError(t, s.Tend(t.Context()))
}

func (s *shift) now(t *testing.T, id uuid.UUID) assistant.Ticket {
	t.Helper()
	detail, err := s.Ticket(t.Context(), id)
	require.NoError(t, err)
	return detail.Ticket
}

// told counts the events of a type so far.
func (s *shift) told(t *testing.T, kind webhook.Type) int {
	t.Helper()
	var n int
	require.NoError(t, s.pool.QueryRow(t.Context(), `SELECT count(*) FROM webhook_events WHERE type = $1`, string(kind)).Scan(&n))
	return n
}

// messages counts what the customer has read so far that is exactly this.
func (s *shift) messages(t *testing.T, body string) int {
	t.Helper()
	var n int
	require.NoError(t, s.pool.QueryRow(t.Context(), `SELECT count(*) FROM messages WHERE body = $1`, body).Scan(&n))
	return n
}

func (s *shift) outcomes(t *testing.T) []string {
	t.Helper()
	rows, err := s.pool.Query(t.Context(), `SELECT outcome FROM ticket_resolutions ORDER BY at, ticket_id, ordinal`)
	require.NoError(t, err)
	outcomes, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	return outcomes
}

func text(t *testing.T, key prompts.Key) string {
	t.Helper()
	library, err := prompts.New()
	require.NoError(t, err)
	return library.Text(key, "en", nil)
}
