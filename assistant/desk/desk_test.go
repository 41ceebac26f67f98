package desk_test

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/assistant/desk"
	"github.com/deskhand/deskhand/assistant/guard"
	"github.com/deskhand/deskhand/assistant/postgres"
	"github.com/deskhand/deskhand/assistant/postgres/pgtest"
	"github.com/deskhand/deskhand/assistant/redact"
	"github.com/deskhand/deskhand/assistant/seal"
	"github.com/deskhand/deskhand/assistant/triage"
	"github.com/deskhand/deskhand/assistant/triage/risk"
)

// rules are what every test reads and none changes.
type rules struct {
	guard    *guard.Guard
	redactor *redact.Redactor
}

var loadRules = sync.OnceValues(func() (rules, error) { //nolint:gochecknoglobals // takes a moment to load
	g, err := guard.New()
	if err != nil {
		return rules{}, err
	}
	redactor, err := redact.New(redact.Config{})
	return rules{guard: g, redactor: redactor}, err
})

func now() time.Time { return time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC) }

// bundle is a desk with two agents and a lead on a database of its own.
type bundle struct {
	*desk.Desk

	agent, colleague, lead desk.Actor
	pool                   *pgxpool.Pool
	store                  *postgres.Store
}

func setup(t *testing.T) *bundle {
	t.Helper()
	r, err := loadRules()
	require.NoError(t, err)
	b := &bundle{pool: pgtest.DB(t)}
	keys, err := seal.ParseKeyring(strings.NewReader(seal.NewKey()))
	require.NoError(t, err)
	vault, err := postgres.OpenVault(t.Context(), b.pool, keys, now) // a desk that encrypts
	require.NoError(t, err)
	b.store = postgres.New(b.pool, now, func(context.Context, pgx.Tx, assistant.Job) error { return nil }).WithVault(vault)
	b.Desk = desk.New(desk.Config{Clock: now, Guard: r.guard, Redactor: r.redactor, Sources: published, Store: b.store})
	require.NoError(t, b.store.SetChannels(t.Context(), []guard.Channel{
		{Kind: "domain", Standing: guard.Official, Value: "help.quayside.example"},
	}, "test"))
	b.agent, b.colleague = b.person(t, postgres.RoleAgent), b.person(t, postgres.RoleAgent)
	b.lead = b.person(t, postgres.RoleAdmin)
	b.lead.Lead = true
	return b
}

func (b *bundle) person(t *testing.T, role postgres.Role) desk.Actor {
	t.Helper()
	key, _, err := b.store.CreateKey(t.Context(), postgres.Key{Name: string(role), Role: role})
	require.NoError(t, err)
	return desk.Actor{ID: *key.AgentID}
}

const draftBody = "A withdrawal in Security check usually takes under 30 minutes."

// ticket is a case that was handed over, with a draft.
func (b *bundle) ticket(t *testing.T, change func(*assistant.Conclusion)) assistant.Ticket {
	t.Helper()
	opening := assistant.Opening{
		At: now(), ConversationID: uuid.New(), DeadlineAt: now().Add(time.Minute),
		Message:  assistant.Message{ID: newID(), Author: assistant.AuthorCustomer, Body: "where is it", Redactions: []string{}},
		Question: assistant.Question{Body: "where is it", Channel: "widget"}, RunID: newID(),
	}
	c, err := b.store.Begin(t.Context(), opening)
	require.NoError(t, err)
	citation := assistant.Citation{Locale: "en", Slug: "withdrawal-pending", Title: "Pending"}
	end := assistant.Conclusion{
		At: now(), Case: c, Decision: assistant.Decision{Outcome: assistant.OutcomeHandedOff, Reasons: []assistant.Reason{"low_confidence"}},
		Explained: assistant.Explanation{Language: "en", Triage: triage.Triage{Intent: "withdrawal.pending", Priority: triage.P3}},
		Proposal: &assistant.Proposal{Confidence: 0.4, Draft: assistant.Draft{
			Language: "en", Method: assistant.MethodExtractive,
			Sentences: []assistant.Sentence{{Citations: []int{0}, Text: draftBody}},
			Sources:   []assistant.Source{{Article: citation, Language: "en", Text: draftBody}},
		}},
		Reply:     assistant.Message{ID: newID(), Author: assistant.AuthorAssistant, Body: "a person will answer", Language: "en"},
		RespondBy: now().Add(time.Hour),
	}
	if change != nil {
		change(&end)
	}
	run, err := b.store.Conclude(t.Context(), end)
	require.NoError(t, err)
	return *run.Ticket
}

// claimed is a ticket that the agent holds, and its draft.
func (b *bundle) claimed(t *testing.T) (assistant.Ticket, desk.Draft) {
	t.Helper()
	ticket := b.ticket(t, nil)
	ticket, err := b.Claim(t.Context(), b.agent, ticket.ID, ticket.Version)
	require.NoError(t, err)
	return ticket, b.drafts(t, ticket.ID)[0]
}

func (b *bundle) drafts(t *testing.T, ticketID uuid.UUID) []desk.Draft {
	t.Helper()
	detail, err := b.Ticket(t.Context(), ticketID)
	require.NoError(t, err)
	require.NotEmpty(t, detail.Drafts)
	return detail.Drafts
}

// last is the latest message of a ticket's conversation.
func (b *bundle) last(t *testing.T, ticketID uuid.UUID) assistant.Message {
	t.Helper()
	detail, err := b.Ticket(t.Context(), ticketID)
	require.NoError(t, err)
	return detail.Conversation.Messages[len(detail.Conversation.Messages)-1]
}

// published knows one article, and none else.
func published(_ context.Context, cited []assistant.Citation) ([]string, error) {
	if !slices.Contains(cited, assistant.Citation{Locale: "en", Slug: "withdrawal-pending", Title: "Pending"}) {
		return nil, nil
	}
	return []string{"Look the transaction up on https://explorer.example/tx or write to chain@explorer.example. " +
		"Deposits go to 0x52908400098527886E0F7030069857D2E4169EE7."}, nil
}

func newID() uuid.UUID { return uuid.Must(uuid.NewV7()) }

func TestDeskChange(t *testing.T) {
	t.Parallel()

	t.Run("AgentCannotTakeAColleaguesTicketButALeadCan", func(t *testing.T) {
		t.Parallel()

		b := setup(t)
		ticket, _ := b.claimed(t)
		_, err := b.Claim(t.Context(), b.colleague, ticket.ID, ticket.Version)
		require.Equal(t, assistant.CodeConflict, assistant.ErrorCode(err))
		_, err = b.Resolve(t.Context(), b.colleague, ticket.ID, ticket.Version)
		require.Equal(t, assistant.CodeConflict, assistant.ErrorCode(err))
		_, err = b.Release(t.Context(), b.colleague, ticket.ID, ticket.Version)
		require.Equal(t, assistant.CodeConflict, assistant.ErrorCode(err))

		taken, err := b.Claim(t.Context(), b.lead, ticket.ID, ticket.Version)
		require.NoError(t, err)
		require.Equal(t, b.lead.ID, *taken.AssigneeID)
	})

	t.Run("ReleasedTicketIsAnybodys", func(t *testing.T) {
		t.Parallel()

		b := setup(t)
		ticket, _ := b.claimed(t)
		released, err := b.Release(t.Context(), b.agent, ticket.ID, ticket.Version)
		require.NoError(t, err)
		require.Equal(t, assistant.TicketOpen, released.Status)
		require.Nil(t, released.AssigneeID)
		_, err = b.Claim(t.Context(), b.colleague, ticket.ID, released.Version)
		require.NoError(t, err)
	})

	t.Run("ResolvedTicketIsFinal", func(t *testing.T) {
		t.Parallel()

		b := setup(t)
		ticket, _ := b.claimed(t)
		resolved, err := b.Resolve(t.Context(), b.agent, ticket.ID, ticket.Version)
		require.NoError(t, err)
		require.Equal(t, now(), resolved.ResolvedAt.UTC())
		_, err = b.Claim(t.Context(), b.agent, ticket.ID, resolved.Version)
		require.Equal(t, assistant.CodeConflict, assistant.ErrorCode(err))
	})

	t.Run("StaleVersionIsRefused", func(t *testing.T) {
		t.Parallel()

		b := setup(t)
		ticket := b.ticket(t, nil)
		_, err := b.Claim(t.Context(), b.agent, ticket.ID, ticket.Version+1)
		require.Equal(t, assistant.CodeConflict, assistant.ErrorCode(err))
		b.unchanged(t, ticket)
	})

	t.Run("EachStepIsAudited", func(t *testing.T) {
		t.Parallel()

		b := setup(t)
		ticket, draft := b.claimed(t)
		after, err := b.Reply(t.Context(), b.agent, desk.Reply{
			Action: desk.ActionAccept, DraftID: draft.ID, TicketID: ticket.ID, Version: ticket.Version,
		})
		require.NoError(t, err)
		_, err = b.Resolve(t.Context(), b.agent, ticket.ID, after.Version)
		require.NoError(t, err)

		rows, err := b.pool.Query(t.Context(), `SELECT action FROM audit_log WHERE subject_id = $1 AND actor = $2 ORDER BY id`,
			ticket.ID.String(), b.agent.ID.String())
		require.NoError(t, err)
		actions, err := pgx.CollectRows(rows, pgx.RowTo[string])
		require.NoError(t, err)
		require.Equal(t, []string{"ticket.claimed", "ticket.reply", "ticket.resolved"}, actions)
	})
}

func TestDeskQueue(t *testing.T) {
	t.Parallel()

	b := setup(t)
	urgent := func(priority triage.Priority, due time.Duration) uuid.UUID {
		return b.ticket(t, func(end *assistant.Conclusion) {
			end.Explained.Triage.Priority, end.RespondBy = priority, now().Add(due)
			end.Explained.Triage.Risks = []risk.Risk{risk.AccountTakeover}
		}).ID
	}
	late, soon := urgent(triage.P3, 2*time.Hour), urgent(triage.P3, time.Hour)
	first, never := urgent(triage.P1, 3*time.Hour), urgent(triage.P4, time.Minute)

	var seen []uuid.UUID
	filter := desk.Filter{Limit: 1}
	for {
		page, next, err := b.Queue(t.Context(), filter)
		require.NoError(t, err)
		require.Len(t, page, 1)
		seen = append(seen, page[0].ID)
		if next == nil {
			break
		}
		filter.After = next
	}
	require.Equal(t, []uuid.UUID{first, soon, late, never}, seen, "by urgency, then by when they are due, each once")

	for _, limit := range []int{0, -1, desk.MaxPage + 1} {
		page, next, err := b.Queue(t.Context(), desk.Filter{Limit: limit})
		require.NoError(t, err)
		require.Nil(t, next)
		require.Len(t, page, 4)
	}
	page, _, err := b.Queue(t.Context(), desk.Filter{Priority: triage.P3})
	require.NoError(t, err)
	require.Len(t, page, 2)
}

// unchanged requires that a refused step left no trace.
func (b *bundle) unchanged(t *testing.T, before assistant.Ticket) {
	t.Helper()
	detail, err := b.Ticket(t.Context(), before.ID)
	require.NoError(t, err)
	require.Equal(t, before, detail.Ticket)
	require.Equal(t, "pending", detail.Drafts[0].Fate)
	require.Zero(t, b.agentMessages(t))
}

func (b *bundle) agentMessages(t *testing.T) int {
	t.Helper()
	var n int
	require.NoError(t, b.pool.QueryRow(t.Context(), `SELECT count(*) FROM messages WHERE author = 'agent'`).Scan(&n))
	return n
}

// fakeStore fails where a test wants it to.
type fakeStore struct {
	desk.Store

	detail   desk.Detail
	sent     int
	settings error
}

func (s *fakeStore) Detail(context.Context, uuid.UUID) (desk.Detail, error) { return s.detail, nil }

func (s *fakeStore) Send(context.Context, desk.Sending) (assistant.Ticket, error) {
	s.sent++
	return assistant.Ticket{}, nil
}

func (s *fakeStore) Settings(context.Context) (assistant.Settings, error) {
	return assistant.Settings{}, s.settings
}
