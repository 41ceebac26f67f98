package assistant_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/assistant/llm/llmtest"
	"github.com/deskhand/deskhand/prompts"
)

// witnessed tells when the end of a run is on record.
type witnessed struct {
	assistant.Store

	told func(event string)
}

func (r witnessed) Conclude(ctx context.Context, c assistant.Conclusion) (assistant.Run, error) {
	run, err := r.Store.Conclude(ctx, c)
	r.told("recorded")
	return run, err
}

// twice is a model that says the same honest thing in two sentences.
func twice() llmtest.Responder {
	return tampered(func(reply *draftReply) {
		for _, sentence := range reply.Sentences {
			sentence.Starts = "line"
			reply.Sentences = append(reply.Sentences, sentence)
		}
	})
}

// TestSentencesAreReleasedOneByOneOnceTheAnswerIsOnRecord is the promise of a stream: what a customer has seen was checked, was decided
// to be sent, is on record, and is never taken back, however slowly the model writes.
func TestSentencesAreReleasedOneByOneOnceTheAnswerIsOnRecord(t *testing.T) {
	t.Parallel()

	for language, question := range map[string]string{
		"ar": "رسوم التداول ومستويات VIP وأين تجدها", "en": feeQuestion, "zh-Hans": "现货交易的吃单手续费是多少？",
	} {
		t.Run(language, func(t *testing.T) {
			t.Parallel()

			var events []string
			tell := func(event string) { events = append(events, event) }
			s := newSystem(t, options{
				deadline: time.Minute, respond: twice(),
				store: func(next assistant.Store) assistant.Store { return witnessed{Store: next, told: tell} },
			})
			s.setPolicy(t, func(p *assistant.Policy) { p.MinConfidence = 0.01 }) // how sure it is, is another matter
			s.model.Script(llmtest.Chat, llmtest.SlowDrip(200*time.Microsecond))
			var seen strings.Builder
			run := s.say(t, assistant.Question{Body: question, Locale: language, Sentence: func(sentence assistant.ReplySentence) {
				tell("sentence")
				require.NotEmpty(t, sentence.Citations, sentence.Text)
				seen.WriteString(sentence.Break + sentence.Text)
			}})
			require.Equal(t, assistant.OutcomeAnswered, run.Outcome, run.Reasons)
			require.Equal(t, run.Reply.Body, seen.String())
			require.Greater(t, len(events), 2, "more than one sentence")
			require.Equal(t, "recorded", events[0])
		})

		t.Run(language+"/OneThatFailsStopsAll", func(t *testing.T) {
			t.Parallel()

			s := newSystem(t, options{deadline: time.Minute, respond: slipped("Log in again at https://quayside-verify.example now.")})
			s.setPolicy(t, func(p *assistant.Policy) { p.MinConfidence = 0.01 })
			s.model.Script(llmtest.Chat, llmtest.SlowDrip(200*time.Microsecond))
			run := s.say(t, assistant.Question{Body: question, Locale: language, Sentence: func(sentence assistant.ReplySentence) {
				t.Errorf("released: %s", sentence.Text)
			}})
			require.Equal(t, assistant.OutcomeHandedOff, run.Outcome)
			require.Contains(t, run.Reasons, assistant.ReasonGuard+":link")
			require.Equal(t, s.fixed(prompts.AckUnsure, language), run.Reply.Body, "a whole text, not a broken one")
		})
	}
}
