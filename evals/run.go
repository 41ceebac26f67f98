package evals

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/assistant/llm"
	"github.com/deskhand/deskhand/assistant/memory"
)

// Runner asks the questions of suites. Its assistant must work on its store.
type Runner struct {
	Assistant *assistant.Assistant
	Clock     func() time.Time
	Parallel  int          // cases at a time; 1 when zero
	Progress  func(Result) // told of every case that ended; called from several goroutines
	Store     *memory.Store
}

// Result is what came out of a case.
type Result struct {
	Case             Case                 `json:"case"`
	AnswerTokens     int                  `json:"answer_prompt_tokens"` // of the last turn
	Articles         []string             `json:"articles"`             // slugs that the reply cites, or the draft for the agent
	ChatCalls        int                  `json:"chat_calls"`           // of the last turn
	Checks           []Check              `json:"checks"`
	CompletionTokens int                  `json:"completion_tokens"`
	Confidence       float64              `json:"confidence"`
	Conclusion       assistant.Conclusion `json:"-"` // everything that was recorded of the last turn
	CostUSD          float64              `json:"cost_usd"`
	EmbeddingCalls   int                  `json:"embedding_calls"` // of the last turn
	Ending           Ending               `json:"ending"`
	Intent           string               `json:"intent"`
	Language         string               `json:"language"`
	Latency          time.Duration        `json:"latency_ns"` // of the last turn
	Outcome          assistant.Outcome    `json:"outcome"`
	Priority         string               `json:"priority"`
	PromptTokens     int                  `json:"prompt_tokens"`
	Reply            string               `json:"reply"`
	Risks            []string             `json:"risks"`
}

// Passed reports whether every check of the case held.
func (r Result) Passed() bool {
	for _, check := range r.Checks {
		if !check.Passed {
			return false
		}
	}
	return true
}

// Run asks every case and returns the results in the order of the suite. It ends early only when ctx does.
func (r Runner) Run(ctx context.Context, suite Suite) ([]Result, error) {
	results := make([]Result, len(suite.Cases))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(max(r.Parallel, 1))
	for i, c := range suite.Cases {
		group.Go(func() error {
			if err := ctx.Err(); err != nil {
				return err
			}
			results[i] = r.ask(ctx, c)
			if r.Progress != nil {
				r.Progress(results[i])
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return nil, fmt.Errorf("run suite %s: %w", suite.Name, err)
	}
	return results, nil
}

// ask plays a conversation. A failure of the pipeline is a result like any other: a case that did not pass.
func (r Runner) ask(ctx context.Context, c Case) Result {
	result := Result{Case: c}
	var run assistant.Run
	ctx, tally := llm.WithTally(ctx)
	var last *llm.Tally
	for _, turn := range c.Conversation {
		started := r.Clock()
		var err error
		var turnCtx context.Context
		turnCtx, last = llm.WithTally(ctx)
		run, err = r.Assistant.Handle(turnCtx, assistant.Question{
			Body: turn, Channel: "eval", ConversationID: run.ConversationID, Locale: c.Locale,
		})
		result.Latency = r.Clock().Sub(started)
		if err != nil {
			result.Checks = []Check{{Name: pipelineCheck, Why: err.Error()}}
			result.Ending = endingOf(result)
			return result
		}
	}
	result = result.with(run, r.conclusion(run.ID))
	usage := tally.Usage()
	result.PromptTokens, result.CompletionTokens, result.CostUSD = usage.PromptTokens, usage.CompletionTokens, tally.Cost()
	result.AnswerTokens = last.Usage().PromptTokens
	result.ChatCalls, result.EmbeddingCalls = last.Count(llm.CallChat), last.Count(llm.CallEmbeddings)
	result.Checks = Grade(c.Expect, result)
	result.Ending = endingOf(result)
	return result
}

func (r Runner) conclusion(runID uuid.UUID) assistant.Conclusion {
	end, _ := r.Store.Conclusion(runID) // a run that Handle returned has concluded
	return end
}

// with returns the result with what was observed and recorded of the last turn.
func (r Result) with(run assistant.Run, end assistant.Conclusion) Result {
	r.Conclusion = end
	r.Confidence = run.Confidence
	r.Intent = run.Intent
	r.Language = run.Reply.Language
	r.Outcome = run.Outcome
	r.Priority = string(run.Priority)
	r.Reply = run.Reply.Body
	for _, named := range end.Explained.Triage.Risks {
		r.Risks = append(r.Risks, string(named))
	}
	cited := run.Reply.Citations
	if end.Proposal != nil {
		cited = end.Proposal.Draft.Citations()
	}
	for _, citation := range cited {
		r.Articles = append(r.Articles, citation.Slug)
	}
	return r
}
