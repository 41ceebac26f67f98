package llm

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestRetryAfterIsReadInEveryForm(t *testing.T) {
	t.Parallel()
	const date = "Mon, 01 Jun 2026 10:00:00 GMT"
	for name, tt := range map[string]struct {
		header http.Header
		want   time.Duration
	}{
		"absent":                    {http.Header{}, 0},
		"date in the past":          {http.Header{"Date": {date}, "Retry-After": {"Mon, 01 Jun 2026 09:59:00 GMT"}}, 0},
		"date":                      {http.Header{"Date": {date}, "Retry-After": {"Mon, 01 Jun 2026 10:00:30 GMT"}}, 30 * time.Second},
		"date without a clock":      {http.Header{"Retry-After": {date}}, 0},
		"fraction of a second":      {http.Header{"Retry-After": {"0.5"}}, 500 * time.Millisecond},
		"milliseconds come first":   {http.Header{"Retry-After": {"2"}, "Retry-After-Ms": {"1250"}}, 1250 * time.Millisecond},
		"milliseconds not a number": {http.Header{"Retry-After": {"2"}, "Retry-After-Ms": {"NaN"}}, 2 * time.Second},
		"negative":                  {http.Header{"Retry-After": {"-5"}}, 0},
		"nonsense":                  {http.Header{"Retry-After": {"soon"}}, 0},
		"not a number":              {http.Header{"Retry-After": {"NaN"}}, 0},
		"seconds":                   {http.Header{"Retry-After": {"2"}}, 2 * time.Second},
		"too long to mean anything": {http.Header{"Retry-After": {"1e300"}}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, tt.want, retryAfter(tt.header))
		})
	}
}

func TestNetworkFailuresAreNamedInOurOwnWords(t *testing.T) {
	t.Parallel()
	for want, err := range map[string]error{
		"connection cut":      io.ErrUnexpectedEOF,
		"connection refused":  &net.OpError{Err: syscall.ECONNREFUSED, Op: "dial"},
		"host name not found": &net.DNSError{Name: "internal-host.example"},
		"network failure":     errors.New(`malformed HTTP response "customer text"`),
		"network timeout":     context.DeadlineExceeded,
	} {
		require.Equal(t, want, networkReason(&url.Error{Err: err, Op: "Post", URL: "https://internal-host.example"}))
	}
}
