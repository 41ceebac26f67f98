package httpapi_test

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"
	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant/access"
	"github.com/deskhand/deskhand/assistant/httpapi"
	"github.com/deskhand/deskhand/assistant/postgres"
)

const goodPassword = "seven plain words in a row here"

// watch is a clock that a test turns.
type watch struct {
	mu  sync.Mutex
	now time.Time
}

func newWatch() *watch { return &watch{now: time.Now().Truncate(time.Second)} }

func (w *watch) time() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

func (w *watch) turn(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

// browser keeps cookies and the token, as a page of ours does.
type browser struct {
	cookies map[string]string
	network string
	s       *system
	token   string
}

func (s *system) browser() *browser {
	return &browser{cookies: make(map[string]string), network: "203.0.113.7", s: s}
}

func (b *browser) do(t *testing.T, c call) reply {
	t.Helper()
	pairs := make([]string, 0, len(b.cookies))
	for name, value := range b.cookies {
		pairs = append(pairs, name+"="+value)
	}
	c.headers = map[string]string{
		"Cookie": strings.Join(pairs, "; "), "Origin": publicURL, "Sec-Fetch-Site": "same-origin", "X-CSRF-Token": b.token, "X-Forwarded-For": b.network,
	}
	r := b.s.do(t, c)
	for _, line := range r.headers.Values("Set-Cookie") {
		cookie, err := http.ParseSetCookie(line)
		require.NoError(t, err)
		require.True(t, cookie.HttpOnly && cookie.Secure && cookie.SameSite == http.SameSiteLaxMode, line)
		require.Equal(t, "/", cookie.Path)
		require.Empty(t, cookie.Domain)
		require.True(t, strings.HasPrefix(cookie.Name, "__Host-"), line)
		b.cookies[cookie.Name] = cookie.Value
		if cookie.MaxAge < 0 {
			delete(b.cookies, cookie.Name)
		}
	}
	return r
}

// logIn sends name and password and keeps what comes back.
func (b *browser) logIn(t *testing.T, email, password string) httpapi.SessionResponse {
	t.Helper()
	return b.step(t, call{body: credentials(email, password), path: "/v1/session"})
}

// step is one that ends in a session.
func (b *browser) step(t *testing.T, c call) httpapi.SessionResponse {
	t.Helper()
	session := decode[httpapi.SessionResponse](t, b.do(t, c), http.StatusOK)
	b.token = session.CSRFToken
	return session
}

func credentials(email, password string) string {
	encoded, err := json.Marshal(map[string]string{"email": email, "password": password})
	if err != nil {
		panic(err)
	}
	return string(encoded)
}

// addPerson adds somebody with goodPassword.
func (s *system) addPerson(t *testing.T, email string, role access.Role) postgres.Agent {
	t.Helper()
	agent, err := s.store.AddAgent(t.Context(), postgres.NewAgent{Actor: "test", Email: email, Name: "Mia", Password: goodPassword, Role: role})
	require.NoError(t, err)
	return agent
}

func TestFirstLogInOfAnAdminGoesThroughItsSteps(t *testing.T) {
	t.Parallel()
	clock := newWatch()
	s := newSystem(t, options{clock: clock.time})
	password := access.NewPassword()
	_, err := s.store.AddAgent(t.Context(), postgres.NewAgent{
		Actor: "test", Email: "Ana@Quayside.example", MustChange: true, Name: "Ana", Password: password, Role: access.Admin,
	})
	require.NoError(t, err)
	b := s.browser()

	require.Equal(t, "change_password", b.logIn(t, "ANA@quayside.example", password).Stage)
	require.Contains(t, problem(t, b.do(t, call{path: "/v1/tickets"}), http.StatusForbidden).Type, "password_change_required")
	first := b.cookies["__Host-deskhand_session"]
	change := call{method: http.MethodPut, path: "/v1/account/password", body: `{"current_password":"` + password + `","password":"` + goodPassword + `"}`}
	require.Equal(t, "enrol_second_factor", b.step(t, change).Stage)
	require.NotEqual(t, first, b.cookies["__Host-deskhand_session"])
	requireStatus(t, s.do(t, withSession(call{path: "/v1/session"}, first)), http.StatusUnauthorized)

	require.Contains(t, problem(t, b.do(t, call{path: "/v1/tickets"}), http.StatusForbidden).Type, "second_factor_missing")
	factor := decode[httpapi.FactorResponse](t, b.do(t, call{path: "/v1/account/second-factor", body: `{"current_password":"` + goodPassword + `"}`}), http.StatusOK)
	problem(t, b.do(t, call{path: "/v1/account/second-factor/confirm", body: `{"code":"000000"}`}), http.StatusUnprocessableEntity)
	confirmed := decode[httpapi.ConfirmFactorResponse](t, b.do(t, call{path: "/v1/account/second-factor/confirm", body: code(t, factor.Secret, clock)}), http.StatusOK)
	require.Equal(t, "active", confirmed.Session.Stage)
	require.Len(t, confirmed.RecoveryCodes, 10)
	require.Equal(t, http.StatusOK, b.do(t, call{path: "/v1/agents"}).status)

	again := s.browser()
	require.Equal(t, "second_factor", again.logIn(t, "ana@quayside.example", goodPassword).Stage)
	require.Contains(t, problem(t, again.do(t, call{path: "/v1/agents"}), http.StatusForbidden).Type, "second_factor_required")
	problem(t, again.do(t, call{path: "/v1/session/second-factor", body: code(t, factor.Secret, clock)}), http.StatusUnauthorized) // it was used to enrol
	clock.turn(30 * time.Second)
	require.Equal(t, "active", again.step(t, call{path: "/v1/session/second-factor", body: code(t, factor.Secret, clock)}).Stage)

	recovery := `{"code":"` + strings.ToUpper(confirmed.RecoveryCodes[3]) + `"}`
	lost := s.browser()
	lost.logIn(t, "ana@quayside.example", goodPassword)
	require.Equal(t, "active", lost.step(t, call{path: "/v1/session/second-factor", body: recovery}).Stage)
	lost = s.browser()
	lost.logIn(t, "ana@quayside.example", goodPassword)
	problem(t, lost.do(t, call{path: "/v1/session/second-factor", body: recovery}), http.StatusUnauthorized)
	requireChain(t, s)
}

func code(t *testing.T, secret string, clock *watch) string {
	t.Helper()
	text, err := totp.GenerateCode(secret, clock.time())
	require.NoError(t, err)
	return `{"code":"` + text + `"}`
}

func requireChain(t *testing.T, s *system) {
	t.Helper()
	chain, err := s.store.VerifyChain(t.Context(), nil, nil)
	require.NoError(t, err)
	require.Empty(t, chain.Faults)
	require.Positive(t, chain.Length)
}

func TestLogInTellsNothingOfWhoExists(t *testing.T) {
	t.Parallel()
	s := newSystem(t, options{})
	s.addPerson(t, "mia@quayside.example", access.Agent)
	gone := s.addPerson(t, "gone@quayside.example", access.Agent)
	now := time.Now()
	_, err := s.store.SetDisabled(t.Context(), gone.ID, &now, "test")
	require.NoError(t, err)
	s.person(t, access.Agent)

	var answers []string
	for _, body := range []string{
		credentials("mia@quayside.example", "wrong wrong wrong"), credentials("nobody@quayside.example", "wrong wrong wrong"),
		credentials("gone@quayside.example", goodPassword), credentials("not an address", goodPassword),
	} {
		p := problem(t, s.browser().do(t, call{body: body, path: "/v1/session"}), http.StatusUnauthorized)
		answers = append(answers, p.Type+p.Title+p.Detail)
	}
	require.Equal(t, []string{answers[0], answers[0], answers[0], answers[0]}, answers)
	for _, body := range []string{credentials(strings.Repeat("a", 10_000)+"@quayside.example", "x"), credentials("mia@quayside.example", strings.Repeat("a", 10_000))} {
		problem(t, s.browser().do(t, call{body: body, path: "/v1/session"}), http.StatusUnprocessableEntity)
	}
	require.NotContains(t, s.log.String(), "quayside.example")
	require.NotContains(t, s.log.String(), goodPassword)
}

func TestGuessesAreSlowedDownAndNobodyIsLockedOut(t *testing.T) {
	t.Parallel()
	clock := newWatch()
	s := newSystem(t, options{clock: clock.time})
	s.addPerson(t, "mia@quayside.example", access.Agent)
	known := s.browser()
	require.Equal(t, "active", known.logIn(t, "mia@quayside.example", goodPassword).Stage)

	for _, email := range []string{"mia@quayside.example", "nobody@quayside.example"} {
		thief := s.browser()
		guess := call{body: credentials(email, "wrong wrong wrong"), path: "/v1/session"}
		for range 6 {
			problem(t, thief.do(t, guess), http.StatusUnauthorized)
		}
		r := thief.do(t, guess)
		require.Contains(t, problem(t, r, http.StatusTooManyRequests).Type, "throttled")
		wait, err := strconv.Atoi(r.headers.Get("Retry-After"))
		require.NoError(t, err)
		require.Equal(t, 1, wait)
		problem(t, thief.do(t, call{body: credentials(email, goodPassword), path: "/v1/session"}), http.StatusTooManyRequests)
	}
	elsewhere := s.browser()
	elsewhere.network = "198.51.100.9"
	require.Equal(t, "active", elsewhere.logIn(t, "mia@quayside.example", goodPassword).Stage, "the owner, from elsewhere")
	require.Equal(t, "active", known.logIn(t, "mia@quayside.example", goodPassword).Stage, "the owner, in a browser that is known, on the thief's network")
	clock.turn(2 * time.Second)
	require.Equal(t, "active", s.browser().logIn(t, "mia@quayside.example", goodPassword).Stage, "the owner, after the wait")
}

func TestManyGuessesAtOnceAreWorthNoMore(t *testing.T) {
	t.Parallel()
	clock := newWatch()
	s := newSystem(t, options{clock: clock.time})
	s.addPerson(t, "mia@quayside.example", access.Agent)
	var guessing sync.WaitGroup
	statuses := make([]int, 20)
	for i := range statuses {
		guessing.Go(func() {
			statuses[i] = s.browser().do(t, call{body: credentials("mia@quayside.example", "wrong wrong wrong"), path: "/v1/session"}).status
		})
	}
	guessing.Wait()
	tried := 0
	for _, status := range statuses {
		if status == http.StatusUnauthorized { // on a slow machine, one that was let in may run out of time
			tried++
		}
	}
	require.LessOrEqual(t, tried, access.AccountThrottle().Free+1)
}

//nolint:tparallel // its subtests turn one clock
func TestSessionsEnd(t *testing.T) {
	t.Parallel()
	clock := newWatch()
	s := newSystem(t, options{clock: clock.time})
	s.addPerson(t, "mia@quayside.example", access.Agent)
	look := call{path: "/v1/session"}

	t.Run("AfterAnHourOfNothing", func(t *testing.T) {
		b := s.browser()
		b.logIn(t, "mia@quayside.example", goodPassword)
		clock.turn(postgres.SessionIdle - time.Minute)
		require.Equal(t, http.StatusOK, b.do(t, look).status)
		clock.turn(postgres.SessionIdle - time.Minute)
		require.Equal(t, http.StatusOK, b.do(t, look).status, "a request counts")
		clock.turn(postgres.SessionIdle + time.Minute)
		requireStatus(t, b.do(t, look), http.StatusUnauthorized)
	})

	t.Run("AfterAShiftWhateverHappens", func(t *testing.T) {
		b := s.browser()
		b.logIn(t, "mia@quayside.example", goodPassword)
		for range int(postgres.SessionLife/(30*time.Minute)) - 1 {
			clock.turn(30 * time.Minute)
			require.Equal(t, http.StatusOK, b.do(t, look).status)
		}
		clock.turn(31 * time.Minute)
		requireStatus(t, b.do(t, look), http.StatusUnauthorized)
	})

	t.Run("WhenTheirOwnerEndsThem", func(t *testing.T) {
		phone, desk, third := s.browser(), s.browser(), s.browser()
		for _, b := range []*browser{phone, desk, third} {
			b.logIn(t, "mia@quayside.example", goodPassword)
		}
		list := decode[httpapi.SessionList](t, desk.do(t, call{path: "/v1/sessions"}), http.StatusOK)
		require.Len(t, list.Sessions, 3)
		phoneID := decode[httpapi.SessionResponse](t, phone.do(t, look), http.StatusOK).ID
		requireStatus(t, desk.do(t, call{method: http.MethodDelete, path: "/v1/sessions/" + phoneID.String()}), http.StatusNoContent)
		requireStatus(t, phone.do(t, look), http.StatusUnauthorized)
		requireStatus(t, desk.do(t, call{method: http.MethodDelete, path: "/v1/sessions"}), http.StatusNoContent)
		requireStatus(t, third.do(t, look), http.StatusUnauthorized)
		require.Equal(t, http.StatusOK, desk.do(t, look).status)
	})

	t.Run("WhenThePasswordChanges", func(t *testing.T) {
		stolen, mine := s.browser(), s.browser()
		stolen.logIn(t, "mia@quayside.example", goodPassword)
		mine.logIn(t, "mia@quayside.example", goodPassword)
		problem(t, mine.do(t, call{method: http.MethodPut, path: "/v1/account/password", body: `{"current_password":"x","password":"other words in a long row"}`}),
			http.StatusUnprocessableEntity)
		mine.step(t, call{method: http.MethodPut, path: "/v1/account/password", body: `{"current_password":"` + goodPassword + `","password":"other words in a long row"}`})
		requireStatus(t, stolen.do(t, look), http.StatusUnauthorized)
		require.Equal(t, http.StatusOK, mine.do(t, look).status)
	})
}

func TestForeignPageCannotLogAnybodyIn(t *testing.T) {
	t.Parallel()
	s := newSystem(t, options{})
	for name, headers := range map[string]map[string]string{
		"cross-site": {"Sec-Fetch-Site": "cross-site"}, "same-site": {"Sec-Fetch-Site": "same-site"}, "origin": {"Origin": "https://evil.example"},
	} {
		p := problem(t, s.do(t, call{body: credentials("mia@quayside.example", goodPassword), headers: headers, path: "/v1/session"}), http.StatusForbidden)
		require.Contains(t, p.Type, "request_forged", name)
	}
}

func TestRoleAndAccessAreInForceAtOnceAndTheLastAdminStays(t *testing.T) {
	t.Parallel()
	s := newSystem(t, options{})
	admin, mia := s.person(t, access.Admin), s.addPerson(t, "mia@quayside.example", access.Agent)
	b := s.browser()
	b.logIn(t, "mia@quayside.example", goodPassword)
	set := func(id, body string) reply {
		return s.do(t, s.as(t, admin, call{body: body, method: http.MethodPut, path: "/v1/agents/" + id}))
	}

	requireStatus(t, b.do(t, call{path: "/v1/redirects"}), http.StatusForbidden)
	require.Equal(t, http.StatusOK, set(mia.ID.String(), `{"disabled":false,"role":"lead"}`).status)
	require.Contains(t, problem(t, b.do(t, call{path: "/v1/redirects"}), http.StatusForbidden).Type, "second_factor_missing")
	require.Equal(t, http.StatusOK, set(mia.ID.String(), `{"disabled":true,"role":"agent"}`).status)
	requireStatus(t, b.do(t, call{path: "/v1/tickets"}), http.StatusUnauthorized)
	for _, body := range []string{`{"disabled":true,"role":"admin"}`, `{"disabled":false,"role":"agent"}`} {
		problem(t, set(admin.ID.String(), body), http.StatusConflict)
	}
	entries := decode[httpapi.AuditList](t, s.do(t, s.as(t, admin, call{path: "/v1/audit?action=agent.set_role"})), http.StatusOK).Entries
	require.Len(t, entries, 2)
	require.Equal(t, map[string]any{"from": "agent", "to": "lead"}, entries[1].Detail)
	require.Equal(t, admin.ID.String(), entries[1].Actor)
}
