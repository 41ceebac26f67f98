package widget_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/require"
)

// script is a service that answers as a test wants: broken off, hostile, or with what this version does not have yet.
type script struct {
	http.ServeMux

	mu       sync.Mutex
	requests []scriptedRequest
}

// scriptedRequest is what the tests look at of a request.
type scriptedRequest struct {
	body, idempotency, token string
}

// serve starts the service and returns its address. What it takes is kept for seen.
func (s *script) serve(t *testing.T) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Access-Control-Allow-Origin", "*")
		w.Header().Set("Access-Control-Allow-Headers", "Authorization, Content-Type, Idempotency-Key, X-Customer-Token")
		if r.Method == http.MethodOptions {
			return
		}
		body, _ := io.ReadAll(r.Body)
		s.mu.Lock()
		s.requests = append(s.requests, scriptedRequest{string(body), r.Header.Get("Idempotency-Key"), r.Header.Get("X-Customer-Token")})
		s.mu.Unlock()
		s.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func (s *script) seen() []scriptedRequest {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]scriptedRequest(nil), s.requests...)
}

const conversationID = "104bb833-cd70-4918-8ca9-6619903f4819"

// answer is the body of an answer; more are further fields, as JSON.
func answer(body, citation, more string) string {
	return fmt.Sprintf(`{"conversation_id":%q,"message_id":"01a200a5-9b0a-7120-bbd8-3d96fa25079b","outcome":"answered"%s,"reply":{"body":%s,`+
		`"citations":[{"locale":"en","slug":"%s","title":%s}],"language":"en","message_id":"01a200a5-9b66-772a-b773-a86538d93a66"}}`,
		conversationID, more, quoted(body), `../..\"<b>`, quoted(citation))
}

// quoted is a text as JSON has it.
func quoted(text string) string {
	encoded, err := json.Marshal(text)
	if err != nil {
		panic(err) // a string always encodes
	}
	return string(encoded)
}

func event(name, data string) string { return "event: " + name + "\ndata: " + data + "\n\n" }

func stream(w http.ResponseWriter, parts ...string) {
	w.Header().Set("Content-Type", "text/event-stream")
	for _, part := range parts {
		_, _ = io.WriteString(w, part)
		w.(http.Flusher).Flush() //nolint:forcetypeassert // a test server's can
	}
}

func testBrokenStream(t *testing.T, s *stage) {
	t.Helper()
	var service script
	tries := 0
	service.HandleFunc("POST /v1/answers", func(w http.ResponseWriter, _ *http.Request) {
		if tries++; tries == 1 {
			stream(w, event("progress", `{"stage":"reading"}`))
			panic(http.ErrAbortHandler)
		}
		if tries == 2 {
			w.Header().Set("Content-Type", "application/problem+json")
			w.WriteHeader(http.StatusServiceUnavailable)
			_, _ = io.WriteString(w, `{"status":503,"type":"/docs#problem-unavailable"}`)
			return
		}
		stream(w, event("answer", answer("Here you are.", "An article", "")))
	})
	b := s.chat(t, "base", service.serve(t))
	b.ask(pending)
	b.Await(`text().includes('Here you are.')`)
	requests := service.seen()
	require.Len(t, requests, 3)
	require.Equal(t, requests[0], requests[2], "it is the same request, so it is one question")
	require.NotEmpty(t, requests[0].idempotency)
	require.Equal(t, 1, read[int](b, `$$('.row.customer').length`))
}

func testSentences(t *testing.T, s *stage) {
	t.Helper()
	shown := make(chan struct{})
	var service script
	service.HandleFunc("POST /v1/answers", func(w http.ResponseWriter, _ *http.Request) {
		stream(w, event("sentence", `{"index":0,"text":"First.","break":"","citations":[0]}`),
			event("sentence", `{"index":1,"text":"- second","break":"\n","citations":[0]}`))
		<-shown
		stream(w, event("answer", answer("First.\n- second\n- third", "An article", "")))
	})
	b := s.chat(t, "base", service.serve(t))
	b.ask(pending)
	b.Await(`$$('.row.assistant').at(-1).innerText.includes('First.') && $$('.row.assistant li').length === 1`)
	require.Equal(t, "true", read[string](b, `$('.list').ariaBusy`), "a screen reader waits for the whole")
	close(shown)
	b.Await(`$$('.row.assistant .bubble li').length === 2`)
	require.Equal(t, "false", read[string](b, `$('.list').ariaBusy`))
	require.Equal(t, 2, read[int](b, `$$('.row.assistant').length`), "the answer takes the place of its sentences")
}

func testHostileAnswer(t *testing.T, s *stage) {
	t.Helper()
	const hostile = `<img src=x onerror="window.pwned=1"> https://ok.example/"onmouseover="pwned=1 javascript:pwned=1
1. <script>pwned=1</script>
- <svg onload=pwned=1>`
	var service script
	service.HandleFunc("POST /v1/answers", func(w http.ResponseWriter, _ *http.Request) {
		stream(w, event("answer", answer(hostile, hostile, `,"ticket":{"number":"<img src=x onerror=pwned=1>","respond_by":"2030-01-01T00:00:00Z","status":"open"}`)))
	})
	b := s.chat(t, "base", service.serve(t), "article-url", "https://help.example/{slug}")
	b.ask(pending)
	b.Await(`shown('.ticket') && $('.sources')`)
	require.Zero(t, read[int](b, `$$('img, script, .row svg:not(.icon svg)').length`))
	require.Equal(t, []string{"https://ok.example/", "https://help.example/..%2F..%22%3Cb%3E"}, read[[]string](b, `$$('.row.assistant a').map((a) => a.href)`))
	require.Equal(t, "undefined", read[string](b, `typeof window.pwned`))
	require.Empty(t, read[[]string](b, `violations`))

	b = s.chat(t, "base", service.serve(t), "article-url", "javascript:pwned=1//{slug}")
	b.ask(pending)
	b.Await(`$('.sources cite')`)
	require.Zero(t, read[int](b, `$$('.sources a').length`), "an address that is none of the web is no link")
}

func testToken(t *testing.T, s *stage) {
	t.Helper()
	var service script
	service.HandleFunc("POST /v1/answers", func(w http.ResponseWriter, _ *http.Request) {
		if strings.Contains(service.seen()[len(service.seen())-1].body, `"token":"first"`) {
			w.WriteHeader(http.StatusUnauthorized)
			_, _ = io.WriteString(w, `{"status":401,"type":"/docs#problem-customer_token_expired"}`)
			return
		}
		stream(w, event("answer", answer("Hello again.", "An article", "")))
	})
	b := newTab(t)
	b.open(s.host + "?" + query(s.widget, "base", service.serve(t), "token-from", "supportToken"))
	b.Do(`window.tokens = ['first', 'second']; window.supportToken = async () => tokens.shift()`)
	b.press("Open the support chat")
	b.ask(pending)
	b.Await(`text().includes('Hello again.')`)
	requests := service.seen()
	require.Len(t, requests, 2)
	require.Contains(t, requests[1].body, `"customer":{"token":"second"}`)
	require.Equal(t, requests[0].idempotency, requests[1].idempotency)
}

func testVerify(t *testing.T, s *stage) {
	t.Helper()
	var service script
	service.HandleFunc("POST /v1/channels/verify", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"contacts":[{"contact":"quayside-help[.]example","imitates":{"official":"quayside.example","sign":"added_words"},`+
			`"kind":"link","standing":"unknown","statement":"No. <b>It is not ours.</b>"}],"official":["quayside.example"]}`)
	})
	b := s.chat(t, "base", service.serve(t))
	b.press("Is this really us?")
	b.Await(`focus()?.localName === 'input'`)
	b.Do(`focus().value = 'https://quayside-help.example'`)
	b.Key(kb.Enter)
	b.Await(`$('.said.unknown')?.innerText === 'No. <b>It is not ours.</b> It imitates quayside.example.'`)
	require.Equal(t, "quayside.example", read[string](b, `$('.verdicts li').innerText`))
	require.JSONEq(t, `{"locale":"en","value":"https://quayside-help.example"}`, service.seen()[0].body)
	b.Picture("verified")
}

func testEvents(t *testing.T, s *stage) {
	t.Helper()
	replied := make(chan struct{})
	var service script
	const ticket = `{"number":"DH-1001","respond_by":"2030-01-01T00:00:00Z","status":"open"}`
	service.HandleFunc("POST /v1/answers", func(w http.ResponseWriter, _ *http.Request) {
		stream(w, event("answer", answer("A person will answer.", "An article", `,"ticket":`+ticket)))
	})
	service.HandleFunc("GET /v1/conversations/"+conversationID+"/events", func(w http.ResponseWriter, r *http.Request) {
		stream(w, ": keep-alive\n\n")
		select {
		case <-replied:
			stream(w, event("message", `{}`))
			<-r.Context().Done()
		case <-r.Context().Done():
		}
	})
	service.HandleFunc("GET /v1/conversations/"+conversationID, func(w http.ResponseWriter, _ *http.Request) {
		messages := `{"author":"customer","body":"Q","citations":[],"id":"01a200a5-9b0a-7120-bbd8-3d96fa25079b"}`
		select {
		case <-replied:
			messages += `,{"author":"agent","body":"I am here now.","citations":[],"id":"01a200a5-9b66-772a-b773-000000000000"}`
		default:
		}
		_, _ = io.WriteString(w, `{"id":"`+conversationID+`","messages":[`+messages+`],"ticket":`+ticket+`}`)
	})
	b := s.chat(t, "base", service.serve(t))
	b.ask(pending)
	b.Await(`shown('.ticket')`)
	close(replied)
	b.Await(`$('.row.agent')?.innerText.includes('I am here now.')`)
	require.Equal(t, "Q", read[string](b, `$('.row.customer .bubble').innerText`), "what the service keeps is what is shown")
}
