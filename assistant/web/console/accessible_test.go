package console_test

import (
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant/access"
)

// TestEveryPageIsAccessible opens every page in light and dark. What needs no axe-core is checked on every machine.
func TestEveryPageIsAccessible(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	admin := s.addAs(t, "Ana", access.Admin)
	s.ask(t, "سحبي معلق منذ ساعتين. أريد التحدث إلى موظف")
	b := newTab(t)
	b.open(s.Base + "/console/log-in")
	check := func(page, part string) { // only what is new on it is looked at
		t.Helper()
		require.Empty(t, read[[]string](b, `$$('button, a, input:not([type=hidden]), select, textarea, [role=search]').filter((e) => e.getClientRects().length &&
			!(e.getAttribute('aria-label') || e.labels?.[0]?.textContent.trim() || e.textContent.trim())).map((e) => e.outerHTML)`), page+": everything has a name")
		require.Equal(t, 1, read[int](b, `$$('h1').length`), page+": one heading says what it is")
		require.Empty(t, b.Axe(part, "serious", "critical"), page)
		name := "page-" + strings.NewReplacer("/", "-", " ", "-", "?", "help").Replace(page)
		b.Picture(name + "-1280")
		b.dress("dark")
		b.Picture(name + "-dark")
		require.Empty(t, b.Contrast(part), "%s in dark", page)
		b.dress("light")
	}
	b.dress("light")
	check("log-in", "html")
	b.enter(s, admin)
	check("queue", "html")
	b.openCase()
	check("case", "html")
	for _, opener := range []string{"?", "r", "d", "n", "b", "h", "x", "m"} {
		b.press(opener)
		b.await(`$('dialog[open]')`)
		check("dialog "+opener, "dialog[open]")
		b.Do(`$('dialog[open]').close()`)
	}
	for _, name := range []string{
		"account", "articles", "articles/new/en", "articles/withdrawal-pending/en", "audit", "channels", "complaints", "evals", "figures", "incidents",
		"incidents/new", "keys", "macros", "macros/new", "people", "plan", "policy", "reviews",
	} {
		b.open(s.Base + "/console/" + name)
		check(name, "html")
		for _, width := range []int64{320, 1280} {
			b.Size(width, 900)
			require.LessOrEqual(t, read[int64](b, `document.documentElement.scrollWidth`), width, name)
			b.Picture("page-" + strings.ReplaceAll(name, "/", "-") + "-" + strconv.FormatInt(width, 10))
		}
	}
	b.clean()
}

// TestQueueAndCaseAreWalkedByKeyboard presses Tab only: the focus is always to be seen, and comes to every action.
func TestQueueAndCaseAreWalkedByKeyboard(t *testing.T) {
	t.Parallel()
	s := openDesk(t)
	b := newTab(t)
	b.logIn(s, "Mia")
	b.openCase()
	b.Do(`focus().blur(); window.walked = []; document.addEventListener('focusin', (e) => walked.push(e.target.dataset.key ?? e.target.dataset.opens ?? e.target.id))`)
	for range 60 {
		b.Key("\t")
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
