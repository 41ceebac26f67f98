package evals_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/assistant/confidence"
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

// labelled is a case that got as far as a draft.
func labelled(right bool, similarity float64) evals.Result {
	r := evals.Result{
		Articles: []string{"trading-fees"},
		Case:     evals.Case{Expect: evals.Expect{Article: "trading-fees", Outcome: assistant.OutcomeAnswered}},
	}
	if !right {
		r.Case.Expect.Article = "deposits"
	}
	r.Conclusion.Explained.Evidence = confidence.Evidence{GuardPassed: true, Similarity: similarity}
	return r
}

func TestCalibrate(t *testing.T) {
	t.Parallel()

	var results []evals.Result
	for i := range 60 {
		spread := float64(i%6) / 10
		results = append(results, labelled(true, 0.5+spread), labelled(false, spread))
	}
	calibration, err := evals.Calibrate(results, "f1")
	require.NoError(t, err)

	require.Equal(t, 120, calibration.Cases)
	require.Equal(t, 60, calibration.Correct)
	require.Equal(t, "f1", calibration.Model.Fingerprint)
	require.Greater(t, calibration.Model.Weights["similarity"], 0.0)
	require.Less(t, calibration.Brier, 0.25, "better than a coin")
	first, last := calibration.Precision[0], calibration.Precision[len(calibration.Precision)-1]
	require.Equal(t, []float64{0.3, 0.95}, []float64{first.Threshold, last.Threshold})
	require.GreaterOrEqual(t, first.Answered, last.Answered)
	require.GreaterOrEqual(t, first.Coverage, last.Coverage)
	for _, point := range calibration.Precision {
		require.LessOrEqual(t, point.Precision, 1.0)
		require.LessOrEqual(t, point.Coverage, 1.0)
	}
}

func TestCalibrateCountsOnlyDraftsThatTheGuardPassed(t *testing.T) {
	t.Parallel()

	var results []evals.Result
	for i := range 40 {
		results = append(results, labelled(i%2 == 0, float64(i)/40))
	}
	stopped, undrafted := labelled(true, 1), labelled(true, 0)
	stopped.Conclusion.Explained.Evidence.GuardPassed = false
	undrafted.Conclusion.Explained.Evidence = confidence.Evidence{}
	calibration, err := evals.Calibrate(append(results, stopped, undrafted), "f1")

	require.NoError(t, err)
	require.Equal(t, 40, calibration.Cases)
}

func TestCalibrateKnowsWhatIsRight(t *testing.T) {
	t.Parallel()

	// What a draft says in a case that expects no answer is wrong, and so is the right answer without the article.
	noAnswer, noArticle := labelled(true, 0.5), labelled(true, 0.5)
	noAnswer.Case.Expect.Outcome = assistant.OutcomeHandedOff
	noArticle.Case.Expect.Article = ""
	for name, wrong := range map[string]evals.Result{"NoAnswerExpected": noAnswer, "NoArticleNamed": noArticle} {
		var results []evals.Result
		for range 20 {
			results = append(results, wrong, labelled(true, 0.9))
		}
		calibration, err := evals.Calibrate(results, "")
		require.NoError(t, err, name)
		require.Equal(t, 20, calibration.Correct, name)
	}
}

func TestCalibrateRefusesOneSidedCases(t *testing.T) {
	t.Parallel()

	for name, right := range map[string]bool{"AllRight": true, "AllWrong": false} {
		var results []evals.Result
		for i := range 30 {
			results = append(results, labelled(right, float64(i)/30))
		}
		_, err := evals.Calibrate(results, "")
		require.ErrorContains(t, err, "must hold right and wrong answers", name)
		require.ErrorContains(t, err, "30 cases", name)
	}
	_, err := evals.Calibrate(nil, "")
	require.Error(t, err)
}

// A rare kind that lies in one fold leaves the others one-sided: an error, not a wrong figure.
func TestCalibrateRefusesTooFewCasesToCrossValidate(t *testing.T) {
	t.Parallel()

	results := []evals.Result{labelled(false, 0.1)}
	for i := range 20 {
		results = append(results, labelled(true, float64(i)/20))
	}
	_, err := evals.Calibrate(results, "")
	require.ErrorContains(t, err, "cross-validate")
}

func TestFingerprint(t *testing.T) {
	t.Parallel()

	first, second := evals.Fingerprint("a", "b"), evals.Fingerprint("a", "b")
	require.Equal(t, first, second)
	require.Len(t, evals.Fingerprint("a"), 12)
	require.NotEqual(t, evals.Fingerprint("ab", "c"), evals.Fingerprint("a", "bc"))
	require.NotEqual(t, evals.Fingerprint("a", "b"), evals.Fingerprint("b", "a"))
}
