package evals_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/assistant/confidence"
	"github.com/deskhand/deskhand/assistant/guard"
	"github.com/deskhand/deskhand/assistant/lang"
	"github.com/deskhand/deskhand/assistant/memory"
	"github.com/deskhand/deskhand/assistant/redact"
	"github.com/deskhand/deskhand/assistant/triage"
	"github.com/deskhand/deskhand/assistant/triage/intent"
	"github.com/deskhand/deskhand/assistant/triage/risk"
	"github.com/deskhand/deskhand/evals"
	"github.com/deskhand/deskhand/prompts"
	"github.com/deskhand/deskhand/retrieval"
	"github.com/deskhand/deskhand/retrieval/embed"
)

// knowledge is what the runs of all tests share.
var knowledge = sync.OnceValues(func() (assistant.Config, error) { //nolint:gochecknoglobals // takes a second to load
	var c assistant.Config
	var problems [9]error
	var detector *lang.Detector
	detector, problems[0] = lang.New()
	c.Guard, problems[1] = guard.New()
	c.Prompts, problems[2] = prompts.New()
	c.Redactor, problems[3] = redact.New(redact.Config{})
	c.Confidence, problems[4] = confidence.Default()
	taxonomy, err := intent.Default()
	problems[5] = err
	classifier, err := intent.Builtin(embed.New())
	problems[6] = err
	rules, err := risk.Default()
	problems[7] = err
	if err := errors.Join(problems[:]...); err != nil {
		return c, err
	}
	c.Triager, problems[8] = triage.New(taxonomy, classifier, rules)
	c.Clock = time.Now
	c.Language = detector.Detect
	c.NewID = func() uuid.UUID { return uuid.Must(uuid.NewV7()) }
	return c, problems[8]
})

// newRunner asks a pipeline that finds one article about fees, and for anything else nothing.
func newRunner(t *testing.T) evals.Runner {
	t.Helper()
	config, err := knowledge()
	require.NoError(t, err)
	store := memory.New(func(context.Context) (assistant.Settings, error) {
		policy := assistant.DefaultPolicy()
		policy.MinConfidence = 0
		return assistant.Settings{Policy: policy}, nil
	})
	config.Store = store
	config.Confidence.Basis.Embedder = "stub"
	config.Search = func(_ context.Context, query retrieval.Query) (retrieval.Results, error) {
		results := retrieval.Results{KBVersion: 1, Model: "stub"}
		if len(query.Intents) > 0 && query.Intents[0].Intent == "trading.fees" {
			results.Hits = []retrieval.Hit{{
				Article:  retrieval.ArticleRef{Locale: "en", Slug: "trading-fees", Title: "Trading fees"},
				Evidence: retrieval.Evidence{IntentMatch: true, Similarity: 0.9},
				Passage:  retrieval.Passage{Body: "The taker fee of the spot market is 0.12 % of each fill."},
			}}
		}
		return results, nil
	}
	return evals.Runner{Assistant: assistant.New(config), Clock: time.Now, Parallel: 4, Store: store}
}

func feeCase(id string, expect evals.Expect) evals.Case {
	return evals.Case{Conversation: []string{"whats the taker fee for spot"}, Expect: expect, ID: id, Locale: "en"}
}

func TestRun(t *testing.T) {
	t.Parallel()

	runner := newRunner(t)
	var mu sync.Mutex
	told := 0
	runner.Progress = func(evals.Result) {
		mu.Lock()
		defer mu.Unlock()
		told++
	}
	hacked := evals.Case{
		Conversation: []string{"hello there", "someone hacked my account"}, ID: "hacked", Locale: "en",
		Expect: evals.Expect{
			Intent: "security.account_hacked", Outcome: assistant.OutcomeHandedOff, Priority: "P1", Risks: []risk.Risk{risk.AccountTakeover},
		},
	}
	results, err := runner.Run(t.Context(), evals.Suite{Name: "s", Cases: []evals.Case{
		feeCase("right", evals.Expect{Article: "trading-fees", Language: "en", MustContain: []string{"0.12"}, Outcome: assistant.OutcomeAnswered}),
		feeCase("wrong", evals.Expect{Outcome: assistant.OutcomeClarify}),
		hacked,
	}})
	require.NoError(t, err)

	require.Equal(t, 3, told)
	require.Equal(t, []string{"right", "wrong", "hacked"}, []string{results[0].Case.ID, results[1].Case.ID, results[2].Case.ID})
	require.True(t, results[0].Passed(), results[0].Checks)
	require.Equal(t, []string{"trading-fees"}, results[0].Articles)
	require.Positive(t, results[0].Latency)
	require.Positive(t, results[0].Confidence)
	require.NotEmpty(t, results[0].Conclusion.Steps, "what was recorded is there for calibration")
	require.False(t, results[1].Passed())
	require.True(t, results[2].Passed(), results[2].Checks)
	require.Equal(t, []string{"account_takeover"}, results[2].Risks)
}

func TestRunGradesTheDraftOfACaseThatIsHandedOver(t *testing.T) {
	t.Parallel()

	runner := newRunner(t)
	runner.Assistant.Search = func(_ context.Context, _ retrieval.Query) (retrieval.Results, error) {
		return retrieval.Results{Hits: []retrieval.Hit{{ // in a language that the customer did not ask in
			Article: retrieval.ArticleRef{Locale: "ar", Slug: "trading-fees", Title: "الرسوم"},
			Passage: retrieval.Passage{Body: "رسوم الصفقة 0.12 % من كل عملية تنفيذ في السوق الفورية."},
		}}}, nil
	}
	results, err := runner.Run(t.Context(), evals.Suite{Cases: []evals.Case{
		feeCase("draft", evals.Expect{Article: "trading-fees", Outcome: assistant.OutcomeHandedOff}),
	}})

	require.NoError(t, err)
	require.True(t, results[0].Passed(), results[0].Checks)
}

func TestRunCountsAFailureOfThePipelineAsACaseThatDidNotPass(t *testing.T) {
	t.Parallel()

	runner := newRunner(t)
	invalid := feeCase("invalid", evals.Expect{Outcome: assistant.OutcomeAnswered})
	invalid.Conversation = []string{"\xff"}
	results, err := runner.Run(t.Context(), evals.Suite{Cases: []evals.Case{
		invalid, feeCase("next", evals.Expect{Outcome: assistant.OutcomeAnswered}),
	}})

	require.NoError(t, err)
	require.False(t, results[0].Passed())
	require.Equal(t, "pipeline", results[0].Checks[0].Name)
	require.Equal(t, evals.WrongAnswer, results[0].Ending)
	require.Contains(t, results[0].Checks[0].Why, "UTF-8")
	require.True(t, results[1].Passed(), "one failure does not stop the suite")
}

func TestRunEndsWithItsContext(t *testing.T) {
	t.Parallel()

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := newRunner(t).Run(ctx, evals.Suite{Name: "s", Cases: []evals.Case{feeCase("a", evals.Expect{})}})
	require.ErrorIs(t, err, context.Canceled)
}
