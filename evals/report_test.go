package evals_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/assistant/triage/risk"
	"github.com/deskhand/deskhand/evals"
)

func TestGrade(t *testing.T) {
	t.Parallel()

	got := evals.Result{
		Articles: []string{"trading-fees", "vip-levels"}, Intent: "trading.fees", Language: "en", Outcome: assistant.OutcomeAnswered,
		Priority: "P4", Reply: "The Taker fee is 0.12 %.", Risks: []string{"complaint"},
	}
	tests := map[string]struct {
		expect evals.Expect
		failed string // the check that fails; empty: none
		why    string
	}{
		"OutcomeHolds": {expect: evals.Expect{Outcome: assistant.OutcomeAnswered}},
		"OutcomeFails": {
			evals.Expect{Outcome: assistant.OutcomeHandedOff}, "outcome", `want "handed_off", got "answered"`,
		},
		"ArticleIsOneOfThoseCited": {expect: evals.Expect{Article: "vip-levels", Outcome: assistant.OutcomeAnswered}},
		"ArticleIsMissing": {
			evals.Expect{Article: "deposits", Outcome: assistant.OutcomeAnswered}, "article", `want "deposits" among ["trading-fees" "vip-levels"]`,
		},
		"IntentHolds":   {expect: evals.Expect{Intent: "trading.fees", Outcome: assistant.OutcomeAnswered}},
		"IntentFails":   {evals.Expect{Intent: "trading.how_to", Outcome: assistant.OutcomeAnswered}, "intent", `got "trading.fees"`},
		"LanguageHolds": {expect: evals.Expect{Language: "en", Outcome: assistant.OutcomeAnswered}},
		"LanguageFails": {evals.Expect{Language: "ar", Outcome: assistant.OutcomeAnswered}, "language", `want "ar", got "en"`},
		"PriorityHolds": {expect: evals.Expect{Priority: "P4", Outcome: assistant.OutcomeAnswered}},
		"PriorityFails": {evals.Expect{Priority: "P1", Outcome: assistant.OutcomeAnswered}, "priority", `want "P1", got "P4"`},
		"RiskHolds":     {expect: evals.Expect{Risks: []risk.Risk{risk.Complaint}, Outcome: assistant.OutcomeAnswered}},
		"RiskFails": {
			evals.Expect{Risks: []risk.Risk{risk.SIMSwap}, Outcome: assistant.OutcomeAnswered}, "risk", `want "sim_swap" among ["complaint"]`,
		},
		"TextIsThereInAnyCase": {expect: evals.Expect{MustContain: []string{"taker FEE"}, Outcome: assistant.OutcomeAnswered}},
		"TextIsMissing": {
			evals.Expect{MustContain: []string{"maker"}, Outcome: assistant.OutcomeAnswered}, "must_contain", `want "maker" in the reply`,
		},
		"TextIsAbsent": {expect: evals.Expect{MustNotContain: []string{"maker"}, Outcome: assistant.OutcomeAnswered}},
		"TextIsThereAndMustNotBe": {
			evals.Expect{MustNotContain: []string{"TAKER"}, Outcome: assistant.OutcomeAnswered}, "must_not_contain", `want no "TAKER" in the reply`,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			result := got
			result.Checks = evals.Grade(test.expect, got)
			require.Equal(t, test.failed == "", result.Passed())
			for _, check := range result.Checks {
				require.Equal(t, check.Name != test.failed, check.Passed, check.Name)
				if check.Passed {
					require.Empty(t, check.Why)
				} else {
					require.Contains(t, check.Why, test.why)
				}
			}
		})
	}
}

func TestGradeChecksEachExpectation(t *testing.T) {
	t.Parallel()

	checks := evals.Grade(evals.Expect{
		Article: "a", Intent: "i", Language: "l", MustContain: []string{"x", "y"}, MustNotContain: []string{"z"},
		Outcome: assistant.OutcomeAnswered, Priority: "P1", Risks: []risk.Risk{risk.SIMSwap, risk.Minor},
	}, evals.Result{})
	names := make([]string, len(checks))
	for i, check := range checks {
		names[i] = check.Name
	}
	require.Equal(t, []string{
		"outcome", "article", "intent", "language", "priority", "risk", "risk", "must_contain", "must_contain", "must_not_contain",
	}, names)
}

// result of a case that passed or not.
func result(locale string, passed bool, latency time.Duration, tags ...string) evals.Result {
	return evals.Result{
		Case: evals.Case{ID: locale, Locale: locale, Tags: tags}, Checks: []evals.Check{{Name: "outcome", Passed: passed, Why: "because"}},
		Ending: evals.CorrectAnswer, Latency: latency, Outcome: assistant.OutcomeAnswered,
	}
}

func TestReport(t *testing.T) {
	t.Parallel()

	results := []evals.Result{
		result("en", true, 10*time.Millisecond, "security"),
		result("en", false, 30*time.Millisecond, "security", "fees"),
		result("ar", true, 20*time.Millisecond),
	}
	results[1].Case.Weight = 3
	results[1].Ending = evals.WrongAnswer
	results[2].Case.Expect = evals.Expect{Intent: "trading.fees", Risks: []risk.Risk{risk.Minor}}
	report := evals.NewReport(evals.Suite{Name: "smoke"}, results)

	require.Equal(t, []int{3, 2}, []int{report.Total.Cases, report.Total.Passed})
	require.InDelta(t, 5, report.Total.Weight, 0)
	require.InDelta(t, 2, report.Total.Won, 0)
	require.Equal(t, 2, report.Total.Figures["pass_rate"].Hits)
	require.Equal(t, map[evals.Ending]int{evals.CorrectAnswer: 2, evals.WrongAnswer: 1}, report.Total.Endings)
	require.Equal(t, []int{2, 1}, []int{report.ByLocale["en"].Cases, report.ByLocale["en"].Passed})
	require.Equal(t, []int{1, 1}, []int{report.ByLocale["ar"].Cases, report.ByLocale["ar"].Passed})
	require.Equal(t, []int{2, 1}, []int{report.ByTag["security"].Cases, report.ByTag["security"].Passed})
	require.Equal(t, []int{1, 0}, []int{report.ByTag["fees"].Cases, report.ByTag["fees"].Passed})
	require.Equal(t, 1, report.ByRisk["minor"].Cases)
	require.Equal(t, 1, report.ByIntent["trading.fees"].Cases)
	require.Len(t, report.ByIntent, 1, "a case that expects no intent is in no slice of intents")
	require.Equal(t, 20*time.Millisecond, report.P50)
	require.Equal(t, 30*time.Millisecond, report.P95)
	require.False(t, report.Passed())
	require.True(t, evals.NewReport(evals.Suite{}, results[:1]).Passed())

	var table strings.Builder
	require.NoError(t, report.WriteTable(&table))
	for _, want := range []string{"FAIL", "outcome: because", "locale=en            0.500 [0.095, 0.905] 1/2", "wrong_answer              1", "smoke: 2 of 3 cases passed, p50 20ms, p95 30ms"} {
		require.Contains(t, table.String(), want)
	}
	require.Equal(t, 1, strings.Count(table.String(), "because"), "only what failed is explained")
}

func TestReportOfNothing(t *testing.T) {
	t.Parallel()

	report := evals.NewReport(evals.Suite{Name: "none"}, nil)
	require.Zero(t, report.P95)
	var table strings.Builder
	require.NoError(t, report.WriteTable(&table))
	require.Contains(t, table.String(), "none: 0 of 0")
}

func TestReportThatCannotBeWrittenIsAnError(t *testing.T) {
	t.Parallel()

	require.ErrorIs(t, evals.NewReport(evals.Suite{}, nil).WriteTable(brokenPipe{}), errPipe)
}

var errPipe = errors.New("broken pipe")

type brokenPipe struct{}

func (brokenPipe) Write([]byte) (int, error) { return 0, errPipe }
