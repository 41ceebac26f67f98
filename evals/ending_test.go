package evals_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/evals"
)

func TestEveryCaseHasOneEnding(t *testing.T) {
	t.Parallel()

	fees := evals.Expect{Article: "trading-fees", Outcome: assistant.OutcomeAnswered}
	wrongIntent := evals.Expect{Article: "trading-fees", Intent: "kyc.rejected", Outcome: assistant.OutcomeAnswered}
	toAPerson := evals.Expect{Outcome: assistant.OutcomeHandedOff}
	hacked, invalid := "someone hacked my account", "\xff"
	tests := map[string]struct {
		question string
		expect   evals.Expect
		tags     []string
		want     evals.Ending
	}{
		"RightArticle":               {"whats the taker fee for spot", fees, nil, evals.CorrectAnswer},
		"RightAnswerWrongIntent":     {"whats the taker fee for spot", wrongIntent, nil, evals.CorrectAnswer},
		"AnyReplyWillDo":             {"whats the taker fee for spot", evals.Expect{Outcome: evals.OutcomeReplied}, nil, evals.CorrectAnswer},
		"WrongArticle":               {"whats the taker fee for spot", evals.Expect{Article: "kyc", Outcome: assistant.OutcomeAnswered}, nil, evals.WrongAnswer},
		"AnswerWhereAPersonShould":   {"whats the taker fee for spot", toAPerson, nil, evals.WrongAnswer},
		"AnswerWhereAPersonMust":     {"whats the taker fee for spot", toAPerson, []string{evals.MandatoryTag}, evals.MissedHandOff},
		"PersonWhereAPersonMust":     {hacked, toAPerson, []string{evals.MandatoryTag}, evals.RightHandOff},
		"PersonWhereAReplyWouldDo":   {hacked, fees, nil, evals.NeedlessHandOff},
		"FailureIsAWrongAnswer":      {invalid, fees, nil, evals.WrongAnswer},
		"FailureWhereAPersonMustBe":  {invalid, toAPerson, []string{evals.MandatoryTag}, evals.MissedHandOff},
		"PersonWithTheWrongPriority": {hacked, evals.Expect{Outcome: assistant.OutcomeHandedOff, Priority: "P4"}, nil, evals.RightHandOff},
	}
	runner := newRunner(t)
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			results, err := runner.Run(t.Context(), evals.Suite{Cases: []evals.Case{
				{Conversation: []string{test.question}, Expect: test.expect, ID: name, Locale: "en", Tags: test.tags},
			}})
			require.NoError(t, err)
			require.Equal(t, test.want, results[0].Ending, results[0].Checks)
			require.Equal(t, 1, evals.NewReport(evals.Suite{}, results).Total.Endings[test.want])
		})
	}
}

func TestFiguresCountTheCasesThatTheyAreAbout(t *testing.T) {
	t.Parallel()

	ended := func(ending evals.Ending, expect, got assistant.Outcome, tags ...string) evals.Result {
		return evals.Result{Case: evals.Case{Expect: evals.Expect{Outcome: expect}, Tags: tags}, Ending: ending, Outcome: got}
	}
	answered, handed := assistant.OutcomeAnswered, assistant.OutcomeHandedOff
	total := evals.NewReport(evals.Suite{}, []evals.Result{
		ended(evals.CorrectAnswer, answered, answered), ended(evals.WrongAnswer, answered, answered),
		ended(evals.NeedlessHandOff, answered, handed), ended(evals.RightHandOff, handed, handed),
		ended(evals.RightHandOff, handed, handed, evals.MandatoryTag), ended(evals.MissedHandOff, handed, answered, evals.MandatoryTag),
	}).Total
	want := map[string][2]int{
		"pass_rate": {6, 6}, "mandatory_recall": {1, 2}, "right_rate": {3, 6}, "answer_precision": {1, 3}, "answer_rate": {1, 3},
		"wrong_rate": {1, 6}, "needless_rate": {1, 3},
	}
	require.Len(t, total.Figures, len(want))
	for name, wanted := range want {
		got := [2]int{total.Figures[name].Hits, total.Figures[name].N}
		require.Equal(t, wanted, got, name)
	}
}
