package httpapi_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant/guard"
	"github.com/deskhand/deskhand/assistant/httpapi"
	"github.com/deskhand/deskhand/assistant/postgres"
	"github.com/deskhand/deskhand/prompts"
)

const delayed = "Withdrawals are delayed at the moment. Your funds are safe."

func notice(t *testing.T, change func(*httpapi.NoticeRequest)) string {
	t.Helper()
	now := time.Now()
	n := httpapi.NoticeRequest{
		Intents: []string{"withdrawal.pending"}, StartsAt: &now,
		Texts: map[string]string{"ar": "عمليات السحب متأخرة حاليًا. أموالك بأمان.", "en": delayed, "zh-Hans": "提币目前延迟。您的资产安全。"},
	}
	if change != nil {
		change(&n)
	}
	body, err := json.Marshal(n)
	require.NoError(t, err)
	return string(body)
}

func (s *system) addNotice(t *testing.T, change func(*httpapi.NoticeRequest)) httpapi.NoticeView {
	t.Helper()
	return decode[httpapi.NoticeView](t, s.do(t, call{body: notice(t, change), key: s.admin, path: "/v1/incidents"}), http.StatusCreated)
}

// Two replicas: what one is told, the other says with its next question, long before the two seconds that are promised.
func TestNoticeAnswersOnEveryReplicaWithTheNextQuestionAndNeverInsteadOfAPerson(t *testing.T) {
	t.Parallel()

	for language, texts := range map[string]struct{ question, want, person string }{
		"en":      {pending, delayed, hacked},
		"zh-Hans": {"提币两个小时了还没到账,怎么办?", "提币目前延迟。您的资产安全。", "有人登录了我的账户,转走了比特币"},
		"ar":      {"سحبي معلق منذ ساعتين، ماذا أفعل؟", "عمليات السحب متأخرة حاليًا. أموالك بأمان.", "شخص دخل حسابي وسحب البيتكوين"},
	} {
		t.Run(language, func(t *testing.T) {
			t.Parallel()

			s := newSystem(t, options{})
			other := newSystemOn(t, s.url, options{})
			other.widget = s.widget
			require.NotEqual(t, texts.want, other.ask(t, texts.question).Reply.Body)
			added := s.addNotice(t, func(n *httpapi.NoticeRequest) {
				n.Intents = append(n.Intents, "withdrawal.not_received")
			})
			require.Equal(t, "active", added.State)
			require.Equal(t, texts.want, other.ask(t, texts.question).Reply.Body)
			require.Equal(t, "handed_off", other.ask(t, texts.person).Outcome)
			path := fmt.Sprintf("/v1/incidents/%d", added.ID)
			require.Equal(t, http.StatusNoContent, s.do(t, call{key: s.admin, method: http.MethodPost, path: path + "/end"}).status)
			require.NotEqual(t, texts.want, other.ask(t, texts.question).Reply.Body)
			problem(t, s.do(t, call{key: s.admin, method: http.MethodPost, path: path + "/end"}), http.StatusNotFound)
		})
	}
}

func TestNoticeThatMayNotBeSentIsRefused(t *testing.T) {
	t.Parallel()

	s := newSystem(t, options{})
	for field, change := range map[string]func(*httpapi.NoticeRequest){
		"texts.en": func(n *httpapi.NoticeRequest) { n.Texts["en"] = "Please send your password to our team." },
		"texts.zh-Hans": func(n *httpapi.NoticeRequest) {
			n.Texts["zh-Hans"] = "请访问 https://quayside-support.com 查看。"
		},
		"texts":         func(n *httpapi.NoticeRequest) { n.Texts["xx"] = "hello" },
		"intents":       func(n *httpapi.NoticeRequest) { n.Intents = []string{"security.account_hacked"} },
		"languages":     func(n *httpapi.NoticeRequest) { n.Languages = []string{"tlh"} },
		"jurisdictions": func(n *httpapi.NoticeRequest) { n.Jurisdictions = []string{"Germany"} },
		"ends_at":       func(n *httpapi.NoticeRequest) { n.EndsAt = n.StartsAt },
	} {
		p := problem(t, s.do(t, call{body: notice(t, change), key: s.admin, path: "/v1/incidents"}), http.StatusUnprocessableEntity)
		require.Equal(t, field, p.Errors[0].Field)
	}
	p := problem(t, s.do(t, call{body: `{"intents":["withdrawal.pending"],"texts":{"de":"Hallo"}}`, key: s.admin, path: "/v1/incidents"}), http.StatusUnprocessableEntity)
	require.Equal(t, "texts.en", p.Errors[0].Field)
	require.Empty(t, decode[httpapi.NoticeList](t, s.do(t, call{key: s.admin, path: "/v1/incidents"}), http.StatusOK).Notices)
}

// The registry may change after a notice was set: its text is checked when it is sent, too.
func TestNoticeWhoseLinkIsNoLongerOfficialGoesToAPerson(t *testing.T) {
	t.Parallel()

	s := newSystem(t, options{})
	s.addNotice(t, func(n *httpapi.NoticeRequest) {
		n.Texts["en"] = "Withdrawals are delayed: see https://help.quayside.example"
	})
	require.Equal(t, "answered", s.ask(t, pending).Outcome)
	require.NoError(t, s.store.SetChannels(t.Context(), nil, "test"))
	require.Equal(t, "handed_off", s.ask(t, pending).Outcome)
}

func TestPreviewNamesTheNoticesThatApplyTheNarrowestFirst(t *testing.T) {
	t.Parallel()

	s := newSystem(t, options{})
	wide := s.addNotice(t, nil)
	german := s.addNotice(t, func(n *httpapi.NoticeRequest) { n.Jurisdictions = []string{"DE"} })
	s.addNotice(t, func(n *httpapi.NoticeRequest) { n.Languages = []string{"ja"} })
	s.addNotice(t, func(n *httpapi.NoticeRequest) { n.StartsAt = nil })
	preview := func(body string) []int64 {
		t.Helper()
		var ids []int64
		for _, n := range decode[httpapi.PreviewResponse](t, s.do(t, call{body: body, key: s.admin, path: "/v1/incidents/preview"}), http.StatusOK).Notices {
			ids = append(ids, n.ID)
		}
		return ids
	}
	require.Equal(t, []int64{german.ID, wide.ID}, preview(`{"question":"`+pending+`","jurisdiction":"DE"}`))
	require.Equal(t, []int64{wide.ID}, preview(`{"question":"`+pending+`"}`))
	person := decode[httpapi.PreviewResponse](t, s.do(t, call{body: `{"question":"` + hacked + `"}`, key: s.admin, path: "/v1/incidents/preview"}), http.StatusOK)
	require.NotEmpty(t, person.Person)
}

func TestNoticeIsChangedByWhoSawItLast(t *testing.T) {
	t.Parallel()

	s := newSystem(t, options{})
	draft := s.addNotice(t, func(n *httpapi.NoticeRequest) { n.StartsAt = nil })
	require.Equal(t, "draft", draft.State)
	require.NotEqual(t, delayed, s.ask(t, pending).Reply.Body)
	path := fmt.Sprintf("/v1/incidents/%d", draft.ID)
	body := notice(t, nil)
	body = body[:len(body)-1] + `,"version":%d}`
	started := decode[httpapi.NoticeView](t, s.do(t, call{body: fmt.Sprintf(body, 1), key: s.admin, method: http.MethodPut, path: path}), http.StatusOK)
	require.Equal(t, "active", started.State)
	require.Equal(t, delayed, s.ask(t, pending).Reply.Body)
	problem(t, s.do(t, call{body: fmt.Sprintf(body, 1), key: s.admin, method: http.MethodPut, path: path}), http.StatusConflict)
	problem(t, s.do(t, call{key: s.admin, method: http.MethodDelete, path: path}), http.StatusConflict)
	other := s.addNotice(t, func(n *httpapi.NoticeRequest) { n.StartsAt = nil })
	gone := fmt.Sprintf("/v1/incidents/%d", other.ID)
	require.Equal(t, http.StatusNoContent, s.do(t, call{key: s.admin, method: http.MethodDelete, path: gone}).status)
	problem(t, s.do(t, call{key: s.admin, path: gone}), http.StatusNotFound)
	for _, key := range []string{s.widget, s.agent} {
		problem(t, s.do(t, call{body: notice(t, nil), key: key, path: "/v1/incidents"}), http.StatusForbidden)
	}
}

func TestRiseOfQuestionsIsProposedOnceAndBecomesADraft(t *testing.T) {
	t.Parallel()

	s := newSystem(t, options{})
	w := follow(t, watched(t, s), "/v1/events?types=incident.proposed", s.admin, "")
	var counted int
	require.NoError(t, s.row(`WITH c AS (INSERT INTO question_counts
		SELECT date_bin('5 minutes', now(), 'epoch') - i * interval '1 hour', 'withdrawal.pending', 1 FROM generate_series(1, 24 * 28) i RETURNING 1)
		SELECT count(*) FROM c`).Scan(&counted))
	n, err := s.store.ProposeIncidents(t.Context())
	require.NoError(t, err)
	require.Zero(t, n, "a usual hour is no incident")
	for range 30 {
		s.ask(t, pending)
	}
	n, err = s.store.ProposeIncidents(t.Context())
	require.NoError(t, err)
	require.Equal(t, 1, n)
	require.Contains(t, w.next(t).data, `"intent":"withdrawal.pending"`)
	n, err = s.store.ProposeIncidents(t.Context())
	require.NoError(t, err)
	require.Zero(t, n, "it is proposed once")

	open := decode[httpapi.ProposalList](t, s.do(t, call{key: s.admin, path: "/v1/incidents/proposals"}), http.StatusOK).Proposals
	require.Len(t, open, 1)
	require.GreaterOrEqual(t, open[0].Questions, 8)
	path := fmt.Sprintf("/v1/incidents/proposals/%d", open[0].ID)
	draft := decode[httpapi.NoticeView](t, s.do(t, call{key: s.admin, method: http.MethodPost, path: path + "/accept"}), http.StatusOK)
	require.Equal(t, "draft", draft.State)
	require.Len(t, draft.Texts, len(prompts.Languages()))
	problem(t, s.do(t, call{key: s.admin, method: http.MethodPost, path: path + "/dismiss"}), http.StatusNotFound)
	n, err = s.store.ProposeIncidents(t.Context())
	require.NoError(t, err)
	require.Zero(t, n, "somebody has decided")
}

func TestChannelsAreVerifiedByTheRegistryAlone(t *testing.T) {
	t.Parallel()

	s := newSystem(t, options{})
	verify := func(value string) httpapi.VerifyResponse {
		t.Helper()
		body, err := json.Marshal(httpapi.VerifyRequest{Locale: "zh-Hans", Value: value})
		require.NoError(t, err)
		return decode[httpapi.VerifyResponse](t, s.do(t, call{body: string(body), key: s.widget, path: "/v1/channels/verify"}), http.StatusOK)
	}
	require.Equal(t, "official", verify("https://help.quayside.example/faq").Contacts[0].Standing)
	unknown := verify("https://quayside-support.com").Contacts[0]
	require.Equal(t, "unknown", unknown.Standing)
	require.Equal(t, "added_words", unknown.Imitates.Sign)
	require.Contains(t, unknown.Imitates.Official, "quayside.example")
	require.Empty(t, verify("nothing in here").Contacts)

	fake := `{"standing":"known_fake","value":"hxxps://quayside-support[.]com"}`
	added := decode[httpapi.ChannelView](t, s.do(t, call{body: fake, key: s.admin, path: "/v1/channels"}), http.StatusCreated)
	require.Equal(t, "quayside-support.com", added.Value)
	require.Equal(t, "known_fake", verify("https://quayside-support.com").Contacts[0].Standing)
	problem(t, s.do(t, call{body: fake, key: s.admin, path: "/v1/channels"}), http.StatusConflict)
	problem(t, s.do(t, call{body: `{"standing":"known_fake","value":"quayside.example"}`, key: s.admin, path: "/v1/channels"}), http.StatusConflict)
	problem(t, s.do(t, call{body: `{"standing":"known_fake","value":"two words"}`, key: s.admin, path: "/v1/channels"}), http.StatusUnprocessableEntity)
	problem(t, s.do(t, call{body: fake, key: s.agent, path: "/v1/channels"}), http.StatusForbidden)
	list := decode[httpapi.ChannelList](t, s.do(t, call{key: s.admin, path: "/v1/channels?limit=1"}), http.StatusOK)
	require.Len(t, list.Channels, 1)
	require.Positive(t, list.Next)
	path := fmt.Sprintf("/v1/channels/%d", added.ID)
	require.Equal(t, http.StatusOK, s.do(t, call{body: `{"notes":{"en":"seen"}}`, key: s.admin, method: http.MethodPut, path: path}).status)
	require.Equal(t, http.StatusNoContent, s.do(t, call{key: s.admin, method: http.MethodDelete, path: path}).status)
	require.Equal(t, "unknown", verify("https://quayside-support.com").Contacts[0].Standing)
}

func TestImportedFakesAreInForceOnEveryReplicaAndSurviveTheRegistryFile(t *testing.T) {
	t.Parallel()

	s := newSystem(t, options{})
	other := newSystemOn(t, s.url, options{})
	list := postgres.FakeList{Actor: "test", Fakes: []guard.Channel{{Kind: "domain", Value: "evil.test"}, {Kind: "domain", Value: "bad.test"}}, Source: "list.txt"}
	evil := guard.Contact{Kind: guard.KindLink, Value: "https://evil.test"}
	standing := func() guard.Standing {
		settings, err := other.store.Settings(t.Context())
		require.NoError(t, err)
		return settings.Registry.Standing(evil)
	}
	require.Equal(t, guard.Unknown, standing())
	for _, want := range []int{2, 0} {
		added, err := s.store.AddFakes(t.Context(), list)
		require.NoError(t, err)
		require.Equal(t, want, added)
	}
	require.Equal(t, guard.KnownFake, standing())
	require.NoError(t, s.store.SetChannels(t.Context(), nil, "test"))
	require.Equal(t, guard.KnownFake, standing())
}

func TestPublishedRegistryIsSignedAndItsKeyCanBeReplaced(t *testing.T) {
	t.Parallel()

	s := newSystem(t, options{})
	first := decode[guard.Published](t, s.do(t, call{key: s.widget, path: "/v1/channels/registry"}), http.StatusOK)
	require.Len(t, first.Signatures, 1)
	raw := s.do(t, call{key: s.widget, path: "/v1/channels/registry"}).body
	_, err := guard.VerifyPublished([]byte(raw), first.Signatures[0].PublicKey)
	require.NoError(t, err)
	public, err := s.store.RotateRegistryKey(t.Context(), time.Hour, "test")
	require.NoError(t, err)
	raw = s.do(t, call{key: s.widget, path: "/v1/channels/registry"}).body
	for _, key := range [][]byte{public, first.Signatures[0].PublicKey} {
		_, err = guard.VerifyPublished([]byte(raw), key)
		require.NoError(t, err)
	}
	_, err = s.store.RotateRegistryKey(t.Context(), 0, "test")
	require.NoError(t, err)
	raw = s.do(t, call{key: s.widget, path: "/v1/channels/registry"}).body
	_, err = guard.VerifyPublished([]byte(raw), public)
	require.Error(t, err, "a key that was replaced at once signs no more")
}
