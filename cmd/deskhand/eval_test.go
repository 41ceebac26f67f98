package main

import (
	"bytes"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant/llm"
	"github.com/deskhand/deskhand/assistant/llm/llmtest"
	"github.com/deskhand/deskhand/assistant/postgres/pgtest"
	"github.com/deskhand/deskhand/evals"
)

// TestSmokeSuite runs what a release must get right, without and with a model.
func TestSmokeSuite(t *testing.T) {
	t.Parallel()

	suite, err := readSuite("../../evals/suites/smoke.yaml")
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(suite.Cases), 40)

	modes := map[string]func(t *testing.T) config{
		"Offline": func(*testing.T) config { return config{} },
		"WithModel": func(t *testing.T) config {
			t.Helper()
			model := llmtest.NewWith(t, llmtest.Options{Responder: countingTokens(t, llmtest.Drafter)})
			return config{ChatModel: "stand-in", OpenAIBaseURL: model.BaseURL()}
		},
	}
	for name, configure := range modes {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			settings := configure(t)
			settings.RequestDeadline = 2 * time.Minute
			a := testApp(t, settings)
			results, err := runOn(t.Context(), a, pgtest.EmptyURL(t), suite, 0)
			require.NoError(t, err)
			report := evals.NewReport(suite, results)
			var table bytes.Buffer
			require.NoError(t, report.WriteTable(&table))
			require.True(t, report.Passed(), table.String())
			if settings.hasModel() {
				t.Log(report.Costs)
				require.Positive(t, report.Costs.PromptMedian, "the model drafted")
				require.LessOrEqual(t, report.Costs.PromptMedian, maxMedianPrompt)
				require.LessOrEqual(t, report.Costs.MaxCalls, 2, "a chat and an embeddings call")
				for _, result := range results {
					require.LessOrEqual(t, result.ChatCalls, 1, result.Case.ID)
					if len(result.Conclusion.Explained.Triage.Risks) > 0 {
						require.Zero(t, result.ChatCalls+result.EmbeddingCalls, "a person takes %s: no model is asked", result.Case.ID)
					}
				}
			}
		})
	}
}

// maxMedianPrompt is what a prompt with six passages may take, in tokens.
const maxMedianPrompt = 1500

// countingTokens is a model that counts the tokens of its prompt as OpenAI's newer models do.
func countingTokens(t *testing.T, respond llmtest.Responder) llmtest.Responder {
	t.Helper()
	tokens := llm.NewTokens()
	return func(request llmtest.ChatRequest) llmtest.ChatReply {
		reply := respond(request)
		n, err := tokens.Count(llm.O200K, request.System()+request.User()+string(request.Schema()))
		if err != nil {
			return llmtest.ChatReply{Refusal: err.Error()}
		}
		reply.PromptTokens = n
		return reply
	}
}

// sharedKnowledge is the built-in one, which takes seconds under the race detector.
var sharedKnowledge = sync.OnceValues(func() (knowledge, error) { return loadKnowledge(config{}) }) //nolint:gochecknoglobals // see there

// loadShared loads what a desk brings for itself, and the rest once for all tests.
func loadShared(c config) (knowledge, error) {
	if c.Confidence != "" || c.IntentModel != "" || c.Taxonomy != "" || c.RedactPII {
		return loadKnowledge(c)
	}
	return sharedKnowledge()
}

// testApp is a command's surroundings with a configuration.
func testApp(t testing.TB, c config) *app {
	t.Helper()
	return &app{
		clock: time.Now, config: c, load: loadShared, logger: slog.New(slog.DiscardHandler),
		streams: streams{err: t.Output(), in: strings.NewReader(""), out: t.Output()},
	}
}
