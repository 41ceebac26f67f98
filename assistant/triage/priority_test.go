package triage_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant/triage"
	"github.com/deskhand/deskhand/assistant/triage/facts"
	"github.com/deskhand/deskhand/assistant/triage/risk"
)

func TestPrioritise(t *testing.T) {
	t.Parallel()

	const day = 24 * time.Hour
	tests := map[string]struct {
		urgency triage.Urgency
		want    triage.Priority
	}{
		"IntentAlone":                 {triage.Urgency{Intent: triage.P3}, triage.P3},
		"CalmIsNoStep":                {triage.Urgency{Intent: triage.P4, Mood: facts.Calm}, triage.P4},
		"WorriedIsNoStep":             {triage.Urgency{Intent: triage.P3, Mood: facts.Worried}, triage.P3},
		"UpsetIsAStep":                {triage.Urgency{Intent: triage.P4, Mood: facts.Upset}, triage.P3},
		"LongWaitIsAStep":             {triage.Urgency{Intent: triage.P3, Age: 3 * day}, triage.P2},
		"ShortWaitIsNone":             {triage.Urgency{Intent: triage.P3, Age: 3*day - time.Minute}, triage.P3},
		"LargeAmountIsAStep":          {triage.Urgency{Intent: triage.P3, LargeAmount: true}, triage.P2},
		"VIPIsAStep":                  {triage.Urgency{Intent: triage.P4, Tier: triage.VIP}, triage.P3},
		"StepsAddUp":                  {triage.Urgency{Intent: triage.P4, Age: 9 * day, Tier: triage.VIP}, triage.P2},
		"NobodyShoutsTheWayToP1":      {triage.Urgency{Intent: triage.P2, Age: 30 * day, LargeAmount: true, Mood: facts.Upset, Tier: triage.VIP}, triage.P2},
		"FourStepsEndAtP2":            {triage.Urgency{Intent: triage.P4, Age: 30 * day, LargeAmount: true, Mood: facts.Upset, Tier: triage.VIP}, triage.P2},
		"RiskRaisesToItsOwn":          {triage.Urgency{Intent: triage.P4, Risks: []risk.Risk{risk.AccountTakeover}}, triage.P1},
		"MostUrgentRiskCounts":        {triage.Urgency{Intent: triage.P4, Risks: []risk.Risk{risk.HumanWanted, risk.SelfHarm}}, triage.P1},
		"RiskNeverLowers":             {triage.Urgency{Intent: triage.P1, Risks: []risk.Risk{risk.HumanWanted}}, triage.P1},
		"RiskAndSteps":                {triage.Urgency{Intent: triage.P4, Mood: facts.Upset, Risks: []risk.Risk{risk.HumanWanted}}, triage.P2},
		"P1StaysP1":                   {triage.Urgency{Intent: triage.P1, Mood: facts.Upset, Age: 9 * day}, triage.P1},
		"ComplaintIsAnsweredWithinP2": {triage.Urgency{Intent: triage.P3, Risks: []risk.Risk{risk.Complaint}}, triage.P2},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, test.want, triage.Prioritise(test.urgency))
		})
	}
}

// Every fact can only raise the priority (P3 of the promises: nothing lowers a level).
func TestPrioritiseNeverLowers(t *testing.T) {
	t.Parallel()

	for _, intent := range []triage.Priority{triage.P1, triage.P2, triage.P3, triage.P4} {
		for _, r := range risk.All() {
			plain := triage.Prioritise(triage.Urgency{Intent: intent, Risks: []risk.Risk{r}})
			require.LessOrEqual(t, plain, intent)
			for _, more := range []triage.Urgency{
				{Age: 100 * time.Hour}, {LargeAmount: true}, {Mood: facts.Upset}, {Tier: triage.VIP},
			} {
				more.Intent, more.Risks = intent, []risk.Risk{r}
				require.LessOrEqual(t, triage.Prioritise(more), plain)
			}
		}
	}
}
