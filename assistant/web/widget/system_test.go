package widget_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant"
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
	"github.com/deskhand/deskhand/assistant/web/widget"
	"github.com/deskhand/deskhand/evals/archive"
	"github.com/deskhand/deskhand/evals/online"
	"github.com/deskhand/deskhand/prompts"
	"github.com/deskhand/deskhand/retrieval"
	"github.com/deskhand/deskhand/retrieval/embed"
	"github.com/deskhand/deskhand/retrieval/files"
)

// system is the whole service, listening, on a database of its own.
type system struct {
	base  string // http://127.0.0.1:port
	store *postgres.Store

	agent, elsewhere, widget string // secrets of keys; elsewhere is a widget key of another web site
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

	analyzer, err := retrieval.NewAnalyzer()
	require.NoError(t, err)
	builtin := embed.New()
	index, err := retrieval.New(retrieval.Config{
		Analyzer: analyzer, Pool: pool,
		Model: retrieval.EmbeddingModel{Dimensions: embed.Dimensions, Embed: builtin.Embed, Name: builtin.Name()},
	})
	require.NoError(t, err)
	importArticles(t, index)

	checks, err := guard.New()
	require.NoError(t, err)
	redactor, err := redact.New(redact.Config{})
	require.NoError(t, err)
	gate, err := admission.New(admission.Config{Clock: time.Now, Lease: s.store.LeaseTokens, Logger: logger, Places: 100})
	require.NoError(t, err)
	app, err := httpapi.New(httpapi.Config{
		Assistant: newAssistant(t, s.store, index, redactor),
		Clock:     time.Now,
		Desk:      desk.New(desk.Config{Clock: time.Now, Guard: checks, Redactor: redactor, Store: s.store}),
		Evals:     archive.New(pool, time.Now),
		Gate:      gate,
		Glossary:  func(string) retrieval.Glossary { return retrieval.Glossary{Pool: pool} },
		Index:     func() *retrieval.Index { return index },
		Logger:    logger,
		Online:    online.New(online.Config{Audit: s.store.Audit, Clock: time.Now, Pool: pool}),
		Redactor:  redactor,
		Registry:  prometheus.NewRegistry(),
		Search:    index.Search,
		Store:     s.store,
		Version:   "test",
	})
	require.NoError(t, err)
	require.NoError(t, widget.Serve(app))
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	served := make(chan error, 1)
	go func() { served <- app.Listener(listener) }()
	t.Cleanup(func() {
		_ = app.ShutdownWithTimeout(5 * time.Second) // a stream that a closed page left behind is cut
		<-served
	})
	s.base = "http://" + listener.Addr().String()
	s.agent, s.widget = s.key(t, postgres.RoleAgent), s.key(t, postgres.RoleWidget)
	s.elsewhere = s.key(t, postgres.RoleWidget, "https://www.quayside.example")
	return s
}

func newAssistant(t *testing.T, store *postgres.Store, index *retrieval.Index, redactor *redact.Redactor) *assistant.Assistant {
	t.Helper()
	probability, err := confidence.Default()
	require.NoError(t, err)
	detector, err := lang.New()
	require.NoError(t, err)
	checks, err := guard.New()
	require.NoError(t, err)
	library, err := prompts.New()
	require.NoError(t, err)
	taxonomy, err := intent.Default()
	require.NoError(t, err)
	classifier, err := intent.Builtin(embed.New())
	require.NoError(t, err)
	rules, err := risk.Default()
	require.NoError(t, err)
	triager, err := triage.New(taxonomy, classifier, rules)
	require.NoError(t, err)
	return assistant.New(assistant.Config{
		Clock: time.Now, Confidence: probability, Guard: checks, Language: detector.Detect,
		NewID: func() uuid.UUID { return uuid.Must(uuid.NewV7()) }, Prompts: library, Redactor: redactor,
		Search: index.Search, Store: store, Triager: triager,
	})
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

// reply is a person at the desk who answers the ticket of a conversation.
func (s *system) reply(t *testing.T, conversation, body string) {
	t.Helper()
	var list struct {
		Tickets []struct {
			ConversationID string `json:"conversation_id"`
			ID             string `json:"id"`
			Version        int    `json:"version"`
		} `json:"tickets"`
	}
	s.asAgent(t, http.MethodGet, "/v1/tickets?limit=100", nil, &list)
	for _, ticket := range list.Tickets {
		if ticket.ConversationID != conversation {
			continue
		}
		var claimed struct {
			Version int `json:"version"`
		}
		s.asAgent(t, http.MethodPost, "/v1/tickets/"+ticket.ID+"/claim", map[string]any{"version": ticket.Version}, &claimed)
		answer := map[string]any{"action": "write", "body": body, "version": claimed.Version}
		s.asAgent(t, http.MethodPost, "/v1/tickets/"+ticket.ID+"/reply", answer, nil)
		return
	}
	require.Fail(t, "the conversation has no ticket")
}

func (s *system) asAgent(t *testing.T, method, path string, body, out any) {
	t.Helper()
	encoded, err := json.Marshal(body)
	require.NoError(t, err)
	if method == http.MethodGet {
		encoded = nil
	}
	request, err := http.NewRequestWithContext(context.WithoutCancel(t.Context()), method, s.base+path, bytes.NewReader(encoded))
	require.NoError(t, err)
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Authorization", "Bearer "+s.agent)
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer response.Body.Close()
	require.Equal(t, http.StatusOK, response.StatusCode, path)
	if out != nil {
		require.NoError(t, json.NewDecoder(response.Body).Decode(out))
	}
}
