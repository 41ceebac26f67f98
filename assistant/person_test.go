package assistant_test

import (
	"context"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/assistant/llm/llmtest"
	"github.com/deskhand/deskhand/prompts"
	"github.com/deskhand/deskhand/retrieval"
)

// TestAPersonCanBeAskedForInEveryLanguage is promise P7 for the button, and for the words behind it.
func TestAPersonCanBeAskedForInEveryLanguage(t *testing.T) { //nolint:tparallel // its subtests share one system
	t.Parallel()

	questions := map[string]string{
		"en": "how do i reset my password", "zh-Hans": "忘记登录密码了怎么办", "zh-Hant": "忘記登入密碼了怎麼辦",
		"vi": "làm sao để đặt lại mật khẩu đăng nhập", "tr": "giriş şifremi nasıl sıfırlarım", "ru": "как восстановить пароль от аккаунта",
		"ko": "로그인 비밀번호를 잊어버렸어요 어떻게 하나요", "es": "cómo puedo restablecer mi contraseña", "pt": "como eu faço para redefinir minha senha",
		"id": "bagaimana cara mengatur ulang kata sandi saya", "ar": "كيف أعيد تعيين كلمة المرور", "ja": "ログインパスワードを忘れました、どうすればいいですか",
		"de": "wie kann ich mein Passwort zurücksetzen", "fr": "comment réinitialiser mon mot de passe",
	}
	require.Len(t, questions, len(prompts.Languages()))
	s := newSystem(t, options{respond: llmtest.Drafter})
	for language, question := range questions {
		t.Run(language, func(t *testing.T) {
			first := s.say(t, assistant.Question{Body: question, Locale: language})
			require.Equal(t, language, first.Language)
			asked := s.model.Count(llmtest.Chat)
			run, err := s.RequestPerson(t.Context(), assistant.Question{Channel: "widget", ConversationID: first.ConversationID})

			require.NoError(t, err)
			require.Equal(t, assistant.OutcomeHandedOff, run.Outcome)
			require.Equal(t, []assistant.Reason{"risk:human_wanted"}, run.Reasons)
			require.Equal(t, s.fixed(prompts.AckHuman, language), run.Reply.Body)
			require.Equal(t, asked, s.model.Count(llmtest.Chat))
		})
	}
}

func TestAPersonIsAskedForInAConversationOnly(t *testing.T) {
	t.Parallel()

	s := newSystem(t, options{})
	_, err := s.RequestPerson(t.Context(), assistant.Question{Channel: "widget"})
	require.Equal(t, assistant.CodeInvalid, assistant.ErrorCode(err))

	_, err = s.RequestPerson(t.Context(), assistant.Question{Channel: "widget", ConversationID: uuid.New()})
	require.Equal(t, assistant.CodeNotFound, assistant.ErrorCode(err))
}

// TestHeldConversationIsNeverAnswered is promise P7: whatever the customer asks, the person who holds the case answers.
func TestHeldConversationIsNeverAnswered(t *testing.T) {
	t.Parallel()

	s := newSystem(t, options{respond: llmtest.Drafter})
	opened := s.ask(t, hacked)
	s.claim(t, opened.Ticket)
	for _, text := range []string{feeQuestion, "what is your phone number", "hm", hacked, "let me talk to a human"} {
		run := s.say(t, assistant.Question{Body: text, ConversationID: opened.ConversationID})

		require.Equal(t, []assistant.Reason{assistant.ReasonHeldByPerson}, run.Reasons, text)
		require.Equal(t, s.fixed(prompts.AckAdded, "en"), run.Reply.Body, text)
		require.Equal(t, opened.Ticket.ID, run.Ticket.ID)
		require.True(t, run.Ticket.Held())
	}
	require.Zero(t, s.model.Count(llmtest.Chat))
	require.Equal(t, 1, s.count(t, `SELECT count(*) FROM tickets`))
}

func TestPersonWhoTakesOverWhileAnAnswerIsMadeIsNotTalkedOver(t *testing.T) {
	t.Parallel()

	var takeOver func()
	s := newSystem(t, options{search: func(search assistant.SearchFunc) assistant.SearchFunc {
		return func(ctx context.Context, query retrieval.Query) (retrieval.Results, error) {
			takeOver()
			takeOver = func() {}
			return search(ctx, query)
		}
	}})
	opened := s.ask(t, hacked)
	takeOver = func() { s.claim(t, opened.Ticket) }
	run := s.say(t, assistant.Question{Body: feeQuestion, ConversationID: opened.ConversationID})

	require.Equal(t, []assistant.Reason{assistant.ReasonHeldByPerson}, run.Reasons)
	require.Equal(t, s.fixed(prompts.AckAdded, "en"), run.Reply.Body)
	require.Zero(t, s.count(t, `SELECT count(*) FROM messages WHERE body LIKE '%0.12%'`))
}

func TestResolvedConversationIsAnsweredAgain(t *testing.T) {
	t.Parallel()

	s := newSystem(t, options{})
	opened := s.ask(t, hacked)
	agent := s.agent(t)
	claimed, err := s.desk.Claim(t.Context(), agent, opened.Ticket.ID, opened.Ticket.Version)
	require.NoError(t, err)
	_, err = s.desk.Resolve(t.Context(), agent, claimed.ID, claimed.Version)
	require.NoError(t, err)

	run := s.say(t, assistant.Question{Body: feeQuestion, ConversationID: opened.ConversationID})
	require.Equal(t, assistant.OutcomeAnswered, run.Outcome, run.Reasons)
}

func TestUnclearMessageIsAskedBackTwiceAndThenReachesAPerson(t *testing.T) {
	t.Parallel()

	s := newSystem(t, options{})
	run := s.ask(t, "hm")
	require.Equal(t, assistant.OutcomeClarify, run.Outcome, run.Reasons)
	require.Equal(t, s.fixed(prompts.AskUnclear, "en"), run.Reply.Body)
	run = s.say(t, assistant.Question{Body: "it is broken", ConversationID: run.ConversationID})
	require.Equal(t, assistant.OutcomeClarify, run.Outcome, run.Reasons)
	run = s.say(t, assistant.Question{Body: "hm", ConversationID: run.ConversationID})
	require.Equal(t, assistant.OutcomeHandedOff, run.Outcome, run.Reasons)
	require.Contains(t, run.Reasons, assistant.ReasonTooManyTurns)
}
