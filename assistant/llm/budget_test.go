package llm_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant/llm"
	"github.com/deskhand/deskhand/assistant/llm/llmtest"
)

// book is a Ledger of one process.
type book struct {
	mu       sync.Mutex
	broken   error
	reserved []llm.Charge // granted
	sum      llm.Charge
}

func (b *book) Add(_ context.Context, c llm.Charge) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.sum.Cost += c.Cost
	b.sum.Tokens += c.Tokens
	return b.broken
}

func (b *book) Reserve(ctx context.Context, c llm.Charge, limits llm.Limits) (bool, error) {
	b.mu.Lock()
	over := limits.DailyTokens > 0 && b.sum.Tokens+c.Tokens > limits.DailyTokens ||
		limits.DailyCost > 0 && b.sum.Cost+c.Cost > limits.DailyCost
	if !over && b.broken == nil {
		b.reserved = append(b.reserved, c)
	}
	b.mu.Unlock()
	if over || b.broken != nil {
		return false, b.broken
	}
	return true, b.Add(ctx, c)
}

func budgeted(model llm.Model, ledger llm.Ledger, limits llm.Limits) *llm.MeteredModel {
	return llm.NewMeteredModel(model, llm.MeterConfig{
		Budget: llm.NewBudget(llm.BudgetConfig{Ledger: ledger, Limits: limits, Now: time.Now, Tokens: llm.NewTokens()}),
		Now:    time.Now, Price: llm.Price{Completion: 2, Prompt: 1},
	})
}

func TestBudgetReservesTheMostACallCanCostAndKeepsWhatItDid(t *testing.T) {
	t.Parallel()
	server := llmtest.New(t)
	ledger := &book{}
	server.SetResponder(func(llmtest.ChatRequest) llmtest.ChatReply {
		return llmtest.ChatReply{CompletionTokens: 20, Content: draftAnswer, PromptTokens: 100}
	})
	model := budgeted(newClient(t, server, nil).Chat(), ledger, llm.Limits{DailyTokens: 1000})
	req := draftRequest()
	req.Conversation = "c1"
	_, err := model.Complete(t.Context(), req)
	require.NoError(t, err)

	prompt, err := llm.NewTokens().Count(llm.EncodingFor("chat-1"), req.System+req.User+string(req.Schema.JSON))
	require.NoError(t, err)
	require.Len(t, ledger.reserved, 1)
	require.InDelta(t, prompt+req.MaxTokens, ledger.reserved[0].Tokens, 30)
	require.Equal(t, "c1", ledger.reserved[0].Conversation)
	require.EqualValues(t, 120, ledger.sum.Tokens)
	require.Equal(t, llm.NewNanoUSD(140e-6), ledger.sum.Cost)
}

func TestACallThatTheBudgetHasNoRoomForIsNotMade(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		ledger *book
		limits llm.Limits
	}{
		"tokens":                  {&book{}, llm.Limits{DailyTokens: 100}},
		"money":                   {&book{}, llm.Limits{DailyCost: llm.NewNanoUSD(0.0001)}},
		"ledger that cannot read": {&book{broken: errors.New("down")}, llm.Limits{DailyTokens: 1 << 40}},
	} {
		server := llmtest.New(t)
		ctx, tally := llm.WithTally(t.Context())
		_, err := budgeted(newClient(t, server, nil).Chat(), tt.ledger, tt.limits).Complete(ctx, draftRequest())
		requireKind(t, err, llm.ErrOverBudget)
		require.Zero(t, server.Count(llmtest.Chat), name)
		require.Equal(t, "over_budget", tally.Calls()[0].Outcome, name)
		require.Zero(t, tt.ledger.sum, name)
	}
}

func TestBudgetWithoutLimitsKeepsTheLedgerOnly(t *testing.T) {
	t.Parallel()
	server := llmtest.New(t)
	ledger := &book{}
	budget := llm.NewBudget(llm.BudgetConfig{Ledger: ledger, Now: time.Now})
	client := newClient(t, server, nil)
	_, err := llm.NewMeteredModel(client.Chat(), llm.MeterConfig{Budget: budget, Now: time.Now}).Complete(t.Context(), llm.Request{User: "abcd"})
	require.NoError(t, err)
	_, err = llm.NewMeteredEmbedder(client.Embeddings(), llm.MeterConfig{
		Budget: budget, Now: time.Now, Price: llm.Price{Prompt: 1},
	}).Embed(t.Context(), []string{"abcdefgh"})
	require.NoError(t, err)
	require.Empty(t, ledger.reserved)
	require.EqualValues(t, 1+1, ledger.sum.Tokens, "prompt and answer")
	require.Equal(t, llm.NewNanoUSD(2e-6), ledger.sum.Cost, "of the embedded text")
}

func TestACallThatFailedIsChargedWhatTheServerSaysOnly(t *testing.T) {
	t.Parallel()
	ledger := &book{}
	model := budgeted(stub(&llm.Error{Kind: llm.ErrUnavailable}), ledger, llm.Limits{DailyTokens: 1000})
	_, err := model.Complete(t.Context(), draftRequest())
	requireKind(t, err, llm.ErrUnavailable)
	require.Len(t, ledger.reserved, 1)
	require.Zero(t, ledger.sum)
}

func TestAServerThatDoesNotCountIsChargedWhatWasReserved(t *testing.T) {
	t.Parallel()
	ledger := &book{}
	_, err := budgeted(stub(nil), ledger, llm.Limits{DailyTokens: 1000}).Complete(t.Context(), llm.Request{MaxTokens: 200, User: "hello"})
	require.NoError(t, err)
	require.Equal(t, ledger.reserved[0].Tokens, ledger.sum.Tokens)
}

func TestWhenTheFirstProviderIsTooExpensiveForTheBudgetTheNextIsAsked(t *testing.T) {
	t.Parallel()
	dear, free := stub(nil), stub(nil)
	free.name = "free"
	limits := llm.Limits{DailyCost: 1}
	ledger := &book{}
	fallback, err := llm.NewFallback(budgeted(dear, ledger, limits), llm.NewMeteredModel(free, llm.MeterConfig{
		Budget: llm.NewBudget(llm.BudgetConfig{Ledger: ledger, Limits: limits, Now: time.Now, Tokens: llm.NewTokens()}), Now: time.Now,
	}))
	require.NoError(t, err)
	out, err := fallback.Complete(t.Context(), draftRequest())
	require.NoError(t, err)
	require.Equal(t, "free", out.Model)
	require.Zero(t, dear.calls.Load())
}
