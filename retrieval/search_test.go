package retrieval_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant/postgres/pgtest"
	"github.com/deskhand/deskhand/retrieval"
)

func TestSearchPrefersTheLanguageOfTheCustomer(t *testing.T) {
	t.Parallel()
	kb := newKnowledgeBase(t)
	kb.load(
		article("withdrawal-pending", "en", "My withdrawal is pending", "A withdrawal takes up to 30 minutes. Check its status first."),
		article("withdrawal-pending", "zh-Hans", "提币未到账", "提币通常需要 30 分钟。请先查看状态。"),
		article("fees", "en", "Trading fees", "Makers pay 0.1 %, takers 0.2 %."),
		article("fees", "zh-Hans", "交易手续费", "挂单 0.1%,吃单 0.2%。"),
		article("kyc", "en", "Verify your identity", "Upload a passport or an ID card."),
	)
	for _, c := range []struct{ locale, text, want string }{
		{"ar", "كم رسوم التداول", "fees en"},
		{"en", "where is my withdrawal", "withdrawal-pending en"},
		{"ru", "вывод завис", "withdrawal-pending en"},
		{"zh-Hans", "提币还没到账", "withdrawal-pending zh-Hans"},
		{"zh-Hant", "提幣還沒到帳", "withdrawal-pending zh-Hans"},
		{"zh-Hans", "护照", "kyc en"}, // only English has it
		{"zh-Hans", "trading fees", "fees zh-Hans"},
	} {
		hits := kb.search(retrieval.Query{Locale: c.locale, Text: c.text})
		require.NotEmpty(t, hits, c.text)
		require.Equal(t, c.want, shown(hits)[0], c.text)
		seen := make(map[string]bool)
		for _, slug := range slugs(hits) {
			require.False(t, seen[slug], "two hits for %s", slug)
			seen[slug] = true
		}
	}
}

func TestHitSaysHowItsLanguageRelates(t *testing.T) {
	t.Parallel()
	kb := newKnowledgeBase(t)
	kb.load(article("fees", "zh-Hans", "手续费", "提币手续费 1 USDT。"))
	for locale, want := range map[string]retrieval.LanguageMatch{
		"":        retrieval.LanguageUnknown,
		"ru":      retrieval.LanguageOther,
		"zh-CN":   retrieval.LanguageExact,
		"zh-Hant": retrieval.LanguageRelated,
	} {
		hits := kb.search(retrieval.Query{Locale: locale, Text: "手续费"})
		require.Len(t, hits, 1)
		require.Equal(t, want, hits[0].Evidence.Language, locale)
	}
}

func TestThePublicNeverSeesWhatIsNotForIt(t *testing.T) {
	t.Parallel()
	kb := newKnowledgeBase(t)
	public := article("public", "en", "Refund rules", "Refund rules for everyone.")
	internal := article("internal", "en", "Refund rules internal", "Refund rules for agents.")
	internal.Audience = retrieval.AudienceInternal
	stale := article("stale", "en", "Refund rules old", "Refund rules of last year.")
	stale.ReviewBy = time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)
	lastDay := article("last-day", "en", "Refund rules until today", "Refund rules on their last day.")
	lastDay.ReviewBy = time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC)
	draft := article("draft", "en", "Refund rules draft", "Refund rules to come.")
	draft.Status = retrieval.StatusDraft
	archived := article("archived", "en", "Refund rules archived", "Refund rules of the past.")
	archived.Status = retrieval.StatusArchived
	kb.load(public, internal, stale, lastDay, draft, archived)

	for _, audience := range []retrieval.Audience{"", "PUBLIC", retrieval.AudiencePublic} {
		hits := kb.search(retrieval.Query{Audience: audience, Limit: 50, Locale: "en", Text: "refund rules"})
		require.ElementsMatch(t, []string{"public", "last-day"}, slugs(hits))
	}
	hits := kb.search(retrieval.Query{Audience: retrieval.AudienceInternal, Limit: 50, Locale: "en", Text: "refund rules"})
	require.ElementsMatch(t, []string{"public", "last-day", "internal", "stale"}, slugs(hits))
	for _, h := range hits {
		require.Equal(t, h.Article.Slug == "stale", h.Article.Stale)
	}
}

func TestAnArticleLeavesTheSearchWhenItIsArchived(t *testing.T) {
	t.Parallel()
	kb := newKnowledgeBase(t)
	a := article("refund", "en", "Refund", "Refund rules.")
	kb.load(a)
	require.Len(t, kb.search(retrieval.Query{Text: "refund"}), 1)
	a.Status = retrieval.StatusArchived
	kb.load(a)
	require.Empty(t, kb.search(retrieval.Query{Audience: retrieval.AudienceInternal, Text: "refund"}))
	require.Zero(t, kb.count(`SELECT count(*) FROM passages`))
}

func TestIntentLiftsAndHidesNothing(t *testing.T) {
	t.Parallel()
	kb := newKnowledgeBase(t)
	deposit := article("deposit", "en", "Deposit is delayed", "A deposit can be delayed by the network.")
	deposit.Intents = []string{"deposit.not_credited"}
	withdrawal := article("withdrawal", "en", "Withdrawal is delayed", "A withdrawal can be delayed by the network.")
	withdrawal.Intents = []string{"withdrawal.pending"}
	kb.load(deposit, withdrawal, article("fees", "en", "Fees", "Fees are low."))
	for intent, want := range map[string]string{"deposit.not_credited": "deposit", "withdrawal.pending": "withdrawal"} {
		hits := kb.search(retrieval.Query{Intents: []retrieval.LikelyIntent{{Intent: intent, Probability: 1}}, Locale: "en", Text: "delayed by the network"})
		require.GreaterOrEqual(t, len(hits), 2)
		require.Equal(t, want, hits[0].Article.Slug)
		require.True(t, hits[0].Evidence.IntentMatch)
		require.False(t, hits[1].Evidence.IntentMatch)
	}
}

func TestEvidenceIsComplete(t *testing.T) {
	t.Parallel()
	kb := newKnowledgeBase(t)
	kb.load(
		article("fees", "en", "Withdrawal fees", "The withdrawal fee of USDT is 1 USDT."),
		article("limits", "en", "Withdrawal limits", "At most 5 BTC a day."),
		article("kyc", "en", "Verify your identity", "Upload a passport."),
	)
	hits := kb.search(retrieval.Query{Locale: "en", Text: "usdt withdrawal fee zebra"})
	e := hits[0].Evidence
	require.Equal(t, "fees", hits[0].Article.Slug)
	require.Positive(t, e.BM25)
	require.Equal(t, 1, e.LexicalRank)
	require.Equal(t, 1, e.DenseRank)
	require.Greater(t, e.Similarity, 0.3)
	require.LessOrEqual(t, e.Similarity, 1.0)
	require.InDelta(t, hits[0].Evidence.Fused-hits[1].Evidence.Fused, e.Margin, 1e-9)
	require.Subset(t, e.MatchedTerms, []string{"usdt", "withdrawal", "fee", "t:fee", "t:withdrawal"})
	require.Greater(t, e.Coverage, 0.4)
	require.Less(t, e.Coverage, 1.0) // nothing is said of zebras
}

func TestSearchTakesAnyText(t *testing.T) {
	t.Parallel()
	kb := newKnowledgeBase(t)
	kb.load(article("fees", "en", "Fees", "Withdrawals cost 1 USDT."))
	for name, c := range map[string]struct {
		text string
		want int
	}{
		"bad utf-8":        {"fees \xff\xfe", 1},
		"emoji":            {"😡😡", 0},
		"empty":            {"", 0},
		"many words":       {"fees " + strings.Repeat("qwertz uiop asdf ghjk ", 1000), 1},
		"many characters":  {strings.Repeat("手续费提币", 4000), 1},
		"one long word":    {strings.Repeat("x", 20000), -1},
		"only punctuation": {"?!? ... 。。。", 0},
		"sql":              {"'; DROP TABLE articles; -- fees", 1},
		"zero byte":        {"fees\x00", 1},
	} {
		hits := kb.search(retrieval.Query{Locale: "not a locale", Text: c.text})
		if c.want >= 0 {
			require.Len(t, hits, c.want, name)
		}
	}
}

func TestSearchDoesWithoutVectorsWhenTheModelIsDown(t *testing.T) {
	t.Parallel()
	down := errors.New("model is down")
	kb := newKnowledgeBaseWith(t, pgtest.DB(t), func(next retrieval.EmbedFunc) retrieval.EmbedFunc {
		return func(ctx context.Context, texts []string) ([][]float32, error) {
			if texts[0] == "fees" {
				return nil, down
			}
			return next(ctx, texts)
		}
	})
	kb.load(article("fees", "en", "Fees", "Withdrawals cost 1 USDT."))
	results, err := kb.Search(t.Context(), retrieval.Query{Locale: "en", Now: today, Text: "fees"})
	require.NoError(t, err)
	require.ErrorIs(t, results.Degraded, down)
	require.Equal(t, []string{"fees"}, slugs(results.Hits))
	require.Zero(t, results.Hits[0].Evidence.DenseRank)
	require.Zero(t, results.Hits[0].Evidence.Similarity)
}

func TestTheSameQuestionIsEmbeddedOnce(t *testing.T) {
	t.Parallel()
	kb := newKnowledgeBase(t)
	kb.load(article("fees", "en", "Fees", "Withdrawals cost 1 USDT."))
	before := kb.embedded.Load()
	for range 3 {
		kb.search(retrieval.Query{Locale: "en", Text: "fees"})
	}
	require.Equal(t, before+1, kb.embedded.Load())
}

func TestSearchNamesTheVersionItSearched(t *testing.T) {
	t.Parallel()
	kb := newKnowledgeBase(t)
	for _, body := range []string{"First.", "Second."} {
		kb.load(article("fees", "en", "Fees", body))
		results, err := kb.Search(t.Context(), retrieval.Query{Now: today, Text: "fees"})
		require.NoError(t, err)
		require.Equal(t, kb.version(), results.KBVersion)
		require.Equal(t, body, results.Hits[0].Passage.Body)
	}
}

func TestSearchBeforeRegisterIsAnError(t *testing.T) {
	t.Parallel()
	analyzer, err := retrieval.NewAnalyzer()
	require.NoError(t, err)
	index, err := retrieval.New(retrieval.Config{
		Analyzer: analyzer,
		Model:    retrieval.EmbeddingModel{Dimensions: 1, Embed: func(context.Context, []string) ([][]float32, error) { return nil, nil }, Name: "none"},
		Pool:     pgtest.DB(t),
	})
	require.NoError(t, err)
	_, err = index.Search(t.Context(), retrieval.Query{Text: "fees"})
	require.ErrorIs(t, err, retrieval.ErrNotRegistered)
}

func TestUnknownJurisdictionKeepsRestrictedArticlesFromThePublic(t *testing.T) {
	t.Parallel()
	kb := newKnowledgeBase(t)
	questions := map[string]string{"en": "complaint rules", "zh-Hans": "投诉规则", "ar": "قواعد الشكوى"}
	for locale, title := range map[string]string{"en": "Complaint rules", "zh-Hans": "投诉规则", "ar": "قواعد الشكوى"} {
		german := article("german", locale, title+" DE", title+" DE.")
		german.Jurisdictions = []string{"AT", "DE"}
		kb.load(german, article("anywhere", locale, title, title+"."))
	}
	for locale, text := range questions {
		for _, c := range []struct {
			audience     retrieval.Audience
			jurisdiction string
			want         []string
		}{
			{retrieval.AudiencePublic, "", []string{"anywhere"}},
			{retrieval.AudiencePublic, "nowhere", []string{"anywhere"}},
			{retrieval.AudiencePublic, "BR", []string{"anywhere"}},
			{retrieval.AudiencePublic, "de", []string{"anywhere", "german"}},
			{retrieval.AudienceInternal, "", []string{"anywhere", "german"}},
			{retrieval.AudienceInternal, "BR", []string{"anywhere"}},
			{retrieval.AudienceInternal, "AT", []string{"anywhere", "german"}},
		} {
			hits := kb.search(retrieval.Query{Audience: c.audience, Jurisdiction: c.jurisdiction, Locale: locale, Text: text})
			require.ElementsMatch(t, c.want, slugs(hits), "%s %+v", locale, c)
		}
	}
}

func TestJurisdictionsAreCountries(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]string{"DE": "DE", "de": "DE", "uk": "GB", "EU": "", "XX": "", "DEU": "", "": "", "1": ""} {
		got, ok := retrieval.Jurisdiction(code)
		require.Equal(t, want, got, code)
		require.Equal(t, want != "", ok, code)
	}
}
