package console_test

import (
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant/access"
	"github.com/deskhand/deskhand/assistant/web/webtest"
)

// TestEveryPageIsAccessible opens every page in light and dark. What needs no axe-core is checked on every machine.
func TestEveryPageIsAccessible(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	admin := s.addAs(t, "Ana", access.Admin)
	s.ask(t, "سحبي معلق منذ ساعتين. أريد التحدث إلى موظف")
	axe, hasAxe := webtest.Axe(t)
	b := newTab(t, webtest.Browser(t))
	b.open(s.base + "/console/log-in")
	check := func(page string) {
		t.Helper()
		require.Empty(t, read[[]string](b, `$$('button, a, input:not([type=hidden]), select, textarea, [role=search]').filter((e) => e.getClientRects().length &&
			!(e.getAttribute('aria-label') || e.labels?.[0]?.textContent.trim() || e.textContent.trim())).map((e) => e.outerHTML)`), page+": everything has a name")
		require.Equal(t, 1, read[int](b, `$$('h1').length`), page+": one heading says what it is")
		if !hasAxe {
			return
		}
		for _, theme := range []string{"light", "dark"} {
			b.dress(theme)
			_, err := chromedp.Run(b.ctx, chromedp.Evaluate[any](axe+";0"))
			require.NoError(t, err)
			found, err := chromedp.Run(b.ctx, chromedp.Evaluate[[]string](`axe.run(document, {resultTypes: ['violations']}).then((r) =>
				r.violations.filter((v) => v.impact === 'serious' || v.impact === 'critical')
				.map((v) => v.id + ': ' + v.nodes.map((n) => n.html + ' ' + n.failureSummary).join(' | ')))`, chromedp.EvalAwaitPromise))
			require.NoError(t, err)
			require.Empty(t, found, "%s in %s", page, theme)
		}
	}
	b.dress("light")
	check("log-in")
	b.enter(s, admin)
	check("queue")
	b.openCase()
	check("case")
	for _, opener := range []string{"?", "r", "d", "n", "b", "h", "x", "m"} {
		b.press(opener)
		b.await(`$('dialog[open]')`)
		check("dialog " + opener)
		b.do(`$('dialog[open]').close()`)
	}
	for _, name := range []string{
		"account", "articles", "articles/new/en", "articles/withdrawal-pending/en", "audit", "channels", "complaints", "evals", "figures", "incidents",
		"incidents/new", "keys", "macros", "macros/new", "people", "plan", "policy", "reviews",
	} {
		b.open(s.base + "/console/" + name)
		check(name)
		for _, width := range []int64{320, 1280} {
			b.size(width)
			require.LessOrEqual(t, read[int64](b, `document.documentElement.scrollWidth`), width, name)
		}
	}
	b.clean()
}

// TestQueueAndCaseAreWalkedByKeyboard presses Tab only: the focus is always to be seen, and comes to every action.
func TestQueueAndCaseAreWalkedByKeyboard(t *testing.T) {
	t.Parallel()
	s, browser := openDesk(t)
	b := newTab(t, browser)
	b.logIn(s, "Mia")
	b.openCase()
	b.do(`focus().blur(); window.walked = []; document.addEventListener('focusin', (e) => walked.push(e.target.dataset.key ?? e.target.dataset.opens ?? e.target.id))`)
	for range 60 {
		b.key("\t")
		require.True(t, read[bool](b, `focus() === document.body || getComputedStyle(focus()).outlineStyle !== 'none' || focus().matches('textarea, input, summary, main')`))
		if read[bool](b, `walked.includes('r') && walked.includes('s') && walked.includes('a')`) {
			break
		}
	}
	walked := read[[]string](b, `walked`)
	for _, action := range []string{"c", "x", "s", "i", "e", "a", "w", "d", "n", "b", "r"} {
		require.Contains(t, walked, action)
	}
}
