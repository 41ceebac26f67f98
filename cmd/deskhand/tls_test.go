package main

import (
	"crypto/tls"
	"crypto/x509"
	"log/slog"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant/postgres/pgtest"
)

func TestCertificateIsRenewedWithoutARestart(t *testing.T) {
	t.Parallel()

	folder := t.TempDir()
	cert, key := makeCertificate(t, folder, "one")
	now := time.Now()
	a := &app{clock: func() time.Time { return now }, logger: slog.New(slog.DiscardHandler)}
	c, err := newCertificate(tlsSettings{TLSCert: cert, TLSKey: key}, a)
	require.NoError(t, err)
	owner := func() string {
		now = now.Add(certificateLook)
		current, err := c.get(nil)
		require.NoError(t, err)
		return current.Leaf.Subject.Organization[0]
	}
	touch := func(path string) { require.NoError(t, os.Chtimes(path, now, now.Add(time.Minute))) }
	require.Equal(t, "one", owner())

	require.NoError(t, os.WriteFile(cert, []byte("half written"), 0o600))
	touch(cert)
	require.Equal(t, "one", owner(), "what cannot be read replaces nothing")

	makeCertificate(t, folder, "two")
	touch(key)
	require.Equal(t, "two", owner())
}

// trusting returns a client that trusts the certificate of a file for localhost, and makes a connection for each request.
func trusting(t *testing.T, cert string, oldest uint16) *http.Client {
	t.Helper()
	encoded, err := os.ReadFile(cert)
	require.NoError(t, err)
	roots := x509.NewCertPool()
	require.True(t, roots.AppendCertsFromPEM(encoded))
	return &http.Client{Transport: &http.Transport{
		DisableKeepAlives: true, TLSClientConfig: &tls.Config{MaxVersion: oldest, MinVersion: tls.VersionTLS10, RootCAs: roots},
	}}
}

// fetched is what a GET over TLS was answered with.
type fetched struct {
	header  http.Header
	owner   string // of the certificate
	status  int
	version uint16 // of TLS
}

func fetch(t *testing.T, client *http.Client, url string) (fetched, error) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	require.NoError(t, err)
	response, err := client.Do(request)
	if err != nil {
		return fetched{}, err
	}
	defer func() { _ = response.Body.Close() }()
	f := fetched{header: response.Header, status: response.StatusCode}
	if response.TLS != nil {
		f.owner, f.version = response.TLS.PeerCertificates[0].Subject.Organization[0], response.TLS.Version
	}
	return f, nil
}

// The whole program, with a certificate of its own and an address for its operator.
func TestProgramSpeaksTLSOnlyAndFollowsItsCertificate(t *testing.T) {
	t.Parallel()

	folder := t.TempDir()
	cert, key := makeCertificate(t, folder, "one")
	p := startProgram(t, []string{"DATABASE_URL=" + pgtest.EmptyURL(t), "OPENAI_API_KEY=", "OPENAI_BASE_URL="},
		"--tls-cert", cert, "--tls-key", key, "--admin-addr", "127.0.0.1:0")
	require.True(t, strings.HasPrefix(p.base, "https://localhost:"), p.base)
	for _, version := range []uint16{tls.VersionTLS13, tls.VersionTLS12} {
		response, err := fetch(t, trusting(t, cert, version), p.base+"/healthz")
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, response.status)
		require.Equal(t, version, response.version)
		require.Equal(t, "max-age=31536000", response.header.Get("Strict-Transport-Security"))
	}
	_, err := fetch(t, trusting(t, cert, tls.VersionTLS11), p.base+"/healthz")
	require.ErrorContains(t, err, "protocol version", "TLS 1.2 is the oldest that is spoken")
	_, err = fetch(t, http.DefaultClient, p.base+"/healthz")
	require.ErrorContains(t, err, "certificate", "a client that does not know the certificate goes no further")
	_, err = fetch(t, http.DefaultClient, strings.Replace(p.base, "https:", "http:", 1)+"/healthz")
	require.Error(t, err, "nothing is answered in plain http")

	makeCertificate(t, folder, "two")
	require.Eventually(t, func() bool {
		response, err := fetch(t, trusting(t, cert, tls.VersionTLS13), p.base+"/healthz")
		return err == nil && response.owner == "two"
	}, 2*time.Minute, time.Second, "a renewed certificate is in use without a restart")

	match := regexp.MustCompile(`profiles: (http://\S+)`).FindStringSubmatch(p.output.String())
	require.NotNil(t, match, p.output.String())
	require.Contains(t, p.get(t, match[1]), "goroutine")
	response, err := fetch(t, trusting(t, cert, tls.VersionTLS13), p.base+"/debug/pprof/")
	require.NoError(t, err)
	require.Equal(t, http.StatusNotFound, response.status, "the public address has no profiles")
}
