package assistant_test

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/assistant/desk"
	"github.com/deskhand/deskhand/assistant/trace"
	"github.com/deskhand/deskhand/assistant/webhook"
)

// witness is a system outside that records all it is sent.
type witness struct {
	mu       sync.Mutex
	requests []string // headers and body
	url      string
}

func newWitness(t *testing.T) *witness {
	t.Helper()
	w := &witness{}
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		var text strings.Builder
		_ = r.Header.Write(&text)
		_, _ = io.Copy(&text, r.Body)
		w.mu.Lock()
		defer w.mu.Unlock()
		w.requests = append(w.requests, r.URL.String()+"\n"+text.String())
	}))
	t.Cleanup(server.Close)
	w.url = server.URL
	return w
}

// saw reports whether a text was in what the witness was sent.
func (w *witness) saw(text string) bool { return w.count(text) > 0 }

// count is how many requests held a text.
func (w *witness) count(text string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := 0
	for _, request := range w.requests {
		if strings.Contains(request, text) {
			n++
		}
	}
	return n
}

// tracer sends all spans to the witness.
func (w *witness) tracer(t *testing.T) *trace.Tracer {
	t.Helper()
	tracer, err := trace.New(trace.Config{
		Clock: time.Now, Endpoint: w.url, Logger: slog.New(slog.DiscardHandler), Service: "deskhand", Version: "test",
	})
	require.NoError(t, err)
	return tracer
}

// subscribe tells the witness of every change.
func (s *system) subscribe(t *testing.T, w *witness) {
	t.Helper()
	reach := webhook.Reach{InsecureHTTP: true, Networks: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}
	_, err := s.store.AddEndpoint(t.Context(), webhook.Endpoint{Reach: reach, URL: w.url}, "test")
	require.NoError(t, err)
}

// deliverer delivers without waits between attempts.
func (s *system) deliverer() *webhook.Deliverer {
	return webhook.NewDeliverer(webhook.Config{
		Clock: time.Now, Delay: func(int, uuid.UUID) time.Duration { return 0 }, Logger: s.logger(),
		Sender: webhook.NewSender(webhook.SenderConfig{Clock: time.Now}), Store: s.store,
	})
}

// rejectWith makes a case with a draft, and lets an agent reject the draft for a reason.
func (s *system) rejectWith(t *testing.T, reason string) {
	t.Helper()
	agent := s.agent(t)
	run := s.ask(t, "i want to talk to a human about the spot trading fee")
	require.NotNil(t, run.Ticket)
	require.NoError(t, s.DraftForAgent(t.Context(), run.ID))
	ticket, err := s.desk.Claim(t.Context(), agent, run.Ticket.ID, run.Ticket.Version)
	require.NoError(t, err)
	detail, err := s.desk.Ticket(t.Context(), ticket.ID)
	require.NoError(t, err)
	require.NotEmpty(t, detail.Drafts)
	_, err = s.desk.Reply(t.Context(), agent, desk.Reply{
		Action: desk.ActionReject, DraftID: detail.Drafts[0].ID, Reason: reason, TicketID: ticket.ID, Version: ticket.Version,
	})
	require.NoError(t, err)
	require.Equal(t, assistant.TicketClaimed, ticket.Status)
}
