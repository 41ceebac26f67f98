package intent

import (
	"bufio"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/retrieval/embed"
)

// The measurements train on thousands of texts, so they run only where DESKHAND_DEV_DATA names the folder with the public
// evaluation data. The floors are a little under what was measured: they catch a regression, not noise.

func TestMeasureBanking77(t *testing.T) {
	var train, test []Example
	for i, e := range devExamples(t, "intents/banking77/train.jsonl") {
		if i%5 == 0 {
			test = append(test, e)
		} else {
			train = append(train, e)
		}
	}
	var m measurement
	m.run(t, train, test, "")
	t.Logf("Banking77 80/20: %s", &m)
	require.GreaterOrEqual(t, m.accuracy(), 0.89)
}

func TestMeasureCLINC150(t *testing.T) {
	var m measurement
	m.run(t, devExamples(t, "intents/clinc150/train.jsonl"), devExamples(t, "intents/clinc150/val.jsonl"), "oos")
	t.Logf("CLINC150 val: %s", &m)
	require.GreaterOrEqual(t, m.accuracy(), 0.92)
	require.GreaterOrEqual(t, m.auroc(), 0.94)
}

func TestMeasureOwnExamples(t *testing.T) {
	devFolder(t)
	examples := defaultExamples(t)
	order := rand.New(rand.NewPCG(7, 7)).Perm(len(examples))
	var all measurement
	byLanguage := make(map[string]*measurement)
	for fold := range 5 {
		var train, test []Example
		for n, i := range order {
			if n%5 == fold {
				test = append(test, examples[i])
			} else {
				train = append(train, examples[i])
			}
		}
		c := all.run(t, train, test, OutOfScope)
		for _, e := range test {
			if byLanguage[e.Language] == nil {
				byLanguage[e.Language] = &measurement{}
			}
			byLanguage[e.Language].add(c, e, OutOfScope)
		}
	}
	t.Logf("own examples, 5 folds: %s", &all)
	for _, language := range slices.Sorted(maps.Keys(byLanguage)) {
		t.Logf("%-8s %s", language, byLanguage[language])
	}
	for _, pair := range all.confusions(25) {
		t.Log(pair)
	}
	require.GreaterOrEqual(t, all.accuracy(), 0.72)
}

// measurement gathers predictions on labelled texts.
type measurement struct {
	bins      [10]struct{ hits, n, probability float64 }
	confused  map[string]int
	disowned  int // in scope, but "none of these" is the most probable
	hits      int
	hitsInTop int // the right label is among the first three
	inside    []float64
	outside   []float64
}

func (m *measurement) run(t *testing.T, train, test []Example, outOfScope string) *Classifier {
	t.Helper()
	c, err := Train(train, Options{Embedder: embed.New(), OutOfScope: outOfScope})
	require.NoError(t, err)
	for _, e := range test {
		m.add(c, e, outOfScope)
	}
	return c
}

func (m *measurement) add(c *Classifier, e Example, outOfScope string) {
	inScope := 1.0
	predictions := slices.DeleteFunc(c.Predict(e.Text, math.MaxInt), func(p Prediction) bool {
		if p.Intent == outOfScope {
			inScope = 1 - p.Probability
		}
		return p.Intent == outOfScope
	})
	if e.Intent == outOfScope {
		m.outside = append(m.outside, inScope)
		return
	}
	m.inside = append(m.inside, inScope)
	best := Prediction{Intent: "nothing"}
	if len(predictions) > 0 {
		best = predictions[0]
	}
	if 1-inScope > best.Probability {
		m.disowned++
	}
	bin := &m.bins[min(9, int(best.Probability*10))]
	bin.n++
	bin.probability += best.Probability
	if best.Intent == e.Intent {
		m.hits++
		bin.hits++
	} else {
		if m.confused == nil {
			m.confused = make(map[string]int)
		}
		m.confused[e.Intent+" taken for "+best.Intent]++
		if os.Getenv("DESKHAND_SHOW_MISSES") != "" {
			fmt.Printf("%.2f\t%s\t%s\t%s\t%s\n", best.Probability, e.Intent, best.Intent, e.Language, e.Text)
		}
	}
	for _, p := range predictions[:min(3, len(predictions))] {
		if p.Intent == e.Intent {
			m.hitsInTop++
		}
	}
}

// accuracy is over the texts in scope, whatever the model thinks of their being in scope.
func (m *measurement) accuracy() float64 {
	return float64(m.hits) / float64(len(m.inside))
}

// auroc is the probability that a text in scope gets a higher probability of being so than one out of scope.
func (m *measurement) auroc() float64 {
	wins := 0.0
	for _, out := range m.outside {
		for _, in := range m.inside {
			switch {
			case in > out:
				wins++
			case in == out:
				wins += 0.5
			}
		}
	}
	return wins / float64(len(m.inside)*len(m.outside))
}

// ece is the expected calibration error in ten bins.
func (m *measurement) ece() float64 {
	sum := 0.0
	for _, b := range m.bins {
		sum += math.Abs(b.hits - b.probability)
	}
	return sum / float64(len(m.inside))
}

func (m *measurement) confusions(n int) []string {
	pairs := slices.SortedFunc(maps.Keys(m.confused), func(a, b string) int {
		return cmp.Or(cmp.Compare(m.confused[b], m.confused[a]), cmp.Compare(a, b))
	})
	for i, pair := range pairs {
		pairs[i] = fmt.Sprintf("%3d %s", m.confused[pair], pair)
	}
	return pairs[:min(n, len(pairs))]
}

func (m *measurement) String() string {
	return fmt.Sprintf("n %d, accuracy %.4f, in the first three %.4f, ECE %.4f, out-of-scope AUROC %.4f, wrongly none of these %.4f",
		len(m.inside), m.accuracy(), float64(m.hitsInTop)/float64(len(m.inside)), m.ece(), m.auroc(), float64(m.disowned)/float64(len(m.inside)))
}

func devFolder(t *testing.T) string {
	t.Helper()
	folder := os.Getenv("DESKHAND_DEV_DATA")
	if folder == "" {
		t.Skip("set DESKHAND_DEV_DATA to the folder of the public evaluation data (intents) to measure: docs/data-sources.md says what that is and where to get it")
	}
	return folder
}

func devExamples(t *testing.T, path string) []Example {
	t.Helper()
	f, err := os.Open(filepath.Join(devFolder(t), path))
	require.NoError(t, err)
	defer f.Close()
	var examples []Example
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		var row struct {
			Label string `json:"label"`
			Text  string `json:"text"`
		}
		require.NoError(t, json.Unmarshal(lines.Bytes(), &row))
		examples = append(examples, Example{Intent: row.Label, Text: row.Text})
	}
	require.NoError(t, lines.Err())
	return examples
}
