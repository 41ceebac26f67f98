package console_test

import (
	"context"
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

	"github.com/chromedp/cdproto/page"
	"github.com/pquerna/otp/totp"
	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant/access"
	"github.com/deskhand/deskhand/assistant/postgres"
	"github.com/deskhand/deskhand/assistant/web/webtest"
)

// open is a service with a case that has a draft, and Mia and Ben who work there.
func openDesk(t *testing.T) (*system, context.Context) {
	t.Helper()
	s := newSystem(t)
	s.add(t, "Mia")
	s.add(t, "Ben")
	s.ask(t, wanted)
	return s, webtest.Browser(t)
}

// openCase opens the first case of the queue with Enter and waits for its draft.
func (b *tab) openCase() {
	b.t.Helper()
	b.await(`focus().matches('.row')`)
	b.key("\r")
	b.await(`document.body.dataset.page === 'ticket' && $('#composer').dataset.draft`)
}

// clean requires that the page neither broke nor tried what its policy forbids.
func (b *tab) clean() {
	b.t.Helper()
	require.Empty(b.t, read[[]string](b, "violations"))
	require.Empty(b.t, read[[]string](b, "errors"))
}

func TestAgentAcceptsADraftWithThreeKeysFromTheQueue(t *testing.T) {
	t.Parallel()
	s, browser := openDesk(t)
	b := newTab(t, browser)
	b.logIn(s, "Mia")
	b.await(`focus().matches('.row')`)
	b.picture("queue-1280")

	b.key("\r") // 1: open
	b.await(`document.body.dataset.page === 'ticket' && $('#composer').dataset.draft`)
	draft := read[string](b, `$('#body').value`)
	b.press("a") // 2: the button
	b.await(`focus().id === 'send'`)
	b.key("\r") // 3: send

	b.await(`$('.said.agent')`)
	require.Equal(t, draft, read[string](b, `$('.said.agent .words').textContent`))
	require.True(t, read[bool](b, `$('#case').dataset.status === 'waiting' && $('#case').dataset.mine === 'true'`))
	b.clean()
}

func TestAgentEditsADraftAndTheGuardSpeaksWhileTyping(t *testing.T) {
	t.Parallel()
	s, browser := openDesk(t)
	b := newTab(t, browser)
	b.logIn(s, "Mia")
	b.openCase()

	b.press("e")
	b.await(`focus().id === 'body'`)
	b.write(" Write to https://quayside-help.example now.")
	b.await(`$('#guard').textContent.includes('quayside-help')`)
	b.await(`$('#send').textContent.startsWith('Send the edited draft')`)
	b.do(`$('#send').click()`)
	b.await(`$('#send-error').textContent.includes('may not be sent')`)
	require.Contains(t, read[string](b, `$('#body').value`), "quayside-help.example", "what was typed stays")

	b.do(`$('#body').value = $('#body').value.replace(/ Write to https:..quayside-help.example now./, '') + ' Thank you for waiting.'; $('#body').dispatchEvent(new Event('input', {bubbles: true}))`)
	b.await(`!$('#guard').textContent`)
	b.do(`$('#send').click()`)
	b.await(`$('.said.agent')?.textContent.includes('Thank you for waiting.')`)
	b.await(`$$('.earlier ins').some((ins) => ins.textContent.includes('waiting'))`)
	b.picture("edited-1280")
	b.clean()
}

func TestAgentRejectsADraftByKeyboardAloneAndHelpListsTheKeys(t *testing.T) {
	t.Parallel()
	s, browser := openDesk(t)
	b := newTab(t, browser)
	b.logIn(s, "Mia")
	b.openCase()
	b.press("?")
	b.await(`$('#help').open`)
	keys := read[[]string](b, `$$('#help-list kbd').map((k) => k.textContent)`)
	for _, key := range []string{"a", "e", "r", "w", "i", "h", "s", "x", "c", "m", "t", "y", "Escape"} {
		require.Contains(t, keys, key)
	}
	b.key("\x1b")
	b.await(`!$('#help').open`)

	b.press("r")
	b.await(`$('#d-reject').open`)
	b.key("\t")
	b.write("It speaks of another coin.")
	b.key("\r")
	b.await(`!$('#d-reject')?.open && $('.earlier')?.textContent.includes('another coin')`)
	b.clean()
}

func TestTwoAgentsOnOneCaseSeeEachOtherAndNoTextIsLost(t *testing.T) {
	t.Parallel()
	s, browser := openDesk(t)
	mia, ben := newTab(t, browser), newTab(t, browser)
	mia.logIn(s, "Mia")
	mia.openCase()
	mia.press("w")
	mia.await(`focus().id === 'body'`)
	mia.write("A long answer of my own.")

	ben.logIn(s, "Ben")
	ben.openCase()
	mia.await(`$('#viewers')?.textContent.includes('Ben')`)
	ben.await(`$('#viewers')?.textContent.includes('Mia')`)
	ben.press("c")
	ben.await(`$('#case').dataset.mine === 'true'`)
	mia.await(`shown('#banner')`)
	mia.do(`$('#send').click()`)
	mia.await(`$('#send-error').textContent.includes('another agent holds')`)
	require.Equal(t, "A long answer of my own.", read[string](mia, `$('#body').value`))
	mia.do(`location.reload()`)
	mia.await(`$('#body')?.value === 'A long answer of my own.'`)
	mia.picture("conflict-1280")
}

func TestNothingIsLostOrSentTwiceWhenTheNetworkGoesInAnAccept(t *testing.T) {
	t.Parallel()
	s, browser := openDesk(t)
	b := newTab(t, browser)
	b.logIn(s, "Mia")
	b.openCase()
	b.press("c")
	b.await(`$('#case').dataset.mine === 'true'`)
	b.cut()
	b.do(`$('#send').click()`)
	b.await(`$('#send-error').textContent.includes('cannot be reached')`)
	b.await(`$('#net').textContent === 'offline'`)
	b.mend()
	b.do(`$('#send').click(); $('#send').click()`)
	b.await(`$('.said.agent')`)
	require.Equal(t, 1, read[int](b, `$$('.said.agent').length`))
}

func TestHandOffReachesAnOpenConsole(t *testing.T) {
	t.Parallel()
	s, browser := openDesk(t)
	b := newTab(t, browser)
	b.logIn(s, "Mia")
	b.await(`$$('.row').length === 1`)
	b.do(`new MutationObserver(() => { if ($$('.row').length === 2) window.arrived ??= Date.now() }).observe(document.querySelector('#rows'), {childList: true})`)
	s.ask(t, "Please let me talk to a human")
	asked := time.Now()
	b.await(`window.arrived`)
	t.Logf("hand-off seen %d ms after the customer had the answer", read[int64](b, `window.arrived`)-asked.UnixMilli())
	paint := read[float64](b, `performance.getEntriesByName('first-contentful-paint')[0].startTime`)
	t.Logf("first paint of the queue after %.0f ms", paint)
}

func TestConsoleFitsEveryScreenAndSpeaksChinese(t *testing.T) {
	t.Parallel()
	s, browser := openDesk(t)
	s.ask(t, "提币两个小时了还没到账,我要找人工客服")
	s.ask(t, "سحبي معلق منذ ساعتين. أريد التحدث إلى موظف")
	b := newTab(t, browser)
	// The machine's clock is a day off: what is left is said by the service's.
	call(b, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{
		Source: `{ const real = Date.now; Date.now = () => real() + 86400000; }`,
	})
	b.logIn(s, "Mia")
	b.await(`$$('.row').length === 3`)
	left := read[string](b, `$('.due').textContent`)
	minutes, err := strconv.Atoi(left[:len(left)-1])
	require.NoError(t, err)
	require.InDelta(t, 59, minutes, 2)
	for _, width := range []int64{320, 390, 1440} {
		b.size(width)
		require.LessOrEqual(t, read[int64](b, `document.documentElement.scrollWidth`), width)
		b.picture("queue-" + strconv.FormatInt(width, 10))
	}
	b.open(s.base + "/console?ui=zh-Hans")
	b.await(`document.documentElement.lang === 'zh-Hans' && document.body.textContent.includes('领取下一单')`)
	b.dress("dark")
	b.picture("queue-dark-zh")
	b.do(`$$('.row').find((row) => row.querySelector('.lang').textContent === 'ar').click()`)
	b.await(`document.body.dataset.page === 'ticket' && $('#composer').dataset.draft`)
	b.picture("ticket-dark-zh-ar")
	require.Equal(t, "rtl", read[string](b, `getComputedStyle($('.source .md') ?? $('body')).direction`))
	for _, width := range []int64{320, 390} {
		b.size(width)
		require.LessOrEqual(t, read[int64](b, `document.documentElement.scrollWidth`), width)
		b.picture("ticket-" + strconv.FormatInt(width, 10))
	}
	b.clean()
}

func TestAdminLogsInThroughEveryStepAndLeadPagesWork(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	first := access.NewPassword()
	_, err := s.store.AddAgent(t.Context(), postgres.NewAgent{
		Actor: "test", Email: "ana@quayside.example", MustChange: true, Name: "Ana", Password: first, Role: access.Admin,
	})
	require.NoError(t, err)
	s.ask(t, wanted)
	b := newTab(t, webtest.Browser(t))
	b.open(s.base + "/console/keys")
	b.fill("email", "ana@quayside.example", "a wrong password\r")
	b.await(`$('.error').textContent`)
	b.picture("log-in")
	b.do(`$('[name=password]').value = ''; $('[name=password]').focus()`)
	b.write(first)
	b.key("\r")
	b.fill("current_password", first, password+"\r")
	b.fill("current_password", password, "\r")
	b.await(`focus().name === 'code'`)
	code, err := totp.GenerateCode(read[string](b, `$('#factor-secret').textContent`), time.Now())
	require.NoError(t, err)
	b.write(code)
	b.key("\r")
	b.await(`shown('#codes')`)
	recovery := strings.Fields(read[string](b, `$('#codes-list').textContent`))
	require.NotEmpty(t, recovery)
	b.do(`$('#codes a').click()`)
	b.await(`document.body.dataset.page === 'queue'`)
	b.open(s.base + "/console/account")
	b.await(`shown('[data-then=out]')`)
	b.do(`$('[data-then=out] button').click()`)
	b.fill("email", "ana@quayside.example", password+"\r")
	b.await(`focus().name === 'code'`)
	b.write(recovery[0])
	b.key("\r")
	b.await(`document.body.dataset.page === 'queue'`)
	for _, name := range []string{"articles", "complaints", "figures", "plan", "people", "keys", "audit", "account"} {
		b.open(s.base + "/console/" + name)
		b.await(`document.body.dataset.page === '` + name + `' && shown('h1')`)
		b.picture("lead-" + name)
		b.clean()
	}
	b.open(s.base + "/console/articles/withdrawal-pending/en")
	b.await(`shown('#source')`)
	b.do(`$('#source').value = '# New **words**\n<script>alert(1)</script>'; $('#source').dispatchEvent(new Event('input', {bubbles: true}))`)
	b.await(`$('#preview strong')?.textContent === 'words'`)
	b.picture("lead-article")
	b.do(`$('.editor .main').click()`)
	b.await(`$('#source')?.defaultValue.includes('New **words**')`)
	b.clean()
}

// fill writes into the field that has the focus and the one after it. "\r" at the end sends the form.
func (b *tab) fill(field, first, second string) {
	b.t.Helper()
	b.await(`focus().name === '` + field + `'`)
	b.write(first)
	text, send := strings.CutSuffix(second, "\r")
	if text != "" {
		b.key("\t")
		b.write(text)
	}
	if send {
		b.key("\r")
	}
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
