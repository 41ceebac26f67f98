package online_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/assistant/llm"
	"github.com/deskhand/deskhand/assistant/llm/llmtest"
	"github.com/deskhand/deskhand/evals"
	"github.com/deskhand/deskhand/evals/online"
)

// patience is how long a test waits for what should come at once.
const patience = time.Minute

// shadowed is a Shadow that runs, and the ends that it counts.
type shadowed struct {
	*online.Shadow

	results chan string
}

func (b *bundle) shadow(t *testing.T, candidate online.Candidate) shadowed {
	t.Helper()
	s := shadowed{results: make(chan string, 1000)}
	s.Shadow = online.NewShadow(b.store, candidate, slog.New(slog.DiscardHandler), func(result string) { s.results <- result })
	return s
}

func (s shadowed) start(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); s.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-done })
}

// decide tells the shadow that the desk has decided about a run.
func (s shadowed) decide(t *testing.T, run uuid.UUID) {
	t.Helper()
	observe := s.Around(func(ctx context.Context, _ assistant.Case) (context.Context, func(assistant.Conclusion, error)) {
		return ctx, func(assistant.Conclusion, error) {}
	})
	c := assistant.Case{Run: assistant.Run{ID: run}}
	_, done := observe(t.Context(), c)
	done(assistant.Conclusion{Case: c}, nil) // the draft for an agent
	done(assistant.Conclusion{Case: c, Decision: assistant.Decision{Outcome: assistant.OutcomeHandedOff}}, errors.New("not recorded"))
	done(assistant.Conclusion{Case: c, Decision: assistant.Decision{Outcome: assistant.OutcomeHandedOff}}, nil)
}

func (s shadowed) result(t *testing.T) string {
	t.Helper()
	select {
	case result := <-s.results:
		return result
	case <-time.After(patience):
		require.FailNow(t, "the candidate was not asked")
		return ""
	}
}

// always answers everything.
func always(context.Context, assistant.Case) (assistant.Conclusion, error) {
	return assistant.Conclusion{
		Decision: assistant.Decision{Outcome: assistant.OutcomeAnswered, Reasons: []assistant.Reason{"sure"}},
		Reply:    assistant.Message{Body: "Yes!", Citations: []assistant.Citation{{Slug: "fees", Locale: "en"}}},
	}, nil
}

func TestShadow(t *testing.T) {
	t.Parallel()

	t.Run("WhatTheCandidateSaysIsKeptOnceAndComparedWithTheDesk", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		s := b.shadow(t, online.Candidate{Answer: always, Name: "bold@1", Share: 1})
		s.start(t)
		runs := b.traffic(t, asked{count: 3, intent: "fees", outcome: assistant.OutcomeHandedOff})
		for _, run := range append(runs, runs[0]) {
			s.decide(t, run)
			require.Equal(t, online.ShadowAsked, s.result(t))
		}
		one, two := b.lead(t), b.lead(t)
		b.draw(t, week(one, 3, 1))
		b.label(t, one, runs[0], evals.NeedlessHandOff)
		b.label(t, two, runs[0], evals.NeedlessHandOff)
		report, err := b.store.ShadowReport(t.Context(), "bold@1")
		require.NoError(t, err)
		require.Equal(t, []int{3, 3, 0}, []int{report.Questions, report.Gained, report.Agreement.Hits})
		require.Equal(t, map[assistant.Outcome]int{assistant.OutcomeAnswered: 1}, report.Labelled[evals.NeedlessHandOff])
		differences, err := b.store.Differences(t.Context(), "bold@1", 2)
		require.NoError(t, err)
		require.Len(t, differences, 2)
		require.Equal(t, []string{"Yes!", "how do i deposit", "This is how."}, []string{differences[0].Body, differences[0].Question, differences[0].Reply})
		_, err = b.store.ShadowReport(t.Context(), "nobody")
		require.Equal(t, assistant.CodeNotFound, code(err))
	})

	t.Run("ItStopsAtItsBudget", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		server := llmtest.NewWith(t, llmtest.Options{Responder: func(llmtest.ChatRequest) llmtest.ChatReply {
			return llmtest.ChatReply{Content: "ok", CompletionTokens: 1, PromptTokens: 1}
		}})
		client, err := llm.NewClient(llm.Config{APIKey: "key", BaseURL: server.BaseURL(), ChatModel: "dear"})
		require.NoError(t, err)
		model := llm.NewMeteredModel(client.Chat(), llm.MeterConfig{Now: now, Price: llm.Price{Prompt: 1e6}})
		answer := func(ctx context.Context, c assistant.Case) (assistant.Conclusion, error) {
			if _, err := model.Complete(ctx, llm.Request{MaxTokens: 10, System: "x", User: "x"}); err != nil {
				return assistant.Conclusion{}, err
			}
			return always(ctx, c)
		}
		s := b.shadow(t, online.Candidate{Answer: answer, Budget: 2, Name: "dear@1", Share: 1})
		s.start(t)
		var results []string
		for _, run := range b.traffic(t, asked{count: 4, intent: "fees", outcome: assistant.OutcomeHandedOff}) {
			s.decide(t, run)
			results = append(results, s.result(t))
		}
		require.Equal(t, []string{online.ShadowAsked, online.ShadowAsked, online.ShadowOverBudget, online.ShadowOverBudget}, results)
		report, err := b.store.ShadowReport(t.Context(), "dear@1")
		require.NoError(t, err)
		require.InDelta(t, 2, report.CostUSD, 1e-9)
	})

	t.Run("AFailureIsCountedAndBeyondTheQueueQuestionsAreLeftOut", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		begun, goOn := make(chan struct{}), make(chan struct{})
		fail := func(context.Context, assistant.Case) (assistant.Conclusion, error) {
			begun <- struct{}{}
			<-goOn
			return assistant.Conclusion{}, errors.New("the model is down")
		}
		s := b.shadow(t, online.Candidate{Answer: fail, Name: "broken@1", Share: 1})
		runs := b.traffic(t, asked{count: 102, intent: "fees", outcome: assistant.OutcomeHandedOff})
		s.decide(t, runs[0])
		s.start(t)
		<-begun // the first one is being asked, and the queue is empty
		for _, run := range runs[1:] {
			s.decide(t, run)
		}
		require.Equal(t, online.ShadowDropped, s.result(t))
		close(goOn)
		require.Equal(t, online.ShadowFailed, s.result(t))
		go func() {
			for range begun {
			}
		}()
		report, err := b.store.ShadowReport(t.Context(), "broken@1")
		require.NoError(t, err)
		require.Positive(t, report.Failed)
	})

	t.Run("TheShareIsThatOfTheQuestionsAndTheSameEverywhere", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		s := b.shadow(t, online.Candidate{Answer: always, Name: "some@1", Share: 0.25})
		s.start(t)
		runs := b.traffic(t, asked{count: 90, intent: "fees", outcome: assistant.OutcomeHandedOff})
		for range 2 { // as two replicas would
			for _, run := range runs {
				s.decide(t, run)
			}
		}
		s.decide(t, runs[0])
		require.Eventually(t, func() bool {
			report, err := b.store.ShadowReport(t.Context(), "some@1")
			return err == nil && len(s.results) >= 2*report.Questions && report.Questions >= 8 && report.Questions <= 40
		}, patience, 20*time.Millisecond)
	})

	t.Run("OfAnErasedConversationNothingIsKept", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		s := b.shadow(t, online.Candidate{Answer: always, Name: "bold@1", Share: 1})
		s.start(t)
		run := b.traffic(t, asked{intent: "fees", outcome: assistant.OutcomeAnswered})[0]
		_, err := b.pool.Exec(t.Context(), `UPDATE conversations SET erased_at = now()`)
		require.NoError(t, err)
		s.decide(t, run)
		require.Equal(t, online.ShadowAsked, s.result(t))
		names, err := b.store.Candidates(t.Context())
		require.NoError(t, err)
		require.Empty(t, names)
	})
}
