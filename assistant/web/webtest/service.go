package webtest

import (
	"context"
	"log/slog"
	"net"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/assistant/admission"
	"github.com/deskhand/deskhand/assistant/desk"
	"github.com/deskhand/deskhand/assistant/httpapi"
	"github.com/deskhand/deskhand/assistant/httpapi/apitest"
	"github.com/deskhand/deskhand/assistant/jobs"
	"github.com/deskhand/deskhand/assistant/live"
	"github.com/deskhand/deskhand/assistant/postgres"
	"github.com/deskhand/deskhand/assistant/postgres/pgtest"
	"github.com/deskhand/deskhand/evals/archive"
	"github.com/deskhand/deskhand/evals/online"
	"github.com/deskhand/deskhand/retrieval"
)

// stopAfter cuts streams that closed pages left behind.
const stopAfter = 5 * time.Second

// checks takes what the job is asked for.
type checks chan uuid.UUID

// CheckArticle implements jobs.Checker.
func (c checks) CheckArticle(ctx context.Context, id uuid.UUID) error {
	select {
	case c <- id:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Config is what a test's service is made of.
type Config struct {
	Clock func() time.Time
	Serve func(app *fiber.App) error // adds the face to the HTTP interface
}

// Service is the whole of deskhand, listening, with a few of the sample articles.
type Service struct {
	Archive *archive.Archive
	Base    string                                            // http://127.0.0.1:port
	Checks  checks                                            // of articles that are asked for: a test plays the job that makes them
	Exec    func(t testing.TB, statement string, args ...any) // in the database
	Online  *online.Store
	Store   *postgres.Store

	config Config
	url    string // of the database
}

// NewService starts a service on a database of its own.
func NewService(t testing.TB, config Config) *Service {
	t.Helper()
	s := &Service{Checks: make(checks, 1), config: config, url: pgtest.URL(t)}
	apitest.Import(t, s.start(t))
	return s
}

// Replica starts another process's worth of the service on the same database.
func (s *Service) Replica(t testing.TB) *Service {
	t.Helper()
	replica := &Service{Checks: s.Checks, config: s.config, url: s.url}
	replica.start(t)
	return replica
}

// Key makes an API key and returns its secret.
func (s *Service) Key(t testing.TB, role postgres.Role, origins ...string) string {
	t.Helper()
	_, secret, err := s.Store.CreateKey(t.Context(), postgres.Key{AllowedOrigins: origins, Name: string(role), Role: role})
	require.NoError(t, err)
	return secret
}

// start wires the service as cmd does, in short.
func (s *Service) start(t testing.TB) *retrieval.Index {
	t.Helper()
	pool, err := postgres.Open(t.Context(), s.url)
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	s.Exec = func(t testing.TB, statement string, args ...any) {
		t.Helper()
		_, err := pool.Exec(t.Context(), statement, args...)
		require.NoError(t, err)
	}
	logger := slog.New(slog.DiscardHandler)
	queue, err := jobs.NewQueue(pool, logger)
	require.NoError(t, err)
	s.Store = postgres.New(pool, s.config.Clock, queue.Enqueue)
	hub := live.NewHub(live.Config{
		Announce: s.Store.AnnounceEvents, Clock: s.config.Clock, Listen: s.Store.ListenEvents, Logger: logger, Max: 250,
		Read: s.Store.ReadEvents,
	})
	s.Store = s.Store.WithWebhooks(queue.Deliver).WithLive(hub.Expect)
	run(t, hub.Run)
	s.Archive = archive.New(pool, s.config.Clock)
	s.Online = online.New(online.Config{Audit: s.Store.Audit, Clock: s.config.Clock, Pool: pool})

	analyzer, err := retrieval.NewAnalyzer()
	require.NoError(t, err)
	index, err := retrieval.New(retrieval.Config{Analyzer: analyzer, Model: apitest.Builtin(), Pool: pool})
	require.NoError(t, err)
	k := apitest.Load(t)
	pipeline := s.pipeline(k, index)
	workers, err := jobs.NewWorkers(pool, pipeline, logger)
	require.NoError(t, err)
	require.NoError(t, workers.AddChecks(s.Checks))
	require.NoError(t, workers.Start(context.WithoutCancel(t.Context())))
	t.Cleanup(func() { _ = workers.Stop(context.Background()) })
	gate, err := admission.New(admission.Config{Clock: s.config.Clock, Lease: s.Store.LeaseTokens, Logger: logger, Places: 100})
	require.NoError(t, err)
	s.listen(t, httpapi.Config{
		Assistant: pipeline,
		Check:     queue.EnqueueCheck,
		Clock:     s.config.Clock,
		Deadline:  apitest.Deadline,
		Desk:      desk.New(desk.Config{Clock: s.config.Clock, Guard: k.Guard, Prompts: k.Prompts, Redactor: k.Redactor, Store: s.Store}),
		Evals:     s.Archive,
		Gate:      gate,
		Glossary:  func(string) retrieval.Glossary { return retrieval.Glossary{Pool: pool} },
		Index:     func() *retrieval.Index { return index },
		Live:      hub,
		Logger:    logger,
		Online:    s.Online,
		Redactor:  k.Redactor,
		Registry:  prometheus.NewRegistry(),
		Search:    index.Search,
		Store:     s.Store,
		Translate: func(_ context.Context, text, language string) (string, error) {
			return "in " + language + ": " + text, nil
		},
		Version: "test",
	})
	return index
}

// pipeline is the assistant over an index.
func (s *Service) pipeline(k apitest.Knowledge, index *retrieval.Index) *assistant.Assistant {
	return assistant.New(assistant.Config{
		Clock: s.config.Clock, Confidence: k.Confidence, Deadline: apitest.Deadline, Guard: k.Guard, Language: k.Detector.Detect,
		NewID: func() uuid.UUID { return uuid.Must(uuid.NewV7()) }, Prompts: k.Prompts, Redactor: k.Redactor,
		Search: index.Search, Store: s.Store, Triager: k.Triager,
	})
}

// listen serves the interface and the face on a port of their own.
func (s *Service) listen(t testing.TB, config httpapi.Config) {
	t.Helper()
	app, err := httpapi.New(config)
	require.NoError(t, err)
	require.NoError(t, s.config.Serve(app))
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	run(t, func(context.Context) { _ = app.Listener(listener) }) // it returns when the next line's cleanup has shut it down
	t.Cleanup(func() { _ = app.ShutdownWithTimeout(stopAfter) })
	s.Base = "http://" + listener.Addr().String()
}

// run runs what ends with the test.
func run(t testing.TB, what func(context.Context)) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan struct{})
	go func() { defer close(ended); what(ctx) }()
	t.Cleanup(func() { cancel(); <-ended })
}

// At is the same service at another address: a line that leads to it.
func (s *Service) At(base string) *Service {
	at := *s
	at.Base = base
	return &at
}
