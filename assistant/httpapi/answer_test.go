package httpapi_test

import (
	"context"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/assistant/httpapi"
	"github.com/deskhand/deskhand/retrieval"
)

func TestQuestionIsAnsweredInItsLanguageWithCitations(t *testing.T) {
	t.Parallel()
	s := newSystem(t, options{})

	for _, test := range []struct{ language, text string }{
		{"en", pending},
		{"zh-Hans", "提币两个小时了还没到账,怎么办?"},
		{"ar", "سحبي معلق منذ ساعتين ولم يصل، ماذا أفعل؟"},
	} {
		t.Run(test.language, func(t *testing.T) {
			t.Parallel()

			answer := s.ask(t, test.text)
			require.Equal(t, "answered", answer.Outcome)
			require.Equal(t, test.language, answer.Reply.Language)
			require.Equal(t, "withdrawal-pending", answer.Reply.Citations[0].Slug)
			require.Equal(t, test.language, answer.Reply.Citations[0].Locale)
			require.NotEmpty(t, answer.Reply.Body)
			require.Nil(t, answer.Ticket)
		})
	}
}

func TestCustomerReadsNothingOfReasons(t *testing.T) {
	t.Parallel()
	s := newSystem(t, options{})

	r := s.do(t, call{body: question(hacked), key: s.widget, path: "/v1/answers"})
	answer := decode[httpapi.AnswerResponse](t, r, http.StatusOK)
	require.Equal(t, "handed_off", answer.Outcome)
	require.Regexp(t, `^DH-\d+$`, answer.Ticket.Number)
	require.Equal(t, "open", answer.Ticket.Status)
	require.Empty(t, answer.Reply.Citations)

	read := s.do(t, call{key: s.widget, path: "/v1/conversations/" + answer.ConversationID.String()})
	stream := s.do(t, call{body: question(hacked), headers: eventStream(), key: s.widget, path: "/v1/answers"})
	for _, body := range []string{r.body, read.body, stream.body} {
		for _, internal := range []string{
			"confidence", "guard", "intent", "P1", "priority", "reason", "redactions", "risk", "security.", "triage",
		} {
			require.NotContains(t, body, internal)
		}
	}
}

func TestSecretIsInNoAnswerAndNoLog(t *testing.T) {
	t.Parallel()
	s := newSystem(t, options{})

	const phrase = "legal winner thank year wave sausage worth useful legal winner thank yellow"
	answer := s.ask(t, "my seed phrase is "+phrase+" please help")
	require.Equal(t, "handed_off", answer.Outcome)
	require.NotContains(t, answer.Reply.Body, "sausage")
	read := s.do(t, call{key: s.widget, path: "/v1/conversations/" + answer.ConversationID.String()})
	require.Equal(t, http.StatusOK, read.status)
	require.NotContains(t, read.body, "sausage")
	require.NotContains(t, s.log.String(), "sausage")
}

func TestRepeatedRequestGetsTheFirstAnswer(t *testing.T) {
	t.Parallel()
	s := newSystem(t, options{})

	key := map[string]string{"Idempotency-Key": "key-1"}
	const repeats = 6
	answers := make([]reply, repeats)
	var group sync.WaitGroup
	for i := range repeats {
		group.Go(func() {
			answers[i] = s.do(t, call{body: question(pending), headers: key, key: s.widget, path: "/v1/answers"})
		})
	}
	group.Wait()
	for _, answer := range answers {
		require.Equal(t, answers[0].body, answer.body)
		require.Equal(t, http.StatusOK, answer.status)
	}
	var runs int
	require.NoError(t, s.row(`SELECT count(*) FROM runs`).Scan(&runs))
	require.Equal(t, 1, runs)

	t.Run("AnotherBodyIsRefused", func(t *testing.T) {
		t.Parallel()

		p := problem(t, s.do(t, call{body: question("What are the trading fees?"), headers: key, key: s.widget, path: "/v1/answers"}),
			http.StatusUnprocessableEntity)
		require.Equal(t, "/docs#problem-key_reused", p.Type)
	})

	t.Run("AnotherCallersKeyIsItsOwn", func(t *testing.T) {
		t.Parallel()

		first := decode[httpapi.AnswerResponse](t, answers[0], http.StatusOK)
		other := decode[httpapi.AnswerResponse](t,
			s.do(t, call{body: question(pending), headers: key, key: s.otherWidget, path: "/v1/answers"}), http.StatusOK)
		require.NotEqual(t, first.MessageID, other.MessageID)
	})

	t.Run("SameMessageOfAConversationIsOne", func(t *testing.T) {
		t.Parallel()

		first := s.ask(t, pending)
		body := `{"conversation_id":"` + first.ConversationID.String() + `","message":{"id":"m-2","body":"` + pending + `"}}`
		second := decode[httpapi.AnswerResponse](t, s.do(t, call{body: body, key: s.widget, path: "/v1/answers"}), http.StatusOK)
		third := decode[httpapi.AnswerResponse](t, s.do(t, call{body: body, key: s.widget, path: "/v1/answers"}), http.StatusOK)
		require.Equal(t, second, third)
		require.NotEqual(t, first.MessageID, second.MessageID)
	})
}

func TestSlowPipelineEndsInATicketAtTheDeadline(t *testing.T) {
	t.Parallel()
	s := newSystem(t, options{
		deadline: 300 * time.Millisecond,
		search: func(ctx context.Context, _ retrieval.Query) (retrieval.Results, error) {
			<-ctx.Done()
			return retrieval.Results{}, ctx.Err()
		},
	})

	answer := s.ask(t, pending)
	require.Equal(t, "handed_off", answer.Outcome)
	require.NotNil(t, answer.Ticket)
}

func TestPanicIsAProblemAndItsTextIsNotLogged(t *testing.T) {
	t.Parallel()
	s := newSystem(t, options{search: func(context.Context, retrieval.Query) (retrieval.Results, error) { panic(marker) }})

	for _, headers := range []map[string]string{nil, eventStream()} {
		r := s.do(t, call{body: question(pending), headers: headers, key: s.widget, path: "/v1/answers"})
		require.Contains(t, r.body, "/docs#problem-internal")
		require.NotContains(t, r.body, marker)
		require.Contains(t, s.log.await(t, "request panicked"), `"panic":"string"`)
	}
	require.NotContains(t, s.log.String(), marker)
	require.Equal(t, http.StatusOK, s.do(t, call{path: "/healthz"}).status)
}

func TestPersonCanBeAskedFor(t *testing.T) {
	t.Parallel()
	s := newSystem(t, options{})

	answer := s.ask(t, "提币两个小时了还没到账,怎么办?")
	path := "/v1/conversations/" + answer.ConversationID.String()
	press := call{key: s.widget, method: http.MethodPost, path: path + "/handoff"}
	handed := decode[httpapi.AnswerResponse](t, s.do(t, press), http.StatusOK)
	require.Equal(t, "handed_off", handed.Outcome)
	require.Equal(t, "zh-Hans", handed.Reply.Language)
	require.NotNil(t, handed.Ticket)

	again := decode[httpapi.AnswerResponse](t, s.do(t, press), http.StatusOK)
	require.Equal(t, handed.Ticket.Number, again.Ticket.Number)

	read := decode[httpapi.ConversationResponse](t, s.do(t, call{key: s.widget, path: path}), http.StatusOK)
	require.Equal(t, handed.Ticket.Number, read.Ticket.Number)
	authors := make([]string, len(read.Messages))
	for i, message := range read.Messages {
		authors[i] = message.Author
	}
	require.Equal(t, []string{"customer", "assistant", "customer", "assistant", "customer", "assistant"}, authors)
}

func TestFeedbackIsKeptWithoutSecrets(t *testing.T) {
	t.Parallel()
	s := newSystem(t, options{})

	answer := s.ask(t, pending)
	path := "/v1/conversations/" + answer.ConversationID.String() + "/feedback"
	const phrase = "legal winner thank year wave sausage worth useful legal winner thank yellow"
	body := `{"rating":2,"comment":"no help, my phrase: ` + phrase + `","message_id":"` + answer.Reply.MessageID.String() + `"}`
	require.Equal(t, http.StatusNoContent, s.do(t, call{body: body, key: s.widget, path: path}).status)
	require.Equal(t, http.StatusNoContent, s.do(t, call{body: `{"rating":4}`, key: s.widget, path: path}).status)

	kept, err := s.store.Feedback(t.Context(), answer.ConversationID)
	require.NoError(t, err)
	require.Equal(t, 2, kept[0].Rating)
	require.Contains(t, kept[0].Comment, "no help")
	require.NotContains(t, kept[0].Comment, "sausage")

	other := s.ask(t, pending)
	body = `{"rating":2,"message_id":"` + other.Reply.MessageID.String() + `"}`
	problem(t, s.do(t, call{body: body, key: s.widget, path: path}), http.StatusNotFound)
}

func TestFeedbackIsReadWithItsConversation(t *testing.T) {
	t.Parallel()
	s := newSystem(t, options{})

	answer := s.ask(t, pending)
	path := "/v1/conversations/" + answer.ConversationID.String()
	read := decode[httpapi.ConversationResponse](t, s.do(t, call{key: s.widget, path: path}), http.StatusOK)
	require.Nil(t, read.Feedback)
	require.Zero(t, read.Messages[1].Rating)

	for _, body := range []string{
		`{"rating":1,"message_id":"` + answer.Reply.MessageID.String() + `"}`,
		`{"rating":3}`, `{"rating":4,"comment":"quick; write to mia@mail.example"}`,
	} {
		require.Equal(t, http.StatusNoContent, s.do(t, call{body: body, key: s.widget, path: path + "/feedback"}).status)
	}
	read = decode[httpapi.ConversationResponse](t, s.do(t, call{key: s.widget, path: path}), http.StatusOK)
	require.Equal(t, &httpapi.ConversationFeedback{Comment: "quick; write to mia@mail.example", Rating: 4}, read.Feedback)
	require.Zero(t, read.Messages[0].Rating)
	require.Equal(t, 1, read.Messages[1].Rating)

	read = decode[httpapi.ConversationResponse](t, s.do(t, call{key: s.agent, path: path}), http.StatusOK)
	require.NotContains(t, read.Feedback.Comment, "mia@", "personal data is not for whoever has not asked to see it")
}

// latestRun is the run of the question that came last.
func (s *system) latestRun(t *testing.T) uuid.UUID {
	t.Helper()
	var id uuid.UUID
	require.NoError(t, s.row(`SELECT id FROM runs ORDER BY started_at DESC LIMIT 1`).Scan(&id))
	return id
}

var _ assistant.SearchFunc = (*retrieval.Index)(nil).Search
