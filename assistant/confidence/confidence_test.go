package confidence_test

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant/confidence"
)

func TestDefault(t *testing.T) {
	t.Parallel()

	model, err := confidence.Default()
	require.NoError(t, err)

	strong := confidence.Evidence{
		AgreeingRanks: true, BM25: 20, Coverage: 0.9, GuardPassed: true, IntentMatch: true, Margin: 3,
		Similarity: 0.8, TriageCertainty: 0.9,
	}
	weak := confidence.Evidence{Coverage: 0.1, GuardPassed: true, Similarity: 0.1}
	require.Greater(t, model.Probability(strong), model.Probability(weak))
	require.Less(t, model.Probability(weak), 0.5)

	t.Run("WhatTheGuardStopsIsNeverRight", func(t *testing.T) {
		t.Parallel()

		stopped := strong
		stopped.GuardPassed = false
		require.Zero(t, model.Probability(stopped))
	})

	t.Run("WhatIsSaidOfAnotherIsNeverRight", func(t *testing.T) {
		t.Parallel()

		another := strong
		another.OfAnother = true
		require.Zero(t, model.Probability(another))
	})
}

func TestFit(t *testing.T) {
	t.Parallel()

	// Answers are right with the probability that a known model gives them: a fit on enough of them finds it again.
	truth := confidence.Model{Intercept: -2, Weights: map[string]float64{"coverage": 4, "intent_match": 1}}
	random := rand.New(rand.NewPCG(1, 2))
	draw := func() confidence.Evidence {
		return confidence.Evidence{Coverage: random.Float64(), GuardPassed: true, IntentMatch: random.IntN(2) == 0, Similarity: random.Float64()}
	}
	cases := make([]confidence.Labelled, 20_000)
	for i := range cases {
		evidence := draw()
		cases[i] = confidence.Labelled{Correct: random.Float64() < truth.Probability(evidence), Evidence: evidence}
	}

	model, err := confidence.Fit(cases)
	require.NoError(t, err)
	require.Equal(t, len(cases), model.Cases)
	for range 100 {
		evidence := draw()
		require.InDelta(t, truth.Probability(evidence), model.Probability(evidence), 0.03)
	}

	t.Run("NeedsCasesOfBothKinds", func(t *testing.T) {
		t.Parallel()

		_, err := confidence.Fit([]confidence.Labelled{{Correct: true}, {Correct: true}})
		require.Error(t, err)
	})
}

// overconfident draws cases whose probabilities promise twice the logit that they keep.
func overconfident(n int) []confidence.Scored {
	random := rand.New(rand.NewPCG(3, 4))
	scores := make([]confidence.Scored, n)
	for i := range scores {
		p := random.Float64()
		promised := p * p / (p*p + (1-p)*(1-p))
		scores[i] = confidence.Scored{Correct: random.Float64() < p, Probability: promised}
	}
	return scores
}

func TestCalibratedKeepsWhatItPromises(t *testing.T) {
	t.Parallel()

	fit, err := confidence.Default()
	require.NoError(t, err)
	fit.Curve, fit.Intercept = nil, -2
	fit.Weights = map[string]float64{"similarity": 8}
	evidence := func(similarity float64) confidence.Evidence {
		return confidence.Evidence{GuardPassed: true, Similarity: similarity}
	}

	for name, cases := range map[string]int{"FewByPlatt": 999, "ManyByIsotonicRegression": 20_000} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			corrected := fit.Calibrated(overconfident(cases))
			require.Equal(t, cases >= 1000, len(corrected.Curve) > 0)
			before := 0.0
			for similarity := 0.0; similarity <= 0.5; similarity += 0.05 {
				promised := fit.Probability(evidence(similarity))
				kept := math.Sqrt(promised) / (math.Sqrt(promised) + math.Sqrt(1-promised)) // the inverse of what overconfident does
				got := corrected.Probability(evidence(similarity))
				require.InDelta(t, kept, got, 0.06)
				require.GreaterOrEqual(t, got, before, "a higher score is never less sure")
				before = got
			}
		})
	}

	t.Run("ScoresThatSayNothingChangeNothing", func(t *testing.T) {
		t.Parallel()

		same := fit.Calibrated([]confidence.Scored{{Correct: true, Probability: 0.2}, {Correct: false, Probability: 0.8}})
		require.Equal(t, fit, same)
	})
}

func TestForTellsAStaleFit(t *testing.T) {
	t.Parallel()

	fitted := confidence.Basis{Embedder: "e", IntentModel: "i", Taxonomy: "t"}
	withModel := fitted
	withModel.Drafter, withModel.Prompt = "m", "p"
	tests := map[string]struct {
		fitted confidence.Basis
		change func(*confidence.Basis)
		want   []string
	}{
		"Same":                          {fitted, func(*confidence.Basis) {}, nil},
		"OtherEmbedder":                 {fitted, func(b *confidence.Basis) { b.Embedder = "x" }, []string{"embedder"}},
		"WordsOnly":                     {fitted, func(b *confidence.Basis) { b.Embedder = "" }, []string{"embedder"}},
		"OtherIntentModel":              {fitted, func(b *confidence.Basis) { b.IntentModel = "x" }, []string{"intent_model"}},
		"OtherTaxonomy":                 {fitted, func(b *confidence.Basis) { b.Taxonomy = "x" }, []string{"taxonomy"}},
		"FittedOfflineUsedWithAModel":   {fitted, func(b *confidence.Basis) { b.Drafter, b.Prompt = "m", "p" }, nil},
		"FittedWithAModelUsedWithout":   {withModel, func(b *confidence.Basis) { b.Drafter, b.Prompt = "", "" }, []string{"drafter", "prompt"}},
		"FittedWithAModelUsedWithOther": {withModel, func(b *confidence.Basis) { b.Drafter = "n" }, []string{"drafter"}},
		"FittedWithAnotherPrompt":       {withModel, func(b *confidence.Basis) { b.Prompt = "q" }, []string{"prompt"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			use := test.fitted
			test.change(&use)
			require.Equal(t, test.want, test.fitted.Differences(use))
			require.Equal(t, len(test.want) > 0, confidence.Model{Basis: test.fitted}.For(use).Stale)
			require.Equal(t, use == test.fitted, use.Fingerprint() == test.fitted.Fingerprint())
		})
	}
}

func TestParseNamesWhatIsWrong(t *testing.T) {
	t.Parallel()

	valid, err := confidence.Default()
	require.NoError(t, err)
	for want, spoil := range map[string]func(*confidence.Model){
		"fingerprint is not that of basis":   func(m *confidence.Model) { m.Basis.Embedder += "x" },
		"weights.nonsense is no feature":     func(m *confidence.Model) { m.Weights = map[string]float64{"nonsense": 1} },
		"weights lacks a feature":            func(m *confidence.Model) { m.Weights = nil },
		"curve[1] must rise":                 func(m *confidence.Model) { m.Curve = []confidence.Knot{{Raw: 0.5, True: 0.5}, {Raw: 0.4, True: 0.6}} },
		"points[0] must have a threshold":    func(m *confidence.Model) { m.Points = []confidence.Point{{Target: 0.9, Threshold: 2}} },
		"points[1] must have a threshold be": func(m *confidence.Model) { m.Points = []confidence.Point{{Target: 0.9}, {Target: 0.9}} },
	} {
		spoilt := valid
		spoil(&spoilt)
		content, err := json.Marshal(spoilt)
		require.NoError(t, err)
		_, err = confidence.Parse(strings.NewReader(string(content)))
		require.ErrorContains(t, err, want)
	}
	for _, text := range []string{"", "{", "[]", `{"unknown":1}`, "{} {}", strings.Repeat(" ", 2<<20)} {
		_, err := confidence.Parse(strings.NewReader(text))
		require.Error(t, err, text[:min(len(text), 20)])
	}
}

func FuzzParse(f *testing.F) {
	valid, err := confidence.Default()
	require.NoError(f, err)
	content, err := json.Marshal(valid)
	require.NoError(f, err)
	f.Add(content)
	f.Add([]byte(`{"curve":[{"raw":0.1,"true":0.2}]}`))
	f.Fuzz(func(t *testing.T, content []byte) {
		fit, err := confidence.Parse(strings.NewReader(string(content)))
		if err != nil {
			return
		}
		p := fit.Probability(confidence.Evidence{BM25: 7, Coverage: 0.5, GuardPassed: true, Similarity: 0.5})
		require.True(t, p >= 0 && p <= 1, p)
	})
}
