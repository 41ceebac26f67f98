package widget_test

import (
	"context"
	"fmt"
	"html"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant/web/webtest"
)

// patience is how long a test waits for what should come within a second, in ms: the machine may be busy with other tests.
const patience = 120_000

func TestMain(m *testing.M) { os.Exit(webtest.Run(m)) }

// hostPolicy is what the strictest of host sites sends; only the desk's address is let in, for scripts and for requests.
const hostPolicy = "default-src 'none'; script-src {desk}; connect-src {desk}; base-uri 'none'; form-action 'none'; " +
	"require-trusted-types-for 'script'; trusted-types 'none'"

// hostPage is a page of another origin than the desk's, with the one script tag.
const hostPage = `<!doctype html><html lang="en"><head><title>Host</title><meta name="viewport" content="width=device-width, initial-scale=1">
<script src="%s/widget.js" %s async></script></head>
<body><h1>Host</h1><p><a id="before" href="#">A link of the page</a></p></body></html>`

// site serves host pages: their script tag takes its attributes from the query.
func site(t *testing.T, desk string) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		allowed := desk
		var attributes strings.Builder
		for name, values := range r.URL.Query() {
			fmt.Fprintf(&attributes, `data-%s="%s" `, name, html.EscapeString(values[0]))
		}
		if base := r.URL.Query().Get("base"); base != "" {
			allowed += " " + base
		}
		w.Header().Set("Content-Security-Policy", strings.ReplaceAll(hostPolicy, "{desk}", allowed))
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = fmt.Fprintf(w, hostPage, desk, attributes.String())
	}))
	t.Cleanup(server.Close)
	return server
}

// query is the address of a host page whose script tag has the given attributes, in pairs.
func query(key string, attributes ...string) string {
	values := url.Values{"key": {key}}
	for i := 0; i < len(attributes); i += 2 {
		values.Set(attributes[i], attributes[i+1])
	}
	return values.Encode()
}

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
	b.size(1280, 900)
	return b
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

// shadow are the words that the tests' scripts use: $ and $$ look into the widget.
const shadow = `const host = document.querySelector('deskhand-widget'); const root = host?.shadowRoot;
const $ = (s) => root?.querySelector(s); const $$ = (s) => [...(root?.querySelectorAll(s) ?? [])];
const shown = (s) => !!$(s)?.getClientRects().length; const text = () => $('.list')?.innerText ?? '';
const focus = () => root?.activeElement; const button = (label) => $$('button').find((b) => b.getClientRects().length &&
  (b.getAttribute('aria-label') === label || b.innerText === label));`

// read evaluates an expression in the page.
func read[T any](b *tab, expression string) T {
	b.t.Helper()
	value, err := chromedp.Run(b.ctx, chromedp.Evaluate[T]("(() => {"+shadow+"return "+expression+"})()"))
	require.NoError(b.t, err, expression)
	return value
}

// await waits until an expression is true.
func (b *tab) await(expression string) {
	b.t.Helper()
	script := `new Promise((resolve) => { const end = Date.now() + ` + strconv.Itoa(patience) + `; (function look() {
		let value; try { value = (() => {` + shadow + `return ` + expression + `})() } catch {}
		if (value) resolve('true'); else if (Date.now() > end) resolve('the chat shows: ' + document.querySelector('deskhand-widget')?.shadowRoot?.querySelector('.root')?.innerText + ' errors: ' + errors);
		else setTimeout(look, 20); })() })`
	value, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](script, chromedp.EvalAwaitPromise))
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
	b.await(`shown('.launcher') || shown('.panel')`)
}

// write puts a text into the box as an input method does, without keys.
func (b *tab) write(text string) {
	b.t.Helper()
	b.await(`focus()?.localName === 'textarea'`)
	call(b, input.InsertText, input.InsertTextParams{Text: text})
}

func (b *tab) ask(text string) {
	b.t.Helper()
	b.write(text)
	b.key(kb.Enter)
}

// key presses keys as a keyboard does: a page that takes the key itself gets no character from it.
func (b *tab) key(keys string) {
	b.t.Helper()
	for _, r := range keys {
		events := kb.Encode(r)
		down, up := *events[0], *events[len(events)-1]
		if len(events) == 3 {
			down.Text = events[1].Text
		}
		call(b, input.DispatchKeyEvent, down)
		call(b, input.DispatchKeyEvent, up)
	}
}

func (b *tab) press(label string) {
	b.t.Helper()
	b.await("button(" + quoted(label) + ")")
	b.do("button(" + quoted(label) + ").click()")
}

func (b *tab) size(width, height int64) {
	b.t.Helper()
	call(b, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: width, Height: height, DeviceScaleFactor: 1})
}

// prefer sets what the customer's system prefers: prefer("prefers-color-scheme", "dark").
func (b *tab) prefer(name, value string) {
	b.t.Helper()
	call(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: name, Value: value}}})
}

// screenshot keeps what the tab shows, in the folder that DESKHAND_SCREENSHOTS names, for people to look at.
func (b *tab) screenshot(name string) {
	b.t.Helper()
	folder := os.Getenv("DESKHAND_SCREENSHOTS")
	if folder == "" {
		return
	}
	picture, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
	require.NoError(b.t, err)
	require.NoError(b.t, os.WriteFile(filepath.Join(folder, name+".png"), picture, 0o600))
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
