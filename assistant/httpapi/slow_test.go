package httpapi_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant/admission"
	"github.com/deskhand/deskhand/assistant/guard"
	"github.com/deskhand/deskhand/assistant/httpapi"
)

// short stands for the service's own times in these tests: they show that each is kept, not how long it is.
const short = 300 * time.Millisecond

// drip sends text a byte at a time, until the server has hung up or a test's patience is over. It returns what came back.
func drip(t *testing.T, address, head, text string) string {
	t.Helper()
	connection, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", address)
	require.NoError(t, err)
	defer connection.Close()
	require.NoError(t, connection.SetDeadline(time.Now().Add(patience)))
	_, err = io.WriteString(connection, head)
	require.NoError(t, err)
	ended := make(chan []byte, 1)
	go func() {
		answer, err := io.ReadAll(connection)
		if ne, ok := err.(net.Error); ok && ne.Timeout() { //nolint:errorlint // of the connection itself
			answer = []byte("still connected")
		}
		ended <- answer
	}()
	ticker := time.NewTicker(short / 10)
	defer ticker.Stop()
	for i := 0; ; i++ {
		select {
		case answer := <-ended:
			return string(answer)
		case <-ticker.C:
			_, _ = connection.Write([]byte{text[i%len(text)]}) // the reader notices when nobody is there
		}
	}
}

func TestSlowClientIsCutOff(t *testing.T) {
	t.Parallel()
	s := newSystem(t, options{limits: admission.Config{Places: 1}})
	s.app.Server().ReadTimeout, s.app.Server().IdleTimeout = short, short
	address := s.listen(t)
	head := "POST /v1/answers HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nAuthorization: Bearer " + s.widget + "\r\n"

	for _, test := range []struct{ name, head, drops string }{
		{"Headers", "GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: ", "x"},
		{"Body", head + "Content-Length: 60000\r\n\r\n", " "},
		{"ChunkedBody", head + "Transfer-Encoding: chunked\r\n\r\n", "1\r\n \r\n"},
		{"BodyOfAnArticle", "POST /v1/articles HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + s.admin + "\r\nContent-Length: 4000000\r\n\r\n", " "},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()

			answer := drip(t, address, test.head, test.drops)
			require.NotContains(t, answer, "still connected")
			require.NotContains(t, answer, " 200 ")
		})
	}

	t.Run("KeptConnection", func(t *testing.T) {
		t.Parallel()

		connection, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", address)
		require.NoError(t, err)
		defer connection.Close()
		require.NoError(t, connection.SetDeadline(time.Now().Add(patience)))
		_, err = io.WriteString(connection, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
		require.NoError(t, err)
		answer, err := io.ReadAll(connection) // to the end of the connection
		require.NoError(t, err)
		require.Contains(t, string(answer), " 200 ")
	})

	t.Run("AndOthersAreServedMeanwhile", func(t *testing.T) {
		t.Parallel()

		for range 20 {
			connection, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", address)
			require.NoError(t, err)
			defer connection.Close()
			_, err = io.WriteString(connection, head+"Content-Length: 60000\r\n\r\n{")
			require.NoError(t, err)
		}
		require.Equal(t, "answered", s.ask(t, pending).Outcome, "a body that has not come takes no place")
	})
}

// narrow accepts connections that take little before somebody reads.
type narrow struct{ net.Listener }

func (n narrow) Accept() (net.Conn, error) {
	connection, err := n.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return connection, connection.(*net.TCPConn).SetWriteBuffer(4 << 10) //nolint:forcetypeassert // it listens for TCP
}

func TestSlowReaderOfAStreamHoldsNoPlaceAndIsCutOff(t *testing.T) {
	t.Parallel()
	s := newSystem(t, options{limits: admission.Config{Places: 1}})
	channels := make([]guard.Channel, 600) // an answer of some 38 KB: a hundred are more than sockets take
	for i := range channels {
		channels[i] = guard.Channel{Kind: "domain", Standing: guard.Official, Value: fmt.Sprintf("%s%d.quayside.example", strings.Repeat("a", 30), i)}
	}
	require.NoError(t, s.store.SetChannels(t.Context(), channels, "test"))
	s.app.Server().WriteTimeout = short
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	served := make(chan error, 1)
	go func() { served <- s.app.Listener(narrow{listener}) }()
	t.Cleanup(func() {
		require.NoError(t, s.app.Shutdown())
		require.NoError(t, <-served)
	})

	dialer := net.Dialer{Control: func(_, _ string, raw syscall.RawConn) error {
		return raw.Control(func(fd uintptr) { _ = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF, 4<<10) })
	}}
	connection, err := dialer.DialContext(t.Context(), "tcp", listener.Addr().String())
	require.NoError(t, err)
	defer connection.Close()
	body := question("what is your phone number? is quayside.example really your site?")
	ask := fmt.Sprintf("POST /v1/answers HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\n"+
		"Authorization: Bearer %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", s.widget, len(body), body)
	_, err = io.WriteString(connection, strings.Repeat(ask, 100)) // and nothing is read
	require.NoError(t, err)

	s.log.await(t, `"route":"/v1/answers"`)
	require.Eventually(t, func() bool { return s.app.Server().GetOpenConnectionsCount() == 0 }, patience, short/10,
		"the service hangs up on a client that keeps the connection and does not read")
	require.Equal(t, "answered", s.ask(t, pending).Outcome, "no place is held")
	require.Contains(t, s.do(t, call{path: "/metrics"}).body, "deskhand_http_requests_in_flight 1\n")
	var open int
	require.NoError(t, s.row(`SELECT count(*) FROM runs WHERE status <> 'concluded'`).Scan(&open))
	require.Zero(t, open, "every question has its end, whoever reads it")
}

// elsewhere makes connections come from an address on the internet.
type elsewhere struct {
	net.Listener

	address string
}

func (e elsewhere) Accept() (net.Conn, error) {
	connection, err := e.Listener.Accept()
	return remote{Conn: connection, address: e.address}, err
}

type remote struct {
	net.Conn

	address string
}

func (r remote) RemoteAddr() net.Addr { return net.TCPAddrFromAddrPort(netipPort(r.address)) }

func TestConnectionsBeyondTheLimitsAreToldToComeBack(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, address string
		limits        httpapi.ConnectionLimits
	}{
		{"OfTheReplica", "127.0.0.1", httpapi.ConnectionLimits{Network: 1, Total: 3}},
		{"OfANetwork", "203.0.113.7", httpapi.ConnectionLimits{Network: 3, Total: 99}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := newSystemOn(t, nowhere, options{})
			inner, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
			require.NoError(t, err)
			served := make(chan error, 1)
			go func() { served <- s.app.Listener(httpapi.Limit(elsewhere{inner, test.address}, test.limits)) }()
			t.Cleanup(func() {
				require.NoError(t, s.app.Shutdown())
				require.NoError(t, <-served)
			})
			get := func() (net.Conn, *http.Response, []byte) {
				connection, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", inner.Addr().String())
				require.NoError(t, err)
				t.Cleanup(func() { _ = connection.Close() })
				_, err = io.WriteString(connection, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
				require.NoError(t, err)
				response, err := http.ReadResponse(bufio.NewReader(connection), nil)
				require.NoError(t, err)
				defer response.Body.Close()
				body, err := io.ReadAll(response.Body)
				require.NoError(t, err)
				return connection, response, bytes.TrimSpace(body)
			}

			var held net.Conn
			for range 3 {
				connection, response, _ := get() //nolint:bodyclose // get reads it to its end
				require.Equal(t, http.StatusOK, response.StatusCode)
				held = connection
			}
			_, response, body := get() //nolint:bodyclose // get reads it to its end
			p := problem(t, reply{body: string(body), headers: response.Header, status: response.StatusCode}, http.StatusServiceUnavailable)
			require.Equal(t, "/docs#problem-overloaded", p.Type)
			require.Equal(t, "5", response.Header.Get("Retry-After"))
			require.Equal(t, "nosniff", response.Header.Get("X-Content-Type-Options"))

			require.NoError(t, held.Close())
			require.Eventually(t, func() bool {
				_, response, _ := get() //nolint:bodyclose // get reads it to its end
				return response.StatusCode == http.StatusOK
			}, patience, short/10, "a closed connection gives its place back")
		})
	}
}

func netipPort(address string) netip.AddrPort {
	return netip.AddrPortFrom(netip.MustParseAddr(address), 1)
}
