package httpapi_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/assistant/httpapi"
	"github.com/deskhand/deskhand/assistant/live"
	"github.com/deskhand/deskhand/assistant/postgres"
)

// told is an event as a client reads it.
type told struct{ data, id, name string }

// watcher is a client of a stream.
type watcher struct {
	cancel context.CancelFunc
	events chan told
	lastID string // of what was read from events
}

// follow opens a stream as a browser would after a loss: with the id of the last event that it saw, if any.
func follow(t *testing.T, address, path, key, lastID string) *watcher {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+path, http.NoBody)
	require.NoError(t, err)
	request.Header.Set("Authorization", "Bearer "+key)
	if lastID != "" {
		request.Header.Set("Last-Event-ID", lastID)
	}
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	t.Cleanup(func() { _ = response.Body.Close() })
	if response.StatusCode != http.StatusOK {
		body, _ := io.ReadAll(response.Body)
		require.Equal(t, http.StatusOK, response.StatusCode, string(body))
	}
	require.Equal(t, "text/event-stream", response.Header.Get("Content-Type"))
	w := &watcher{cancel: cancel, events: make(chan told, 10_000), lastID: lastID}
	begun := make(chan struct{})
	go func() {
		defer close(w.events)
		var e told
		var once sync.Once
		lines := bufio.NewScanner(response.Body)
		for lines.Scan() {
			field, value, _ := strings.Cut(lines.Text(), ": ")
			switch field {
			case "id":
				e.id = value
				once.Do(func() { close(begun) })
			case "event":
				e.name = value
			case "data":
				e.data = value
			case "":
				if e.data != "" {
					w.events <- e
				}
				e = told{id: e.id}
			}
		}
	}()
	if lastID == "" {
		<-begun // the stream has its place: what happens from now on is in it
	}
	return w
}

func (w *watcher) next(t *testing.T) told {
	t.Helper()
	select {
	case e, open := <-w.events:
		require.True(t, open, "the stream ended")
		w.lastID = e.id
		return e
	case <-time.After(patience):
		require.FailNow(t, "nothing was told")
		return told{}
	}
}

// stored are the events that a stream of all of them must tell, by their bodies.
func (s *system) stored(t *testing.T) []string {
	t.Helper()
	var bodies []string
	require.NoError(t, s.row(`SELECT coalesce(array_agg(body::text ORDER BY position), '{}') FROM webhook_events`).Scan(&bodies))
	return bodies
}

// watched is a system that passes live events on over a port of its own.
func watched(t *testing.T, s *system) string {
	t.Helper()
	address := s.listen(t)
	s.watch() // ends before the port: streams would keep it open
	return address
}

func (s *system) setPolicy(t *testing.T) {
	t.Helper()
	_, err := s.store.SetPolicy(t.Context(), assistant.DefaultPolicy(), assistant.AnyVersion, "test")
	require.NoError(t, err)
}

func TestEveryChangeIsToldLiveWithoutACustomersWords(t *testing.T) {
	t.Parallel()
	for language, text := range map[string]string{"en": hacked, "zh-Hans": "有人登录了我的账户,转走了比特币", "ar": "شخص دخل حسابي وسحب البيتكوين"} {
		t.Run(language, func(t *testing.T) {
			t.Parallel()

			s := newSystem(t, options{})
			w := follow(t, watched(t, s), "/v1/events", s.agent, "")
			s.ask(t, text)
			var names []string
			for range 2 {
				e := w.next(t)
				names = append(names, e.name)
				require.NotContains(t, e.data, text)
				require.True(t, json.Valid([]byte(e.data)))
			}
			require.Equal(t, []string{"ticket.opened", "question.concluded"}, names)
		})
	}
}

// Connections are killed at random places, and the client goes on at either of two replicas. It is told every event once.
func TestResumingOverKilledConnectionsLosesNothingAndRepeatsNothing(t *testing.T) {
	t.Parallel()

	s := newSystem(t, options{})
	other := newSystemOn(t, s.url, options{})
	addresses := []string{watched(t, s), watched(t, other)}
	w := follow(t, addresses[0], "/v1/events", s.admin, "")
	const writers, each = 4, 30
	var writing sync.WaitGroup
	for i := range writers {
		writing.Go(func() {
			store := []*system{s, other}[i%2].store
			for n := range each {
				// A third is rolled back: its place stays empty.
				if n%3 == 2 {
					_, _ = store.SetPolicy(t.Context(), assistant.Policy{}, assistant.AnyVersion, "test")
				}
				if _, err := store.SetPolicy(t.Context(), assistant.DefaultPolicy(), assistant.AnyVersion, "test"); err != nil {
					t.Errorf("set policy: %v", err)
				}
			}
		})
	}
	var got []string
	for len(got) < writers*each {
		got = append(got, w.next(t).data)
		if len(got)%7 == 0 {
			w.cancel()
			w = follow(t, addresses[len(got)%2], "/v1/events", s.admin, w.lastID)
		}
	}
	writing.Wait()
	require.Equal(t, s.stored(t), got)
}

func TestEventOfOneReplicaIsToldByAnother(t *testing.T) {
	t.Parallel()

	s := newSystem(t, options{})
	other := newSystemOn(t, s.url, options{})
	watched(t, s)
	w := follow(t, watched(t, other), "/v1/events", s.agent, "")
	s.ask(t, pending)
	require.Equal(t, "question.concluded", w.next(t).name)
}

func TestClientThatWasAwayTooLongIsToldToReadAgain(t *testing.T) {
	t.Parallel()

	s := newSystem(t, options{})
	s.setPolicy(t)
	address := watched(t, s)
	require.Equal(t, "reset", follow(t, address, "/v1/events", s.admin, "999").next(t).name)
	require.Equal(t, "policy.changed", follow(t, address, "/v1/events", s.admin, "0").next(t).name)
	var touched int
	require.NoError(t, s.row(`WITH t AS (UPDATE webhook_events SET created_at = now() - interval '25 hours' RETURNING 1) SELECT count(*) FROM t`).Scan(&touched))
	require.Equal(t, 1, touched)
	require.Equal(t, "reset", follow(t, address, "/v1/events", s.admin, "1").next(t).name)
}

func TestEventsAreFilteredByRoleAndType(t *testing.T) {
	t.Parallel()

	s := newSystem(t, options{})
	address := watched(t, s)
	agent, admin := follow(t, address, "/v1/events", s.agent, ""), follow(t, address, "/v1/events", s.admin, "")
	only := follow(t, address, "/v1/events?types=ticket.opened", s.admin, "")
	s.setPolicy(t)
	s.ask(t, hacked)
	require.Equal(t, "policy.changed", admin.next(t).name)
	require.Equal(t, "ticket.opened", agent.next(t).name)
	require.Equal(t, "ticket.opened", only.next(t).name)
	problem(t, s.do(t, call{key: s.agent, path: "/v1/events?types=policy.changed"}), http.StatusForbidden)
	problem(t, s.do(t, call{key: s.agent, path: "/v1/events?types=nothing.known"}), http.StatusUnprocessableEntity)
	problem(t, s.do(t, call{key: s.widget, path: "/v1/events"}), http.StatusForbidden)
	problem(t, s.do(t, call{headers: map[string]string{"Last-Event-ID": "x"}, key: s.agent, path: "/v1/events"}), http.StatusUnprocessableEntity)
}

// A consumer that reads nothing is cut off; meanwhile the desk and 200 others are served.
func TestSlowConsumerDelaysNobody(t *testing.T) {
	t.Parallel()

	s := newSystem(t, options{})
	address := watched(t, s)
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", address)
	require.NoError(t, err)
	defer conn.Close()
	tcp, ok := conn.(*net.TCPConn)
	require.True(t, ok)
	require.NoError(t, tcp.SetReadBuffer(1024))
	_, err = fmt.Fprintf(conn, "GET /v1/events HTTP/1.1\r\nHost: desk\r\nAuthorization: Bearer %s\r\n\r\n", s.agent)
	require.NoError(t, err)
	const consumers = 200
	watchers := make([]*watcher, consumers)
	for i := range watchers {
		watchers[i] = follow(t, address, "/v1/events", s.agent, "")
	}
	require.Equal(t, consumers+1, s.hub.Count())
	for _, path := range []string{"1", "2", "3"} {
		s.ask(t, pending)
		for _, w := range watchers {
			require.Equal(t, "question.concluded", w.next(t).name, path)
		}
	}
}

func TestCustomerSeesAPersonsReplyLive(t *testing.T) {
	t.Parallel()

	s := newSystem(t, options{})
	address := watched(t, s)
	answer := s.ask(t, hacked)
	path := "/v1/conversations/" + answer.ConversationID.String() + "/events"
	require.Eventually(t, func() bool { // the events of the question are in the past
		sub, err := s.hub.Subscribe(t.Context(), func(live.Event) bool { return false })
		require.NoError(t, err)
		defer sub.Close()
		return sub.Start() == int64(len(s.stored(t)))
	}, patience, time.Millisecond)
	w := follow(t, address, path, s.widget, "")
	ticket := decode[httpapi.TicketList](t, s.do(t, call{key: s.agent, path: "/v1/tickets"}), http.StatusOK).Tickets[0]
	claimed := decode[httpapi.Ticket](t, s.do(t, call{body: `{"version":1}`, key: s.agent, path: "/v1/tickets/" + ticket.ID.String() + "/claim"}), http.StatusOK)
	require.Equal(t, "ticket", w.next(t).name)
	w.cancel()
	reply := fmt.Sprintf(`{"version":%d,"action":"write","body":"Hello, I am looking at your account now."}`, claimed.Version)
	require.Equal(t, http.StatusOK, s.do(t, call{body: reply, key: s.agent, path: "/v1/tickets/" + ticket.ID.String() + "/reply"}).status)

	w = follow(t, address, path, s.widget, w.lastID)
	message := w.next(t)
	require.Equal(t, "message", message.name)
	var read httpapi.ConversationMessage
	require.NoError(t, json.Unmarshal([]byte(message.data), &read))
	require.Equal(t, "agent", read.Author)
	require.Contains(t, message.id, ".", "the first of two parts")
	w.cancel()

	w = follow(t, address, path, s.widget, w.lastID)
	ended := w.next(t)
	require.Equal(t, "ticket", ended.name, "the message is not told twice")
	require.NotContains(t, ended.data, "reasons")
	problem(t, s.do(t, call{key: s.otherWidget, path: path}), http.StatusNotFound)
	problem(t, s.do(t, call{key: s.widget, path: "/v1/conversations/" + uuid.NewString() + "/events"}), http.StatusNotFound)
}

func TestStreamEndsWithTheServiceAndSaysSo(t *testing.T) {
	t.Parallel()

	s := newSystem(t, options{})
	w := follow(t, watched(t, s), "/v1/events", s.agent, "")
	s.unwatch()
	require.Equal(t, "dropped", w.next(t).name)
	_, open := <-w.events
	require.False(t, open)
}

func TestCredentialThatIsRevokedIsNotInForce(t *testing.T) {
	t.Parallel()

	s := newSystem(t, options{})
	key, _, err := s.store.CreateKey(t.Context(), postgres.Key{Name: "k", Role: postgres.RoleAgent})
	require.NoError(t, err)
	credential := postgres.Credential{APIKeyID: key.ID, Role: key.Role}
	ok, err := s.store.InForce(t.Context(), credential)
	require.NoError(t, err)
	require.True(t, ok)
	require.NoError(t, s.store.RevokeKey(t.Context(), key.ID, "test"))
	ok, err = s.store.InForce(t.Context(), credential)
	require.NoError(t, err)
	require.False(t, ok)
}
