package console_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/uuid"
	"github.com/pquerna/otp/totp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/assistant/access"
	"github.com/deskhand/deskhand/assistant/admission"
	"github.com/deskhand/deskhand/assistant/confidence"
	"github.com/deskhand/deskhand/assistant/desk"
	"github.com/deskhand/deskhand/assistant/guard"
	"github.com/deskhand/deskhand/assistant/httpapi"
	"github.com/deskhand/deskhand/assistant/jobs"
	"github.com/deskhand/deskhand/assistant/lang"
	"github.com/deskhand/deskhand/assistant/postgres"
	"github.com/deskhand/deskhand/assistant/postgres/pgtest"
	"github.com/deskhand/deskhand/assistant/redact"
	"github.com/deskhand/deskhand/assistant/triage"
	"github.com/deskhand/deskhand/assistant/triage/intent"
	"github.com/deskhand/deskhand/assistant/triage/risk"
	"github.com/deskhand/deskhand/assistant/web/console"
	"github.com/deskhand/deskhand/evals/archive"
	"github.com/deskhand/deskhand/evals/online"
	"github.com/deskhand/deskhand/prompts"
	"github.com/deskhand/deskhand/retrieval"
	"github.com/deskhand/deskhand/retrieval/embed"
	"github.com/deskhand/deskhand/retrieval/files"
)

// knowledge is what every test reads and none changes. It takes a second to load, so the tests of the process share it.
type knowledge struct {
	confidence confidence.Model
	detector   *lang.Detector
	guard      *guard.Guard
	prompts    *prompts.Library
	redactor   *redact.Redactor
	triager    *triage.Triager
}

var loadKnowledge = sync.OnceValues(func() (knowledge, error) { //nolint:gochecknoglobals // see above
	var k knowledge
	var err error
	keep := func(e error) {
		if err == nil {
			err = e
		}
	}
	var e error
	k.confidence, e = confidence.Default()
	keep(e)
	k.detector, e = lang.New()
	keep(e)
	k.guard, e = guard.New()
	keep(e)
	k.prompts, e = prompts.New()
	keep(e)
	k.redactor, e = redact.New(redact.Config{})
	keep(e)
	taxonomy, e := intent.Default()
	keep(e)
	classifier, e := intent.Builtin(embed.New())
	keep(e)
	rules, e := risk.Default()
	keep(e)
	if err != nil {
		return k, err
	}
	k.triager, err = triage.New(taxonomy, classifier, rules)
	return k, err
})

// system is the whole service, listening, on a database of its own.
type system struct {
	base  string                              // http://127.0.0.1:port
	exec  func(statement string, args ...any) // in the database
	store *postgres.Store

	archive *archive.Archive
	online  *online.Store

	widget string // the secret of a key
}

// newSystem wires the service with a few of the sample articles, in the three languages that the tests ask in.
func newSystem(t *testing.T) *system {
	t.Helper()
	pool, err := postgres.Open(t.Context(), pgtest.URL(t))
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	logger := slog.New(slog.DiscardHandler)
	queue, err := jobs.NewQueue(pool, logger)
	require.NoError(t, err)
	s := &system{store: postgres.New(pool, time.Now, queue.Enqueue)}
	s.exec = func(statement string, args ...any) {
		_, err := pool.Exec(t.Context(), statement, args...)
		require.NoError(t, err)
	}

	s.archive = archive.New(pool, time.Now)
	s.online = online.New(online.Config{Audit: s.store.Audit, Clock: time.Now, Pool: pool})
	analyzer, err := retrieval.NewAnalyzer()
	require.NoError(t, err)
	builtin := embed.New()
	index, err := retrieval.New(retrieval.Config{
		Analyzer: analyzer, Pool: pool,
		Model: retrieval.EmbeddingModel{Dimensions: embed.Dimensions, Embed: builtin.Embed, Name: builtin.Name()},
	})
	require.NoError(t, err)
	importArticles(t, index)

	k, err := loadKnowledge()
	require.NoError(t, err)
	pipeline := assistant.New(assistant.Config{
		Clock: time.Now, Confidence: k.confidence, Guard: k.guard, Language: k.detector.Detect,
		NewID: func() uuid.UUID { return uuid.Must(uuid.NewV7()) }, Prompts: k.prompts, Redactor: k.redactor,
		Search: index.Search, Store: s.store, Triager: k.triager,
	})
	workers, err := jobs.NewWorkers(pool, pipeline, logger)
	require.NoError(t, err)
	require.NoError(t, workers.Start(context.WithoutCancel(t.Context())))
	t.Cleanup(func() { _ = workers.Stop(context.Background()) })
	clock := time.Now
	gate, err := admission.New(admission.Config{Clock: time.Now, Lease: s.store.LeaseTokens, Logger: logger, Places: 100})
	require.NoError(t, err)
	app, err := httpapi.New(httpapi.Config{
		Assistant: pipeline,
		Clock:     time.Now,
		Desk:      desk.New(desk.Config{Clock: time.Now, Guard: k.guard, Prompts: k.prompts, Redactor: k.redactor, Store: s.store}),
		Evals:     s.archive,
		Gate:      gate,
		Glossary:  func(string) retrieval.Glossary { return retrieval.Glossary{Pool: pool} },
		Index:     func() *retrieval.Index { return index },
		Logger:    logger,
		Online:    s.online,
		Redactor:  k.redactor,
		Registry:  prometheus.NewRegistry(),
		Search:    index.Search,
		Store:     s.store,
		Translate: func(_ context.Context, text, language string) (string, error) {
			return "in " + language + ": " + text, nil
		},
		Version: "test",
	})
	require.NoError(t, err)
	require.NoError(t, console.Serve(app, clock))
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	served := make(chan error, 1)
	go func() { served <- app.Listener(listener) }()
	t.Cleanup(func() {
		_ = app.ShutdownWithTimeout(5 * time.Second) // a stream that a closed page left behind is cut
		<-served
	})
	s.base = "http://" + listener.Addr().String()
	s.widget = s.key(t, postgres.RoleWidget)
	require.NoError(t, s.store.SetChannels(t.Context(), []guard.Channel{
		{Kind: "domain", Standing: guard.Official, Value: "help.quayside.example"},
		{Kind: "domain", Standing: guard.Official, Value: "status.quayside.example"},
	}, "test"))
	return s
}

func importArticles(t *testing.T, index *retrieval.Index) {
	t.Helper()
	tree := fstest.MapFS{}
	for _, name := range []string{
		"en/withdrawal-pending.md", "en/deposit-missing-memo.md", "en/trading-fees.md",
		"zh-Hans/withdrawal-pending.md", "zh-Hans/deposit-missing-memo.md", "ar/withdrawal-pending.md",
	} {
		content, err := fs.ReadFile(retrieval.Sample(), name)
		require.NoError(t, err)
		tree[name] = &fstest.MapFile{Data: content}
	}
	_, err := index.Register(t.Context())
	require.NoError(t, err)
	report, err := index.Import(t.Context(), files.FS(tree), retrieval.ImportOptions{Source: "test"})
	require.NoError(t, err)
	require.Empty(t, report.Problems)
}

func (s *system) key(t *testing.T, role postgres.Role, origins ...string) string {
	t.Helper()
	_, secret, err := s.store.CreateKey(t.Context(), postgres.Key{AllowedOrigins: origins, Name: string(role), Role: role})
	require.NoError(t, err)
	return secret
}

const (
	password = "seven plain words in a row here"
	wanted   = "My withdrawal has been pending for two hours. I want to talk to a human."
)

// add gives an agent access.
func (s *system) add(t *testing.T, name string) {
	t.Helper()
	s.addAs(t, name, access.Agent)
}

func (s *system) addAs(t *testing.T, name string, role access.Role) postgres.Agent {
	t.Helper()
	agent, err := s.store.AddAgent(t.Context(), postgres.NewAgent{
		Actor: "test", Email: strings.ToLower(name) + "@quayside.example", Name: name, Password: password, Role: role,
	})
	require.NoError(t, err)
	return agent
}

// session logs an agent in, with a second factor where the role needs one, and returns the secret of the session.
func (s *system) session(t *testing.T, agent postgres.Agent) string {
	t.Helper()
	in, err := s.store.LogIn(t.Context(), postgres.LogIn{Email: agent.Email, Password: password, Place: postgres.Place{Network: "127.0.0.1"}})
	require.NoError(t, err)
	if agent.Role.NeedsSecondFactor() {
		factor, err := s.store.Enrol(t.Context(), in, password)
		require.NoError(t, err)
		code, err := totp.GenerateCode(factor.Secret, time.Now())
		require.NoError(t, err)
		in, _, err = s.store.ConfirmFactor(t.Context(), in, code)
		require.NoError(t, err)
	}
	return in.Secret
}

// ask asks as a customer and waits for the draft when a person is needed.
func (s *system) ask(t *testing.T, text string) {
	t.Helper()
	body, err := json.Marshal(map[string]any{"message": map[string]string{"body": text}})
	require.NoError(t, err)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.base+"/v1/answers", bytes.NewReader(body))
	require.NoError(t, err)
	request.Header.Set("Authorization", "Bearer "+s.widget)
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer response.Body.Close()
	require.Equal(t, http.StatusOK, response.StatusCode)
}
