package main

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

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
			model := llmtest.NewWith(t, llmtest.Options{Responder: llmtest.Drafter})
			return config{ChatModel: "stand-in", OpenAIBaseURL: model.BaseURL()}
		},
	}
	for name, configure := range modes {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			settings := configure(t)
			settings.RequestDeadline = 20 * time.Second
			a := testApp(t, settings)
			results, err := runOn(t.Context(), a, pgtest.EmptyURL(t), suite, 0)
			require.NoError(t, err)
			report := evals.NewReport(suite, results)
			var table bytes.Buffer
			require.NoError(t, report.WriteTable(&table))
			require.True(t, report.Passed(), table.String())
			if settings.hasModel() {
				require.Positive(t, modelTokens(results), "the model drafted")
			}
		})
	}
}

func modelTokens(results []evals.Result) int {
	tokens := 0
	for _, result := range results {
		tokens += result.PromptTokens
	}
	return tokens
}

// testApp is a command's surroundings with a configuration.
func testApp(t *testing.T, c config) *app {
	t.Helper()
	return &app{
		clock: time.Now, config: c, logger: slog.New(slog.DiscardHandler),
		streams: streams{err: t.Output(), in: strings.NewReader(""), out: t.Output()},
	}
}
