package main

import (
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/assistant/llm/llmtest"
	"github.com/deskhand/deskhand/retrieval"
	"github.com/deskhand/deskhand/retrieval/files"
)

func TestAnIdenticalQuestionIsAnsweredWithoutACallUntilSomethingChanges(t *testing.T) {
	t.Parallel()

	server := llmtest.NewWith(t, llmtest.Options{Responder: llmtest.Drafter})
	s := newServing(t, config{Providers: providersFile(t, server)})
	imported := server.Count(llmtest.Embeddings)
	first, again := s.ask(t), s.ask(t)
	require.Equal(t, assistant.OutcomeAnswered, first.Decision.Outcome, first.Decision.Reasons)
	require.Equal(t, first.Reply.Body, again.Reply.Body)
	require.True(t, again.Explained.Usage.Cached)
	require.Equal(t, 1, server.Count(llmtest.Chat))
	require.Equal(t, 1, server.Count(llmtest.Embeddings)-imported)

	policy := assistant.DefaultPolicy()
	policy.MinConfidence = 1
	_, err := s.store.SetPolicy(t.Context(), policy, assistant.AnyVersion, "test")
	require.NoError(t, err)
	require.Equal(t, assistant.OutcomeHandedOff, s.ask(t).Decision.Outcome, "what is decided of it is decided anew")
	require.Equal(t, 1, server.Count(llmtest.Chat))
	_, err = s.store.SetPolicy(t.Context(), assistant.DefaultPolicy(), assistant.AnyVersion, "test")
	require.NoError(t, err)

	content, err := fs.ReadFile(retrieval.Sample(), "en/trading-fees.md")
	require.NoError(t, err)
	dearer := strings.ReplaceAll(string(content), "0.12", "0.34")
	_, err = s.index.Import(t.Context(), files.FS(fstest.MapFS{"en/trading-fees.md": &fstest.MapFile{Data: []byte(dearer)}}),
		retrieval.ImportOptions{Source: "test"})
	require.NoError(t, err)
	changed := s.ask(t)
	require.Contains(t, changed.Reply.Body, "0.34")
	require.Equal(t, 2, server.Count(llmtest.Chat), "another article is another prompt")

	other := s.with(t, llmtest.NewWith(t, llmtest.Options{Responder: llmtest.Drafter}))
	require.False(t, other.ask(t).Explained.Usage.Cached, "another provider has not been asked")
}
