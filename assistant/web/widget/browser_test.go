package widget_test

import (
	"fmt"
	"html"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/chromedp/chromedp/kb"

	"github.com/deskhand/deskhand/assistant/web/webtest"
)

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

// face are the words of the tests' scripts: $ and $$ look into the widget.
var face = webtest.Face{ //nolint:gochecknoglobals // a constant
	Shows: `$('.root')?.innerText`,
	Words: `const host = document.querySelector('deskhand-widget'); const root = host?.shadowRoot;
		const $ = (s) => root?.querySelector(s); const $$ = (s) => [...(root?.querySelectorAll(s) ?? [])];
		const shown = (s) => !!$(s)?.getClientRects().length; const text = () => $('.list')?.innerText ?? '';
		const focus = () => root?.activeElement; const button = (label) => $$('button').find((b) => b.getClientRects().length &&
			(b.getAttribute('aria-label') === label || b.innerText === label));`,
}

// tab is a browser tab with a host page in it.
type tab struct {
	*webtest.Tab

	t *testing.T
}

func newTab(t *testing.T) *tab {
	t.Helper()
	return &tab{Tab: webtest.NewTab(t, face), t: t}
}

// read evaluates an expression in the page.
func read[T any](b *tab, expression string) T {
	b.t.Helper()
	return webtest.Read[T](b.Tab, expression)
}

func (b *tab) open(url string) {
	b.t.Helper()
	b.Go(url)
	b.Await(`shown('.launcher') || shown('.panel')`)
}

// write puts a text into the box.
func (b *tab) write(text string) {
	b.t.Helper()
	b.Await(`focus()?.localName === 'textarea'`)
	b.Write(text)
}

func (b *tab) ask(text string) {
	b.t.Helper()
	b.write(text)
	b.Key(kb.Enter)
}

func (b *tab) press(label string) {
	b.t.Helper()
	b.Await("button(" + quoted(label) + ")")
	b.Do("button(" + quoted(label) + ").click()")
}
