package main

import (
	"encoding/json"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"text/template"

	"github.com/goccy/go-yaml"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/stretchr/testify/require"
)

const (
	alertsFile    = "docs/operations/alerts.yaml"
	dashboardFile = "docs/operations/dashboard.json"
	runbook       = "docs/runbook.md"
)

// alert is a rule of alertsFile; a field that is not here is a mistake.
type alert struct {
	Alert       string            `yaml:"alert"`
	Annotations map[string]string `yaml:"annotations"`
	Expr        string            `yaml:"expr"`
	For         string            `yaml:"for"`
	Labels      map[string]string `yaml:"labels"`
}

func readAlerts(t *testing.T) []alert {
	t.Helper()
	var file struct {
		Groups []struct {
			Name  string  `yaml:"name"`
			Rules []alert `yaml:"rules"`
		} `yaml:"groups"`
	}
	require.NoError(t, yaml.UnmarshalWithOptions([]byte(readDocument(t, alertsFile)), &file, yaml.Strict()))
	var alerts []alert
	for _, group := range file.Groups {
		require.NotEmpty(t, group.Name)
		alerts = append(alerts, group.Rules...)
	}
	require.NotEmpty(t, alerts)
	return alerts
}

func TestAlertsLookAtMetricsThatExistAndHaveASectionInTheRunbook(t *testing.T) {
	t.Parallel()

	var named, sections []string
	for _, match := range regexp.MustCompile(`(?m)^### (Deskhand\w+)$`).FindAllStringSubmatch(readDocument(t, runbook), -1) {
		sections = append(sections, match[1])
	}
	for _, alert := range readAlerts(t) {
		requireKnownMetrics(t, alert.Expr)
		if alert.For != "" {
			_, err := model.ParseDuration(alert.For)
			require.NoError(t, err, alert.Alert)
		}
		require.Contains(t, []string{"page", "ticket"}, alert.Labels["severity"], alert.Alert)
		require.NotEmpty(t, alert.Annotations["summary"], alert.Alert)
		requireTemplate(t, alert.Annotations["summary"])
		require.Equal(t, runbook+"#"+strings.ToLower(alert.Alert), alert.Annotations["runbook"])
		named = append(named, alert.Alert)
	}
	require.Equal(t, named, sections, "the runbook has a section for each alert, in the same order")
	require.Len(t, slices.Compact(slices.Sorted(slices.Values(named))), len(named), "names are unique")
	if promtool, err := exec.LookPath("promtool"); err == nil { // it looks at durations too
		output, err := exec.CommandContext(t.Context(), promtool, "check", "rules", filepath.Join(root, alertsFile)).CombinedOutput()
		require.NoError(t, err, string(output))
	}
}

func TestDashboardLooksAtMetricsThatExist(t *testing.T) {
	t.Parallel()

	var board struct {
		Annotations struct {
			List []struct {
				Expr string `json:"expr"`
			} `json:"list"`
		} `json:"annotations"`
		Panels []struct {
			ID      int    `json:"id"`
			Title   string `json:"title"`
			Type    string `json:"type"`
			Targets []struct {
				Expr         string `json:"expr"`
				LegendFormat string `json:"legendFormat"`
			} `json:"targets"`
		} `json:"panels"`
	}
	require.NoError(t, json.Unmarshal([]byte(readDocument(t, dashboardFile)), &board))
	shown := make(map[string]bool)
	ids := make(map[int]bool)
	for _, panel := range board.Panels {
		require.False(t, ids[panel.ID], "two panels have the id %d", panel.ID)
		ids[panel.ID] = true
		require.Equal(t, panel.Type == "row", len(panel.Targets) == 0, panel.Title)
		for _, target := range panel.Targets {
			for name := range requireKnownMetrics(t, target.Expr) {
				shown[name] = true
			}
		}
	}
	for _, annotation := range board.Annotations.List {
		requireKnownMetrics(t, annotation.Expr)
	}
	for _, name := range []string{ // what an operator asks for first
		"deskhand_http_requests_total", "deskhand_http_request_duration_seconds", "deskhand_stage_duration_seconds", "deskhand_runs_total",
		"deskhand_model_call_seconds", "deskhand_model_tokens_total", "deskhand_model_cost_usd_total", "deskhand_searches_total",
		"deskhand_jobs", "deskhand_tickets", "deskhand_tickets_late", "deskhand_confidence_ratio", "deskhand_guard_blocks_total",
		"deskhand_drift_alarm", "deskhand_drift_effect_ratio",
	} {
		require.True(t, shown[name], "no panel shows %s", name)
	}
}

// fromOutside are a target's own series and labels, which Prometheus adds.
var fromOutside = map[string]bool{"up": true, "instance": true, "job": true}

// requireKnownMetrics parses an expression and returns the metrics of the service that it names; each exists, with the labels
// and the values that it is asked for.
func requireKnownMetrics(t *testing.T, expr string) map[string]*dto.MetricFamily {
	t.Helper()
	families, _ := scrape(t)
	expr = strings.NewReplacer("$__rate_interval", "5m", "$job", "deskhand").Replace(expr)
	parsed, err := parser.NewParser(parser.Options{}).ParseExpr(expr)
	require.NoError(t, err, expr)
	used := make(map[string]*dto.MetricFamily)
	parser.Inspect(parsed, func(node parser.Node, _ []parser.Node) error {
		selector, ok := node.(*parser.VectorSelector)
		if !ok || fromOutside[selector.Name] {
			return nil
		}
		name, family := selector.Name, families[selector.Name]
		for _, suffix := range []string{"_bucket", "_count", "_sum"} {
			if base, cut := strings.CutSuffix(selector.Name, suffix); cut && family == nil {
				name, family = base, families[base]
				require.Equal(t, dto.MetricType_HISTOGRAM, family.GetType(), selector.Name)
			}
		}
		require.NotNil(t, family, "the service has no metric %s: %s", selector.Name, expr)
		for _, matcher := range selector.LabelMatchers {
			if matcher.Name != model.MetricNameLabel && !fromOutside[matcher.Name] {
				requireLabel(t, family, matcher)
			}
		}
		used[name] = family
		return nil
	})
	requireGroupings(t, parsed, used)
	return used
}

// requireLabel wants a label of a metric, and for each value that is written out a series, as far as its values are known
// beforehand. Statuses and routes come with traffic.
func requireLabel(t *testing.T, family *dto.MetricFamily, matcher *labels.Matcher) {
	t.Helper()
	values := labelValues(family, matcher.Name)
	require.NotEmpty(t, values, "%s has no label %s", family.GetName(), matcher.Name)
	if slices.Contains([]string{"outcome", "route", "status"}, matcher.Name) && strings.HasPrefix(family.GetName(), "deskhand_http_request") ||
		family.GetName() == "deskhand_model_call_seconds" {
		return
	}
	for value := range strings.SplitSeq(matcher.Value, "|") {
		require.Contains(t, values, value, "%s has no %s %s", family.GetName(), matcher.Name, value)
	}
}

func labelValues(family *dto.MetricFamily, name string) []string {
	var values []string
	for _, metric := range family.GetMetric() {
		for _, pair := range metric.GetLabel() {
			if pair.GetName() == name {
				values = append(values, pair.GetValue())
			}
		}
	}
	return values
}

// requireGroupings wants each label by which an expression groups to belong to one of its metrics.
func requireGroupings(t *testing.T, parsed parser.Expr, used map[string]*dto.MetricFamily) {
	t.Helper()
	parser.Inspect(parsed, func(node parser.Node, _ []parser.Node) error {
		aggregate, ok := node.(*parser.AggregateExpr)
		if !ok {
			return nil
		}
		for _, label := range aggregate.Grouping {
			known := fromOutside[label] || label == "le"
			for _, family := range used {
				known = known || len(labelValues(family, label)) > 0
			}
			require.True(t, known, "nothing in %s has the label %s", parsed, label)
		}
		return nil
	})
}

// requireTemplate parses a text of an alert as Prometheus does.
func requireTemplate(t *testing.T, text string) {
	t.Helper()
	_, err := template.New("").Parse("{{$labels := .Labels}}{{$value := .Value}}" + text)
	require.NoError(t, err, text)
}
