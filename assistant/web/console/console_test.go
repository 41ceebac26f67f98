package console_test

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"
	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant/access"
	"github.com/deskhand/deskhand/assistant/postgres"
	"github.com/deskhand/deskhand/assistant/triage/intent"
)

// open is a service with a case that has a draft, and Mia and Ben who work there.
func openDesk(t *testing.T) *system {
	t.Helper()
	s := newSystem(t)
	s.add(t, "Mia")
	s.add(t, "Ben")
	s.ask(t, wanted)
	return s
}

// openCase opens the first case of the queue with Enter and waits for its draft.
func (b *tab) openCase() {
	b.t.Helper()
	b.await(`focus().matches('.row')`)
	b.Key("\r")
	b.await(`document.body.dataset.page === 'ticket' && $('#composer').dataset.draft`)
}

func TestAgentAcceptsADraftWithThreeKeysFromTheQueue(t *testing.T) {
	t.Parallel()
	s := openDesk(t)
	b := newTab(t)
	b.logIn(s, "Mia")
	b.await(`focus().matches('.row')`)
	b.Picture("queue-1280")

	b.Key("\r") // 1: open
	b.await(`document.body.dataset.page === 'ticket' && $('#composer').dataset.draft`)
	draft := read[string](b, `$('#body').value`)
	b.press("a") // 2: the button
	b.await(`focus().id === 'send'`)
	b.Key("\r") // 3: send

	b.await(`$('.said.agent')`)
	require.Equal(t, draft, read[string](b, `$('.said.agent .words').textContent`))
	require.True(t, read[bool](b, `$('#case').dataset.status === 'waiting' && $('#case').dataset.mine === 'true'`))
	b.clean()
}

func TestADraftIsSeenWholeAndItsActionsStayInSight(t *testing.T) {
	t.Parallel()
	s := openDesk(t)
	b := newTab(t)
	b.logIn(s, "Mia")
	b.openCase()
	b.Size(1280, 500)
	b.Do(`$('#body').value = 'A line\n'.repeat(80); $('#body').dispatchEvent(new Event('input', {bubbles: true}))`)
	require.True(t, read[bool](b, `$('#body').scrollHeight <= $('#body').clientHeight`), "the box shows all of its text")
	require.Less(t, read[float64](b, `$('#send').getBoundingClientRect().bottom`), 500.0)
	b.Do(`$('#reply').scrollTop = 700`)
	require.Less(t, read[float64](b, `$('#send').getBoundingClientRect().bottom`), 500.0)
	b.clean()
}

func TestWhatAKeyUnfoldsComesIntoSight(t *testing.T) {
	t.Parallel()
	s := openDesk(t)
	b := newTab(t)
	b.logIn(s, "Mia")
	b.openCase()
	b.Size(1280, 500)
	require.Greater(t, read[float64](b, `$('[data-load=similar]').getBoundingClientRect().top`), 500.0, "it is out of sight")
	b.press("k")
	b.await(`$('[data-load=similar] li') && $('[data-load=similar] li').getBoundingClientRect().bottom <= 500`)
	b.clean()
}

func TestFiltersAreFoldedOnAPhoneUntilTheyAreAskedFor(t *testing.T) {
	t.Parallel()
	s := openDesk(t)
	b := newTab(t)
	b.logIn(s, "Mia")
	require.True(t, read[bool](b, `shown('[name=intent]') && !shown('.fold')`))
	b.Size(390, 844)
	require.True(t, read[bool](b, `!shown('[name=intent]') && shown('[name=status]')`))
	require.Less(t, read[float64](b, `$('.row').getBoundingClientRect().top`), 300.0, "the first case is seen at once")
	b.Do(`$('.fold input').click()`)
	require.True(t, read[bool](b, `shown('[name=intent]')`))
	b.open(s.Base + "/console?intent=withdrawal.pending")
	require.True(t, read[bool](b, `shown('[name=intent]') && !shown('[name=risk]')`), "what is set is seen")
	b.clean()
}

func TestAgentEditsADraftAndTheGuardSpeaksWhileTyping(t *testing.T) {
	t.Parallel()
	s := openDesk(t)
	b := newTab(t)
	b.logIn(s, "Mia")
	b.openCase()

	b.press("e")
	b.await(`focus().id === 'body'`)
	b.Write(" Write to https://quayside-help.example now.")
	b.await(`$('#guard').textContent.includes('quayside-help')`)
	b.await(`$('#send').textContent.startsWith('Send the edited draft')`)
	b.Do(`$('#send').click()`)
	b.await(`$('#send-error').textContent.includes('may not be sent')`)
	require.Contains(t, read[string](b, `$('#body').value`), "quayside-help.example", "what was typed stays")

	b.Do(`$('#body').value = $('#body').value.replace(/ Write to https:..quayside-help.example now./, '') + ' Thank you for waiting.'; $('#body').dispatchEvent(new Event('input', {bubbles: true}))`)
	b.await(`!$('#guard').textContent`)
	b.Do(`$('#send').click()`)
	b.await(`$('.said.agent')?.textContent.includes('Thank you for waiting.')`)
	b.await(`$$('.earlier ins').some((ins) => ins.textContent.includes('waiting'))`)
	b.Picture("edited-1280")
	b.clean()
}

func TestAgentRejectsADraftByKeyboardAloneAndHelpListsTheKeys(t *testing.T) {
	t.Parallel()
	s := openDesk(t)
	b := newTab(t)
	b.logIn(s, "Mia")
	b.openCase()
	b.press("?")
	b.await(`$('#help').open`)
	keys := read[[]string](b, `$$('#help-list kbd').map((k) => k.textContent)`)
	for _, key := range []string{"a", "e", "r", "w", "i", "h", "s", "x", "c", "m", "t", "y", "Escape"} {
		require.Contains(t, keys, key)
	}
	b.Key("\x1b")
	b.await(`!$('#help').open`)

	b.press("r")
	b.await(`$('#d-reject').open`)
	b.Key("\t")
	b.Write("It speaks of another coin.")
	b.Key("\r")
	b.await(`!$('#d-reject')?.open && $('.earlier')?.textContent.includes('another coin')`)
	b.clean()
}

func TestTwoAgentsOnOneCaseSeeEachOtherAndNoTextIsLost(t *testing.T) {
	t.Parallel()
	s := openDesk(t)
	mia, ben := newTab(t), newTab(t)
	mia.logIn(s, "Mia")
	mia.openCase()
	mia.press("w")
	mia.await(`focus().id === 'body'`)
	mia.Write("A long answer of my own.")

	ben.logIn(s, "Ben")
	ben.openCase()
	mia.await(`$('#viewers')?.textContent.includes('Ben')`)
	ben.await(`$('#viewers')?.textContent.includes('Mia')`)
	ben.press("c")
	ben.await(`$('#case').dataset.mine === 'true'`)
	mia.await(`shown('#banner')`)
	mia.Do(`$('#send').click()`)
	mia.await(`$('#send-error').textContent.includes('another agent holds')`)
	require.Equal(t, "A long answer of my own.", read[string](mia, `$('#body').value`))
	mia.reload()
	mia.await(`$('#body')?.value === 'A long answer of my own.'`)
	mia.Picture("conflict-1280")
}

func TestNothingIsLostOrSentTwiceWhenTheNetworkGoesInAnAccept(t *testing.T) {
	t.Parallel()
	s := openDesk(t)
	b := newTab(t)
	b.logIn(s, "Mia")
	b.openCase()
	b.press("c")
	b.await(`$('#case').dataset.mine === 'true'`)
	b.Cut()
	b.Do(`$('#send').click()`)
	b.await(`$('#send-error').textContent.includes('cannot be reached')`)
	b.await(`$('#net').textContent === 'offline'`)
	b.Mend()
	b.Do(`$('#send').click(); $('#send').click()`)
	b.await(`$('.said.agent')`)
	require.Equal(t, 1, read[int](b, `$$('.said.agent').length`))
}

func TestConsoleFitsEveryScreenAndSpeaksChinese(t *testing.T) {
	t.Parallel()
	s := openDesk(t)
	s.ask(t, "提币两个小时了还没到账,我要找人工客服")
	s.ask(t, "سحبي معلق منذ ساعتين. أريد التحدث إلى موظف")
	b := newTab(t)
	// The machine's clock is a day off: what is left is said by the service's.
	b.Before(`{ const real = Date.now; Date.now = () => real() + 86400000; }`)
	b.logIn(s, "Mia")
	b.await(`$$('.row').length === 3`)
	left := read[string](b, `$('.due').textContent`)
	minutes, err := strconv.Atoi(left[:len(left)-1])
	require.NoError(t, err)
	require.InDelta(t, 59, minutes, 2)
	for _, width := range []int64{320, 390, 1440} {
		b.Size(width, 900)
		require.LessOrEqual(t, read[int64](b, `document.documentElement.scrollWidth`), width)
		b.Picture("queue-" + strconv.FormatInt(width, 10))
	}
	b.open(s.Base + "/console?ui=zh-Hans")
	b.await(`document.documentElement.lang === 'zh-Hans' && document.body.textContent.includes('领取下一单') && document.body.textContent.includes('提币处理中')`)
	b.dress("dark")
	b.Picture("queue-dark-zh")
	b.Do(`$$('.row').find((row) => row.querySelector('.lang').textContent === 'ar').click()`)
	b.await(`document.body.dataset.page === 'ticket' && $('#composer').dataset.draft`)
	b.Picture("ticket-dark-zh-ar")
	require.Equal(t, "rtl", read[string](b, `getComputedStyle($('.source .md') ?? $('body')).direction`))
	for _, width := range []int64{320, 390} {
		b.Size(width, 900)
		require.LessOrEqual(t, read[int64](b, `document.documentElement.scrollWidth`), width)
		b.Picture("ticket-" + strconv.FormatInt(width, 10))
	}
	b.clean()
}

func TestAdminLogsInThroughEveryStepAndLeadPagesWork(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	first := access.NewPassword()
	_, err := s.Store.AddAgent(t.Context(), postgres.NewAgent{
		Actor: "test", Email: "ana@quayside.example", MustChange: true, Name: "Ana", Password: first, Role: access.Admin,
	})
	require.NoError(t, err)
	s.ask(t, wanted)
	b := newTab(t)
	b.open(s.Base + "/console/keys")
	b.fill("email", "ana@quayside.example", "a wrong password\r")
	b.await(`$('.error').textContent`)
	b.Picture("log-in")
	b.Do(`$('[name=password]').value = ''; $('[name=password]').focus()`)
	b.Write(first)
	b.Key("\r")
	b.fill("current_password", first, password+"\r")
	b.fill("current_password", password, "\r")
	b.await(`focus().name === 'code'`)
	require.Greater(t, read[float64](b, `$('#factor-qr svg').getBoundingClientRect().width`), 150.0, "too small to scan")
	code, err := totp.GenerateCode(read[string](b, `$('#factor-secret').textContent`), time.Now())
	require.NoError(t, err)
	b.Write(code)
	b.Key("\r")
	b.await(`shown('#codes')`)
	recovery := strings.Fields(read[string](b, `$('#codes-list').textContent`))
	require.NotEmpty(t, recovery)
	b.Do(`$('#codes a').click()`)
	b.await(`document.body.dataset.page === 'queue'`)
	b.open(s.Base + "/console/account")
	b.await(`shown('[data-then=out]')`)
	b.Do(`$('[data-then=out] button').click()`)
	b.fill("email", "ana@quayside.example", password+"\r")
	b.await(`focus().name === 'code'`)
	b.Write(recovery[0])
	b.Key("\r")
	b.await(`document.body.dataset.page === 'queue'`)
	for _, name := range []string{"articles", "complaints", "figures", "plan", "people", "keys", "audit", "account"} {
		b.open(s.Base + "/console/" + name)
		b.await(`document.body.dataset.page === '` + name + `' && shown('h1')`)
		b.Picture("lead-" + name)
		b.clean()
	}
	b.open(s.Base + "/console/articles/withdrawal-pending/en")
	b.await(`shown('#source')`)
	b.Do(`$('#source').value = '# New **words**\n<script>alert(1)</script>'; $('#source').dispatchEvent(new Event('input', {bubbles: true}))`)
	b.await(`$('#preview strong')?.textContent === 'words'`)
	b.Picture("lead-article")
	b.Do(`$('.editor .main').click()`)
	b.await(`$('#source')?.defaultValue.includes('New **words**')`)
	b.clean()
}

func TestTextsAreThereInBothLanguages(t *testing.T) {
	t.Parallel()
	texts := make(map[string]map[string]string)
	for _, language := range []string{"en", "zh-Hans"} {
		content, err := os.ReadFile("texts/" + language + ".json")
		require.NoError(t, err)
		words := make(map[string]string)
		require.NoError(t, json.Unmarshal(content, &words))
		texts[language] = words
		for key, word := range words {
			require.NotEmpty(t, word, key)
		}
	}
	require.Equal(t, slices.Sorted(maps.Keys(texts["en"])), slices.Sorted(maps.Keys(texts["zh-Hans"])))
	pages, err := filepath.Glob("pages/*.html")
	require.NoError(t, err)
	require.NotEmpty(t, pages)
	for _, name := range pages {
		content, err := os.ReadFile(name)
		require.NoError(t, err)
		for _, used := range regexp.MustCompile(`(?:\$w|\.Words|)\.T "([a-z_.]+)"`).FindAllStringSubmatch(string(content), -1) {
			require.Contains(t, texts["en"], used[1], name)
		}
		require.NotRegexp(t, `(?i)<script>|\sstyle=|\son[a-z]+=`, string(content), "the policy forbids it")
	}
}

func TestEveryIntentHasAChineseName(t *testing.T) {
	t.Parallel()
	names := chineseNames(t, "intents")
	seen := make(map[string]string) // ids by name
	for _, known := range taxonomy(t) {
		require.Regexp(t, `\p{Han}`, names[known.ID], known.ID)
		require.Empty(t, seen[names[known.ID]], "two intents are called %s", names[known.ID])
		seen[names[known.ID]] = known.ID
		delete(names, known.ID)
	}
	require.Empty(t, names, "there are no such intents")
}

func TestNotesBesideADraftAreSaidInChinese(t *testing.T) {
	t.Parallel()
	facts, notes := chineseNames(t, "facts"), chineseNames(t, "notes")
	asked := make(map[string]bool)
	for _, known := range taxonomy(t) {
		for _, fact := range known.Collect {
			require.NotEmpty(t, facts[fact], "%s asks for %s", known.ID, fact)
			asked[fact] = true
		}
	}
	require.Len(t, facts, len(asked), "a fact that nobody asks for")
	for code, text := range notes {
		require.Regexp(t, `\p{Han}`, text, code)
	}
	require.Contains(t, notes, "office.deposit")
}

func taxonomy(t *testing.T) []intent.Intent {
	t.Helper()
	known, err := intent.Default()
	require.NoError(t, err)
	return known.Intents()
}

func chineseNames(t *testing.T, kind string) map[string]string {
	t.Helper()
	content, err := os.ReadFile("texts/" + kind + ".zh-Hans.json")
	require.NoError(t, err)
	names := make(map[string]string)
	require.NoError(t, json.Unmarshal(content, &names))
	return names
}
