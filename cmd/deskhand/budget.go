package main

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/deskhand/deskhand/assistant/llm"
)

type budgetCmd struct {
	JSON bool `help:"Print one JSON object." name:"json"`
}

// Help is shown by --help.
func (budgetCmd) Help() string {
	return `What models cost today (UTC), on all replicas together, beside the limits that this command was given. Limits are settings of
the service: give both the same. What a running call can cost at most counts until it has ended.

Examples:
  deskhand budget
  deskhand --daily-cost 25 --providers providers.yaml budget --json`
}

// budgetJSON is what budget --json prints. A limit of 0 is none.
type budgetJSON struct {
	ConversationLimitTokens int64   `json:"conversation_limit_tokens"`
	ConversationLimitUSD    float64 `json:"conversation_limit_usd"`
	DailyLimitTokens        int64   `json:"daily_limit_tokens"`
	DailyLimitUSD           float64 `json:"daily_limit_usd"`
	Day                     string  `json:"day"`
	Tokens                  int64   `json:"tokens"`
	USD                     float64 `json:"usd"`
}

// Run implements the command.
func (c budgetCmd) Run(ctx context.Context, a *app) error {
	return withSystem(ctx, a, func(s *system) error {
		spent, err := s.ledger.Day(ctx, a.clock())
		if err != nil {
			return err
		}
		limits := a.config.limits()
		if c.JSON {
			return printJSON(a, budgetJSON{
				ConversationLimitTokens: limits.ConversationTokens, ConversationLimitUSD: limits.ConversationCost.Dollars(),
				DailyLimitTokens: limits.DailyTokens, DailyLimitUSD: limits.DailyCost.Dollars(),
				Day: spent.Day.Format(time.DateOnly), Tokens: spent.Tokens, USD: spent.Cost.Dollars(),
			})
		}
		_, err = fmt.Fprintf(a.out, "%s (UTC)\n  tokens  %d of %s\n  cost    $%.4f of %s\nin one conversation: tokens %s, cost %s\n",
			spent.Day.Format(time.DateOnly), spent.Tokens, tokenLimit(limits.DailyTokens),
			spent.Cost.Dollars(), costLimit(limits.DailyCost), tokenLimit(limits.ConversationTokens), costLimit(limits.ConversationCost))
		return err
	})
}

const unlimited = "no limit"

func tokenLimit(n int64) string {
	if n == 0 {
		return unlimited
	}
	return strconv.FormatInt(n, 10)
}

func costLimit(n llm.NanoUSD) string {
	if n == 0 {
		return unlimited
	}
	return fmt.Sprintf("$%.2f", n.Dollars())
}
