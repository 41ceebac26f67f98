package assistant_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/assistant/llm/llmtest"
	"github.com/deskhand/deskhand/prompts"
)

// TestKillSwitchWorksWithTheNextQuestion is promise P10, on another replica than the one that was told.
func TestKillSwitchWorksWithTheNextQuestion(t *testing.T) {
	t.Parallel()

	t.Run("Everywhere", func(t *testing.T) {
		t.Parallel()

		s := newSystem(t, options{respond: llmtest.Drafter})
		_, err := s.store.SetNotice(t.Context(), feeNotice(), "test")
		require.NoError(t, err)
		s.setPolicy(t, func(p *assistant.Policy) { p.AutoReply = false })
		for _, question := range []string{feeQuestion, feeQuestionZh, "what is your phone number", "write me a poem", "hm"} {
			run := s.ask(t, question)
			require.Equal(t, assistant.OutcomeHandedOff, run.Outcome, question)
			require.Equal(t, []assistant.Reason{assistant.ReasonAutoReplyOff}, run.Reasons, question)
			require.Equal(t, s.fixed(prompts.AckCase, run.Language), run.Reply.Body, question)
		}
		require.Zero(t, s.model.Count(llmtest.Chat))

		require.Equal(t, s.fixed(prompts.ContainUnknownWithdrawal, "zh-Hans"), s.ask(t, hackedZh).Reply.Body, "danger is still met")

		s.setPolicy(t, func(*assistant.Policy) {})
		require.Equal(t, assistant.OutcomeAnswered, s.ask(t, feeQuestion).Outcome)
	})

	t.Run("ForAnIntent", func(t *testing.T) {
		t.Parallel()

		s := newSystem(t, options{respond: llmtest.Drafter})
		s.setPolicy(t, func(p *assistant.Policy) { p.SilentIntents = []string{"trading.fees"} })
		run := s.ask(t, feeQuestion)
		require.Equal(t, assistant.OutcomeHandedOff, run.Outcome)
		require.Equal(t, []assistant.Reason{assistant.ReasonAutoReplyOff}, run.Reasons)
		require.Equal(t, assistant.OutcomeAnswered, s.ask(t, "forgot my pasword how do i reset it").Outcome)
	})

	t.Run("ForALanguage", func(t *testing.T) {
		t.Parallel()

		s := newSystem(t, options{respond: llmtest.Drafter})
		s.setPolicy(t, func(p *assistant.Policy) { p.SilentLanguages = []string{"zh-Hans"} })
		run := s.ask(t, feeQuestionZh)
		require.Equal(t, assistant.OutcomeHandedOff, run.Outcome)
		require.Equal(t, []assistant.Reason{assistant.ReasonAutoReplyOff}, run.Reasons)
		require.Equal(t, assistant.OutcomeAnswered, s.ask(t, feeQuestion).Outcome)
	})
}

func TestSilenceHoldsForNoticesAndTheRegistryToo(t *testing.T) {
	t.Parallel()

	s := newSystem(t, options{respond: llmtest.Drafter})
	_, err := s.store.SetNotice(t.Context(), feeNotice(), "test")
	require.NoError(t, err)
	s.setPolicy(t, func(p *assistant.Policy) {
		p.SilentIntents = []string{"trading.fees", "security.verify_official_contact"}
		p.SilentLanguages = []string{"zh-Hans"}
	})
	for _, question := range []string{feeQuestion, feeQuestionZh, "what is your phone number", "你们的客服电话是多少"} {
		run := s.ask(t, question)
		require.Equal(t, assistant.OutcomeHandedOff, run.Outcome, question)
		require.Equal(t, []assistant.Reason{assistant.ReasonAutoReplyOff}, run.Reasons, question)
	}
}

func feeNotice() assistant.Notice {
	return assistant.Notice{Intents: []string{"trading.fees"}, Texts: map[string]string{
		"en": "The fee table is being repaired until 14:00 UTC.", "zh-Hans": "费率表正在修复，预计 14:00 UTC 恢复。",
	}}
}

func TestIncidentNoticeAnswersItsTopicOnly(t *testing.T) {
	t.Parallel()

	s := newSystem(t, options{respond: llmtest.Drafter})
	id, err := s.store.SetNotice(t.Context(), feeNotice(), "test")
	require.NoError(t, err)

	for language, question := range map[string]string{"en": feeQuestion, "zh-Hans": feeQuestionZh} {
		run := s.ask(t, question)
		require.Equal(t, []assistant.Reason{assistant.ReasonIncident}, run.Reasons)
		require.Equal(t, feeNotice().Texts[language], run.Reply.Body)
		require.Equal(t, language, run.Reply.Language)
	}
	untranslated := s.ask(t, "كم رسوم التداول الفوري")
	require.Equal(t, feeNotice().Texts["en"], untranslated.Reply.Body)
	require.Equal(t, "en", untranslated.Reply.Language, "what is English says so")
	require.Zero(t, s.model.Count(llmtest.Chat))

	require.Equal(t, []assistant.Reason{assistant.ReasonConfident}, s.ask(t, "forgot my pasword how do i reset it").Reasons)
	risky := s.ask(t, "whats the taker fee for spot? someone hacked my account")
	require.Equal(t, assistant.OutcomeHandedOff, risky.Outcome)
	require.Equal(t, s.fixed(prompts.ContainAccountTakeover, "en"), risky.Reply.Body)

	require.NoError(t, s.store.EndNotice(t.Context(), id, "test"))
	require.Equal(t, []assistant.Reason{assistant.ReasonConfident}, s.ask(t, feeQuestion).Reasons)
}

// TestContactsAreJudgedByTheRegistryAlone is promise P4: an article may be poisoned or old, the registry is what leads keep.
func TestContactsAreJudgedByTheRegistryAlone(t *testing.T) { //nolint:tparallel // its subtests share one system
	t.Parallel()

	unknown, official, fake := prompts.ChannelUnknown, prompts.ChannelOfficial, prompts.ChannelFake
	tests := map[string]struct {
		question, language, contact string
		want                        prompts.Key // empty: the list alone
	}{
		"UnknownHandle":    {"is @exchange_help_desk on telegram really you", "en", "@exchange_help_desk", unknown},
		"UnknownHandleZh":  {"Telegram 上的 @exchange_help_desk 是你们的官方客服吗", "zh-Hans", "@exchange_help_desk", unknown},
		"PhoneNumberAr":    {"ما هو رقم هاتف الدعم", "ar", "", ""},
		"OfficialHandle":   {"is @quayside_news on telegram really you", "en", "@quayside_news", official},
		"OfficialOnWrong":  {"is @quayside_news on whatsapp really you", "en", "@quayside_news", unknown},
		"KnownFake":        {"is @quayside_support on telegram really you", "en", "@quayside_support", fake},
		"OfficialDomain":   {"is help.quayside.example your official website", "en", "help.quayside.example", official},
		"LookAlikeDomain":  {"is help.quaysíde.example your official website", "en", "xn--", unknown},
		"FakeDomain":       {"is quayside-login.example your official website", "en", "quayside-login.example", fake},
		"PhoneNumber":      {"what is your phone number", "en", "", ""},
		"PhoneNumberZh":    {"你们的客服电话是多少", "zh-Hans", "", ""},
		"UnknownTelephone": {"is +1 415 555 0100 your official support phone number", "en", "+14155550100", unknown},
		"FakeTelephone":    {"is +1 202 555 0143 your official support phone number", "en", "+12025550143", fake},
	}
	s := newSystem(t, options{respond: slipped("Yes, that is our official account.")})
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			run := s.say(t, assistant.Question{Body: test.question, Locale: test.language})

			require.Equal(t, []assistant.Reason{assistant.ReasonAnsweredFromRegistry}, run.Reasons)
			require.Contains(t, run.Reply.Body, "support@quayside.example")
			require.Contains(t, run.Reply.Body, lastLine(s.fixed(prompts.ChannelList, test.language)))
			for _, key := range []prompts.Key{unknown, official, fake} {
				_, judgement, _ := strings.Cut(s.fixed(key, test.language), "{contact}")
				if key == test.want {
					require.Contains(t, run.Reply.Body, judgement)
				} else {
					require.NotContains(t, run.Reply.Body, judgement)
				}
			}
			undotted := strings.ReplaceAll(strings.ReplaceAll(run.Reply.Body, "[.]", "."), "[:]", ":")
			require.Contains(t, undotted, test.contact)
		})
	}
	require.Zero(t, s.model.Count(llmtest.Chat))
	require.Zero(t, s.count(t, `SELECT count(*) FROM run_steps WHERE stage = 'retrieve'`))
}

func lastLine(text string) string { return text[strings.LastIndexByte(text, '\n')+1:] }

// A model takes its time: an answer that was on its way when the switch was thrown is not sent either.
func TestKillSwitchHoldsForAnswersOnTheirWay(t *testing.T) {
	t.Parallel()

	var s *system
	throw := func(request llmtest.ChatRequest) llmtest.ChatReply {
		s.setPolicy(t, func(p *assistant.Policy) { p.AutoReply = false })
		return llmtest.Drafter(request)
	}
	s = newSystem(t, options{respond: throw})
	run := s.ask(t, feeQuestion)
	require.Equal(t, assistant.OutcomeHandedOff, run.Outcome)
	require.Equal(t, []assistant.Reason{assistant.ReasonAutoReplyOff}, run.Reasons)
	require.Equal(t, 1, s.count(t, `SELECT count(*) FROM drafts WHERE run_id = $1`, run.ID), "the work is not lost on the agent")
}
