package httpapi_test

import (
	"bufio"
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant/httpapi"
	"github.com/deskhand/deskhand/retrieval"
)

func eventStream() map[string]string { return map[string]string{"Accept": "text/event-stream"} }

func TestStreamTellsProgressAndEndsInTheAnswer(t *testing.T) {
	t.Parallel()
	s := newSystem(t, options{})

	r := s.do(t, call{body: question(pending), headers: eventStream(), key: s.widget, path: "/v1/answers"})
	require.Equal(t, http.StatusOK, r.status)
	require.Equal(t, "text/event-stream", r.headers.Get("Content-Type"))
	events := strings.Split(strings.TrimSpace(r.body), "\n\n")
	require.Equal(t, []string{
		"event: progress\ndata: {\"stage\":\"reading\"}",
		"event: progress\ndata: {\"stage\":\"searching\"}",
		"event: progress\ndata: {\"stage\":\"writing\"}",
		"event: progress\ndata: {\"stage\":\"checking\"}",
	}, events[:len(events)-1])
	last, found := strings.CutPrefix(events[len(events)-1], "event: answer\ndata: ")
	require.True(t, found)
	answer := decode[httpapi.AnswerResponse](t, reply{body: last, status: r.status}, http.StatusOK)
	require.Equal(t, "answered", answer.Outcome)
	require.Equal(t, "withdrawal-pending", answer.Reply.Citations[0].Slug)
	require.Contains(t, s.log.await(t, `"route":"/v1/answers"`), `"status":200`)
}

func TestStreamThatIsRefusedAtOnceHasTheStatusOfItsProblem(t *testing.T) {
	t.Parallel()
	s := newSystem(t, options{})

	body := `{"message":{"body":"hi"},"conversation_id":"` + nobody + `"}`
	problem(t, s.do(t, call{body: body, headers: eventStream(), key: s.widget, path: "/v1/answers"}), http.StatusNotFound)
}

func TestQuestionIsFinishedWhenItsCustomerLeaves(t *testing.T) {
	t.Parallel()
	searching, left := make(chan struct{}), make(chan struct{})
	s := newSystem(t, options{search: func(ctx context.Context, _ retrieval.Query) (retrieval.Results, error) {
		close(searching)
		<-left // a customer who leaves does not end it
		return retrieval.Results{}, ctx.Err()
	}})
	address := s.listen(t)

	leaving, leave := context.WithCancel(t.Context())
	url := "http://" + address + "/v1/answers"
	request, err := http.NewRequestWithContext(leaving, http.MethodPost, url, strings.NewReader(question(pending)))
	require.NoError(t, err)
	request.Header.Set("Accept", "text/event-stream")
	request.Header.Set("Authorization", "Bearer "+s.widget)
	request.Header.Set("Content-Type", "application/json")
	transport := &http.Transport{}
	response, err := transport.RoundTrip(request)
	require.NoError(t, err)
	line, err := bufio.NewReader(response.Body).ReadString('\n')
	require.NoError(t, err)
	require.Equal(t, "event: progress\n", line, "an event comes when it happens, not at the end")
	<-searching
	leave()
	require.NoError(t, response.Body.Close())
	close(left)

	s.log.await(t, `"route":"/v1/answers"`)
	var concluded bool
	require.NoError(t, s.row(`SELECT status = 'concluded' FROM runs`).Scan(&concluded))
	require.True(t, concluded)
}
