package retrieval

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/retrieval/embed"
)

// secondStage is one with the built-in embedder.
func secondStage(t testing.TB) *second {
	t.Helper()
	analyzer, err := NewAnalyzer()
	require.NoError(t, err)
	builtin := embed.New()
	s, err := newSecond(analyzer, EmbeddingModel{Dimensions: builtin.Dimensions(), Embed: builtin.Embed, Name: builtin.Name(), Weigh: builtin.Weigh})
	require.NoError(t, err)
	return s
}

// passages are candidates that the first stage could not tell apart, in English.
func passages(match LanguageMatch, bodies ...string) []*candidate {
	var all []*candidate
	for i, body := range bodies {
		all = append(all, &candidate{language: match, row: &candidateRow{Body: body, Locale: "en", PassageID: int64(i + 1), Title: "…"}})
	}
	return all
}

func TestSecondStageFindsTheSentenceInAnotherLanguage(t *testing.T) {
	t.Parallel()
	bodies := []string{
		"Trading fees depend on your level. They are shown before you confirm an order. Futures have a fee of their own.",
		"Your account has many settings. Choose the language. To reset your password, tap Forgot password on the login page. Set the currency.",
		"Deposits need confirmations. Each network has its own number. Send only coins that the network carries.",
	}
	for _, question := range []string{"忘记密码怎么办", "نسيت كلمة المرور", "비밀번호를 잊어버렸어요", "i forgot my password"} {
		candidates := passages(LanguageOther, bodies...)
		secondStage(t).look(question, candidates)
		require.Equal(t, int64(2), candidates[0].row.PassageID, "%s", question)
		found := candidates[0].second
		require.True(t, found.Looked)
		require.Positive(t, found.Sentence, "%s", question)
		require.Positive(t, found.Alignment, "%s", question)
		require.InDelta(t, found.Score(secondStage(t).weights.Across), candidates[0].fused, 1e-9, "the evidence explains the score")
	}
}

func TestSecondStageReadsTheTitle(t *testing.T) {
	t.Parallel()
	candidates := passages(LanguageExact, "It takes five days.", "It takes five days.")
	candidates[1].row.Title = "Refunds"
	secondStage(t).look("when do i get my refund", candidates)
	require.Equal(t, "Refunds", candidates[0].row.Title)
}

func TestSecondStageOrdersTheFirstArticlesOfTheQuestionsLanguage(t *testing.T) {
	t.Parallel()
	const question = "how do i reset my password"
	look := func(match LanguageMatch) []*candidate {
		bodies := make([]string, 2*settledArticles)
		for i := range bodies {
			bodies[i] = "Trading fees depend on your level. " + strings.Repeat("They change. ", i)
		}
		last := len(bodies) - 1
		bodies[2], bodies[last] = "To reset your password, tap Forgot password.", question
		candidates := passages(match, bodies...)
		for i, c := range candidates {
			c.row.Slug, c.fused = strconv.Itoa(i), -0.001*float64(i)
		}
		// A further passage of the third article stands behind all others: it belongs to an article that is put in order.
		again := passages(match, "Reset your password once a year.")[0]
		again.row.Slug, again.row.PassageID, again.fused = "2", 100, -1
		candidates = append(candidates, again)
		secondStage(t).look(question, candidates)
		return candidates
	}
	same := look(LanguageExact)
	require.Equal(t, "2", same[0].row.Slug)
	for i, c := range slices.DeleteFunc(slices.Clone(same), func(c *candidate) bool { return c.row.Slug == "2" }) {
		number, err := strconv.Atoi(c.row.Slug)
		require.NoError(t, err)
		require.Equal(t, number >= settledArticles, c.second.Behind, "article %d", number)
		if c.second.Behind {
			require.Equal(t, i+1, number, "behind the first articles the order stays, however well the last one fits")
		}
	}
	require.False(t, same[slices.IndexFunc(same, func(c *candidate) bool { return c.row.PassageID == 100 })].second.Behind)
	require.Equal(t, question, look(LanguageOther)[0].row.Body, "from another language an article rises from anywhere")
}

func TestSecondStageLeavesWhatItDoesNotLookAt(t *testing.T) {
	t.Parallel()
	candidates := passages(LanguageExact, make([]string, secondDepth+5)...)
	for i, c := range candidates {
		c.row.Body, c.row.Slug, c.fused = "Fees are low. "+strings.Repeat("x", i), "fees", float64(100-i)
	}
	secondStage(t).look("fees", candidates)
	looked := 0
	for _, c := range candidates {
		if c.second.Looked {
			looked++
			continue
		}
		require.InDelta(t, c.second.First, c.fused, 0)
	}
	require.Equal(t, secondDepth, looked)
}

func TestSecondStageIsLeftOutForAModelBehindANetwork(t *testing.T) {
	t.Parallel()
	s, err := newSecond(nil, EmbeddingModel{})
	require.NoError(t, err)
	require.Nil(t, s)
	candidates := passages(LanguageExact, "a", "b")
	candidates[0].fused = 2
	s.look("b", candidates)
	require.Equal(t, SecondStage{First: 2}, candidates[0].second)
}

func TestSecondStageBearsAnyText(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "?!", "\xff", strings.Repeat("fee ", 10_000), "提", "…"} {
		candidates := passages(LanguageUnknown, text, "Fees are low.")
		secondStage(t).look(text, candidates)
		require.Len(t, candidates, 2)
	}
}

func TestWordsAreCutInEveryScript(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]string{
		"":                  nil,
		"fee, fee and coin": {"fee", "and", "coin"},
		"提币 fee费":           {"提币", "fee", "费"},
		"출금 수수료":            {"출금", "수수료"},
		"ガス代は":              {"ガス", "ス代", "代は"},
		"رسوم السحب":        {"رسوم", "السحب"},
	} {
		require.Equal(t, want, cutWords(text), "%q", text)
	}
}

func FuzzCutWords(f *testing.F) {
	for _, text := range []string{"", "fee 费用", "ｶﾞｽ", "각", "\xff\xfe", "a\u0301", "ค่าธรรมเนียม"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		seen := make(map[string]bool)
		for _, word := range cutWords(text) {
			require.NotEmpty(t, word)
			require.False(t, seen[word])
			seen[word] = true
		}
	})
}

func BenchmarkSecondStage(b *testing.B) {
	files, err := filepath.Glob("sample/en/*.md")
	require.NoError(b, err)
	var bodies []string
	for _, name := range files[:secondDepth] {
		content, err := os.ReadFile(name)
		require.NoError(b, err)
		_, body, _ := strings.Cut(strings.TrimPrefix(string(content), "---\n"), "---\n")
		bodies = append(bodies, body[:1000])
	}
	s := secondStage(b)
	candidates := passages(LanguageOther, bodies...)
	for name, prepare := range map[string]func(){"warm": func() {}, "cold": func() { s.texts.Purge(); s.words.Purge() }} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				prepare()
				s.look("提币两个小时了还没到账怎么办，客服也不回复", candidates)
			}
		})
	}
}

// A hit has its text wherever the second stage has put it: also one that rose because what was looked at fell.
func TestEveryHitHasItsText(t *testing.T) {
	t.Parallel()
	index := syntheticIndex(t, 200, 4)
	model := hashModel(4)
	model.Weigh = func(text string, out []float32) float64 {
		vectors, _ := model.Embed(t.Context(), []string{text})
		copy(out, unit(vectors[0]))
		return 1
	}
	var err error
	index.second, err = newSecond(index.analyzer, model)
	require.NoError(t, err)
	index.second.weights.Across = SecondWeights{Sentence: 1000}
	results, err := index.Search(t.Context(), Query{Limit: secondDepth, Locale: "fr", Now: time.Unix(0, 0), Text: "w1x w2x w3x"})
	require.NoError(t, err)
	require.Len(t, results.Hits, secondDepth)
	risen := 0
	for _, hit := range results.Hits {
		require.NotEmpty(t, hit.Passage.Body)
		if !hit.Evidence.Second.Looked {
			risen++
		}
	}
	require.Positive(t, risen, "some were not looked at")
}
