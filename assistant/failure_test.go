package assistant_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/assistant/llm"
	"github.com/deskhand/deskhand/assistant/llm/llmtest"
	"github.com/deskhand/deskhand/assistant/postgres"
	"github.com/deskhand/deskhand/prompts"
)

const (
	feeQuestion   = "whats the taker fee for spot"
	feeQuestionZh = "现货手续费多少啊"
	hacked        = "Someone logged into my account and withdrew my BTC"
	hackedZh      = "我的账号被盗了 币都被转走了!!"
)

// shortDeadline is long enough for everything but a model that hangs, on a busy machine too.
const shortDeadline = 30 * time.Second

// recording is how long the end of a run may take to be written on a busy machine.
const recording = 30 * time.Second

// impatient gives up on a model well before shortDeadline.
func impatient() llm.ResilienceConfig {
	return llm.ResilienceConfig{
		AttemptTimeout: 2 * time.Second, BackoffBase: time.Millisecond, BackoffMax: 2 * time.Millisecond, MaxRetries: 1,
	}
}

func TestBrokenModelEndsInAPassageOrAPersonWithinTheDeadline(t *testing.T) {
	t.Parallel()

	faults := map[string]llmtest.Fault{
		"BadRequest":       llmtest.Status(400),
		"ContentFilter":    llmtest.ContentFilter(),
		"CutBody":          llmtest.CutBody(),
		"CutConnection":    llmtest.CutConnection(),
		"Empty":            llmtest.Content(""),
		"EmptyChoices":     llmtest.EmptyChoices(),
		"Forbidden":        llmtest.Status(403),
		"Hang":             llmtest.Hang(),
		"HTML":             llmtest.Body("<html>busy</html>"),
		"MalformedBody":    llmtest.MalformedBody(),
		"MalformedContent": llmtest.MalformedContent(),
		"NoAnswer":         llmtest.Content(`{"answerable":true,"language":"en","missing":[],"questions":[],"sentences":[]}`),
		"Null":             llmtest.Content("null"),
		"Prose":            llmtest.Content("Sure! The fee is 0 %."),
		"RateLimited":      llmtest.RateLimited(time.Millisecond),
		"RateLimitedLong":  llmtest.RateLimited(time.Minute),
		"Redirect":         llmtest.Redirect("http://127.0.0.1:1/elsewhere"),
		"Refusal":          llmtest.Refusal(),
		"SchemaViolation":  llmtest.SchemaViolation(),
		"ServerError":      llmtest.ServerError(500),
		"SlowDrip":         llmtest.SlowDrip(50 * time.Millisecond),
		"Truncated":        llmtest.Truncated(),
		"Unavailable":      llmtest.ServerError(503),
	}
	for name, fault := range faults {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			s := newFleeting(t, options{deadline: shortDeadline, respond: llmtest.Drafter, retries: impatient()})
			s.model.Always(llmtest.Chat, fault)
			for _, question := range []string{feeQuestion, feeQuestionZh} {
				started := time.Now()
				run := s.ask(t, question)

				require.Less(t, time.Since(started), shortDeadline+recording)
				switch run.Outcome {
				case assistant.OutcomeAnswered:
					require.Contains(t, run.Reply.Body, "0.12", "what a person wrote")
					require.NotEmpty(t, run.Reply.Citations)
				case assistant.OutcomeHandedOff:
					require.Contains(t, []string{
						s.fixed(prompts.AckUnsure, run.Language), s.fixed(prompts.AckDelay, run.Language),
					}, run.Reply.Body)
				case assistant.OutcomeClarify:
					require.Fail(t, "a clear question was asked back")
				}
			}
			require.Positive(t, s.model.Count(llmtest.Chat))
		})
	}
}

func TestModelThatFailsIsReplacedByThePassageThatAPersonWrote(t *testing.T) {
	t.Parallel()

	s := newSystem(t, options{respond: llmtest.Drafter, retries: impatient()})
	s.model.Always(llmtest.Chat, llmtest.ServerError(500))
	run := s.ask(t, feeQuestion)

	require.Equal(t, assistant.OutcomeAnswered, run.Outcome, run.Reasons)
	require.Contains(t, run.Reply.Body, "0.12 %")
	require.Equal(t, 1, s.count(t, `SELECT count(*) FROM run_steps WHERE stage = 'draft' AND status = 'failed'`))
	require.Equal(t, 1, s.count(t, `SELECT count(*) FROM run_steps WHERE stage = 'draft' AND detail->>'method' = 'extractive'`))
}

func TestAnAutomaticAnswerTakesOneChatCallAndOneEmbedding(t *testing.T) {
	t.Parallel()

	// Other articles beside the right ones: how rare a word is tells how sure the search may be.
	var names []string
	for _, slug := range []string{"trading-fees", "cannot-log-in", "deposit-missing-memo", "proof-of-reserves", "withdrawal-pending"} {
		names = append(names, "en/"+slug+".md", "zh-Hans/"+slug+".md")
	}
	s := newSystem(t, options{articles: sampleArticles(t, names...), respond: llmtest.Drafter})
	imported := s.model.Count(llmtest.Embeddings)
	for i, question := range []string{feeQuestion, feeQuestionZh} {
		run := s.ask(t, question)

		require.Equal(t, assistant.OutcomeAnswered, run.Outcome, run.Reasons)
		require.Equal(t, i+1, s.model.Count(llmtest.Chat))
		require.LessOrEqual(t, s.model.Count(llmtest.Embeddings)-imported, i+1)
	}
}

func TestFailingStageHandsOver(t *testing.T) {
	t.Parallel()

	broken := errors.New("disk on fire at 10.0.0.7")
	tests := map[string]struct {
		options  options
		question string
		language string
		reason   assistant.Reason
		text     prompts.Key
	}{
		"SearchFails": {
			options: options{search: failingSearch(broken)}, question: feeQuestion, language: "en",
			reason: assistant.ReasonFailure, text: prompts.AckDelay,
		},
		"SearchFailsInChinese": {
			options: options{search: failingSearch(broken)}, question: feeQuestionZh, language: "zh-Hans",
			reason: assistant.ReasonFailure, text: prompts.AckDelay,
		},
		"SearchTakesTooLong": {
			options:  options{deadline: 300 * time.Millisecond, search: endlessSearch},
			question: feeQuestion, language: "en", reason: assistant.ReasonDeadline, text: prompts.AckDelay,
		},
		"SettingsFail": {
			options: options{store: withoutSettings(broken)}, question: feeQuestionZh, language: "zh-Hans",
			reason: assistant.ReasonFailure, text: prompts.AckDelay,
		},
		// A customer who is being robbed is told what to do, also on the day on which everything is broken.
		"SettingsFailForAHackedAccount": {
			options: options{store: withoutSettings(broken)}, question: hackedZh, language: "zh-Hans",
			reason: assistant.ReasonFailure, text: prompts.ContainUnknownWithdrawal,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			s := newSystem(t, test.options)
			run := s.ask(t, test.question)

			require.Equal(t, assistant.OutcomeHandedOff, run.Outcome)
			require.Equal(t, []assistant.Reason{test.reason}, run.Reasons)
			require.Equal(t, test.language, run.Reply.Language)
			require.Equal(t, s.fixed(test.text, test.language), run.Reply.Body)
			require.Empty(t, s.tablesWith(t, "10.0.0.7"), "what broke is for operators")
		})
	}
}

func TestModelThatHangsBeyondTheDeadlineHandsOver(t *testing.T) {
	t.Parallel()

	s := newSystem(t, options{deadline: time.Second, respond: llmtest.Drafter, retries: llm.ResilienceConfig{AttemptTimeout: time.Minute}})
	s.model.Always(llmtest.Chat, llmtest.Hang())
	started := time.Now()
	run := s.ask(t, feeQuestion)

	require.Less(t, time.Since(started), time.Second+recording)
	require.Equal(t, []assistant.Reason{assistant.ReasonDeadline}, run.Reasons)
	require.Equal(t, s.fixed(prompts.AckDelay, "en"), run.Reply.Body)
	require.Equal(t, 1, s.count(t, `SELECT count(*) FROM river_job WHERE kind = 'draft_for_agent'`), "a person gets the draft later")
}

func TestQuestionEndsAlsoWhenTheCallerWentAway(t *testing.T) {
	t.Parallel()

	ctx, leave := context.WithCancel(t.Context())
	s := newSystem(t, options{respond: func(request llmtest.ChatRequest) llmtest.ChatReply {
		leave()
		return llmtest.Drafter(request)
	}})
	run, err := s.Handle(ctx, assistant.Question{Body: feeQuestion, Channel: "widget"})

	require.NoError(t, err)
	require.Error(t, ctx.Err())
	require.True(t, run.Concluded())
	require.Equal(t, 1, s.count(t, `SELECT count(*) FROM runs WHERE status = 'concluded'`))
	require.Equal(t, 2, s.count(t, `SELECT count(*) FROM messages`))
}

func TestQuestionThatCannotBeRecordedIsRescued(t *testing.T) {
	t.Parallel()

	crash := &crashingStore{left: 1}
	s := newSystem(t, options{store: func(store assistant.Store) assistant.Store {
		crash.Store = store
		return crash
	}})
	_, err := s.Handle(t.Context(), assistant.Question{Body: feeQuestion, Channel: "widget"})
	require.Error(t, err)
	require.Equal(t, 1, s.count(t, `SELECT count(*) FROM runs WHERE status = 'running'`), "the question is kept")
	require.Equal(t, 1, s.count(t, `SELECT count(*) FROM runs WHERE status = 'running' AND rescue_at > now()`))

	run, err := s.Recover(t.Context(), crash.runID)
	require.NoError(t, err)
	require.Equal(t, assistant.OutcomeAnswered, run.Outcome, run.Reasons)
	require.Equal(t, 2, s.count(t, `SELECT count(*) FROM messages`))

	again, err := s.Recover(t.Context(), crash.runID)
	require.NoError(t, err)
	require.Equal(t, run, again)
	require.Equal(t, 2, s.count(t, `SELECT count(*) FROM messages`), "exactly once")
}

// A customer who asks again after the replica died gets the answer at once, not when the rescue comes by.
func TestRepeatOfAnAbandonedQuestionEndsIt(t *testing.T) {
	t.Parallel()

	crash := &crashingStore{left: 1}
	s := newSystem(t, options{store: func(store assistant.Store) assistant.Store {
		crash.Store = store
		return crash
	}})
	q := assistant.Question{Body: feeQuestion, Channel: "widget", ConversationID: uuid.Nil, IdempotencyKey: "k"}
	key, _, err := s.store.CreateKey(t.Context(), postgres.Key{Name: "site", Role: postgres.RoleWidget})
	require.NoError(t, err)
	q.APIKeyID = key.ID
	_, err = s.Handle(t.Context(), q)
	require.Error(t, err)
	s.Clock = func() time.Time { return time.Now().Add(time.Hour) }
	run, err := s.Handle(t.Context(), q)

	require.NoError(t, err)
	require.Equal(t, assistant.OutcomeAnswered, run.Outcome, run.Reasons)
	again, err := s.Recover(t.Context(), run.ID)
	require.NoError(t, err)
	require.Equal(t, run.Reply.ID, again.Reply.ID)
	require.Equal(t, 2, s.count(t, `SELECT count(*) FROM messages`), "exactly once")
}

// A wall clock jumps when it is corrected: each look at it here finds it an hour from the look before.
func TestAClockThatJumpsLosesNoQuestion(t *testing.T) {
	t.Parallel()

	for name, jump := range map[string]time.Duration{"Ahead": time.Hour, "Back": -time.Hour} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			s := newSystem(t, options{deadline: time.Second, respond: llmtest.Drafter, retries: llm.ResilienceConfig{AttemptTimeout: time.Minute}})
			var looks atomic.Int64
			s.Clock = func() time.Time { return time.Now().Add(time.Duration(looks.Add(1)) * jump) }
			s.model.Always(llmtest.Chat, llmtest.Hang())
			rescues := 0
			run, err := s.Handle(t.Context(), assistant.Question{Body: feeQuestion, Channel: "widget", Accepted: func(assistant.Run) {
				rescues = s.count(t, `SELECT count(*) FROM runs
					WHERE status = 'running' AND rescue_at BETWEEN now() AND now() + interval '10 minutes'`)
			}})

			require.NoError(t, err)
			require.Equal(t, assistant.OutcomeHandedOff, run.Outcome)
			require.Equal(t, []assistant.Reason{assistant.ReasonDeadline}, run.Reasons, "the deadline is a second, whatever the clock says")
			require.Equal(t, 1, rescues)
		})
	}
}

func TestRecoverLeavesAConcludedRunAlone(t *testing.T) {
	t.Parallel()

	s := newSystem(t, options{respond: llmtest.Drafter})
	run := s.ask(t, feeQuestion)
	again, err := s.Recover(t.Context(), run.ID)

	require.NoError(t, err)
	require.Equal(t, run, again)
	require.Equal(t, 1, s.model.Count(llmtest.Chat))

	_, err = s.Recover(t.Context(), uuid.New())
	require.Equal(t, assistant.CodeNotFound, assistant.ErrorCode(err))
}

func TestRepeatedRequestsEndAsOneRun(t *testing.T) {
	t.Parallel()

	s := newSystem(t, options{respond: llmtest.Drafter})
	opened := s.ask(t, feeQuestion)
	const clients = 6
	runs := make([]assistant.Run, clients)
	failures := make([]error, clients)
	var group sync.WaitGroup
	for i := range clients {
		group.Go(func() {
			runs[i], failures[i] = s.Handle(t.Context(), assistant.Question{
				Body: feeQuestionZh, Channel: "widget", ClientID: "m2", ConversationID: opened.ConversationID,
			})
		})
	}
	group.Wait()

	require.NoError(t, errors.Join(failures...))
	for _, run := range runs {
		require.Equal(t, runs[0].ID, run.ID)
		require.Equal(t, runs[0].Reply, run.Reply)
	}
	require.Equal(t, 2, s.count(t, `SELECT count(*) FROM runs`))
	require.Equal(t, 2, s.model.Count(llmtest.Chat))
}

func TestRepeatOfTheSecondHalfOfASecretIsTheSameMessage(t *testing.T) {
	t.Parallel()

	s := newSystem(t, options{})
	first := s.ask(t, "my phrase: legal winner thank year wave sausage")
	second := assistant.Question{Body: "worth useful legal winner thank yellow", ClientID: "m2", ConversationID: first.ConversationID}
	run, again := s.say(t, second), s.say(t, second)
	require.Equal(t, run.ID, again.ID)
}

func TestInvalidQuestionIsRefusedAndNotStored(t *testing.T) {
	t.Parallel()

	s := newSystem(t, options{})
	long := make([]byte, 4*assistant.MaxMessageRunes)
	for i := range long {
		long[i] = 'a'
	}
	tests := map[string]struct {
		question assistant.Question
		field    string
		code     assistant.Code
	}{
		"Empty":               {assistant.Question{Channel: "widget"}, "message.body", assistant.CodeInvalid},
		"NotText":             {assistant.Question{Body: "\xff\xfe", Channel: "widget"}, "message.body", assistant.CodeInvalid},
		"TooLong":             {assistant.Question{Body: string(long), Channel: "widget"}, "message.body", assistant.CodeInvalid},
		"NoChannel":           {assistant.Question{Body: "hello"}, "channel", assistant.CodeInvalid},
		"UnknownConversation": {assistant.Question{Body: "hello", Channel: "widget", ConversationID: uuid.New()}, "conversation_id", assistant.CodeNotFound},
	}
	for name, test := range tests {
		_, err := s.Handle(t.Context(), test.question)

		var refused *assistant.Error
		require.ErrorAs(t, err, &refused, name)
		require.Equal(t, test.code, refused.Code, name)
		require.Equal(t, test.field, refused.Field, name)
		require.NotContains(t, refused.Message, test.question.Body[:min(4, len(test.question.Body))]+"aaaa", name)
	}
	require.Zero(t, s.count(t, `SELECT count(*) FROM messages`))
}
