package httpapi_test

import (
	"cmp"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/assistant/admission"
	"github.com/deskhand/deskhand/assistant/desk"
	"github.com/deskhand/deskhand/assistant/guard"
	"github.com/deskhand/deskhand/assistant/httpapi"
	"github.com/deskhand/deskhand/assistant/httpapi/apitest"
	"github.com/deskhand/deskhand/assistant/jobs"
	"github.com/deskhand/deskhand/assistant/live"
	"github.com/deskhand/deskhand/assistant/postgres"
	"github.com/deskhand/deskhand/assistant/postgres/pgtest"
	"github.com/deskhand/deskhand/assistant/seal"
	"github.com/deskhand/deskhand/evals/archive"
	"github.com/deskhand/deskhand/evals/online"
	"github.com/deskhand/deskhand/retrieval"
)

// system is the service on a database of its own.
type system struct {
	app      *fiber.App
	hub      *live.Hub
	index    *retrieval.Index
	log      *logBuffer
	pipeline *assistant.Assistant
	quiet    *postgres.Store                                                      // tells nobody, for what a test begins with
	row      func(query string, args ...any) interface{ Scan(dest ...any) error } // of the database
	store    *postgres.Store
	unwatch  func() // ends what watch began
	url      string // of the database
	watch    func() // begins to pass live events on

	admin, agent, lead, otherAgent, otherWidget, revoked, widget string // secrets of keys
}

// publicURL is where browsers reach the service: the address that httptest sends requests to.
const publicURL = "https://example.com"

// options change what a test needs otherwise.
type options struct {
	clock    func() time.Time
	deadline time.Duration
	draft    assistant.DraftFunc
	limits   admission.Config // what a test holds questions to; nothing without
	provider *httpapi.Provider
	search   assistant.SearchFunc // instead of the knowledge base
}

func newSystem(t *testing.T, o options) *system {
	t.Helper()
	s := newSystemOn(t, pgtest.URL(t), o)
	apitest.Import(t, s.index)
	require.NoError(t, s.quiet.SetChannels(t.Context(), []guard.Channel{
		{Kind: "domain", Standing: guard.Official, Value: "help.quayside.example"},
	}, "test"))
	s.admin, s.agent, s.otherAgent = s.key(t, postgres.RoleAdmin), s.key(t, postgres.RoleAgent), s.key(t, postgres.RoleAgent)
	s.lead = s.key(t, postgres.RoleLead)
	s.widget, s.otherWidget = s.key(t, postgres.RoleWidget), s.key(t, postgres.RoleWidget)
	key, secret, err := s.store.CreateKey(t.Context(), postgres.Key{Name: "revoked", Role: postgres.RoleAdmin})
	require.NoError(t, err)
	require.NoError(t, s.store.RevokeKey(t.Context(), key.ID, "test"))
	s.revoked = secret
	return s
}

// nowhere is a port where nobody listens.
const nowhere = "postgres://nobody@127.0.0.1:1/none?connect_timeout=1"

// fileOfKeys is what all replicas have: 32 bytes of zeros.
const fileOfKeys = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="

// newSystemOn wires the service on the database at url, which may be nowhere.
func newSystemOn(t *testing.T, url string, o options) *system {
	t.Helper()
	k := apitest.Load(t)
	pool, err := postgres.Open(t.Context(), url)
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	s := &system{log: newLogBuffer(), url: url}
	s.row = func(query string, args ...any) interface{ Scan(dest ...any) error } {
		return pool.QueryRow(t.Context(), query, args...)
	}
	if o.clock == nil {
		o.clock = time.Now
	}
	logger := slog.New(slog.NewJSONHandler(s.log, nil))
	queue, err := jobs.NewQueue(pool, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	s.quiet = postgres.New(pool, o.clock, queue.Enqueue)
	var vault *postgres.Vault
	if url != nowhere { // a desk that encrypts: everything here holds for it, and what is simpler for one that does not
		keys, err := seal.ParseKeyring(strings.NewReader(fileOfKeys))
		require.NoError(t, err)
		vault, err = postgres.OpenVault(t.Context(), pool, keys, time.Now)
		require.NoError(t, err)
		s.quiet = s.quiet.WithVault(vault)
	}
	s.store = s.quiet.WithWebhooks(queue.Deliver)
	hub := live.NewHub(live.Config{
		Announce: s.store.AnnounceEvents, Clock: time.Now, Listen: s.store.ListenEvents, Logger: slog.New(slog.DiscardHandler), Max: 250,
		Read: s.store.ReadEvents,
	})
	s.store = s.store.WithLive(hub.Expect)
	s.watch = func() { // as cmd does
		ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
		var running sync.WaitGroup
		running.Go(func() { hub.Run(ctx) })
		s.unwatch = func() { cancel(); running.Wait() }
		t.Cleanup(s.unwatch)
	}
	s.hub = hub
	analyzer, err := retrieval.NewAnalyzer()
	require.NoError(t, err)
	s.index, err = retrieval.New(retrieval.Config{
		Analyzer: analyzer, Pool: pool,
		Changed: func(ctx context.Context, tx pgx.Tx, change retrieval.Change) error {
			entry := postgres.Entry{
				Action: "article." + string(change.Action), Actor: change.Actor, SubjectID: change.Slug, SubjectKind: "article",
			}
			if err := s.store.Audit(ctx, tx, entry); err != nil || change.Live {
				return err
			}
			return queue.EnqueueArticle(ctx, tx, change.Slug, change.Locale)
		},
		Model: apitest.Builtin(),
	})
	require.NoError(t, err)
	if o.search == nil {
		o.search = s.index.Search
	}
	o.deadline = cmp.Or(o.deadline, apitest.Deadline)
	s.pipeline = assistant.New(assistant.Config{
		Clock: time.Now, Confidence: k.Confidence, Deadline: o.deadline, Draft: o.draft, Guard: k.Guard, Language: k.Detector.Detect,
		NewID: func() uuid.UUID { return uuid.Must(uuid.NewV7()) }, Prompts: k.Prompts, Redactor: k.Redactor,
		Search: o.search, Store: s.store, Triager: k.Triager,
	})
	o.limits.Clock, o.limits.Lease, o.limits.Logger = o.clock, s.store.LeaseTokens, logger
	o.limits.Places = cmp.Or(o.limits.Places, 100)
	gate, err := admission.New(o.limits)
	require.NoError(t, err)
	s.app, err = httpapi.New(httpapi.Config{
		Assistant: s.pipeline,
		Clock:     o.clock,
		Deadline:  o.deadline,
		Desk:      desk.New(desk.Config{Clock: time.Now, Guard: k.Guard, Prompts: k.Prompts, Redactor: k.Redactor, Store: s.store}),
		Evals:     archive.New(pool, o.clock),
		Gate:      gate,
		Glossary: func(actor string) retrieval.Glossary { // as cmd does
			return retrieval.Glossary{Pool: pool, Changed: func(ctx context.Context, tx pgx.Tx, _ retrieval.GlossaryChange) error {
				return s.store.Audit(ctx, tx, postgres.Entry{Action: "terms.change", Actor: actor, SubjectID: "terms", SubjectKind: "terms"})
			}}
		},
		Index:     func() *retrieval.Index { return s.index },
		Live:      hub,
		Logger:    logger,
		Online:    online.New(online.Config{Audit: s.store.Audit, Clock: o.clock, Pool: pool, Vault: vault}),
		Provider:  o.provider,
		PublicURL: publicURL,
		Redactor:  k.Redactor,
		Registry:  prometheus.NewRegistry(),
		Search:    o.search,
		Store:     s.store,
		Version:   "test",

		TrustedProxies: []netip.Prefix{netip.MustParsePrefix("0.0.0.0/32")}, // what a request in memory comes from
	})
	require.NoError(t, err)
	return s
}

func (s *system) key(t *testing.T, role postgres.Role, origins ...string) string {
	t.Helper()
	_, secret, err := s.store.CreateKey(t.Context(), postgres.Key{AllowedOrigins: origins, Name: string(role), Role: role})
	require.NoError(t, err)
	return secret
}

// call is a request as data.
type call struct {
	body    string
	headers map[string]string
	key     string
	method  string // POST with a body, else GET
	path    string
}

// reply is what came back.
type reply struct {
	body    string
	headers http.Header
	status  int
}

func (r reply) requestID() string {
	return r.headers.Get("X-Request-Id") //nolint:canonicalheader // this is the form that Go calls canonical
}

func (s *system) do(t *testing.T, c call) reply {
	t.Helper()
	if c.method == "" {
		c.method = http.MethodGet
		if c.body != "" {
			c.method = http.MethodPost
		}
	}
	request := httptest.NewRequestWithContext(t.Context(), c.method, c.path, strings.NewReader(c.body))
	if c.body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	if c.key != "" {
		request.Header.Set("Authorization", "Bearer "+c.key)
	}
	for name, value := range c.headers {
		request.Header.Set(name, value)
	}
	response, err := s.app.Test(request, -1)
	require.NoError(t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return reply{body: string(body), headers: response.Header, status: response.StatusCode}
}

// listen serves on a port of its own, for what only a real connection shows, and returns its address.
func (s *system) listen(t *testing.T) string {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	served := make(chan error, 1)
	go func() { served <- s.app.Listener(listener) }()
	t.Cleanup(func() {
		require.NoError(t, s.app.Shutdown())
		require.NoError(t, <-served)
	})
	return listener.Addr().String()
}

// ask asks as a widget and requires an end.
func (s *system) ask(t *testing.T, text string) httpapi.AnswerResponse {
	t.Helper()
	return decode[httpapi.AnswerResponse](t, s.do(t, call{body: question(text), key: s.widget, path: "/v1/answers"}), http.StatusOK)
}

// handedOff asks what only a person may answer and returns the ticket as an agent sees it.
func (s *system) handedOff(t *testing.T) httpapi.Ticket {
	t.Helper()
	s.ask(t, hacked)
	list := decode[httpapi.TicketList](t, s.do(t, call{key: s.agent, path: "/v1/tickets"}), http.StatusOK)
	require.Len(t, list.Tickets, 1)
	return list.Tickets[0]
}

const (
	hacked  = "Someone logged into my account and withdrew my BTC"
	pending = "My withdrawal has been pending for two hours, what should I do?"
)

func question(text string) string {
	encoded, err := json.Marshal(map[string]map[string]string{"message": {"body": text}})
	if err != nil {
		panic(err)
	}
	return string(encoded)
}

func decode[T any](t *testing.T, r reply, status int) T {
	t.Helper()
	require.Equal(t, status, r.status, r.body)
	var value T
	decoder := json.NewDecoder(strings.NewReader(r.body))
	decoder.DisallowUnknownFields()
	require.NoError(t, decoder.Decode(&value), r.body)
	return value
}

func problem(t *testing.T, r reply, status int) httpapi.Problem {
	t.Helper()
	require.Equal(t, "application/problem+json", r.headers.Get("Content-Type"), r.body)
	p := decode[httpapi.Problem](t, r, status)
	require.Equal(t, status, p.Status)
	require.NotEmpty(t, p.Title)
	require.NotEmpty(t, p.Detail)
	require.Contains(t, p.Type, "/docs#problem-")
	require.Equal(t, r.requestID(), p.RequestID)
	return p
}

// logBuffer is a log that requests write to at once, and that tells of each line.
type logBuffer struct {
	lines chan string
	mu    sync.Mutex
	text  strings.Builder
}

func newLogBuffer() *logBuffer { return &logBuffer{lines: make(chan string, 1000)} }

func (b *logBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

func (b *logBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	select {
	case b.lines <- string(p):
	default: // a test with more requests than that waits for none of their lines
	}
	return b.text.Write(p)
}

// await returns the next line that contains text.
func (b *logBuffer) await(t *testing.T, text string) string {
	t.Helper()
	for {
		select {
		case line := <-b.lines:
			if strings.Contains(line, text) {
				return line
			}
		case <-time.After(patience):
			require.FailNow(t, "no such line in the log", text)
		}
	}
}

// patience is how long a test waits for what should come at once.
const patience = 2 * time.Minute
