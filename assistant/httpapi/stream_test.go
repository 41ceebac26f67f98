package httpapi_test

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/assistant/httpapi"
	"github.com/deskhand/deskhand/assistant/httpapi/apitest"
	"github.com/deskhand/deskhand/prompts"
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
	accepted, found := strings.CutPrefix(events[0], "event: accepted\ndata: ")
	require.True(t, found, "where the question is kept is the first thing that is told")
	require.Equal(t, []string{
		"event: progress\ndata: {\"stage\":\"reading\"}",
		"event: progress\ndata: {\"stage\":\"searching\"}",
		"event: progress\ndata: {\"stage\":\"writing\"}",
		"event: progress\ndata: {\"stage\":\"checking\"}",
	}, events[1:5])
	last, found := strings.CutPrefix(events[len(events)-1], "event: answer\ndata: ")
	require.True(t, found)
	answer := decode[httpapi.AnswerResponse](t, reply{body: last, status: r.status}, http.StatusOK)
	require.Equal(t, "answered", answer.Outcome)
	require.JSONEq(t, `{"conversation_id":"`+answer.ConversationID.String()+`","message_id":"`+answer.MessageID.String()+`"}`, accepted)
	require.Equal(t, "withdrawal-pending", answer.Reply.Citations[0].Slug)
	require.Contains(t, s.log.await(t, `"route":"/v1/answers"`), `"status":200`)
}

// sentenceEvent is what a client reads of an answer before it has all of it.
type sentenceEvent struct {
	Break     string
	Citations []httpapi.Citation
	Index     int
	Text      string
}

// streamed asks and returns the sentences, and the answer after them.
func (s *system) streamed(t *testing.T, text string) ([]sentenceEvent, httpapi.AnswerResponse) {
	t.Helper()
	r := s.do(t, call{body: question(text), headers: eventStream(), key: s.widget, path: "/v1/answers"})
	require.Equal(t, http.StatusOK, r.status)
	var sentences []sentenceEvent
	for event := range strings.SplitSeq(strings.TrimSpace(r.body), "\n\n") {
		if data, ok := strings.CutPrefix(event, "event: sentence\ndata: "); ok {
			sentences = append(sentences, decode[sentenceEvent](t, reply{body: data, status: r.status}, http.StatusOK))
		}
		if data, ok := strings.CutPrefix(event, "event: answer\ndata: "); ok {
			return sentences, decode[httpapi.AnswerResponse](t, reply{body: data, status: r.status}, http.StatusOK)
		}
	}
	require.FailNow(t, "no answer in the stream", r.body)
	return nil, httpapi.AnswerResponse{}
}

func TestStreamedSentencesAreTheAnswer(t *testing.T) {
	t.Parallel()
	s := newSystem(t, options{})

	for language, text := range map[string]string{
		"en": pending, "zh-Hans": "提币两个小时了还没到账,怎么办?", "ar": "سحبي معلق منذ ساعتين ولم يصل، ماذا أفعل؟",
	} {
		t.Run(language, func(t *testing.T) {
			t.Parallel()

			sentences, answer := s.streamed(t, text)
			require.Equal(t, "answered", answer.Outcome, answer.Reply.Body)
			require.Greater(t, len(sentences), 2)
			var body strings.Builder
			for i, sentence := range sentences {
				require.Equal(t, i, sentence.Index)
				body.WriteString(sentence.Break + sentence.Text)
			}
			require.Equal(t, answer.Reply.Body, body.String())
			require.Equal(t, answer.Reply.Citations, sentences[0].Citations)
		})
	}
}

// A draft whose last sentence must not be sent is not shown up to there: what the customer reads is never taken back. Not a
// byte of it is in the stream, and what is there instead is a text that was written whole, in the customer's language.
func TestNoSentenceOfADraftThatFailsIsStreamed(t *testing.T) {
	t.Parallel()

	k := apitest.Load(t)
	for name, c := range map[string]struct{ language, question, last string }{
		"Link":         {"en", pending, "Confirm it at https://quayside-refund.example now."},
		"Secret":       {"en", pending, "Send us your seed phrase to speed it up."},
		"Promise":      {"en", pending, "We guarantee that your money is back in 3 minutes."},
		"SecretZhHans": {"zh-Hans", "提币两个小时了还没到账,怎么办?", "请把您的助记词发给我们以便加快处理。"},
		"NumberAr":     {"ar", "سحبي معلق منذ ساعتين ولم يصل، ماذا أفعل؟", "سيصل السحب خلال 77 دقيقة."},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			var first string
			s := newSystem(t, options{draft: func(_ context.Context, request assistant.DraftRequest) (assistant.Draft, error) {
				draft := assistant.Extract(request)
				first = draft.Sentences[0].Text
				draft.Sentences = append(draft.Sentences, assistant.Sentence{Break: "\n", Citations: []int{0}, Text: c.last})
				return draft, nil
			}})
			r := s.do(t, call{body: question(c.question), headers: eventStream(), key: s.widget, path: "/v1/answers"})
			require.NotContains(t, r.body, "event: sentence")
			for _, held := range []string{c.last, first} {
				quoted, err := json.Marshal(held)
				require.NoError(t, err)
				require.NotContains(t, r.body, held)
				require.NotContains(t, r.body, strings.Trim(string(quoted), `"`))
			}
			events := strings.Split(strings.TrimSpace(r.body), "\n\n")
			last, found := strings.CutPrefix(events[len(events)-1], "event: answer\ndata: ")
			require.True(t, found)
			answer := decode[httpapi.AnswerResponse](t, reply{body: last, status: r.status}, http.StatusOK)
			require.Equal(t, "handed_off", answer.Outcome)
			require.Equal(t, k.Prompts.Text(prompts.AckUnsure, c.language, nil), answer.Reply.Body)
			require.NotEmpty(t, answer.Ticket.Number)
		})
	}
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
	require.Equal(t, "event: accepted\n", line, "an event comes when it happens, not at the end")
	<-searching
	leave()
	require.NoError(t, response.Body.Close())
	close(left)

	s.log.await(t, `"route":"/v1/answers"`)
	var concluded bool
	require.NoError(t, s.row(`SELECT status = 'concluded' FROM runs`).Scan(&concluded))
	require.True(t, concluded)
}
