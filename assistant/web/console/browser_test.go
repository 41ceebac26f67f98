package console_test

import (
	"os"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/network"
	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant/postgres"
	"github.com/deskhand/deskhand/assistant/web/webtest"
)

func TestMain(m *testing.M) { os.Exit(webtest.Run(m)) }

// face are the words of the tests' scripts.
var face = webtest.Face{ //nolint:gochecknoglobals // a constant
	Shows: `document.body.innerText.slice(0, 700)`,
	Words: `const $ = (s) => document.querySelector(s); const $$ = (s) => [...document.querySelectorAll(s)];
		const shown = (s) => !!$(s)?.getClientRects().length; const focus = () => document.activeElement;`,
}

// tab is a browser tab with the console in it.
type tab struct {
	*webtest.Tab

	t testing.TB
}

func newTab(t testing.TB) *tab {
	t.Helper()
	return &tab{Tab: webtest.NewTab(t, face), t: t}
}

// in is the same tab for another test.
func (b *tab) in(t testing.TB) *tab {
	t.Helper()
	return &tab{Tab: b.In(t), t: t}
}

// read evaluates an expression in the page.
func read[T any](b *tab, expression string) T {
	b.t.Helper()
	return webtest.Read[T](b.Tab, expression)
}

// await waits until the page's scripts are there and an expression is true.
func (b *tab) await(expression string) {
	b.t.Helper()
	b.Await(`document.body.dataset.ready && (` + expression + `)`)
}

func (b *tab) open(url string) {
	b.t.Helper()
	b.Go(url)
	b.await("true")
}

// reload opens the page anew and waits for the new one: the old one, which is there a moment longer, would satisfy too much.
func (b *tab) reload() {
	b.t.Helper()
	b.open(read[string](b, "location.href"))
}

// press presses the key of an action as a keyboard does: what the page prevents, types nothing.
func (b *tab) press(key string) {
	b.t.Helper()
	webtest.Call(b.Tab, input.DispatchKeyEvent, input.DispatchKeyEventParams{Type: input.DispatchKeyEventTypeKeyDown, Key: key, Text: key})
	webtest.Call(b.Tab, input.DispatchKeyEvent, input.DispatchKeyEventParams{Type: input.DispatchKeyEventTypeKeyUp, Key: key})
}

// dress shows the page in the theme "light" or "dark", without transitions: what is looked at is what stays.
func (b *tab) dress(theme string) {
	b.t.Helper()
	b.Prefer("prefers-color-scheme", theme, "prefers-reduced-motion", "reduce")
}

// logIn goes through the form.
func (b *tab) logIn(s *system, name string) {
	b.t.Helper()
	b.open(s.Base + "/console")
	b.fill("email", strings.ToLower(name)+"@quayside.example", password+"\r")
	b.await(`document.body.dataset.page === 'queue'`)
}

// enter opens the queue as somebody who has logged in before.
func (b *tab) enter(s *system, agent postgres.Agent) {
	b.t.Helper()
	b.hold(s, s.session(b.t, agent))
	b.open(s.Base + "/console")
}

// hold gives the tab a session.
func (b *tab) hold(s *system, secret string) {
	b.t.Helper()
	webtest.Call(b.Tab, network.SetCookie, network.SetCookieParams{Name: "deskhand_session", URL: s.Base, Value: secret})
}

// fill writes into the field that has the focus and the one after it. "\r" at the end sends the form.
func (b *tab) fill(field, first, second string) {
	b.t.Helper()
	b.await(`focus().name === '` + field + `'`)
	b.Write(first)
	text, send := strings.CutSuffix(second, "\r")
	if text != "" {
		b.Key("\t")
		b.Write(text)
	}
	if send {
		b.Key("\r")
	}
}

// clean requires that the page neither broke nor tried what its policy forbids.
func (b *tab) clean() {
	b.t.Helper()
	require.Empty(b.t, read[[]string](b, "violations"))
	require.Empty(b.t, read[[]string](b, "errors"))
}
