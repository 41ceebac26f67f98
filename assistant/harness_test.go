package assistant_test

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/assistant/confidence"
	"github.com/deskhand/deskhand/assistant/desk"
	"github.com/deskhand/deskhand/assistant/guard"
	"github.com/deskhand/deskhand/assistant/jobs"
	"github.com/deskhand/deskhand/assistant/lang"
	"github.com/deskhand/deskhand/assistant/llm"
	"github.com/deskhand/deskhand/assistant/llm/llmtest"
	"github.com/deskhand/deskhand/assistant/memory"
	"github.com/deskhand/deskhand/assistant/postgres"
	"github.com/deskhand/deskhand/assistant/postgres/pgtest"
	"github.com/deskhand/deskhand/assistant/redact"
	"github.com/deskhand/deskhand/assistant/trace"
	"github.com/deskhand/deskhand/assistant/triage"
	"github.com/deskhand/deskhand/assistant/triage/intent"
	"github.com/deskhand/deskhand/assistant/triage/risk"
	"github.com/deskhand/deskhand/prompts"
	"github.com/deskhand/deskhand/retrieval"
	"github.com/deskhand/deskhand/retrieval/embed"
	"github.com/deskhand/deskhand/retrieval/files"
)

// today is the day on which the sample articles are read: none of them is stale.
var today = time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)

// firstLanguages are those that every promise is tested in.
func firstLanguages() []string { return []string{"en", "zh-Hans", "ar"} }

// TestMain ends what the tests of the process share.
func TestMain(m *testing.M) {
	m.Run()
	process.close()
}

// process lives as long as the tests do.
var process = &lifetime{} //nolint:gochecknoglobals // a test binary has no other place for what its tests share

// lifetime is the part of a testing.TB that pgtest needs, for a database that outlives the test that needed it first.
type lifetime struct {
	testing.TB

	cleanups []func()
}

func (l *lifetime) Cleanup(f func())         { l.cleanups = append(l.cleanups, f) }
func (l *lifetime) Context() context.Context { return context.Background() }
func (l *lifetime) Errorf(format string, args ...any) {
	panic(fmt.Sprintf("close shared test database: "+format, args...))
}

func (l *lifetime) Fatalf(format string, args ...any) {
	panic(fmt.Sprintf("open shared test database: "+format, args...))
}
func (l *lifetime) Helper() {}

func (l *lifetime) close() {
	for len(l.cleanups) > 0 {
		last := len(l.cleanups) - 1
		l.cleanups[last]()
		l.cleanups = l.cleanups[:last]
	}
}

// sampleIndex is the sample knowledge base with the built-in embedder. Tests only search it.
var sampleIndex = sync.OnceValues(func() (*retrieval.Index, error) { //nolint:gochecknoglobals // an import takes a second
	pool := pgtest.DB(process)
	analyzer, err := retrieval.NewAnalyzer()
	if err != nil {
		return nil, err
	}
	builtin := embed.New()
	index, err := retrieval.New(retrieval.Config{
		Analyzer: analyzer, Pool: pool,
		Model: retrieval.EmbeddingModel{Dimensions: embed.Dimensions, Embed: builtin.Embed, Name: builtin.Name()},
	})
	if err != nil {
		return nil, err
	}
	if _, err := index.Register(context.Background()); err != nil {
		return nil, err
	}
	articles := fstest.MapFS{}
	for _, language := range firstLanguages() {
		names, err := fs.Glob(retrieval.Sample(), language+"/*.md")
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			content, err := fs.ReadFile(retrieval.Sample(), name)
			if err != nil {
				return nil, err
			}
			articles[name] = &fstest.MapFile{Data: content}
		}
	}
	report, err := index.Import(context.Background(), files.FS(articles), retrieval.ImportOptions{Source: "sample"})
	return index, errors.Join(append(report.Problems, err)...)
})

// knowledge is what every test reads and none changes.
type knowledge struct {
	channels   []guard.Channel
	confidence confidence.Model
	detector   *lang.Detector
	guard      *guard.Guard
	prompts    *prompts.Library
	redactor   *redact.Redactor
	taxonomy   *intent.Taxonomy
	triager    *triage.Triager
}

var loadKnowledge = sync.OnceValues(func() (knowledge, error) { //nolint:gochecknoglobals // takes a second to load
	var k knowledge
	var problems [10]error
	k.confidence, problems[0] = confidence.Default()
	k.detector, problems[1] = lang.New()
	k.guard, problems[2] = guard.New()
	k.prompts, problems[3] = prompts.New()
	k.redactor, problems[4] = redact.New(redact.Config{})
	k.taxonomy, problems[5] = intent.Default()
	vectors := embed.New()
	classifier, err := intent.Builtin(vectors)
	problems[6] = err
	rules, err := risk.Default()
	problems[7] = err
	if err := errors.Join(problems[:]...); err != nil {
		return k, err
	}
	k.triager, problems[8] = triage.New(k.taxonomy, classifier, rules)
	file, err := retrieval.Sample().Open("channels.yaml")
	if err != nil {
		return k, err
	}
	defer file.Close()
	k.channels, problems[9] = guard.ParseChannels(file, "channels.yaml")
	k.guard = k.guard.WithDetector(func(text string) (string, float64) {
		guess := k.detector.Detect(text, lang.Hint{})
		return guess.Tag, guess.Certainty
	}).WithVectors(guard.Vectors{Dimensions: vectors.Dimensions(), Weigh: vectors.Weigh})
	return k, errors.Join(problems[:]...)
})

// options are what a test needs otherwise than the rest.
type options struct {
	articles fstest.MapFS // imported into a knowledge base of the test's own, embedded by the model server
	deadline time.Duration
	respond  llmtest.Responder // the model; nil works offline
	retries  llm.ResilienceConfig
	search   func(assistant.SearchFunc) assistant.SearchFunc
	store    func(assistant.Store) assistant.Store
	tracer   *trace.Tracer
}

// system is the pipeline on a database of its own.
type system struct {
	*assistant.Assistant

	desk      *desk.Desk
	knowledge knowledge
	log       *logBuffer
	model     *llmtest.Server // records every request
	pool      *pgxpool.Pool
	store     *postgres.Store
}

func newSystem(t *testing.T, o options) *system {
	t.Helper()
	k, err := loadKnowledge()
	require.NoError(t, err)
	s := &system{knowledge: k, log: &logBuffer{}, model: llmtest.New(t), pool: pgtest.DB(t)}
	queue, err := jobs.NewQueue(s.pool, s.logger())
	require.NoError(t, err)
	quiet := postgres.New(s.pool, time.Now, queue.Enqueue)
	require.NoError(t, quiet.SetChannels(t.Context(), k.channels, "test"))
	s.store = quiet.WithWebhooks(queue.Deliver)
	s.desk = desk.New(desk.Config{Clock: time.Now, Guard: k.guard, Redactor: k.redactor, Store: s.store})

	var store assistant.Store = s.store
	if o.store != nil {
		store = o.store(store)
	}
	search := s.search(t, o)
	if o.search != nil {
		search = o.search(search)
	}
	s.Assistant = newAssistant(k, assistant.Config{
		Deadline: o.deadline, Draft: s.drafter(t, o), Observe: o.tracer.Run, Search: search, Store: store,
	})
	if o.articles != nil {
		s.Confidence.Basis.Embedder = s.client(t).Embeddings().Name() // the built-in fit stands for one with these vectors
	}
	return s
}

// newAssistant adds what the process knows to a pipeline's connections.
func newAssistant(k knowledge, c assistant.Config) *assistant.Assistant {
	c.Deadline = cmp.Or(c.Deadline, time.Minute) // a busy machine is slow
	c.Clock = time.Now
	c.Confidence = k.confidence
	c.Guard = k.guard
	c.Language = k.detector.Detect
	c.NewID = func() uuid.UUID { return uuid.Must(uuid.NewV7()) }
	c.Prompts = k.prompts
	c.Redactor = k.redactor
	c.Triager = k.triager
	return assistant.New(c)
}

// newFleeting is the pipeline on a store in memory, for tests that ask many questions.
func newFleeting(t *testing.T, o options) *system {
	t.Helper()
	k, err := loadKnowledge()
	require.NoError(t, err)
	s := &system{knowledge: k, log: &logBuffer{}, model: llmtest.New(t)}
	store := memory.New(func(context.Context) (assistant.Settings, error) {
		return assistant.Settings{Policy: assistant.DefaultPolicy(), Registry: guard.NewRegistry(k.channels)}, nil
	})
	s.Assistant = newAssistant(k, assistant.Config{
		Deadline: o.deadline, Draft: s.drafter(t, o), Search: s.search(t, options{}), Store: store,
	})
	return s
}

// drafter is the model-backed one, as the program wires it.
func (s *system) drafter(t *testing.T, o options) assistant.DraftFunc {
	t.Helper()
	if o.respond == nil {
		return nil
	}
	s.model.SetResponder(o.respond)
	chat := llm.NewMeteredModel(llm.NewResilientModel(s.client(t).Chat(), o.retries), llm.MeterConfig{Now: time.Now})
	return assistant.ModelDrafter(o.tracer.Model(chat), s.knowledge.prompts)
}

func (s *system) client(t *testing.T) *llm.Client {
	t.Helper()
	client, err := llm.NewClient(llm.Config{
		BaseURL: s.model.BaseURL(), ChatModel: "chat", EmbeddingDimensions: 256, EmbeddingModel: "embedding",
	})
	require.NoError(t, err)
	return client
}

// search is the shared sample knowledge base, or one of the test's own.
func (s *system) search(t *testing.T, o options) assistant.SearchFunc {
	t.Helper()
	var index *retrieval.Index
	var err error
	if o.articles == nil {
		index, err = sampleIndex()
		require.NoError(t, err)
	} else {
		index = s.ownIndex(t, o)
	}
	return func(ctx context.Context, query retrieval.Query) (retrieval.Results, error) {
		query.Now = today
		return index.Search(ctx, query)
	}
}

func (s *system) ownIndex(t *testing.T, o options) *retrieval.Index {
	t.Helper()
	analyzer, err := retrieval.NewAnalyzer()
	require.NoError(t, err)
	embedder := o.tracer.Embedder(llm.NewMeteredEmbedder(s.client(t).Embeddings(), llm.MeterConfig{Now: time.Now, Purpose: "search"}))
	index, err := retrieval.New(retrieval.Config{
		Analyzer: analyzer, Pool: s.pool,
		Model: retrieval.EmbeddingModel{Dimensions: embedder.Dimensions(), Embed: embedder.Embed, Name: embedder.Name()},
	})
	require.NoError(t, err)
	_, err = index.Register(t.Context())
	require.NoError(t, err)
	report, err := index.Import(t.Context(), files.FS(o.articles), retrieval.ImportOptions{Source: "test"})
	require.NoError(t, err)
	require.Empty(t, report.Problems)
	return index
}

// sampleArticles are some articles of the sample knowledge base, by file name.
func sampleArticles(t *testing.T, names ...string) fstest.MapFS {
	t.Helper()
	articles := fstest.MapFS{}
	for _, name := range names {
		content, err := fs.ReadFile(retrieval.Sample(), name)
		require.NoError(t, err)
		articles[name] = &fstest.MapFile{Data: content}
	}
	return articles
}

// ask asks in a new conversation and requires an end.
func (s *system) ask(t *testing.T, text string) assistant.Run {
	t.Helper()
	return s.say(t, assistant.Question{Body: text})
}

// say asks with what a question carries beside its text.
func (s *system) say(t *testing.T, q assistant.Question) assistant.Run {
	t.Helper()
	q.Channel = "widget"
	run, err := s.Handle(t.Context(), q)
	require.NoError(t, err)
	require.True(t, run.Concluded())
	require.NotEmpty(t, run.Reply.Body)
	require.NotEmpty(t, run.Reasons)
	require.Equal(t, run.Outcome == assistant.OutcomeHandedOff, run.Ticket != nil)
	return run
}

// fixed is a reviewed text as a customer reads it.
func (s *system) fixed(key prompts.Key, language string) string {
	return s.knowledge.prompts.Text(key, language, nil)
}

// agent is a person who may work on tickets.
func (s *system) agent(t *testing.T) desk.Actor {
	t.Helper()
	key, _, err := s.store.CreateKey(t.Context(), postgres.Key{Name: "agent", Role: postgres.RoleAgent})
	require.NoError(t, err)
	return desk.Actor{ID: *key.AgentID}
}

// claim takes a ticket over.
func (s *system) claim(t *testing.T, ticket *assistant.Ticket) assistant.Ticket {
	t.Helper()
	claimed, err := s.desk.Claim(t.Context(), s.agent(t), ticket.ID, ticket.Version)
	require.NoError(t, err)
	return claimed
}

// setPolicy changes the policy in force.
func (s *system) setPolicy(t *testing.T, change func(*assistant.Policy)) int64 {
	t.Helper()
	policy := assistant.DefaultPolicy()
	change(&policy)
	version, err := s.store.SetPolicy(t.Context(), policy, assistant.AnyVersion, "test")
	require.NoError(t, err)
	return version
}

func (s *system) count(t *testing.T, query string, args ...any) int {
	t.Helper()
	rows, err := s.pool.Query(t.Context(), query, args...)
	require.NoError(t, err)
	n, err := pgx.CollectExactlyOneRow(rows, pgx.RowTo[int])
	require.NoError(t, err)
	return n
}

// logger writes everything that is logged into s.log.
func (s *system) logger() *slog.Logger {
	return slog.New(slog.NewJSONHandler(s.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// logBuffer keeps a log.
type logBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *logBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

func (b *logBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}
