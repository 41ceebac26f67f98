package httpapi_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant/access"
	"github.com/deskhand/deskhand/assistant/httpapi"
	"github.com/deskhand/deskhand/assistant/postgres"
)

// who is what each role gets. Keys and sessions of a role get the same, unless a route is for sessions only.
type who struct{ none, widget, agent, lead, admin int }

// TestPermissions walks the permission table: every route with every kind of caller, one after the other, because some calls
// end the sessions of others.
func TestPermissions(t *testing.T) { //nolint:tparallel // its subtests come one after the other
	t.Parallel()
	s := newSystem(t, options{})
	routes := permissionRoutes()
	requireEveryRoute(t, routes)
	people := map[access.Role]postgres.Agent{
		access.Admin: s.person(t, access.Admin), access.Agent: s.person(t, access.Agent), access.Lead: s.person(t, access.Lead),
	}
	s.person(t, access.Admin) // so that none is the last

	for _, route := range routes {
		for role, key := range map[access.Role]string{access.Admin: s.admin, access.Agent: s.agent, access.Lead: s.lead, access.Widget: s.widget} {
			t.Run("key/"+string(role)+"/"+route.name(), func(t *testing.T) {
				want := route.want.of(role)
				if route.sessions && want != http.StatusForbidden {
					want = http.StatusForbidden
				}
				c := route.call
				c.key = key
				requireStatus(t, s.do(t, c), want)
			})
		}
		for role, person := range people {
			t.Run("session/"+string(role)+"/"+route.name(), func(t *testing.T) {
				requireStatus(t, s.do(t, s.as(t, person, route.call)), route.want.of(role))
			})
		}
		for name, c := range map[string]call{
			"none":             route.call,
			"unknown key":      {key: "dh_admin_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"},
			"revoked key":      {key: s.revoked},
			"unknown session":  {headers: map[string]string{"Cookie": cookieOf(access.NewSecret())}},
			"ended session":    s.ended(t, people[access.Admin]),
			"key in a cookie":  {headers: map[string]string{"Cookie": cookieOf(s.admin)}},
			"session as a key": {key: strings.TrimPrefix(s.ended(t, people[access.Admin]).headers["Cookie"], "__Host-deskhand_session=")},
		} {
			t.Run(name+"/"+route.name(), func(t *testing.T) {
				c.body, c.method, c.path = route.call.body, route.call.method, route.call.path
				requireStatus(t, s.do(t, c), route.want.none)
			})
		}
		t.Run("log-in not complete/"+route.name(), func(t *testing.T) {
			r := s.do(t, s.half(t, people[access.Admin], route.call))
			if route.half == 0 {
				route.half = route.want.none
				if route.half == http.StatusUnauthorized {
					route.half = http.StatusForbidden
				}
			}
			requireStatus(t, r, route.half)
		})
		if route.changes() && route.want.none == http.StatusUnauthorized {
			t.Run("forged/"+route.name(), func(t *testing.T) {
				s.requireForgeryRefused(t, people[access.Admin], route.call)
			})
		}
	}
}

func requireStatus(t *testing.T, r reply, status int) {
	t.Helper()
	require.Equal(t, status, r.status, r.body)
	if status == http.StatusUnauthorized {
		require.Equal(t, "Bearer", r.headers.Get("WWW-Authenticate"))
	}
	switch {
	case status < http.StatusBadRequest:
	case strings.HasPrefix(r.body, `{"error":`): // the chat protocol has a shape of its own
		chatRefusal(t, r, status)
	default:
		problem(t, r, status)
	}
}

func (w who) of(role access.Role) int {
	return map[access.Role]int{access.Admin: w.admin, access.Agent: w.agent, access.Lead: w.lead, access.Widget: w.widget}[role]
}

func TestKeyIsCheckedBeforeTheBody(t *testing.T) {
	t.Parallel()
	s := newSystem(t, options{})

	problem(t, s.do(t, call{body: "{", path: "/v1/answers"}), http.StatusUnauthorized)
	problem(t, s.do(t, call{body: "{", key: s.agent, path: "/v1/answers"}), http.StatusForbidden)
}

func TestWidgetSeesOnlyItsOwnConversations(t *testing.T) {
	t.Parallel()
	s := newSystem(t, options{})

	answer := s.ask(t, pending)
	path := "/v1/conversations/" + answer.ConversationID.String()
	followUp := `{"message":{"body":"and now?"},"conversation_id":"` + answer.ConversationID.String() + `"}`
	problem(t, s.do(t, call{body: followUp, key: s.otherWidget, path: "/v1/answers"}), http.StatusNotFound)
	chat := `{"model":"deskhand","messages":[{"role":"user","content":"and now?"}],"metadata":{"conversation_id":"` + answer.ConversationID.String() + `"}}`
	require.Equal(t, http.StatusNotFound, s.do(t, call{body: chat, key: s.otherWidget, path: chatPath}).status)
	own := 0
	for _, r := range permissionRoutes() { // TestPermissions holds that these are all
		if strings.HasPrefix(r.call.path, "/v1/conversations/") {
			own++
			r.call.path, r.call.key = strings.Replace(r.call.path, nobody, answer.ConversationID.String(), 1), s.otherWidget
			problem(t, s.do(t, r.call), http.StatusNotFound)
			continue
		}
		if r.call.body == "" && r.method() == http.MethodGet && !r.sessions {
			r.call.key = s.otherWidget
			require.NotContains(t, s.do(t, r.call).body, answer.ConversationID.String(), r.name())
		}
	}
	require.GreaterOrEqual(t, own, 4)
	require.Len(t, decode[httpapi.ConversationResponse](t, s.do(t, call{key: s.widget, path: path}), http.StatusOK).Messages, 2)
	require.Len(t, decode[httpapi.ConversationResponse](t, s.do(t, call{key: s.agent, path: path}), http.StatusOK).Messages, 2)
}

func TestKeyWorksFromItsOriginsOnly(t *testing.T) {
	t.Parallel()
	s := newSystem(t, options{})
	bound := s.key(t, postgres.RoleWidget, "https://www.quayside.example", "https://help.quayside.example/")

	for _, test := range []struct {
		name, key, origin string
		status            int
	}{
		{"its own", bound, "https://www.quayside.example", http.StatusOK},
		{"its other", bound, "https://help.quayside.example", http.StatusOK},
		{"another", bound, "https://quayside.example.evil.test", http.StatusForbidden},
		{"its own without TLS", bound, "http://www.quayside.example", http.StatusForbidden},
		{"a file", bound, "null", http.StatusForbidden},
		{"no browser", bound, "", http.StatusOK},
		{"any, for a key that is not bound", s.widget, "https://anywhere.test", http.StatusOK},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()

			c := call{body: question(pending), key: test.key, path: "/v1/answers"}
			if test.origin != "" {
				c.headers = map[string]string{"Origin": test.origin}
			}
			r := s.do(t, c)
			require.Equal(t, test.status, r.status, r.body)
			require.Equal(t, test.origin, r.headers.Get("Access-Control-Allow-Origin"), "the page may read also why it was refused")
			require.Contains(t, r.headers.Get("Vary"), "Origin")
			require.Empty(t, r.headers.Get("Access-Control-Allow-Credentials"))
		})
	}
}

func TestPreflightIsAnsweredForCustomerRoutesOnly(t *testing.T) {
	t.Parallel()
	s := newSystem(t, options{})

	const id = nobody
	headers := map[string]string{"Origin": "https://www.quayside.example", "Access-Control-Request-Method": "POST"}
	for _, path := range []string{
		"/v1/answers", "/v1/conversations/" + id, "/v1/conversations/" + id + "/handoff", "/v1/conversations/" + id + "/feedback",
		"/v1/conversations/" + id + "/events", "/v1/channels/verify",
	} {
		r := s.do(t, call{headers: headers, method: http.MethodOptions, path: path})
		require.Equal(t, http.StatusNoContent, r.status)
		require.Equal(t, "https://www.quayside.example", r.headers.Get("Access-Control-Allow-Origin"))
		require.Contains(t, r.headers.Get("Access-Control-Allow-Headers"), "Idempotency-Key")
		require.Contains(t, r.headers.Get("Access-Control-Allow-Methods"), "POST")
	}
	r := s.do(t, call{headers: headers, method: http.MethodOptions, path: "/v1/tickets"})
	problem(t, r, http.StatusMethodNotAllowed)
	require.Empty(t, r.headers.Get("Access-Control-Allow-Origin"))
}
