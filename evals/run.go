package evals

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/assistant/llm"
	"github.com/deskhand/deskhand/assistant/memory"
)

// ErrBudget ends a run whose budget is spent. What was asked until then is returned with it.
var ErrBudget = errors.New("the budget of the run is spent")

// Runner asks the questions of suites. Its assistant must work on its store.
type Runner struct {
	Assistant *assistant.Assistant
	Budget    float64 // US dollars: when they are spent no further case is begun; 0 sets no limit
	Clock     func() time.Time
	Judge     *Judge                                   // of rubrics; without one they are not judged
	Keep      func(context.Context, Try, Result) error // told of every result; nil keeps nothing; an error ends the run
	// Known returns the result of a try that need not be made; nil knows none. What it returns is graded anew.
	Known    func(context.Context, Try) (Result, bool, error)
	Parallel int          // cases at a time; 1 when zero
	Progress func(Result) // told of every case that ended; called from several goroutines
	Repeat   int          // how often each case is asked; 1 when zero
	Store    *memory.Store
}

// Try is one of the times that a case is asked.
type Try struct {
	Case   Case
	Repeat int // from 0
}

// Result is what came out of a case.
type Result struct {
	Case             Case                 `json:"case"`
	AnswerTokens     int                  `json:"answer_prompt_tokens"` // of the last turn
	Articles         []string             `json:"articles"`             // slugs that the reply cites, or the draft for the agent
	Cached           bool                 `json:"cached,omitempty"`     // the response is that of an earlier run
	CaseHash         string               `json:"case_hash,omitempty"`  // of the case as its suite has it: Case is redacted
	ChatCalls        int                  `json:"chat_calls"`           // of the last turn
	Checks           []Check              `json:"checks"`
	CompletionTokens int                  `json:"completion_tokens"`
	Confidence       float64              `json:"confidence"`
	Conclusion       assistant.Conclusion `json:"-"` // everything that was recorded of the last turn
	CostUSD          float64              `json:"cost_usd"`
	EmbeddingCalls   int                  `json:"embedding_calls"` // of the last turn
	Ending           Ending               `json:"ending"`
	Intent           string               `json:"intent"`
	Judged           map[string]Judgement `json:"judged,omitempty"` // by criterion
	Language         string               `json:"language"`
	Latency          time.Duration        `json:"latency_ns"` // of the last turn
	Outcome          assistant.Outcome    `json:"outcome"`
	Priority         string               `json:"priority"`
	PromptTokens     int                  `json:"prompt_tokens"`
	Repeat           int                  `json:"repeat,omitempty"` // from 0
	Reply            string               `json:"reply"`
	Risks            []string             `json:"risks"`
	Trace            *Trace               `json:"trace,omitempty"` // nil when the pipeline failed
}

// Passed reports whether every check of the case held. A check that could not be made says nothing.
func (r Result) Passed() bool {
	for _, check := range r.Checks {
		if !check.Passed {
			return false
		}
	}
	return true
}

// Broken reports whether the pipeline failed on the case.
func (r Result) Broken() bool {
	return slices.ContainsFunc(r.Checks, func(c Check) bool { return c.Name == pipelineCheck })
}

// Run asks every case, as often as Repeat says, and returns the results in the order of the suite. It ends early only when ctx
// does, when a result cannot be kept, and with ErrBudget; with ErrBudget the results so far are returned.
func (r Runner) Run(ctx context.Context, suite Suite) ([]Result, error) {
	repeats := max(r.Repeat, 1)
	results := make([]Result, len(suite.Cases)*repeats)
	spent := &purse{limit: r.Budget}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(max(r.Parallel, 1))
	for i := range results {
		try := Try{Case: suite.Cases[i/repeats], Repeat: i % repeats}
		group.Go(func() error {
			if err := ctx.Err(); err != nil {
				return err
			}
			result, err := r.try(ctx, try, spent)
			if err != nil || result.Case.ID == "" {
				return err
			}
			results[i] = result
			if r.Progress != nil {
				r.Progress(result)
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return nil, fmt.Errorf("run suite %s: %w", suite.Name, err)
	}
	asked := slices.DeleteFunc(results, func(result Result) bool { return result.Case.ID == "" })
	if len(asked) < len(suite.Cases)*repeats {
		return asked, fmt.Errorf("run suite %s: %w after %d of %d cases", suite.Name, ErrBudget, len(asked), len(suite.Cases)*repeats)
	}
	return asked, nil
}

// purse counts what a run costs.
type purse struct {
	limit float64
	mu    sync.Mutex
	spent float64
}

func (p *purse) pay(cost float64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.spent += cost
}

func (p *purse) empty() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.limit > 0 && p.spent >= p.limit
}

// try returns the result of a try, from where it is known or by asking; one without a case when there is no money to ask.
func (r Runner) try(ctx context.Context, try Try, spent *purse) (Result, error) {
	if r.Known != nil {
		known, ok, err := r.Known(ctx, try)
		if err != nil {
			return Result{}, err
		}
		if ok {
			known.Repeat = try.Repeat
			known = known.graded(try.Case)
			return known, r.keep(ctx, try, known)
		}
	}
	if spent.empty() {
		return Result{}, nil
	}
	result := r.ask(ctx, try)
	spent.pay(result.CostUSD)
	if err := ctx.Err(); err != nil {
		return Result{}, err // a case that was broken off says nothing of the assistant
	}
	return result, r.keep(ctx, try, result)
}

func (r Runner) keep(ctx context.Context, try Try, result Result) error {
	if r.Keep == nil {
		return nil
	}
	return r.Keep(ctx, try, result)
}

// ask plays a conversation. A failure of the pipeline is a result like any other: a case that did not pass.
func (r Runner) ask(ctx context.Context, try Try) Result {
	result := Result{Case: try.Case, CaseHash: try.Case.hash(), Repeat: try.Repeat}
	found := &hits{}
	var run assistant.Run
	ctx, tally := llm.WithTally(context.WithValue(ctx, hitsKey{}, found))
	var last *llm.Tally
	for _, turn := range try.Case.Conversation {
		found.last = nil
		started := r.Clock()
		var err error
		var turnCtx context.Context
		turnCtx, last = llm.WithTally(ctx)
		run, err = r.Assistant.Handle(turnCtx, assistant.Question{
			Body: turn, Channel: cmp.Or(try.Case.Channel, evalChannel), ConversationID: run.ConversationID, Locale: try.Case.Locale,
		})
		result.Latency = r.Clock().Sub(started)
		if err != nil {
			result.Checks = []Check{{Name: pipelineCheck, Why: err.Error()}}
			result.Case.Conversation = r.redacted(try.Case.Conversation)
			result.Ending = endingOf(result)
			return result
		}
	}
	result = result.with(run, r.conclusion(run.ID), found)
	usage := tally.Usage()
	result.PromptTokens, result.CompletionTokens, result.CostUSD = usage.PromptTokens, usage.CompletionTokens, tally.Cost()
	result.AnswerTokens = last.Usage().PromptTokens
	result.ChatCalls, result.EmbeddingCalls = last.Count(llm.CallChat), last.Count(llm.CallEmbeddings)
	result = result.judged(ctx, r.Judge)
	return result.graded(try.Case)
}

// evalChannel is where questions of a suite come from when a case does not say.
const evalChannel = "eval"

// graded returns the result held against what a case expects. The case's questions stay as they are in the result: redacted.
func (r Result) graded(c Case) Result {
	r.CaseHash = c.hash()
	c.Conversation = r.Case.Conversation
	r.Case = c
	r.Checks = Grade(c.Expect, r)
	r.Ending = endingOf(r)
	return r
}

// redacted returns turns without their secrets: a suite may hold some, what is kept of a run may not.
func (r Runner) redacted(turns []string) []string {
	clean := make([]string, len(turns))
	for i, turn := range turns {
		clean[i] = r.Assistant.Redactor.Redact(turn).Text
	}
	return clean
}

func (r Runner) conclusion(runID uuid.UUID) assistant.Conclusion {
	end, _ := r.Store.Conclusion(runID) // a run that Handle returned has concluded
	return end
}

// with returns the result with what was observed and recorded of the last turn.
func (r Result) with(run assistant.Run, end assistant.Conclusion, found *hits) Result {
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
	r.Trace = newTrace(end, found)
	// What was stored, with a secret that only several turns together hold: that is removed from each of them.
	r.Case.Conversation = nil
	for _, turn := range append(slices.Clone(end.Case.History), end.Case.Question) {
		if turn.Author == assistant.AuthorCustomer {
			r.Case.Conversation = append(r.Case.Conversation, turn.Body)
		}
	}
	return r
}
