package httpapi_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant/access"
	"github.com/deskhand/deskhand/assistant/httpapi"
	"github.com/deskhand/deskhand/assistant/webhook"
)

// badInput is a request that must change nothing, and what it is told.
type badInput struct {
	name   string
	call   call
	kind   string // of the problem: stable, for programs
	status int
}

// state is everything that a request may change, as one word. What a refused log-in leaves, its throttle, is not part of it.
func (s *system) state(t *testing.T) string {
	t.Helper()
	var state string
	require.NoError(t, s.row(`
		SELECT md5(concat_ws('|',
			(SELECT string_agg(t::text, ',' ORDER BY id) FROM tickets t), (SELECT string_agg(c::text, ',' ORDER BY id) FROM conversations c),
			(SELECT string_agg(m::text, ',' ORDER BY id) FROM messages m), (SELECT string_agg(d::text, ',' ORDER BY id) FROM drafts d),
			(SELECT string_agg(c::text, ',' ORDER BY id) FROM complaints c), (SELECT string_agg(a::text, ',' ORDER BY id) FROM agents a),
			(SELECT string_agg(k::text, ',' ORDER BY id) FROM api_keys k), (SELECT string_agg(p::text, ',' ORDER BY version) FROM desk_plans p),
			(SELECT string_agg(n::text, ',' ORDER BY id) FROM ticket_notes n), (SELECT count(*) FROM ticket_history),
			(SELECT count(*) FROM runs), (SELECT count(*) FROM identity_tokens), (SELECT count(*) FROM webhook_events),
			(SELECT count(*) FROM audit_log)))`).Scan(&state))
	return state
}

// TestBadInputIsAProblemAndChangesNothing is the list of what attackers and broken clients send.
func TestBadInputIsAProblemAndChangesNothing(t *testing.T) { //nolint:tparallel // one database, and each looks whether it changed
	t.Parallel()
	s := newSystem(t, options{})

	ticket := s.handedOff(t)
	o := s.site(t)
	used := o.token(t, "customer-42", nil)
	requireStatus(t, s.do(t, o.asks(pending, "", used)), http.StatusOK)
	admin := s.person(t, access.Admin)
	inputs := append(s.badTokens(t, o, used), s.badSessions(t)...)
	inputs = append(append(inputs, s.badTickets(ticket)...), badLists(s.agent, s.admin)...)
	long := strings.Repeat("x", 10_000)
	for name, c := range map[string]call{
		"agent":      s.as(t, admin, call{body: `{"email":"new@quayside.example","name":"` + long + `","role":"agent"}`, path: "/v1/agents"}),
		"e-mail":     s.as(t, admin, call{body: `{"email":"` + long + `@quayside.example","name":"New","role":"agent"}`, path: "/v1/agents"}),
		"key":        s.as(t, admin, call{body: `{"name":"` + long + `","role":"widget"}`, path: "/v1/keys"}),
		"tag":        {body: `{"version":1,"tags":["` + long + `"]}`, key: s.agent, path: "/v1/tickets/" + ticket.ID.String() + "/tags"},
		"queue":      {body: `{"version":1,"queue":"` + long + `"}`, key: s.agent, path: "/v1/tickets/" + ticket.ID.String() + "/move"},
		"regime":     {body: `{"ticket_id":"` + ticket.ID.String() + `","regime":"` + long + `"}`, key: s.agent, path: "/v1/complaints"},
		"channel":    {body: `{"channel":"` + long + `","message":{"body":"hi"}}`, key: s.widget, path: "/v1/answers"},
		"locale":     {body: `{"locale":"` + long + `","message":{"body":"hi"}}`, key: s.widget, path: "/v1/answers"},
		"question":   {body: question(long), key: s.widget, path: "/v1/answers"},
		"filter":     {key: s.agent, path: "/v1/tickets?tag=" + long[:5000]},
		"path":       {key: s.agent, path: "/v1/tickets/" + long[:5000]},
		"message id": {body: `{"message":{"body":"hi","id":"` + long + `"}}`, key: s.widget, path: "/v1/answers"},
	} {
		inputs = append(inputs, badInput{"long/" + name, c, "invalid", http.StatusUnprocessableEntity})
	}
	before := s.state(t)
	for _, input := range inputs {
		t.Run(input.name, func(t *testing.T) {
			r := s.do(t, input.call)
			require.Equal(t, input.status, r.status, r.body)
			require.Equal(t, "/docs#problem-"+input.kind, problem(t, r, input.status).Type)
			require.NotContains(t, r.body, long[:200])
			require.Equal(t, before, s.state(t), "nothing changed")
		})
	}
}

func (s *system) badTokens(t *testing.T, o site, used string) []badInput {
	t.Helper()
	stranger, other := site{key: o.key, secret: "another secret of forty characters or so", widget: o.widget}, s.site(t)
	parts := strings.Split(o.token(t, "customer-42", nil), ".")
	now := time.Now()
	var inputs []badInput
	for name, test := range map[string]struct{ kind, token string }{
		"expired":           {"customer_token_expired", o.token(t, "customer-42", jwt.MapClaims{"exp": now.Add(-time.Minute).Unix()})},
		"forged":            {"customer_token_invalid", stranger.token(t, "customer-42", nil)},
		"of no algorithm":   {"customer_token_invalid", "eyJhbGciOiJub25lIn0." + parts[1] + "."},
		"other claims":      {"customer_token_invalid", parts[0] + "." + base64.RawURLEncoding.EncodeToString([]byte(`{"sub":"admin"}`)) + "." + parts[2]},
		"swapped":           {"customer_token_invalid", other.token(t, "customer-42", nil)},
		"replayed":          {"customer_token_reused", used},
		"good for too long": {"customer_token_invalid", o.token(t, "customer-42", jwt.MapClaims{"exp": now.Add(time.Hour).Unix()})},
		"from the future":   {"customer_token_invalid", o.token(t, "customer-42", jwt.MapClaims{"iat": now.Add(2 * time.Minute).Unix()})},
		"without a name":    {"customer_token_invalid", o.token(t, "", nil)},
		"without an id":     {"customer_token_invalid", o.token(t, "customer-42", jwt.MapClaims{"jti": ""})},
		"a long name":       {"customer_token_invalid", o.token(t, strings.Repeat("x", 2000), nil)},
	} {
		inputs = append(inputs, badInput{"token/" + name, o.asks(pending, "", test.token), test.kind, http.StatusUnauthorized})
	}
	return inputs
}

func (s *system) badSessions(t *testing.T) []badInput {
	t.Helper()
	lead := s.person(t, access.Lead)
	ended := s.ended(t, lead)
	forged := s.as(t, lead, call{body: `{"source":"lease: 5m","version":0}`, method: http.MethodPut, path: "/v1/desk"})
	forged.headers["X-CSRF-Token"] = access.CSRFToken("other")
	foreign := s.as(t, lead, call{body: `{"source":"lease: 5m","version":0}`, method: http.MethodPut, path: "/v1/desk"})
	foreign.headers["Origin"], foreign.headers["Sec-Fetch-Site"] = "https://evil.example", "cross-site"
	return []badInput{
		{"cookie/after the log-out", call{headers: ended.headers, path: "/v1/tickets"}, "unauthorized", http.StatusUnauthorized},
		{"cookie/made up", call{headers: map[string]string{"Cookie": cookieOf(access.NewSecret())}, path: "/v1/tickets"}, "unauthorized", http.StatusUnauthorized},
		{"CSRF/another token", forged, "request_forged", http.StatusForbidden},
		{"CSRF/a foreign page", foreign, "request_forged", http.StatusForbidden},
		{"key/a widget's on an agent's route", call{key: s.widget, path: "/v1/tickets"}, "forbidden", http.StatusForbidden},
		{"key/an agent's on a lead's route", call{key: s.agent, path: "/v1/stats"}, "forbidden", http.StatusForbidden},
		{"key/revoked", call{key: s.revoked, path: "/v1/tickets"}, "unauthorized", http.StatusUnauthorized},
		{"key/for what needs a person", call{key: s.admin, path: "/v1/agents"}, "session_required", http.StatusForbidden},
	}
}

func (s *system) badTickets(ticket httpapi.Ticket) []badInput {
	path := "/v1/tickets/" + ticket.ID.String()
	step := func(name, fields string, version int32) call {
		return call{body: fmt.Sprintf(`{"version":%d%s}`, version, fields), key: s.agent, path: path + "/" + name}
	}
	v, stale := ticket.Version, ticket.Version+1
	conflict, invalid := http.StatusConflict, http.StatusUnprocessableEntity
	return []badInput{
		{"transition/reopen an open one", step("reopen", `,"reason":"x"`, v), "conflict", conflict},
		{"transition/resume an open one", step("resume", "", v), "conflict", conflict},
		{"transition/hold an open one", step("hold", `,"reason":"x"`, v), "conflict", conflict},
		{"transition/resolve an open one", step("resolve", "", v), "conflict", conflict},
		{"transition/release an open one", step("release", "", v), "conflict", conflict},
		{"transition/reply unclaimed", step("reply", `,"action":"write","body":"hi"`, v), "conflict", conflict},
		{"transition/merge with itself", step("merge", `,"reason":"x","into":"`+ticket.ID.String()+`"`, v), "invalid", invalid},
		{"version/claim", step("claim", "", stale), "conflict", conflict},
		{"version/tags", step("tags", `,"tags":["vip"]`, stale), "conflict", conflict},
		{"version/escalate", step("escalate", `,"reason":"x"`, stale), "conflict", conflict},
		{"version/zero", step("claim", "", 0), "invalid", invalid},
		{"field/an unknown one", step("claim", `,"force":true`, v), "invalid", invalid},
		{"field/a queue that is not", step("move", `,"queue":"nowhere"`, v), "invalid", invalid},
		{"field/an agent who is not", step("assign", `,"agent_id":"`+nobody+`"`, v), "invalid", invalid},
		{"field/a hold into the past", step("hold", `,"reason":"x","until":"2020-01-01T00:00:00Z"`, v), "invalid", invalid},
		{"field/U+0000", step("escalate", `,"reason":"\u0000"`, v), "invalid", invalid},
		{"field/no reason", step("escalate", `,"reason":"   "`, v), "invalid", invalid},
		{"plan/a stale version", call{body: `{"source":"lease: 5m","version":7}`, key: s.lead, method: http.MethodPut, path: "/v1/desk"}, "conflict", conflict},
	}
}

func badLists(agent, admin string) []badInput {
	cursor := func(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }
	var inputs []badInput
	for name, value := range map[string]string{
		"nonsense":      "nonsense!",
		"another time":  cursor(`{"i":"` + nobody + `","p":"P1","r":"yesterday"}`),
		"another field": cursor(`{"i":"` + nobody + `","p":"P1","r":"2026-01-01T00:00:00Z","x":1}`),
		"SQL":           cursor(`{"i":"` + nobody + `","p":"P1' OR true --","r":"2026-01-01T00:00:00Z"} `),
		"empty":         cursor(`{}`),
	} {
		inputs = append(inputs, badInput{"cursor/" + name, call{key: agent, path: "/v1/tickets?cursor=" + value}, "bad_request", http.StatusBadRequest})
	}
	return append(inputs,
		badInput{"filter/SQL", call{key: agent, path: "/v1/tickets?intent=x'%20OR%20true"}, "invalid", http.StatusUnprocessableEntity},
		badInput{"filter/a status that is not", call{key: admin, path: "/v1/webhooks/deliveries?status=lost"}, "invalid", http.StatusUnprocessableEntity},
		badInput{"filter/an unknown one", call{key: admin, path: "/v1/webhooks/deliveries?state=dead"}, "invalid", http.StatusUnprocessableEntity})
}

func TestChatKnowsItsCustomerByTheToken(t *testing.T) {
	t.Parallel()
	s := newSystem(t, options{})
	o := s.site(t)
	ask := func(fields map[string]any, header string) reply {
		c := call{body: chatBody(t, pending, fields), key: o.widget, path: chatPath}
		if header != "" {
			c.headers = map[string]string{"X-Customer-Token": header}
		}
		return s.do(t, c)
	}
	extension := func(token string) map[string]any {
		return map[string]any{"deskhand": map[string]any{"customer": map[string]any{"token": token}}}
	}
	first := decode[httpapi.ChatCompletion](t, ask(extension(o.token(t, "customer-42", nil)), ""), http.StatusOK)
	conversation := first.Deskhand.ConversationID.String()
	var ref string
	require.NoError(t, s.row(`SELECT customer_ref FROM conversations WHERE id = $1`, conversation).Scan(&ref))
	require.Equal(t, "customer-42", ref)

	on := map[string]any{"metadata": map[string]any{"conversation_id": conversation}}
	for name, test := range map[string]struct {
		token, code string
		status      int
	}{
		"TheSameCustomer": {o.token(t, "customer-42", nil), "", http.StatusOK},
		"Another":         {o.token(t, "customer-43", nil), "not_found", http.StatusNotFound},
		"Nobody":          {"", "not_found", http.StatusNotFound},
		"Expired":         {o.token(t, "customer-42", jwt.MapClaims{"exp": time.Now().Add(-time.Minute).Unix()}), "customer_token_expired", http.StatusUnauthorized},
		"Nonsense":        {"nonsense", "customer_token_invalid", http.StatusUnauthorized},
	} {
		r := ask(on, test.token)
		if test.code == "" {
			require.Equal(t, test.status, r.status, name)
			continue
		}
		require.Equal(t, test.code, chatRefusal(t, r, test.status).Code, name)
	}
	claimed := decode[httpapi.ChatCompletion](t, ask(map[string]any{"user": "customer-42"}, ""), http.StatusOK)
	require.NoError(t, s.row(`SELECT coalesce(customer_ref, '') FROM conversations WHERE id = $1`, claimed.Deskhand.ConversationID).Scan(&ref))
	require.Empty(t, ref, "the field user says nothing of who asks")
	require.Equal(t, "deskhand.customer.token", chatRefusal(t, ask(extension(""), ""), http.StatusBadRequest).Param)
}

func TestDeadDeliveriesAreListedAndReplayed(t *testing.T) {
	t.Parallel()
	s := newSystem(t, options{})
	endpoint, err := s.store.AddEndpoint(t.Context(), webhook.Endpoint{Events: []webhook.Type{webhook.TicketOpened}, URL: "https://hooks.example.com/"}, "test")
	require.NoError(t, err)
	s.handedOff(t)
	var id uuid.UUID
	require.NoError(t, s.row(`UPDATE webhook_deliveries SET status = 'dead', next_at = NULL, last_problem = 'gone' RETURNING id`).Scan(&id))

	listed := decode[httpapi.EndpointList](t, s.do(t, call{key: s.admin, path: "/v1/webhooks"}), http.StatusOK)
	require.Equal(t, 1, listed.Endpoints[0].Dead)
	dead := func() []httpapi.Delivery {
		r := s.do(t, call{key: s.admin, path: "/v1/webhooks/deliveries?status=dead&endpoint_id=" + endpoint.ID.String()})
		require.NotContains(t, r.body, string(endpoint.Secret))
		return decode[httpapi.DeliveryList](t, r, http.StatusOK).Deliveries
	}
	require.Equal(t, id, dead()[0].ID)
	require.Equal(t, "gone", dead()[0].LastProblem)
	replay := call{key: s.admin, method: http.MethodPost, path: "/v1/webhooks/deliveries/" + id.String() + "/replay"}
	require.Equal(t, 1, decode[httpapi.Replayed](t, s.do(t, replay), http.StatusOK).Replayed)
	problem(t, s.do(t, replay), http.StatusConflict) // it is pending again
	require.Empty(t, dead())
	all := call{key: s.admin, method: http.MethodPost, path: "/v1/webhooks/" + endpoint.ID.String() + "/replay"}
	require.Equal(t, 0, decode[httpapi.Replayed](t, s.do(t, all), http.StatusOK).Replayed)
}
