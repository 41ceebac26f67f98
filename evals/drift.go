package evals

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"time"

	"gonum.org/v1/gonum/mathext"
)

const (
	// driftLevel is the chance of any alarm in one look at traffic that did not change: one false alarm in three months of daily looks,
	// or less, because looks of neighbouring days see mostly the same questions.
	driftLevel = 0.01
	// driftLeast is how many questions a time must have: with fewer, hardly any change that matters can be told from chance.
	driftLeast = 50
	// expectedLeast is how many questions of a category the G-test's distribution needs (Cochran 1954, Some Methods for Strengthening the
	// Common chi-squared Tests). Rarer categories are taken together.
	expectedLeast = 5
	// driftMovers is how many categories a finding names.
	driftMovers = 5
)

// The measures of drift.
const (
	DriftConfidence = "confidence"
	DriftHandOffs   = "handoffs"
	DriftIntents    = "intents"
	DriftLanguages  = "languages"
	DriftUnanswered = "unanswered"
)

// DriftMeasures returns the names of what is looked at.
func DriftMeasures() []string {
	return []string{DriftConfidence, DriftHandOffs, DriftIntents, DriftLanguages, DriftUnanswered}
}

// Observed is what drift looks at of a live question.
type Observed struct {
	Confidence float64 // 0 when a rule decided before there was any
	HandedOff  bool
	Intent     string
	Language   string
	Unanswered bool // no article answered it well enough
}

// Traffic are the questions of a time. Of each conversation it holds the first one: the others resemble it, and tests take them for
// independent.
type Traffic struct {
	From      time.Time
	Questions []Observed
	To        time.Time
}

// Drift is how the traffic of a time differs from that of a time before.
type Drift struct {
	Alarms    int            `json:"alarms"`
	At        time.Time      `json:"at"`
	Findings  []DriftFinding `json:"findings"`
	Recent    DriftWindow    `json:"recent"`
	Reference DriftWindow    `json:"reference"`
	TooFew    bool           `json:"too_few"` // one of the times has not enough questions to tell anything
}

// DriftWindow is a time with the number of its conversations.
type DriftWindow struct {
	From      time.Time `json:"from"`
	Questions int       `json:"questions"`
	To        time.Time `json:"to"`
}

// DriftFinding is what one measure says. Alarm needs both: a difference that chance hardly makes, and one that matters.
type DriftFinding struct {
	Adjusted float64      `json:"adjusted"` // P after Holm's correction for all measures
	After    float64      `json:"after"`    // a rate, or the median of the confidence; 0 for a mix
	Alarm    bool         `json:"alarm"`
	Before   float64      `json:"before"`
	Effect   float64      `json:"effect"` // see Test
	Least    float64      `json:"least"`  // effect of an alarm
	Measure  string       `json:"measure"`
	Movers   []DriftMover `json:"movers,omitempty"` // of a mix, what changed most
	P        float64      `json:"p"`
	Test     string       `json:"test"`
}

// DriftMover is a category of a mix with its share of the questions.
type DriftMover struct {
	After  float64 `json:"after"`
	Before float64 `json:"before"`
	Name   string  `json:"name"`
}

// NewDrift compares recent traffic with that of a reference. Rates and mixes are tested with the likelihood ratio (G-test; Woolf 1957,
// The Log Likelihood Ratio Test), the confidence with Kolmogorov and Smirnov's two-sample test; Holm's correction holds for all five. The
// effect is the difference of the rates, half the sum of the differences of the shares (total variation), or the largest difference
// of the two distributions.
func NewDrift(reference, recent Traffic) Drift {
	drift := Drift{Recent: recent.window(), Reference: reference.window()}
	drift.TooFew = min(len(recent.Questions), len(reference.Questions)) < driftLeast
	drift.Findings = []DriftFinding{
		confidenceDrift(reference, recent),
		rateDrift(DriftHandOffs, reference, recent, func(o Observed) bool { return o.HandedOff }),
		mixDrift(DriftIntents, reference, recent, func(o Observed) string { return o.Intent }),
		mixDrift(DriftLanguages, reference, recent, func(o Observed) string { return o.Language }),
		rateDrift(DriftUnanswered, reference, recent, func(o Observed) bool { return o.Unanswered }),
	}
	values := make([]float64, len(drift.Findings))
	for i, finding := range drift.Findings {
		values[i] = finding.P
	}
	for i, adjusted := range holm(values) {
		finding := &drift.Findings[i]
		finding.Adjusted = adjusted
		finding.Alarm = !drift.TooFew && adjusted < driftLevel && math.Abs(finding.Effect) >= finding.Least
		if finding.Alarm {
			drift.Alarms++
		}
	}
	return drift
}

func (t Traffic) window() DriftWindow {
	return DriftWindow{From: t.From, Questions: len(t.Questions), To: t.To}
}

// rateDrift finds a change of a rate by 5 points: of a hundred cases, five more for the people at the desk.
func rateDrift(measure string, reference, recent Traffic, is func(Observed) bool) DriftFinding {
	name := func(o Observed) string {
		if is(o) {
			return "yes"
		}
		return "no"
	}
	before, after := tally(reference, name), tally(recent, name)
	finding := DriftFinding{
		After: share(after, "yes"), Before: share(before, "yes"), Least: 0.05, Measure: measure, P: gTest(before, after), Test: "G",
	}
	finding.Effect = finding.After - finding.Before
	return finding
}

// mixDrift finds a change of a mix in which one question in ten is of another kind.
func mixDrift(measure string, reference, recent Traffic, name func(Observed) string) DriftFinding {
	before, after := tally(reference, name), tally(recent, name)
	finding := DriftFinding{Least: 0.1, Measure: measure, P: gTest(before, after), Test: "G"}
	names := make(map[string]bool)
	for category := range before {
		names[category] = true
	}
	for category := range after {
		names[category] = true
	}
	for _, category := range slices.Sorted(maps.Keys(names)) {
		mover := DriftMover{After: share(after, category), Before: share(before, category), Name: category}
		finding.Movers = append(finding.Movers, mover)
		finding.Effect += mover.size() / 2
	}
	slices.SortStableFunc(finding.Movers, func(a, b DriftMover) int { return cmp.Compare(b.size(), a.size()) })
	finding.Movers = finding.Movers[:min(len(finding.Movers), driftMovers)]
	return finding
}

func (m DriftMover) size() float64 { return math.Abs(m.After - m.Before) }

func confidenceDrift(reference, recent Traffic) DriftFinding {
	before, after := confidences(reference), confidences(recent)
	finding := DriftFinding{Least: 0.1, Measure: DriftConfidence, P: 1, Test: "KS"}
	if min(len(before), len(after)) == 0 {
		return finding
	}
	finding.Before, finding.After = before[len(before)/2], after[len(after)/2]
	finding.Effect = largestGap(before, after)
	finding.P = kolmogorov(finding.Effect, len(before), len(after))
	return finding
}

// confidences are those of the questions that have one, sorted.
func confidences(t Traffic) []float64 {
	var values []float64
	for _, question := range t.Questions {
		if question.Confidence > 0 {
			values = append(values, question.Confidence)
		}
	}
	slices.Sort(values)
	return values
}

func tally(t Traffic, name func(Observed) string) map[string]int {
	counts := make(map[string]int)
	for _, question := range t.Questions {
		counts[name(question)]++
	}
	return counts
}

func share(counts map[string]int, name string) float64 {
	total := 0
	for _, count := range counts {
		total += count
	}
	return float64(counts[name]) / float64(max(total, 1))
}

// gTest is the p-value of a difference between two tallies. Categories that are too rare for the distribution are one category; when
// that one is too rare too, it joins the rarest of the others.
func gTest(before, after map[string]int) float64 {
	pairs := pooled(before, after)
	var totals [2]float64
	for _, pair := range pairs {
		totals[0] += pair[0]
		totals[1] += pair[1]
	}
	if len(pairs) < 2 || totals[0] == 0 || totals[1] == 0 {
		return 1
	}
	g := 0.0
	for _, pair := range pairs {
		for i, count := range pair {
			if count > 0 {
				expected := (pair[0] + pair[1]) * totals[i] / (totals[0] + totals[1])
				g += 2 * count * math.Log(count/expected)
			}
		}
	}
	return mathext.GammaIncRegComp(float64(len(pairs)-1)/2, max(g, 0)/2) // what chi-squared exceeds by chance
}

// pooled are the counts before and after of each category that is frequent enough, and of all others together.
func pooled(before, after map[string]int) [][2]float64 {
	var totals [2]float64
	all := make(map[string][2]float64)
	for i, counts := range []map[string]int{before, after} {
		for name, count := range counts {
			pair := all[name]
			pair[i] = float64(count)
			all[name] = pair
			totals[i] += float64(count)
		}
	}
	smaller := min(totals[0], totals[1]) / max(totals[0]+totals[1], 1)
	frequent := func(pair [2]float64) bool { return (pair[0]+pair[1])*smaller >= expectedLeast }
	var pairs [][2]float64
	var rest [2]float64
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if pair := all[name]; frequent(pair) {
			pairs = append(pairs, pair)
		} else {
			rest = [2]float64{rest[0] + pair[0], rest[1] + pair[1]}
		}
	}
	switch {
	case rest[0]+rest[1] == 0:
		return pairs
	case frequent(rest) || len(pairs) == 0:
		return append(pairs, rest)
	}
	slices.SortStableFunc(pairs, func(a, b [2]float64) int { return cmp.Compare(a[0]+a[1], b[0]+b[1]) })
	pairs[0] = [2]float64{pairs[0][0] + rest[0], pairs[0][1] + rest[1]}
	return pairs
}

// largestGap is Kolmogorov and Smirnov's statistic of two sorted samples.
func largestGap(a, b []float64) float64 {
	gap := 0.0
	for i, j := 0, 0; i < len(a) && j < len(b); {
		at := min(a[i], b[j])
		for i < len(a) && a[i] == at {
			i++
		}
		for j < len(b) && b[j] == at {
			j++
		}
		gap = max(gap, math.Abs(float64(i)/float64(len(a))-float64(j)/float64(len(b))))
	}
	return gap
}

// kolmogorov is the p-value of a gap between samples of n and m, in the approximation of Stephens (1970, Use of the Kolmogorov-Smirnov,
// Cramer-Von Mises and Related Statistics without Extensive Tables). With ties it is larger than the true one, never smaller.
func kolmogorov(gap float64, n, m int) float64 {
	root := math.Sqrt(float64(n) * float64(m) / float64(n+m))
	x := (root + 0.12 + 0.11/root) * gap
	if x < 0.2 { // the series below converges badly there, and the value is 1 to twelve digits
		return 1
	}
	sum, sign := 0.0, 1.0
	for k := 1.0; k <= 100; k++ {
		sum += sign * math.Exp(-2*k*k*x*x)
		sign = -sign
	}
	return min(1, max(0, 2*sum))
}
