package main

import (
	"context"
	"strings"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/assistant/guard"
	"github.com/deskhand/deskhand/assistant/redact"
	"github.com/deskhand/deskhand/prompts"
)

// otherLanguage stands in metrics for all languages that are none of the desk's.
const otherLanguage = "other"

// runMetrics count how runs of the pipeline end, how long their stages take, and what was kept back. Their labels are names
// that this program has for things: a customer's words cannot become one.
type runMetrics struct {
	blocks     *prometheus.CounterVec
	confidence *prometheus.HistogramVec
	drafts     *prometheus.CounterVec
	languages  map[string]bool
	reasons    *prometheus.CounterVec
	redactions *prometheus.CounterVec
	runs       *prometheus.CounterVec
	stages     *prometheus.HistogramVec
	unrecorded prometheus.Counter
}

func newRunMetrics(registry *prometheus.Registry) *runMetrics {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
	}
	m := &runMetrics{
		blocks: counter("deskhand_guard_blocks_total", "Drafts that the guard kept from being sent, by the check that failed.", "check"),
		confidence: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "deskhand_confidence_ratio", Help: "Probability that a draft for a customer is right, by what became of the question.",
			Buckets: []float64{.1, .2, .3, .4, .5, .6, .7, .8, .9, .95, .98, .99},
		}, []string{"outcome"}),
		drafts: counter("deskhand_drafts_total",
			"Drafts by how they were made: by a model, from its kept answers (cached), from passages (extractive), or failed with it.",
			"method"),
		languages: map[string]bool{},
		reasons: counter("deskhand_run_reasons_total",
			"Why questions ended as they did; a question may have several reasons.", "reason"),
		redactions: counter("deskhand_redactions_total", "Questions from which a secret or personal data was removed, by kind.", "kind"),
		runs:       counter("deskhand_runs_total", "Questions that got an end, on any way in, rescued ones too.", "outcome", "language"),
		stages: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "deskhand_stage_duration_seconds", Help: "Time that a stage of the pipeline took.",
			// From a rule to the deadline of a customer.
			Buckets: []float64{.0001, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 20},
		}, []string{"stage", "status"}),
		unrecorded: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "deskhand_runs_unrecorded_total", Help: "Runs whose end could not be recorded; a job rescues their questions.",
		}),
	}
	registry.MustRegister(m.blocks, m.confidence, m.drafts, m.reasons, m.redactions, m.runs, m.stages, m.unrecorded)
	m.begin()
	return m
}

// begin makes the series that an alert must see grow from 0.
func (m *runMetrics) begin() {
	for _, check := range guard.Checks() {
		m.blocks.WithLabelValues(string(check))
	}
	for _, outcome := range []assistant.Outcome{assistant.OutcomeAnswered, assistant.OutcomeClarify, assistant.OutcomeHandedOff} {
		m.confidence.WithLabelValues(string(outcome))
		for _, language := range append(prompts.Languages(), otherLanguage) {
			m.runs.WithLabelValues(string(outcome), language)
		}
	}
	for _, language := range prompts.Languages() {
		m.languages[language] = true
	}
	for _, method := range []string{"cached", "extractive", "failed", "model"} {
		m.drafts.WithLabelValues(method)
	}
	for _, kind := range redact.Kinds() {
		m.redactions.WithLabelValues(string(kind))
	}
	for _, reason := range []assistant.Reason{assistant.ReasonDeadline, assistant.ReasonFailure, assistant.ReasonGuard} {
		m.reasons.WithLabelValues(string(reason))
	}
	for _, stage := range []assistant.Stage{assistant.StageRetrieve, assistant.StageDraft} {
		m.stages.WithLabelValues(string(stage), string(assistant.StepFailed)) // the two that ask somebody else
	}
}

// around returns an ObserveFunc that counts what another one is told.
func (m *runMetrics) around(observe assistant.ObserveFunc) assistant.ObserveFunc {
	if m == nil {
		return observe
	}
	return func(ctx context.Context, c assistant.Case) (context.Context, func(assistant.Conclusion, error)) {
		ctx, done := observe(ctx, c)
		return ctx, func(end assistant.Conclusion, err error) {
			m.observe(end, err)
			done(end, err)
		}
	}
}

func (m *runMetrics) observe(end assistant.Conclusion, err error) {
	decided := ""
	for _, step := range end.Steps {
		m.stages.WithLabelValues(string(step.Stage), string(step.Status)).Observe(step.Duration.Seconds())
		switch step.Stage {
		case assistant.StageDraft:
			m.drafts.WithLabelValues(draftMethod(step)).Inc()
		case assistant.StageGuard:
			checks, _ := step.Detail["failed_checks"].([]string)
			for _, check := range checks {
				m.blocks.WithLabelValues(check).Inc()
			}
		case assistant.StageConfidence:
			decided = string(end.Decision.Outcome)
		default:
		}
	}
	if end.Decision.Outcome == "" {
		return // a draft for an agent: the question was counted when it was handed off
	}
	if err != nil {
		if assistant.ErrorCode(err) != assistant.CodeConflict { // a person took over: the run is made again
			m.unrecorded.Inc()
		}
		return
	}
	if decided != "" {
		m.confidence.WithLabelValues(decided).Observe(end.Explained.Confidence)
	}
	language := end.Explained.Language
	if !m.languages[language] {
		language = otherLanguage
	}
	m.runs.WithLabelValues(string(end.Decision.Outcome), language).Inc()
	for _, reason := range end.Decision.Reasons {
		kind, _, _ := strings.Cut(string(reason), ":")
		m.reasons.WithLabelValues(kind).Inc()
	}
	for _, kind := range end.Case.Question.Redactions {
		m.redactions.WithLabelValues(kind).Inc()
	}
}

func draftMethod(step assistant.Step) string {
	cached, _ := step.Detail["cached"].(bool)
	method, _ := step.Detail["method"].(assistant.Method)
	switch {
	case step.Status == assistant.StepFailed:
		return "failed"
	case cached:
		return "cached"
	case method == assistant.MethodModel:
		return "model"
	}
	return "extractive"
}
