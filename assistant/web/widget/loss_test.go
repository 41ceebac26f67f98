package widget_test

import (
	"bufio"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// brokenLine leads to the service and loses the first stream of each question after its first event, once lost is closed.
func brokenLine(t *testing.T, base string, lost <-chan struct{}) string {
	t.Helper()
	target, err := url.Parse(base)
	require.NoError(t, err)
	proxy := httputil.NewSingleHostReverseProxy(target)
	proxy.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError) // it would tell of each loss
	var known sync.Map
	proxy.ModifyResponse = func(r *http.Response) error {
		question := r.Request.Header.Get("Idempotency-Key")
		if _, repeated := known.LoadOrStore(question, true); question != "" && !repeated {
			r.Body = &brokenBody{body: r.Body, lines: bufio.NewReader(r.Body), lost: lost}
		}
		return nil
	}
	server := httptest.NewServer(proxy)
	t.Cleanup(server.Close)
	t.Cleanup(server.CloseClientConnections) // streams of events, which Close would wait for
	return server.URL
}

// brokenBody is the first event of a stream, and then an error.
type brokenBody struct {
	body  io.Closer
	lines *bufio.Reader
	lost  <-chan struct{}
	told  bool
}

func (b *brokenBody) Read(into []byte) (int, error) {
	if b.told {
		<-b.lost
		return 0, io.ErrUnexpectedEOF
	}
	line, err := b.lines.ReadBytes('\n')
	b.told = strings.TrimSpace(string(line)) == ""
	return copy(into, line), err // one line of an event is shorter than any buffer of the proxy
}

func (b *brokenBody) Close() error { return b.body.Close() }

// stored is what the service keeps of a conversation: its authors, in order.
func (s *stage) stored(t *testing.T, b *tab) []string {
	t.Helper()
	var conversation struct {
		Messages []struct {
			Author string `json:"author"`
		} `json:"messages"`
	}
	s.asAgent(t, http.MethodGet, "/v1/conversations/"+read[string](b, `localStorage.getItem(localStorage.key(0))`), nil, &conversation)
	authors := make([]string, len(conversation.Messages))
	for i, message := range conversation.Messages {
		authors[i] = message.Author
	}
	return authors
}

func testLostNetwork(t *testing.T, s *stage) {
	t.Helper()
	lost := make(chan struct{})
	b := s.chat(t, "base", brokenLine(t, s.Base, lost))
	b.ask(pending)
	b.Await(`$('.row.customer.sent') && localStorage.length === 1`)
	b.Cut()
	b.Await(`!navigator.onLine`)
	close(lost)
	b.Mend()
	b.Await(`$('.sources')`)
	b.Await(`!shown('.status')`)
	require.Equal(t, []string{"customer", "assistant"}, s.stored(t, b))

	// Lost again without a word from the browser: the question is repeated and is the same question.
	b.ask("How much is the fee for a withdrawal?")
	b.Await(`$$('.row.customer.sent').length === 2 && $$('.row.assistant').length > 2 && !shown('.status')`)
	require.Equal(t, []string{"customer", "assistant", "customer", "assistant"}, s.stored(t, b))

	b.open(s.host + "?" + query(s.widget, "open", ""))
	b.Await(`$$('.row.assistant').length === 3 && $('.sources')`) // with the greeting
	require.Equal(t, 2, read[int](b, `$$('.row.customer').length`))
	require.Zero(t, read[int](b, `$$('.row.failed').length`))
}

func testReloadInAStream(t *testing.T, s *stage) {
	t.Helper()
	const question = "01a200a5-9b0a-7120-bbd8-3d96fa25079b"
	answered := make(chan struct{})
	var service script
	service.HandleFunc("POST /v1/answers", func(w http.ResponseWriter, r *http.Request) {
		stream(w, event("accepted", `{"conversation_id":"`+conversationID+`","message_id":"`+question+`"}`), event("progress", `{"stage":"reading"}`))
		<-r.Context().Done()
	})
	service.HandleFunc("GET /v1/conversations/"+conversationID, func(w http.ResponseWriter, _ *http.Request) {
		messages := `{"author":"customer","body":"Q","citations":[],"id":"` + question + `"}`
		select {
		case <-answered:
			messages += `,{"author":"assistant","body":"Here you are.","citations":[],"id":"01a200a5-9b66-772a-b773-000000000000"}`
		default:
		}
		_, _ = io.WriteString(w, `{"id":"`+conversationID+`","messages":[`+messages+`]}`)
	})
	base := service.serve(t)
	b := s.chat(t, "base", base)
	b.ask(pending)
	b.Await(`localStorage.length === 1`)

	b.open(s.host + "?" + query(s.widget, "base", base, "open", ""))
	b.Await(`$('.row.customer')?.innerText.includes('Q') && $('.status').innerText.includes('Reading your message')`)
	close(answered)
	b.Await(`text().includes('Here you are.') && !shown('.status')`)
	require.Equal(t, 1, read[int](b, `$$('.row.customer').length`))
	asked := 0
	for _, request := range service.seen() {
		if request.idempotency != "" {
			asked++
		}
	}
	require.Equal(t, 1, asked)
}
