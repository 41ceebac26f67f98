package evals_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/evals"
)

// saved is a report of n cases in English and one in Arabic, of which those named came out wrong.
func saved(n int, wrong ...string) evals.Report {
	results := make([]evals.Result, 0, n+1)
	for i := range n + 1 {
		r := evals.Result{
			Case: evals.Case{
				ID: fmt.Sprintf("c%02d", i), Conversation: []string{"费用是多少"}, Locale: "en",
				Expect: evals.Expect{Article: "trading-fees", Outcome: assistant.OutcomeAnswered}, Tags: []string{"fees"},
			},
			Articles: []string{"trading-fees"}, Ending: evals.CorrectAnswer, Outcome: assistant.OutcomeAnswered,
		}
		if i == n {
			r.Case.ID, r.Case.Locale = "ar", "ar"
		}
		for _, id := range wrong {
			if id == r.Case.ID {
				r.Articles, r.Ending = []string{"deposits"}, evals.WrongAnswer
			}
		}
		r.Checks = evals.Grade(r.Case.Expect, r)
		results = append(results, r)
	}
	return evals.NewReport(evals.Suite{Name: "s"}, results)
}

func reread(t *testing.T, report evals.Report) evals.Report {
	t.Helper()
	encoded, err := json.Marshal(report)
	require.NoError(t, err)
	again, err := evals.ReadReport(bytes.NewReader(encoded), "r.json")
	require.NoError(t, err)
	return again
}

func verdicts(c *evals.Comparison) map[string]evals.Verdict {
	all := make(map[string]evals.Verdict)
	for _, d := range c.Figures {
		all[d.Name] = d.Verdict
	}
	for _, d := range c.Slices {
		all[d.Slice] = d.Verdict
	}
	return all
}

func TestCompareOfTheSameRunFindsNothing(t *testing.T) {
	t.Parallel()

	report := saved(20, "c03")
	c := evals.Compare(reread(t, report), report)
	require.Equal(t, 21, c.Pairs, "a saved case is the same as the one that was run")
	require.Empty(t, append(append(c.Better, c.Worse...), c.Moved...))
	for name, verdict := range verdicts(c) {
		require.Equal(t, evals.NoEvidence, verdict, name)
	}
}

func TestCompareGivesAVerdictForEachFigure(t *testing.T) {
	t.Parallel()

	wrong := []string{"c00", "c01", "c02", "c03", "c04", "c05", "c06", "c07"}
	good, bad := saved(20), saved(20, wrong...)
	worse, better := verdicts(evals.Compare(good, bad)), verdicts(evals.Compare(bad, good))
	for _, name := range []string{"pass_rate", "right_rate", "answer_precision", "answer_rate", "wrong_rate", "locale=en", "tag=fees"} {
		require.Equal(t, evals.Worse, worse[name], name)
		require.Equal(t, evals.Better, better[name], name)
	}
	for _, name := range []string{"mandatory_recall", "needless_rate", "locale=ar"} {
		require.Equal(t, evals.NoEvidence, worse[name], name)
	}
}

func TestCompareClaimsNothingFromAFewCases(t *testing.T) {
	t.Parallel()

	c := evals.Compare(saved(20), saved(20, "c00", "c01", "c02", "c03")) // the interval leaves out 0, McNemar's p is 0.125
	require.Less(t, c.Figures[0].Upper, 0.0)
	require.InDelta(t, 0.125, c.Figures[0].McNemar, 1e-12)
	require.Equal(t, evals.NoEvidence, c.Figures[0].Verdict)
	require.Len(t, c.Worse, 4)
	require.Equal(t, evals.Change{After: evals.WrongAnswer, Before: evals.CorrectAnswer, Failed: []string{"article"}, ID: "c00"}, c.Worse[0])
}

func TestCompareLeavesOutCasesThatAreNotTheSame(t *testing.T) {
	t.Parallel()

	before, after := saved(3), saved(3)
	after.Results[0].Case.Expect.Article = "vip-levels"
	after.Results[1].Case.ID = "new"
	c := evals.Compare(before, after)
	require.Equal(t, []string{"c00"}, c.Changed)
	require.Equal(t, []string{"c01"}, c.OnlyBefore)
	require.Equal(t, []string{"new"}, c.OnlyAfter)
	require.Equal(t, 2, c.Pairs)
}

func TestComparisonIsPrinted(t *testing.T) {
	t.Parallel()

	var table strings.Builder
	require.NoError(t, evals.Compare(saved(20), saved(20, "c00")).WriteTable(&table))
	for _, want := range []string{"pass_rate         no evidence  -0.048 [-0.143, +0.000]", "c00   worse  correct_answer  wrong_answer  article", "21 cases compared: 0 better, 1 worse"} {
		require.Contains(t, table.String(), want)
	}
	require.ErrorIs(t, evals.Compare(saved(1), saved(1)).WriteTable(brokenPipe{}), errPipe)
}

func TestReadReportSaysWhatIsWrong(t *testing.T) {
	t.Parallel()

	one := `{"case": {"id": "a"}, "checks": [{"name": "outcome", "passed": true}], "ending": "correct_answer"}`
	tests := map[string]struct{ json, says string }{
		"NotJSON":      {"name: smoke", `not what "deskhand eval run --json" prints`},
		"NoResults":    {`{"suite": "s"}`, "results is empty"},
		"NoID":         {`{"results": [{"checks": []}]}`, "result 1 (): case.id is missing"},
		"NoChecks":     {`{"results": [{"case": {"id": "a"}, "ending": "correct_answer"}]}`, "result 1 (a): checks is empty"},
		"OtherVersion": {`{"results": [{"case": {"id": "a"}, "checks": [{"name": "outcome"}]}]}`, "run the suite again"},
		"DuplicateID":  {`{"results": [` + one + `,` + one + `]}`, `the id "a" is used twice`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			_, err := evals.ReadReport(strings.NewReader(test.json), "r.json")
			require.ErrorContains(t, err, "read result r.json")
			require.ErrorContains(t, err, test.says)
		})
	}
}

func FuzzReadReport(f *testing.F) {
	encoded, err := json.Marshal(saved(1, "ar"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(encoded)
	f.Add([]byte(`{"results": [null]}`))
	f.Fuzz(func(t *testing.T, content []byte) {
		report, err := evals.ReadReport(bytes.NewReader(content), "fuzz.json")
		if err != nil {
			return
		}
		if c := evals.Compare(report, report); len(c.Worse)+len(c.Better)+len(c.Moved)+len(c.OnlyAfter)+len(c.OnlyBefore) > 0 {
			t.Errorf("a run differs from itself: %+v", c)
		}
	})
}
