package assistant

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// fitsWord is how well a line answers here: whether it has a word.
func fitsWord(word string) func(string) float64 {
	return func(text string) float64 { return float64(strings.Count(text, word)) }
}

func TestALongListIsSentWithThePointsThatAnswer(t *testing.T) {
	t.Parallel()

	filler := strings.Repeat("x", 40)
	list := "Terms:\n- Cross margin: " + filler + "\n- Funding: " + filler + "\n- Mark price: " + filler + "\nMore stands elsewhere."
	require.Equal(t, list, shortened(list, 1000, nil), "what fits is sent whole")
	require.Equal(t, "Terms:\n- Funding: "+filler, shortened(list, 60, fitsWord("Funding")))
	require.Empty(t, shortened(list, 60, nil), "without a measure nothing is chosen")
}

func TestStepsAreSentWholeOrNotAtAll(t *testing.T) {
	t.Parallel()

	steps := "1. Open the page.\n2. Choose the coin.\n3. Confirm."
	require.Equal(t, steps, shortened(steps, 20, fitsWord("coin")))
	require.Empty(t, shortened(steps+strings.Repeat("\n4. Wait.", 100), 20, fitsWord("coin")))
	better := func(line string) bool { return strings.Contains(line, "coin") }
	require.Equal(t, steps, further(steps, 20, better))
	require.Empty(t, further(steps, 20, func(string) bool { return false }))
}

func TestOfAFurtherPassageOnlyWhatAnswersBetterIsSent(t *testing.T) {
	t.Parallel()

	rows := "- Session expired: scan a new code\n- User rejected: open the wallet\n- Unsupported network: choose another"
	require.Equal(t, "- Session expired: scan a new code", further(rows, 20, func(line string) bool { return strings.Contains(line, "expired") }))
	require.Empty(t, further(rows, 20, func(string) bool { return false }))
	expired := func(line string) bool { return strings.Contains(line, "expired") }
	require.Equal(t, rows, further(rows, 1000, expired), "where there is room, with what stands beside it")
	require.Empty(t, further(rows, 1000, func(string) bool { return false }), "an answer is not filled up because there is room")
}

func TestAsksTime(t *testing.T) {
	t.Parallel()

	for _, question := range []string{
		"How long does a BTC deposit take?", "比特币充值多久到账", "比特幣入金要多久", "كم ياخذ ايداع البيتكوين", "¿Cuánto tarda un depósito?", "quanto tempo leva um saque",
		"сколько идет перевод", "nạp btc mất bao lâu", "btc yatırma ne kadar sürer", "입금 얼마나 걸려요", "berapa lama deposit", "wie lange dauert das",
		"combien de temps pour un retrait", "出金は何時間かかりますか",
	} {
		require.True(t, asksTime(question), question)
	}
	for _, question := range []string{"what is the fee for a btc withdrawal", "提币手续费多少", "كم رسوم السحب"} {
		require.False(t, asksTime(question), question)
	}
}
