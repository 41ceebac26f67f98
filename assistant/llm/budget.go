package llm

import (
	"context"
	"math"
	"time"
)

const (
	// ledgerTimeout bounds one look at the ledger: it is two indexed rows.
	ledgerTimeout = 2 * time.Second
	// assumedCompletion is what an answer without a bound is taken to cost before it came, in tokens.
	assumedCompletion = 1024
	// framingTokens are what the chat format adds to the two messages of a request.
	framingTokens = 16
)

// NanoUSD is money in billionths of a US dollar: whole numbers, so that what was reserved and what is given back are equal.
type NanoUSD int64

// NewNanoUSD rounds up.
func NewNanoUSD(dollars float64) NanoUSD { return NanoUSD(math.Ceil(dollars * 1e9)) }

// Dollars is the amount in US dollars.
func (n NanoUSD) Dollars() float64 { return float64(n) / 1e9 }

// Limits are what may be spent. Zero is no limit.
type Limits struct {
	ConversationCost   NanoUSD // of one conversation, in all
	ConversationTokens int64   // of chat calls, prompt and completion
	DailyCost          NanoUSD // of one day in UTC, over all replicas
	DailyTokens        int64
}

// None reports whether nothing is limited.
func (l Limits) None() bool { return l == Limits{} }

// Charge is what a call adds to the ledger.
type Charge struct {
	Conversation string // empty: only the day
	Cost         NanoUSD
	Day          time.Time // 0 h UTC
	Tokens       int64
}

// Ledger keeps what was spent, for all replicas together.
type Ledger interface {
	// Add adds a charge, whatever the limits are. What was reserved too much comes back as a charge below zero.
	Add(ctx context.Context, charge Charge) error

	// Reserve adds a charge if no limit is passed by it; else it returns false and adds nothing. Of calls that race for what
	// is left, no more go through than fit.
	Reserve(ctx context.Context, charge Charge, limits Limits) (bool, error)
}

// BudgetConfig is what a Budget is made of.
type BudgetConfig struct {
	Ledger Ledger
	Limits Limits
	Now    func() time.Time

	// OnError is told of what could not be written to the ledger. Then the reserved amount, which is more, stays.
	OnError func(error)

	Tokens *Tokens
}

// Budget lets chat calls through while there is money for them. Before a call its most is reserved: the prompt, counted,
// and the longest answer; after it, the difference to what it used comes back. A call that does not fit is ErrOverBudget, and
// so is every call while the ledger cannot be read. Embeddings are charged what they cost but never held back, and their
// tokens do not count: a question's vector costs about a thousandth of a draft, and to import articles must not use up what
// drafts may. A nil Budget lets everything through.
type Budget struct{ cfg BudgetConfig }

// NewBudget returns a Budget. With no limits it only keeps the ledger.
func NewBudget(cfg BudgetConfig) *Budget {
	if cfg.OnError == nil {
		cfg.OnError = func(error) {}
	}
	return &Budget{cfg: cfg}
}

// grant is what was reserved for one call.
type grant struct {
	budget *Budget
	charge Charge
	prompt int // counted tokens; 0 when nothing is limited
}

// reserve makes room for a call of a model.
func (b *Budget) reserve(ctx context.Context, price Price, model string, req Request) (*grant, error) {
	if b == nil {
		return nil, nil //nolint:nilnil // a nil grant settles nothing
	}
	g := &grant{budget: b, charge: Charge{Conversation: req.Conversation, Day: b.today()}}
	if b.cfg.Limits.None() {
		return g, nil
	}
	encoding := EncodingFor(model)
	parts := []string{req.System, req.User}
	if req.Schema != nil {
		parts = append(parts, string(req.Schema.JSON))
	}
	g.prompt = framingTokens
	for _, part := range parts {
		n, err := b.cfg.Tokens.Count(encoding, part)
		if err != nil {
			return nil, &Error{Kind: ErrConfig, Model: model, Reason: "tokens cannot be counted"}
		}
		g.prompt += n
	}
	most := Usage{CompletionTokens: req.MaxTokens, PromptTokens: g.prompt}
	orDefault(&most.CompletionTokens, assumedCompletion)
	g.charge.Cost, g.charge.Tokens = NewNanoUSD(price.Cost(most)), tokensOf(most)
	ctx, cancel := context.WithTimeout(ctx, ledgerTimeout)
	defer cancel()
	granted, err := b.cfg.Ledger.Reserve(ctx, g.charge, b.cfg.Limits)
	switch {
	case err != nil:
		b.cfg.OnError(err)
		return nil, &Error{Kind: ErrOverBudget, Model: model, Reason: "what was spent cannot be read"}
	case !granted:
		return nil, &Error{Kind: ErrOverBudget, Model: model}
	}
	return g, nil
}

// settle replaces what was reserved by what the call used. A server that does not say is charged by what was counted.
func (g *grant) settle(ctx context.Context, call Call) {
	if g == nil {
		return
	}
	used := g.charge
	used.Cost, used.Tokens = NewNanoUSD(call.Cost), tokensOf(call.Usage)
	if call.Usage == (Usage{}) && call.Outcome == "ok" && g.prompt > 0 {
		return // all of it
	}
	used.Cost -= g.charge.Cost
	used.Tokens -= g.charge.Tokens
	g.budget.add(ctx, used)
}

// spend charges a call that nothing was reserved for.
func (b *Budget) spend(ctx context.Context, call Call) {
	if b == nil {
		return
	}
	b.add(ctx, Charge{Cost: NewNanoUSD(call.Cost), Day: b.today()})
}

// add writes to the ledger, also for a caller who has left.
func (b *Budget) add(ctx context.Context, charge Charge) {
	if charge.Cost == 0 && charge.Tokens == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), ledgerTimeout)
	defer cancel()
	if err := b.cfg.Ledger.Add(ctx, charge); err != nil {
		b.cfg.OnError(err)
	}
}

func (b *Budget) today() time.Time { return b.cfg.Now().UTC().Truncate(24 * time.Hour) }

func tokensOf(u Usage) int64 { return int64(u.PromptTokens) + int64(u.CompletionTokens) }
