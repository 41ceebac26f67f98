package assistant

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant/triage"
	"github.com/deskhand/deskhand/assistant/triage/facts"
	"github.com/deskhand/deskhand/assistant/triage/intent"
	"github.com/deskhand/deskhand/assistant/triage/risk"
	"github.com/deskhand/deskhand/retrieval"
	"github.com/deskhand/deskhand/retrieval/embed"
)

// reading is an assistant that reads questions.
func reading(t *testing.T) *Assistant {
	t.Helper()
	taxonomy, err := intent.Default()
	require.NoError(t, err)
	classifier, err := intent.Builtin(embed.New())
	require.NoError(t, err)
	rules, err := risk.Default()
	require.NoError(t, err)
	triager, err := triage.New(taxonomy, classifier, rules)
	require.NoError(t, err)
	return &Assistant{Config: Config{Triager: triager}, lines: newLineCache(triager)}
}

// extracted is a draft of lines of one article, each as it stands there.
func extracted(titles string, lines ...string) Draft {
	draft := Draft{Method: MethodExtractive, Sources: []Source{{Text: titles + "\n\n" + lines[0]}}}
	for _, line := range lines {
		draft.Sentences = append(draft.Sentences, Sentence{Citations: []int{0}, Text: line})
	}
	return draft
}

// TestAValueOfAnotherIsNoAnswer holds both ends: what is said of another asset, network, product or level does not answer, and what is
// said of all does.
func TestAValueOfAnotherIsNoAnswer(t *testing.T) {
	t.Parallel()

	spot := map[string]Draft{
		"ar":      extracted("رسوم التداول", "الرسوم القياسية في التداول الفوري 0.10% لأوامر الصانع، وعند 1,000,000 USDT تصل إلى VIP1 برسوم أقل."),
		"en":      extracted("Trading fees", "The standard spot fee is 0.10 % for maker orders. From 1,000,000 USDT you reach VIP1 with lower fees."),
		"zh-Hans": extracted("交易手续费", "现货标准手续费为挂单 0.10%。交易量达到 1,000,000 USDT 即为 VIP1，费率更低。"),
	}
	withdraw := map[string]Draft{
		"ar": extracted("السحب > رسوم الشبكة والحد الأدنى", "- USDT TRC-20: الرسوم 1.5 USDT; الحد الأدنى 10 USDT", "- BTC Bitcoin: الرسوم 0.0002 BTC"),
		"en": extracted("How to withdraw > Network fees", "- USDT TRC-20: Fee 1.5 USDT; Minimum 10 USDT", "- BTC Bitcoin: Fee 0.0002 BTC"),
		"zh-Hans": extracted("如何提币 > 网络手续费", "- USDT TRC-20: 手续费 1.5 USDT; 最小提币数量 10 USDT",
			"- BTC 比特币网络: 手续费 0.0002 BTC"),
	}
	confirm := map[string]Draft{
		"ar":      extracted("التأكيدات المطلوبة", "- Bitcoin: التأكيدات 2; الوقت 20 دقيقة", "- TRON (TRC-20): التأكيدات 20; الوقت 2 دقيقة"),
		"en":      extracted("How many confirmations are needed", "- Bitcoin: Credited after 2; 20 to 40 minutes", "- Ethereum (ETH, ERC-20): Credited after 12; 3 minutes"),
		"zh-Hans": extracted("各网络所需确认数", "- 比特币（BTC）: 到账 2; 20–40 分钟", "- 波场 TRON（TRC-20）: 到账 20; 1–2 分钟"),
	}
	limits := extracted("How to withdraw > Daily limits", "- Basic: Limit per day 2,000 USDT", "The limit counts all withdrawals within 24 hours, at their value in USDT.")
	minimum := map[string]Draft{
		"en":      extracted("How to deposit > Minimum amounts", "The minimum deposit is 1 USDT for USDT and 0.00005 BTC for Bitcoin."),
		"zh-Hans": extracted("如何充币 > 最小充币数量", "USDT 最小充币数量为 1 USDT，BTC 为 0.00005 BTC。"),
	}
	a := reading(t)
	for _, test := range []struct {
		question string
		draft    Draft
		unmet    []facts.NameKind
	}{
		{"what is the maker fee for futures VIP 3", spot["en"], []facts.NameKind{facts.NameLevel, facts.NameProduct}},
		{"期货 VIP 3 的挂单手续费是多少", spot["zh-Hans"], []facts.NameKind{facts.NameLevel, facts.NameProduct}},
		{"كم رسوم المايكر للعقود الآجلة VIP 3", spot["ar"], []facts.NameKind{facts.NameLevel, facts.NameProduct}},
		{"what is the maker fee on spot", spot["en"], nil},
		{"现货挂单手续费", spot["zh-Hans"], nil},
		{"what is the maker fee", spot["en"], nil},
		{"maker fee vip1", spot["en"], nil},
		{"how do i start with futures", spot["en"], nil}, // asks for no value
		{"withdrawal fee for doge", withdraw["en"], []facts.NameKind{facts.NameAsset}},
		{"提 SOL 手续费多少", withdraw["zh-Hans"], []facts.NameKind{facts.NameAsset}},
		{"كم رسوم سحب الدوجكوين", withdraw["ar"], []facts.NameKind{facts.NameAsset}},
		{"withdrawal fee for usdt on arbitrum", withdraw["en"], []facts.NameKind{facts.NameAsset, facts.NameNetwork}},
		{"withdrawal fee for a lightning payment", withdraw["en"], []facts.NameKind{facts.NameNetwork}},
		{"withdrawal fee for usdt on tron", withdraw["en"], nil},
		{"提 USDT 走波场手续费多少", withdraw["zh-Hans"], nil},
		{"كم رسوم سحب البيتكوين", withdraw["ar"], nil},
		{"how many confirmations for litecoin", confirm["en"], []facts.NameKind{facts.NameNetwork}},
		{"莱特币充币需要几个确认", confirm["zh-Hans"], []facts.NameKind{facts.NameNetwork}},
		{"كم تأكيد يحتاج لايتكوين", confirm["ar"], []facts.NameKind{facts.NameNetwork}},
		{"how long does a usdt erc20 deposit take", confirm["en"], nil}, // a time is a network's, whatever travels on it
		{"BTC 充值要多久到账", confirm["zh-Hans"], nil},
		{"كم يستغرق إيداع البيتكوين", confirm["ar"], nil},
		{"withdrawal limit per day for btc", limits, nil}, // said of all, counted in one
		{"smallest amount of btc i can deposit", minimum["en"], nil},
		{"最低充值多少\nUSDT TRC20", minimum["zh-Hans"], nil},
		{"minimum deposit for usdt", minimum["en"], nil},
		{"minimum deposit for solana", minimum["en"], nil}, // no line names a network
		{"minimum deposit for sol", minimum["en"], []facts.NameKind{facts.NameAsset}},
	} {
		request := DraftRequest{narrowing: a.narrowing(test.question)}
		require.Equal(t, test.unmet, request.unmet(test.draft), test.question)
	}
}

// TestAModelThatReadsTheWrongRowIsNotSent is the same for a model, whose sentence need not name what it speaks of.
func TestAModelThatReadsTheWrongRowIsNotSent(t *testing.T) {
	t.Parallel()

	source := Source{Text: "How to withdraw > Network fees\n\n- USDT TRC-20: Fee 1.5 USDT\n- USDT ERC-20: Fee 4 USDT\nThe amount on the page counts."}
	draft := func(sentence string) Draft {
		return Draft{Method: MethodModel, Sentences: []Sentence{{Citations: []int{0}, Text: sentence}}, Sources: []Source{source}}
	}
	request := DraftRequest{narrowing: reading(t).narrowing("what does it cost to withdraw usdt over erc20")}
	require.Empty(t, request.unmet(draft("It costs 4 USDT.")))
	require.Empty(t, request.unmet(draft("يكلف ٤ USDT.")))
	require.Equal(t, []facts.NameKind{facts.NameNetwork}, request.unmet(draft("It costs 1.5 USDT.")))
	require.Equal(t, []facts.NameKind{facts.NameNetwork}, request.unmet(draft("费用为 1.5 USDT。")))
}

// TestADraftThatNamesWhatTheQuestionNamesIsSurer: such a line is evidence, one that is said of all is none.
func TestADraftThatNamesWhatTheQuestionNamesIsSurer(t *testing.T) {
	t.Parallel()

	a := reading(t)
	rows := extracted("How to withdraw > Network fees", "- USDT TRC-20: Fee 1.5 USDT", "- BTC Bitcoin: Fee 0.0002 BTC")
	for question, met := range map[string]bool{
		"withdrawal fee for btc": true, "提 USDT 走波场手续费多少": true, "كم رسوم سحب البيتكوين": true,
		"withdrawal fee for doge": false, "withdrawal fee": false, "how do i withdraw btc": false,
	} {
		require.Equal(t, met, DraftRequest{narrowing: a.narrowing(question)}.met(rows), question)
	}
	general := extracted("Deposits > Fees", "Quayside charges a fee of 0 USDT for deposits.")
	require.False(t, DraftRequest{narrowing: a.narrowing("deposit fee for doge")}.met(general))
}

// TestAModelSeesThePassageThatGivesTheValue: it would else be asked to answer from openings and guess, or hand over what an article says.
func TestAModelSeesThePassageThatGivesTheValue(t *testing.T) {
	t.Parallel()

	hit := func(slug string, bodies ...string) retrieval.Hit {
		h := retrieval.Hit{Article: retrieval.ArticleRef{Locale: "en", Slug: slug, Title: slug}, Passage: retrieval.Passage{Body: bodies[0]}}
		for i, body := range bodies[1:] {
			h.More = append(h.More, retrieval.Passage{Body: body, Ordinal: i + 1})
		}
		return h
	}
	const row = "- Bitcoin: 20 to 40 minutes\n- Solana: under 1 minute"
	request := DraftRequest{Results: retrieval.Results{Hits: []retrieval.Hit{
		hit("how-to-deposit", "Open Assets and choose the coin."), hit("waiting", "Your deposit is on its way.", "Be patient.", row),
	}}}
	for question, first := range map[string]string{
		"how long does a btc deposit take": row, "how do i deposit btc": "Open Assets", "how long does a litecoin deposit take": "Open Assets",
	} {
		request.narrowing = reading(t).narrowing(question)
		sources := modelSources(request)
		require.Contains(t, sources[0].Text, first, question)
		require.LessOrEqual(t, len(sources), passagesShown)
	}
}

// TestRowsOfOthersAreLeftOut: who asks for one network is not sent all of them; what no row answers stays whole.
func TestRowsOfOthersAreLeftOut(t *testing.T) {
	t.Parallel()

	a := reading(t)
	const en = "The network sets the time.\n- Bitcoin: Credited after 2; 20 to 40 minutes\n- Ethereum (ETH, ERC-20): Credited after 12; 3 minutes\n" +
		"- Anything else: see the page"
	for _, test := range []struct{ question, titles, body, want string }{
		{
			"how long does a btc deposit take", "Deposits > Confirmations", en,
			"The network sets the time.\n- Bitcoin: Credited after 2; 20 to 40 minutes\n- Anything else: see the page",
		},
		{"how long does a deposit take", "Deposits > Confirmations", en, en},
		{"how long does a cardano deposit take", "Deposits > Confirmations", en, en},
		{
			"比特币充值要多久到账", "充币 > 各网络所需确认数",
			"- 比特币（BTC）: 到账 2; 20–40 分钟\n- 波场 TRON（TRC-20）: 到账 20; 1–2 分钟", "- 比特币（BTC）: 到账 2; 20–40 分钟",
		},
		{
			"كم رسوم السحب لعملة USDT على شبكة ترون", "السحب > رسوم الشبكة والحد الأدنى",
			"- USDT TRC-20: الرسوم 1.5 USDT\n- USDT ERC-20: الرسوم 4 USDT\n- BTC Bitcoin: الرسوم 0.0002 BTC", "- USDT TRC-20: الرسوم 1.5 USDT",
		},
	} {
		require.Equal(t, test.want, a.narrowing(test.question).without(test.titles, test.body), test.question)
	}
}

func TestALineOfAnArticleIsReadOnce(t *testing.T) {
	t.Parallel()

	a := reading(t)
	for language, text := range map[string]string{
		"ar": "- رسوم سحب USDT هي 1.5", "en": "- USDT on TRON: the fee is 1.5 USDT", "zh-Hans": "- USDT 提币手续费：1.5",
	} {
		titles := "Fees > Withdrawals of BTC"
		first, again := a.lines.of(titles, text), a.lines.of(titles, text)
		require.Equal(t, newLineCache(a.Triager).of(titles, text), again, language)
		require.NotEmpty(t, first.names, language)
		require.Same(t, &first.names[0], &again.names[0], "%s: read twice", language)
		require.NotEmpty(t, first.above, language)
		require.Empty(t, a.lines.of("Fees", text).above, "%s: below other titles it is another line", language)
	}
}
