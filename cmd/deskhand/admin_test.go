package main

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAdminAddressOfOthersNeedsAWordForIt(t *testing.T) {
	t.Parallel()

	for _, addr := range []string{"", "localhost:6060", "127.0.0.1:0", "127.9.9.9:6060", "[::1]:6060", "[::ffff:127.0.0.1]:6060"} {
		require.NoError(t, adminSettings{AdminAddr: addr}.check(), addr)
	}
	for _, addr := range []string{":6060", "0.0.0.0:6060", "[::]:6060", "10.0.0.5:6060", "desk.example:6060", "localhost.example:6060"} {
		require.ErrorContains(t, adminSettings{AdminAddr: addr}.check(), "--admin-public", addr)
		require.NoError(t, adminSettings{AdminAddr: addr, AdminPublic: true}.check(), addr)
	}
	require.ErrorContains(t, adminSettings{AdminAddr: "localhost"}.check(), "HOST:PORT")
	require.Contains(t, command(t, exitUsage, "serve", "--admin-addr=:6060").err, "--admin-public")
}

func TestAdminAddressAnswersThisMachineOnlyAndShowsNoFlags(t *testing.T) {
	t.Parallel()

	registry := newRegistry()
	for _, tt := range []struct {
		host, path string
		public     bool
		status     int
	}{
		{"localhost:6060", "/debug/pprof/", false, http.StatusOK},
		{"[::1]:6060", "/debug/pprof/heap", false, http.StatusOK},
		{"127.0.0.1", "/metrics", false, http.StatusOK},
		{"evil.example:6060", "/debug/pprof/", false, http.StatusForbidden},
		{"desk.internal:6060", "/debug/pprof/", true, http.StatusOK},
		{"localhost:6060", "/debug/pprof/cmdline", false, http.StatusNotFound}, // keys may stand in flags
		{"localhost:6060", "/v1/answers", false, http.StatusNotFound},
	} {
		request := httptest.NewRequestWithContext(t.Context(), http.MethodGet, tt.path, http.NoBody)
		request.Host = tt.host
		response := httptest.NewRecorder()
		adminSettings{AdminPublic: tt.public}.handler(registry).ServeHTTP(response, request)
		require.Equal(t, tt.status, response.Code, "%s%s", tt.host, tt.path)
	}
}
