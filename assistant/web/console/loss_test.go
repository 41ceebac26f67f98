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
)

// deafLine leads to the service. While the returned path is set, what is posted there arrives and its answer does not come back.
func deafLine(t *testing.T, s *system) (base string, lost *atomic.Value) {
	t.Helper()
	target, err := url.Parse(s.Base)
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
	in, err := s.Store.LogIn(t.Context(), postgres.LogIn{Email: lead.Email, Password: password, Place: postgres.Place{Network: "127.0.0.1"}})
	require.NoError(t, err)
	factor, err := s.Store.Enrol(t.Context(), in, password)
	require.NoError(t, err)
	first, err := totp.GenerateCode(factor.Secret, time.Now())
	require.NoError(t, err)
	_, recovery, err := s.Store.ConfirmFactor(t.Context(), in, first)
	require.NoError(t, err)

	base, lost := deafLine(t, s)
	b := newTab(t)
	b.open(base + "/console/macros")
	b.Cut()
	b.fill("email", lead.Email, password+"\r")
	b.await(`$('.error').textContent.includes('cannot be reached')`)
	b.Mend()

	// The service has heard it, and nobody knows.
	lost.Store("/v1/session")
	b.Do(`$('.error').textContent = ''; $('[name=password]').focus()`)
	b.Key("\r")
	b.await(`$('.error').textContent.includes('cannot be reached')`)
	require.Equal(t, password, read[string](b, `$('[name=password]').value`), "nothing is typed twice")
	lost.Store("/v1/session/second-factor")
	b.Key("\r")
	b.await(`focus().name === 'code'`)

	b.Write(recovery[0])
	b.Key("\r")
	b.await(`$('.error').textContent.includes('cannot be reached')`)
	lost.Store("")
	b.Key("\r")
	b.fill("email", lead.Email, password+"\r") // that step was taken, so the session of before is gone: the log-in begins anew
	b.await(`focus().name === 'code'`)
	b.Write(recovery[1])
	b.Key("\r")
	b.await(`document.body.dataset.page === 'macros'`)
}

// TestTwoTabsOfOneAgentSendADraftOnce shares one session between two tabs, as a browser does.
func TestTwoTabsOfOneAgentSendADraftOnce(t *testing.T) {
	t.Parallel()
	s := openDesk(t)
	in, err := s.Store.LogIn(t.Context(), postgres.LogIn{
		Email: "mia@quayside.example", Password: password, Place: postgres.Place{Network: "127.0.0.1"},
	})
	require.NoError(t, err)
	tabs := []*tab{newTab(t), newTab(t), newTab(t)}
	for _, b := range tabs {
		b.hold(s, in.Secret)
		b.open(s.Base + "/console")
		b.openCase()
	}
	first, second, writing := tabs[0], tabs[1], tabs[2]
	require.False(t, read[bool](writing, `shown('#viewers') && $('#viewers').textContent.includes('Mia')`), "nobody is warned of themselves")
	writing.press("w")
	writing.await(`focus().id === 'body'`)
	writing.Write("A word of my own.")

	first.Do(`$('#send').click()`)
	second.Do(`$('#send').click()`)
	for _, b := range tabs {
		b.await(`$$('.said.agent').length === 1`)
	}
	second.await(`$('#send-error').textContent || !$('#composer')?.dataset.draft`)
	require.Equal(t, "A word of my own.", read[string](writing, `$('#body').value`))
	writing.Do(`$('#send').click()`)
	writing.await(`$$('.said.agent').length === 2`)
	for _, b := range tabs {
		b.await(`$$('.said.agent').length === 2`)
		require.Contains(t, read[string](b, `$$('.said.agent')[1].textContent`), "A word of my own.")
		b.clean()
	}

	// Logged out in one, they are logged out in all.
	first.open(s.Base + "/console/account")
	first.Do(`$('[data-then=out] button').click()`)
	for _, b := range tabs {
		b.await(`document.body.dataset.page === 'login'`)
	}
}
