package risk

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"flag"
	"io/fs"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "take patterns that have a text now, or are gone, off testdata/unproved.txt") //nolint:gochecknoglobals // as all test flags

// unproved lists, one a line, the patterns that were there before this test and that no text needs: their words come from lists of
// turns of phrase and overlap with their neighbours'. It only becomes shorter. A line is the rule's id and a hash of the pattern.
const unproved = "testdata/unproved.txt"

// proofs has more texts that prove a pattern: {"rule": id, "text": …}. They stand apart because the program carries the rules.
const proofs = "testdata/proofs.jsonl"

// A pattern is proved by a text, beside a rule, of the proofs or of the development cases, in which no other pattern finds that risk: without the
// pattern, the text would not reach a person, or for another reason.
func TestEveryNewPatternHasATextThatOnlyItCatches(t *testing.T) {
	t.Parallel()

	rules, err := Default()
	require.NoError(t, err)
	written, texts := patternsAndTexts(t)
	require.Len(t, written, len(rules.patterns))
	proved := make(map[int32]bool)
	s := newScratch(rules.sets)
	for _, text := range texts {
		for _, patterns := range rules.fired(text, s) {
			if len(patterns) == 1 {
				proved[patterns[0]] = true
			}
		}
		s.reset()
	}
	content, err := os.ReadFile(unproved)
	require.NoError(t, err)
	listed := strings.Fields(string(content))
	left := []string{}
	for i, p := range written {
		sum := sha256.Sum256([]byte(p.text))
		line := p.rule + ":" + hex.EncodeToString(sum[:6])
		switch {
		case proved[int32(i)]:
		case slices.Contains(listed, line):
			left = append(left, line)
		default:
			t.Errorf("%s has no text that only it catches; write one under matches of its rule: %s", p.rule, p.text)
		}
	}
	slices.Sort(left)
	left = slices.Compact(left)
	if *update {
		require.NoError(t, os.WriteFile(unproved, []byte(strings.Join(left, "\n")+"\n"), 0o644))
		return
	}
	require.Equal(t, left, listed, "some of the list have a text now, or are gone: run this test with -update")
	t.Logf("%d of %d patterns have a text that only they catch", len(proved), len(written))
}

// writtenPattern is a pattern as it stands in its file.
type writtenPattern struct{ rule, text string }

// patternsAndTexts returns the patterns in the order in which they are compiled, and the texts that may prove them.
func patternsAndTexts(t *testing.T) (patterns []writtenPattern, texts []string) {
	t.Helper()
	names, err := fs.Glob(embedded, "rules/*.yaml")
	require.NoError(t, err)
	for _, name := range names {
		f, err := readEmbedded(name)
		require.NoError(t, err)
		for _, r := range f.Rules {
			texts = append(texts, r.Matches...)
			for _, when := range r.When {
				patterns = append(patterns, writtenPattern{rule: f.Language.value + "." + r.ID.value, text: when.value})
			}
		}
	}
	for _, p := range readProofs(t) {
		texts = append(texts, p.Text)
	}
	for _, c := range readCases(t) {
		if c.set() == setDev {
			texts = append(texts, c.Text)
		}
	}
	return patterns, texts
}

// proof is a row of testdata/proofs.jsonl.
type proof struct {
	Rule string `json:"rule"`
	Text string `json:"text"`
}

func readProofs(t *testing.T) []proof {
	t.Helper()
	content, err := os.ReadFile(proofs)
	require.NoError(t, err)
	var rows []proof
	for line := range strings.Lines(string(content)) {
		var p proof
		require.NoError(t, json.Unmarshal([]byte(line), &p))
		rows = append(rows, p)
	}
	return rows
}

func TestEveryProofIsCaughtByItsRule(t *testing.T) {
	t.Parallel()

	rules := defaultRules(t)
	for _, p := range readProofs(t) {
		if !slices.ContainsFunc(rules.Match(p.Text), func(m Match) bool { return m.Rule == p.Rule }) {
			t.Errorf("%s does not match %q", p.Rule, p.Text)
		}
	}
}

// fired returns, by risk, the patterns that no guard calls off in a text.
func (r *Rules) fired(text string, s *scratch) map[Risk][]int32 {
	r.folds.split(text, s)
	r.lexicon.find(s)
	found := make(map[Risk][]int32)
	for _, set := range s.touched {
		for _, i := range r.byFirst[set] {
			p := &r.patterns[i]
			if !r.allTouched(p, s) {
				continue
			}
			if _, ok := r.search(p, s); ok {
				risk := r.rules[p.rule].risk
				found[risk] = append(found[risk], i)
			}
		}
	}
	return found
}
