package console_test

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"
	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant/access"
	"github.com/deskhand/deskhand/assistant/postgres"
	"github.com/deskhand/deskhand/assistant/web/webtest"
)

// deafLine leads to the service. While the returned path is set, what is posted there arrives and its answer does not come back.
func deafLine(t *testing.T, s *system) (base string, lost *atomic.Value) {
	t.Helper()
	target, err := url.Parse(s.base)
	require.NoError(t, err)
	lost = &atomic.Value{}
	lost.Store("")
	proxy := httputil.NewSingleHostReverseProxy(target)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost && r.URL.Path == lost.Load() {
			proxy.ServeHTTP(httptest.NewRecorder(), r)
			panic(http.ErrAbortHandler)
		}
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	t.Cleanup(server.CloseClientConnections) // streams of events, which Close would wait for
	return server.URL, lost
}

func TestALogInGoesOnAfterTheNetworkWasLostInIt(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	lead := s.addAs(t, "Lea", access.Lead)
	in, err := s.store.LogIn(t.Context(), postgres.LogIn{Email: lead.Email, Password: password, Place: postgres.Place{Network: "127.0.0.1"}})
	require.NoError(t, err)
	factor, err := s.store.Enrol(t.Context(), in, password)
	require.NoError(t, err)
	first, err := totp.GenerateCode(factor.Secret, time.Now())
	require.NoError(t, err)
	_, recovery, err := s.store.ConfirmFactor(t.Context(), in, first)
	require.NoError(t, err)

	base, lost := deafLine(t, s)
	b := newTab(t, webtest.Browser(t))
	b.open(base + "/console/macros")
	b.cut()
	b.fill("email", lead.Email, password+"\r")
	b.await(`$('.error').textContent.includes('cannot be reached')`)
	b.mend()

	// The service has heard it, and nobody knows.
	lost.Store("/v1/session")
	b.do(`$('.error').textContent = ''; $('[name=password]').focus()`)
	b.key("\r")
	b.await(`$('.error').textContent.includes('cannot be reached')`)
	require.Equal(t, password, read[string](b, `$('[name=password]').value`), "nothing is typed twice")
	lost.Store("/v1/session/second-factor")
	b.key("\r")
	b.await(`focus().name === 'code'`)

	b.write(recovery[0])
	b.key("\r")
	b.await(`$('.error').textContent.includes('cannot be reached')`)
	lost.Store("")
	b.key("\r")
	b.fill("email", lead.Email, password+"\r") // that step was taken, so the session of before is gone: the log-in begins anew
	b.await(`focus().name === 'code'`)
	b.write("000000")
	b.key("\r")
	b.await(`$('.error').textContent.includes('wrong') && focus().name === 'code'`)
	b.do(`$('[name=code]').value = ''`)
	b.write(recovery[1])
	b.key("\r")
	b.await(`document.body.dataset.page === 'macros'`)
}
