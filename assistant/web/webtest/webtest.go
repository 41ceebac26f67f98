// Package webtest is what the browser tests of the faces share: the whole service with a face on it, one Chromium for all tests of a
// package, its tabs, and axe-core. It knows no page.
package webtest

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// axePackage is the checker of accessibility. .ci/setup fetches the same version.
const axePackage = "axe-core@4.10.3"

// Run runs the tests of a package and ends the Chromium that they shared. It is for TestMain.
func Run(m *testing.M) int {
	defer func() { shared.stop() }()
	return m.Run()
}

// shared is the package's Chromium. Starting one costs more than most tests.
var shared chromium //nolint:gochecknoglobals // one process for the tests of a package

type chromium struct {
	cancel []context.CancelFunc
	ctx    context.Context //nolint:containedctx // it is the handle of the browser
	err    error
	once   sync.Once
}

func (c *chromium) stop() {
	for i := range c.cancel {
		c.cancel[len(c.cancel)-1-i]()
	}
}

func (c *chromium) start() {
	program := ""
	for _, name := range []string{
		"chromium", "chromium-browser", "google-chrome", "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
	} {
		if found, err := exec.LookPath(name); err == nil {
			program = found
			break
		}
	}
	if program == "" {
		c.err = errors.New("there is no Chromium here: .ci/setup chromium installs it")
		return
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(program), chromedp.Flag("lang", "en-US"))
	if os.Geteuid() == 0 {
		options = append(options, chromedp.NoSandbox) // Chromium refuses to have one under root
	}
	ctx, cancel := chromedp.NewExecAllocator(context.Background(), options...)
	c.cancel = append(c.cancel, cancel)
	c.ctx, cancel = chromedp.NewContext(ctx)
	c.cancel = append(c.cancel, cancel)
	if c.err = chromedp.Do(c.ctx); c.err == nil {
		_, c.err = chromedp.Run(c.ctx, chromedp.Evaluate[int]("1"))
	}
}

// browser returns the Chromium that the tests of this package share: each opens tabs with a storage of their own. A machine
// without one fails: make test installs it.
func browser(t testing.TB) context.Context {
	t.Helper()
	shared.once.Do(shared.start)
	require.NoError(t, shared.err)
	return shared.ctx
}

// axe returns the script of axe-core, fetched once for this machine by npm. Where it cannot be had, it says how to get it, ok is
// false, and what needs no axe-core is still checked.
func axe(t testing.TB) (script string, ok bool) {
	t.Helper()
	folder := filepath.Join(os.TempDir(), "deskhand-"+axePackage)
	name := filepath.Join(folder, "node_modules", "axe-core", "axe.min.js")
	if content, err := os.ReadFile(name); err == nil {
		return string(content), true
	}
	arguments := []string{"install", "--prefix", folder, "--no-audit", "--no-fund", "--ignore-scripts", axePackage}
	command := exec.CommandContext(t.Context(), "npm", arguments...)
	if err := command.Run(); err != nil {
		t.Logf("%s was not run: install npm (it comes with Node.js), then run .ci/setup chromium with a network: %v", axePackage, err)
		return "", false
	}
	content, err := os.ReadFile(name)
	require.NoError(t, err)
	return string(content), true
}

// ofImpact keeps of what axe-core objects to what has one of the impacts; all of it when none is given.
func ofImpact(found, impacts []string) []string {
	if len(impacts) == 0 {
		return found
	}
	return slices.DeleteFunc(found, func(one string) bool {
		impact, _, _ := strings.Cut(one, " ")
		return !slices.Contains(impacts, impact)
	})
}
