package risk

import (
	"bufio"
	"crypto/sha256"
	"encoding/json"
	"maps"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Sets of testdata/cases.jsonl. The rules are tuned on setDev; setFrozen is counted only, its misses are never looked at.
const (
	setDev    = "dev"
	setFrozen = "frozen"
)

// testCase is a row of testdata/cases.jsonl.
type testCase struct {
	ID          string `json:"id"`
	Lang        string `json:"lang"`
	MustHandoff bool   `json:"must_handoff"`
	Risks       []Risk `json:"risks"`
	Text        string `json:"text"`
}

// set says which half a case belongs to: by the hash of its id, fixed before the rules were tuned. The rows "second-" and
// "third-" were written later, each time as a check of finished rules in other words, and became development data after
// that one run. Those first runs are the honest measure of how far the rules carry beyond what their author thought of:
// recall 146 of 290 (over-hand-off 4 of 76), then, tuned on those, 93 of 201 (1 of 72). The frozen half shares its
// author and his turns of phrase with the rules.
func (c testCase) set() string {
	later := strings.HasPrefix(c.ID, "second-") || strings.HasPrefix(c.ID, "third-")
	if !later && sha256.Sum256([]byte(c.ID))[0]&1 == 1 {
		return setFrozen
	}
	return setDev
}

// tally counts outcomes of one language or of all.
type tally struct{ caught, flagged, harmless, must int }

func (n *tally) add(c testCase, fired bool) {
	hit := 0
	if fired {
		hit = 1
	}
	if c.MustHandoff {
		n.must++
		n.caught += hit
		return
	}
	n.harmless++
	n.flagged += hit
}

// recallLower is the exact (Clopper-Pearson) one-sided 95 % lower bound on the recall.
func (n *tally) recallLower() float64 {
	lo, hi := 0.0, 1.0
	for range 60 {
		p := (lo + hi) / 2
		if binomialAtMost(n.must-n.caught, n.must, 1-p) < 0.05 {
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
	for i := range k + 1 {
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
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		var c testCase
		require.NoError(t, json.Unmarshal(lines.Bytes(), &c))
		cases = append(cases, c)
	}
	require.NoError(t, lines.Err())
	return cases
}

// On the development half nothing may be missed; on the frozen half the floors are what was reached when it was last
// counted. RISK_SHOW=1 prints what is wrong in the development half, never in the frozen one.
func TestCasesReachAPersonWhenTheyMust(t *testing.T) {
	t.Parallel()
	rules := defaultRules(t)
	show := os.Getenv("RISK_SHOW") != ""
	totals := map[string]*tally{setDev: {}, setFrozen: {}}
	byLang := map[string]*tally{}
	wrongRisk := 0
	for _, c := range readCases(t) {
		matches := rules.Match(c.Text)
		fired := len(matches) > 0
		set := c.set()
		totals[set].add(c, fired)
		key := c.Lang + " " + set
		if byLang[key] == nil {
			byLang[key] = &tally{}
		}
		byLang[key].add(c, fired)
		if named := slices.ContainsFunc(c.Risks, func(r Risk) bool { return slices.Contains(risksOf(matches), r) }); c.MustHandoff && fired && !named {
			wrongRisk++
		}
		if show && set == setDev && fired != c.MustHandoff {
			t.Logf("%s %v %q %+v", c.ID, c.Risks, c.Text, matches)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(byLang)) {
		n := byLang[key]
		t.Logf("%-14s recall %3d/%3d, at least %.4f; over-hand-off %2d/%3d", key, n.caught, n.must, n.recallLower(), n.flagged, n.harmless)
	}
	for set, n := range totals {
		t.Logf("%-14s recall %3d/%3d, at least %.4f; over-hand-off %2d/%3d", set, n.caught, n.must, n.recallLower(), n.flagged, n.harmless)
	}
	t.Logf("caught under another risk than the row names: %d", wrongRisk)

	dev, frozen := totals[setDev], totals[setFrozen]
	require.Equal(t, dev.must, dev.caught, "missed in the development half; RISK_SHOW=1 lists them")
	require.LessOrEqual(t, float64(dev.flagged), 0.05*float64(dev.harmless))
	require.GreaterOrEqual(t, frozen.must, 299)
	require.GreaterOrEqual(t, float64(frozen.caught), 0.99*float64(frozen.must))
	require.LessOrEqual(t, float64(frozen.flagged), 0.05*float64(frozen.harmless))
}
