package online

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"log/slog"
	"sync/atomic"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/assistant/llm"
	"github.com/deskhand/deskhand/assistant/postgres"
)

// shadowQueue is how many questions wait for the candidate. Beyond it they are left out: live traffic waits for nobody.
const shadowQueue = 100

// Candidate is a second policy, prompt or model that is asked live questions after the desk has decided. What it says is sent to nobody.
type Candidate struct {
	// Answer keeps nothing and sends nothing.
	Answer func(ctx context.Context, c assistant.Case) (assistant.Conclusion, error)
	Budget float64 // US dollars that it may cost in all; 0 for one that costs nothing
	Name   string  // with a hash of what it is
	Share  float64 // of the questions, 0 to 1
}

// The ends of a question that was offered to the candidate.
const (
	ShadowAsked      = "asked"
	ShadowDropped    = "dropped" // too many wait already
	ShadowFailed     = "failed"
	ShadowOverBudget = "over_budget"
)

// ShadowResults returns all ends.
func ShadowResults() []string {
	return []string{ShadowAsked, ShadowDropped, ShadowFailed, ShadowOverBudget}
}

// Shadow asks a candidate in the background. It is safe for concurrent use.
type Shadow struct {
	candidate Candidate
	count     func(result string)
	logger    *slog.Logger
	queue     chan assistant.Case
	spent     atomic.Bool // the budget; said once
	store     *Store
}

// NewShadow returns a Shadow that keeps what the candidate says in the store, and tells count how each question ended.
func NewShadow(store *Store, candidate Candidate, logger *slog.Logger, count func(result string)) *Shadow {
	return &Shadow{candidate: candidate, count: count, logger: logger, queue: make(chan assistant.Case, shadowQueue), store: store}
}

// Around returns an ObserveFunc that offers each question that was decided to the candidate, beside what another one does.
func (s *Shadow) Around(observe assistant.ObserveFunc) assistant.ObserveFunc {
	return func(ctx context.Context, c assistant.Case) (context.Context, func(assistant.Conclusion, error)) {
		ctx, done := observe(ctx, c)
		return ctx, func(end assistant.Conclusion, err error) {
			done(end, err)
			if err == nil && end.Decision.Outcome != "" { // not the draft for an agent
				s.offer(end.Case)
			}
		}
	}
}

// offer never waits.
func (s *Shadow) offer(c assistant.Case) {
	if !s.candidate.drawn(c.Run.ID) {
		return
	}
	select {
	case s.queue <- c:
	default:
		s.count(ShadowDropped)
	}
}

// drawn says whether a question is of the candidate's share: the same one on every replica.
func (c Candidate) drawn(runID uuid.UUID) bool {
	sum := sha256.Sum256([]byte("shadow " + c.Name + " " + runID.String()))
	return float64(binary.BigEndian.Uint32(sum[:4]))/(1<<32) < c.Share
}

// Run asks the candidate, one question after the other, until ctx ends. What waits then is left out.
func (s *Shadow) Run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case c := <-s.queue:
			if err := s.ask(ctx, c); err != nil && ctx.Err() == nil {
				s.count(ShadowFailed)
				s.logger.WarnContext(ctx, "candidate not asked", slog.String("run_id", c.Run.ID.String()), slog.Any("error", err))
			}
		}
	}
}

func (s *Shadow) ask(ctx context.Context, c assistant.Case) error {
	affordable, err := s.store.affordable(ctx, s.candidate)
	if err != nil {
		return err
	}
	if !affordable {
		s.count(ShadowOverBudget)
		if s.spent.CompareAndSwap(false, true) {
			s.logger.WarnContext(ctx, "the candidate's budget is spent: it is asked no more", slog.String("candidate", s.candidate.Name))
		}
		return nil
	}
	tallied, tally := llm.WithTally(ctx)
	started := s.store.Clock()
	end, err := s.candidate.Answer(tallied, c)
	if ctx.Err() != nil {
		return ctx.Err() // a question that was broken off says nothing of the candidate
	}
	kept := shadowRow{
		Candidate: s.candidate.Name, CostUSD: tally.Cost(), DurationMS: s.store.Clock().Sub(started).Milliseconds(), RunID: c.Run.ID,
		Usage: tally.Usage(),
	}
	result := ShadowAsked
	if err != nil { // its words may be a customer's
		result = ShadowFailed
	} else {
		kept.End = &end
	}
	if err := s.store.keepShadow(ctx, kept); err != nil {
		return err
	}
	s.count(result)
	return nil
}

// shadowRow is what is kept of a question that the candidate was asked.
type shadowRow struct {
	Candidate  string
	CostUSD    float64
	DurationMS int64
	End        *assistant.Conclusion // nil when it failed
	RunID      uuid.UUID
	Usage      llm.Usage
}

// affordable reports whether the candidate has not spent its budget, on all replicas together.
func (s *Store) affordable(ctx context.Context, c Candidate) (bool, error) {
	if c.Budget == 0 {
		return true, nil
	}
	var spent float64
	err := s.Pool.QueryRow(ctx, `SELECT coalesce(sum(cost_usd), 0) FROM eval_shadows WHERE candidate = @candidate`,
		pgx.NamedArgs{"candidate": c.Name}).Scan(&spent)
	if err != nil {
		return false, fmt.Errorf("read what the candidate cost: %w", err)
	}
	return spent < c.Budget, nil
}

// keepShadow keeps what a candidate said. Of a conversation that was erased meanwhile nothing is kept.
func (s *Store) keepShadow(ctx context.Context, row shadowRow) error {
	args := pgx.NamedArgs{
		"articles": []string{}, "body": "", "candidate": row.Candidate, "completion": row.Usage.CompletionTokens, "confidence": 0.0,
		"cost": row.CostUSD, "language": "", "millis": row.DurationMS, "now": s.Clock(), "outcome": nil, "prompt": row.Usage.PromptTokens,
		"reasons": []string{}, "run": row.RunID,
	}
	if row.End != nil {
		args["outcome"], args["reasons"] = row.End.Decision.Outcome, reasonsOf(row.End.Decision)
		args["confidence"], args["language"] = row.End.Explained.Confidence, row.End.Explained.Language
		if row.End.Decision.Outcome != assistant.OutcomeHandedOff {
			args["articles"] = slugsOf(row.End.Reply.Citations)
			args["body"] = s.Vault.Seal(postgres.AtCandidate(row.Candidate, row.RunID), row.End.Reply.Body)
		}
	}
	err := pgx.BeginFunc(ctx, s.Pool, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `
			WITH live AS (
				SELECT r.id FROM runs r JOIN conversations c ON c.id = r.conversation_id AND c.erased_at IS NULL
				WHERE r.id = @run FOR KEY SHARE OF c
			)
			INSERT INTO eval_shadows (candidate, run_id, asked_at, outcome, reasons, language, articles, body, confidence, prompt_tokens,
				completion_tokens, cost_usd, duration_ms)
			SELECT @candidate, live.id, @now, @outcome, @reasons, @language, @articles, @body, @confidence, @prompt, @completion,
				@cost, @millis
			FROM live ON CONFLICT ON CONSTRAINT eval_shadows_pkey DO NOTHING`, args)
		return err
	})
	if err != nil {
		return fmt.Errorf("keep what the candidate said: %w", err)
	}
	return nil
}

func reasonsOf(d assistant.Decision) []string {
	reasons := make([]string, len(d.Reasons))
	for i, reason := range d.Reasons {
		reasons[i] = string(reason)
	}
	return reasons
}

func slugsOf(citations []assistant.Citation) []string {
	slugs := make([]string, len(citations))
	for i, citation := range citations {
		slugs[i] = citation.Slug
	}
	return slugs
}
