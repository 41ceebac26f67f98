package httpapi_test

import (
	"encoding/json"
	"net/http"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant/httpapi"
)

// TestKillSwitchReachesEveryReplica is promise P10: two processes share nothing but the database, and nothing is cached.
func TestKillSwitchReachesEveryReplica(t *testing.T) {
	t.Parallel()

	one := newSystem(t, options{})
	other := newSystemOn(t, one.url, options{})
	other.widget = one.widget
	_, err := other.index.Register(t.Context())
	require.NoError(t, err)
	questions := map[string]string{"en": pending, "zh-Hans": "我的提币两个小时了还在处理中，怎么办？"}
	outcomes := func() map[string]string {
		ended := map[string]string{}
		for language, text := range questions {
			ended[language] = other.ask(t, text).Outcome
		}
		return ended
	}
	set := func(policy string) {
		t.Helper()
		read := decode[httpapi.PolicyInForce](t, one.do(t, call{key: one.lead, path: "/v1/policy"}), http.StatusOK)
		body := `{"policy":` + policy + `,"version":` + strconv.FormatInt(read.Version, 10) + `}`
		decode[httpapi.PolicyInForce](t, one.do(t, call{body: body, key: one.lead, method: http.MethodPut, path: "/v1/policy"}), http.StatusOK)
	}
	open := outcomes()
	require.Equal(t, map[string]string{"en": "answered", "zh-Hans": "answered"}, open)

	set(`{"auto_reply":false}`)
	require.Equal(t, map[string]string{"en": "handed_off", "zh-Hans": "handed_off"}, outcomes())
	set(`{"silent_languages":["zh-Hans"]}`)
	require.Equal(t, map[string]string{"en": "answered", "zh-Hans": "handed_off"}, outcomes())
	set(`{"silent_intents":["withdrawal.pending"]}`)
	require.Equal(t, map[string]string{"en": "handed_off", "zh-Hans": "handed_off"}, outcomes())
	set(`{}`)
	require.Equal(t, open, outcomes())
}

func TestPolicyIsSetFromTheVersionThatWasRead(t *testing.T) {
	t.Parallel()

	s := newSystem(t, options{})
	put := func(body string, headers map[string]string) reply {
		return s.do(t, call{body: body, headers: headers, key: s.lead, method: http.MethodPut, path: "/v1/policy"})
	}
	read := s.do(t, call{key: s.lead, path: "/v1/policy"})
	before := decode[httpapi.PolicyInForce](t, read, http.StatusOK)
	require.Equal(t, `"0"`, read.headers.Get("ETag"))
	require.Equal(t, "15m", before.Policy.FirstResponse["P1"])

	before.Policy.Rules = []httpapi.PolicyRule{{Channel: "email", Intent: "withdrawal.*", Mode: "suggest"}}
	encoded, err := json.Marshal(before)
	require.NoError(t, err)
	after := decode[httpapi.PolicyInForce](t, put(string(encoded), nil), http.StatusOK)
	require.Equal(t, before.Policy, after.Policy, "what was read may be sent back")
	require.Positive(t, after.Version)

	problem(t, put(string(encoded), nil), http.StatusConflict)
	problem(t, put(`{"policy":{}}`, map[string]string{"If-Match": `"0"`}), http.StatusConflict)
	for _, wrong := range []string{"", "7", `"x"`} {
		p := problem(t, put(`{"policy":{}}`, map[string]string{"If-Match": wrong}), http.StatusUnprocessableEntity)
		require.Equal(t, "version", p.Errors[0].Field)
	}
	etag := map[string]string{"If-Match": strconv.Quote(strconv.FormatInt(after.Version, 10))}
	for body, field := range map[string]string{
		`{"policy":{"rules":[{"intent":"withdrawl.*","mode":"never"}]}}`: "policy.rules[0].intent",
		`{"policy":{"silent_languages":["zh"]}}`:                         "policy.silent_languages[0]",
		`{"policy":{"first_response":{"P1":"soon"}}}`:                    "policy.first_response.P1",
		`{"policy":{"rules":[{"mode":"never"}]}}`:                        "policy.rules[0]",
	} {
		p := problem(t, put(body, etag), http.StatusUnprocessableEntity)
		require.Equal(t, field, p.Errors[0].Field, body)
	}
	decode[httpapi.PolicyInForce](t, put(`{"policy":{"shadow":true}}`, etag), http.StatusOK)
}
