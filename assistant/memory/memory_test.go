package memory_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/assistant/memory"
	"github.com/deskhand/deskhand/assistant/triage"
	"github.com/deskhand/deskhand/assistant/triage/risk"
)

var started = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

func newStore() *memory.Store {
	return memory.New(func(context.Context) (assistant.Settings, error) {
		return assistant.Settings{Policy: assistant.DefaultPolicy()}, nil
	})
}

// begin stores a question, in a new conversation when conversationID is zero.
func begin(t *testing.T, store *memory.Store, conversationID uuid.UUID, change func(*assistant.Opening)) assistant.Case {
	t.Helper()
	opening := assistant.Opening{
		At: started, ConversationID: conversationID, DeadlineAt: started.Add(time.Minute),
		Message:  assistant.Message{ID: uuid.New(), Author: assistant.AuthorCustomer, Body: "question"},
		Question: assistant.Question{ConversationID: conversationID, Locale: "ar"}, RunID: uuid.New(),
	}
	if conversationID == uuid.Nil {
		opening.ConversationID = uuid.New()
	}
	if change != nil {
		change(&opening)
	}
	c, err := store.Begin(t.Context(), opening)
	require.NoError(t, err)
	return c
}

// conclude ends a run.
func conclude(t *testing.T, store *memory.Store, c assistant.Case, change func(*assistant.Conclusion)) assistant.Run {
	t.Helper()
	end := assistant.Conclusion{
		Case: c, Decision: assistant.Decision{Outcome: assistant.OutcomeAnswered, Reasons: []assistant.Reason{"confident"}},
		Explained: assistant.Explanation{
			Confidence: 0.9, Language: "en", Triage: triage.Triage{Intent: "trading.fees", Priority: triage.P3},
		},
		Reply: assistant.Message{ID: uuid.New(), Author: assistant.AuthorAssistant, Body: "reply"},
	}
	if change != nil {
		change(&end)
	}
	run, err := store.Conclude(t.Context(), end)
	require.NoError(t, err)
	return run
}

func handedOff(priority triage.Priority, risks ...risk.Risk) func(*assistant.Conclusion) {
	return func(end *assistant.Conclusion) {
		end.Decision.Outcome = assistant.OutcomeHandedOff
		end.Explained.Triage.Priority, end.Explained.Triage.Risks = priority, risks
	}
}

func TestStoreBegin(t *testing.T) {
	t.Parallel()

	store := newStore()
	first := begin(t, store, uuid.Nil, nil)
	require.Empty(t, first.History)
	require.Equal(t, "ar", first.Locale)
	require.Equal(t, assistant.RunRunning, first.Run.Status)
	conclude(t, store, first, nil)
	second := begin(t, store, first.Run.ConversationID, nil)

	require.Len(t, second.History, 2)
	require.Equal(t, []assistant.Author{assistant.AuthorCustomer, assistant.AuthorAssistant},
		[]assistant.Author{second.History[0].Author, second.History[1].Author})
	require.Equal(t, "en", second.History[0].Language, "the language that was found is known to the next turn")
}

func TestStoreBeginRewritesTheEarlierHalfOfASecret(t *testing.T) {
	t.Parallel()

	store := newStore()
	first := begin(t, store, uuid.Nil, func(o *assistant.Opening) { o.Message.Body = "half of a phrase" })
	second := begin(t, store, first.Run.ConversationID, func(o *assistant.Opening) {
		o.Rewritten = map[uuid.UUID]string{first.Question.ID: "⟦seed_phrase⟧"}
	})

	require.Equal(t, "⟦seed_phrase⟧", second.History[0].Body)
	earlier, err := store.Earlier(t.Context(), first.Run.ConversationID, 10)
	require.NoError(t, err)
	require.Equal(t, "⟦seed_phrase⟧", earlier[0].Body)
}

func TestStoreFirstConclusionStands(t *testing.T) {
	t.Parallel()

	store := newStore()
	c := begin(t, store, uuid.Nil, nil)
	first := conclude(t, store, c, nil)
	again := conclude(t, store, c, handedOff(triage.P1))

	require.Equal(t, first, again)
	end, ok := store.Conclusion(c.Run.ID)
	require.True(t, ok)
	require.Equal(t, assistant.OutcomeAnswered, end.Decision.Outcome)
	_, ok = store.Conclusion(uuid.New())
	require.False(t, ok)
	now, err := store.Case(t.Context(), c.Run.ID)
	require.NoError(t, err)
	require.Equal(t, first, now.Run)
}

func TestStoreKeepsOneTicketAConversation(t *testing.T) {
	t.Parallel()

	store := newStore()
	c := begin(t, store, uuid.Nil, nil)
	first := conclude(t, store, c, handedOff(triage.P3, risk.HumanWanted))
	require.Equal(t, assistant.TicketOpen, first.Ticket.Status)
	second := conclude(t, store, begin(t, store, c.Run.ConversationID, nil), handedOff(triage.P1, risk.AccountTakeover, risk.HumanWanted))
	third := conclude(t, store, begin(t, store, c.Run.ConversationID, nil), handedOff(triage.P4))

	require.Equal(t, first.Ticket.ID, second.Ticket.ID)
	require.Equal(t, triage.P1, third.Ticket.Priority, "only ever more urgent")
	require.Equal(t, []risk.Risk{risk.HumanWanted, risk.AccountTakeover}, third.Ticket.Risks)

	other := conclude(t, store, begin(t, store, uuid.Nil, nil), handedOff(triage.P3))
	require.NotEqual(t, first.Ticket.ID, other.Ticket.ID)
	require.NotEqual(t, first.Ticket.Number, other.Ticket.Number)
}

func TestStoreCountsQuestionsBackInARow(t *testing.T) {
	t.Parallel()

	store := newStore()
	conversation := uuid.Nil
	ask := func(minute int, outcome assistant.Outcome) int {
		c := begin(t, store, conversation, func(o *assistant.Opening) { o.At = started.Add(time.Duration(minute) * time.Minute) })
		conversation = c.Run.ConversationID
		conclude(t, store, c, func(end *assistant.Conclusion) { end.Decision.Outcome = outcome })
		return c.Clarifications
	}
	require.Equal(t, 0, ask(0, assistant.OutcomeClarify))
	require.Equal(t, 1, ask(1, assistant.OutcomeClarify))
	require.Equal(t, 2, ask(2, assistant.OutcomeAnswered))
	require.Equal(t, 0, ask(3, assistant.OutcomeClarify))
	require.Equal(t, 1, ask(4, assistant.OutcomeClarify))
}

func TestStoreEarlierReturnsTheLatestOfTheCustomer(t *testing.T) {
	t.Parallel()

	store := newStore()
	conversation := uuid.Nil
	for _, body := range []string{"one", "two", "three"} {
		c := begin(t, store, conversation, func(o *assistant.Opening) { o.Message.Body = body })
		conversation = c.Run.ConversationID
		conclude(t, store, c, nil)
	}
	earlier, err := store.Earlier(t.Context(), conversation, 2)
	require.NoError(t, err)
	require.Len(t, earlier, 2)
	require.Equal(t, []string{"two", "three"}, []string{earlier[0].Body, earlier[1].Body})

	none, err := store.Earlier(t.Context(), uuid.New(), 2)
	require.NoError(t, err)
	require.Empty(t, none)
}

func TestStoreKeepsConversationsApart(t *testing.T) {
	t.Parallel()

	store := newStore()
	var group sync.WaitGroup
	for range 16 {
		group.Go(func() {
			c := begin(t, store, uuid.Nil, nil)
			conclude(t, store, c, handedOff(triage.P3))
			next := begin(t, store, c.Run.ConversationID, nil)
			if len(next.History) != 2 {
				t.Errorf("%d messages before the second question, want 2", len(next.History))
			}
		})
	}
	group.Wait()
}

func TestStoreCaseOfAnUnknownRunIsNotFound(t *testing.T) {
	t.Parallel()

	_, err := newStore().Case(t.Context(), uuid.New())
	require.Equal(t, assistant.CodeNotFound, assistant.ErrorCode(err))
}

func TestStoreSettingsComeFromElsewhere(t *testing.T) {
	t.Parallel()

	broken := errors.New("no database")
	store := memory.New(func(context.Context) (assistant.Settings, error) { return assistant.Settings{}, broken })
	_, err := store.Settings(t.Context())
	require.ErrorIs(t, err, broken)

	settings, err := newStore().Settings(t.Context())
	require.NoError(t, err)
	require.True(t, settings.Policy.AutoReply)
	require.NoError(t, newStore().AddDraft(t.Context(), uuid.New(), assistant.Proposal{}))
}
