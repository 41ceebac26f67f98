package main

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/deskhand/deskhand/assistant/llm"
)

// modelMetrics counts what the model is asked, how long it takes and what it costs.
// A nil *modelMetrics counts nothing.
type modelMetrics struct {
	breakers *prometheus.GaugeVec
	cost     *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
	tokens   *prometheus.CounterVec
}

func newModelMetrics(registry *prometheus.Registry) *modelMetrics {
	m := &modelMetrics{
		breakers: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "deskhand_model_breaker_open", Help: "1 while a provider's model is not called because calls kept failing.",
		}, []string{"provider", "model"}),
		cost: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "deskhand_model_cost_usd_total", Help: "Cost of model calls in US dollars.",
		}, []string{"provider", "model", "purpose"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "deskhand_model_call_seconds", Help: "Duration of model calls, retries included.",
			Buckets: []float64{0.05, 0.1, 0.25, 0.5, 1, 2, 4, 8, 16},
		}, []string{"provider", "model", "purpose", "outcome"}),
		tokens: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "deskhand_model_tokens_total", Help: "Tokens of model calls.",
		}, []string{"provider", "model", "purpose", "direction"}),
	}
	registry.MustRegister(m.breakers, m.cost, m.seconds, m.tokens)
	return m
}

func (m *modelMetrics) observe(call llm.Call) {
	if m == nil {
		return
	}
	m.cost.WithLabelValues(call.Provider, call.Model, call.Purpose).Add(call.Cost)
	m.seconds.WithLabelValues(call.Provider, call.Model, call.Purpose, call.Outcome).Observe(call.Duration.Seconds())
	m.tokens.WithLabelValues(call.Provider, call.Model, call.Purpose, "prompt").Add(float64(call.Usage.PromptTokens))
	m.tokens.WithLabelValues(call.Provider, call.Model, call.Purpose, "completion").Add(float64(call.Usage.CompletionTokens))
}

// breaker follows the breaker of a provider's model, which is closed at first.
func (m *modelMetrics) breaker(provider, model string) func(model, state string) {
	if m != nil {
		m.breakers.WithLabelValues(provider, model)
	}
	return func(model, state string) {
		if m == nil {
			return
		}
		open := 0.0
		if state == "open" {
			open = 1
		}
		m.breakers.WithLabelValues(provider, model).Set(open)
	}
}
