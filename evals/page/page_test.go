package page_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/evals"
	"github.com/deskhand/deskhand/evals/page"
)

const hostile = `</script><script>document.title="owned"</script><img src=x onerror="document.title='owned'">`

// report has a case that passed, one that failed, and hostile text wherever a suite or a customer may put some.
func report(reply string) evals.Report {
	step := assistant.Step{Stage: assistant.StageConfidence, Status: assistant.StepOK}
	result := func(id string, passed bool) evals.Result {
		return evals.Result{
			Articles: []string{hostile}, Case: evals.Case{
				ID: id, Conversation: []string{"كم الرسوم " + hostile}, Expect: evals.Expect{Article: hostile, Outcome: assistant.OutcomeAnswered},
				Locale: "ar", Tags: []string{hostile},
			},
			Checks: []evals.Check{{Name: "article", Passed: passed, Why: hostile}}, Confidence: 0.7,
			Ending: map[bool]evals.Ending{true: evals.CorrectAnswer, false: evals.WrongAnswer}[passed], Outcome: assistant.OutcomeAnswered, Reply: reply,
			Trace: &evals.Trace{
				Findings: []assistant.Finding{{Check: "link", Detail: hostile}}, Reasons: []string{hostile},
				Retrieved: []evals.Retrieved{{Locale: "ar", Slug: "fees", Text: hostile}}, Steps: []assistant.Step{step},
			},
		}
	}
	return evals.NewReport(evals.Suite{Name: "s " + hostile}, []evals.Result{result("good", true), result("bad", reply == "")})
}

func write(t *testing.T, in page.Input) string {
	t.Helper()
	var written bytes.Buffer
	in.Made = time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC)
	require.NoError(t, page.Write(&written, in))
	return written.String()
}

func TestPageAsksTheNetworkForNothing(t *testing.T) {
	t.Parallel()

	html := write(t, page.Input{Report: report("x")})
	require.NotRegexp(t, `(?i)(src|href|action)\s*=\s*["']?(https?:|//)`, html)
	require.NotContains(t, html, "@import")
	require.Contains(t, html, "default-src &#39;none&#39;")
	require.NotContains(t, html, "<img src=x")
}

// TestPageInABrowser opens the file as a person does: no text of a customer runs, and the filters work without a server.
func TestPageInABrowser(t *testing.T) {
	t.Parallel()

	before, after := report(""), report("other")
	file := filepath.Join(t.TempDir(), "r.html")
	html := write(t, page.Input{Baseline: &before, Comparison: evals.Compare(before, after), Report: after})
	require.NoError(t, os.WriteFile(file, []byte(html), 0o600))

	ctx := newBrowser(t)
	require.NoError(t, chromedp.Do(ctx, chromedp.Navigate("file://"+file)))
	_, err := chromedp.Call(ctx, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{
		DeviceScaleFactor: 1, Height: 800, Mobile: true, Width: 390,
	})
	require.NoError(t, err)
	evaluate := func(script string) string {
		value, err := chromedp.Run(ctx, chromedp.Evaluate[string]("String((() => {"+script+"})())"))
		require.NoError(t, err)
		return value
	}
	const shown = `document.getElementById("filters").dispatchEvent(new Event("input"));
		return document.querySelectorAll(".case:not([hidden])").length;`
	require.Equal(t, "Eval s "+hostile, evaluate(`return document.title`), "it is a text")
	require.Equal(t, "1", evaluate(shown), "the failed ones come first")
	require.Equal(t, "2", evaluate(`document.getElementById("f-state").value = "";`+shown))
	require.Equal(t, "1", evaluate(`document.getElementById("f-ending").value = "correct_answer";`+shown))
	require.Equal(t, "0", evaluate(`document.getElementById("f-text").value = "nothing of the kind";`+shown))
	require.Equal(t, "false", evaluate(`document.getElementById("f-text").value = ""; document.querySelectorAll("details").forEach((d) => { d.open = true; });
		return document.documentElement.scrollWidth > document.documentElement.clientWidth;`), "a telephone shows it without scrolling sideways")
}

func newBrowser(t *testing.T) context.Context {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.Flag("lang", "en-US"))
	if os.Geteuid() == 0 {
		options = append(options, chromedp.NoSandbox) // Chromium refuses to have one under root
	}
	ctx, cancel := chromedp.NewExecAllocator(context.WithoutCancel(t.Context()), options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	require.NoError(t, chromedp.Do(ctx), "there is no Chromium here: .ci/setup chromium installs it")
	return ctx
}
