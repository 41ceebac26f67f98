package lang_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"maps"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant/lang"
)

// sample is a text of a suite with its language.
type sample struct {
	frozen bool // of the half that nothing was tuned on
	lang   string
	text   string
}

// suites are cut from titles of the knowledge bases that no training text was taken from: whole titles, and all runs of
// one, two and four words, next to each other without overlap. Chinese and Japanese have no spaces: there a word counts
// as two characters.
func suites(t *testing.T, dir string) map[string][]sample {
	t.Helper()
	rows, _, err := lang.ReadSources(dir)
	require.NoError(t, err)
	trained := map[string]bool{}
	for _, row := range rows {
		trained[strings.ToLower(strings.TrimSpace(row.Text))] = true
	}
	out := map[string][]sample{}
	for _, set := range []string{"bitcoin_faq", "eth_support"} {
		file, err := os.Open(filepath.Join(dir, "kb", set, "queries.jsonl"))
		require.NoError(t, err)
		defer file.Close()
		lines := bufio.NewScanner(file)
		for lines.Scan() {
			var row struct {
				Key   string `json:"relevant_key"`
				Lang  string `json:"lang"`
				Query string `json:"query"`
			}
			require.NoError(t, json.Unmarshal(lines.Bytes(), &row))
			tag, ok := lang.Canonical(row.Lang)
			if !ok || trained[strings.ToLower(strings.TrimSpace(row.Query))] {
				continue
			}
			h := fnv.New32a()
			fmt.Fprint(h, row.Key)
			s := sample{frozen: h.Sum32()%2 == 1, lang: tag, text: row.Query}
			out["titles"] = append(out["titles"], s)
			for name, size := range map[string]int{"1 word": 1, "2 words": 2, "4 words": 4} {
				for _, text := range runs(row.Query, tag, size) {
					s.text = text
					out[name] = append(out[name], s)
				}
			}
		}
		require.NoError(t, lines.Err())
	}
	return out
}

// runs cuts a title into runs of size words.
func runs(title, tag string, size int) []string {
	unit := regexp.MustCompile(`[\x21-\x7e]+|\S`) // a Latin term is not cut
	units, join := strings.Fields(title), " "
	if tag == "ja" || strings.HasPrefix(tag, "zh") {
		units, join, size = unit.FindAllString(title, -1), "", 2*size
	}
	var out []string
	for run := range slices.Chunk(units, size) {
		if len(run) == size {
			out = append(out, strings.Join(run, join))
		}
	}
	return out
}

// score counts the guesses about a suite.
type score struct {
	gap         float64 // sum over ten bins of |right - certainty|
	hits, total map[string]int
	misses      []string
}

func measure(d *lang.Detector, samples []sample, frozen bool) score {
	s := score{hits: map[string]int{}, total: map[string]int{}}
	var bins [10]float64
	for _, sample := range samples {
		if sample.frozen != frozen {
			continue
		}
		got := d.Detect(sample.text, lang.Hint{})
		right := 0
		if got.Tag == sample.lang {
			right = 1
		} else {
			s.misses = append(s.misses, fmt.Sprintf("%s as %s: %s", sample.lang, got.Tag, sample.text))
		}
		s.total[sample.lang]++
		s.hits[sample.lang] += right
		bins[min(9, int(got.Certainty*10))] += float64(right) - got.Certainty
	}
	for _, bin := range bins {
		s.gap += math.Abs(bin)
	}
	return s
}

// accuracy pools the given languages.
func (s score) accuracy(tags []string) (float64, int) {
	hits, total := 0, 0
	for _, tag := range tags {
		hits += s.hits[tag]
		total += s.total[tag]
	}
	return float64(hits) / float64(max(total, 1)), total
}

func (s score) byLanguage() string {
	var out strings.Builder
	for _, tag := range slices.Sorted(maps.Keys(s.total)) {
		fmt.Fprintf(&out, " %s %.3f(%d)", tag, float64(s.hits[tag])/float64(s.total[tag]), s.total[tag])
	}
	return out.String()
}

func TestDetectReachesItsTargetsOnTitlesItWasNotTrainedOn(t *testing.T) {
	t.Parallel()
	dir := os.Getenv("DESKHAND_DEV_DATA")
	if dir == "" {
		t.Skip("set DESKHAND_DEV_DATA to the folder of the development data (parallel/, kb/) to measure: docs/data-sources.md says what that is and where to get it")
	}
	d := newDetector(t)
	all := suites(t, dir)
	for _, target := range []struct {
		accuracy float64
		suite    string
	}{
		{suite: "titles", accuracy: 0.985}, {suite: "4 words", accuracy: 0.97}, {suite: "2 words", accuracy: 0.93}, {suite: "1 word"},
	} {
		for half, frozen := range map[string]bool{"development": false, "frozen": true} {
			s := measure(d, all[target.suite], frozen)
			got, n := s.accuracy(lang.Supported())
			_, every := s.accuracy(slices.Collect(maps.Keys(s.total)))
			t.Logf("%s, %s: %.4f of %d over the 14; calibration error %.3f;%s",
				target.suite, half, got, n, s.gap/float64(every), s.byLanguage())
			if testing.Verbose() && !frozen && target.suite != "1 word" {
				t.Log(strings.Join(s.misses, "\n"))
			}
			require.Greater(t, n, 500)
			require.GreaterOrEqual(t, got, target.accuracy, target.suite)
		}
	}
}
