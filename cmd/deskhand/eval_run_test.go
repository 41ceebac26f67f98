package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/evals"
)

func TestEvalRunAsksOnlyTheCasesThatItsFlagsLeave(t *testing.T) {
	t.Parallel()

	saved := filepath.Join(t.TempDir(), "saved.json")
	result := func(id string, passed bool) evals.Result {
		return evals.Result{Case: evals.Case{ID: id}, Checks: []evals.Check{{Name: "article", Passed: passed}}, Ending: evals.WrongAnswer}
	}
	var content bytes.Buffer
	results := []evals.Result{result("a", false), result("b", true), result("c", false), result("gone", false)}
	require.NoError(t, encodeJSON(&content, evals.NewReport(evals.Suite{}, results)))
	require.NoError(t, os.WriteFile(saved, content.Bytes(), 0o600))

	tests := map[string]struct {
		command evalRunCmd
		want    []string // ids; none: an error
	}{
		"All":             {evalRunCmd{}, []string{"a", "b", "c"}},
		"Tag":             {evalRunCmd{Tag: []string{"x", "y"}}, []string{"a", "b"}},
		"UnknownTag":      {evalRunCmd{Tag: []string{"z"}}, nil},
		"Limit":           {evalRunCmd{Limit: 2}, []string{"a", "b"}},
		"LimitAboveAll":   {evalRunCmd{Limit: 9}, []string{"a", "b", "c"}},
		"SomeAtRandom":    {evalRunCmd{Limit: 2, Seed: 5}, []string{"c", "a"}},
		"FrozenHalf":      {evalRunCmd{Half: "frozen"}, []string{"b"}},
		"OnlyFailed":      {evalRunCmd{OnlyFailed: saved}, []string{"a", "c"}},
		"FirstThatFailed": {evalRunCmd{Limit: 1, OnlyFailed: saved}, []string{"a"}},
		"NoResult":        {evalRunCmd{OnlyFailed: "eval_run_test.go"}, nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			suite := evals.Suite{Name: "s", Cases: []evals.Case{{ID: "a", Tags: []string{"x"}}, {ID: "b", Tags: []string{"y"}}, {ID: "c"}}}
			if test.command.Half == "" {
				test.command.Half = string(evals.HalfAll)
			}
			suite, err := test.command.narrow(t.Context(), nil, suite) // a saved file needs no archive
			if test.want == nil {
				require.ErrorIs(t, err, errConfig)
				return
			}
			require.NoError(t, err)
			var ids []string
			for _, c := range suite.Cases {
				ids = append(ids, c.ID)
			}
			require.Equal(t, test.want, ids)
		})
	}
}

func TestEvalLintNamesTheLine(t *testing.T) {
	t.Parallel()

	bad := filepath.Join(t.TempDir(), "bad.yaml")
	require.NoError(t, os.WriteFile(bad, []byte("name: s\ncases:\n  - id: a\n    conversation: [x]\n    expect: {outcome: solved}\n"), 0o600))
	for _, test := range []struct {
		suite, says string
		code        int
	}{
		{"../../evals/suites/smoke.yaml", "nothing wrong", exitOK},
		{"../../evals/suites/handoff-dev.jsonl", "1307 cases, nothing wrong", exitOK},
		{bad, `line 3: case 1 (a): expect.outcome is "solved"`, exitFailed},
	} {
		var out bytes.Buffer
		require.Equal(t, test.code, run(t.Context(), []string{"eval", "lint", test.suite}, streams{err: &out, out: &out}))
		require.Contains(t, out.String(), test.says)
	}
}
