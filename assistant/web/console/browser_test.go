package console_test

import (
	"context"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant/postgres"
	"github.com/deskhand/deskhand/assistant/web/webtest"
)

// patience is how long a test waits for what should come within a second, in ms: the machine may be busy with other tests.
const patience = 90_000

func TestMain(m *testing.M) { os.Exit(webtest.Run(m)) }

// tab is a browser tab with a storage of its own.
type tab struct {
	ctx context.Context //nolint:containedctx // it is the handle of the tab
	t   *testing.T
}

func newTab(t *testing.T, browser context.Context) *tab {
	t.Helper()
	ctx, cancel := chromedp.NewContext(browser, chromedp.WithNewBrowserContext())
	t.Cleanup(cancel)
	b := &tab{ctx: ctx, t: t}
	// What a page logs and refuses is kept from its first moment on.
	call(b, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: watch})
	b.size(1280)
	return b
}

// in is the same tab for another test.
func (b *tab) in(t *testing.T) *tab {
	t.Helper()
	return &tab{ctx: b.ctx, t: t}
}

// call sends a command of the DevTools protocol.
func call[P, R any](b *tab, command cdp.Command[P, R], params P) {
	b.t.Helper()
	_, err := chromedp.Call(b.ctx, command, params)
	require.NoError(b.t, err)
}

// watch keeps errors of the console and violations of the policy where a test can read them.
const watch = `window.errors = []; window.violations = []; window.stages = [];
const report = console.error; console.error = (...words) => { errors.push(words.join(' ')); report(...words); };
addEventListener('securitypolicyviolation', (e) => violations.push(e.violatedDirective + ' ' + e.blockedURI));
addEventListener('error', (e) => errors.push(String(e.message)));`

// words are what the tests' scripts use.
const words = `const $ = (s) => document.querySelector(s); const $$ = (s) => [...document.querySelectorAll(s)];
const shown = (s) => !!$(s)?.getClientRects().length; const focus = () => document.activeElement;`

// read evaluates an expression in the page.
func read[T any](b *tab, expression string) T {
	b.t.Helper()
	value, err := chromedp.Run(b.ctx, chromedp.Evaluate[T]("(() => {"+words+"return "+expression+"})()"))
	require.NoError(b.t, err, expression)
	return value
}

// await waits until the page's scripts are there and an expression is true.
func (b *tab) await(expression string) {
	b.t.Helper()
	b.awaitEarly(`document.body.dataset.ready && (` + expression + `)`)
}

// awaitEarly waits until an expression is true, whether or not the page's scripts are there.
func (b *tab) awaitEarly(expression string) {
	b.t.Helper()
	script := `new Promise((resolve) => { const end = Date.now() + ` + strconv.Itoa(patience) + `; (function look() {
		let value; try { value = (() => {` + words + `return ` + expression + `})() } catch {}
		if (value) resolve('true'); else if (Date.now() > end) resolve(location.pathname + ' shows: ' + document.body.innerText.slice(0, 700) + ' errors: ' + errors);
		else setTimeout(look, 20); })() })`
	var value string
	var err error
	for range 5 { // a page that is left while it is looked at takes the look with it
		if value, err = chromedp.Run(b.ctx, chromedp.Evaluate[string](script, chromedp.EvalAwaitPromise)); err == nil {
			break
		}
	}
	require.NoError(b.t, err, expression)
	require.Equal(b.t, "true", value, expression)
}

func (b *tab) do(script string) {
	b.t.Helper()
	read[bool](b, "(() => {"+script+"})(), true")
}

func (b *tab) open(url string) {
	b.t.Helper()
	require.NoError(b.t, chromedp.Do(b.ctx, chromedp.Navigate(url)))
	b.await("true")
}

func (b *tab) key(keys string) {
	b.t.Helper()
	require.NoError(b.t, chromedp.Do(b.ctx, chromedp.KeyEvent(keys)))
}

// press presses the key of an action as a keyboard does: what the page prevents, types nothing.
func (b *tab) press(key string) {
	b.t.Helper()
	call(b, input.DispatchKeyEvent, input.DispatchKeyEventParams{Type: input.DispatchKeyEventTypeKeyDown, Key: key, Text: key})
	call(b, input.DispatchKeyEvent, input.DispatchKeyEventParams{Type: input.DispatchKeyEventTypeKeyUp, Key: key})
}

// write puts a text where the focus is, as an input method does, without keys.
func (b *tab) write(text string) {
	b.t.Helper()
	call(b, input.InsertText, input.InsertTextParams{Text: text})
}

// size sets the width of the page, which is 900 high.
func (b *tab) size(width int64) {
	b.t.Helper()
	call(b, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: width, Height: 900, DeviceScaleFactor: 1})
}

// dress shows the page in the theme "light" or "dark", without transitions: what is looked at is what stays.
func (b *tab) dress(theme string) {
	b.t.Helper()
	call(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
		{Name: "prefers-color-scheme", Value: theme}, {Name: "prefers-reduced-motion", Value: "reduce"},
	}})
}

// picture keeps a picture of the page below DESKHAND_PICTURES, for people to look at.
func (b *tab) picture(name string) {
	b.t.Helper()
	folder := os.Getenv("DESKHAND_PICTURES")
	if folder == "" {
		return
	}
	shot, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
	require.NoError(b.t, err)
	require.NoError(b.t, os.WriteFile(folder+"/"+name+".png", shot, 0o600))
}

// logIn goes through the form.
func (b *tab) logIn(s *system, name string) {
	b.t.Helper()
	b.open(s.base + "/console")
	b.await(`focus().name === 'email'`)
	b.write(strings.ToLower(name) + "@quayside.example")
	b.key("\t")
	b.write(password)
	b.key("\r")
	b.await(`document.body.dataset.page === 'queue'`)
}

// enter opens the queue as somebody who has logged in before.
func (b *tab) enter(s *system, agent postgres.Agent) {
	b.t.Helper()
	call(b, network.SetCookie, network.SetCookieParams{Name: "deskhand_session", URL: s.base, Value: s.session(b.t, agent)})
	b.open(s.base + "/console")
}

// cut takes the network away; mend gives it back.
func (b *tab) cut()  { b.network(true) }
func (b *tab) mend() { b.network(false) }

func (b *tab) network(offline bool) {
	b.t.Helper()
	call(b, network.Enable, network.EnableParams{})
	call(b, network.EmulateNetworkConditionsByRule, network.EmulateNetworkConditionsByRuleParams{
		MatchedNetworkConditions: []*network.Conditions{{DownloadThroughput: -1, Offline: offline, UploadThroughput: -1}},
	})
	call(b, network.OverrideNetworkState, network.OverrideNetworkStateParams{DownloadThroughput: -1, Offline: offline, UploadThroughput: -1})
}
