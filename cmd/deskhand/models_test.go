package main

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/assistant/llm/llmtest"
	"github.com/deskhand/deskhand/assistant/postgres/pgtest"
	"github.com/deskhand/deskhand/retrieval"
	"github.com/deskhand/deskhand/retrieval/files"
)

// providersFile writes a list of providers that all have a chat model and the same embedding model.
func providersFile(t *testing.T, servers ...*llmtest.Server) string {
	t.Helper()
	var file strings.Builder
	file.WriteString("providers:\n")
	for i, server := range servers {
		fmt.Fprintf(&file, `  - name: p%d
    base_url: %s
    chat_model: chat-%d
    embedding_model: embed
    embedding_dimensions: 64
    prices: {chat-%d: {prompt: 1, completion: 2}, embed: {prompt: 0.1}}
`, i+1, server.BaseURL(), i+1, i+1)
	}
	path := filepath.Join(t.TempDir(), "providers.yaml")
	require.NoError(t, os.WriteFile(path, []byte(file.String()), 0o600))
	return path
}

// serving is a wired program with a few articles, as serve has it.
type serving struct {
	*system

	registry *prometheus.Registry
}

// total is the sum of a counter's values with a label.
func (s serving) total(t *testing.T, counter, label, value string) float64 {
	t.Helper()
	families, err := s.registry.Gather()
	require.NoError(t, err)
	sum := 0.0
	for _, family := range families {
		for _, metric := range family.GetMetric() {
			for _, pair := range metric.GetLabel() {
				if family.GetName() == counter && pair.GetName() == label && pair.GetValue() == value {
					sum += metric.GetCounter().GetValue()
				}
			}
		}
	}
	return sum
}

func newServing(t *testing.T, c config) serving {
	t.Helper()
	c.DatabaseURL, c.RequestDeadline = pgtest.EmptyURL(t), 2*time.Minute
	c.EmbeddingDimensions = cmp.Or(c.EmbeddingDimensions, 1536)
	require.NoError(t, c.Validate())
	registry := prometheus.NewRegistry()
	s, err := openSystem(t.Context(), testApp(t, c), newModelMetrics(registry))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.close(t.Context())) })
	s.knowledge.confidence.Basis.Embedder = s.index.Model() // the built-in fit stands for one with the server's embeddings
	articles := fstest.MapFS{}
	for _, slug := range []string{"trading-fees", "cannot-log-in", "deposit-missing-memo", "proof-of-reserves", "withdrawal-pending"} {
		for _, language := range []string{"en", "zh-Hans", "ar"} {
			name := language + "/" + slug + ".md"
			if _, err := fs.Stat(retrieval.Sample(), name); err != nil {
				continue // not translated yet
			}
			content, err := fs.ReadFile(retrieval.Sample(), name)
			require.NoError(t, err)
			articles[name] = &fstest.MapFile{Data: content}
		}
	}
	_, err = s.index.Import(t.Context(), files.FS(articles), retrieval.ImportOptions{Source: "test"})
	require.NoError(t, err)
	return serving{system: s, registry: registry}
}

// ask asks for the fees, which the articles tell.
func (s serving) ask(t *testing.T) assistant.Conclusion {
	t.Helper()
	return s.askFor(t, "whats the taker fee for spot")
}

func (s serving) askFor(t *testing.T, question string) assistant.Conclusion {
	t.Helper()
	var end assistant.Conclusion
	config := assistant.Config{
		Clock: time.Now, Deadline: s.config.RequestDeadline, Search: s.search, Store: keeper{Store: s.store, end: &end},
	}
	_, err := newAssistant(s.knowledge, s.answers, config).Handle(t.Context(), assistant.Question{Body: question, Channel: "widget"})
	require.NoError(t, err)
	return end
}

func TestTheNextProviderAnswersWhenOneIsDown(t *testing.T) {
	t.Parallel()

	down := llmtest.NewWith(t, llmtest.Options{Responder: llmtest.Drafter})
	up := llmtest.NewWith(t, llmtest.Options{Responder: llmtest.Drafter})
	s := newServing(t, config{Providers: providersFile(t, down, up)})
	down.Always(llmtest.Chat, llmtest.Status(401))
	down.Always(llmtest.Embeddings, llmtest.Status(401))
	end := s.ask(t)

	require.Equal(t, assistant.OutcomeAnswered, end.Decision.Outcome, end.Decision.Reasons)
	require.Equal(t, "chat-2", end.Explained.Model)
	require.Equal(t, "embed", end.Explained.EmbeddingModel)
	require.Positive(t, down.Count(llmtest.Chat))
	require.Positive(t, s.total(t, "deskhand_model_cost_usd_total", "provider", "p2"))
	require.Zero(t, s.total(t, "deskhand_model_tokens_total", "model", "chat-1"))
	require.Positive(t, s.total(t, "deskhand_model_tokens_total", "purpose", "draft"))
}

func TestQuestionsAreFoundByTheBuiltInEmbedderWhileTheProvidersIsDown(t *testing.T) {
	t.Parallel()

	server := llmtest.NewWith(t, llmtest.Options{Responder: llmtest.Drafter})
	s := newServing(t, config{Providers: providersFile(t, server)})
	server.Always(llmtest.Embeddings, llmtest.ServerError(503))

	byWords := s.ask(t)
	require.Empty(t, byWords.Explained.EmbeddingModel)
	require.Zero(t, byWords.Explained.Evidence.Similarity, "the built-in vectors are not there yet")

	require.NoError(t, s.standby.refresh(t.Context()))
	s.knowledge.confidence.Basis.Embedder = s.standby.model.Name
	end := s.askFor(t, "what is the taker fee for spot")
	require.Equal(t, assistant.OutcomeAnswered, end.Decision.Outcome, end.Decision.Reasons)
	require.True(t, strings.HasPrefix(end.Explained.EmbeddingModel, builtinPrefix), end.Explained.EmbeddingModel)
	require.NotZero(t, end.Explained.Evidence.Similarity)
	active, err := retrieval.ActiveModel(t.Context(), s.pool)
	require.NoError(t, err)
	require.Equal(t, "embed", active.Name, "who stands by does not take over")

	server.Heal(llmtest.Embeddings)
	require.Equal(t, "embed", s.askFor(t, "taker fee on spot, how much").Explained.EmbeddingModel)
}

func TestOverBudgetTheArticlesAnswerThemselves(t *testing.T) {
	t.Parallel()

	for name, limit := range map[string]func(*config){
		"DailyTokens":        func(c *config) { c.DailyTokens = 500 },
		"DailyCost":          func(c *config) { c.DailyCost = 0.001 },
		"ConversationTokens": func(c *config) { c.ConversationTokens = 500 },
		"ConversationCost":   func(c *config) { c.ConversationCost = 0.001 },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			server := llmtest.NewWith(t, llmtest.Options{Responder: llmtest.Drafter})
			c := config{Providers: providersFile(t, server)}
			limit(&c)
			s := newServing(t, c)
			for _, question := range []string{"whats the taker fee for spot", "现货手续费多少啊"} {
				end := s.askFor(t, question)
				require.Equal(t, assistant.OutcomeAnswered, end.Decision.Outcome, end.Decision.Reasons)
				require.Contains(t, end.Reply.Body, "0.12")
			}
			require.Zero(t, server.Count(llmtest.Chat))
		})
	}
}

func TestADayOfManyQuestionsStaysWithinItsBudget(t *testing.T) {
	t.Parallel()

	const budget = 6000
	server := llmtest.NewWith(t, llmtest.Options{Responder: llmtest.Drafter})
	s := newServing(t, config{DailyTokens: budget, Providers: providersFile(t, server)})
	drafted := 0
	for i := range 12 {
		end := s.askFor(t, "whats the taker fee for spot"+strings.Repeat("?", i))
		require.NotEmpty(t, end.Reply.Body)
		if end.Explained.Usage.PromptTokens > 0 {
			drafted++
		}
	}
	spent, err := s.ledger.Day(t.Context(), time.Now())
	require.NoError(t, err)
	require.Positive(t, drafted)
	require.Less(t, drafted, 12, "the budget was used up")
	require.LessOrEqual(t, spent.Tokens, int64(budget))
	require.Greater(t, spent.Tokens, int64(budget/2))
}

func TestSettingsOfModelsThatCannotWorkAreNamed(t *testing.T) {
	t.Parallel()

	server := llmtest.New(t)
	good := providersFile(t, server)
	bad := filepath.Join(t.TempDir(), "bad.yaml")
	require.NoError(t, os.WriteFile(bad, []byte("providers: [{name: a, chat_model: b, api_key_file: /nowhere}]"), 0o600))
	embeddingOnly := filepath.Join(t.TempDir(), "embedding.yaml")
	require.NoError(t, os.WriteFile(embeddingOnly, []byte("providers: [{name: a, embedding_model: b, embedding_dimensions: 3}]"), 0o600))
	for want, args := range map[string][]string{
		"--providers":     {"doctor", "--providers", "/nowhere.yaml"},
		"api_key_file":    {"doctor", "--providers", bad},
		"no provider":     {"doctor", "--providers", embeddingOnly},
		"both set":        {"doctor", "--providers", good, "--embedding-model", "x"},
		"the price of":    {"doctor", "--openai-base-url", server.BaseURL(), "--daily-cost", "5"},
		"not be negative": {"doctor", "--daily-tokens=-1"},
		"at most":         {"doctor", "--daily-cost", "1e30"},
	} {
		var stderr bytes.Buffer
		code := run(t.Context(), args, streams{err: &stderr, in: strings.NewReader(""), out: &bytes.Buffer{}})
		require.Equal(t, exitUsage, code, stderr.String())
		require.Contains(t, stderr.String(), want)
	}
}

// keeper shows how the last run was concluded.
type keeper struct {
	assistant.Store

	end *assistant.Conclusion
}

func (k keeper) Conclude(ctx context.Context, end assistant.Conclusion) (assistant.Run, error) {
	*k.end = end
	return k.Store.Conclude(ctx, end)
}
