package main

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/assistant/memory"
	"github.com/deskhand/deskhand/assistant/postgres/pgtest"
	"github.com/deskhand/deskhand/evals"
	"github.com/deskhand/deskhand/retrieval/embed"
)

// TestTheBuiltInFitBelongsToThisBuild fails when the embedder, the intent model or the taxonomy changed and the confidence was not
// fitted again: deskhand eval calibrate evals/suites/calibration.yaml --out assistant/confidence/default.json
func TestTheBuiltInFitBelongsToThisBuild(t *testing.T) {
	t.Parallel()

	k, err := loadKnowledge(config{})
	require.NoError(t, err)
	pipeline := newAssistant(k, nil, assistant.Config{Clock: time.Now, Store: memory.New(nil)})
	require.Empty(t, pipeline.StaleFit(embed.New().Name()), "fit it again: see CONTRIBUTING.md, Rebuild what is trained or generated")
}

func TestCalibrateFitsDrawsAndIsReadAgain(t *testing.T) {
	t.Parallel()

	folder := t.TempDir()
	suite := filepath.Join(folder, "few.yaml")
	content, err := os.ReadFile("../../evals/suites/calibration.yaml")
	require.NoError(t, err)
	var few strings.Builder
	cases := 0
	for line := range strings.Lines(string(content)) {
		if strings.Contains(line, "{id: ") {
			if cases++; cases%4 != 0 {
				continue
			}
		}
		few.WriteString(line)
	}
	require.NoError(t, os.WriteFile(suite, []byte(few.String()), 0o600))
	fit := filepath.Join(folder, "fit.json")

	var out, log bytes.Buffer
	a := testApp(t, config{DatabaseURL: pgtest.EmptyURL(t), RequestDeadline: time.Minute})
	a.out = &out
	command := evalCalibrateCmd{JSON: true, Out: fit, SVG: filepath.Join(folder, "plots"), TargetPrecision: 0.9}
	parsed, err := readSuite(suite)
	require.NoError(t, err)
	results, err := runOn(t.Context(), a, a.config.DatabaseURL, parsed, 0)
	require.NoError(t, err)
	require.NoError(t, command.fit(a, evalRuns{results: results, suites: []string{parsed.Name}}))
	var printed evals.Calibration
	require.NoError(t, json.Unmarshal(out.Bytes(), &printed))
	require.Greater(t, printed.Cases, 20)
	require.Equal(t, []string{"calibration"}, printed.Model.Suites)
	for _, name := range []string{"reliability.svg", "risk-coverage.svg"} {
		require.FileExists(t, filepath.Join(folder, "plots", name))
	}

	k, err := loadKnowledge(config{Confidence: fit})
	require.NoError(t, err)
	require.Equal(t, printed.Model, k.confidence)
	pipeline := newAssistant(k, nil, assistant.Config{Clock: time.Now, Store: memory.New(nil)})
	require.Empty(t, pipeline.StaleFit(embed.New().Name()), "it was fitted with what is in use")

	s, err := openSystem(t.Context(), a, nil)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.close(t.Context())) })
	logger := slog.New(slog.NewTextHandler(&log, nil))
	warnStale(t.Context(), pipeline, s.desk, logger)
	require.Empty(t, log.String())
	pipeline.Confidence.Basis.Embedder = "another"
	warnStale(t.Context(), pipeline, s.desk, logger)
	require.Contains(t, log.String(), "level=WARN")
	require.Contains(t, log.String(), "differs=[embedder]")
}

func TestCalibrateSaysWhatCannotWork(t *testing.T) {
	t.Parallel()

	broken := filepath.Join(t.TempDir(), "fit.json")
	require.NoError(t, os.WriteFile(broken, []byte(`{"weights":{"luck":1}}`), 0o600))
	for name, test := range map[string]struct {
		args []string
		want string
	}{
		"TargetThatIsNone": {
			[]string{"eval", "calibrate", "--target-precision", "1.5", "../../evals/suites/calibration.yaml"}, "--target-precision must lie between 0 and 1",
		},
		"FitThatIsNone": {[]string{"eval", "guard", "--confidence", broken, "--cases", "../../evals/suites/guard.jsonl"}, "weights.luck is no feature"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			var stderr bytes.Buffer
			code := run(t.Context(), test.args, streams{err: &stderr, in: strings.NewReader(""), out: &stderr})
			require.Equal(t, exitUsage, code, stderr.String())
			require.Contains(t, stderr.String(), test.want)
		})
	}
}
