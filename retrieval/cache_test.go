package retrieval_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant/postgres/pgtest"
	"github.com/deskhand/deskhand/retrieval"
	"github.com/deskhand/deskhand/retrieval/files"
)

func ask(t *testing.T, desk *retrieval.Desk, query retrieval.Query) retrieval.Results {
	t.Helper()
	if query.Now.IsZero() {
		query.Now = today
	}
	results, err := desk.Search(t.Context(), query)
	require.NoError(t, err)
	return results
}

func TestEqualQuestionsAreSearchedForOnce(t *testing.T) {
	t.Parallel()
	kb := newLibrary(t)
	kb.load(article("fees", "en", "Fees", "Withdrawals cost 1 USDT."))
	desk := retrieval.NewDesk(kb.Index, nil)
	first := ask(t, desk, retrieval.Query{Locale: "en", Text: "Withdrawals cost"})
	again := ask(t, desk, retrieval.Query{Locale: "en-US", Text: "  Withdrawals\n cost "})
	require.Equal(t, first, again)
	require.Equal(t, retrieval.CacheCounts{Hits: 1, Misses: 1}, desk.CacheCounts())

	first.Hits[0].Article.Slug = "spoiled" // a caller's own copy
	require.Equal(t, "fees", ask(t, desk, retrieval.Query{Locale: "en", Text: "Withdrawals cost"}).Hits[0].Article.Slug)
}

func TestEveryPartOfAQueryCounts(t *testing.T) {
	t.Parallel()
	kb := newLibrary(t)
	kb.load(article("fees", "en", "Fees", "Withdrawals cost 1 USDT."))
	desk := retrieval.NewDesk(kb.Index, nil)
	queries := []retrieval.Query{
		{Text: "fees"},
		{Text: "fees now"},
		{Locale: "ar", Text: "fees"},
		{Jurisdiction: "DE", Text: "fees"},
		{Audience: retrieval.AudienceInternal, Text: "fees"},
		{Limit: 3, Text: "fees"},
		{Now: today.Add(24 * time.Hour), Text: "fees"},
		{Intents: []retrieval.LikelyIntent{{Intent: "a.b", Probability: 0.5}}, Text: "fees"},
		{Intents: []retrieval.LikelyIntent{{Intent: "a.b", Probability: 0.6}}, Text: "fees"},
	}
	for _, query := range queries {
		ask(t, desk, query)
	}
	require.Equal(t, retrieval.CacheCounts{Misses: uint64(len(queries))}, desk.CacheCounts())
}

func TestWhatChangedIsSearchedForAgain(t *testing.T) {
	t.Parallel()
	kb := newLibrary(t)
	desk := retrieval.NewDesk(kb.Index, nil)
	for _, body := range []string{"First.", "Second."} {
		kb.load(article("fees", "en", "Fees", body))
		for range 2 {
			require.Equal(t, body, ask(t, desk, retrieval.Query{Text: "fees"}).Hits[0].Passage.Body)
		}
	}
	hidden := article("fees", "en", "Fees", "Second.")
	hidden.Audience = retrieval.AudienceInternal
	kb.load(hidden)
	require.Empty(t, ask(t, desk, retrieval.Query{Text: "fees"}).Hits, "an article that was taken back must not come from memory")
}

func TestResultsWithoutVectorsAreNotKept(t *testing.T) {
	t.Parallel()
	down := errors.New("model is down")
	fail := true
	kb := newKnowledgeBaseWith(t, pgtest.DB(t), func(next retrieval.EmbedFunc) retrieval.EmbedFunc {
		return func(ctx context.Context, texts []string) ([][]float32, error) {
			if fail && texts[0] == "fees" {
				return nil, down
			}
			return next(ctx, texts)
		}
	})
	kb.load(article("fees", "en", "Fees", "Withdrawals cost 1 USDT."))
	desk := retrieval.NewDesk(kb.Index, nil)
	require.ErrorIs(t, ask(t, desk, retrieval.Query{Text: "fees"}).Degraded, down)
	fail = false
	require.NoError(t, ask(t, desk, retrieval.Query{Text: "fees"}).Degraded)
}

// blocking is a knowledge base whose model waits until it is let go, and says when a question has come.
func blocking(t *testing.T, answer func()) (desk *retrieval.Desk, came, free chan struct{}) {
	t.Helper()
	came, free = make(chan struct{}, 16), make(chan struct{})
	kb := newKnowledgeBaseWith(t, pgtest.DB(t), func(next retrieval.EmbedFunc) retrieval.EmbedFunc {
		return func(ctx context.Context, texts []string) ([][]float32, error) {
			if texts[0] == "fees" {
				came <- struct{}{}
				<-free
				answer()
			}
			return next(ctx, texts)
		}
	})
	kb.load(article("fees", "en", "Fees", "Withdrawals cost 1 USDT."))
	return retrieval.NewDesk(kb.Index, nil), came, free
}

func TestEqualQuestionsAtTheSameTimeShareOneSearch(t *testing.T) {
	t.Parallel()
	desk, came, free := blocking(t, func() {})
	leaving, leave := context.WithCancel(t.Context())
	var all sync.WaitGroup
	all.Go(func() {
		_, err := desk.Search(leaving, retrieval.Query{Now: today, Text: "fees"})
		require.ErrorIs(t, err, context.Canceled)
	})
	<-came // the first is on its way
	for range 4 {
		all.Go(func() {
			results, err := desk.Search(t.Context(), retrieval.Query{Now: today, Text: "fees"})
			require.NoError(t, err)
			require.Len(t, results.Hits, 1)
		})
	}
	leave() // who began the search goes away: the others still get it
	close(free)
	all.Wait()
	require.Empty(t, came, "the model was asked once")
}

func TestAPanicReachesWhoAskedAndNotTheProgram(t *testing.T) {
	t.Parallel()
	desk, _, free := blocking(t, func() { panic("broken model") })
	close(free)
	require.PanicsWithValue(t, "broken model", func() { _, _ = desk.Search(t.Context(), retrieval.Query{Now: today, Text: "fees"}) })
}

// BenchmarkRepeatedQuestions compares, question by question in turns, one that was asked before with one that was not:
//
//	go test -run '^$' -bench RepeatedQuestions -benchtime 300x ./retrieval/
func BenchmarkRepeatedQuestions(b *testing.B) {
	kb := newKnowledgeBase(b)
	report, err := kb.Import(b.Context(), files.FS(retrieval.Sample()), retrieval.ImportOptions{Source: "sample"})
	require.NoError(b, err)
	require.Empty(b, report.Problems)
	desk := retrieval.NewDesk(kb.Index, nil)
	random := rand.New(rand.NewPCG(1, 2))
	search := func(text string) time.Duration {
		started := time.Now()
		_, err := desk.Search(b.Context(), retrieval.Query{Locale: "en", Now: today, Text: text})
		require.NoError(b, err)
		return time.Since(started)
	}
	var fresh, repeated time.Duration
	b.ResetTimer()
	for range b.N {
		text := "my withdrawal is pending " + strconv.Itoa(random.IntN(1e9))
		fresh += search(text)
		repeated += search(text)
	}
	b.ReportMetric(float64(repeated)/float64(fresh), "repeated/new")
}
