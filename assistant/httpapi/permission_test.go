package httpapi_test

import (
	"cmp"
	"maps"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant/access"
	"github.com/deskhand/deskhand/assistant/httpapi"
	"github.com/deskhand/deskhand/assistant/postgres"
)

// permissionRoute is a route with what each caller gets there.
type permissionRoute struct {
	call     call
	half     int  // of a session whose log-in lacks the second factor; refused when zero
	sessions bool // API keys are refused
	want     who
}

func (r permissionRoute) name() string { return r.method() + " " + r.call.path }

func (r permissionRoute) method() string {
	if r.call.method == "" && r.call.body != "" {
		return http.MethodPost
	}
	return cmp.Or(r.call.method, http.MethodGet)
}

func (r permissionRoute) changes() bool { return r.method() != http.MethodGet }

func permissionRoutes() []permissionRoute {
	const (
		free      = http.StatusOK
		made      = http.StatusCreated
		gone      = http.StatusNoContent
		none      = http.StatusUnauthorized
		forbidden = http.StatusForbidden
		missing   = http.StatusNotFound // allowed, but there is no such thing
		changed   = http.StatusConflict // allowed, but not as it stands
		invalid   = http.StatusUnprocessableEntity
	)
	const (
		agent        = "/v1/agents/" + nobody
		article      = "/v1/articles/nothing/en"
		conversation = "/v1/conversations/" + nobody
		key          = "/v1/keys/" + nobody
		ticket       = "/v1/tickets/" + nobody
	)
	public := who{free, free, free, free, free}
	all := func(status int) who { return who{none, status, status, status, status} }
	people := func(status int) who { return who{none, forbidden, status, status, status} }
	leads := func(status int) who { return who{none, forbidden, forbidden, status, status} }
	admins := func(status int) who { return who{none, forbidden, forbidden, forbidden, status} }
	widget := func(status int) who { return who{none, status, forbidden, forbidden, forbidden} }
	return []permissionRoute{
		{call: call{body: question(pending), path: "/v1/answers"}, want: widget(free)},
		{call: call{body: `{"model":"deskhand","messages":[{"role":"user","content":"` + pending + `"}]}`, path: chatPath}, want: widget(free)},
		{call: call{path: "/v1/models"}, want: widget(free)},
		{call: call{path: "/v1/models/deskhand"}, want: widget(free)},
		{call: call{path: conversation}, want: all(missing)},
		{call: call{method: http.MethodPost, path: conversation + "/handoff"}, want: widget(missing)},
		{call: call{body: `{"rating":5}`, path: conversation + "/feedback"}, want: widget(missing)},
		{call: call{path: "/v1/tickets"}, want: people(free)},
		{call: call{path: ticket}, want: people(missing)},
		{call: call{body: `{"version":1}`, path: ticket + "/claim"}, want: people(missing)},
		{call: call{body: `{"version":1}`, path: ticket + "/release"}, want: people(missing)},
		{call: call{body: `{"version":1}`, path: ticket + "/resolve"}, want: people(missing)},
		{call: call{body: `{"version":1,"action":"write","body":"hi"}`, path: ticket + "/reply"}, want: people(missing)},
		{call: call{body: `{"body":"hi"}`, path: ticket + "/check"}, want: people(missing)},
		{call: call{body: `{"reason":"call them back"}`, path: ticket + "/unmask"}, want: people(missing)},
		{call: call{body: `{"version":1}`, path: ticket + "/assign"}, want: people(missing)},
		{call: call{body: `{"version":1,"reason":"x"}`, path: ticket + "/escalate"}, want: people(missing)},
		{call: call{body: `{"version":1,"reason":"x"}`, path: ticket + "/hold"}, want: people(missing)},
		{call: call{body: `{"version":1,"reason":"x","into":"` + nobody + `"}`, path: ticket + "/merge"}, want: people(invalid)},
		{call: call{body: `{"version":1,"queue":"general"}`, path: ticket + "/move"}, want: people(missing)},
		{call: call{body: `{"body":"x"}`, path: ticket + "/notes"}, want: people(missing)},
		{call: call{body: `{"version":1,"reason":"x","priority":"P1"}`, path: ticket + "/priority"}, want: people(missing)},
		{call: call{body: `{"version":1,"reason":"x"}`, path: ticket + "/reopen"}, want: people(missing)},
		{call: call{body: `{"version":1}`, path: ticket + "/resume"}, want: people(missing)},
		{call: call{body: `{"version":1,"tags":[]}`, path: ticket + "/tags"}, want: people(missing)},
		{call: call{path: ticket + "/history"}, want: people(missing)},
		{call: call{path: ticket + "/macros"}, want: people(missing)},
		{call: call{path: ticket + "/questions"}, want: people(missing)},
		{call: call{path: ticket + "/similar"}, want: people(missing)},
		{call: call{method: http.MethodPost, path: ticket + "/view"}, want: people(missing)},
		{call: call{body: `{}`, path: ticket + "/suggest"}, want: people(missing)},
		{call: call{body: `{"language":"en","message_id":"` + nobody + `"}`, path: ticket + "/translate"}, want: people(missing)},
		{call: call{path: "/v1/macros"}, want: people(free)},
		{call: call{body: `{"name":"x","language":"tlh","body":"x"}`, path: "/v1/macros"}, want: leads(invalid)},
		{call: call{path: "/v1/macros/9"}, want: people(missing)},
		{call: call{body: `{"name":"x","language":"en","body":"x","version":1}`, method: http.MethodPut, path: "/v1/macros/9"}, want: leads(missing)},
		{call: call{method: http.MethodDelete, path: "/v1/macros/9"}, want: leads(missing)},
		{call: call{body: `{"slug":"x","locale":"?","title":"x","body":"x"}`, path: "/v1/articles/impact"}, want: leads(invalid)},
		{call: call{body: `{"size":1}`, path: "/v1/reviews/samples"}, want: leads(made)},
		{call: call{path: "/v1/reviews/samples"}, want: leads(free)},
		{call: call{body: `{"slug":"x","locale":"en","title":"x","body":"x"}`, path: "/v1/articles/check"}, want: leads(http.StatusNotImplemented)},
		{call: call{path: "/v1/evals/checks/" + nobody}, want: leads(missing)},
		{call: call{path: "/v1/evals/runs"}, want: leads(free)},
		{call: call{path: "/v1/evals/runs/9/report"}, want: leads(missing)},
		{call: call{path: "/v1/evals/drift"}, want: leads(free)},
		{call: call{path: "/v1/evals/shadow"}, want: leads(free)},
		{call: call{path: "/v1/reviews"}, want: leads(free)},
		{call: call{path: "/v1/reviews/quality"}, want: leads(free)},
		{call: call{path: "/v1/reviews/" + nobody}, want: leads(missing)},
		{call: call{body: `{"label":"right_handoff"}`, method: http.MethodPut, path: "/v1/reviews/" + nobody + "/label"}, want: leads(missing)},
		{call: call{method: http.MethodPost, path: "/v1/tickets/next"}, want: people(free)},
		{call: call{path: "/v1/desk"}, want: people(free)},
		{call: call{body: `{"source":"queues: 7","version":0}`, method: http.MethodPut, path: "/v1/desk"}, want: leads(invalid)},
		{call: call{path: "/v1/desk/versions"}, want: leads(free)},
		{call: call{path: "/v1/policy"}, want: leads(free)},
		{call: call{body: `{"policy":{"mode":"sometimes"},"version":0}`, method: http.MethodPut, path: "/v1/policy"}, want: leads(invalid)},
		{call: call{path: "/v1/desk/presence"}, want: people(free)},
		{call: call{body: `{"minutes":5}`, method: http.MethodPut, path: "/v1/desk/presence"}, want: people(free)},
		{call: call{path: "/v1/desk/people"}, want: people(free)},
		{call: call{path: "/v1/complaints"}, want: people(free)},
		{call: call{body: `{"ticket_id":"` + nobody + `"}`, path: "/v1/complaints"}, want: people(missing)},
		{call: call{path: "/v1/complaints/" + nobody}, want: people(missing)},
		{call: call{path: "/v1/complaints/" + nobody + "/history"}, want: people(missing)},
		{call: call{body: `{"version":1,"step":"progress"}`, path: "/v1/complaints/" + nobody + "/step"}, want: people(missing)},
		{call: call{path: "/v1/stats"}, want: leads(free)},
		{call: call{path: "/v1/stats/gaps"}, want: leads(free)},
		{call: call{body: `{"model":"deskhand","messages":[{"role":"user","content":"` + pending + `"}]}`, path: "/v1/chat/completions"}, want: widget(free)},
		{call: call{path: "/v1/models"}, want: widget(free)},
		{call: call{path: "/v1/models/deskhand"}, want: widget(free)},
		{call: call{path: "/v1/articles"}, want: all(free)},
		{call: call{path: article}, want: all(missing)},
		{call: call{body: `{"slug":"","locale":"en","title":"x","body":"x"}`, path: "/v1/articles"}, want: leads(invalid)},
		{call: call{body: `{"version":1,"title":"x","body":"x"}`, method: http.MethodPut, path: article}, want: leads(changed)},
		{call: call{method: http.MethodDelete, path: article + "?version=1"}, want: leads(missing)},
		{call: call{path: article + "/versions"}, want: leads(missing)},
		{call: call{path: article + "/versions/1"}, want: leads(missing)},
		{call: call{path: "/v1/redirects"}, want: leads(free)},
		{call: call{path: "/v1/terms"}, want: leads(free)},
		{call: call{path: "/v1/terms/export"}, want: leads(free)},
		{call: call{body: "en\nfee", headers: tsv(), path: "/v1/terms/import?dry_run=true"}, want: leads(free)},
		{call: call{body: `{"terms":{}}`, method: http.MethodPut, path: "/v1/terms/fee"}, want: leads(invalid)},
		{call: call{method: http.MethodDelete, path: "/v1/terms/fee"}, want: leads(missing)},
		{call: call{path: "/v1/search?q=fees"}, want: people(free)},
		{call: call{body: `{"slug":"nothing"}`, method: http.MethodPut, path: "/v1/redirects/old"}, want: leads(missing)},
		{call: call{method: http.MethodDelete, path: "/v1/redirects/old"}, want: leads(missing)},
		// Everybody may try; what is sent here is no log-in yet.
		{call: call{body: `{"email":"nobody@quayside.example","password":""}`, path: "/v1/session"}, half: invalid, want: who{invalid, invalid, invalid, invalid, invalid}},
		{call: call{path: "/v1/session"}, half: free, sessions: true, want: people(free)},
		{call: call{method: http.MethodDelete, path: "/v1/session"}, half: gone, sessions: true, want: people(gone)},
		{call: call{body: `{"code":"000000"}`, path: "/v1/session/second-factor"}, half: none, sessions: true, want: people(changed)},
		{call: call{path: "/v1/session/provider"}, half: missing, want: who{missing, missing, missing, missing, missing}},
		{call: call{path: "/v1/session/provider/callback"}, half: missing, want: who{missing, missing, missing, missing, missing}},
		{call: call{path: "/v1/sessions"}, sessions: true, want: people(free)},
		{call: call{method: http.MethodDelete, path: "/v1/sessions/" + nobody}, sessions: true, want: people(missing)},
		{call: call{method: http.MethodDelete, path: "/v1/sessions?nothing"}, sessions: true, want: people(gone)},
		{call: call{body: `{"current_password":"x","password":"x"}`, method: http.MethodPut, path: "/v1/account/password"}, sessions: true, want: people(invalid)},
		{call: call{body: `{}`, path: "/v1/account/second-factor"}, sessions: true, want: people(free)},
		{call: call{body: `{"code":"0"}`, path: "/v1/account/second-factor/confirm"}, sessions: true, want: people(invalid)},
		{call: call{body: `{}`, path: "/v1/account/recovery-codes"}, sessions: true, want: people(changed)},
		{call: call{path: "/v1/agents"}, sessions: true, want: admins(free)},
		{call: call{body: `{"email":"new@quayside.example","name":"New","role":"agent"}`, path: "/v1/agents"}, sessions: true, want: admins(made)},
		{call: call{body: `{"disabled":false,"role":"agent"}`, method: http.MethodPut, path: agent}, sessions: true, want: admins(missing)},
		{call: call{method: http.MethodPost, path: agent + "/reset-password"}, sessions: true, want: admins(missing)},
		{call: call{method: http.MethodPost, path: agent + "/reset-second-factor"}, sessions: true, want: admins(missing)},
		{call: call{path: "/v1/keys"}, sessions: true, want: admins(free)},
		{call: call{body: `{"name":"site","role":"widget"}`, path: "/v1/keys"}, sessions: true, want: admins(made)},
		{call: call{method: http.MethodDelete, path: key}, sessions: true, want: admins(missing)},
		{call: call{path: key + "/identity"}, sessions: true, want: admins(free)},
		{call: call{body: `{"algorithm":"HS256"}`, method: http.MethodPut, path: key + "/identity"}, sessions: true, want: admins(missing)},
		{call: call{method: http.MethodDelete, path: key + "/identity"}, sessions: true, want: admins(missing)},
		{call: call{path: "/v1/audit"}, want: admins(free)},
		{call: call{path: "/v1/webhooks"}, want: admins(free)},
		{call: call{path: "/v1/webhooks/deliveries?status=dead"}, want: admins(free)},
		{call: call{method: http.MethodPost, path: "/v1/webhooks/deliveries/" + nobody + "/replay"}, want: admins(missing)},
		{call: call{method: http.MethodPost, path: "/v1/webhooks/" + nobody + "/replay"}, want: admins(missing)},
		{call: call{path: "/v1/events?types=nothing.known"}, want: people(invalid)},
		{call: call{path: conversation + "/events"}, want: all(missing)},
		{call: call{body: `{"value":"quayside.example"}`, path: "/v1/channels/verify"}, want: all(free)},
		{call: call{path: "/v1/channels/registry"}, want: all(free)},
		{call: call{path: "/v1/channels"}, want: leads(free)},
		{call: call{body: `{"standing":"official","value":"two words"}`, path: "/v1/channels"}, want: leads(invalid)},
		{call: call{body: `{"notes":{}}`, method: http.MethodPut, path: "/v1/channels/999999"}, want: leads(missing)},
		{call: call{method: http.MethodDelete, path: "/v1/channels/999999"}, want: leads(missing)},
		{call: call{path: "/v1/incidents"}, want: leads(free)},
		{call: call{body: `{"intents":["no.such"],"texts":{"en":"x"}}`, path: "/v1/incidents"}, want: leads(invalid)},
		{call: call{body: `{"question":"x"}`, path: "/v1/incidents/preview"}, want: leads(free)},
		{call: call{path: "/v1/incidents/proposals"}, want: leads(free)},
		{call: call{method: http.MethodPost, path: "/v1/incidents/proposals/9/accept"}, want: leads(missing)},
		{call: call{method: http.MethodPost, path: "/v1/incidents/proposals/9/dismiss"}, want: leads(missing)},
		{call: call{path: "/v1/incidents/9"}, want: leads(missing)},
		{
			call: call{body: `{"version":1,"intents":["trading.fees"],"texts":{"en":"x"}}`, method: http.MethodPut, path: "/v1/incidents/9"},
			want: leads(missing),
		},
		{call: call{method: http.MethodPost, path: "/v1/incidents/9/end"}, want: leads(missing)},
		{call: call{method: http.MethodDelete, path: "/v1/incidents/9"}, want: leads(missing)},
		{call: call{path: "/healthz"}, half: free, want: public},
		{call: call{path: "/readyz"}, half: free, want: public},
		{call: call{path: "/metrics"}, half: free, want: public},
		{call: call{path: "/docs"}, half: free, want: public},
		{call: call{path: "/docs.css"}, half: free, want: public},
		{call: call{path: "/openapi.json"}, half: free, want: public},
		{call: call{path: "/openapi.yaml"}, half: free, want: public},
	}
}

// requireEveryRoute fails when a route was added and is not in the table above.
func requireEveryRoute(t *testing.T, routes []permissionRoute) {
	t.Helper()
	text, err := httpapi.OpenAPI()
	require.NoError(t, err)
	var described struct {
		Paths map[string]map[string]any `yaml:"paths"`
	}
	require.NoError(t, yaml.Unmarshal(text, &described))
	placeholder := regexp.MustCompile(`\\\{[a-z_]+\\\}`)
	for path, methods := range described.Paths {
		pattern := regexp.MustCompile("^" + placeholder.ReplaceAllString(regexp.QuoteMeta(path), `[^/?]+`) + `(\?.*)?$`)
		for method := range methods {
			found := false
			for _, route := range routes {
				found = found || strings.EqualFold(method, route.method()) && pattern.MatchString(route.call.path)
			}
			require.True(t, found, "no test says who may call %s %s", method, path)
		}
	}
}

// person adds somebody to the desk who logs in through the identity provider: no password has to be hashed.
func (s *system) person(t *testing.T, role access.Role) postgres.Agent {
	t.Helper()
	agent, err := s.store.AddAgent(t.Context(), postgres.NewAgent{
		Actor: "test", Email: uuid.NewString() + "@quayside.example", Name: string(role), Role: role,
	})
	require.NoError(t, err)
	return agent
}

// begin makes a session of a person, with or without the second factor proved, and returns its secret.
func (s *system) begin(t *testing.T, person postgres.Agent, proved *time.Time) string {
	t.Helper()
	secret := access.NewSecret()
	var id uuid.UUID
	require.NoError(t, s.row(`
		INSERT INTO sessions (id, agent_id, secret_hash, method, network, user_agent, factor_proved_at, created_at, seen_at, expires_at)
		VALUES (gen_random_uuid(), $1, $2, 'password', 'test', 'test', $3, now(), now(), now() + interval '1 hour') RETURNING id`,
		person.ID, access.Digest(secret), proved).Scan(&id))
	return secret
}

// as sends a call with a new session of a person whose log-in is complete.
func (s *system) as(t *testing.T, person postgres.Agent, c call) call {
	t.Helper()
	now := time.Now()
	return withSession(c, s.begin(t, person, &now))
}

// half sends a call with a session whose log-in lacks the second factor.
func (s *system) half(t *testing.T, person postgres.Agent, c call) call {
	t.Helper()
	enrolled := s.person(t, person.Role)
	var id uuid.UUID
	require.NoError(t, s.row(`UPDATE agents SET factor_secret = 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP', factor_enrolled_at = now() WHERE id = $1 RETURNING id`,
		enrolled.ID).Scan(&id))
	return withSession(c, s.begin(t, enrolled, nil))
}

// ended is a call with the cookie of a session that was logged out.
func (s *system) ended(t *testing.T, person postgres.Agent) call {
	t.Helper()
	c := s.as(t, person, call{method: http.MethodDelete, path: "/v1/session"})
	requireStatus(t, s.do(t, c), http.StatusNoContent)
	return c
}

func cookieOf(secret string) string { return "__Host-deskhand_session=" + secret }

// withSession adds what a page of ours sends with its session.
func withSession(c call, secret string) call {
	headers := map[string]string{"Cookie": cookieOf(secret), "X-CSRF-Token": access.CSRFToken(secret), "Origin": publicURL, "Sec-Fetch-Site": "same-origin"}
	maps.Copy(headers, c.headers)
	c.headers = headers
	return c
}

// requireForgeryRefused sends a call as a foreign page would make a browser send it.
func (s *system) requireForgeryRefused(t *testing.T, person postgres.Agent, c call) {
	t.Helper()
	for name, forge := range map[string]func(headers map[string]string){
		"no token":            func(h map[string]string) { delete(h, "X-CSRF-Token") },
		"a token made up":     func(h map[string]string) { h["X-CSRF-Token"] = access.CSRFToken("other") },
		"a foreign page":      func(h map[string]string) { h["Sec-Fetch-Site"] = "cross-site" },
		"a sister site":       func(h map[string]string) { h["Sec-Fetch-Site"] = "same-site" },
		"a foreign origin":    func(h map[string]string) { h["Origin"] = "https://evil.example" },
		"an origin without s": func(h map[string]string) { h["Origin"] = "http://example.com" },
		"a file":              func(h map[string]string) { h["Origin"] = "null" },
	} {
		forged := s.as(t, person, c)
		forge(forged.headers)
		r := s.do(t, forged)
		requireStatus(t, r, http.StatusForbidden)
		require.Contains(t, r.body, "request_forged", name)
	}
}
