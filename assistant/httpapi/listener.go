package httpapi

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/deskhand/deskhand/assistant/access"
)

const (
	// refusers is how many connections beyond the limits are told why at a time; more are closed without a word.
	refusers = 64
	// refuseTimeout is what a client gets to read that.
	refuseTimeout = time.Second
	// refusedRead is how much of a refused request is read, so that closing does not destroy the answer on its way.
	refusedRead = headerLimit + bodyLimit
)

// ConnectionLimits bound what clients can hold without sending a request. A connection takes some 100 KiB at most: its
// buffers, and a body that is coming in.
type ConnectionLimits struct {
	Network        int            // of one network on the internet
	Total          int            // of all
	TrustedProxies []netip.Prefix // have no limit of their own: everybody comes through them
}

// Limit returns a listener that lets no more connections through than limits say. Others get 503 at once, as a problem, and
// cost nothing.
func Limit(listener net.Listener, limits ConnectionLimits) net.Listener {
	return &limitedListener{
		Listener: listener, limits: limits, networks: make(map[string]int), refusing: make(chan struct{}, refusers),
	}
}

type limitedListener struct {
	net.Listener

	limits   ConnectionLimits
	refusing chan struct{}

	mu       sync.Mutex
	networks map[string]int // open connections
	total    int
}

// Accept implements net.Listener.
func (l *limitedListener) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		network := l.networkOf(conn)
		if l.enter(network) {
			return &limitedConn{Conn: conn, leave: func() { l.leave(network) }}, nil
		}
		select {
		case l.refusing <- struct{}{}:
			go func() {
				defer func() { <-l.refusing }()
				refuseConnection(conn)
			}()
		default:
			_ = conn.Close() // nobody is left to be told
		}
	}
}

// networkOf is what a connection counts for; empty for one that counts in the total only.
func (l *limitedListener) networkOf(conn net.Conn) string {
	peer, err := netip.ParseAddrPort(conn.RemoteAddr().String())
	if err != nil {
		return ""
	}
	address := peer.Addr().Unmap()
	if !onInternet(address) {
		return ""
	}
	for _, prefix := range l.limits.TrustedProxies {
		if prefix.Contains(address) {
			return ""
		}
	}
	return access.Network(address.String())
}

func (l *limitedListener) enter(network string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.total >= l.limits.Total || network != "" && l.networks[network] >= l.limits.Network {
		return false
	}
	l.total++
	if network != "" {
		l.networks[network]++
	}
	return true
}

func (l *limitedListener) leave(network string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.total--
	if l.networks[network]--; l.networks[network] <= 0 {
		delete(l.networks, network)
	}
}

// limitedConn gives its place back when it is closed, once.
type limitedConn struct {
	net.Conn

	leave func()
	once  sync.Once
}

// Close implements net.Conn.
func (c *limitedConn) Close() error {
	c.once.Do(c.leave)
	return c.Conn.Close()
}

// refuseConnection tells a client to come back, and hangs up.
func refuseConnection(conn net.Conn) {
	defer func() { _ = conn.Close() }()
	if err := conn.SetDeadline(time.Now().Add(refuseTimeout)); err != nil { //nolint:forbidigo // sockets know only this clock
		return
	}
	if _, err := io.WriteString(conn, refusedConnection()); err != nil {
		return
	}
	if half, ok := conn.(interface{ CloseWrite() error }); ok && half.CloseWrite() == nil {
		_, _ = io.CopyN(io.Discard, conn, refusedRead) // what comes is not wanted
	}
}

func refusedConnection() string {
	p := newProblem(kindOverloaded, "Too many connections are open. Nothing was read: come back after the seconds that Retry-After says.")
	p.RequestID = uuid.NewString()
	body, err := json.Marshal(p)
	if err != nil {
		panic(fmt.Sprintf("encode a problem: %v", err)) // of a type that always encodes
	}
	var head strings.Builder
	fmt.Fprintf(&head, "HTTP/1.1 %d %s\r\n", p.Status, http.StatusText(p.Status))
	for _, header := range append(securityHeaders(),
		[2]string{"Connection", "close"},
		[2]string{"Content-Type", problemType},
		[2]string{"Content-Length", strconv.Itoa(len(body))},
		[2]string{"Retry-After", p.GetHeaders().Get("Retry-After")},
		[2]string{requestIDHeader, p.RequestID},
	) {
		head.WriteString(header[0] + ": " + header[1] + "\r\n")
	}
	return head.String() + "\r\n" + string(body)
}
