package postgres_test

import (
	"context"
	"crypto/sha256"
	"sync"
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
)

// testBundle is a store on a database of its own, with the jobs that it asked for.
type testBundle struct {
	fail  error // what enqueueing fails with
	jobs  []assistant.Job
	key   postgres.Key
	mu    sync.Mutex
	pool  *pgxpool.Pool
	store *postgres.Store
}

func setup(t *testing.T) *testBundle {
	t.Helper()
	bundle := &testBundle{pool: pgtest.DB(t)}
	bundle.store = postgres.New(bundle.pool, now, bundle.enqueue)
	key, _, err := bundle.store.CreateKey(t.Context(), postgres.Key{Name: "site", Role: postgres.RoleWidget})
	require.NoError(t, err)
	bundle.key = key
	return bundle
}

func (b *testBundle) enqueue(_ context.Context, _ pgx.Tx, job assistant.Job) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.jobs = append(b.jobs, job)
	return b.fail
}

// ask begins a run in a conversation, a new one when conversationID is zero.
func (b *testBundle) ask(t *testing.T, change func(*assistant.Opening)) assistant.Case {
	t.Helper()
	opening := b.opening("how do i deposit")
	if change != nil {
		change(&opening)
	}
	c, err := b.store.Begin(t.Context(), opening)
	require.NoError(t, err)
	return c
}

func (b *testBundle) opening(body string) assistant.Opening {
	return assistant.Opening{
		At: now(), ConversationID: uuid.New(), DeadlineAt: now().Add(time.Minute), RecoverAfter: 2 * time.Minute,
		Message:     assistant.Message{ID: newID(), Author: assistant.AuthorCustomer, Body: body, Redactions: []string{}},
		Question:    assistant.Question{APIKeyID: b.key.ID, Body: body, Channel: "widget"},
		RequestHash: sha256.Sum256([]byte(body)), RunID: newID(),
	}
}

// conclude ends a run with an outcome.
func (b *testBundle) conclude(t *testing.T, c assistant.Case, outcome assistant.Outcome) (assistant.Run, error) {
	t.Helper()
	return b.store.Conclude(t.Context(), conclusion(c, outcome))
}

func conclusion(c assistant.Case, outcome assistant.Outcome) assistant.Conclusion {
	return assistant.Conclusion{
		At: now(), Case: c,
		Decision: assistant.Decision{Outcome: outcome, Reasons: []assistant.Reason{"test"}},
		Explained: assistant.Explanation{
			Language: "en", Triage: triage.Triage{Intent: "deposit.how_to", Priority: triage.P3},
		},
		Reply:     assistant.Message{ID: newID(), Author: assistant.AuthorAssistant, Body: "reply", Language: "en"},
		RespondBy: now().Add(time.Hour),
		Steps:     []assistant.Step{{Detail: map[string]any{"intent": "deposit.how_to"}, Stage: assistant.StageTriage, Status: assistant.StepOK}},
	}
}

func TestStoreAppendOnly(t *testing.T) {
	t.Parallel()

	bundle := setup(t)
	c := bundle.ask(t, nil)
	_, err := bundle.conclude(t, c, assistant.OutcomeAnswered)
	require.NoError(t, err)

	for _, statement := range []string{
		`UPDATE runs SET outcome = 'clarify'`,
		`UPDATE run_steps SET stage = 'draft'`,
		`DELETE FROM run_steps`,
		`UPDATE audit_log SET actor = 'nobody'`,
		`DELETE FROM audit_log`,
	} {
		_, err := bundle.pool.Exec(t.Context(), statement)
		require.ErrorContains(t, err, "append-only", statement)
	}
}

func TestStoreBegin(t *testing.T) {
	t.Parallel()

	t.Run("SaysOfANewConversationWhatIsReadOfIt", func(t *testing.T) {
		t.Parallel()

		bundle := setup(t)
		for _, body := range []string{"how do i deposit", "怎么充值", "كيف أودع"} {
			for name, change := range map[string]func(*assistant.Opening){
				"anonymous": func(*assistant.Opening) {},
				"claimed":   func(o *assistant.Opening) { o.Question.Jurisdiction, o.Question.Locale = "DE", "de" },
				"known": func(o *assistant.Opening) {
					o.Question.Channel, o.Question.Jurisdiction, o.RequestHash = "email", "DE", sha256.Sum256(o.RunID[:])
					o.Question.Customer = assistant.Customer{
						Jurisdiction: "FR", ExpiresAt: o.At.Add(time.Hour), Ref: "c-" + o.RunID.String(), Tier: triage.VIP, TokenHash: o.RequestHash[:],
					}
				},
				"redacted": func(o *assistant.Opening) { o.Message.Redactions = []string{"seed_phrase"} },
			} {
				c := bundle.ask(t, func(o *assistant.Opening) {
					o.Message.Body, o.Question.Body = body, body
					o.At = o.At.Add(123_456_789) // the database keeps microseconds
					o.Message.CreatedAt = o.At
					change(o)
				})
				read, err := bundle.store.Case(t.Context(), c.Run.ID)
				require.NoError(t, err)
				require.Equal(t, read, c, name)
			}
		}
	})

	t.Run("StoresTheQuestionOnlyTogetherWithItsRescue", func(t *testing.T) {
		t.Parallel()

		bundle := setup(t)
		bundle.ask(t, nil)
		require.Equal(t, 1, bundle.count(t, `SELECT count(*) FROM runs WHERE status = 'running' AND rescue_at IS NOT NULL`))

		_, err := bundle.pool.Exec(t.Context(), `ALTER TABLE runs ADD CONSTRAINT no_rescue CHECK (rescue_at IS NULL) NOT VALID`)
		require.NoError(t, err)
		_, err = bundle.store.Begin(t.Context(), bundle.opening("second"))
		require.ErrorContains(t, err, "no_rescue")
		require.Equal(t, 1, bundle.count(t, `SELECT count(*) FROM messages`))
		require.Equal(t, 1, bundle.count(t, `SELECT count(*) FROM conversations`))
	})

	t.Run("TheRescueComesInTimeWhateverTheProgramsClockSays", func(t *testing.T) {
		t.Parallel()

		bundle := setup(t)
		bundle.ask(t, func(o *assistant.Opening) {
			o.At, o.DeadlineAt = time.Now().Add(90*time.Minute), time.Now().Add(91*time.Minute)
		})
		require.Equal(t, 1, bundle.count(t, `
			SELECT count(*) FROM runs WHERE rescue_at BETWEEN now() + interval '1 minute' AND now() + interval '2 minutes'`))
	})

	t.Run("RepeatedIdempotencyKeyFindsTheFirstQuestion", func(t *testing.T) {
		t.Parallel()

		bundle := setup(t)
		again := func(o *assistant.Opening) { o.Question.IdempotencyKey = "k" }
		first := bundle.ask(t, again)
		second := bundle.ask(t, again)

		require.False(t, first.Repeated)
		require.True(t, second.Repeated)
		require.Equal(t, first.Run.ID, second.Run.ID)
		require.Equal(t, 1, bundle.count(t, `SELECT count(*) FROM runs`))
	})

	t.Run("RacingRequestsWithOneKeyMakeOneRun", func(t *testing.T) {
		t.Parallel()

		bundle := setup(t)
		const racers = 8
		runs := make([]uuid.UUID, racers)
		var group sync.WaitGroup
		for i := range racers {
			group.Go(func() {
				opening := bundle.opening("race")
				opening.Question.IdempotencyKey = "race"
				c, err := bundle.store.Begin(t.Context(), opening)
				if err == nil {
					runs[i] = c.Run.ID
				}
			})
		}
		group.Wait()
		for _, id := range runs {
			require.Equal(t, runs[0], id)
			require.NotEqual(t, uuid.Nil, id)
		}
	})

	t.Run("ReusedIdempotencyKeyIsRefused", func(t *testing.T) {
		t.Parallel()

		bundle := setup(t)
		bundle.ask(t, func(o *assistant.Opening) { o.Question.IdempotencyKey = "k" })
		other := bundle.opening("another question")
		other.Question.IdempotencyKey = "k"
		_, err := bundle.store.Begin(t.Context(), other)
		require.Equal(t, assistant.CodeReused, assistant.ErrorCode(err))
	})

	t.Run("AnotherKeysConversationIsNotFound", func(t *testing.T) {
		t.Parallel()

		bundle := setup(t)
		c := bundle.ask(t, nil)
		stranger, _, err := bundle.store.CreateKey(t.Context(), postgres.Key{Name: "other", Role: postgres.RoleWidget})
		require.NoError(t, err)
		opening := bundle.opening("let me in")
		opening.ConversationID, opening.Question.ConversationID = c.Run.ConversationID, c.Run.ConversationID
		opening.Question.APIKeyID = stranger.ID
		_, err = bundle.store.Begin(t.Context(), opening)
		require.Equal(t, assistant.CodeNotFound, assistant.ErrorCode(err))
	})

	t.Run("RewritesTheEarlierHalfOfASecret", func(t *testing.T) {
		t.Parallel()

		bundle := setup(t)
		first := bundle.ask(t, nil)
		bundle.ask(t, func(o *assistant.Opening) {
			o.ConversationID, o.Question.ConversationID = first.Run.ConversationID, first.Run.ConversationID
			o.Rewritten = map[uuid.UUID]string{first.Question.ID: "removed"}
		})
		require.Equal(t, 1, bundle.count(t, `SELECT count(*) FROM messages WHERE body = 'removed'`))
	})
}

func TestStoreConclude(t *testing.T) {
	t.Parallel()

	t.Run("SaysOfTheEndWhatIsReadOfIt", func(t *testing.T) {
		t.Parallel()

		bundle := setup(t)
		for _, outcome := range []assistant.Outcome{assistant.OutcomeAnswered, assistant.OutcomeClarify, assistant.OutcomeHandedOff} {
			for _, body := range []string{"reply", "请稍候", "تم استلام طلبك"} {
				c := bundle.ask(t, nil)
				end := conclusion(c, outcome)
				end.Case.Run.DeadlineAt = now().Add(time.Hour) // of a rescue
				end.At = end.At.Add(123_456_789)               // the database keeps microseconds
				end.Explained.Confidence = 0.1                 // and four bytes of this
				end.Reply.Body = body
				if outcome == assistant.OutcomeAnswered {
					end.Reply.Citations = []assistant.Citation{{Locale: "en", Slug: "deposit", Title: "Deposits"}}
				}
				run, err := bundle.store.Conclude(t.Context(), end)
				require.NoError(t, err)
				again, err := bundle.store.Conclude(t.Context(), end)
				require.NoError(t, err)
				require.Equal(t, again, run, "read again, it is the same")
				require.Equal(t, outcome == assistant.OutcomeHandedOff, run.Ticket != nil)
			}
		}
	})

	t.Run("FirstConclusionStands", func(t *testing.T) {
		t.Parallel()

		bundle := setup(t)
		c := bundle.ask(t, nil)
		first, err := bundle.conclude(t, c, assistant.OutcomeAnswered)
		require.NoError(t, err)
		second, err := bundle.conclude(t, c, assistant.OutcomeHandedOff)
		require.NoError(t, err)

		require.Equal(t, first, second)
		require.Equal(t, 0, bundle.count(t, `SELECT count(*) FROM tickets`))
		require.Equal(t, 1, bundle.count(t, `SELECT count(*) FROM messages WHERE author = 'assistant'`))
	})

	t.Run("RacingConclusionsEndOnce", func(t *testing.T) {
		t.Parallel()

		bundle := setup(t)
		c := bundle.ask(t, nil)
		var group sync.WaitGroup
		for range 8 {
			group.Go(func() { _, _ = bundle.store.Conclude(t.Context(), conclusion(c, assistant.OutcomeHandedOff)) })
		}
		group.Wait()
		require.Equal(t, 1, bundle.count(t, `SELECT count(*) FROM tickets`))
		require.Equal(t, 1, bundle.count(t, `SELECT count(*) FROM messages WHERE author = 'assistant'`))
	})

	t.Run("HandOffAsksForADraftWhenItHasNone", func(t *testing.T) {
		t.Parallel()

		bundle := setup(t)
		c := bundle.ask(t, nil)
		run, err := bundle.conclude(t, c, assistant.OutcomeHandedOff)
		require.NoError(t, err)
		require.NotNil(t, run.Ticket)
		require.Equal(t, assistant.JobDraft, bundle.jobs[0].Kind)
	})

	t.Run("SecondHandOffRaisesTheOpenTicket", func(t *testing.T) {
		t.Parallel()

		bundle := setup(t)
		c := bundle.ask(t, nil)
		first, err := bundle.conclude(t, c, assistant.OutcomeHandedOff)
		require.NoError(t, err)
		next := bundle.ask(t, func(o *assistant.Opening) {
			o.ConversationID, o.Question.ConversationID = c.Run.ConversationID, c.Run.ConversationID
		})
		end := conclusion(next, assistant.OutcomeHandedOff)
		end.Explained.Triage = triage.Triage{Intent: "security.account_hacked", Priority: triage.P1, Risks: []risk.Risk{risk.AccountTakeover}}
		second, err := bundle.store.Conclude(t.Context(), end)
		require.NoError(t, err)

		require.Equal(t, first.Ticket.ID, second.Ticket.ID)
		require.Equal(t, triage.P1, second.Ticket.Priority)
		require.Equal(t, "security.account_hacked", second.Ticket.Intent)
		require.Equal(t, []risk.Risk{risk.AccountTakeover}, second.Ticket.Risks)
		require.Equal(t, first.Ticket.Version+1, second.Ticket.Version)
	})

	t.Run("NeverTalksOverAPersonWhoTookOver", func(t *testing.T) {
		t.Parallel()

		bundle := setup(t)
		agent := bundle.agent(t)
		c := bundle.ask(t, nil)
		run, err := bundle.conclude(t, c, assistant.OutcomeHandedOff)
		require.NoError(t, err)
		next := bundle.ask(t, func(o *assistant.Opening) {
			o.ConversationID, o.Question.ConversationID = c.Run.ConversationID, c.Run.ConversationID
		})
		_, err = bundle.store.Change(t.Context(), desk.Change{
			Actor: agent, At: now(), TicketID: run.Ticket.ID, Step: desk.StepClaim, Version: run.Ticket.Version,
		})
		require.NoError(t, err)

		_, err = bundle.conclude(t, next, assistant.OutcomeAnswered)
		require.Equal(t, assistant.CodeConflict, assistant.ErrorCode(err))
		_, err = bundle.conclude(t, next, assistant.OutcomeHandedOff)
		require.NoError(t, err)
	})
	t.Run("TellsLiveConsumersOfAnAnswer", func(t *testing.T) {
		t.Parallel()

		bundle := setup(t)
		var told []int64
		store := bundle.store.WithWebhooks(func(context.Context, pgx.Tx, webhook.Job) error { return nil }).
			WithLive(func(position int64) { told = append(told, position) })
		run, err := store.Conclude(t.Context(), conclusion(bundle.ask(t, nil), assistant.OutcomeAnswered))
		require.NoError(t, err)

		var position int64
		var body string
		require.NoError(t, bundle.pool.QueryRow(t.Context(),
			`SELECT position, body FROM webhook_events WHERE type = 'question.concluded'`).Scan(&position, &body))
		require.Equal(t, []int64{position}, told)
		require.Contains(t, body, run.ID.String())
	})

	t.Run("GivesAnAnswerToTheEndpointsThatWantIt", func(t *testing.T) {
		t.Parallel()

		bundle := setup(t)
		var jobs []webhook.Job
		store := bundle.store.WithWebhooks(func(_ context.Context, _ pgx.Tx, job webhook.Job) error {
			jobs = append(jobs, job)
			return nil
		})
		_, err := bundle.pool.Exec(t.Context(), `
			INSERT INTO webhook_endpoints (id, name, url, events, secret, created_at)
			SELECT gen_random_uuid(), name, 'https://' || name || '.example', events, 'whsec_' || repeat('A', 32), now()
			FROM (VALUES ('one', '{question.concluded}'::text[]), ('other', '{ticket.opened}')) AS e (name, events)`)
		require.NoError(t, err)
		_, err = store.Conclude(t.Context(), conclusion(bundle.ask(t, nil), assistant.OutcomeAnswered))
		require.NoError(t, err)

		require.Len(t, jobs, 1)
		require.Equal(t, 1, bundle.count(t, `SELECT count(*) FROM webhook_deliveries WHERE id = '`+jobs[0].DeliveryID.String()+`' AND status = 'pending'`))
		require.Equal(t, 1, bundle.count(t, `SELECT count(*) FROM webhook_events`))
		require.Equal(t, 2, bundle.count(t, `SELECT count(*) FROM messages`))
	})

	t.Run("AnAnswerAfterACaseWasResolvedSaysThatTheCustomerIsBack", func(t *testing.T) {
		t.Parallel()

		bundle := setup(t)
		c := bundle.ask(t, nil)
		_, err := bundle.conclude(t, c, assistant.OutcomeHandedOff)
		require.NoError(t, err)
		_, err = bundle.pool.Exec(t.Context(), `
			WITH t AS (UPDATE tickets SET status = 'resolved', resolved_at = $1 RETURNING id)
			INSERT INTO ticket_resolutions (ticket_id, ordinal, at, outcome, actor) SELECT id, 1, $1, 'assumed', 'test' FROM t`, now())
		require.NoError(t, err)
		again := bundle.ask(t, func(o *assistant.Opening) {
			o.ConversationID, o.Question.ConversationID = c.Run.ConversationID, c.Run.ConversationID
		})
		require.Nil(t, again.Ticket)
		_, err = bundle.conclude(t, again, assistant.OutcomeAnswered)
		require.NoError(t, err)

		require.Equal(t, 1, bundle.count(t, `SELECT count(*) FROM tickets WHERE outcome = 're_contacted'`))
	})

	t.Run("AnAnswerWaitsForWhoHoldsTheConversation", func(t *testing.T) {
		t.Parallel()

		bundle := setup(t)
		agent, _, err := bundle.store.CreateKey(t.Context(), postgres.Key{Name: "agent", Role: postgres.RoleAgent})
		require.NoError(t, err)
		c := bundle.ask(t, nil)
		tx, err := bundle.pool.Begin(t.Context())
		require.NoError(t, err)
		_, err = tx.Exec(t.Context(), `SELECT FROM conversations WHERE id = $1 FOR UPDATE`, c.Run.ConversationID)
		require.NoError(t, err)
		ended := make(chan error, 1)
		go func() {
			_, err := bundle.conclude(t, c, assistant.OutcomeAnswered)
			ended <- err
		}()
		require.Eventually(t, func() bool {
			return bundle.count(t, `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`) == 1
		}, time.Minute, 5*time.Millisecond)
		_, err = tx.Exec(t.Context(), `
			INSERT INTO tickets (id, conversation_id, status, priority, intent, reasons, language, respond_by, created_at, assignee_id)
			VALUES (gen_random_uuid(), $1, 'claimed', 'P1', 'x', '{test}', 'en', now(), now(), $2)`, c.Run.ConversationID, agent.AgentID)
		require.NoError(t, err)
		require.NoError(t, tx.Commit(t.Context()))

		require.Equal(t, assistant.CodeConflict, assistant.ErrorCode(<-ended), "a person is never talked over")
		require.Equal(t, 1, bundle.count(t, `SELECT count(*) FROM messages`))
	})
}

func TestStoreDesk(t *testing.T) {
	t.Parallel()

	t.Run("OneOfManyRacingAgentsWinsTheTicket", func(t *testing.T) {
		t.Parallel()

		bundle := setup(t)
		c := bundle.ask(t, nil)
		run, err := bundle.conclude(t, c, assistant.OutcomeHandedOff)
		require.NoError(t, err)
		const agents = 10
		errs := make([]error, agents)
		var group sync.WaitGroup
		for i := range agents {
			agent := bundle.agent(t)
			group.Go(func() {
				_, errs[i] = bundle.store.Change(t.Context(), desk.Change{
					Actor: agent, At: now(), TicketID: run.Ticket.ID, Step: desk.StepClaim, Version: run.Ticket.Version,
				})
			})
		}
		group.Wait()
		won := 0
		for _, err := range errs {
			if err == nil {
				won++
				continue
			}
			require.Equal(t, assistant.CodeConflict, assistant.ErrorCode(err))
		}
		require.Equal(t, 1, won)
	})

	t.Run("QueueIsInTheOrderOfUrgencyAndPagesWithoutGaps", func(t *testing.T) {
		t.Parallel()

		bundle := setup(t)
		for i, priority := range []triage.Priority{triage.P3, triage.P1, triage.P4, triage.P2, triage.P1} {
			end := conclusion(bundle.ask(t, nil), assistant.OutcomeHandedOff)
			end.Explained.Triage.Priority = priority
			end.RespondBy = now().Add(time.Duration(10-i) * time.Minute)
			_, err := bundle.store.Conclude(t.Context(), end)
			require.NoError(t, err)
		}
		work := desk.New(desk.Config{Clock: now, Store: bundle.store})
		var got []triage.Priority
		var due []time.Time
		var after *desk.Cursor
		for {
			tickets, next, err := work.Queue(t.Context(), desk.Filter{After: after, Limit: 2})
			require.NoError(t, err)
			for _, ticket := range tickets {
				got, due = append(got, ticket.Priority), append(due, ticket.RespondBy)
			}
			if next == nil {
				break
			}
			after = next
		}
		require.Equal(t, []triage.Priority{triage.P1, triage.P1, triage.P2, triage.P3, triage.P4}, got)
		require.True(t, due[0].Before(due[1]))
	})
}

func (b *testBundle) agent(t *testing.T) desk.Actor {
	t.Helper()
	key, _, err := b.store.CreateKey(t.Context(), postgres.Key{Name: "agent", Role: postgres.RoleAgent})
	require.NoError(t, err)
	return desk.Actor{ID: *key.AgentID}
}

func (b *testBundle) count(t *testing.T, query string) int {
	t.Helper()
	var n int
	require.NoError(t, b.pool.QueryRow(t.Context(), query).Scan(&n))
	return n
}

func newID() uuid.UUID { return uuid.Must(uuid.NewV7()) }

// now is a clock that stands still.
func now() time.Time { return time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC) }
