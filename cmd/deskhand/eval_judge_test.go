package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant/llm/llmtest"
	"github.com/deskhand/deskhand/assistant/postgres/pgtest"
	"github.com/deskhand/deskhand/evals"
)

func TestAModelThatJudgesIsHeldAgainstPeople(t *testing.T) {
	t.Parallel()

	cases := filepath.Join(t.TempDir(), "rows.jsonl")
	require.NoError(t, os.WriteFile(cases, []byte(`{"id":"a","draft":"Maker orders cost 0.1 %.","lang":"en","sources":["Maker orders cost 0.1 %."],"verdict":"pass","kind":"plain"}
{"id":"b","draft":"挂单手续费为 7 %。","lang":"zh-Hans","sources":["挂单手续费为 0.1 %。"],"verdict":"block","kind":"number"}
{"id":"c","draft":"راسل @quayside_helpdesk","lang":"ar","sources":["راسلنا."],"verdict":"block","kind":"handle"}
`), 0o600))
	model := llmtest.NewWith(t, llmtest.Options{Responder: func(llmtest.ChatRequest) llmtest.ChatReply {
		return llmtest.ChatReply{Content: `{"why":"all is well","score":1}`}
	}})
	desk := []string{"eval", "judge", "--cases", cases, "--database-url", pgtest.EmptyURL(t)}

	printed := command(t, exitOK, append(desk, "--openai-base-url", model.BaseURL(), "--chat-model", "yes", "--json")...)
	report := decoded[evals.JudgeReport](t, printed.out)
	require.Equal(t, []string{"b"}, report.Disagreed)
	require.Equal(t, 2, report.Judge.Pairs)
	require.Equal(t, 2, report.Guard.Agreed)
	printed = command(t, exitOK, append(desk, "--openai-base-url", model.BaseURL(), "--chat-model", "yes", "--limit", "1")...)
	require.Contains(t, printed.out, "1/1 agree")

	require.Contains(t, command(t, exitUsage, desk...).err, "a judge needs a model")
	require.Contains(t, command(t, exitUsage, append(desk, "--limit=-1")...).err, "--limit")
}
