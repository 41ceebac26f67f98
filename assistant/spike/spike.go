// Package spike tells a sudden rise of similar questions from chance. It is arithmetic: it keeps nothing and reads no clock.
//
// The questions of one intent in a window that ends now are compared with the same time of day on each of the last 28 days, half
// an hour more on each side. The count of a window is taken for negative binomial: its mean is the baseline's rate, and its size
// joins what the days differ by among each other (by the method of moments) with what so few days leave unknown about the rate
// (the posterior of a Poisson rate under a gamma prior of shape one half). The test is the upper tail: how likely are so many
// questions, or more, without an incident?
//
// Every look tests every intent over every window. Level is how often all these tests together may be wrong in a quiet week if
// the model is right; it is divided evenly among them (Bonferroni), which is strict because windows overlap. A rise must also
// have MinQuestions questions and be MinRatio times what is expected: a rise that no person would call one is not worth a look.
package spike

import (
	"math"
	"time"
)

const (
	// Bucket is the step in which questions are counted.
	Bucket = 5 * time.Minute
	// Days is how far back the usual rate is looked for.
	Days = 28
	// minDays is how many days must be known: fewer do not show what differs between days.
	minDays = 7
	// around is what is looked at before and after the same window of an earlier day.
	around = 30 * time.Minute

	// Level is the number of wrong proposals in a quiet week that the tests allow.
	Level = 0.05
	// looksAWeek is how many looks there are in a week, one a minute.
	looksAWeek = 7 * 24 * 60

	// MinQuestions and MinRatio are what a rise needs beside being unlikely.
	MinQuestions = 8
	MinRatio     = 3.0
)

// Windows are the stretches that are tested: the short one finds an outage at once, the long one what builds up.
func Windows() []time.Duration { return []time.Duration{2 * Bucket, 6 * Bucket} }

// CountFunc returns how many questions there were from a time to another, both on the edge of buckets.
type CountFunc func(from, to time.Time) int

// Rise is a rise of questions.
type Rise struct {
	Expected  float64 // questions, by the usual rate
	Log10P    float64 // of so many or more by chance
	Questions int
	Window    time.Duration
}

// Look tests the questions of one intent at a time, with counts of it since first. intents is how many are tested.
func Look(now, first time.Time, intents int, count CountFunc) (Rise, bool) {
	limit := math.Log10(Level / float64(looksAWeek*len(Windows())*max(intents, 1)))
	end := now.Truncate(Bucket).Add(Bucket) // the bucket that is being filled counts as a whole one: that errs on the quiet side
	var found Rise
	for _, window := range Windows() {
		questions := count(end.Add(-window), end)
		if questions < MinQuestions {
			continue
		}
		days := baseline(end, first, window, count)
		if len(days) < minDays {
			continue
		}
		rise := test(questions, days, float64(window+2*around)/float64(window))
		rise.Window = window
		if rise.Log10P <= limit && rise.Log10P < found.Log10P {
			found = rise
		}
	}
	return found, found.Questions > 0
}

// baseline counts the questions around the same window of each earlier day that is known.
func baseline(end, first time.Time, window time.Duration, count CountFunc) []float64 {
	var days []float64
	for day := 1; day <= Days; day++ {
		to := end.Add(-time.Duration(day) * 24 * time.Hour)
		from := to.Add(-window - around)
		if from.Before(first) {
			break
		}
		days = append(days, float64(count(from, to.Add(around))))
	}
	return days
}

// test compares the questions of a window with days, each of which is as long as so many windows. Too few to propose
// anything have the probability 1.
func test(questions int, days []float64, windows float64) Rise {
	sum := 0.0
	for _, n := range days {
		sum += n
	}
	mean := sum / float64(len(days)) // of a day
	variance := 0.0
	for _, n := range days {
		variance += (n - mean) * (n - mean)
	}
	variance /= float64(len(days) - 1)
	spread := 1 / (sum + 0.5) // of the rate, squared and relative: what few days leave unknown
	if mean > 0 && variance > mean {
		spread += (variance - mean) / (mean * mean)
	}
	expected := (sum + 0.5) / (float64(len(days)) * windows)
	rise := Rise{Expected: expected, Questions: questions}
	if float64(questions) >= MinRatio*expected { // else it is none, whatever its probability, and the tail need not be summed
		rise.Log10P = log10Tail(questions, expected, 1/spread)
	}
	return rise
}

// log10Tail is the logarithm of the probability that a negative binomial count with a mean and a size is x or more.
func log10Tail(x int, mean, size float64) float64 {
	logP, logQ := math.Log(size/(size+mean)), math.Log(mean/(size+mean))
	gammaSize, _ := math.Lgamma(size)
	largest := math.Inf(-1)
	var terms []float64
	for k := float64(x); ; k++ {
		a, _ := math.Lgamma(k + size)
		b, _ := math.Lgamma(k + 1)
		term := a - b - gammaSize + size*logP + k*logQ
		terms = append(terms, term)
		largest = max(largest, term)
		// Beyond the mean the terms fall; one that adds a billionth ends the sum.
		if k > mean && term < largest-21 || len(terms) > 100_000 {
			break
		}
	}
	sum := 0.0
	for _, term := range terms {
		sum += math.Exp(term - largest)
	}
	return min(0, (largest+math.Log(sum))/math.Ln10)
}
