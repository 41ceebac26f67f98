package console_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant/access"
)

// pending is a question that the sample articles answer.
const pending = "My withdrawal has been pending for two hours, what now?"

// outcome asks what is pending as a customer and returns how it ended, with what the customer reads.
func (s *system) outcome(t *testing.T) (outcome, reply string) {
	t.Helper()
	body, err := json.Marshal(map[string]any{"message": map[string]string{"body": pending}})
	require.NoError(t, err)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.Base+"/v1/answers", bytes.NewReader(body))
	require.NoError(t, err)
	request.Header.Set("Authorization", "Bearer "+s.widget)
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer response.Body.Close()
	var answer struct {
		Outcome string `json:"outcome"`
		Reply   struct {
			Body string `json:"body"`
		} `json:"reply"`
	}
	require.NoError(t, json.NewDecoder(response.Body).Decode(&answer))
	return answer.Outcome, answer.Reply.Body
}

// TestLeadPages share a service: each works on something of its own.
func TestLeadPages(t *testing.T) { //nolint:tparallel // its parts share a tab
	t.Parallel()
	s := newSystem(t)
	lead := s.addAs(t, "Lea", access.Lead)
	b := newTab(t)
	b.enter(s, lead)

	t.Run("AnIncidentNoticeIsWrittenStartedAndEnded", func(t *testing.T) { testIncident(t, s, b.in(t)) })  //nolint:paralleltest // one tab
	t.Run("ChannelsAreCheckedAddedImportedAndRemoved", func(t *testing.T) { testChannels(t, s, b.in(t)) }) //nolint:paralleltest // one tab
	t.Run("ThePolicyIsCheckedAndTheKillSwitchWorks", func(t *testing.T) { testPolicy(t, s, b.in(t)) })     //nolint:paralleltest // one tab
}

func testIncident(t *testing.T, s *system, b *tab) {
	t.Helper()
	b.open(s.Base + "/console/incidents/new")
	b.Do(`$('[name=intents]').value = 'account.hacked'; $('[name="texts.en"]').value = 'We are working on it.'`)
	b.Do(`$('.editor .main').click()`)
	b.await(`$('.editor .error').textContent && $('[name=intents]').ariaInvalid === 'true'`)
	require.Equal(t, "intents", read[string](b, `focus().name`), "the field at fault has the focus")

	b.Do(`$('[name=intents]').value = 'withdrawal.pending, withdrawal.not_received';
		$('[name="texts.en"]').value = 'Withdrawals & \"swaps\" are slow today.'; $('[name="texts.zh-Hans"]').value = '今天提币较慢。'`)
	b.Picture("lead-incident")
	b.Do(`$('[data-now=starts_at]').click()`)
	b.await(`document.body.dataset.page === 'incidents' && $('#rows .chip.risk')?.textContent === 'in force'`)
	_, reply := s.outcome(t)
	require.Contains(t, reply, "are slow today")

	b.Do(`$('[name=question]').value = '` + pending + `'; $('[name=question]').form.requestSubmit()`)
	b.await(`$('#notices .note')?.textContent.includes('slow today')`)
	b.Picture("lead-incidents")
	b.Do(`$('#rows a').click()`)
	b.await(`document.body.dataset.page === 'incident' && $('[name=starts_at]').value`)
	b.Do(`$('[name="texts.en"]').value = 'Withdrawals are slow.'; $('.editor .main').click()`)
	b.await(`document.body.dataset.page === 'incidents'`)
	b.Do(`$('#rows form').requestSubmit()`)
	b.await(`$('#rows .chip')?.textContent === 'ended'`)
	outcome, reply := s.outcome(t)
	require.Equal(t, "answered", outcome)
	require.NotContains(t, reply, "slow")
	b.clean()
}

func testChannels(t *testing.T, s *system, b *tab) {
	t.Helper()
	b.open(s.Base + "/console/channels")
	b.Do(`$('[name=value]').value = 'https://quayslde.example/login'; $('[name=value]').form.requestSubmit()`)
	b.await(`$('#verified li')?.textContent.includes('not official')`)
	b.Do(`$('#fakes textarea').value = 'quayside-refund.example\ntelegram @quayside_help_desk\nquayside-refund.example\nnot a contact at all'; $('#fakes').requestSubmit()`)
	b.await(`$('#fakes').ariaBusy === 'false'`)
	b.Picture("lead-channels")
	require.Equal(t, "not a contact at all", read[string](b, `$("#fakes textarea").value`),
		read[string](b, `$('#fakes').innerText`))
	b.await(`$('#rows').innerText.includes('quayside-refund.example')`)
	b.open(s.Base + "/console/channels?standing=known_fake")
	b.Do(`window.confirm = () => true; $$('#rows tr').find((r) => r.innerText.includes('refund')).querySelector('form').requestSubmit()`)
	b.await(`!$('#rows').innerText.includes('refund')`)
	b.clean()
}

func testPolicy(t *testing.T, s *system, b *tab) {
	t.Helper()
	b.open(s.Base + "/console/policy")
	b.Do(`$('[name="policy.first_response.P1"]').value = 'soon'; $('#policy .main').click()`)
	b.await(`$('#policy .error').textContent && focus().name === 'policy.first_response.P1'`)
	b.Do(`$('[name="policy.first_response.P1"]').value = '10m'; $('#add-rule').click();
		$('[data-row] [name=intent]').value = 'withdrawal.*'; $('[data-row] [name=language]').value = 'ar'; $('[data-row] [name=mode]').value = 'suggest'`)
	b.Picture("lead-policy")
	b.Do(`$('#policy .main').click()`)
	b.await(`$$('[data-row]').length === 1 && $('[name="policy.first_response.P1"]').defaultValue === '10m'`)
	require.Equal(t, "withdrawal.*ar", read[string](b, `$('[data-row] [name=intent]').value + $('[data-row] [name=language]').value`))

	b.Do(`window.confirm = () => true; $('#switch form').requestSubmit()`)
	b.await(`$('#switch.off')`)
	outcome, _ := s.outcome(t)
	require.Equal(t, "handed_off", outcome)
	b.Picture("lead-policy-off")
	b.Do(`window.confirm = () => true; $('#switch form').requestSubmit()`)
	b.await(`$('#switch.on')`)
	require.Equal(t, "1", read[string](b, `String($$('[data-row]').length)`), "the switch leaves the rest as it was")
	outcome, _ = s.outcome(t)
	require.Equal(t, "answered", outcome)
	b.clean()
}

// TestListsAreNarrowedByWords types into the field that "/" leads to, on a list that the service narrows and on one that is whole on its page.
func TestListsAreNarrowedByWords(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	admin := s.addAs(t, "Ana", access.Admin)
	for _, name := range []string{"Grüße", "问候", "تحية"} {
		s.Exec(t, `INSERT INTO macros (name, language, body, updated_at, updated_by) VALUES ($1, 'en', 'Hello', now(), 'test')`, name)
	}
	s.Exec(t, `INSERT INTO article_versions (slug, locale, version, title, body_markdown, category, intents, audience, status, jurisdictions, source,
			content_hash, changed_by)
		SELECT 'many-' || i, 'en', 1, 'One of many ' || i, 'Text ' || i, '', '{}', 'public', 'published', '{}', 'test', sha256(i::text::bytea), 'test'
		FROM generate_series(1, 120) i`)
	b := newTab(t)
	b.enter(s, admin)
	titles := `$$('#rows tr').filter((row) => row.getClientRects().length).map((row) => row.cells[0].innerText.trim()).join()`
	find := func(words string) {
		t.Helper()
		b.Do(`$('input[type=search]').select()`)
		b.Write(words)
	}

	b.open(s.Base + "/console/articles")
	b.await(`shown('#more a')`)
	b.press("/")
	b.await(`focus().name === 'q'`)
	find("MANY 117")
	b.await(titles + ` === 'One of many 117' && !shown('#more a')`)
	require.Contains(t, read[string](b, `location.search`), "q=MANY+117", "the address can be kept")
	require.Equal(t, "q", read[string](b, `focus().name`))
	find("many")
	b.await(`$$('#rows tr').length === 50 && new URL($('#more a').href).searchParams.get('q') === 'many'`)
	for words, want := range map[string]string{"已提交 链上广播": "提币处理中或未到账怎么办", "no such words": "Nothing here."} {
		find(words)
		b.await(titles + ` === '` + want + `' || ` + titles + `.includes('` + want + `')`)
	}
	b.clean()

	b.open(s.Base + "/console/macros")
	for words, want := range map[string]string{"grüß hello": "Grüße", "问": "问候", "تح": "تحية", "nothing": ""} {
		find(words)
		b.await(titles + ` === '` + want + `'`)
	}
	b.open(s.Base + "/console/people")
	find("lead")
	b.await(titles + ` === ''`)
	find("admin ana")
	b.await(titles + ` === 'Ana'`)

	b.open(s.Base + "/console/audit")
	b.Do(`$('[name=action]').value = 'agent.add'; $('[name=action]').dispatchEvent(new Event('change', {bubbles: true}))`)
	b.await(`location.search === '?action=agent.add'`)
	require.Equal(t, "?action=agent.add", read[string](b, `$('#export').search`), "the export holds what is shown")
	b.clean()
}
