package main

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant/llm/llmtest"
	"github.com/deskhand/deskhand/assistant/postgres/pgtest"
)

// mostSeries is how many series one replica may have: what a small Prometheus does not notice.
const mostSeries = 2500

// scraped are the metrics of a service with a model, after questions in three languages, one with a secret in it.
var scraped struct { //nolint:gochecknoglobals // one service for the tests of metrics, dashboards and alerts
	once     sync.Once
	families map[string]*dto.MetricFamily
	text     string
}

// scrape returns the metrics by name, and as they were served.
func scrape(t *testing.T) (map[string]*dto.MetricFamily, string) {
	t.Helper()
	scraped.once.Do(func() { scraped.families, scraped.text = scrapeService(t) })
	require.NotEmpty(t, scraped.families, "another test failed to start the service")
	return scraped.families, scraped.text
}

func scrapeService(t *testing.T) (map[string]*dto.MetricFamily, string) {
	t.Helper()
	server := llmtest.NewWith(t, llmtest.Options{Responder: llmtest.Drafter})
	p := startProgram(t, []string{"DATABASE_URL=" + pgtest.EmptyURL(t), "OPENAI_API_KEY=", "OPENAI_BASE_URL="}, "--sample",
		"--providers", providersFile(t, server))
	for _, question := range []string{
		"whats the taker fee for spot", "提币两个小时了还没到账,怎么办?", "السحب معلق من ساعتين",
		"my password is Zebra-Lantern-77, why can I not log in",
	} {
		p.ask(t, question)
	}
	text := ""
	require.Eventually(t, func() bool { // the audit log is read in the background
		text = p.get(t, p.base+"/metrics")
		return !strings.Contains(text, "deskhand_audit_chain_verified_timestamp_seconds 0\n")
	}, answerWait, 100*time.Millisecond)
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(text))
	require.NoError(t, err)
	return families, text
}

// get reads a page of the service.
func (p *program) get(t *testing.T, url string) string {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	require.NoError(t, err)
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer func() { _ = response.Body.Close() }()
	content, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, response.StatusCode, string(content))
	return string(content)
}

func TestMetricsFollowTheConventionsAndHoldNoWordsOfCustomers(t *testing.T) {
	t.Parallel()

	families, text := scrape(t)
	problems, err := promlint.New(strings.NewReader(text)).Lint()
	require.NoError(t, err)
	require.Empty(t, problems)

	series := 0
	for _, family := range families {
		for _, metric := range family.GetMetric() {
			series += 1 + len(metric.GetHistogram().GetBucket())
		}
	}
	require.Less(t, series, mostSeries)
	t.Logf("%d series", series)
	for _, words := range []string{"taker fee", "Zebra", "提币", "السحب", "log in"} {
		require.NotContains(t, text, words)
	}
}

func TestMetricsCountWhatHappened(t *testing.T) {
	t.Parallel()

	families, _ := scrape(t)
	for _, tt := range []struct {
		name   string
		labels map[string]string
		least  float64
	}{
		{"deskhand_runs_total", nil, 4},
		{"deskhand_runs_total", map[string]string{"outcome": "handed_off"}, 1},
		{"deskhand_runs_total", map[string]string{"language": "zh-Hans"}, 1},
		{"deskhand_runs_total", map[string]string{"language": "ar"}, 1},
		{"deskhand_redactions_total", map[string]string{"kind": "password"}, 1},
		{"deskhand_stage_duration_seconds", map[string]string{"stage": "retrieve", "status": "ok"}, 1},
		{"deskhand_drafts_total", map[string]string{"method": "model"}, 1},
		{"deskhand_model_tokens_total", map[string]string{"direction": "prompt", "purpose": "draft"}, 1},
		{"deskhand_tickets", map[string]string{"status": "open"}, 1},
		{"deskhand_http_requests_total", map[string]string{"route": "/v1/answers", "status": "200"}, 4},
		{"deskhand_admissions_total", map[string]string{"result": "admitted"}, 4},
		{"deskhand_database_up", nil, 1},
		{"deskhand_auto_reply_enabled", nil, 1},
	} {
		require.GreaterOrEqual(t, sum(families[tt.name], tt.labels), tt.least, "%s %v", tt.name, tt.labels)
	}
	for _, name := range []string{"deskhand_audit_chain_faults", "deskhand_runs_abandoned", "deskhand_runs_unrecorded_total"} {
		require.Zero(t, sum(families[name], nil), name)
	}
}

// sum adds up the values, or the numbers of observations, of the series with these labels.
func sum(family *dto.MetricFamily, labels map[string]string) float64 {
	total := 0.0
	for _, metric := range family.GetMetric() {
		found := 0
		for _, pair := range metric.GetLabel() {
			if labels[pair.GetName()] == pair.GetValue() {
				found++
			}
		}
		if found == len(labels) {
			total += metric.GetCounter().GetValue() + metric.GetGauge().GetValue() + float64(metric.GetHistogram().GetSampleCount())
		}
	}
	return total
}

func TestFiguresOfTheDeskAreMissingAndTheDatabaseIsDownWhenItDoesNotAnswer(t *testing.T) {
	t.Parallel()

	s := newServing(t, config{})
	now := time.Now()
	s.app.clock = func() time.Time { return now }
	newDeskMetrics(s.registry, s.system, s.assistant(s.store, s.app.clock))
	gather := func() map[string]*dto.MetricFamily {
		found, err := s.registry.Gather()
		require.NoError(t, err)
		families := make(map[string]*dto.MetricFamily)
		for _, family := range found {
			families[family.GetName()] = family
		}
		return families
	}
	require.Len(t, gather()["deskhand_tickets"].GetMetric(), 16, "each status and priority, also those with nothing in them")

	s.pool.Close()
	require.InDelta(t, 1, sum(gather()["deskhand_database_up"], nil), 0, "scrapes within some seconds cost the database nothing")
	now = now.Add(loadKept)
	families := gather()
	require.Zero(t, sum(families["deskhand_database_up"], nil))
	require.NotNil(t, families["deskhand_database_up"])
	require.Nil(t, families["deskhand_tickets"])
	require.NotNil(t, families["deskhand_confidence_stale"])
}

// metricsPage lists the metrics; -update writes its table anew.
const metricsPage = "docs/metrics.md"

func TestMetricsAreListedInTheDocuments(t *testing.T) {
	t.Parallel()

	families, _ := scrape(t)
	var rows []string
	for _, name := range slices.Sorted(maps.Keys(families)) {
		if strings.HasPrefix(name, "deskhand_") {
			rows = append(rows, metricRow(families[name]))
		}
	}
	var before, listed, after []string
	for line := range strings.Lines(readDocument(t, metricsPage)) {
		switch {
		case strings.HasPrefix(line, "| `deskhand_"):
			listed = append(listed, strings.TrimSuffix(line, "\n"))
		case len(listed) == 0:
			before = append(before, line)
		default:
			after = append(after, line)
		}
	}
	if *update {
		page := strings.Join(before, "") + strings.Join(rows, "\n") + "\n" + strings.Join(after, "")
		require.NoError(t, os.WriteFile(filepath.Join(root, metricsPage), []byte(page), 0o600))
		return
	}
	require.Equal(t, rows, listed, "run this test with -update")
}

func metricRow(family *dto.MetricFamily) string {
	labels := make(map[string]bool)
	for _, metric := range family.GetMetric() {
		for _, pair := range metric.GetLabel() {
			labels["`"+pair.GetName()+"`"] = true
		}
	}
	return fmt.Sprintf("| `%s` | %s | %s | %s |", family.GetName(), strings.ToLower(family.GetType().String()),
		cmp.Or(strings.Join(slices.Sorted(maps.Keys(labels)), ", "), "none"), family.GetHelp())
}
