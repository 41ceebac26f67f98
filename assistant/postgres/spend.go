package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/deskhand/deskhand/assistant/llm"
)

// spendKept is how long the spending of a conversation is remembered after its last call: far longer than one goes on.
const spendKept = 90 * 24 * time.Hour

// Spend is what models cost on one day.
type Spend struct {
	Cost   llm.NanoUSD `db:"cost_nanousd"`
	Day    time.Time   `db:"day"` // 0 h UTC
	Tokens int64       `db:"tokens"`
}

// Ledger implements llm.Ledger for all replicas on one database. It is safe for concurrent use.
type Ledger struct {
	pool *pgxpool.Pool
}

// NewLedger returns the ledger of a migrated database.
func NewLedger(pool *pgxpool.Pool) *Ledger { return &Ledger{pool: pool} }

// Add implements llm.Ledger.
func (l *Ledger) Add(ctx context.Context, charge llm.Charge) error {
	if _, err := l.charge(ctx, charge, llm.Limits{}); err != nil {
		return fmt.Errorf("add model spend: %w", err)
	}
	return nil
}

// Reserve implements llm.Ledger.
func (l *Ledger) Reserve(ctx context.Context, charge llm.Charge, limits llm.Limits) (bool, error) {
	granted, err := l.charge(ctx, charge, limits)
	if err != nil {
		return false, fmt.Errorf("reserve model spend: %w", err)
	}
	return granted, nil
}

// Day returns what was spent, and is reserved, on the day of a moment.
func (l *Ledger) Day(ctx context.Context, at time.Time) (Spend, error) {
	day := at.UTC().Truncate(24 * time.Hour)
	rows, err := l.pool.Query(ctx, `SELECT day, tokens, cost_nanousd FROM model_spend_days WHERE day = @day`, pgx.NamedArgs{"day": day})
	if err != nil {
		return Spend{}, fmt.Errorf("read model spend: %w", err)
	}
	spend, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[Spend])
	if errors.Is(err, pgx.ErrNoRows) {
		return Spend{Day: day}, nil
	}
	if err != nil {
		return Spend{}, fmt.Errorf("read model spend: %w", err)
	}
	return spend, nil
}

// errOverBudget rolls a charge back that does not fit.
var errOverBudget = errors.New("over budget")

// charge adds to the conversation and to the day, or to neither. The day's row is what all calls of all replicas meet at: it
// comes last, so that its lock is held for one commit.
func (l *Ledger) charge(ctx context.Context, charge llm.Charge, limits llm.Limits) (bool, error) {
	args := pgx.NamedArgs{
		"conversation": charge.Conversation, "cost": int64(charge.Cost), "day": charge.Day, "tokens": charge.Tokens,
		"conversation_cost": int64(limits.ConversationCost), "conversation_tokens": limits.ConversationTokens,
		"daily_cost": int64(limits.DailyCost), "daily_tokens": limits.DailyTokens,
	}
	err := pgx.BeginFunc(ctx, l.pool, func(tx pgx.Tx) error {
		if charge.Conversation != "" {
			if err := chargeConversation(ctx, tx, args); err != nil {
				return err
			}
		}
		begun, err := chargeDay(ctx, tx, args)
		if err != nil || !begun {
			return err
		}
		_, err = tx.Exec(ctx, `DELETE FROM model_spend_conversations WHERE last_day < @before`,
			pgx.NamedArgs{"before": charge.Day.Add(-spendKept)})
		return err
	})
	if errors.Is(err, errOverBudget) {
		return false, nil
	}
	return err == nil, err
}

func chargeConversation(ctx context.Context, tx pgx.Tx, args pgx.NamedArgs) error {
	tag, err := tx.Exec(ctx, `
		INSERT INTO model_spend_conversations AS spent (conversation, tokens, cost_nanousd, last_day)
		SELECT @conversation, greatest(@tokens::bigint, 0), greatest(@cost::bigint, 0), @day
		WHERE (@conversation_tokens::bigint = 0 OR @tokens::bigint <= @conversation_tokens::bigint)
			AND (@conversation_cost::bigint = 0 OR @cost::bigint <= @conversation_cost::bigint)
		ON CONFLICT (conversation) DO UPDATE SET
			tokens = spent.tokens + @tokens::bigint, cost_nanousd = spent.cost_nanousd + @cost::bigint,
			last_day = greatest(spent.last_day, excluded.last_day)
		WHERE (@conversation_tokens::bigint = 0 OR spent.tokens + @tokens::bigint <= @conversation_tokens::bigint)
			AND (@conversation_cost::bigint = 0 OR spent.cost_nanousd + @cost::bigint <= @conversation_cost::bigint)`, args)
	if err != nil {
		return fmt.Errorf("charge conversation: %w", err)
	}
	if tag.RowsAffected() == 0 {
		return errOverBudget
	}
	return nil
}

// chargeDay reports whether the day begins with this charge.
func chargeDay(ctx context.Context, tx pgx.Tx, args pgx.NamedArgs) (begun bool, err error) {
	rows, err := tx.Query(ctx, `
		INSERT INTO model_spend_days AS spent (day, tokens, cost_nanousd)
		SELECT @day, greatest(@tokens::bigint, 0), greatest(@cost::bigint, 0)
		WHERE (@daily_tokens::bigint = 0 OR @tokens::bigint <= @daily_tokens::bigint)
			AND (@daily_cost::bigint = 0 OR @cost::bigint <= @daily_cost::bigint)
		ON CONFLICT (day) DO UPDATE SET
			tokens = spent.tokens + @tokens::bigint, cost_nanousd = spent.cost_nanousd + @cost::bigint
		WHERE (@daily_tokens::bigint = 0 OR spent.tokens + @tokens::bigint <= @daily_tokens::bigint)
			AND (@daily_cost::bigint = 0 OR spent.cost_nanousd + @cost::bigint <= @daily_cost::bigint)
		RETURNING xmax = 0`, args)
	if err != nil {
		return false, fmt.Errorf("charge day: %w", err)
	}
	begun, err = pgx.CollectExactlyOneRow(rows, pgx.RowTo[bool])
	if errors.Is(err, pgx.ErrNoRows) {
		return false, errOverBudget
	}
	if err != nil {
		return false, fmt.Errorf("charge day: %w", err)
	}
	return begun, nil
}

var _ llm.Ledger = (*Ledger)(nil)
