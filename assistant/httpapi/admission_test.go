package httpapi_test

import (
	"bufio"
	"context"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant/admission"
	"github.com/deskhand/deskhand/assistant/httpapi"
	"github.com/deskhand/deskhand/retrieval"
)

// one is a rate that takes one question in a test's time.
var one = admission.Rate{Burst: 1, PerSecond: 0.001} //nolint:gochecknoglobals // a constant

// crowd are an ordinary and a dangerous message in the languages that every promise is tested in.
var crowd = map[string]struct{ ordinary, danger string }{ //nolint:gochecknoglobals // a table
	"en":      {pending, hacked},
	"zh-Hans": {"提币两个小时了还没到账,怎么办?", "有人登录了我的账户,把我的比特币转走了"},
	"ar":      {"سحبي معلق منذ ساعتين، ماذا أفعل؟", "شخص ما دخل حسابي وسحب البيتكوين الخاص بي"},
}

func stored(t *testing.T, s *system) int {
	t.Helper()
	var questions int
	require.NoError(t, s.row(`SELECT count(*) FROM messages WHERE author = 'customer'`).Scan(&questions))
	return questions
}

func from(address string) map[string]string { return map[string]string{"X-Forwarded-For": address} }

func TestBeyondALimitDangerStillReachesAPersonAndOthersAreToldWhenToComeBack(t *testing.T) {
	t.Parallel()
	for _, limit := range []struct {
		name   string
		limits admission.Config
		kind   string
		status int
	}{
		{"Visitor", admission.Config{Visitor: one}, "rate_limited", http.StatusTooManyRequests},
		{"Key", admission.Config{Key: one}, "rate_limited", http.StatusTooManyRequests},
		{"Total", admission.Config{Total: one}, "overloaded", http.StatusServiceUnavailable},
	} {
		t.Run(limit.name, func(t *testing.T) {
			t.Parallel()
			s := newSystem(t, options{limits: limit.limits})
			send := func(text string, headers map[string]string) reply {
				return s.do(t, call{body: question(text), headers: headers, key: s.widget, path: "/v1/answers"})
			}
			public := from("203.0.113.7")
			require.Equal(t, http.StatusOK, send(pending, public).status)

			for language, texts := range crowd {
				before := stored(t, s)
				for _, headers := range []map[string]string{public, {"Accept": "text/event-stream", "X-Forwarded-For": "203.0.113.7"}} {
					r := send(texts.ordinary, headers)
					p := problem(t, r, limit.status)
					require.Equal(t, "/docs#problem-"+limit.kind, p.Type)
					require.Contains(t, p.Detail, "not stored")
					seconds, err := strconv.Atoi(r.headers.Get("Retry-After"))
					require.NoError(t, err)
					require.Positive(t, seconds)
				}
				require.Equal(t, before, stored(t, s), "what is refused is not kept, and the caller knows it")

				answer := decode[httpapi.AnswerResponse](t, send(texts.danger, public), http.StatusOK)
				require.Equal(t, "handed_off", answer.Outcome, language)
				require.Equal(t, language, answer.Reply.Language)
				require.NotNil(t, answer.Ticket)
				require.Equal(t, before+1, stored(t, s))
			}
			metrics := s.do(t, call{path: "/metrics"}).body
			require.Contains(t, metrics, `deskhand_admissions_total{result="admitted"} 1`+"\n")
			require.Contains(t, metrics, `deskhand_admissions_total{result="urgent"} 3`+"\n")
			require.Contains(t, metrics, `deskhand_admissions_total{result="refused_`+strings.ToLower(limit.name)+`"} 6`+"\n")
		})
	}
}

func TestVisitorIsANetworkOnTheInternet(t *testing.T) {
	t.Parallel()
	s := newSystem(t, options{limits: admission.Config{Visitor: one}})
	status := func(address string) int {
		return s.do(t, call{body: question(pending), headers: from(address), key: s.widget, path: "/v1/answers"}).status
	}

	require.Equal(t, http.StatusOK, status("203.0.113.7"))
	require.Equal(t, http.StatusTooManyRequests, status("203.0.113.7"))
	require.Equal(t, http.StatusOK, status("203.0.113.8"))
	require.Equal(t, http.StatusOK, status("2001:db8:1:1::1"))
	require.Equal(t, http.StatusTooManyRequests, status("2001:db8:1:1:ffff::2"), "a /64 is one visitor")
	for range 3 {
		require.Equal(t, http.StatusOK, status("10.1.2.3"), "an unnamed proxy is not a visitor")
	}
	var names int
	require.NoError(t, s.row(`SELECT count(*) FROM admission_buckets WHERE encode(name, 'escape') LIKE '%203.0.113%'`).Scan(&names))
	require.Zero(t, names, "no address is kept")
}

func TestCallForAPersonIsHeldBackByNoRate(t *testing.T) {
	t.Parallel()
	s := newSystem(t, options{limits: admission.Config{Key: one, Total: one}})

	answer := s.ask(t, pending)
	r := s.do(t, call{
		key: s.widget, method: http.MethodPost, path: "/v1/conversations/" + answer.ConversationID.String() + "/handoff",
	})
	require.Equal(t, "handed_off", decode[httpapi.AnswerResponse](t, r, http.StatusOK).Outcome)
}

func TestChatProtocolTellsOfALimitInItsOwnShape(t *testing.T) {
	t.Parallel()
	s := newSystem(t, options{limits: admission.Config{Key: one}})

	body := `{"model":"deskhand","messages":[{"role":"user","content":"` + pending + `"}]}`
	require.Equal(t, http.StatusOK, s.do(t, call{body: body, key: s.widget, path: "/v1/chat/completions"}).status)
	r := s.do(t, call{body: body, key: s.widget, path: "/v1/chat/completions"})
	require.Equal(t, http.StatusTooManyRequests, r.status)
	require.NotEmpty(t, r.headers.Get("Retry-After"))
	require.Contains(t, r.body, `"type":"rate_limit_error"`)
}

func TestFullReplicaRefusesAtOnceAndTakesQuestionsAgainWhenOneHasEnded(t *testing.T) {
	t.Parallel()
	searching, goOn := make(chan struct{}, 10), make(chan struct{})
	s := newSystem(t, options{
		limits: admission.Config{Places: 1},
		search: func(context.Context, retrieval.Query) (retrieval.Results, error) {
			searching <- struct{}{}
			<-goOn
			return retrieval.Results{}, nil
		},
	})
	address := s.listen(t)
	first := s.open(t, address, pending)
	defer first.Body.Close()
	<-searching

	r := s.do(t, call{body: question(pending), key: s.widget, path: "/v1/answers"})
	require.Equal(t, "/docs#problem-overloaded", problem(t, r, http.StatusServiceUnavailable).Type)
	require.Equal(t, "2", r.headers.Get("Retry-After"))
	for language, texts := range crowd {
		require.Equal(t, "handed_off", s.ask(t, texts.danger).Outcome, language)
	}
	require.Contains(t, s.do(t, call{path: "/metrics"}).body, `deskhand_questions_in_flight{place="ordinary"} 1`+"\n")

	close(goOn)
	lines := bufio.NewScanner(first.Body)
	for lines.Scan() && lines.Text() != "event: answer" {
	}
	require.Equal(t, http.StatusOK, s.do(t, call{body: question(pending), key: s.widget, path: "/v1/answers"}).status)
}

// open asks for a stream over a connection of its own.
func (s *system) open(t *testing.T, address, text string) *http.Response {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+address+"/v1/answers", strings.NewReader(question(text)))
	require.NoError(t, err)
	request.Header.Set("Accept", "text/event-stream")
	request.Header.Set("Authorization", "Bearer "+s.widget)
	request.Header.Set("Content-Type", "application/json")
	response, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(request)
	require.NoError(t, err)
	return response
}
