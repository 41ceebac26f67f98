package main

import (
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/deskhand/deskhand/assistant/llm"
)

const (
	// draftShare of the time that a customer still waits is for a model. In the rest the drafter without a model, the checks
	// and the record have more than they need, so that a model that hangs ends in an answer and not in a promise.
	draftShare = 0.8
	// embeddingShare is for the question's vector: without one the search goes on by words or with the built-in embedder.
	embeddingShare = 0.25
	// answersCached is how many drafts a process remembers: a few MB, and people ask the same things.
	answersCached = 1024
)

// models are the configured language models; both nil when deskhand works offline.
type models struct {
	chat  llm.Model
	embed llm.Embedder
}

// modelParts are what models are made with, beside the configuration.
type modelParts struct {
	clock   func() time.Time
	ledger  llm.Ledger // nil: nothing is budgeted
	logger  *slog.Logger
	metrics *modelMetrics // nil: nothing is measured
}

// hasModel reports whether a model provider is configured.
func (c config) hasModel() bool {
	return c.Providers != "" || c.OpenAIAPIKey != "" || c.OpenAIBaseURL != ""
}

// providers are the configured servers in the order in which they are asked; none works offline.
func (c config) providers() ([]llm.Provider, error) {
	switch {
	case c.Providers != "":
		file, err := os.Open(c.Providers)
		if err != nil {
			return nil, fmt.Errorf("--providers: %w", err)
		}
		defer func() { _ = file.Close() }() // only read
		providers, err := llm.ParseProviders(file, llm.Secrets{Env: keyFromEnvironment, File: keyFromFile})
		if err != nil {
			return nil, fmt.Errorf("--providers %s: %w", c.Providers, err)
		}
		return providers, nil
	case !c.hasModel():
		return nil, nil
	}
	provider := llm.Provider{
		Config: llm.Config{APIKey: c.OpenAIAPIKey, BaseURL: c.OpenAIBaseURL, ChatModel: c.ChatModel}, Name: "openai",
	}
	if c.EmbeddingModel != "" {
		provider.EmbeddingModel, provider.EmbeddingDimensions = c.EmbeddingModel, c.EmbeddingDimensions
	}
	return []llm.Provider{provider}, provider.Validate()
}

// embeddingProviders are those that can make the vectors of a model. Without a file, the one server is asked for any model.
func (c config) embeddingProviders(name string, dimensions int) ([]llm.Provider, error) {
	if c.Providers == "" {
		c.EmbeddingModel, c.EmbeddingDimensions = name, dimensions
		return c.providers()
	}
	providers, err := c.providers()
	if err != nil {
		return nil, err
	}
	var able []llm.Provider
	for _, p := range providers {
		if p.EmbeddingModel == name && p.EmbeddingDimensions == dimensions {
			able = append(able, p)
		}
	}
	return able, nil
}

// limits are the configured budgets.
func (c config) limits() llm.Limits {
	return llm.Limits{
		ConversationCost: llm.NewNanoUSD(c.ConversationCost), ConversationTokens: c.ConversationTokens,
		DailyCost: llm.NewNanoUSD(c.DailyCost), DailyTokens: c.DailyTokens,
	}
}

// validateModels reports the first setting of the models and their budgets that cannot work.
func (c config) validateModels() error {
	if err := c.validateServer(); err != nil {
		return err
	}
	switch {
	case c.EmbeddingModel != "" && !c.hasModel():
		return errors.New("--embedding-model needs OPENAI_API_KEY or OPENAI_BASE_URL")
	case c.Providers != "" && c.EmbeddingModel != "":
		return errors.New("--embedding-model and --providers are both set: name the embedding model in the file")
	case c.DailyTokens < 0 || c.ConversationTokens < 0 || !(c.DailyCost >= 0) || !(c.ConversationCost >= 0): // NaN is not >= 0
		return errors.New("--daily-tokens, --daily-cost, --conversation-tokens and --conversation-cost must not be negative; 0 is no limit")
	case c.DailyCost > maxBudget || c.ConversationCost > maxBudget:
		return fmt.Errorf("--daily-cost and --conversation-cost are US dollars, at most %.0f", maxBudget)
	}
	providers, err := c.providers()
	if err != nil {
		return err
	}
	chats := 0
	for _, p := range providers {
		if p.ChatModel == "" {
			continue
		}
		chats++
		if _, known := p.Prices[p.ChatModel]; !known && c.DailyCost+c.ConversationCost > 0 {
			return fmt.Errorf("--daily-cost and --conversation-cost need the price of %s: write it under prices in a file for --providers "+
				"(0 for a model that costs nothing)", p.ChatModel)
		}
	}
	if c.Providers != "" && chats == 0 {
		return fmt.Errorf("--providers %s: no provider has a chat_model", c.Providers)
	}
	return nil
}

// maxDimensions is more than any embedding model has, and what the column of vectors takes.
const maxDimensions = 16000

// validateServer reports the first setting of the one server that cannot work.
func (c config) validateServer() error {
	address, err := url.Parse(c.OpenAIBaseURL)
	switch {
	case c.OpenAIBaseURL != "" && (err != nil || address.Scheme != "https" && address.Scheme != "http" || address.Host == ""):
		return errors.New("--openai-base-url must be an http or https address, up to /v1")
	case strings.ContainsFunc(c.OpenAIAPIKey, func(r rune) bool { return r <= ' ' || r > '~' }):
		return errors.New("--openai-api-key holds a character that no key has, such as a space or a line break")
	case c.ChatModel == "" && c.EmbeddingModel == "" && c.hasModel() && c.Providers == "":
		return errors.New("--chat-model is empty, and no --embedding-model is named: the server has nothing to do")
	case c.EmbeddingDimensions < 1 || c.EmbeddingDimensions > maxDimensions:
		return fmt.Errorf("--embedding-dimensions must lie between 1 and %d, it is %d", maxDimensions, c.EmbeddingDimensions)
	}
	return nil
}

// maxBudget is in US dollars: a slip of the finger, and what the ledger can count.
const maxBudget = 1e9

// openModels builds the chain around the configured providers: for each, the queue and the breaker inside, the meter
// outside; around all, the order in which they are asked.
func openModels(c config, parts modelParts) (models, error) {
	providers, err := c.providers()
	if err != nil {
		return models{}, fmt.Errorf("%w: %w", errConfig, err)
	}
	links, err := parts.connect(providers, c.limits())
	if err != nil {
		return models{}, err
	}
	chat, err := links.chat()
	if err != nil {
		return models{}, err
	}
	embed, err := links.embedder(llm.ResilienceConfig{DeadlineShare: embeddingShare})
	return models{chat: chat, embed: embed}, err
}

// openEmbedder returns an embedding model other than the configured one, nil when no provider has it.
func openEmbedder(c config, parts modelParts, wanted llm.Config, resilience llm.ResilienceConfig) (llm.Embedder, error) {
	providers, err := c.embeddingProviders(wanted.EmbeddingModel, wanted.EmbeddingDimensions)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errConfig, err)
	}
	links, err := parts.connect(providers, c.limits())
	if err != nil {
		return nil, err
	}
	return links.embedder(resilience)
}

// link is the way to one provider.
type link struct {
	client   *llm.Client
	meter    llm.MeterConfig
	metrics  *modelMetrics
	provider llm.Provider
	queue    *llm.Queue
}

type links []link

// connect makes no request yet.
func (p modelParts) connect(providers []llm.Provider, limits llm.Limits) (links, error) {
	var budget *llm.Budget
	if p.ledger != nil { // one for all providers: what is limited is what the desk spends
		budget = llm.NewBudget(llm.BudgetConfig{
			Ledger: p.ledger, Limits: limits, Now: p.clock, Tokens: llm.NewTokens(),
			OnError: func(err error) { p.logger.Warn("model spend not recorded", slog.Any("error", err)) },
		})
	}
	made := make(links, len(providers))
	for i, provider := range providers {
		client, err := llm.NewClient(provider.Config)
		if err != nil {
			return nil, fmt.Errorf("%w: provider %s: %w", errConfig, provider.Name, err)
		}
		made[i] = link{
			client:  client,
			meter:   llm.MeterConfig{Budget: budget, Now: p.clock, Observe: p.metrics.observe, Provider: provider.Name},
			metrics: p.metrics, provider: provider, queue: llm.NewQueue(provider.Queue),
		}
	}
	return made, nil
}

// chat asks the providers that have a chat model; nil when none has.
func (l links) chat() (llm.Model, error) {
	var chats []llm.Model
	for _, link := range l {
		if link.provider.ChatModel == "" {
			continue
		}
		link.meter.Price = link.provider.Price(link.provider.ChatModel)
		watch := link.metrics.breaker(link.provider.Name, link.provider.ChatModel)
		chats = append(chats, llm.NewMeteredModel(llm.NewResilientModel(link.client.Chat(), llm.ResilienceConfig{
			DeadlineShare: draftShare, OnBreakerChange: watch, Queue: link.queue,
		}), link.meter))
	}
	if len(chats) == 0 {
		return nil, nil //nolint:nilnil // a nil Model works offline
	}
	return llm.NewFallback(chats...)
}

// embedder asks the providers that have an embedding model; nil when none has.
func (l links) embedder(resilience llm.ResilienceConfig) (llm.Embedder, error) {
	var embedders []llm.Embedder
	for _, link := range l {
		if link.provider.EmbeddingModel == "" {
			continue
		}
		link.meter.Price, link.meter.Purpose = link.provider.Price(link.provider.EmbeddingModel), "search"
		resilience.OnBreakerChange = link.metrics.breaker(link.provider.Name, link.provider.EmbeddingModel)
		resilience.Queue = link.queue
		embedders = append(embedders, llm.NewMeteredEmbedder(llm.NewResilientEmbedder(link.client.Embeddings(), resilience), link.meter))
	}
	if len(embedders) == 0 {
		return nil, nil //nolint:nilnil // a nil Embedder means the built-in one
	}
	return llm.NewFallbackEmbedder(embedders...)
}

// keyFromEnvironment reads a provider's key from the environment.
func keyFromEnvironment(name string) (string, error) {
	value, ok := os.LookupEnv(name)
	if !ok || value == "" {
		return "", fmt.Errorf("api_key_env: the variable %s is not set", name)
	}
	return value, nil
}

// keyFromFile reads a provider's key from a file.
func keyFromFile(path string) (string, error) {
	key, err := readSecret(path)
	if err != nil {
		return "", fmt.Errorf("api_key_file: %w", err)
	}
	return key, nil
}
