package evals

import (
	"fmt"
	"slices"

	"github.com/deskhand/deskhand/assistant"
)

// Costs are what automatic answers took of a model. Without a model all is zero.
type Costs struct {
	Answers        int     `json:"automatic_answers"`
	ChatCalls      float64 `json:"chat_calls_per_answer"`
	CostUSD        float64 `json:"cost_usd"` // of the whole suite
	EmbeddingCalls float64 `json:"embedding_calls_per_answer"`
	MaxCalls       int     `json:"max_calls_of_an_answer"`
	PromptMedian   int     `json:"prompt_tokens_median"` // embeddings included
	PromptP95      int     `json:"prompt_tokens_p95"`
}

// NewCosts counts the cases that ended in an automatic answer, each by its last turn.
func NewCosts(results []Result) Costs {
	var costs Costs
	var tokens []int
	for _, result := range results {
		costs.CostUSD += result.CostUSD
		if result.Outcome != assistant.OutcomeAnswered {
			continue
		}
		tokens = append(tokens, result.AnswerTokens)
		costs.ChatCalls += float64(result.ChatCalls)
		costs.EmbeddingCalls += float64(result.EmbeddingCalls)
		costs.MaxCalls = max(costs.MaxCalls, result.ChatCalls+result.EmbeddingCalls)
	}
	costs.Answers = len(tokens)
	if costs.Answers == 0 {
		return costs
	}
	slices.Sort(tokens)
	costs.ChatCalls /= float64(costs.Answers)
	costs.EmbeddingCalls /= float64(costs.Answers)
	costs.PromptMedian = tokens[len(tokens)/2]
	costs.PromptP95 = tokens[min(len(tokens)*95/100, len(tokens)-1)]
	return costs
}

// String is one line.
func (c Costs) String() string {
	return fmt.Sprintf("%d automatic answers: prompt tokens median %d, p95 %d; calls each: chat %.2f, embeddings %.2f; $%.4f for the suite",
		c.Answers, c.PromptMedian, c.PromptP95, c.ChatCalls, c.EmbeddingCalls, c.CostUSD)
}
