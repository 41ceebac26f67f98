package widget_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// testAccessible checks what every machine can, and runs axe-core where it can be had.
func testAccessible(t *testing.T, s *stage) {
	t.Helper()
	b := s.chat(t)
	b.ask(hacked)
	b.Await(`shown('.ticket')`)
	require.Empty(t, read[[]string](b, `$$('button, textarea, input, [role=log], [role=group], [role=dialog]')
		.filter((e) => !(e.getAttribute('aria-label') || e.innerText)).map((e) => e.outerHTML)`), "everything has a name")
	require.Equal(t, "polite", read[string](b, `$('[role=log]').getAttribute('aria-live')`))

	for _, page := range []string{"", "Rate this conversation", "Is this really us?"} {
		if page != "" {
			b.press(page)
		}
		b.Do(`host.setAttribute('theme', 'light')`)
		require.Empty(t, b.Axe("deskhand-widget"), page)
		b.Do(`host.setAttribute('theme', 'dark')`)
		require.Empty(t, b.Contrast("deskhand-widget"), "%s in dark", page)
		if page != "" {
			b.press("Back")
		}
	}
}
