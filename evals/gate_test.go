package evals_test

import (
	"encoding/xml"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/evals"
)

func rules(t *testing.T, texts ...string) []evals.Rule {
	t.Helper()
	all := make([]evals.Rule, len(texts))
	for i, text := range texts {
		var err error
		all[i], err = evals.ParseRule(text)
		require.NoError(t, err)
	}
	return all
}

func TestParseRuleSaysWhatIsWrong(t *testing.T) {
	t.Parallel()

	tests := map[string]struct{ rule, says string }{
		"Empty":         {"", "write [diff.]FIGURE"},
		"NoLimit":       {"pass_rate >=", "write [diff.]FIGURE"},
		"NoComparison":  {"pass_rate", "write [diff.]FIGURE"},
		"UnknownFigure": {"happiness >= 1", `unknown figure "happiness": use one of pass_rate, mandatory_recall`},
		"UnknownSlice":  {"pass_rate@moon=full >= 1", `unknown slice "moon": use locale, tag, risk, intent or channel`},
		"NotANumber":    {"pass_rate >= NaN", "must be a number from -1 to 1"},
		"Percent":       {"pass_rate >= 99", "must be a number from -1 to 1"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			_, err := evals.ParseRule(test.rule)
			require.ErrorContains(t, err, test.says)
		})
	}
}

func TestGateDecidesByItsRules(t *testing.T) {
	t.Parallel()

	tests := map[string]struct {
		rule   string
		wrong  []string
		passes bool
	}{
		"UnchangedRun":             {"diff.pass_rate.lower >= 0", nil, true},
		"OneCaseWorse":             {"diff.pass_rate.lower >= 0", []string{"c00"}, false},
		"OneCaseWorseIsAllowed":    {"diff.pass_rate >= -0.05", []string{"c00"}, true},
		"WithinTheMarginByChance":  {"diff.pass_rate.lower >= -0.05", []string{"c00"}, false},
		"FloorHolds":               {"pass_rate.lower >= 0.8", nil, true},
		"FloorOnTheBoundIsMissed":  {"pass_rate.lower >= 0.9", nil, false}, // 21 of 21 are not enough to say so
		"CeilingHolds":             {"wrong_rate <= 0", nil, true},
		"CeilingIsBroken":          {"wrong_rate@tag=fees <= 0", []string{"c00"}, false},
		"AnotherSliceIsNotTouched": {"wrong_rate@locale=ar <= 0", []string{"c00"}, true},
		"SliceIsWorse":             {"diff.pass_rate.lower@locale=ar >= 0", []string{"ar"}, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			gate, err := evals.Decide(saved(20), saved(20, test.wrong...), rules(t, test.rule))
			require.NoError(t, err)
			require.Len(t, gate.Findings, 1)
			require.Equal(t, test.passes, gate.Passed, gate.Findings)
		})
	}
}

func TestGateWithoutRulesLetsNothingGetWorse(t *testing.T) {
	t.Parallel()

	gate, err := evals.Decide(saved(20, "c01"), saved(20, "c01"), nil)
	require.NoError(t, err)
	require.True(t, gate.Passed, "what failed before may fail")
	require.Len(t, gate.Findings, 2, "the suite has no case that must reach a person")

	gate, err = evals.Decide(saved(20, "c01"), saved(20, "c02"), nil)
	require.NoError(t, err)
	require.False(t, gate.Passed, "one better does not pay for one worse")
}

func TestGateSaysThatARunIsBroken(t *testing.T) {
	t.Parallel()

	broken, changed, shorter := saved(3), saved(3), saved(3)
	broken.Results[0].Checks = []evals.Check{{Name: "pipeline"}}
	changed.Results[1].Case.Expect.Article = "vip-levels"
	shorter.Results = shorter.Results[:2]
	tests := map[string]struct {
		run  evals.Report
		rule string
		says string
	}{
		"PipelineFailed":   {broken, "pass_rate >= 0", "the pipeline failed on c00"},
		"CaseWasChanged":   {changed, "pass_rate >= 0", "make a new baseline: c01"},
		"CasesAreMissing":  {shorter, "pass_rate >= 0", "make a new baseline: ar, c02"},
		"RuleAboutNothing": {saved(3), "mandatory_recall >= 0.9", `rule "mandatory_recall >= 0.9": there is no case to judge by`},
		"NoSuchSlice":      {saved(3), "diff.pass_rate@tag=x >= 0", "there is no case to judge by"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			_, err := evals.Decide(saved(3), test.run, rules(t, test.rule))
			require.ErrorIs(t, err, evals.ErrBroken)
			require.ErrorContains(t, err, test.says)
		})
	}
}

func TestGateIsWrittenForMachines(t *testing.T) {
	t.Parallel()

	gate, err := evals.Decide(saved(20), saved(20, "c00"), rules(t, "diff.pass_rate.lower >= 0", "wrong_rate <= 0.5"))
	require.NoError(t, err)
	var junit, github, table strings.Builder
	require.NoError(t, gate.WriteJUnit(&junit))
	require.NoError(t, gate.WriteGitHub(&github))
	require.NoError(t, gate.WriteTable(&table))

	var suites struct {
		Suite struct {
			Tests    int `xml:"tests,attr"`
			Failures int `xml:"failures,attr"`
			Cases    []struct {
				Name    string    `xml:"name,attr"`
				Failure *struct{} `xml:"failure"`
			} `xml:"testcase"`
			Output string `xml:"system-out"`
		} `xml:"testsuite"`
	}
	require.NoError(t, xml.Unmarshal([]byte(junit.String()), &suites))
	require.Equal(t, []int{2, 1}, []int{suites.Suite.Tests, suites.Suite.Failures})
	require.Equal(t, "diff.pass_rate.lower >= 0", suites.Suite.Cases[0].Name)
	require.NotNil(t, suites.Suite.Cases[0].Failure)
	require.Nil(t, suites.Suite.Cases[1].Failure)
	require.Contains(t, suites.Suite.Output, "case c00 got worse: wrong_answer, was correct_answer; fails article")

	require.Contains(t, github.String(), "::error title=eval gate::diff.pass_rate.lower >= 0 does not hold: difference -0.0476")
	require.Contains(t, github.String(), "::warning title=eval gate::case c00 got worse")
	require.NotContains(t, github.String(), "::notice")
	require.Contains(t, table.String(), "gate s: failed")
	for _, write := range []error{gate.WriteJUnit(brokenPipe{}), gate.WriteGitHub(brokenPipe{}), gate.WriteTable(brokenPipe{})} {
		require.ErrorIs(t, write, errPipe)
	}
}

func TestAnAnnotationCannotStartAnotherCommand(t *testing.T) {
	t.Parallel()

	before, after := saved(20), saved(20, "c00")
	for _, report := range []evals.Report{before, after} {
		report.Results[0].Case.ID = "c00\n::add-mask::x"
	}
	gate, err := evals.Decide(before, after, nil)
	require.NoError(t, err)
	var github strings.Builder
	require.NoError(t, gate.WriteGitHub(&github))
	require.NotContains(t, github.String(), "\n::add-mask")
	require.Contains(t, github.String(), "c00%0A::add-mask::x got worse")
}

func FuzzParseRule(f *testing.F) {
	f.Add("diff.pass_rate.lower@tag=security >= -0.02")
	f.Add("wrong_rate<=0")
	f.Fuzz(func(t *testing.T, text string) {
		rule, err := evals.ParseRule(text)
		if err != nil {
			return
		}
		if _, err := evals.Decide(saved(1), saved(1), []evals.Rule{rule}); err != nil && !strings.Contains(err.Error(), "no case to judge by") {
			t.Errorf("a rule that was read cannot be judged: %v", err)
		}
	})
}
