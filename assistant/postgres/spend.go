package postgres

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
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
	mu      sync.Mutex
	next    *entries // that come while others are written; nil: none have come
	pool    *pgxpool.Pool
	writing bool
}

// NewLedger returns the ledger of a migrated database.
func NewLedger(pool *pgxpool.Pool) *Ledger { return &Ledger{pool: pool} }

// Add implements llm.Ledger. All calls of a desk meet at the row of the day, one commit after the other: what comes while that row is
// being written is written next, together.
func (l *Ledger) Add(ctx context.Context, charge llm.Charge) error {
	l.mu.Lock()
	if l.next == nil {
		l.next = &entries{written: make(chan struct{})}
	}
	mine := l.next
	mine.charges = append(mine.charges, charge)
	if !l.writing {
		l.writing = true
		go l.write() //nolint:gosec,contextcheck // for all who wait: one who leaves must not take the others' charges along
	}
	l.mu.Unlock()
	select {
	case <-mine.written:
		return mine.err
	case <-ctx.Done():
		return fmt.Errorf("add model spend: %w", ctx.Err())
	}
}

// entries are charges that are written together.
type entries struct {
	charges []llm.Charge
	err     error // once they are written
	written chan struct{}
}

// writeTimeout bounds one transaction of the ledger, however many wait for it.
const writeTimeout = 5 * time.Second

// write writes until nothing is left.
func (l *Ledger) write() {
	for {
		l.mu.Lock()
		now := l.next
		l.next, l.writing = nil, now != nil
		l.mu.Unlock()
		if now == nil {
			return
		}
		ctx, cancel := context.WithTimeout(context.Background(), writeTimeout)
		if err := l.add(ctx, now.charges); err != nil {
			now.err = fmt.Errorf("add model spend: %w", err)
		}
		cancel()
		close(now.written)
	}
}

// add writes charges in one round trip, which is one transaction: each conversation, in an order that is the same for all who write,
// then the days.
func (l *Ledger) add(ctx context.Context, charges []llm.Charge) error {
	conversations, days := make(map[string]llm.Charge), make(map[time.Time]llm.Charge)
	for _, charge := range charges {
		if charge.Conversation != "" {
			sum := conversations[charge.Conversation]
			charge.Day = latest(charge.Day, sum.Day)
			conversations[charge.Conversation] = plus(charge, sum)
		}
	}
	for _, charge := range charges {
		charge.Conversation = ""
		days[charge.Day] = plus(charge, days[charge.Day])
	}
	batch := &pgx.Batch{}
	batch.Queue(unhurried)
	for _, name := range slices.Sorted(maps.Keys(conversations)) {
		batch.Queue(chargeConversation, chargeArgs(conversations[name], llm.Limits{}))
	}
	var begun []time.Time
	for _, day := range slices.SortedFunc(maps.Keys(days), time.Time.Compare) {
		batch.Queue(chargeDay, chargeArgs(days[day], llm.Limits{})).QueryRow(func(row pgx.Row) error {
			var first bool
			err := row.Scan(&first)
			if first {
				begun = append(begun, day)
			}
			return err
		})
	}
	if err := l.pool.SendBatch(ctx, batch).Close(); err != nil {
		return err
	}
	for _, day := range begun {
		if err := forgetBefore(ctx, l.pool, day); err != nil {
			return err
		}
	}
	return nil
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// plus adds what another charge costs.
func plus(charge, other llm.Charge) llm.Charge {
	charge.Cost += other.Cost
	charge.Tokens += other.Tokens
	return charge
}

// Reserve implements llm.Ledger.
func (l *Ledger) Reserve(ctx context.Context, charge llm.Charge, limits llm.Limits) (bool, error) {
	granted, err := l.reserve(ctx, charge, limits)
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

// reserve adds to the conversation and to the day, or to neither. The day's row is what all calls of all replicas meet at: it
// comes last, so that its lock is held for one commit.
func (l *Ledger) reserve(ctx context.Context, charge llm.Charge, limits llm.Limits) (bool, error) {
	args := chargeArgs(charge, limits)
	err := pgx.BeginFunc(ctx, l.pool, func(tx pgx.Tx) error {
		if charge.Conversation != "" {
			tag, err := tx.Exec(ctx, chargeConversation, args)
			if err != nil {
				return fmt.Errorf("charge conversation: %w", err)
			}
			if tag.RowsAffected() == 0 {
				return errOverBudget
			}
		}
		rows, err := tx.Query(ctx, chargeDay, args)
		if err != nil {
			return fmt.Errorf("charge day: %w", err)
		}
		begun, err := pgx.CollectExactlyOneRow(rows, pgx.RowTo[bool])
		switch {
		case errors.Is(err, pgx.ErrNoRows):
			return errOverBudget
		case err != nil:
			return fmt.Errorf("charge day: %w", err)
		case begun:
			return forgetBefore(ctx, tx, charge.Day)
		}
		return nil
	})
	if errors.Is(err, errOverBudget) {
		return false, nil
	}
	return err == nil, err
}

func chargeArgs(charge llm.Charge, limits llm.Limits) pgx.NamedArgs {
	return pgx.NamedArgs{
		"conversation": charge.Conversation, "cost": int64(charge.Cost), "day": charge.Day, "tokens": charge.Tokens,
		"conversation_cost": int64(limits.ConversationCost), "conversation_tokens": limits.ConversationTokens,
		"daily_cost": int64(limits.DailyCost), "daily_tokens": limits.DailyTokens,
	}
}

// forgetBefore deletes, when a day begins, the conversations that had their last call long before it.
func forgetBefore(ctx context.Context, q querier, day time.Time) error {
	_, err := q.Exec(ctx, `DELETE FROM model_spend_conversations WHERE last_day < @before`, pgx.NamedArgs{"before": day.Add(-spendKept)})
	if err != nil {
		return fmt.Errorf("forget conversations: %w", err)
	}
	return nil
}

// unhurried lets a transaction end before it is on disk: a customer waits while what a call of a model cost is written. A server that loses
// its power forgets at most the last second of that. A reservation, which a limit rests on, is written as everything else.
const unhurried = `SELECT set_config('synchronous_commit', 'off', true)`

// chargeConversation changes no row where a limit of the conversation would be passed.
const chargeConversation = `
	INSERT INTO model_spend_conversations AS spent (conversation, tokens, cost_nanousd, last_day)
	SELECT @conversation, greatest(@tokens::bigint, 0), greatest(@cost::bigint, 0), @day
	WHERE (@conversation_tokens::bigint = 0 OR @tokens::bigint <= @conversation_tokens::bigint)
		AND (@conversation_cost::bigint = 0 OR @cost::bigint <= @conversation_cost::bigint)
	ON CONFLICT (conversation) DO UPDATE SET
		tokens = spent.tokens + @tokens::bigint, cost_nanousd = spent.cost_nanousd + @cost::bigint,
		last_day = greatest(spent.last_day, excluded.last_day)
	WHERE (@conversation_tokens::bigint = 0 OR spent.tokens + @tokens::bigint <= @conversation_tokens::bigint)
		AND (@conversation_cost::bigint = 0 OR spent.cost_nanousd + @cost::bigint <= @conversation_cost::bigint)`

// chargeDay returns whether the day begins with this charge, and nothing where a limit of the day would be passed.
const chargeDay = `
	INSERT INTO model_spend_days AS spent (day, tokens, cost_nanousd)
	SELECT @day, greatest(@tokens::bigint, 0), greatest(@cost::bigint, 0)
	WHERE (@daily_tokens::bigint = 0 OR @tokens::bigint <= @daily_tokens::bigint)
		AND (@daily_cost::bigint = 0 OR @cost::bigint <= @daily_cost::bigint)
	ON CONFLICT (day) DO UPDATE SET
		tokens = spent.tokens + @tokens::bigint, cost_nanousd = spent.cost_nanousd + @cost::bigint
	WHERE (@daily_tokens::bigint = 0 OR spent.tokens + @tokens::bigint <= @daily_tokens::bigint)
		AND (@daily_cost::bigint = 0 OR spent.cost_nanousd + @cost::bigint <= @daily_cost::bigint)
	RETURNING xmax = 0`

var _ llm.Ledger = (*Ledger)(nil)
