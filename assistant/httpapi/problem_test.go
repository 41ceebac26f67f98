package httpapi_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant/httpapi"
)

// nobody is the id of nothing.
const nobody = "01890000-0000-7000-8000-000000000000"

// marker stands for what a caller must never see again, and the log never at all.
const marker = "correct-horse-battery"

func TestBadRequestIsAProblemThatNamesTheFieldAndRepeatsNothing(t *testing.T) {
	t.Parallel()
	s := newSystem(t, options{})

	const asking = "/v1/answers"
	const rating = "/v1/conversations/" + nobody + "/feedback"
	const greeting = `"message":{"body":"hi"}`
	for _, test := range []struct {
		name   string
		call   call
		kind   string
		status int
		fields []string
	}{
		{"unknown route", call{path: "/" + marker}, "not_found", http.StatusNotFound, nil},
		{"route below a known one", call{path: "/v1/answers/" + marker}, "not_found", http.StatusNotFound, nil},
		{"wrong method", call{method: http.MethodDelete, path: asking}, "method_not_allowed", http.StatusMethodNotAllowed, nil},
		{"unknown method", call{method: "CORRECT", path: asking}, "method_not_allowed", http.StatusMethodNotAllowed, nil},
		{"no body", call{method: http.MethodPost, path: asking}, "bad_request", http.StatusBadRequest, nil},
		{"broken JSON", call{body: `{"message":"` + marker, path: asking}, "bad_request", http.StatusBadRequest, nil},
		{"no JSON", call{body: marker, path: asking}, "bad_request", http.StatusBadRequest, nil},
		{
			"other media type",
			call{body: marker, headers: map[string]string{"Content-Type": "text/plain"}, path: asking},
			"unsupported_media_type", http.StatusUnsupportedMediaType, nil,
		},
		{"no object", call{body: `["` + marker + `"]`, path: asking}, "invalid", http.StatusUnprocessableEntity, []string{"body"}},
		{"missing field", call{body: `{}`, path: asking}, "invalid", http.StatusUnprocessableEntity, []string{"message"}},
		{
			"missing inner field",
			call{body: `{"message":{}}`, path: asking},
			"invalid", http.StatusUnprocessableEntity,
			[]string{"message.body"},
		},
		{"empty text", call{body: question(""), path: asking}, "invalid", http.StatusUnprocessableEntity, []string{"message.body"}},
		{
			"text that is none",
			call{body: `{"message":{"body":{"` + marker + `":1}}}`, path: asking},
			"invalid", http.StatusUnprocessableEntity,
			[]string{"message.body"},
		},
		{
			"text that is too long",
			call{body: question(strings.Repeat(marker, 500)), path: asking},
			"invalid", http.StatusUnprocessableEntity,
			[]string{"message.body"},
		},
		{
			"text with a NUL",
			call{body: question("\x00" + marker), path: asking},
			"invalid", http.StatusUnprocessableEntity,
			[]string{"message.body"},
		},
		{
			"unknown field",
			call{body: `{` + greeting + `,"client":{"token":"` + marker + `"}}`, path: asking},
			"invalid", http.StatusUnprocessableEntity,
			[]string{"client"},
		},
		{
			"unknown field whose name is a sentence",
			call{body: `{` + greeting + `,"my seed is ` + marker + `":1}`, path: asking},
			"invalid", http.StatusUnprocessableEntity,
			[]string{"body"},
		},
		{
			"conversation that is no UUID",
			call{body: `{` + greeting + `,"conversation_id":"` + marker + `"}`, path: asking},
			"invalid", http.StatusUnprocessableEntity,
			[]string{"conversation_id"},
		},
		{
			"conversation of nobody",
			call{body: `{` + greeting + `,"conversation_id":"` + nobody + `"}`, path: asking},
			"not_found", http.StatusNotFound,
			[]string{"conversation_id"},
		},
		{
			"locale that is no tag",
			call{body: `{` + greeting + `,"locale":"` + marker + `!"}`, path: asking},
			"invalid", http.StatusUnprocessableEntity,
			[]string{"locale"},
		},
		{
			"channel that is none",
			call{body: `{` + greeting + `,"channel":"` + marker + `"}`, path: asking},
			"invalid", http.StatusUnprocessableEntity,
			[]string{"channel"},
		},
		{
			"idempotency key with a space",
			call{body: question("hi"), headers: map[string]string{"Idempotency-Key": "a " + marker}, path: asking},
			"invalid", http.StatusUnprocessableEntity,
			[]string{"Idempotency-Key"},
		},
		{
			"two bad fields",
			call{body: `{"message":{"body":""},"locale":"!"}`, path: asking},
			"invalid", http.StatusUnprocessableEntity,
			[]string{"locale", "message.body"},
		},
		{"path that is no UUID", call{path: "/v1/conversations/" + marker}, "invalid", http.StatusUnprocessableEntity, []string{"id"}},
		{"path of nobody", call{path: "/v1/conversations/" + nobody}, "not_found", http.StatusNotFound, nil},
		{"rating off the scale", call{body: `{"rating":9}`, path: rating}, "invalid", http.StatusUnprocessableEntity, []string{"rating"}},
		{
			"rating that is no whole number",
			call{body: `{"rating":4.5}`, path: rating},
			"invalid", http.StatusUnprocessableEntity,
			[]string{"rating"},
		},
		{
			"comment with a NUL",
			call{body: `{"rating":4,"comment":"\u0000"}`, path: rating},
			"invalid", http.StatusUnprocessableEntity,
			[]string{"comment"},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()

			test.call.key = s.widget
			r := s.do(t, test.call)
			p := problem(t, r, test.status)
			require.Equal(t, "/docs#problem-"+test.kind, p.Type)
			require.ElementsMatch(t, test.fields, fieldsOf(p))
			require.NotContains(t, r.body, marker)
		})
	}
	t.Cleanup(func() { require.NotContains(t, s.log.String(), marker) })
}

func TestWrongMethodNamesTheRightOnes(t *testing.T) {
	t.Parallel()
	s := newSystem(t, options{})

	r := s.do(t, call{method: http.MethodPut, path: "/v1/answers"})
	require.Contains(t, r.headers.Get("Allow"), http.MethodPost)
}

func TestRequestBeyondTheLimitsIsRefused(t *testing.T) {
	t.Parallel()
	s := newSystem(t, options{})
	address := s.listen(t)

	for _, test := range []struct {
		name, request, kind string
		status              int
	}{
		{"Body", "POST /v1/answers HTTP/1.1\r\nHost: x\r\nContent-Length: 65537\r\n\r\n", "too_large", http.StatusRequestEntityTooLarge},
		{
			"Headers", "GET /healthz HTTP/1.1\r\nHost: x\r\nX-Long: " + strings.Repeat("x", 8<<10) + "\r\n\r\n",
			"headers_too_large", http.StatusRequestHeaderFieldsTooLarge,
		},
		{"NoHTTP", marker + "\r\n\r\n", "bad_request", http.StatusBadRequest},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()

			connection, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", address)
			require.NoError(t, err)
			defer connection.Close()
			_, err = connection.Write([]byte(test.request))
			require.NoError(t, err)
			response, err := http.ReadResponse(bufio.NewReader(connection), nil)
			require.NoError(t, err)
			defer response.Body.Close()
			body, err := io.ReadAll(response.Body)
			require.NoError(t, err)
			p := problem(t, reply{body: string(body), headers: response.Header, status: response.StatusCode}, test.status)
			require.Equal(t, "/docs#problem-"+test.kind, p.Type)
			require.Equal(t, "nosniff", response.Header.Get("X-Content-Type-Options"))
			require.NotContains(t, string(body), marker)
		})
	}

	t.Run("LargestReplyOfAnAgentFits", func(t *testing.T) {
		t.Parallel()

		body := `{"action":"write","version":1,"body":"` + strings.Repeat("是", 20000) + `"}`
		problem(t, s.do(t, call{body: body, key: s.agent, path: "/v1/tickets/" + nobody + "/reply"}), http.StatusNotFound)
	})
}

func TestOutageOfTheDatabaseIsAProblemThatPasses(t *testing.T) {
	t.Parallel()
	s := newSystemOn(t, nowhere, options{})

	for _, c := range []call{
		{body: question(pending), path: "/v1/answers"},
		{path: "/v1/conversations/" + nobody},
		{path: "/v1/tickets"},
	} {
		t.Run(c.path, func(t *testing.T) {
			t.Parallel()

			c.key = "dh_widget_any"
			r := s.do(t, c)
			p := problem(t, r, http.StatusServiceUnavailable)
			require.Equal(t, "/docs#problem-unavailable", p.Type)
			require.Equal(t, "5", r.headers.Get("Retry-After"))
			require.NotContains(t, r.body, "127.0.0.1")
		})
	}

	t.Run("ReadinessNamesWhatIsMissing", func(t *testing.T) {
		t.Parallel()

		r := s.do(t, call{path: "/readyz"})
		p := problem(t, r, http.StatusServiceUnavailable)
		require.Equal(t, "/docs#problem-not_ready", p.Type)
		require.Equal(t, []string{"database", "schema"}, fieldsOf(p))
		require.NotContains(t, r.body, "127.0.0.1")
	})

	t.Run("HealthAndMetricsAnswer", func(t *testing.T) {
		t.Parallel()

		health := decode[httpapi.Health](t, s.do(t, call{path: "/healthz"}), http.StatusOK)
		require.Equal(t, httpapi.Health{Status: "ok", Version: "test"}, health)
		require.Equal(t, http.StatusOK, s.do(t, call{path: "/metrics"}).status)
	})
}

func TestReadinessTellsTheVersionOfTheKnowledgeBase(t *testing.T) {
	t.Parallel()
	s := newSystem(t, options{})

	ready := decode[httpapi.Readiness](t, s.do(t, call{path: "/readyz"}), http.StatusOK)
	require.Equal(t, "ready", ready.Status)
	require.Positive(t, ready.KBVersion)
	require.Empty(t, ready.Warnings)
}

func TestReadinessWarnsOfAConfidenceThatWasFittedForSomethingElse(t *testing.T) {
	t.Parallel()
	s := newSystem(t, options{})
	s.pipeline.Confidence.Basis.Embedder, s.pipeline.Confidence.Basis.Taxonomy = "another", "another"

	ready := decode[httpapi.Readiness](t, s.do(t, call{path: "/readyz"}), http.StatusOK)
	require.Equal(t, "ready", ready.Status)
	require.Len(t, ready.Warnings, 1)
	require.Equal(t, "confidence", ready.Warnings[0].Field)
	require.Contains(t, ready.Warnings[0].Message, "another embedder, taxonomy:")
	require.Contains(t, ready.Warnings[0].Message, "0.95")
}

func TestEveryAnswerCarriesTheSecurityHeaders(t *testing.T) {
	t.Parallel()
	s := newSystem(t, options{})

	for _, c := range []call{
		{path: "/healthz"},
		{path: "/docs"},
		{path: "/nowhere"},
		{method: "CORRECT", path: "/healthz"},
		{path: "/v1/tickets"},
		{body: question(pending), key: s.widget, path: "/v1/answers"},
		{body: question(pending), headers: eventStream(), key: s.widget, path: "/v1/answers"},
	} {
		t.Run(c.method+c.path, func(t *testing.T) {
			t.Parallel()

			r := s.do(t, c)
			require.Equal(t, "nosniff", r.headers.Get("X-Content-Type-Options"))
			require.Equal(t, "no-store", r.headers.Get("Cache-Control"))
			require.Equal(t, "no-referrer", r.headers.Get("Referrer-Policy"))
			require.Contains(t, r.headers.Get("Content-Security-Policy"), "default-src 'none'")
			require.NotEmpty(t, r.requestID())
		})
	}
}

func TestRequestIDIsEchoedOnlyWhenItIsSafeToLog(t *testing.T) {
	t.Parallel()
	s := newSystem(t, options{})

	for _, test := range []struct {
		given  string
		echoed bool
	}{
		{"abc-123_DEF.4", true},
		{strings.Repeat("a", 64), true},
		{strings.Repeat("a", 65), false},
		{"two words", false},
		{`quote"`, false},
		{"", false},
	} {
		t.Run(test.given, func(t *testing.T) {
			t.Parallel()

			got := s.do(t, call{headers: map[string]string{"X-Request-Id": test.given}, path: "/healthz"}).requestID()
			require.NotEmpty(t, got)
			require.Equal(t, test.echoed, got == test.given)
		})
	}
}

func TestLogHasALineForARequestAndNothingThatItCarried(t *testing.T) {
	t.Parallel()
	s := newSystem(t, options{})

	s.do(t, call{body: question(marker), headers: map[string]string{"X-Request-Id": "one"}, key: s.widget, path: "/v1/answers"})
	line := s.log.await(t, `"request_id":"one"`)
	for _, part := range []string{`"method":"POST"`, `"route":"/v1/answers"`, `"status":200`, `"duration_ms":`, `"key_id":"`} {
		require.Contains(t, line, part)
	}
	s.do(t, call{headers: map[string]string{"X-Request-Id": "two"}, key: s.agent, path: "/v1/tickets?intent=" + marker})
	line = s.log.await(t, `"request_id":"two"`)
	require.Contains(t, line, `"problem":"invalid"`)
	require.NotContains(t, s.log.String(), marker)
	require.NotContains(t, s.log.String(), s.widget)
}

func TestMetricsCountByRouteAndDoNotGrowWithPaths(t *testing.T) {
	t.Parallel()
	s := newSystem(t, options{})

	s.ask(t, pending)
	s.ask(t, hacked)
	for _, path := range []string{"/a", "/b", "/v1/nothing", "/v1/conversations/" + time.Now().Format("150405")} {
		s.do(t, call{path: path})
	}
	metrics := s.do(t, call{path: "/metrics"}).body
	for _, line := range []string{
		`deskhand_build_info{version="test"} 1`,
		`deskhand_http_answers_total{outcome="answered"} 1`,
		`deskhand_http_answers_total{outcome="handed_off"} 1`,
		`deskhand_http_request_duration_seconds_count{method="POST",route="/v1/answers"} 2`,
		`deskhand_http_requests_in_flight 1`,
		`deskhand_http_requests_total{method="GET",route="/v1/conversations/:id",status="401"} 1`,
		`deskhand_http_requests_total{method="GET",route="unmatched",status="404"} 3`,
		`deskhand_http_requests_total{method="POST",route="/v1/answers",status="200"} 2`,
	} {
		require.Contains(t, metrics, line+"\n")
	}
}

func fieldsOf(p httpapi.Problem) []string {
	var fields []string
	for _, e := range p.Errors {
		fields = append(fields, e.Field)
	}
	return fields
}
