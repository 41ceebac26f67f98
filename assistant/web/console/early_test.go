package console_test

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// slowScripts serves the console as a slow network does: its main script comes when the returned function is called.
func slowScripts(t *testing.T, s *system) (base string, deliver func()) {
	t.Helper()
	target, err := url.Parse(s.Base)
	require.NoError(t, err)
	proxy := httputil.NewSingleHostReverseProxy(target)
	released := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/console.js") {
			select {
			case <-released:
			case <-r.Context().Done():
				return
			}
		}
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	t.Cleanup(server.CloseClientConnections) // streams of events, which Close would wait for
	return server.URL, func() { close(released) }
}

func TestWhatIsTypedAndSentBeforeThePageIsReadyIsNotLost(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	s.add(t, "Mia")
	base, deliver := slowScripts(t, s)
	sent, typing := newTab(t), newTab(t)
	for _, b := range []*tab{sent, typing} {
		b.Do(`location.assign('` + base + `/console')`)
		b.Await(`focus().name === 'email'`)
		b.Write("mia@quayside.example")
		b.Key("\t")
		b.Write(password[:10])
		require.Empty(t, read[string](b, `document.body.dataset.ready ?? ''`))
	}
	sent.Write(password[10:])
	sent.Key("\r")
	sent.Key("\r") // nothing seemed to happen
	sent.clean()
	deliver()
	sent.await(`document.body.dataset.page === 'queue'`)

	typing.await(`true`)
	require.Equal(t, "password", read[string](typing, `focus().name`), "the rest of the password does not go into another field")
	typing.Write(password[10:])
	typing.Key("\r")
	typing.await(`document.body.dataset.page === 'queue'`)
	typing.clean()
}

func TestAScriptThatCannotBeFetchedIsSaid(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	target, err := url.Parse(s.Base)
	require.NoError(t, err)
	proxy := httputil.NewSingleHostReverseProxy(target)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/console.js") {
			http.Error(w, "gone", http.StatusBadGateway)
			return
		}
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	b := newTab(t)
	b.Do(`location.assign('` + server.URL + `/console')`)
	b.Await(`$('#toast')?.textContent.includes('Reload')`)
}
