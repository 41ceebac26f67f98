package assistant_test

import (
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"github.com/tyler-smith/go-bip39/wordlists"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/assistant/jobs"
	"github.com/deskhand/deskhand/assistant/llm/llmtest"
	"github.com/deskhand/deskhand/prompts"
)

// secret is something that must not travel, as customers type it.
type secret struct {
	name  string
	bare  string            // recognisable without words around it; empty when nothing is
	texts map[string]string // by language
	// needles are what may be found nowhere: the secret, or parts of it that are long enough to be no accident.
	needles []string
}

const (
	seedWords = "legal winner thank year wave sausage worth useful legal winner thank yellow"
	wif       = "5KQmDryMNDcisTzRp3zEq9e4awRmJrEVU1j5vFRTKpRNYPqYrMg"
	hexKey    = "8a1f0b5e4c7d9326aa01bc44de5f60718293a4b5c6d7e8f90a1b2c3d4e5f6071"
	card      = "4111 1111 1111 1111"
	password  = "Sunset9!Qw"
	code      = "49381726"
	apiSecret = "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j"
)

// chineseSeed is a phrase of rare characters of the Chinese word list.
func chineseSeed() string {
	var phrase strings.Builder
	for i := range 12 {
		phrase.WriteString(wordlists.ChineseSimplified[700+97*i])
	}
	return phrase.String()
}

// secrets are the kinds that customers paste, in the first languages.
func secrets() []secret {
	chinese := []rune(chineseSeed())
	return []secret{
		{
			name: "SeedPhrase", bare: seedWords, needles: []string{"legal winner thank", "year wave sausage", "worth useful"},
			texts: map[string]string{
				"en":      "my wallet does not load, please check my phrase " + seedWords + " thanks",
				"zh-Hans": "钱包打不开，助记词是 " + seedWords + " 帮我看一下",
				"ar":      "محفظتي لا تعمل وعبارة الاسترداد هي " + seedWords + " ساعدوني",
			},
		},
		{
			name: "ChineseSeedPhrase", bare: string(chinese),
			needles: []string{string(chinese[:3]), string(chinese[5:8]), string(chinese[9:])},
			texts: map[string]string{
				"en":      "my wallet does not load, here are my seed words: " + string(chinese) + " thanks",
				"zh-Hans": "我的助记词是" + string(chinese) + "，请帮我看看为什么打不开",
				"ar":      "محفظتي لا تعمل وعبارة الاسترداد هي " + string(chinese) + " ساعدوني",
			},
		},
		{
			name: "PrivateKey", bare: wif, needles: []string{wif, wif[:16]},
			texts: map[string]string{
				"en":      "i cannot import " + wif + " into the app, why?",
				"zh-Hans": "我的私钥 " + wif + " 导入不了钱包",
				"ar":      "مفتاحي الخاص هو " + wif + " ولا أستطيع استيراده",
			},
		},
		{
			name: "HexPrivateKey", needles: []string{hexKey, hexKey[:16]},
			texts: map[string]string{
				"en":      "my private key is 0x" + hexKey + " and the import fails",
				"zh-Hans": "私钥：" + hexKey + " 导入失败",
				"ar":      "المفتاح الخاص بي هو " + hexKey + " ولا يعمل",
			},
		},
		{
			name: "Card", bare: card, needles: []string{card, "1111 1111"},
			texts: map[string]string{
				"en":      "my card " + card + " was declined when i bought usdt",
				"zh-Hans": "我的银行卡 " + card + " 买币被拒绝了",
				"ar":      "بطاقتي " + card + " رُفضت عند الشراء",
			},
		},
		{
			name: "Password", needles: []string{password},
			texts: map[string]string{
				"en":      "i cannot log in, my password is " + password + " please check",
				"zh-Hans": "登录不了，我的密码是" + password + " 帮我看看",
				"ar":      "لا أستطيع الدخول، كلمة المرور هي " + password + " ساعدوني",
			},
		},
		{
			name: "OneTimeCode", needles: []string{code},
			texts: map[string]string{
				"en":      "i got the verification code " + code + " but the page rejects it",
				"zh-Hans": "验证码是" + code + "，为什么提示错误",
				"ar":      "رمز التحقق هو " + code + " ولكن الصفحة ترفضه",
			},
		},
		{
			name: "APISecret", needles: []string{apiSecret, apiSecret[:20]},
			texts: map[string]string{
				"en":      "the api returns 401, here is my api secret " + apiSecret,
				"zh-Hans": "API 返回 401，我的 api secret 是 " + apiSecret,
				"ar":      "واجهة API ترجع 401 والمفتاح السري api secret هو " + apiSecret,
			},
		},
	}
}

// TestNoSecretTravels is promise P2: what a customer should not have typed reaches neither the database, nor a model, nor an
// embedding, nor the log, nor a trace, nor a webhook, and the customer is told at once, in their language.
func TestNoSecretTravels(t *testing.T) { //nolint:tparallel // its subtests share one system
	t.Parallel()

	consumer, collector := newWitness(t), newWitness(t)
	tracer := collector.tracer(t)
	s := newSystem(t, options{
		articles: sampleArticles(t, "en/trading-fees.md", "zh-Hans/trading-fees.md", "ar/trading-fees.md"),
		respond:  llmtest.Drafter,
		tracer:   tracer,
	})
	s.subscribe(t, consumer)
	workers, err := jobs.NewWorkers(s.pool, s.Assistant, s.logger())
	require.NoError(t, err)
	require.NoError(t, workers.AddWebhooks(s.deliverer()))

	t.Run("Told", func(t *testing.T) {
		for _, secret := range secrets() {
			t.Run(secret.name, func(t *testing.T) {
				t.Parallel()

				for language, text := range secret.texts {
					confess(t, s, language, text)
					if secret.bare != "" {
						confess(t, s, language, secret.bare)
					}
				}
			})
		}
	})

	// Agents see what customers typed, and type themselves.
	s.rejectWith(t, "their password is "+password)

	// The drafts for the agents are made by a model too.
	require.NoError(t, workers.Start(t.Context()))
	require.Eventually(t, func() bool {
		return s.count(t, `SELECT count(*) FROM river_job WHERE kind IN ('draft_for_agent', 'deliver_webhook') AND finalized_at IS NULL`) == 0
	}, 5*time.Minute, 50*time.Millisecond)
	require.NoError(t, workers.Stop(t.Context()))
	require.NoError(t, tracer.Close(t.Context()))
	require.Positive(t, s.count(t, `SELECT count(*) FROM river_job WHERE kind = 'draft_for_agent' AND state = 'completed'`))

	require.Positive(t, s.model.Count(llmtest.Chat))
	require.Positive(t, s.model.Count(llmtest.Embeddings))
	require.Contains(t, s.log.String(), "river")
	require.True(t, s.model.Saw("⟦password⟧"), "the recording sees what customers wrote")
	require.NotEmpty(t, s.tablesWith(t, "⟦password⟧"), "the search of the database sees what customers wrote")
	require.Zero(t, s.count(t, `SELECT count(*) FROM webhook_deliveries WHERE status <> 'delivered'`))
	for _, sign := range []string{"question.concluded", "ticket.opened", "ticket.claimed", "draft.rejected", "risk:secret_shared"} {
		require.True(t, consumer.saw(sign), "the consumer is told: %s", sign)
	}
	for _, sign := range []string{`"run"`, "draft for agent", "stage triage", "stage retrieve", "chat chat", "embeddings", "risk:secret_shared"} {
		require.True(t, collector.saw(sign), "the collector is told: %s", sign)
	}
	// What customers wrote stays at the desk, also with its secrets removed.
	require.False(t, consumer.saw("⟦"), "a customer's text in a webhook")
	require.False(t, collector.saw("⟦"), "a customer's text in a trace")
	for _, secret := range secrets() {
		for _, needle := range secret.needles {
			require.Empty(t, s.tablesWith(t, needle), "%s in the database", secret.name)
			require.False(t, s.model.Saw(needle), "%s at the model", secret.name)
			require.NotContains(t, s.log.String(), needle, "%s in the log", secret.name)
			require.False(t, consumer.saw(needle), "%s in a webhook", secret.name)
			require.False(t, collector.saw(needle), "%s in a trace", secret.name)
		}
	}
}

// confess types a secret and asks something harmless after it, so that the model gets the conversation to read.
func confess(t *testing.T, s *system, language, text string) {
	t.Helper()
	run := s.say(t, assistant.Question{Body: text, Locale: language})
	require.Equal(t, assistant.OutcomeHandedOff, run.Outcome, text)
	require.Contains(t, run.Reasons, assistant.Reason("risk:secret_shared"), text)
	require.True(t, strings.HasPrefix(run.Reply.Body, s.fixed(prompts.NoteSecretRemoved, run.Language)), run.Reply.Body)
	harmless := map[string]string{
		"en": "how much is the spot trading fee", "zh-Hans": "现货手续费多少", "ar": "كم رسوم التداول الفوري",
	}
	require.Equal(t, language, run.Reply.Language, "%s was answered in another language", text)
	s.say(t, assistant.Question{Body: harmless[language], ConversationID: run.ConversationID, Locale: language})
}

func TestSecretSplitOverMessagesIsRewritten(t *testing.T) {
	t.Parallel()

	tests := map[string][2]string{
		"Phrase":        {"here are the first words: legal winner thank year wave sausage", "worth useful legal winner thank yellow"},
		"ChinesePhrase": {"前六个：" + spaced(chineseSeed(), 0, 6), spaced(chineseSeed(), 6, 12)},
	}
	for name, halves := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			s := newSystem(t, options{})
			first := s.ask(t, halves[0])
			require.NotEmpty(t, s.tablesWith(t, tail(halves[0])), "half a phrase says nothing yet")
			second := s.say(t, assistant.Question{Body: halves[1], ConversationID: first.ConversationID})

			require.Contains(t, second.Reasons, assistant.Reason("risk:secret_shared"))
			require.Empty(t, s.tablesWith(t, tail(halves[0])))
			require.Empty(t, s.tablesWith(t, tail(halves[1])))
			require.Equal(t, 1, s.count(t, `SELECT count(*) FROM messages WHERE id = $1 AND body LIKE '%⟦seed_phrase⟧%'`, first.MessageID))
		})
	}
}

func TestPasswordInTheMessageAfterItsAnnouncementIsRemoved(t *testing.T) {
	t.Parallel()

	s := newSystem(t, options{})
	announced := s.ask(t, "my password is")
	run := s.say(t, assistant.Question{Body: "hunter2x!", ConversationID: announced.ConversationID})

	require.Contains(t, run.Reasons, assistant.Reason("risk:secret_shared"))
	require.Empty(t, s.tablesWith(t, "hunter2x"))
}

func TestRetriedQuestionWithASecretFindsItsFirstEnd(t *testing.T) {
	t.Parallel()

	s := newSystem(t, options{})
	opened := s.ask(t, "hello")
	q := assistant.Question{Body: secrets()[0].texts["en"], ClientID: "m2", ConversationID: opened.ConversationID}
	first := s.say(t, q)
	again := s.say(t, q)

	require.Equal(t, first.ID, again.ID)
	require.Equal(t, first.Reply, again.Reply)
	require.Empty(t, s.tablesWith(t, "worth useful"))
}

// spaced are some characters of a text with spaces between them.
func spaced(text string, from, to int) string {
	return strings.Join(strings.Split(text, "")[from:to], " ")
}

// tail is the end of a text, long enough to be no accident.
func tail(text string) string {
	runes := []rune(text)
	return string(runes[max(0, len(runes)-5):])
}

// tablesWith returns the columns in which a text is stored: every column of every table that can hold text.
func (s *system) tablesWith(t *testing.T, needle string) []string {
	t.Helper()
	rows, err := s.pool.Query(t.Context(), `
		SELECT format('%I.%I', c.table_schema, c.table_name) AS name, quote_ident(c.column_name) AS field
		FROM information_schema.columns c JOIN information_schema.tables USING (table_schema, table_name)
		WHERE table_type = 'BASE TABLE' AND c.table_schema NOT IN ('pg_catalog', 'information_schema')
		  AND (c.data_type IN ('text', 'json', 'jsonb', 'character varying')
			OR c.udt_name IN ('_text', '_json', '_jsonb', '_varchar'))`)
	require.NoError(t, err)
	type column struct{ Name, Field string }
	columns, err := pgx.CollectRows(rows, pgx.RowToStructByName[column])
	require.NoError(t, err)
	require.Greater(t, len(columns), 40, "the schema is there")
	var found []string
	for _, c := range columns {
		var n int
		err := s.pool.QueryRow(t.Context(), `SELECT count(*) FROM `+c.Name+` WHERE strpos(`+c.Field+`::text, $1) > 0`, needle).Scan(&n)
		require.NoError(t, err)
		if n > 0 {
			found = append(found, c.Name+"."+c.Field)
		}
	}
	return found
}
