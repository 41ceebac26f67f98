package guard_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant/guard"
)

func TestWhatNoSourceSpeaksOfIsStoppedInAnyLanguage(t *testing.T) {
	t.Parallel()

	g, err := guard.New()
	require.NoError(t, err)
	stopped := func(language, draft, source string) bool {
		for _, finding := range g.Check(guard.Text{
			Body: draft, Language: language, Sentences: []guard.Sentence{{Sources: []string{source}, Text: draft}},
		}, guard.NewRegistry(nil)) {
			if finding.Check == guard.CheckGrounding {
				return true
			}
		}
		return false
	}
	const source = "Withdrawals that are pending are paid out when the check is finished, and the fee of the withdrawal is fixed."
	for language, lie := range map[string]string{
		"en":      "Withdrawals that are pending are paid out in cash when the check is finished.",
		"zh-Hans": "审核完成后，待处理的提现会在邮局支付。",
		"ar":      "تُدفع طلبات السحب المعلقة نقدًا عند اكتمال الفحص.",
	} {
		require.True(t, stopped(language, lie, source), lie)
	}
	require.False(t, stopped("en", "Withdrawals that are pending are paid out when the check is finished.", source))
	require.False(t, stopped("en", "Your coins are insured, and the fee of the withdrawal is fixed.", source+" 币有保险。"),
		"a source speaks of it, in whatever language")
}
