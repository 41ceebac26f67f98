package evals

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

// ranked is a list of predictions from the surest, with what was right.
func ranked(right ...bool) []judged {
	all := make([]judged, len(right))
	for i, r := range right {
		all[i] = judged{probability: 1 - float64(i)/10, right: r}
	}
	return all
}

func TestSelectiveFiguresByHand(t *testing.T) {
	t.Parallel()

	s := newSelective(ranked(true, true, false, true))
	require.Equal(t, []int{4, 3}, []int{s.N, s.Right})
	require.InDelta(t, (0+0+1.0/3+1.0/4)/4, s.AURC, 1e-12)
	require.InDelta(t, s.AURC-(1.0/4)/4, s.EAURC, 1e-12, "the best order has the wrong one last")
	require.InDelta(t, (0+0+1.0+1)/16, s.AUGRC, 1e-12)
	require.InDelta(t, (0+0.01+0.64+0.09)/4, s.Brier, 1e-12)
	// 1 and 0.9 share a bin: promised 1.9, kept 2. 0.8 is wrong, 0.7 right.
	require.InDelta(t, (0.1+0.8+0.3)/4, s.ECE, 1e-12)
	require.InDelta(t, 0.25, s.Curve[3].Risk, 1e-12)
	for _, c := range s.Coverage {
		require.False(t, c.Proven, "four cases prove nothing")
	}
}

func TestSelectiveKnowsWhatItCannotTell(t *testing.T) {
	t.Parallel()

	require.Zero(t, newSelective(nil).N)
	all := make([]bool, 100)
	for i := range all {
		all[i] = true
	}
	cases := ranked(all...)
	for i := range cases {
		cases[i].probability = 0.9
	}
	s := newSelective(cases)
	require.Zero(t, s.AURC)
	require.True(t, s.Coverage[1].Proven)
	require.InDelta(t, math.Pow(0.05, 1.0/100), s.Coverage[1].Lower, 1e-9, "the exact bound of 100 of 100")
	require.False(t, s.Coverage[2].Proven, "0.98 needs 149 of 149")
}

func TestRepeatsOfACaseAreNotCasesOfTheirOwn(t *testing.T) {
	t.Parallel()

	same := make([]cluster, 0, 20) // each case says the same five times
	for i := range 20 {
		same = append(same, cluster{hits: 5 * (i % 2), n: 5})
	}
	clustered, cases := newShare(same, wilson), NewShare(10, 20)
	require.Equal(t, []int{20, 50, 100}, []int{clustered.Cases, clustered.Hits, clustered.N})
	require.InDelta(t, cases.Lower, clustered.Lower, 0.02)
	require.InDelta(t, cases.Upper, clustered.Upper, 0.02)

	mixed := make([]cluster, 20) // repeats that differ as if they were independent
	for i := range mixed {
		mixed[i] = cluster{hits: 2 + i%2, n: 5}
	}
	require.InDelta(t, NewShare(50, 100).Lower, newShare(mixed, wilson).Lower, 1e-12)

	sure := newShare([]cluster{{5, 5}, {5, 5}, {5, 5}}, clopperPearson)
	require.InDelta(t, newExact(3, 3).Lower, sure.Lower, 1e-12, "nothing tells how alike repeats are: three cases prove what three do")
}

func TestComparisonDrawsCasesAndNotRepeats(t *testing.T) {
	t.Parallel()

	figure := Figures()[0]
	result := func(id string, repeat int, passed bool) Result {
		return Result{Case: Case{ID: id}, Checks: []Check{{Passed: passed}}, Repeat: repeat}
	}
	var before, after []Result
	for repeat := range 10 {
		before = append(before, result("a", repeat, true), result("b", repeat, true))
		after = append(after, result("a", repeat, false), result("b", repeat, true))
	}
	c := Compare(NewReport(Suite{}, before), NewReport(Suite{}, after))
	require.Equal(t, 20, c.Pairs)
	require.InDelta(t, -0.5, c.Figures[0].Difference, 1e-12)
	require.InDelta(t, 1, c.Figures[0].McNemar, 0, "one case of two got worse: that is no evidence")
	require.Equal(t, NoEvidence, c.Figures[0].Verdict)
	require.Len(t, figure.count(c.paired), 2)
}

func TestChrF(t *testing.T) {
	t.Parallel()

	require.InDelta(t, 1, chrF("提币通常 30 分钟", "提币通常30分钟"), 1e-12, "white space says nothing")
	require.Zero(t, chrF("abc", "xyz"))
	require.Zero(t, chrF("", "xyz"))
	near, far := chrF("رسوم السحب 1.5", "رسوم السحب 1.5 USDT"), chrF("رسوم الإيداع", "رسوم السحب 1.5 USDT")
	require.Greater(t, near, far)
}

func TestContextPrecisionIsHigherWhenTheRightOneComesFirst(t *testing.T) {
	t.Parallel()

	require.InDelta(t, 1, contextPrecision([]string{"a", "x"}, []string{"a"}), 1e-12)
	require.InDelta(t, 0.5, contextPrecision([]string{"x", "a"}, []string{"a"}), 1e-12)
	require.InDelta(t, (1+2.0/3)/2, contextPrecision([]string{"a", "x", "b"}, []string{"a", "b"}), 1e-12)
	require.Zero(t, contextPrecision([]string{"x"}, []string{"a"}))
}
