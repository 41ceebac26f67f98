package webhook_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant/webhook"
)

// The reference vector of the Standard Webhooks convention: any consumer's library verifies what verifies this.
func TestDeliveryIsSignedAsTheConventionSays(t *testing.T) {
	t.Parallel()

	url, got := receiver(t, answerOK)
	attempt := send(t, message(url+"/hook"))

	require.True(t, attempt.Delivered(), attempt.Problem)
	require.Equal(t, http.StatusNoContent, attempt.Status)
	delivery := <-got
	require.Equal(t, "/hook", delivery.path)
	require.JSONEq(t, `{"test": 2432232314}`, delivery.body)
	require.Equal(t, "application/json", delivery.header.Get("Content-Type"))
	require.Equal(t, "deskhand/test", delivery.header.Get("User-Agent"))
	require.Equal(t, "msg_p5jXN8AQM9LWM0D4loKWxJek", delivery.header.Get("Webhook-Id"))
	require.Equal(t, "1614265330", delivery.header.Get("Webhook-Timestamp"))
	require.Equal(t, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", delivery.header.Get("Webhook-Signature"))
}

func TestBothSecretsSignUntilTheOldOneExpires(t *testing.T) {
	t.Parallel()

	const old = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
	until := now().Add(time.Hour)
	endpoint := webhook.Endpoint{
		OldSecret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", OldSecretUntil: &until, Reach: local(), Secret: webhook.NewSecret(),
	}
	for name, test := range map[string]struct {
		at   time.Time
		want int
	}{"Before": {until.Add(-time.Second), 2}, "After": {until, 1}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			url, got := receiver(t, answerOK)
			m := endpoint.Message(uuid.New(), []byte(`{"test": 2432232314}`), test.at)
			m.ID, m.URL = "msg_p5jXN8AQM9LWM0D4loKWxJek", url
			require.True(t, send(t, m).Delivered())

			signatures := strings.Fields((<-got).header.Get("Webhook-Signature"))
			require.Len(t, signatures, test.want)
			require.NotEqual(t, old, signatures[0], "the new secret comes first")
			require.Equal(t, test.want == 2, signatures[len(signatures)-1] == old)
		})
	}
}

func TestAnswersOtherThan2xxAreFailures(t *testing.T) {
	t.Parallel()

	for _, status := range []int{http.StatusBadRequest, http.StatusUnauthorized, http.StatusGone, http.StatusInternalServerError} {
		url, _ := receiver(t, func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			_, _ = w.Write([]byte("what the consumer says is its own"))
		})
		attempt := send(t, message(url))

		require.Equal(t, status, attempt.Status)
		require.Equal(t, fmt.Sprintf("the endpoint answered %d", status), attempt.Problem)
	}
}

func TestRedirectIsNotFollowed(t *testing.T) {
	t.Parallel()

	target, got := receiver(t, answerOK)
	url, _ := receiver(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, target, http.StatusTemporaryRedirect)
	})
	attempt := send(t, message(url))

	require.False(t, attempt.Delivered())
	require.Equal(t, http.StatusTemporaryRedirect, attempt.Status)
	require.Empty(t, got)
}

func TestConsumerThatDoesNotAnswerIsLeft(t *testing.T) {
	t.Parallel()

	release := make(chan struct{})
	url, got := receiver(t, func(http.ResponseWriter, *http.Request) { <-release })
	defer close(release)
	sender := webhook.NewSender(webhook.SenderConfig{Clock: time.Now, Timeout: time.Second}) // to connect in, on a busy machine
	attempt := sender.Send(t.Context(), message(url))

	require.Equal(t, webhook.Attempt{Duration: attempt.Duration, Problem: "timeout"}, attempt)
	require.NotEmpty(t, got)
}

// A status that came counts, however long the rest of the answer takes or is.
func TestEndlessAnswerIsCutAndTaken(t *testing.T) {
	t.Parallel()

	url, _ := receiver(t, func(w http.ResponseWriter, r *http.Request) {
		chunk := make([]byte, 32<<10)
		for r.Context().Err() == nil {
			if _, err := w.Write(chunk); err != nil {
				return
			}
		}
	})
	require.True(t, send(t, message(url)).Delivered())
}

// What is kept of a failure is in our own words: a URL may hold a token, an answer anything.
func TestProblemQuotesNeitherConsumerNorURL(t *testing.T) {
	t.Parallel()

	const token = "t0ken-in-the-url"
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	plain, _ := receiver(t, answerOK)
	for name, test := range map[string]struct{ problem, url string }{
		"Garbage":       {"the answer is no HTTP", garbage(t, "hello "+token+"\r\n\r\n")},
		"HangsUp":       {"the endpoint closed the connection without an answer", garbage(t, "")},
		"HugeHeader":    {"the answer is no HTTP", garbage(t, "HTTP/1.1 200 OK\r\nX: "+strings.Repeat("x", 1<<20)+"\r\n\r\n")},
		"NobodyListens": {"connection refused", closed.URL},
		"NoTLS":         {"the TLS certificate is not trusted, or the endpoint does not speak TLS", strings.Replace(plain, "http:", "https:", 1)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			attempt := send(t, message(test.url+"/"+token))
			require.Equal(t, test.problem, attempt.Problem)
			require.NotContains(t, attempt.Problem, token)
		})
	}
}

func TestUntrustedCertificateIsRefused(t *testing.T) {
	t.Parallel()

	server := httptest.NewUnstartedServer(http.HandlerFunc(answerOK))
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	server.StartTLS()
	t.Cleanup(server.Close)

	require.Equal(t, "the TLS certificate is not trusted, or the endpoint does not speak TLS", send(t, message(server.URL)).Problem)
}

func TestTrustedCertificateIsTaken(t *testing.T) {
	t.Parallel()

	server := httptest.NewTLSServer(http.HandlerFunc(answerOK))
	t.Cleanup(server.Close)
	m := message(server.URL)
	m.Reach.InsecureHTTP = false
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	sender := webhook.NewSender(webhook.SenderConfig{Clock: time.Now, TLS: &tls.Config{RootCAs: roots}})
	attempt := sender.Send(t.Context(), m)
	require.True(t, attempt.Delivered(), attempt.Problem)
}

// A name is refused for what it resolves to at the moment of the connection, whatever it is called.
func TestNamesOfPrivateAddressesAreRefused(t *testing.T) {
	t.Parallel()

	for _, address := range []string{
		"127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1", "168.63.129.16",
		"::1", "fd00:ec2::254", "fe80::1", "fc00::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::",
	} {
		t.Run(address, func(t *testing.T) {
			t.Parallel()

			sender := webhook.NewSender(webhook.SenderConfig{Clock: time.Now, Resolver: resolver(t, address)})
			m := message("https://hooks.example.com/desk")
			m.Reach = webhook.Reach{}
			requireRefused(t, sender.Send(t.Context(), m), netip.MustParseAddr(address).Unmap().String())
		})
	}
}

func TestNameInAnAllowedNetworkIsReached(t *testing.T) {
	t.Parallel()

	url, got := receiver(t, answerOK)
	_, port, err := net.SplitHostPort(strings.TrimPrefix(url, "http://"))
	require.NoError(t, err)
	sender := webhook.NewSender(webhook.SenderConfig{Clock: time.Now, Resolver: resolver(t, "127.0.0.1")})
	m := message("http://desk.internal:" + port)

	attempt := sender.Send(t.Context(), m)
	require.True(t, attempt.Delivered(), attempt.Problem)
	require.NotEmpty(t, got)

	m.Reach.Networks = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
	requireRefused(t, sender.Send(t.Context(), m), "127.0.0.1")
}

func TestMetadataServiceIsRefusedInAnAllowedNetworkToo(t *testing.T) {
	t.Parallel()

	for _, address := range []string{"169.254.169.254", "100.100.100.200", "168.63.129.16", "fd00:ec2::254"} {
		sender := webhook.NewSender(webhook.SenderConfig{Clock: time.Now, Resolver: resolver(t, address)})
		m := message("http://metadata.internal/")
		m.Reach.Networks = []netip.Prefix{netip.PrefixFrom(netip.MustParseAddr(address), 8).Masked()}
		requireRefused(t, sender.Send(t.Context(), m), "metadata service")
	}
}

func TestStoppingProgramCutsADelivery(t *testing.T) {
	t.Parallel()

	release := make(chan struct{})
	ctx, stop := context.WithCancel(t.Context())
	url, _ := receiver(t, func(http.ResponseWriter, *http.Request) { stop(); <-release })
	defer close(release)
	attempt := webhook.NewSender(webhook.SenderConfig{Clock: time.Now}).Send(ctx, message(url))
	require.Equal(t, "canceled", attempt.Problem)
}

// garbage is a server that reads a request and writes some bytes.
func garbage(t *testing.T, text string) string {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		request, err := http.ReadRequest(bufio.NewReader(conn))
		if err != nil {
			return
		}
		_ = request.Body.Close()
		_, _ = conn.Write([]byte(text))
	}()
	return "http://" + listener.Addr().String()
}
