package passage

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

func split(t testing.TB, title, body string) []Draft {
	t.Helper()
	passages, err := Split(title, body)
	require.NoError(t, err)
	return passages
}

func TestPlainTextKeepsWhatACustomerReads(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ markdown, want string }{
		"bold":           {"Use **TRC-20** or *ERC-20* `memo`.", "Use TRC-20 or ERC-20 memo."},
		"escapes":        {`5 \* 3 &amp; more`, "5 * 3 & more"},
		"html":           {"Click <b>here</b>.\n\n<script>alert(1)</script>\n\nEnd.", "Click here.|End."},
		"image":          {"See ![the menu](x.png) above.", "See the menu above."},
		"link":           {"Read [our page](https://help.quayside.example/fees).", "Read our page (https://help.quayside.example/fees)."},
		"link to itself": {"Go to <https://quayside.example> or [support@quayside.example](mailto:support@quayside.example).", "Go to https://quayside.example or support@quayside.example."},
		"nested list":    {"1. First\n   - a\n   - b\n2. Second", "1. First\n   - a\n   - b\n2. Second"},
		"numbers go on":  {"3. Third\n4. Fourth", "3. Third\n4. Fourth"},
		"soft breaks":    {"One\ntwo.\n\n中文\n换行。", "One two.|中文换行。"},
		"table":          {"| Coin | Fee | Minimum |\n|---|---|---|\n| USDT | 1 | 10 |\n| BTC | 0.0002 | |", "- USDT: Fee 1; Minimum 10\n- BTC: Fee 0.0002"},
	} {
		var texts []string
		for _, b := range plainBlocks(c.markdown) {
			texts = append(texts, b.text)
		}
		require.Equal(t, c.want, strings.Join(texts, "|"), name)
	}
}

func TestPassagesLieUnderOneHeading(t *testing.T) {
	t.Parallel()
	passages := split(t, "Deposits", "# Deposits\n\nIntro.\n\n## Networks\n\nText.\n\n### TRON\n\nTRC-20.\n\n## Fees\n\nNone.")
	var got []string
	for _, p := range passages {
		got = append(got, strings.Join(p.HeadingPath, " > ")+": "+p.Body)
	}
	require.Equal(t, []string{": Intro.", "Networks: Text.", "Networks > TRON: TRC-20.", "Fees: None."}, got)
	require.Equal(t, "Deposits\nNetworks › TRON\n\nTRC-20.", passages[2].Text)
}

func TestLongTextIsCutAtSentenceEnds(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ sentence, end string }{
		"ar":      {"يستغرق السحب حوالي 30 دقيقة في معظم الشبكات. ", "."},
		"en":      {"A withdrawal of 0.5 BTC takes about 30 minutes on most networks. ", "."},
		"zh-Hans": {"提币通常需要约 30 分钟,具体时间取决于网络。", "。"},
	} {
		passages := split(t, "T", strings.Repeat(c.sentence, 60))
		require.Greater(t, len(passages), 2, name)
		var whole strings.Builder
		for _, p := range passages {
			require.LessOrEqual(t, p.Tokens, passageTokens, name)
			require.True(t, strings.HasSuffix(p.Body, c.end), name)
			whole.WriteString(strings.TrimSpace(p.Body))
		}
		require.Equal(t, strings.ReplaceAll(strings.Repeat(c.sentence, 60), " ", ""), strings.ReplaceAll(whole.String(), " ", ""), name)
	}
}

func TestStepsStayTogetherWithWhatAnnouncesThem(t *testing.T) {
	t.Parallel()
	var steps strings.Builder
	for i := range 12 {
		fmt.Fprintf(&steps, "%d. Open the page number %d of the app and check what it says about your deposit there.\n", i+1, i+1)
	}
	filler := strings.Repeat("This sentence fills the passage before the list with words. ", 18)
	passages := split(t, "T", filler+"\n\nDo this:\n\n"+steps.String())
	require.Len(t, passages, 2)
	require.True(t, strings.HasPrefix(passages[1].Body, "Do this:\n1. Open"))
	require.Contains(t, passages[1].Body, "\n12. Open")
}

func TestAnEndlessListIsCutBetweenItsLines(t *testing.T) {
	t.Parallel()
	passages := split(t, "T", strings.Repeat("- A coin with a fee of 0.0005 and a minimum of 0.001\n", 200))
	require.Greater(t, len(passages), 5)
	for _, p := range passages {
		require.LessOrEqual(t, p.Tokens, passageHardTokens)
		require.True(t, strings.HasPrefix(p.Body, "- A coin"))
		require.True(t, strings.HasSuffix(p.Body, "0.001"))
	}
}

func TestTextWithoutSentenceEndsIsCutSomewhere(t *testing.T) {
	t.Parallel()
	for _, text := range []string{strings.Repeat("x", 50_000), strings.Repeat("钱", 9_000), strings.Repeat("word ", 5_000)} {
		for _, p := range split(t, "T", text) {
			require.LessOrEqual(t, p.Tokens, passageHardTokens)
			require.True(t, utf8.ValidString(p.Body))
		}
	}
}

func TestSentencesEndInEveryScript(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]string{
		"One. Two! Three? Four":                             {"One. ", "Two! ", "Three? ", "Four"},
		"The fee is 0.5 USDT at help.quayside.example. Ok.": {"The fee is 0.5 USDT at help.quayside.example. ", "Ok."},
		"e.g. this one. And that.":                          {"e.g. this one. ", "And that."},
		"你好。提币需要多久?30 分钟!":                                  {"你好。", "提币需要多久?", "30 分钟!"},
		"هل وصل الإيداع؟ نعم. انتظر":                        {"هل وصل الإيداع؟ ", "نعم. ", "انتظر"},
		"1. First step. 2. Second":                          {"1. First step. ", "2. Second"},
		"He said \"no.\" Then left.":                        {"He said \"no.\" ", "Then left."},
		"Line one\nLine two":                                {"Line one\n", "Line two"},
	} {
		require.Equal(t, want, Sentences(text))
	}
}

func FuzzSplit(f *testing.F) {
	f.Add("# A\n\nOne. Two.\n\n- a\n- b\n\n| a |\n|---|\n| b |\n")
	f.Add("提币。\n\n> 引用\n\n```\ncode\n```")
	f.Fuzz(func(t *testing.T, body string) {
		if !utf8.ValidString(body) || len(body) > 1<<14 {
			return // an article is valid UTF-8 and is checked to be before it is split
		}
		require.Equal(t, body, strings.Join(Sentences(body), ""))
		passages, err := Split("T", body)
		require.NoError(t, err)
		for _, p := range passages {
			require.NotEmpty(t, strings.TrimSpace(p.Body))
			require.Positive(t, p.Tokens)
			require.LessOrEqual(t, p.Tokens, passageHardTokens+passageTokens)
			require.True(t, utf8.ValidString(p.Body))
		}
	})
}
