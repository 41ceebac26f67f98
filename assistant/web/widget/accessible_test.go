package widget_test

import (
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant/web/webtest"
)

// testAccessible checks what every machine can, and runs axe-core where it can be had.
func testAccessible(t *testing.T, s *stage) {
	t.Helper()
	b := s.chat(t)
	b.ask(hacked)
	b.await(`shown('.ticket')`)
	require.Empty(t, read[[]string](b, `$$('button, textarea, input, [role=log], [role=group], [role=dialog]')
		.filter((e) => !(e.getAttribute('aria-label') || e.innerText)).map((e) => e.outerHTML)`), "everything has a name")
	require.Equal(t, "polite", read[string](b, `$('[role=log]').getAttribute('aria-live')`))

	axe, ok := webtest.Axe(t)
	if !ok {
		return
	}
	for _, theme := range []string{"light", "dark"} {
		b.do(`host.setAttribute('theme', '` + theme + `')`)
		for _, page := range []string{"", "Rate this conversation", "Is this really us?"} {
			if page != "" {
				b.press(page)
			}
			_, err := chromedp.Run(b.ctx, chromedp.Evaluate[any](axe+";0"))
			require.NoError(t, err)
			found, err := chromedp.Run(b.ctx, chromedp.Evaluate[[]string](`axe.run('deskhand-widget', {resultTypes: ['violations']}).then((r) =>
				r.violations.map((v) => v.id + ': ' + v.nodes.map((n) => n.html + ' ' + n.failureSummary).join(' | ')))`, chromedp.EvalAwaitPromise))
			require.NoError(t, err)
			require.Empty(t, found, "%s %s", theme, page)
			if page != "" {
				b.press("Back")
			}
		}
	}
}
