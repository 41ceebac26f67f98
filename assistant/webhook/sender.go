package webhook

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const (
	// DefaultTimeout is how long one delivery may take, from the look-up of the name to the status.
	DefaultTimeout = 10 * time.Second
	// maxAnswer is how much of a consumer's answer is read before the connection is closed. Nothing of it is kept: what a
	// consumer says is neither ours to store nor safe to log.
	maxAnswer = 64 << 10
	// maxAnswerHeader bounds what a consumer can make us hold in memory.
	maxAnswerHeader = 16 << 10
)

// Message is an event on its way to one endpoint.
type Message struct {
	Body    []byte
	ID      string // webhook-id: the same at every attempt
	Secrets []Secret
	URL     string
	Reach   Reach
}

// Attempt is how one try to deliver ended.
type Attempt struct {
	Duration time.Duration
	Problem  string // in fixed words, never a consumer's; empty when the message was taken
	Status   int    // of the answer; 0 when there was none
}

// Delivered reports whether the consumer took the message.
func (a Attempt) Delivered() bool { return a.Problem == "" }

// Sender posts messages. It is safe for concurrent use.
type Sender struct {
	client  *http.Client
	clock   func() time.Time
	timeout time.Duration
}

// SenderConfig is what a Sender is made of.
type SenderConfig struct {
	Clock    func() time.Time
	Resolver *net.Resolver // nil: the machine's
	TLS      *tls.Config   // nil: the machine's certificate authorities
	Timeout  time.Duration // DefaultTimeout when zero
	Version  string        // of the build, for the header User-Agent
}

// NewSender returns a Sender. It uses no proxy: behind one, only the proxy would know where a name leads.
func NewSender(c SenderConfig) *Sender {
	if c.Timeout == 0 {
		c.Timeout = DefaultTimeout
	}
	dialer := &net.Dialer{Resolver: c.Resolver, ControlContext: refuse}
	return &Sender{
		client: &http.Client{
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
			Transport: &userAgent{next: &http.Transport{
				DialContext: dialer.DialContext,
				// A connection kept open for one endpoint must not serve another with a smaller reach.
				DisableKeepAlives:      true,
				MaxResponseHeaderBytes: maxAnswerHeader,
				TLSClientConfig:        c.TLS,
				TLSHandshakeTimeout:    c.Timeout,
			}, name: "deskhand/" + c.Version},
		},
		clock:   c.Clock,
		timeout: c.Timeout,
	}
}

// Send tries once. Whatever goes wrong is in the Attempt.
func (s *Sender) Send(ctx context.Context, m Message) Attempt {
	started := s.clock()
	status, err := s.post(ctx, m, started)
	attempt := Attempt{Duration: s.clock().Sub(started), Status: status}
	switch {
	case err != nil:
		attempt.Problem = describe(err)
	case status < 200 || status > 299:
		attempt.Problem = fmt.Sprintf("the endpoint answered %d", status)
	}
	return attempt
}

func (s *Sender) post(ctx context.Context, m Message, at time.Time) (int, error) {
	if err := m.Reach.CheckURL(m.URL); err != nil {
		return 0, &refusedError{err.Error()}
	}
	ctx, cancel := context.WithTimeout(context.WithValue(ctx, reachKey{}, m.Reach), s.timeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, m.URL, bytes.NewReader(m.Body))
	if err != nil {
		return 0, fmt.Errorf("build request: %w", err)
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Webhook-Id", m.ID)
	request.Header.Set("Webhook-Timestamp", strconv.FormatInt(at.Unix(), 10))
	signatures := make([]string, len(m.Secrets))
	for i, secret := range m.Secrets {
		if signatures[i], err = secret.sign(m.ID, at, m.Body); err != nil {
			return 0, err
		}
	}
	request.Header.Set("Webhook-Signature", strings.Join(signatures, " "))
	response, err := s.client.Do(request)
	if err != nil {
		return 0, err //nolint:wrapcheck // described, never shown
	}
	// A consumer that writes before it closes should not see a reset; what it writes does not matter.
	_, _ = io.CopyN(io.Discard, response.Body, maxAnswer)
	_ = response.Body.Close()
	return response.StatusCode, nil
}

// reachKey finds the Reach of a delivery in its context.
type reachKey struct{}

// refuse is called with each address that a name resolved to, before the connection is made: at that moment the answer of
// the name server is no longer anybody's to change.
func refuse(ctx context.Context, network, address string, _ syscall.RawConn) error {
	reach, ok := ctx.Value(reachKey{}).(Reach)
	target, err := netip.ParseAddrPort(address)
	if !ok || err != nil || !strings.HasPrefix(network, "tcp") {
		return &refusedError{"the connection is not one to an address of TCP"}
	}
	return reach.checkAddress(target.Addr())
}

// userAgent names the sender.
type userAgent struct {
	name string
	next http.RoundTripper
}

// RoundTrip implements http.RoundTripper.
func (u *userAgent) RoundTrip(request *http.Request) (*http.Response, error) {
	request.Header.Set("User-Agent", u.name)
	return u.next.RoundTrip(request) //nolint:wrapcheck // a decorator adds nothing to what its transport says
}

// describe says what went wrong in words of our own: an error of the HTTP client may quote the URL, which may hold a token,
// or what the consumer sent.
func describe(err error) string {
	var network *net.OpError
	var verification *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	if refused, ok := errors.AsType[*refusedError](err); ok {
		return refused.Error()
	}
	if _, ok := errors.AsType[*net.DNSError](err); ok && !errors.Is(err, context.DeadlineExceeded) {
		return "the name of the host cannot be resolved"
	}
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return "timeout"
	case errors.Is(err, context.Canceled):
		return "canceled"
	case errors.As(err, &verification), errors.As(err, &record), errors.Is(err, http.ErrSchemeMismatch):
		return "the TLS certificate is not trusted, or the endpoint does not speak TLS"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "connection refused"
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "the endpoint closed the connection without an answer"
	case errors.As(err, &network):
		return "the connection failed"
	}
	return "the answer is no HTTP"
}
