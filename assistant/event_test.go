package assistant_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/assistant/desk"
	"github.com/deskhand/deskhand/assistant/jobs"
	"github.com/deskhand/deskhand/assistant/postgres"
	"github.com/deskhand/deskhand/assistant/webhook"
	"github.com/deskhand/deskhand/prompts"
)

// told is an event as it is stored for the endpoints.
type told struct {
	Body string
	Type webhook.Type
}

// events are what was stored for the endpoints, in order.
func (s *system) events(t *testing.T) []told {
	t.Helper()
	rows, err := s.pool.Query(t.Context(), `SELECT body::text AS body, type FROM webhook_events ORDER BY id`)
	require.NoError(t, err)
	events, err := pgx.CollectRows(rows, pgx.RowToStructByName[told])
	require.NoError(t, err)
	return events
}

// requireTold requires that exactly these events were stored since the last look.
func (s *system) requireTold(t *testing.T, seen *int, want ...webhook.Type) {
	t.Helper()
	events := s.events(t)[*seen:]
	*seen += len(events)
	types := make([]webhook.Type, len(events))
	for i, event := range events {
		types[i] = event.Type
	}
	require.ElementsMatch(t, want, types)
}

// TestEachChangeIsToldOnce goes through every change that a desk knows, and repeats each as a client does that got no answer.
func TestEachChangeIsToldOnce(t *testing.T) {
	t.Parallel()

	for language, texts := range map[string]struct{ fee, person string }{
		"en":      {"how much is the spot trading fee", "let me talk to a human"},
		"zh-Hans": {"现货手续费多少", "转人工客服"},
		"ar":      {"كم رسوم التداول الفوري", "أريد التحدث مع موظف"},
	} {
		t.Run(language, func(t *testing.T) {
			t.Parallel()

			seen := 0
			s := newSystem(t, options{})
			s.subscribe(t, newWitness(t))
			agent := s.agent(t)
			written := []string{texts.fee, texts.person}

			first := s.say(t, assistant.Question{Body: texts.fee, Locale: language})
			written = append(written, first.Reply.Body)
			s.requireTold(t, &seen, webhook.QuestionConcluded)
			_, err := s.Recover(t.Context(), first.ID)
			require.NoError(t, err)
			s.requireTold(t, &seen)

			wish := assistant.Question{Body: texts.person, ClientID: "m2", ConversationID: first.ConversationID, Locale: language}
			opened := s.say(t, wish)
			written = append(written, opened.Reply.Body)
			require.Equal(t, language, opened.Language)
			s.requireTold(t, &seen, webhook.QuestionConcluded, webhook.TicketOpened)
			s.say(t, wish)
			s.requireTold(t, &seen)

			ticket := *opened.Ticket
			step := func(work func(context.Context, desk.Actor, uuid.UUID, int32) (assistant.Ticket, error), want webhook.Type) {
				t.Helper()
				after, err := work(t.Context(), agent, ticket.ID, ticket.Version)
				require.NoError(t, err)
				s.requireTold(t, &seen, want)
				_, err = work(t.Context(), agent, ticket.ID, ticket.Version)
				require.Equal(t, assistant.CodeConflict, assistant.ErrorCode(err))
				s.requireTold(t, &seen)
				ticket = after
			}
			step(s.desk.Claim, webhook.TicketClaimed)
			step(s.desk.Release, webhook.TicketReleased)
			step(s.desk.Claim, webhook.TicketClaimed)
			body := s.fixed(prompts.AckCase, language)
			written = append(written, body)
			step(func(ctx context.Context, actor desk.Actor, id uuid.UUID, version int32) (assistant.Ticket, error) {
				return s.desk.Reply(ctx, actor, desk.Reply{Action: desk.ActionWrite, Body: body, TicketID: id, Version: version})
			}, webhook.TicketReplied)

			more := s.say(t, assistant.Question{Body: texts.fee, ConversationID: first.ConversationID, Locale: language})
			ticket = *more.Ticket
			s.requireTold(t, &seen, webhook.QuestionConcluded, webhook.TicketUpdated)
			step(s.desk.Resolve, webhook.TicketResolved)

			feedback := postgres.Feedback{Comment: "comment " + texts.fee, ConversationID: first.ConversationID, Rating: 2}
			for range 2 {
				require.NoError(t, s.store.AddFeedback(t.Context(), feedback))
			}
			s.requireTold(t, &seen, webhook.FeedbackRecorded)
			feedback.Rating = 5
			require.NoError(t, s.store.AddFeedback(t.Context(), feedback))
			s.requireTold(t, &seen, webhook.FeedbackRecorded, webhook.TicketUpdated) // the customer confirms what was assumed

			s.setPolicy(t, func(p *assistant.Policy) { p.AutoReply = false })
			s.requireTold(t, &seen, webhook.PolicyChanged)
			notice := "notice " + texts.fee
			id, err := s.store.SetNotice(t.Context(), assistant.Notice{Intents: []string{"a.b"}, Texts: map[string]string{"en": notice}}, "test")
			require.NoError(t, err)
			s.requireTold(t, &seen, webhook.IncidentStarted)
			require.NoError(t, s.store.EndNotice(t.Context(), id, "test"))
			require.Equal(t, assistant.CodeNotFound, assistant.ErrorCode(s.store.EndNotice(t.Context(), id, "test")))
			s.requireTold(t, &seen, webhook.IncidentEnded)

			s.rejectWith(t, "reason "+texts.fee)
			s.requireTold(t, &seen, webhook.QuestionConcluded, webhook.TicketOpened, webhook.TicketClaimed, webhook.DraftRejected)
			for _, event := range s.events(t) {
				require.True(t, json.Valid([]byte(event.Body)))
				for _, text := range written {
					require.NotContains(t, event.Body, text, event.Type)
				}
			}
		})
	}
}

func TestQuestionSentManyTimesAtOnceIsToldOnce(t *testing.T) {
	t.Parallel()

	s := newSystem(t, options{})
	s.subscribe(t, newWitness(t))
	opened := s.ask(t, "hello")
	seen := len(s.events(t))
	var sending sync.WaitGroup
	for range 8 {
		sending.Go(func() {
			_, _ = s.Handle(t.Context(), assistant.Question{
				Body: "let me talk to a human", Channel: "widget", ClientID: "m2", ConversationID: opened.ConversationID,
			})
		})
	}
	sending.Wait()
	s.requireTold(t, &seen, webhook.QuestionConcluded, webhook.TicketOpened)
}

// An event without its change, or a change without its event, cannot be: both are in one transaction.
func TestChangeWhoseEventCannotBeStoredDoesNotHappen(t *testing.T) {
	t.Parallel()

	s := newSystem(t, options{})
	s.subscribe(t, newWitness(t))
	_, err := s.pool.Exec(t.Context(), `ALTER TABLE webhook_events ADD CONSTRAINT no_policy CHECK (type <> 'policy.changed')`)
	require.NoError(t, err)
	_, err = s.store.SetPolicy(t.Context(), assistant.DefaultPolicy(), assistant.AnyVersion, "test")
	require.Error(t, err)
	require.Zero(t, s.count(t, `SELECT count(*) FROM policies`))
}

// The consumer hangs from the first delivery to the end of the test, and every question still gets its answer.
func TestConsumerThatHangsDoesNotDelayTheDesk(t *testing.T) {
	t.Parallel()

	hanging, release := make(chan struct{}, 100), make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		hanging <- struct{}{}
		<-release
	}))
	t.Cleanup(server.Close)
	t.Cleanup(func() { close(release) })

	s := newSystem(t, options{})
	s.subscribe(t, &witness{url: server.URL})
	workers, err := jobs.NewWorkers(s.pool, s.Assistant, s.logger())
	require.NoError(t, err)
	require.NoError(t, workers.AddWebhooks(s.deliverer()))
	require.NoError(t, workers.Start(context.WithoutCancel(t.Context())))
	t.Cleanup(func() {
		ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
		cancel() // the deliveries would hang until they time out
		_ = workers.Stop(ctx)
	})
	s.ask(t, feeQuestion)
	<-hanging
	for range 20 {
		s.ask(t, feeQuestion)
	}
	run := s.ask(t, hacked)
	s.awaitDraft(t, run.Ticket.ID)
	s.claim(t, run.Ticket)
	require.Zero(t, s.count(t, `SELECT count(*) FROM webhook_deliveries WHERE status = 'delivered'`))
	require.Positive(t, s.count(t, `SELECT count(*) FROM webhook_deliveries WHERE status = 'pending'`))
}
