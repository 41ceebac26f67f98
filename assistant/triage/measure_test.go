package triage_test

import (
	"cmp"
	"hash/fnv"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant/triage/intent"
	"github.com/deskhand/deskhand/assistant/triage/risk"
	"github.com/deskhand/deskhand/retrieval/embed"
)

// judgedUnseen is an example that was judged by a model that had not been shown its situation in any language.
type judgedUnseen struct {
	must   bool // its intent needs a person
	person float64
	ruled  bool // a rule fired
}

// TestMeasureSituationsLeftOut says what the rules and the model make of situations that they were not trained on: five models,
// each without a fifth of the examples. It trains for minutes, so it runs where DESKHAND_DEV_DATA is set. The least AUC is a
// little under what was measured.
func TestMeasureSituationsLeftOut(t *testing.T) {
	if os.Getenv("DESKHAND_DEV_DATA") == "" {
		t.Skip("set DESKHAND_DEV_DATA to measure: five models are trained")
	}
	taxonomy, err := intent.Default()
	require.NoError(t, err)
	examples, err := intent.DefaultExamples()
	require.NoError(t, err)
	rules, err := risk.Default()
	require.NoError(t, err)
	const folds = 5
	byFile := make(map[string][]judgedUnseen)
	for fold := range folds {
		var train, test []intent.Example
		for _, e := range examples {
			if familyOf(e)%folds == uint32(fold) {
				test = append(test, e)
			} else {
				train = append(train, e)
			}
		}
		classifier, err := intent.TrainFor(taxonomy, train, embed.New())
		require.NoError(t, err)
		for _, e := range test {
			if e.Origin == "" {
				continue // told once: its neighbours in the same file may have been learned
			}
			judged := judgedUnseen{
				must: slices.Contains(taxonomy.Never(), e.Intent), person: classifier.Judge(e.Text, 1).Person, ruled: len(rules.Match(e.Text)) > 0,
			}
			file, _, _ := strings.Cut(e.Origin, ":")
			byFile[file] = append(byFile[file], judged)
		}
	}
	for _, file := range slices.Sorted(maps.Keys(byFile)) {
		judged := byFile[file]
		auc := areaUnder(judged)
		t.Logf("%s: %d texts, AUC of the model %.4f", file, len(judged), auc)
		for _, threshold := range []float64{0.15, 0.2, 0.25, 0.28, 0.3, 0.35, 0.4, leastMissing(judged, 0.05)} {
			logHandedOver(t, judged, threshold)
		}
		require.Greater(t, auc, 0.9)
	}
}

// familyOf is the same number for all texts of a situation, in whatever language. In contrast.tsv an incident and the harmless
// messages in its words stand beside each other, up to four of them.
func familyOf(e intent.Example) uint32 {
	family := cmp.Or(e.Origin, e.Text)
	if line, ok := strings.CutPrefix(e.Origin, "contrast.tsv:"); ok {
		if n, err := strconv.Atoi(line); err == nil {
			family = "contrast.tsv " + strconv.Itoa(n/4)
		}
	}
	h := fnv.New32a()
	_, _ = h.Write([]byte(family))
	return h.Sum32() >> 4 // the last bits of FNV follow those of the last characters
}

func logHandedOver(t *testing.T, judged []judgedUnseen, threshold float64) {
	t.Helper()
	var must, missed, may, taken int
	for _, j := range judged {
		handed := j.ruled || j.person >= threshold
		switch {
		case j.must && !handed:
			must, missed = must+1, missed+1
		case j.must:
			must++
		case handed:
			may, taken = may+1, taken+1
		default:
			may++
		}
	}
	t.Logf("  from %.3f on: %d of %d missed, %d of %d (%.4f) taken along; a miss counted as ten: %d", threshold, missed, must, taken, may,
		float64(taken)/float64(may), 10*missed+taken)
}

// leastMissing is the threshold at which that share of what must reach a person is missed. judged is sorted by the model's opinion.
func leastMissing(judged []judgedUnseen, share float64) float64 {
	must := 0
	for _, j := range judged {
		if j.must {
			must++
		}
	}
	left := int(share * float64(must))
	for _, j := range judged {
		if j.must && !j.ruled {
			if left == 0 {
				return j.person
			}
			left--
		}
	}
	return 1
}

// areaUnder is the probability that a text that needs a person is thought more in need of one than a text that does not. It sorts
// judged by the model's opinion.
func areaUnder(judged []judgedUnseen) float64 {
	slices.SortFunc(judged, func(a, b judgedUnseen) int { return cmp.Compare(a.person, b.person) })
	harmless, below := 0, 0
	for _, j := range judged {
		if j.must {
			below += harmless
		} else {
			harmless++
		}
	}
	return float64(below) / float64(harmless*(len(judged)-harmless))
}
