package evals_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/assistant/confidence"
	"github.com/deskhand/deskhand/evals"
)

// labelled is a case that got as far as a draft.
func labelled(right bool, similarity float64) evals.Result {
	r := evals.Result{
		Case: evals.Case{Expect: evals.Expect{Article: "trading-fees", Outcome: assistant.OutcomeAnswered}},
	}
	if !right {
		r.Case.Expect.Article = "deposits"
	}
	r.Conclusion.Explained.Cited = []assistant.Citation{{Locale: "en", Slug: "trading-fees"}}
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
	basis := confidence.Basis{Embedder: "e", IntentModel: "i", Taxonomy: "t"}
	for i := range results {
		results[i].Conclusion.Explained.Basis = basis
	}
	calibration, err := evals.Calibrate(results, 0.8)
	require.NoError(t, err)

	require.Equal(t, 120, calibration.Cases)
	require.Equal(t, 60, calibration.Correct)
	require.Equal(t, basis, calibration.Model.Basis)
	require.Equal(t, basis.Fingerprint(), calibration.Model.Fingerprint)
	require.Greater(t, calibration.Model.Weights["similarity"], 0.0)
	require.Less(t, calibration.After.Brier, 0.25, "better than a coin")
	first, last := calibration.Points[0], calibration.Points[len(calibration.Points)-1]
	require.Equal(t, []float64{0.3, 0.95}, []float64{first.Threshold, last.Threshold})
	require.GreaterOrEqual(t, first.Coverage.Hits, last.Coverage.Hits)
	inBins := 0
	for _, bin := range calibration.Bins {
		inBins += bin.Kept.N
		require.GreaterOrEqual(t, bin.Promised, bin.From)
		require.LessOrEqual(t, bin.Promised, bin.To)
	}
	require.Equal(t, 120, inBins)
}

// A similarity above 0.5 is right here, one below 0 never: a precision of 0.8 costs the cases between.
func TestCalibrateSaysWhatAPrecisionCosts(t *testing.T) {
	t.Parallel()

	var results []evals.Result
	for i := range 200 {
		results = append(results, labelled(true, 0.8), labelled(i%4 == 0, 0.5), labelled(false, 0.1))
	}
	calibration, err := evals.Calibrate(results, 0.98)
	require.NoError(t, err)
	target := calibration.Target
	require.True(t, target.Proven)
	require.Equal(t, []int{200, 600}, []int{target.Coverage.Hits, target.Coverage.N})
	require.Equal(t, 149, target.Needed)
	require.GreaterOrEqual(t, target.Lower, 0.98)
	reached, ok := calibration.Model.Reaching(0.98)
	require.True(t, ok)
	require.InDelta(t, target.Threshold, reached, 1e-12)
	require.Contains(t, target.String(), "at precision 0.98: coverage 0.333")

	few, err := evals.Calibrate(results[:90], 0.98)
	require.NoError(t, err)
	require.False(t, few.Target.Proven, "30 answers prove no 0.98")
	require.Equal(t, 30, few.Target.Coverage.Hits)
	require.Contains(t, few.Target.String(), "answers nothing")
	_, ok = few.Model.Reaching(0.98)
	require.False(t, ok)
}

// What is right does not depend on what the fit of today sent.
func TestCalibrateLooksAtDraftsThatWereNotSent(t *testing.T) {
	t.Parallel()

	var results []evals.Result
	for i := range 40 {
		results = append(results, labelled(i%2 == 0, float64(i)/40))
		results[i].Outcome = []assistant.Outcome{assistant.OutcomeClarify, assistant.OutcomeHandedOff}[i%2]
	}
	calibration, err := evals.Calibrate(results, 0.9)
	require.NoError(t, err)
	require.Equal(t, 20, calibration.Correct)
}

func TestCalibrateRefusesEvidenceOfTwoMakings(t *testing.T) {
	t.Parallel()

	var results []evals.Result
	for i := range 40 {
		results = append(results, labelled(i%2 == 0, float64(i)/40))
	}
	results[7].Case.ID, results[7].Conclusion.Explained.Basis.Embedder = "seven", "another"
	_, err := evals.Calibrate(results, 0.9)
	require.ErrorIs(t, err, evals.ErrBroken)
	require.ErrorContains(t, err, "case seven")
}

func TestCalibrationIsDrawn(t *testing.T) {
	t.Parallel()

	var results []evals.Result
	for i := range 40 {
		results = append(results, labelled(i%2 == 0, float64(i)/40))
	}
	calibration, err := evals.Calibrate(results, 0.9)
	require.NoError(t, err)
	for name, draw := range map[string]func(io.Writer) error{
		"Reliability": calibration.WriteReliability, "Risk and coverage": calibration.WriteRiskCoverage,
	} {
		var svg bytes.Buffer
		require.NoError(t, draw(&svg))
		require.Contains(t, svg.String(), name)
		require.NotContains(t, svg.String(), "NaN")
		for decoder := xml.NewDecoder(&svg); ; {
			if _, err := decoder.Token(); errors.Is(err, io.EOF) {
				break
			} else {
				require.NoError(t, err, "it is well formed")
			}
		}
	}
	var table bytes.Buffer
	require.NoError(t, calibration.WriteTable(&table))
	require.Contains(t, table.String(), "40 cases of")
}

func TestCalibrateCountsOnlyDraftsThatMayBeSent(t *testing.T) {
	t.Parallel()

	var results []evals.Result
	for i := range 40 {
		results = append(results, labelled(i%2 == 0, float64(i)/40))
	}
	stopped, undrafted, another := labelled(true, 1), labelled(true, 0), labelled(true, 1)
	stopped.Conclusion.Explained.Evidence.GuardPassed = false
	undrafted.Conclusion.Explained.Evidence = confidence.Evidence{}
	another.Conclusion.Explained.Evidence.OfAnother = true
	calibration, err := evals.Calibrate(append(results, stopped, undrafted, another), 0.9)

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
		calibration, err := evals.Calibrate(results, 0.9)
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
		_, err := evals.Calibrate(results, 0.9)
		require.ErrorContains(t, err, "must hold right and wrong answers", name)
		require.ErrorContains(t, err, "30 cases", name)
	}
	_, err := evals.Calibrate(nil, 0.9)
	require.Error(t, err)
}

// A rare kind that lies in one fold leaves the others one-sided: an error, not a wrong figure.
func TestCalibrateRefusesTooFewCasesToCrossValidate(t *testing.T) {
	t.Parallel()

	results := []evals.Result{labelled(false, 0.1)}
	for i := range 20 {
		results = append(results, labelled(true, float64(i)/20))
	}
	_, err := evals.Calibrate(results, 0.9)
	require.ErrorContains(t, err, "cross-validate")
}
