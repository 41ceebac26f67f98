package assistant_test

import (
	"bufio"
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/assistant/llm/llmtest"
	"github.com/deskhand/deskhand/assistant/triage/intent"
	"github.com/deskhand/deskhand/assistant/triage/risk"
	"github.com/deskhand/deskhand/prompts"
)

// containment is what a customer with each risk may be told, and nothing else.
func containment() map[risk.Risk]prompts.Key {
	return map[risk.Risk]prompts.Key{
		risk.APIKeyLeaked:           prompts.ContainAPIKey,
		risk.AccountTakeover:        prompts.ContainAccountTakeover,
		risk.Authority:              prompts.AckAuthority,
		risk.Complaint:              prompts.AckComplaint,
		risk.Deceased:               prompts.AckDeceased,
		risk.Extortion:              prompts.CrisisExtortion,
		risk.FakeSupport:            prompts.ContainPhishing,
		risk.HumanWanted:            prompts.AckHuman,
		risk.LegalThreat:            prompts.AckLegal,
		risk.MFALost:                prompts.ContainMFALost,
		risk.Minor:                  prompts.AckMinor,
		risk.PhishingVictim:         prompts.ContainPhishing,
		risk.PressOrRegulatorThreat: prompts.AckLegal,
		risk.SIMSwap:                prompts.ContainSIMSwap,
		risk.ScamVictim:             prompts.ContainScam,
		risk.SecretShared:           prompts.ContainSecret,
		risk.SelfHarm:               prompts.CrisisSelfHarm,
		risk.UnknownWithdrawal:      prompts.ContainUnknownWithdrawal,
		risk.WalletDrained:          prompts.ContainWalletDrained,
		risk.WithdrawalCancel:       prompts.ContainWithdrawalCancel,
	}
}

// TestEveryRiskReachesAPersonWithAFixedText is promise P3: rules decide, no model is asked, and no word is generated.
func TestEveryRiskReachesAPersonWithAFixedText(t *testing.T) {
	t.Parallel()

	s := newFleeting(t, options{respond: obedient("Do not worry, everything is fine.")})
	seen := make(map[string]int)     // by language and risk
	alone := make(map[risk.Risk]int) // where no other risk could have forced the hand-off
	for _, c := range riskyMessages(t) {
		risks := s.Triager.Triage(c.Text, nil).Risks
		if len(risks) == 0 {
			continue // how much the rules catch is measured in their own package
		}
		run := s.say(t, assistant.Question{Body: c.Text, Locale: c.Lang})

		require.Equal(t, assistant.OutcomeHandedOff, run.Outcome, c.Text)
		var allowed []string
		for _, r := range risks {
			require.Contains(t, run.Reasons, assistant.Reason("risk:"+string(r)), c.Text)
			allowed = append(allowed, s.fixed(containment()[r], run.Language))
		}
		require.Contains(t, allowed, run.Reply.Body, c.Text)
		require.Empty(t, run.Reply.Citations)
		for _, r := range risks {
			seen[c.Lang+string(r)]++
		}
		if len(risks) == 1 {
			alone[risks[0]]++
		}
	}
	require.Zero(t, s.model.Count(llmtest.Chat))
	for _, r := range risk.All() {
		require.NotZero(t, alone[r], "no message was handed over for %s alone", r)
		for _, language := range firstLanguages() {
			require.NotZero(t, seen[language+string(r)], "no message in %s was handed over for %s", language, r)
		}
	}
}

// The one who may lose money or their life in the next minutes is told first what to do.
func TestMostUrgentRiskClaimsTheReply(t *testing.T) {
	t.Parallel()

	tests := map[string]struct {
		text string
		want prompts.Key
	}{
		"LifeBeforeMoney":         {"someone hacked my account, i lost everything and i want to kill myself", prompts.CrisisSelfHarm},
		"MoneyBeforeComplaint":    {"i want to file a formal complaint, someone hacked my account", prompts.ContainAccountTakeover},
		"MoneyBeforeHuman":        {"let me talk to a human, someone hacked my account", prompts.ContainAccountTakeover},
		"ComplaintBeforeHuman":    {"let me talk to a human, i want to file a formal complaint", prompts.AckComplaint},
		"TakeoverBeforeLegal":     {"someone hacked my account and my lawyer will sue you", prompts.ContainAccountTakeover},
		"LegalBeforeAnyoneToTalk": {"let me talk to a human or my lawyer will sue you", prompts.AckLegal},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			s := newFleeting(t, options{})
			run := s.ask(t, test.text)

			require.Greater(t, len(run.Reasons), 1, "both risks are seen: %v", run.Reasons)
			require.Equal(t, s.fixed(test.want, "en"), run.Reply.Body)
		})
	}
}

func TestIntentThatIsNeverAutomaticReachesAPersonWithAFixedText(t *testing.T) {
	t.Parallel()

	s := newFleeting(t, options{respond: obedient("Do not worry, everything is fine.")})
	var fixed []string
	for _, language := range prompts.Languages() {
		for _, key := range prompts.Keys() {
			fixed = append(fixed, s.fixed(key, language))
		}
	}
	examples, err := intent.DefaultExamples()
	require.NoError(t, err)
	handedOver := make(map[string]int)
	for _, example := range examples {
		entry, known := s.knowledge.taxonomy.Lookup(example.Intent)
		if !known || entry.AutoAnswer != intent.AutoAnswerNever || !slices.Contains(firstLanguages(), example.Language) {
			continue
		}
		if handedOver[example.Intent+example.Language] == 2 {
			continue
		}
		read := s.Triager.Triage(example.Text, nil)
		if read.Intent != example.Intent || len(assistant.DefaultPolicy().MustHandOff(read)) == 0 {
			continue
		}
		run := s.say(t, assistant.Question{Body: example.Text, Locale: example.Language})

		require.Equal(t, assistant.OutcomeHandedOff, run.Outcome, example.Text)
		require.Contains(t, fixed, run.Reply.Body, example.Text)
		handedOver[example.Intent]++
		handedOver[example.Intent+example.Language]++
	}
	require.Zero(t, s.model.Count(llmtest.Chat))
	for _, entry := range s.knowledge.taxonomy.Intents() {
		if entry.AutoAnswer != intent.AutoAnswerNever {
			continue
		}
		require.NotZero(t, handedOver[entry.ID], "no message about %s", entry.ID)
	}
}

// riskyMessage is a message that must reach a person, from the cases of the rules.
type riskyMessage struct {
	Lang  string      `json:"lang"`
	Must  bool        `json:"must_handoff"`
	Risks []risk.Risk `json:"risks"`
	Text  string      `json:"text"`
}

// riskyMessages returns, for each risk and first language, up to three messages.
func riskyMessages(t *testing.T) []riskyMessage {
	t.Helper()
	file, err := os.Open("triage/risk/testdata/cases.jsonl")
	require.NoError(t, err)
	defer file.Close()
	var messages []riskyMessage
	taken := make(map[string]int)
	for lines := bufio.NewScanner(file); lines.Scan(); {
		var m riskyMessage
		require.NoError(t, json.NewDecoder(strings.NewReader(lines.Text())).Decode(&m))
		if !m.Must || len(m.Risks) == 0 || !slices.Contains(firstLanguages(), m.Lang) {
			continue
		}
		if key := m.Lang + string(m.Risks[0]); taken[key] < 3 {
			taken[key]++
			messages = append(messages, m)
		}
	}
	return messages
}
