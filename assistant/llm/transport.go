package llm

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"syscall"
	"time"
)

// maxErrorBody bounds what is read of an error response: enough for any error object.
const maxErrorBody = 64 << 10

var (
	errRedirect     = errors.New("server redirects")
	errBodyTooLarge = errors.New("response body too large")
)

// note is what the transport observes of one exchange and go-openai does not pass on: it drops the headers of failed
// calls and hides whether a body broke off or was complete and wrong.
type note struct {
	bodyErr    error // of reading the body; nil after a complete one
	maxBody    int64
	retryAfter time.Duration
	status     int // 0: no response
}

type noteKey struct{}

// doer sends requests for go-openai and takes notes.
type doer struct{ client *http.Client }

// newDoer copies client so that redirects are not followed: a redirected POST would carry the prompt, and Azure's key
// header, to an address that nobody configured.
func newDoer(client *http.Client) *doer {
	own := *client
	own.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &doer{client: &own}
}

// Do implements go-openai's HTTPDoer.
func (d *doer) Do(req *http.Request) (*http.Response, error) {
	resp, err := d.client.Do(req) //nolint:gosec // to the address that the operator configured, and no redirect is followed
	if err != nil {
		return nil, err // classified by the caller, never shown
	}
	n, ok := req.Context().Value(noteKey{}).(*note)
	if !ok {
		n = &note{maxBody: maxErrorBody}
	}
	n.status = resp.StatusCode
	if resp.StatusCode >= 300 && resp.StatusCode < 400 {
		_ = resp.Body.Close()
		return nil, errRedirect
	}
	if resp.StatusCode >= 400 {
		n.retryAfter = retryAfter(resp.Header)
		resp.Body = struct {
			io.Reader
			io.Closer
		}{io.LimitReader(resp.Body, maxErrorBody), resp.Body}
		return resp, nil
	}
	resp.Body = &notedBody{left: n.maxBody, note: n, ReadCloser: resp.Body}
	return resp, nil
}

// notedBody bounds a body and remembers how reading it failed.
type notedBody struct {
	io.ReadCloser

	left int64
	note *note
}

func (b *notedBody) Read(p []byte) (int, error) {
	if b.left <= 0 {
		b.note.bodyErr = errBodyTooLarge
		return 0, errBodyTooLarge
	}
	n, err := b.ReadCloser.Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	if err != nil && !errors.Is(err, io.EOF) {
		b.note.bodyErr = err
	}
	return n, err // an io.Reader passes errors on
}

// newHTTPClient is tuned for many concurrent calls to one host.
func newHTTPClient() *http.Client {
	return &http.Client{Transport: &http.Transport{
		DialContext:       (&net.Dialer{KeepAlive: 30 * time.Second, Timeout: 3 * time.Second}).DialContext,
		ForceAttemptHTTP2: true,
		// Longer than the gaps of a quiet desk, shorter than the idle limit of common load balancers (often 100 s or
		// more), so that a request rarely meets a connection that the other side is closing.
		IdleConnTimeout: 90 * time.Second,
		// All calls go to one host. The default of 2 idle connections per host closes and reopens (with a TLS
		// handshake) most connections under load: measured 0.7 times the throughput, 0.4 times while importing.
		MaxIdleConns:        256,
		MaxIdleConnsPerHost: 256,
		Proxy:               http.ProxyFromEnvironment,
		TLSHandshakeTimeout: 5 * time.Second,
		// No ResponseHeaderTimeout: an answer that is not streamed sends its header last. The attempt's deadline bounds it.
	}}
}

// retryAfter reads how long a server asks to wait: Retry-After-Ms (OpenAI, Azure) before Retry-After, in seconds or as
// a date (RFC 9110, 10.2.3) counted from the response's own Date, so that no clock needs to agree.
func retryAfter(h http.Header) time.Duration {
	if ms, err := strconv.ParseFloat(h.Get("Retry-After-Ms"), 64); err == nil && ms > 0 && ms < 1e9 {
		return time.Duration(ms * float64(time.Millisecond))
	}
	value := h.Get("Retry-After")
	if seconds, err := strconv.ParseFloat(value, 64); err == nil {
		if seconds > 0 && seconds < 1e6 {
			return time.Duration(seconds * float64(time.Second))
		}
		return 0
	}
	until, err := http.ParseTime(value)
	if err != nil {
		return 0
	}
	date, err := http.ParseTime(h.Get("Date"))
	if err != nil {
		return 0
	}
	return max(0, until.Sub(date))
}

// networkReason names a transport failure without repeating its text, which may quote the response or the address.
func networkReason(err error) string {
	var (
		dns     *net.DNSError
		timeout net.Error
	)
	switch {
	case errors.As(err, &dns):
		return "host name not found"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "connection refused"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return "connection cut"
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return "network timeout"
	default:
		return "network failure"
	}
}

// isNetwork reports whether err came from sending the request, not from preparing it.
func isNetwork(err error) bool {
	var sent *url.Error // every error of http.Client.Do
	return errors.As(err, &sent)
}
