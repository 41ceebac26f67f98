package lang_test

import (
	"fmt"
	"maps"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant/lang"
	"github.com/deskhand/deskhand/assistant/lang/langtest"
)

// score counts the guesses about a suite.
type score struct {
	gap         float64 // sum over ten bins of |right - certainty|
	hits, total map[string]int
	misses      []string
}

func measure(d *lang.Detector, samples []langtest.Sample, frozen bool) score {
	s := score{hits: map[string]int{}, total: map[string]int{}}
	var bins [10]float64
	for _, sample := range samples {
		if sample.Frozen != frozen {
			continue
		}
		got := d.Detect(sample.Text, lang.Hint{})
		right := 0
		if got.Tag == sample.Lang {
			right = 1
		} else {
			s.misses = append(s.misses, fmt.Sprintf("%s as %s: %s", sample.Lang, got.Tag, sample.Text))
		}
		s.total[sample.Lang]++
		s.hits[sample.Lang] += right
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
	all, err := langtest.Suites(dir)
	require.NoError(t, err)
	for _, target := range []struct {
		accuracy float64
		suite    string
	}{
		{suite: langtest.Titles, accuracy: 0.985},
		{suite: langtest.FourWords, accuracy: 0.97},
		{suite: langtest.TwoWords, accuracy: 0.93},
		{suite: langtest.OneWord},
	} {
		for half, frozen := range map[string]bool{"development": false, "frozen": true} {
			s := measure(d, all[target.suite], frozen)
			got, n := s.accuracy(lang.Supported())
			_, every := s.accuracy(slices.Collect(maps.Keys(s.total)))
			t.Logf("%s, %s: %.4f of %d over the 14; calibration error %.3f;%s",
				target.suite, half, got, n, s.gap/float64(every), s.byLanguage())
			if testing.Verbose() && !frozen && target.suite != langtest.OneWord {
				t.Log(strings.Join(s.misses, "\n"))
			}
			require.Greater(t, n, 500)
			require.GreaterOrEqual(t, got, target.accuracy, target.suite)
		}
	}
}
