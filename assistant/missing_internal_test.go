package assistant

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant/triage"
	"github.com/deskhand/deskhand/retrieval"
)

// TestTwoMessagesAreAsDangerousAsOneOfThemHints holds both ends: a danger that is told in two messages reaches a person, and an answer
// to a question back makes no danger of a question that had none.
func TestTwoMessagesAreAsDangerousAsOneOfThemHints(t *testing.T) {
	t.Parallel()

	triager := reading(t).Triager
	judge := func(first, second string) triage.Triage {
		return turns{
			first: triager.Triage(first, nil), second: triager.Triage(second, nil), together: triager.Triage(first+"\n"+second, nil),
		}.continued()
	}

	for _, told := range [][2]string{
		{"my withdrawal", "i did not make it"},
		{"someone got into", "my account"},
		{"i gave a guy on telegram", "my recovery phrase"},
		{"i lost my", "phone with the authenticator"},
		{"i installed", "anydesk because support told me"},
		{"账户里少了2个btc", "不是我转的"},
		{"有人登录了", "我的账号"},
		{"我的手机丢了", "验证器在里面"},
		{"هناك سحب", "لم اقم به"},
		{"شخص دخل", "الى حسابي"},
	} {
		got := judge(told[0], told[1])
		require.True(t, len(got.Risks) > 0 || got.NeedsPerson(), "%v: %v %.2f", told, got.Risks, got.Person)
	}
	for _, calm := range [][2]string{
		{"how do i schedule a withdrawal every friday", "100 usdt to binance"},
		{"selfie check failed three times", "100 usdt to binance"},
		{"do you have gift cards for christmas", "100 usdt to binance"},
		{"how much is the fee to withdraw", "usdt, trc20"},
		{"忘记登录密码了怎么改", "还没有"},
		{"谷歌验证器怎么绑定", "还没有"},
		{"换手机号了怎么改绑", "还没有"},
		{"提币手续费多少", "usdt, trc20"},
		{"كم رسوم السحب", "usdt على شبكة trc20"},
		{"وين القى عنوان الايداع", "بيتكوين"},
	} {
		got := judge(calm[0], calm[1])
		require.Empty(t, got.Risks, calm)
		require.False(t, got.NeedsPerson(), "%v: %.2f", calm, got.Person)
	}
	require.True(t, judge("how much is the fee to withdraw", "usdt, trc20").Facts.Network, "what was said beside stays")
}

func TestHowLongAgoIsAskedWhereItDecides(t *testing.T) {
	t.Parallel()
	triager := reading(t).Triager
	a := New(Config{Triager: triager})
	const unconfirmed = "deposit.pending_confirmations"
	found := retrieval.Results{Hits: []retrieval.Hit{{Article: retrieval.ArticleRef{Intents: []string{unconfirmed}}}}}
	for said, want := range map[string]struct {
		missing Fact
		overdue bool
	}{
		"my usdt on trc20 is not confirmed":             {missing: FactAge},
		"my usdt on trc20 is not confirmed, 20 min":     {},
		"my usdt on trc20 not confirmed for 5 days":     {overdue: true},
		"我的 USDT TRC20 充值还没确认":                          {missing: FactAge},
		"我的 USDT TRC20 充值20分钟了还没确认":                     {},
		"我的 USDT TRC20 充值五天了还没确认":                       {overdue: true},
		"إيداع USDT على شبكة TRC20 لم يتأكد":            {missing: FactAge},
		"إيداع USDT على شبكة TRC20 لم يتأكد منذ ساعة":   {},
		"إيداع USDT على شبكة TRC20 لم يتأكد منذ 5 أيام": {overdue: true},
	} {
		read := triage.Triage{Certainty: 0.9, Facts: triager.Facts(said), Intent: unconfirmed}
		require.Equal(t, want.missing, a.missing(read, found), said)
		require.Equal(t, want.overdue, a.overdue(read), said)
	}
	require.False(t, a.overdue(triage.Triage{Facts: triager.Facts("for 5 days"), Intent: "account.login_or_password"}), "age decides nothing there")
}
