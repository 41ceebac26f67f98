package console_test

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant/web/webtest"
)

// slowScripts serves the console as a slow network does: its main script comes when the returned function is called.
func slowScripts(t *testing.T, s *system) (base string, deliver func()) {
	t.Helper()
	target, err := url.Parse(s.base)
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
	browser := webtest.Browser(t)
	sent, typing := newTab(t, browser), newTab(t, browser)
	for _, b := range []*tab{sent, typing} {
		b.do(`location.assign('` + base + `/console')`)
		b.awaitEarly(`focus().name === 'email'`)
		b.write("mia@quayside.example")
		b.key("\t")
		b.write(password[:10])
		require.Empty(t, read[string](b, `document.body.dataset.ready ?? ''`))
	}
	sent.write(password[10:])
	sent.key("\r")
	sent.key("\r") // nothing seemed to happen
	sent.clean()
	deliver()
	sent.await(`document.body.dataset.page === 'queue'`)

	typing.await(`true`)
	require.Equal(t, "password", read[string](typing, `focus().name`), "the rest of the password does not go into another field")
	typing.write(password[10:])
	typing.key("\r")
	typing.await(`document.body.dataset.page === 'queue'`)
	typing.clean()
}

func TestAScriptThatCannotBeFetchedIsSaid(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	target, err := url.Parse(s.base)
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
	b := newTab(t, webtest.Browser(t))
	b.do(`location.assign('` + server.URL + `/console')`)
	b.awaitEarly(`$('#toast')?.textContent.includes('Reload')`)
}
