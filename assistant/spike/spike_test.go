package spike_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant/spike"
)

// traffic is what a simulated desk is asked about one intent. Rates differ a hundredfold between intents, by day and night
// fourfold, are a third lower on weekends, and wander by 30 % from day to day and 20 % from hour to hour.
type traffic struct {
	random *rand.Rand
	start  time.Time
	until  []int // by bucket: the questions from the start to its beginning
}

const (
	intents   = 80
	perDay    = int(24 * time.Hour / spike.Bucket)
	hourlyTop = 40.0 // questions of the most frequent intent in a usual hour
)

func newTraffic(seed uint64, intent, days int) *traffic {
	t := &traffic{
		random: rand.New(rand.NewPCG(seed, uint64(intent))),
		start:  time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC),
		until:  make([]int, days*perDay+1),
	}
	rate := hourlyTop / float64(intent+1) * spike.Bucket.Hours()
	day, hour := 1.0, 1.0
	for b := range days * perDay {
		at := t.start.Add(time.Duration(b) * spike.Bucket)
		if b%perDay == 0 {
			day = math.Exp(0.3 * t.random.NormFloat64())
		}
		if b%12 == 0 {
			hour = math.Exp(0.2 * t.random.NormFloat64())
		}
		level := 1 + 0.6*math.Sin(2*math.Pi*(at.Sub(t.start).Hours()/24-0.25))
		if at.Weekday() == time.Saturday || at.Weekday() == time.Sunday {
			level *= 0.67
		}
		t.until[b+1] = t.until[b] + t.poisson(rate*level*day*hour)
	}
	return t
}

func (t *traffic) poisson(mean float64) int {
	limit, product, n := math.Exp(-mean), t.random.Float64(), 0
	for product > limit {
		product *= t.random.Float64()
		n++
	}
	return n
}

// count is the desk's spike.CountFunc.
func (t *traffic) count(from, to time.Time) int {
	until := func(moment time.Time) int {
		return t.until[min(max(0, int(moment.Sub(t.start)/spike.Bucket)), len(t.until)-1)]
	}
	return until(to) - until(from)
}

// add puts more questions into a bucket.
func (t *traffic) add(bucket, questions int) {
	for b := bucket + 1; b < len(t.until); b++ {
		t.until[b] += questions
	}
}

// Sixteen quiet weeks: how often would a person be called to look at nothing? (A proposal that stays open for six hours is one.)
func TestQuietWeeksGiveFewProposals(t *testing.T) {
	t.Parallel()

	const seeds, weeks = 2, 4
	proposals := 0
	for seed := range uint64(seeds) {
		for intent := range intents {
			desk := newTraffic(seed, intent, 28+7*weeks)
			quietUntil := 0
			for b := 28 * perDay; b < (28+7*weeks)*perDay; b++ {
				now := desk.start.Add(time.Duration(b)*spike.Bucket + spike.Bucket - time.Second)
				rise, found := spike.Look(now, desk.start, intents, desk.count)
				if found && b >= quietUntil {
					proposals++
					quietUntil = b + 72
					t.Logf("seed %d intent %d: %d questions in %s, %.1f expected, p = 1e%.0f", seed, intent, rise.Questions, rise.Window, rise.Expected, rise.Log10P)
				}
			}
		}
	}
	t.Logf("%d proposals in %d quiet weeks of %d intents", proposals, seeds*weeks, intents)
	require.LessOrEqual(t, proposals, seeds)
}

// An incident makes customers ask three times a minute about what they ask about five times an hour, or twenty times.
func TestIncidentIsFoundWithinMinutes(t *testing.T) {
	t.Parallel()

	for _, test := range []struct {
		intent  int // its usual rate is 40 divided by its number plus one
		perMin  float64
		within  int // minutes, in 9 of 10 cases
		comment string
	}{
		{intent: 7, perMin: 3, within: 10, comment: "5 an hour, then 3 a minute more"},
		{intent: 1, perMin: 3, within: 30, comment: "20 an hour, then 3 a minute more"},
		{intent: 39, perMin: 1, within: 15, comment: "1 an hour, then 1 a minute more"},
	} {
		var minutes []int
		missed := 0
		for seed := range uint64(40) {
			desk := newTraffic(100+seed, test.intent, 31)
			begin := 28*perDay + desk.random.IntN(2*perDay)
			found := -1
			for minute := range 60 {
				b := begin + minute/5
				desk.add(b, desk.poisson(test.perMin))
				// What the usual traffic brings in the rest of this bucket is in it already: at most one question too many.
				now := desk.start.Add(time.Duration(b)*spike.Bucket + time.Duration(minute%5+1)*time.Minute - time.Second)
				if _, rises := spike.Look(now, desk.start, intents, desk.count); rises {
					found = minute + 1
					break
				}
			}
			if found < 0 {
				missed++
				found = 61
			}
			minutes = append(minutes, found)
		}
		slices.Sort(minutes)
		t.Logf("%s: found after %d minutes (median), %d (9 of 10), %d of %d missed within the hour",
			test.comment, minutes[len(minutes)/2], minutes[len(minutes)*9/10], missed, len(minutes))
		require.LessOrEqual(t, minutes[len(minutes)*9/10], test.within, test.comment)
	}
}

func TestDeskWithoutAPastProposesNothing(t *testing.T) {
	t.Parallel()

	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	_, found := spike.Look(now, now.Add(-6*24*time.Hour), 80, func(from, _ time.Time) int {
		if from.After(now.Add(-time.Hour)) {
			return 100
		}
		return 0
	})
	require.False(t, found)
}
