package httpapi_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant/httpapi"
	"github.com/deskhand/deskhand/assistant/postgres"
)

func TestPermissions(t *testing.T) {
	t.Parallel()
	s := newSystem(t, options{})

	const (
		free      = http.StatusOK
		none      = http.StatusUnauthorized
		forbidden = http.StatusForbidden
		missing   = http.StatusNotFound // allowed, but there is no such thing
		invalid   = http.StatusUnprocessableEntity
	)
	const article = "/v1/articles/nothing/en"
	const conversation = "/v1/conversations/" + nobody
	const ticket = "/v1/tickets/" + nobody
	type who struct{ none, widget, agent, admin, revoked int }
	for _, test := range []struct {
		call call
		want who
	}{
		{call{body: question(pending), path: "/v1/answers"}, who{none, free, forbidden, forbidden, none}},
		{call{path: conversation}, who{none, missing, missing, missing, none}},
		{call{method: http.MethodPost, path: conversation + "/handoff"}, who{none, missing, forbidden, forbidden, none}},
		{call{body: `{"rating":5}`, path: conversation + "/feedback"}, who{none, missing, forbidden, forbidden, none}},
		{call{path: "/v1/tickets"}, who{none, forbidden, free, free, none}},
		{call{path: ticket}, who{none, forbidden, missing, missing, none}},
		{call{body: `{"version":1}`, path: ticket + "/claim"}, who{none, forbidden, missing, missing, none}},
		{call{body: `{"version":1}`, path: ticket + "/release"}, who{none, forbidden, missing, missing, none}},
		{call{body: `{"version":1}`, path: ticket + "/resolve"}, who{none, forbidden, missing, missing, none}},
		{call{body: `{"version":1,"action":"write","body":"hi"}`, path: ticket + "/reply"}, who{none, forbidden, missing, missing, none}},
		{call{body: `{"version":1}`, path: ticket + "/assign"}, who{none, forbidden, missing, missing, none}},
		{call{body: `{"version":1,"reason":"x"}`, path: ticket + "/escalate"}, who{none, forbidden, missing, missing, none}},
		{call{body: `{"version":1,"reason":"x"}`, path: ticket + "/hold"}, who{none, forbidden, missing, missing, none}},
		{call{body: `{"version":1,"reason":"x","into":"` + nobody + `"}`, path: ticket + "/merge"}, who{none, forbidden, invalid, invalid, none}},
		{call{body: `{"version":1,"queue":"general"}`, path: ticket + "/move"}, who{none, forbidden, missing, missing, none}},
		{call{body: `{"body":"x"}`, path: ticket + "/notes"}, who{none, forbidden, missing, missing, none}},
		{call{body: `{"version":1,"reason":"x","priority":"P1"}`, path: ticket + "/priority"}, who{none, forbidden, missing, missing, none}},
		{call{body: `{"version":1,"reason":"x"}`, path: ticket + "/reopen"}, who{none, forbidden, missing, missing, none}},
		{call{body: `{"version":1}`, path: ticket + "/resume"}, who{none, forbidden, missing, missing, none}},
		{call{body: `{"version":1,"tags":[]}`, path: ticket + "/tags"}, who{none, forbidden, missing, missing, none}},
		{call{path: ticket + "/history"}, who{none, forbidden, missing, missing, none}},
		{call{method: http.MethodPost, path: "/v1/tickets/next"}, who{none, forbidden, free, free, none}},
		{call{path: "/v1/desk"}, who{none, forbidden, free, free, none}},
		{call{body: `{"source":"queues: 7","version":0}`, method: http.MethodPut, path: "/v1/desk"}, who{none, forbidden, forbidden, invalid, none}},
		{call{path: "/v1/desk/versions"}, who{none, forbidden, forbidden, free, none}},
		{call{path: "/v1/desk/presence"}, who{none, forbidden, free, free, none}},
		{call{body: `{"minutes":5}`, method: http.MethodPut, path: "/v1/desk/presence"}, who{none, forbidden, free, free, none}},
		{call{path: "/v1/complaints"}, who{none, forbidden, free, free, none}},
		{call{body: `{"ticket_id":"` + nobody + `"}`, path: "/v1/complaints"}, who{none, forbidden, missing, missing, none}},
		{call{path: "/v1/complaints/" + nobody}, who{none, forbidden, missing, missing, none}},
		{call{body: `{"version":1,"step":"progress"}`, path: "/v1/complaints/" + nobody + "/step"}, who{none, forbidden, missing, missing, none}},
		{call{path: "/v1/stats"}, who{none, forbidden, forbidden, free, none}},
		{call{path: "/v1/stats/gaps"}, who{none, forbidden, forbidden, free, none}},
		{call{path: "/v1/articles"}, who{none, free, free, free, none}},
		{call{path: article}, who{none, missing, missing, missing, none}},
		{call{body: `{"slug":"","locale":"en","title":"x","body":"x"}`, path: "/v1/articles"}, who{none, forbidden, forbidden, invalid, none}},
		{call{body: `{"version":1,"title":"x","body":"x"}`, method: http.MethodPut, path: article}, who{none, forbidden, forbidden, http.StatusConflict, none}},
		{call{method: http.MethodDelete, path: article + "?version=1"}, who{none, forbidden, forbidden, missing, none}},
		{call{path: article + "/versions"}, who{none, forbidden, forbidden, missing, none}},
		{call{path: article + "/versions/1"}, who{none, forbidden, forbidden, missing, none}},
		{call{path: "/v1/redirects"}, who{none, forbidden, forbidden, free, none}},
		{call{body: `{"slug":"nothing"}`, method: http.MethodPut, path: "/v1/redirects/old"}, who{none, forbidden, forbidden, missing, none}},
		{call{method: http.MethodDelete, path: "/v1/redirects/old"}, who{none, forbidden, forbidden, missing, none}},
		{call{path: "/healthz"}, who{free, free, free, free, free}},
		{call{path: "/readyz"}, who{free, free, free, free, free}},
		{call{path: "/metrics"}, who{free, free, free, free, free}},
		{call{path: "/docs"}, who{free, free, free, free, free}},
		{call{path: "/docs.css"}, who{free, free, free, free, free}},
		{call{path: "/openapi.json"}, who{free, free, free, free, free}},
		{call{path: "/openapi.yaml"}, who{free, free, free, free, free}},
	} {
		for _, caller := range []struct {
			name, key string
			want      int
		}{
			{"none", "", test.want.none},
			{"unknown", "dh_admin_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", test.want.none},
			{"widget", s.widget, test.want.widget},
			{"agent", s.agent, test.want.agent},
			{"admin", s.admin, test.want.admin},
			{"revoked", s.revoked, test.want.revoked},
		} {
			t.Run(caller.name+test.call.path, func(t *testing.T) {
				t.Parallel()

				c := test.call
				c.key = caller.key
				r := s.do(t, c)
				require.Equal(t, caller.want, r.status, r.body)
				if caller.want == none {
					require.Equal(t, "Bearer", r.headers.Get("WWW-Authenticate"))
				}
				if caller.want >= http.StatusBadRequest {
					problem(t, r, caller.want)
				}
			})
		}
	}
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
	for _, c := range []call{
		{path: path},
		{body: followUp, path: "/v1/answers"},
		{body: `{"rating":5}`, path: path + "/feedback"},
		{method: http.MethodPost, path: path + "/handoff"},
	} {
		c.key = s.otherWidget
		problem(t, s.do(t, c), http.StatusNotFound)
	}
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
