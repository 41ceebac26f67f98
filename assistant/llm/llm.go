// Package llm talks to language models: chat completions with structured output, embeddings, and token counts.
//
// Client speaks to one OpenAI-compatible server (OpenAI, Azure, vLLM, Ollama, llama.cpp) and hands out a Model and an
// Embedder. Around them go, from the inside out:
//
//	ResilientModel   per-attempt deadline, circuit breaker, bounded queue, retry
//	MeteredModel     duration, tokens and cost of each call, to an observer and to the Tally of the run; within a Budget
//	Fallback         the next provider when one is unavailable
//	CachedModel      the same answer to the same request, without a call
//
// Each is a Model itself, so a deployment composes what it needs. ResilientEmbedder, MeteredEmbedder and FallbackEmbedder do
// the same for embeddings; only embedders of the same model stand in for each other, because vectors of different models
// cannot be compared.
//
// Every error is an *Error, carries one of the kinds below and never contains the key, the prompt, the answer or the
// server's own words: those may quote a customer. The package logs nothing. It does not write prompts, judge answers
// beyond their schema, or decide what happens after a failure.
//
// It is the only package that imports go-openai.
package llm

import (
	"context"
	"encoding/json"
)

// Model completes a chat.
type Model interface {
	// Complete returns the model's answer. With a Schema, Response.Text is one JSON object that satisfies it, and an
	// answer that is no such object is ErrMalformed. Errors are of the kinds ErrConfig, ErrMalformed, ErrOverBudget, ErrRateLimited,
	// ErrRefused, ErrRejected, ErrUnavailable, or context.Canceled.
	Complete(ctx context.Context, req Request) (Response, error)

	// Name identifies the configured model in records, metrics and cache keys.
	Name() string
}

// Embedder turns texts into vectors.
type Embedder interface {
	// Dimensions is the length of every vector.
	Dimensions() int

	// Embed returns one vector per text, in the order of the texts; no texts, no vectors. Every value is finite and no
	// vector is zero. Texts must not be empty. Errors are of the same kinds as Model's.
	Embed(ctx context.Context, texts []string) ([][]float32, error)

	// Name identifies the embedding space: vectors of embedders with equal names can be compared.
	Name() string
}

// Request is one chat completion.
type Request struct {
	// Conversation is what the call is charged to, beside the day; empty charges the day only. It never reaches the model.
	Conversation string

	// MaxTokens bounds the answer, reasoning included. 0 leaves it to the server.
	MaxTokens int

	// Purpose says what the call is for ("draft", "judge"); it labels metrics and never reaches the model.
	Purpose string

	// Schema asks for structured output; nil asks for text.
	Schema *Schema

	// System is the trusted part of the prompt. Stable text first: servers cache prefixes.
	System string

	// Temperature is 0 (as reproducible as the server can) to 2. Models that do not let it be chosen use their own.
	Temperature float32

	// User is the part of the prompt that holds untrusted text, already delimited by the caller.
	User string
}

// Schema is the shape of a structured answer. Servers that enforce schemas get it in strict mode: every object lists
// all its properties as required and forbids others. See compileSchema for the keywords that are checked here.
type Schema struct {
	JSON json.RawMessage
	Name string // [a-zA-Z0-9_-], at most 64
}

// Response is a complete, unrefused answer.
type Response struct {
	Cached       bool   // no call was made: Usage is zero
	FinishReason string // "stop", or "other" for a server's own words
	Model        string // as the server names it, which may be more exact than Model.Name
	Text         string
	Usage        Usage
}

// Usage counts tokens as the server does; 0 when it does not say.
type Usage struct {
	CompletionTokens int
	PromptTokens     int
}

func (u Usage) add(other Usage) Usage {
	return Usage{
		CompletionTokens: u.CompletionTokens + other.CompletionTokens,
		PromptTokens:     u.PromptTokens + other.PromptTokens,
	}
}
