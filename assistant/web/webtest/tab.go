package webtest

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/require"
)

// patience is how long a test waits for what should come within a second, in ms: the machine may be busy with other tests.
const patience = 120_000

// watch keeps errors of the console and violations of the policy where a test can read them.
const watch = `window.errors = []; window.violations = []; window.stages = [];
const report = console.error; console.error = (...words) => { errors.push(words.join(' ')); report(...words); };
addEventListener('securitypolicyviolation', (e) => violations.push(e.violatedDirective + ' ' + e.blockedURI));
addEventListener('error', (e) => errors.push(String(e.message)));`

// Face is how the tests of a face look at its pages. All are JavaScript.
type Face struct {
	Shows string // an expression: what is to be read on the page, for the message of a failure
	Words string // statements before each script of a test: the words that it uses
}

// Tab is a browser tab with a storage of its own.
type Tab struct {
	face Face
	ctx  context.Context //nolint:containedctx // it is the handle of the tab
	t    testing.TB
}

// NewTab opens a tab, 1280 by 900.
func NewTab(t testing.TB, face Face) *Tab {
	t.Helper()
	ctx, cancel := chromedp.NewContext(browser(t), chromedp.WithNewBrowserContext())
	t.Cleanup(cancel)
	b := &Tab{face: face, ctx: ctx, t: t}
	b.Before(watch) // what a page logs and refuses is kept from its first moment on
	b.Size(1280, 900)
	return b
}

// In is the same tab for another test.
func (b *Tab) In(t testing.TB) *Tab {
	t.Helper()
	return &Tab{face: b.face, ctx: b.ctx, t: t}
}

// Call sends a command of the DevTools protocol.
func Call[P, R any](b *Tab, command cdp.Command[P, R], params P) {
	b.t.Helper()
	_, err := chromedp.Call(b.ctx, command, params)
	require.NoError(b.t, err)
}

// Read evaluates an expression in the page.
func Read[T any](b *Tab, expression string) T {
	b.t.Helper()
	value, err := chromedp.Run(b.ctx, chromedp.Evaluate[T]("(() => {"+b.face.Words+"return "+expression+"})()"))
	require.NoError(b.t, err, expression)
	return value
}

// Await waits until an expression is true.
func (b *Tab) Await(expression string) {
	b.t.Helper()
	script := `new Promise((resolve) => { const end = Date.now() + ` + strconv.Itoa(patience) + `; (function look() {
		let value; try { value = (() => {` + b.face.Words + `return ` + expression + `})() } catch {}
		if (value) resolve('true'); else if (Date.now() > end) resolve(location.pathname + ' shows: ' +
			(() => {` + b.face.Words + `return ` + b.face.Shows + `})() + ' errors: ' + errors);
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

// Before runs a script in each page that is opened from now on, before the page's own.
func (b *Tab) Before(script string) {
	b.t.Helper()
	Call(b, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: script})
}

// Do runs statements in the page.
func (b *Tab) Do(script string) {
	b.t.Helper()
	Read[bool](b, "(() => {"+script+"})(), true")
}

// Go opens an address. What has to be there then, the caller awaits.
func (b *Tab) Go(url string) {
	b.t.Helper()
	require.NoError(b.t, chromedp.Do(b.ctx, chromedp.Navigate(url)))
}

// Key presses keys as a keyboard does: a page that takes the key itself gets no character from it.
func (b *Tab) Key(keys string) {
	b.t.Helper()
	for _, r := range keys {
		events := kb.Encode(r)
		down, up := *events[0], *events[len(events)-1]
		if len(events) == 3 {
			down.Text = events[1].Text
		}
		Call(b, input.DispatchKeyEvent, down)
		Call(b, input.DispatchKeyEvent, up)
	}
}

// Write puts a text where the focus is, as an input method does, without keys.
func (b *Tab) Write(text string) {
	b.t.Helper()
	Call(b, input.InsertText, input.InsertTextParams{Text: text})
}

// Size sets the size of the page.
func (b *Tab) Size(width, height int64) {
	b.t.Helper()
	Call(b, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{
		DeviceScaleFactor: 1, Height: height, Width: width,
	})
}

// Prefer sets what the reader's system prefers, names and values: Prefer("prefers-color-scheme", "dark").
func (b *Tab) Prefer(features ...string) {
	b.t.Helper()
	var media []*emulation.MediaFeature
	for i := 0; i < len(features); i += 2 {
		media = append(media, &emulation.MediaFeature{Name: features[i], Value: features[i+1]})
	}
	Call(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: media})
}

// Picture keeps what the tab shows below DESKHAND_PICTURES, for people to look at.
func (b *Tab) Picture(name string) {
	b.t.Helper()
	folder := os.Getenv("DESKHAND_PICTURES")
	if folder == "" {
		return
	}
	shot, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
	require.NoError(b.t, err)
	require.NoError(b.t, os.WriteFile(filepath.Join(folder, name+".png"), shot, 0o600))
}

// Axe runs axe-core on what a selector finds, and returns what it objects to of the given impacts, or of all.
func (b *Tab) Axe(selector string, impacts ...string) []string {
	b.t.Helper()
	return ofImpact(b.axe(selector, "{resultTypes: ['violations']}"), impacts)
}

// Contrast is Axe for the one thing that another theme changes: whether what is written can be read.
func (b *Tab) Contrast(selector string) []string {
	b.t.Helper()
	return b.axe(selector, "{resultTypes: ['violations'], runOnly: ['color-contrast']}")
}

func (b *Tab) axe(selector, options string) []string {
	b.t.Helper()
	script, ok := axe(b.t)
	if !ok {
		return nil
	}
	loaded, err := chromedp.Run(b.ctx, chromedp.Evaluate[bool]("'axe' in window"))
	require.NoError(b.t, err)
	if !loaded {
		_, err := chromedp.Run(b.ctx, chromedp.Evaluate[any](script+";0"))
		require.NoError(b.t, err)
	}
	found, err := chromedp.Run(b.ctx, chromedp.Evaluate[[]string](`axe.run('`+selector+`', `+options+`).then((r) =>
		r.violations.map((v) => v.impact + ' ' + v.id + ': ' + v.nodes.map((n) => n.html + ' ' + n.failureSummary).join(' | ')))`,
		chromedp.EvalAwaitPromise))
	require.NoError(b.t, err)
	return found
}

// Cut takes the network away.
func (b *Tab) Cut() {
	b.line(network.OverrideNetworkStateParams{DownloadThroughput: -1, Offline: true, UploadThroughput: -1})
}

// Mend gives the network back.
func (b *Tab) Mend() {
	b.line(network.OverrideNetworkStateParams{DownloadThroughput: -1, UploadThroughput: -1})
}

// line sets what the network does.
func (b *Tab) line(state network.OverrideNetworkStateParams) {
	b.t.Helper()
	Call(b, network.Enable, network.EnableParams{})
	Call(b, network.EmulateNetworkConditionsByRule, network.EmulateNetworkConditionsByRuleParams{
		MatchedNetworkConditions: []*network.Conditions{{DownloadThroughput: -1, Offline: state.Offline, UploadThroughput: -1}},
	})
	Call(b, network.OverrideNetworkState, state)
}
