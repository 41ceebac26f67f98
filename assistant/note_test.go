package assistant_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/assistant/llm/llmtest"
	"github.com/deskhand/deskhand/prompts"
	"github.com/deskhand/deskhand/retrieval"
)

// suggesting makes the desk answer nothing by itself.
func suggesting(p *assistant.Policy) { p.MinConfidence = 1 }

// An agent reads beside a draft what to ask and to check; the customer reads none of it, also after the draft was sent.
func TestAgentIsToldWhatToAskAndToCheck(t *testing.T) {
	t.Parallel()

	for language, question := range map[string]string{
		"ar": "أودعت عملة ولم يظهر الرصيد في حسابي", "en": "my deposit has not been credited to my account", "zh-Hans": "我的充值一直没有到账",
	} {
		t.Run(language, func(t *testing.T) {
			t.Parallel()

			s := newSystem(t, options{})
			s.setPolicy(t, suggesting)
			run := s.say(t, assistant.Question{Body: question, Channel: "widget", Locale: language})
			require.Equal(t, assistant.OutcomeHandedOff, run.Outcome, run.Reasons)
			detail, err := s.desk.Ticket(t.Context(), run.Ticket.ID)
			require.NoError(t, err)
			require.Len(t, detail.Drafts, 1)
			notes := detail.Drafts[0].Notes
			require.Contains(t, notes, assistant.Note{Kind: assistant.NoteAsk, Purpose: "asset", Text: s.fixed(prompts.AskAsset, language)})
			require.True(t, slices.ContainsFunc(notes, func(n assistant.Note) bool { return n.Kind == assistant.NoteCheck }), notes)
			for _, message := range detail.Conversation.Messages {
				for _, note := range notes {
					require.False(t, note.Text != "" && strings.Contains(message.Body, note.Text), message.Body)
				}
			}
		})
	}
}

// What a model would ask is shown with its purpose, and never what the guard would stop.
func TestModelsQuestionsAreForTheAgentOnly(t *testing.T) {
	t.Parallel()

	const asked, secret, lacking = "When did you send it?", "What is your 2FA code?", "the time of the last maintenance"
	s := newSystem(t, options{deadline: time.Minute, respond: tampered(func(reply *draftReply) {
		reply.Missing = []string{lacking}
		reply.Questions = []draftQuestion{{Purpose: "time", Text: asked}, {Purpose: "code", Text: secret}, {Purpose: "", Text: "  "}}
	})})
	s.setPolicy(t, suggesting)
	run := s.say(t, assistant.Question{Body: feeQuestion, Channel: "widget"})
	detail, err := s.desk.Ticket(t.Context(), run.Ticket.ID)
	require.NoError(t, err)
	notes := detail.Drafts[0].Notes
	require.Contains(t, notes, assistant.Note{Kind: assistant.NoteMissing, Text: lacking})
	require.Contains(t, notes, assistant.Note{Kind: assistant.NoteAsk, Purpose: "time", Text: asked})
	for _, note := range notes {
		require.NotContains(t, note.Text, secret)
	}
	require.NotContains(t, run.Reply.Body, asked)
	require.Equal(t, 1, s.model.Count(llmtest.Chat), "the notes cost no second call")
}

// Nobody waits for an agent's draft, and who edits it can cut: it may be longer than what a customer gets.
func TestDraftForAnAgentMayBeLonger(t *testing.T) {
	t.Parallel()

	s := newSystem(t, options{deadline: time.Minute, respond: llmtest.Drafter})
	run := s.ask(t, hacked)
	require.NoError(t, s.DraftForAgent(t.Context(), run.ID))
	requests := s.model.ChatRequests()
	require.Contains(t, requests[len(requests)-1].System(), "up to 16 sentences")
	s.ask(t, feeQuestion)
	requests = s.model.ChatRequests()
	require.NotContains(t, requests[len(requests)-1].System(), "up to 16 sentences")
}

// What is internal reaches neither a draft that an agent accepts with one key nor a model that writes it. The agent is pointed to it.
func TestInternalArticlesAreForTheAgentToRead(t *testing.T) {
	t.Parallel()

	for language, question := range map[string]string{
		"ar": "شخص ما دخل إلى حسابي وسحب كل البيتكوين", "en": hacked, "zh-Hans": "有人登录了我的账户,把我的比特币提走了",
	} {
		for method, respond := range map[string]llmtest.Responder{"Offline": nil, "Model": llmtest.Drafter} {
			t.Run(language+"/"+method, func(t *testing.T) {
				t.Parallel()

				var internal retrieval.Hit
				s := newSystem(t, options{respond: respond, search: func(find assistant.SearchFunc) assistant.SearchFunc {
					return func(ctx context.Context, query retrieval.Query) (retrieval.Results, error) {
						results, err := find(ctx, query)
						results.Hits = slices.Clone(results.Hits)
						internal = results.Hits[0]
						results.Hits[0].Article.Audience = retrieval.AudienceInternal
						return results, err
					}
				}})
				run := s.say(t, assistant.Question{Body: question, Locale: language})
				require.NoError(t, s.DraftForAgent(t.Context(), run.ID))
				detail, err := s.desk.Ticket(t.Context(), run.Ticket.ID)
				require.NoError(t, err)
				require.Len(t, detail.Drafts, 1)
				draft := detail.Drafts[0]
				suggestion, err := s.Suggest(t.Context(), run.ID, "")
				require.NoError(t, err)
				slug := internal.Article.Slug
				for _, notes := range [][]assistant.Note{draft.Notes, suggestion.Notes} {
					require.True(t, slices.ContainsFunc(notes, func(n assistant.Note) bool {
						return n.Kind == assistant.NoteRead && n.Article.Slug == slug
					}), notes)
				}
				for _, cited := range append(suggestion.Draft.Citations(), draft.Citations...) {
					require.NotEqual(t, slug, cited.Slug)
				}
				require.Equal(t, respond != nil, s.model.Count(llmtest.Chat) > 0)
				line := slices.MaxFunc(strings.Split(internal.Passage.Body, "\n"), func(a, b string) int { return len(a) - len(b) })
				require.False(t, s.model.Saw(line), "the model was told of it")
			})
		}
	}
}
