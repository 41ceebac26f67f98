package widget_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// axePackage is the checker of accessibility that is fetched for the test where npm is.
const axePackage = "axe-core@4.10.3"

// testAccessible checks what every machine can, and runs axe-core where it can be had.
func testAccessible(t *testing.T, s *stage) {
	t.Helper()
	b := s.chat(t)
	b.ask(hacked)
	b.await(`shown('.ticket')`)
	require.Empty(t, read[[]string](b, `$$('button, textarea, input, [role=log], [role=group], [role=dialog]')
		.filter((e) => !(e.getAttribute('aria-label') || e.innerText)).map((e) => e.outerHTML)`), "everything has a name")
	require.Equal(t, "polite", read[string](b, `$('[role=log]').getAttribute('aria-live')`))

	axe, err := axeSource(t)
	if err != nil {
		t.Logf("axe-core was not run: npm cannot fetch it here: %v", err)
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

// axeSource returns the text of axe-core, fetched once for this machine.
func axeSource(t *testing.T) (string, error) {
	t.Helper()
	folder := filepath.Join(os.TempDir(), "deskhand-"+axePackage)
	name := filepath.Join(folder, "node_modules", "axe-core", "axe.min.js")
	if content, err := os.ReadFile(name); err == nil {
		return string(content), nil
	}
	command := exec.CommandContext(t.Context(), "npm", "install", "--prefix", folder, "--no-audit", "--no-fund", "--ignore-scripts", axePackage)
	if err := command.Run(); err != nil {
		return "", err
	}
	content, err := os.ReadFile(name)
	return string(content), err
}
