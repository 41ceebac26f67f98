package risk

import (
	"bufio"
	"crypto/sha256"
	"encoding/json"
	"math"
	"os"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// testCase is a row of testdata/cases.jsonl.
type testCase struct {
	ID          string `json:"id"`
	Lang        string `json:"lang"`
	MustHandoff bool   `json:"must_handoff"`
	Risks       []Risk `json:"risks"`
	Text        string `json:"text"`
}

// frozen says which half a case belongs to. The rules were tuned on the development half only; the halves were fixed, by
// the hash of the id, before that began.
func (c testCase) frozen() bool {
	return sha256.Sum256([]byte(c.ID))[0]&1 == 1
}

// tally counts outcomes of one language or of all.
type tally struct{ caught, flagged, harmless, must int }

func (n *tally) add(c testCase, fired bool) {
	switch {
	case c.MustHandoff:
		n.must++
		if fired {
			n.caught++
		}
	default:
		n.harmless++
		if fired {
			n.flagged++
		}
	}
}

// lowerBound is the exact (Clopper-Pearson) one-sided 95 % lower bound on the recall.
func (n tally) lowerBound() float64 {
	misses := n.must - n.caught
	lo, hi := 0.0, 1.0
	for range 60 {
		p := (lo + hi) / 2
		if binomialAtMost(misses, n.must, 1-p) < 0.05 {
			lo = p
		} else {
			hi = p
		}
	}
	return lo
}

// binomialAtMost is P(X <= k) for n trials of probability q.
func binomialAtMost(k, n int, q float64) float64 {
	sum := 0.0
	for i := 0; i <= k; i++ {
		a, _ := math.Lgamma(float64(n + 1))
		b, _ := math.Lgamma(float64(i + 1))
		c, _ := math.Lgamma(float64(n - i + 1))
		sum += math.Exp(a - b - c + float64(i)*math.Log(q) + float64(n-i)*math.Log1p(-q))
	}
	return sum
}

func readCases(t *testing.T) []testCase {
	t.Helper()
	f, err := os.Open("testdata/cases.jsonl")
	require.NoError(t, err)
	defer func() { require.NoError(t, f.Close()) }()
	var cases []testCase
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var c testCase
		require.NoError(t, json.Unmarshal(lines.Bytes(), &c))
		cases = append(cases, c)
	}
	return cases
}

func TestCasesReachAPersonWhenTheyMust(t *testing.T) {
	t.Parallel()
	rules, err := Default()
	require.NoError(t, err)
	verbose := os.Getenv("RISK_SHOW") != ""
	var total, dev, held tally
	byLang := map[string]*[2]tally{}
	for _, c := range readCases(t) {
		matches := rules.Match(c.Text)
		fired := len(matches) > 0
		half := 0
		if c.frozen() {
			half = 1
			held.add(c, fired)
		} else {
			dev.add(c, fired)
		}
		total.add(c, fired)
		if byLang[c.Lang] == nil {
			byLang[c.Lang] = &[2]tally{}
		}
		byLang[c.Lang][half].add(c, fired)
		if half == 0 && verbose {
			if fired != c.MustHandoff {
				t.Logf("%s %v %q %+v", c.ID, c.Risks, c.Text, matches)
			} else if c.MustHandoff && !slices.ContainsFunc(matches, func(m Match) bool { return slices.Contains(c.Risks, m.Risk) }) {
				t.Logf("other risk: %s %v %q %+v", c.ID, c.Risks, c.Text, matches)
			}
		}
	}
	for lang, n := range byLang {
		t.Logf("%-8s dev recall %d/%d over %d/%d   frozen recall %d/%d over %d/%d", lang,
			n[0].caught, n[0].must, n[0].flagged, n[0].harmless, n[1].caught, n[1].must, n[1].flagged, n[1].harmless)
	}
	for name, n := range map[string]tally{"dev": dev, "frozen": held} {
		t.Logf("%s: recall %d/%d (one-sided 95%% lower bound %.4f), over-hand-off %d/%d", name, n.caught, n.must, n.lowerBound(), n.flagged, n.harmless)
	}
}
