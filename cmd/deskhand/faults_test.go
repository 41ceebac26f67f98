package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/assistant/llm/llmtest"
)

// How a question ends although a model is at fault.
const (
	byModel   = "the model's answer"
	byArticle = "the article's own words"
	byPerson  = "a ticket"
)

// feeQuestions ask for the fees in the languages that every promise is tested in.
func feeQuestions() map[string]string {
	return map[string]string{"en": "whats the taker fee for spot", "zh-Hans": "现货手续费多少啊", "ar": "كم رسوم التداول الفوري"}
}

// patience of a customer in these tests: long enough for everything but a model that hangs, on a busy machine too.
const patience = 30 * time.Second

// lie is a draft in the right schema, from a model that is sure of it.
func lie(text string) llmtest.Fault {
	return llmtest.Content(`{"answerable":true,"language":"en","missing":[],"questions":[],"sentences":[{"citations":[1],"starts":"paragraph","text":"` + text + `"}]}`)
}

// french is what nobody here asked for.
const french = "Veuillez patienter quelques heures, puis vérifiez à nouveau dans votre historique."

// fault is what is wrong with one provider, and how questions may end then.
type fault struct {
	chat, embeddings []llmtest.Fault // one: always; more: one after the other, then none
	ends             []string
}

func modelFaults() map[string]fault {
	chat := func(ends []string, faults ...llmtest.Fault) fault { return fault{chat: faults, ends: ends} }
	embeddings := func(f llmtest.Fault) fault { return fault{embeddings: []llmtest.Fault{f}, ends: []string{byModel}} }
	article, person := []string{byArticle}, []string{byPerson}
	ok := llmtest.Fault{}
	return map[string]fault{
		"None":                        chat([]string{byModel}, ok),
		"RateLimitThatPasses":         chat([]string{byModel}, llmtest.RateLimited(time.Millisecond), ok),
		"ErrorThatPasses":             chat([]string{byModel}, llmtest.ServerError(502), ok),
		"CutStreamThatPasses":         chat([]string{byModel}, llmtest.CutBody(), ok),
		"SlowAnswer":                  chat([]string{byModel}, llmtest.Slow(50*time.Millisecond)),
		"RateLimitStorm":              chat(article, llmtest.RateLimited(time.Millisecond)),
		"RateLimitStormThatLasts":     chat(article, llmtest.RateLimited(time.Minute)),
		"Errors":                      chat(article, llmtest.ServerError(500)),
		"ErrorsOfAProxy":              chat(article, llmtest.ServerError(503)),
		"KeyRevoked":                  chat(article, llmtest.Status(401)),
		"QuotaUsedUp":                 chat(article, llmtest.APIError(429, "insufficient_quota", "", "quota")),
		"PromptTooLong":               chat(article, llmtest.APIError(400, "context_length_exceeded", "messages", "too long")),
		"Hang":                        chat(article, llmtest.Hang()),
		"SlowDrip":                    chat(article, llmtest.SlowDrip(50*time.Millisecond)),
		"CutStream":                   chat(article, llmtest.CutBody()),
		"CutConnection":               chat(article, llmtest.CutConnection()),
		"Redirect":                    chat(article, llmtest.Redirect("http://127.0.0.1:1/elsewhere")),
		"MalformedBody":               chat(article, llmtest.MalformedBody()),
		"HTML":                        chat(article, llmtest.Body("<html>busy</html>")),
		"MalformedJSON":               chat(article, llmtest.MalformedContent()),
		"TruncatedJSON":               chat(article, llmtest.Truncated()),
		"Prose":                       chat(article, llmtest.Content("Sure! The fee is 0 %.")),
		"SchemaViolation":             chat(article, llmtest.SchemaViolation()),
		"Empty":                       chat(article, llmtest.Content("")),
		"EmptyChoices":                chat(article, llmtest.EmptyChoices()),
		"Refusal":                     chat(article, llmtest.Refusal()),
		"ContentFilter":               chat(article, llmtest.ContentFilter()),
		"WrongLanguage":               chat(person, lie(french)),
		"PhishingLink":                chat(person, lie("Confirm your account at https://quayside-verify.example/login first.")),
		"RequestForTheSeedPhrase":     chat(person, lie("Reply with your 12 recovery words so that we can restore the wallet.")),
		"TransferToVerify":            chat(person, lie("Please send 0.1 BTC to verify your wallet.")),
		"InventedNumber":              chat(person, lie("The fee for this is 7.43 % and it takes 91 minutes.")),
		"NothingToSay":                chat(person, llmtest.Content(`{"answerable":false,"language":"en","missing":[],"questions":[],"sentences":[]}`)),
		"EmbeddingsOfTheWrongSize":    embeddings(llmtest.WrongSize()),
		"EmbeddingsNotFinite":         embeddings(llmtest.NotFinite()),
		"EmbeddingsOfZero":            embeddings(llmtest.ZeroVector()),
		"TooFewEmbeddings":            embeddings(llmtest.FewerVectors()),
		"EmbeddingsMalformed":         embeddings(llmtest.MalformedBody()),
		"EmbeddingsRateLimited":       embeddings(llmtest.RateLimited(time.Minute)),
		"EmbeddingsDown":              embeddings(llmtest.ServerError(503)),
		"EmbeddingsHang":              embeddings(llmtest.Hang()),
		"EverythingHangs":             {chat: []llmtest.Fault{llmtest.Hang()}, embeddings: []llmtest.Fault{llmtest.Hang()}, ends: article},
		"EverythingIsDown":            {chat: []llmtest.Fault{llmtest.ServerError(500)}, embeddings: []llmtest.Fault{llmtest.ServerError(500)}, ends: article},
		"WrongLanguageAndWrongVector": {chat: []llmtest.Fault{lie(french)}, embeddings: []llmtest.Fault{llmtest.WrongSize()}, ends: person},
	}
}

// TestEveryFaultOfAModelEndsInAnAnswerOrATicketWithinTheDeadline runs the wired program, on a real database and over HTTP to
// a provider that is at fault.
func TestEveryFaultOfAModelEndsInAnAnswerOrATicketWithinTheDeadline(t *testing.T) {
	t.Parallel()

	healthy := llmtest.NewWith(t, llmtest.Options{Responder: llmtest.Drafter})
	shared := newServing(t, config{Providers: providersFile(t, healthy)})
	require.NoError(t, shared.standby.refresh(t.Context()))
	for name, f := range modelFaults() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			for language, question := range feeQuestions() {
				t.Run(language, func(t *testing.T) {
					t.Parallel() // most of a hang is waiting

					server := llmtest.NewWith(t, llmtest.Options{Responder: llmtest.Drafter})
					s := shared.with(t, server)
					f.script(server)
					end := s.askFor(t, question)

					require.NotContains(t, end.Decision.Reasons, assistant.ReasonDeadline, "there was time left")
					require.NotContains(t, end.Decision.Reasons, assistant.ReasonFailure, "no stage failed for good")
					require.Contains(t, f.ends, endOf(t, end), "%v", end.Decision)
					require.Equal(t, language, end.Reply.Language)
					require.Positive(t, server.Count(llmtest.Embeddings), "the provider was asked")
				})
			}
		})
	}
}

// script makes a provider fail.
func (f fault) script(server *llmtest.Server) {
	for endpoint, faults := range map[llmtest.Endpoint][]llmtest.Fault{llmtest.Chat: f.chat, llmtest.Embeddings: f.embeddings} {
		if len(faults) == 1 {
			server.Always(endpoint, faults[0])
			continue
		}
		server.Script(endpoint, faults...)
	}
}

// with is the same desk with another provider.
func (s serving) with(t *testing.T, server *llmtest.Server) serving {
	t.Helper()
	other := *s.system
	other.config.Providers, other.config.RequestDeadline = providersFile(t, server), patience
	require.NoError(t, other.attach(t.Context(), s.opener.parts))
	require.NoError(t, other.standby.refresh(t.Context()))
	return serving{system: &other, registry: s.registry}
}

// endOf says how a question ended, and checks that the customer reads what belongs to that end.
func endOf(t *testing.T, end assistant.Conclusion) string {
	t.Helper()
	if end.Decision.Outcome != assistant.OutcomeAnswered {
		require.Equal(t, assistant.OutcomeHandedOff, end.Decision.Outcome, "a clear question is not asked back")
		require.Empty(t, end.Reply.Citations, "a fixed text")
		return byPerson
	}
	require.Contains(t, end.Reply.Body, "0.12", "the fee, as the article says it")
	require.Equal(t, "trading-fees", end.Reply.Citations[0].Slug)
	method := ""
	for _, step := range end.Steps {
		if step.Stage == assistant.StageDraft {
			method, _ = step.Detail["method"].(string)
			if m, ok := step.Detail["method"].(assistant.Method); ok {
				method = string(m)
			}
		}
	}
	if method == string(assistant.MethodModel) {
		return byModel
	}
	return byArticle
}
