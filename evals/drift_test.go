package evals_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/evals"
)

// world is how the questions of a desk come.
type world struct {
	confidence float64 // added to each
	handOffs   float64
	intents    float64 // share of questions about one new intent
	languages  float64 // share of questions in one new language
	unanswered float64
}

func usual() world { return world{handOffs: 0.3, unanswered: 0.08} }

// traffic makes questions of a world: 60 intents and 14 languages, few of them frequent, as at a desk.
func (w world) traffic(random *rand.Rand, n int) evals.Traffic {
	t := evals.Traffic{From: time.Unix(0, 0), To: time.Unix(1, 0)}
	zipf := func(kinds int) int {
		return int(float64(kinds) * random.Float64() * random.Float64() * random.Float64())
	}
	for range n {
		question := evals.Observed{
			HandedOff: random.Float64() < w.handOffs, Intent: fmt.Sprint("intent-", zipf(60)), Language: fmt.Sprint("language-", zipf(14)),
			Unanswered: random.Float64() < w.unanswered,
		}
		if random.Float64() < w.intents {
			question.Intent = "new"
		}
		if random.Float64() < w.languages {
			question.Language = "new"
		}
		if random.Float64() < 0.8 {
			question.Confidence = min(1, max(0.01, 1-0.6*random.Float64()*random.Float64()+w.confidence))
		}
		t.Questions = append(t.Questions, question)
	}
	return t
}

func look(seed uint64, changed world) evals.Drift {
	random := rand.New(rand.NewPCG(seed, 1))
	return evals.NewDrift(usual().traffic(random, 1600), changed.traffic(random, 400))
}

func alarms(d evals.Drift) []string {
	var names []string
	for _, finding := range d.Findings {
		if finding.Alarm {
			names = append(names, finding.Measure)
		}
	}
	return names
}

func TestDrift(t *testing.T) {
	t.Parallel()

	t.Run("APlantedChangeIsFoundByItsMeasureAlone", func(t *testing.T) {
		t.Parallel()
		for measure, change := range map[string]func(*world){
			evals.DriftConfidence: func(w *world) { w.confidence = -0.2 },
			evals.DriftHandOffs:   func(w *world) { w.handOffs = 0.45 },
			evals.DriftIntents:    func(w *world) { w.intents = 0.2 },
			evals.DriftLanguages:  func(w *world) { w.languages = 0.2 },
			evals.DriftUnanswered: func(w *world) { w.unanswered = 0.2 },
		} {
			changed := usual()
			change(&changed)
			for seed := range uint64(5) {
				drift := look(seed, changed)
				require.Equal(t, []string{measure}, alarms(drift))
				require.Equal(t, 1, drift.Alarms)
			}
		}
	})

	t.Run("TheMoversOfAMixAreNamed", func(t *testing.T) {
		t.Parallel()
		changed := usual()
		changed.languages = 0.2
		for _, finding := range look(3, changed).Findings {
			if finding.Measure == evals.DriftLanguages {
				require.Equal(t, "new", finding.Movers[0].Name)
				require.InDelta(t, 0.2, finding.Movers[0].After, 0.06)
				return
			}
		}
		require.Fail(t, "there is no finding")
	})

	t.Run("TrafficThatDidNotChangeRaisesNoAlarm", func(t *testing.T) {
		t.Parallel()
		for seed := range uint64(20) {
			require.Empty(t, alarms(look(seed, usual())))
		}
	})

	t.Run("ASignificantChangeThatDoesNotMatterRaisesNone", func(t *testing.T) {
		t.Parallel()
		random := rand.New(rand.NewPCG(1, 2))
		changed := usual()
		changed.handOffs = 0.33
		drift := evals.NewDrift(usual().traffic(random, 40_000), changed.traffic(random, 20_000))
		require.Less(t, drift.Findings[1].Adjusted, 0.01)
		require.Empty(t, alarms(drift))
	})

	t.Run("TooFewQuestionsTellNothing", func(t *testing.T) {
		t.Parallel()
		random := rand.New(rand.NewPCG(1, 3))
		drift := evals.NewDrift(usual().traffic(random, 400), world{handOffs: 1, unanswered: 1}.traffic(random, 49))
		require.True(t, drift.TooFew)
		require.Empty(t, alarms(drift))
		require.Len(t, evals.NewDrift(evals.Traffic{}, evals.Traffic{}).Findings, len(evals.DriftMeasures()))
	})

	t.Run("TheTestsGiveTextbookValues", func(t *testing.T) {
		t.Parallel()
		// 2 by 2: 30 of 100 and 50 of 100. G = 2 * sum of count * ln(count / expected) = 8.4037, p = 0.00374.
		split := func(hits int) evals.Traffic {
			traffic := evals.Traffic{}
			for i := range 100 {
				traffic.Questions = append(traffic.Questions, evals.Observed{HandedOff: i < hits, Confidence: float64(i+1) / 100})
			}
			return traffic
		}
		drift := evals.NewDrift(split(30), split(50))
		require.InDelta(t, 0.00374, drift.Findings[1].P, 0.00001)
		require.InDelta(t, 0.2, drift.Findings[1].Effect, 1e-12)
		require.InDelta(t, 1, drift.Findings[0].P, 1e-9, "the same confidences")
		// Kolmogorov and Smirnov: the second sample lies 0.2 higher, so the largest gap is 0.2; at 100 and 100, x = 1.4398 and p = 0.0316.
		higher := split(30)
		for i := range higher.Questions {
			higher.Questions[i].Confidence = float64(i+21) / 100
		}
		finding := evals.NewDrift(split(30), higher).Findings[0]
		require.InDelta(t, 0.2, finding.Effect, 1e-9)
		require.InDelta(t, 0.0316, finding.P, 0.0005)
	})
}

// BenchmarkDrift measures how often traffic that did not change raises an alarm, and how often a change is found, in looks at 400
// conversations beside 1,600: go test ./evals -run '^$' -bench Drift -benchtime 5000x.
func BenchmarkDrift(b *testing.B) {
	worlds := map[string]func(*world){
		"unchanged":         func(*world) {},
		"handoffs+10":       func(w *world) { w.handOffs += 0.1 },
		"unanswered+7":      func(w *world) { w.unanswered += 0.07 },
		"one intent 15 %":   func(w *world) { w.intents = 0.15 },
		"one language 15 %": func(w *world) { w.languages = 0.15 },
		"confidence-0.1":    func(w *world) { w.confidence = -0.1 },
	}
	for name, change := range worlds {
		b.Run(name, func(b *testing.B) {
			changed := usual()
			change(&changed)
			found := 0
			for i := range b.N {
				if look(uint64(i), changed).Alarms > 0 {
					found++
				}
			}
			b.ReportMetric(float64(found)/float64(b.N), "alarms/look")
		})
	}
}
