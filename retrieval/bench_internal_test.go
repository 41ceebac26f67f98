package retrieval

import (
	"bufio"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/pgvector/pgvector-go"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/deskhand/deskhand/assistant/llm"
	"github.com/deskhand/deskhand/assistant/llm/llmtest"
	"github.com/deskhand/deskhand/assistant/postgres/pgtest"
)

var (
	benchJSON     = flag.Bool("bench.json", false, "BenchmarkRetrieval prints one JSON object")
	benchPassages = flag.Int("bench.passages", 10_000, "how many passages BenchmarkRetrieval imports")
)

const (
	benchDimensions = 1536
	benchQuestions  = 200
	benchMemory     = 112 << 20 // as deskhand kb import has it
	benchRounds     = 5
	benchTop        = 10
	// bareSearch is the size of the candidate list of the bare query: a common choice, whatever the hybrid search has.
	bareSearch = 100
	// standInVariable makes this program the stand-in of a model, so that its memory is not counted.
	standInVariable = "DESKHAND_BENCH_STAND_IN"
)

// benchReport is what BenchmarkRetrieval finds. Times are in milliseconds.
type benchReport struct {
	// Processor time of a query, of PostgreSQL's process and of this program together; 0 where the system does not tell.
	BareCPU   float64 `json:"bare_hnsw_cpu_p50_ms"`
	BareP50   float64 `json:"bare_hnsw_p50_ms"`
	BareP99   float64 `json:"bare_hnsw_p99_ms"`
	CPURatio  float64 `json:"cpu_p50_hybrid_to_bare"`
	HybridCPU float64 `json:"hybrid_cpu_p50_ms"`
	HybridP50 float64 `json:"hybrid_p50_ms"`
	HybridP99 float64 `json:"hybrid_p99_ms"`
	// LiveUpdate is the longest that a search did not find an author's change, while 50 searches a second ran.
	LiveUpdate float64 `json:"live_update_max_ms"`
	// FirstSearch is what a search takes that has everything to read into memory.
	FirstSearch float64 `json:"first_search_ms"`
	// IngestRate is passages a second, until all can be found.
	IngestRate     float64 `json:"ingest_passages_per_s"`
	P50Ratio       float64 `json:"p50_hybrid_to_bare"`
	P99ToP50       float64 `json:"p99_to_p50"`
	Passages       int     `json:"passages"`
	PeakMB         float64 `json:"peak_rss_mb"`
	Recall         float64 `json:"recall_at_10"`
	RecallOfBare   float64 `json:"recall_at_10_bare_hnsw"`
	RecallOfLocale float64 `json:"recall_at_10_rare_locale"`
}

// BenchmarkRetrieval imports a synthetic knowledge base through a model that answers over HTTP with 1,536 dimensions, then asks.
// The hybrid search and the bare HNSW query (ef_search = 100, no filter, ids only), for which alone there is an index, take turns, so that what else the machine does
// slows both. Recall is the share of the 10 nearest passages by exact search that are among the candidates.
func BenchmarkRetrieval(b *testing.B) {
	model := benchModel(b)
	for b.Loop() {
		analyzer, err := NewAnalyzer()
		require.NoError(b, err)
		index, err := New(Config{Analyzer: analyzer, Model: model, Pool: pgtest.DB(b)})
		require.NoError(b, err)
		_, err = index.Register(b.Context())
		require.NoError(b, err)
		report := benchReport{}
		report.ingest(b, index)
		index.buildBare(b)
		report.ask(b, index)
		report.recall(b, index)
		report.live(b, index)
		report.print(b)
	}
}

func (r *benchReport) ingest(b *testing.B, index *Index) {
	b.Helper()
	_ = os.WriteFile("/proc/self/clear_refs", []byte("5"), 0) // forgets the peak so far, where the system can
	debug.SetMemoryLimit(benchMemory)
	started := time.Now()
	report, err := index.Import(b.Context(), newCorpus(1).articles(*benchPassages), ImportOptions{Source: "bench"})
	require.NoError(b, err)
	require.Empty(b, report.Problems)
	r.Passages, r.IngestRate, r.PeakMB = report.Passages, float64(report.Passages)/time.Since(started).Seconds(), peakMB()
	debug.SetMemoryLimit(math.MaxInt64) // a service has none
}

// ask times one question at a time, with its vector made before.
func (r *benchReport) ask(b *testing.B, index *Index) {
	b.Helper()
	started := time.Now()
	_, err := index.Search(b.Context(), Query{Locale: "en", Now: time.Unix(0, 0), Text: "first"})
	require.NoError(b, err)
	r.FirstSearch = time.Since(started).Seconds() * 1e3
	var bare, hybrid, bareCPU, hybridCPU []float64
	for round := range benchRounds + 1 {
		for i, text := range newCorpus(2).questions(benchQuestions) {
			vector, err := index.embedQuery(b.Context(), text)
			require.NoError(b, err)
			before := index.cpu(b)
			started := time.Now()
			index.bare(b, vector)
			answered, spent := time.Since(started), index.cpu(b)
			between := time.Now()
			_, err = index.Search(b.Context(), Query{Limit: benchTop, Locale: corpusLocale(i), Now: time.Unix(0, 0), Text: text})
			require.NoError(b, err)
			if round > 0 { // the first only warms up
				bare = append(bare, answered.Seconds()*1e3)
				hybrid = append(hybrid, time.Since(between).Seconds()*1e3)
				bareCPU = append(bareCPU, (spent-before).Seconds()*1e3)
				hybridCPU = append(hybridCPU, (index.cpu(b)-spent).Seconds()*1e3)
			}
		}
	}
	r.BareP50, r.BareP99 = quantile(bare, 0.5), quantile(bare, 0.99)
	r.HybridP50, r.HybridP99 = quantile(hybrid, 0.5), quantile(hybrid, 0.99)
	r.BareCPU, r.HybridCPU = quantile(bareCPU, 0.5), quantile(hybridCPU, 0.5)
	r.CPURatio = r.HybridCPU / max(r.BareCPU, 1e-9)
	r.P50Ratio, r.P99ToP50 = r.HybridP50/r.BareP50, r.HybridP99/r.HybridP50
}

// cpu is the processor time that this program and its PostgreSQL processes have had, where they run on the same Linux. Unlike the time
// of the clock, it says what a query costs also on a machine that others use.
func (x *Index) cpu(t testing.TB) time.Duration {
	t.Helper()
	var own syscall.Rusage
	require.NoError(t, syscall.Getrusage(syscall.RUSAGE_SELF, &own))
	sum := time.Duration(own.Utime.Nano() + own.Stime.Nano())
	for _, conn := range x.pool.AcquireAllIdle(t.Context()) {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/schedstat", conn.Conn().PgConn().PID()))
		conn.Release()
		if err != nil {
			continue
		}
		ns, _, _ := strings.Cut(string(text), " ")
		spent, _ := strconv.ParseInt(ns, 10, 64)
		sum += time.Duration(spent)
	}
	return sum
}

// recall compares with exact search, over all passages and over those of the rare language.
func (r *benchReport) recall(b *testing.B, index *Index) {
	b.Helper()
	for _, text := range newCorpus(2).questions(benchQuestions) {
		found := make(map[int64]bool)
		s := index.prepare(b, Query{Locale: rareLocale, Now: time.Unix(0, 0), Text: text})
		rows, _, err := index.findCandidates(b.Context(), s)
		require.NoError(b, err)
		for _, row := range rows {
			found[row.row.PassageID] = true
		}
		r.Recall += share(index.exact(b, s.vector, ""), found) / benchQuestions
		r.RecallOfLocale += share(index.exact(b, s.vector, rareLocale), found) / benchQuestions
		bare := make(map[int64]bool)
		for _, id := range index.bare(b, s.vector) {
			bare[id] = true
		}
		r.RecallOfBare += share(index.exact(b, s.vector, ""), bare) / benchQuestions
	}
}

// live changes an article of the knowledge base again and again while others search.
func (r *benchReport) live(b *testing.B, index *Index) {
	b.Helper()
	const changes, pause = 10, time.Second / 50
	ctx, cancel := context.WithCancel(b.Context())
	group, searches := errgroup.WithContext(ctx)
	questions := newCorpus(2).questions(benchQuestions)
	group.Go(func() error {
		ticker := time.NewTicker(pause)
		defer ticker.Stop()
		for i := 0; ; i++ {
			select {
			case <-searches.Done():
				return nil
			case <-ticker.C:
			}
			group.Go(func() error {
				query := Query{Locale: corpusLocale(i), Now: time.Unix(0, 0), Text: questions[i%len(questions)]}
				if _, err := index.Search(ctx, query); ctx.Err() == nil {
					return err
				}
				return nil
			})
		}
	})
	a := Article{Audience: AudiencePublic, Locale: "en", Slug: "live", Status: StatusPublished, Title: "Live"}
	for i := range changes {
		a.Body = fmt.Sprintf("The withdrawal fee is now zebra%d.", i)
		started := time.Now()
		_, err := index.Save(b.Context(), Edit{Actor: "bench", Article: a, Version: i})
		require.NoError(b, err)
		_, err = index.Apply(b.Context(), a.Slug, a.Locale)
		require.NoError(b, err)
		results, err := index.Search(b.Context(), Query{Limit: 1, Locale: "en", Now: time.Unix(0, 0), Text: fmt.Sprintf("zebra%d", i)})
		require.NoError(b, err)
		require.Equal(b, a.Body, results.Hits[0].Passage.Body)
		r.LiveUpdate = max(r.LiveUpdate, time.Since(started).Seconds()*1e3)
	}
	cancel()
	require.NoError(b, group.Wait())
}

func (r *benchReport) print(b *testing.B) {
	b.Helper()
	b.ReportMetric(r.P50Ratio, "p50-hybrid/bare")
	b.ReportMetric(r.CPURatio, "cpu-hybrid/bare")
	b.ReportMetric(r.P99ToP50, "p99/p50")
	b.ReportMetric(r.Recall, "recall@10")
	b.ReportMetric(r.RecallOfLocale, "recall@10-rare")
	b.ReportMetric(r.RecallOfBare, "recall@10-bare")
	b.ReportMetric(r.IngestRate, "passages/s")
	b.ReportMetric(r.FirstSearch, "first-search-ms")
	b.ReportMetric(r.PeakMB, "peak-MB")
	b.ReportMetric(r.LiveUpdate, "live-update-ms")
	if *benchJSON {
		line, err := json.Marshal(r)
		require.NoError(b, err)
		_, _ = fmt.Fprintf(os.Stdout, "%s\n", line)
	}
}

// buildBare makes the index of the bare query: with the candidate lists that recall wants, and all memory and workers that help.
func (x *Index) buildBare(t testing.TB) {
	t.Helper()
	err := pgx.BeginFunc(t.Context(), x.pool, func(tx pgx.Tx) error {
		for _, statement := range []string{
			`SET LOCAL statement_timeout = 0`, `SET LOCAL maintenance_work_mem = '1GB'`, `SET LOCAL max_parallel_maintenance_workers = 3`,
			fmt.Sprintf(`CREATE INDEX ON embeddings USING hnsw ((embedding::halfvec(%d)) halfvec_cosine_ops)
				WITH (m = 16, ef_construction = 200) WHERE model_id = %d`, x.model.Dimensions, x.modelID.Load()),
		} {
			if _, err := tx.Exec(t.Context(), statement); err != nil {
				return err
			}
		}
		return nil
	})
	require.NoError(t, err)
}

// bare is the query that a first search with pgvector would be.
func (x *Index) bare(t testing.TB, vector pgvector.HalfVector) []int64 {
	t.Helper()
	var ids []int64
	batch := &pgx.Batch{}
	batch.Queue(`SELECT set_config('hnsw.ef_search', $1, true)`, strconv.Itoa(bareSearch))
	batch.Queue(fmt.Sprintf(`SELECT passage_id FROM embeddings WHERE model_id = %d
		ORDER BY embedding::halfvec(%[2]d) <=> $1::halfvec(%[2]d) LIMIT %d`, x.modelID.Load(), x.model.Dimensions, benchTop), vector).
		Query(func(rows pgx.Rows) (err error) {
			ids, err = pgx.CollectRows(rows, pgx.RowTo[int64])
			return err
		})
	require.NoError(t, x.pool.SendBatch(t.Context(), batch).Close())
	require.Len(t, ids, benchTop)
	return ids
}

// exact returns the nearest passages by looking at all of them: the sum keeps the planner from the index.
func (x *Index) exact(t testing.TB, vector pgvector.HalfVector, locale string) []int64 {
	t.Helper()
	rows, err := x.pool.Query(t.Context(), fmt.Sprintf(`SELECT passage_id FROM embeddings WHERE model_id = %d AND ($2 = '' OR locale = $2)
		ORDER BY (embedding::halfvec(%[2]d) <=> $1::halfvec(%[2]d)) + 0 LIMIT %d`, x.modelID.Load(), x.model.Dimensions, benchTop), vector, locale)
	require.NoError(t, err)
	ids, err := pgx.CollectRows(rows, pgx.RowTo[int64])
	require.NoError(t, err)
	return ids
}

func share(wanted []int64, found map[int64]bool) float64 {
	n := 0
	for _, id := range wanted {
		if found[id] {
			n++
		}
	}
	return float64(n) / float64(len(wanted))
}

func quantile(values []float64, q float64) float64 {
	slices.Sort(values)
	return values[int(q*float64(len(values)-1))]
}

// peakMB is the most memory that this program has had, in MB; 0 where the system does not say.
func peakMB() float64 {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(status)) {
		if value, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kB, _ := strconv.ParseFloat(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 64)
			return kB / 1024
		}
	}
	return 0
}

// benchModel is a client of a stand-in that runs in a process of its own.
func benchModel(b *testing.B) EmbeddingModel {
	b.Helper()
	command := exec.CommandContext(b.Context(), os.Args[0])
	command.Env = append(os.Environ(), standInVariable+"=1")
	end, err := command.StdinPipe()
	require.NoError(b, err)
	out, err := command.StdoutPipe()
	require.NoError(b, err)
	require.NoError(b, command.Start())
	b.Cleanup(func() {
		_ = end.Close()
		_ = command.Wait()
	})
	address, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(b, err)
	client, err := llm.NewClient(llm.Config{
		BaseURL: strings.TrimSpace(address), ChatModel: "x", EmbeddingDimensions: benchDimensions, EmbeddingModel: "stand-in",
	})
	require.NoError(b, err)
	return EmbeddingModel{Dimensions: benchDimensions, Embed: client.Embeddings().Embed, Name: "stand-in"}
}

// TestMain lets the benchmark run this binary as the stand-in of a provider, until its input ends.
func TestMain(m *testing.M) {
	if os.Getenv(standInVariable) == "" {
		os.Exit(m.Run())
	}
	server, err := llmtest.NewServer(llmtest.Options{KeepRequests: 1})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	_, _ = fmt.Fprintln(os.Stdout, server.BaseURL())
	_, _ = io.Copy(io.Discard, os.Stdin)
	server.Close()
}

func TestTheSyntheticTextsLieInClusters(t *testing.T) {
	t.Parallel()
	c := newCorpus(3)
	cosine := func(a, b []float32) (sum float64) {
		for i := range a {
			sum += float64(a[i]) * float64(b[i])
		}
		return sum
	}
	var same, other float64
	const pairs = 200
	for range pairs {
		topic := c.random.IntN(corpusTopics)
		vector := llmtest.Embed(c.text(topic, corpusSectionWords), benchDimensions)
		same += cosine(vector, llmtest.Embed(c.text(topic, corpusSectionWords), benchDimensions)) / pairs
		other += cosine(vector, llmtest.Embed(c.text((topic+1)%corpusTopics, corpusSectionWords), benchDimensions)) / pairs
	}
	require.Greater(t, same, other+0.05)
}
