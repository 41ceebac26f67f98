package guard

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestAClaimThatNoSourceInAnotherLanguageMakesIsStopped holds both ends: how, when and to whom something happens must be said by a
// source, and a source of another language that says it is enough.
func TestAClaimThatNoSourceInAnotherLanguageMakesIsStopped(t *testing.T) {
	t.Parallel()

	g := newGuard(t)
	says := func(language, draft, source string) bool { return len(groundingOf(g, language, draft, source)) > 0 }
	for _, test := range []struct{ language, lie, without, source, saying string }{
		{
			"en", "A withdrawal is checked faster when the wallet is known.", "A withdrawal is checked when the wallet is known.",
			"钱包已知时，提现会被审核。", "钱包已知时，提现会更快被审核。",
		},
		{
			"zh-Hans", "提现被拒后，金额会立即退回账户。", "提现被拒后，金额会退回账户。",
			"When a withdrawal is rejected, the amount returns to the account.", "When a withdrawal is rejected, the amount returns to the account immediately.",
		},
		{
			"ar", "تعود رسوم السحب إلى الحساب تلقائيًا عند رفض السحب.", "تعود رسوم السحب إلى الحساب عند رفض السحب.",
			"The fee of the withdrawal returns to the account when the withdrawal is rejected.",
			"The fee of the withdrawal returns to the account automatically when the withdrawal is rejected.",
		},
	} {
		require.True(t, says(test.language, test.lie, test.source), test.lie)
		require.False(t, says(test.language, test.without, test.source), test.without)
		require.False(t, says(test.language, test.lie, test.saying), test.saying)
	}
}
