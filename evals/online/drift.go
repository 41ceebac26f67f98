package online

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/deskhand/deskhand/evals"
)

// Traffic returns the first question of each conversation that ended in a time.
func (s *Store) Traffic(ctx context.Context, from, to time.Time) (evals.Traffic, error) {
	traffic := evals.Traffic{From: from, To: to}
	rows, err := s.Pool.Query(ctx, `
		SELECT coalesce(r.confidence, 0)::float8 AS confidence, r.outcome = 'handed_off' AS handed_off, coalesce(r.intent, '') AS intent,
			coalesce(r.language, '') AS language,
			r.outcome <> 'answered' AND NOT r.reasons && ARRAY['auto_reply_off']
				AND r.reasons && ARRAY['no_source', 'not_answerable', 'low_confidence', 'only_in_another_language'] AS unanswered
		FROM runs r
		WHERE r.status = 'concluded' AND r.concluded_at >= @from AND r.concluded_at < @to
		  AND NOT EXISTS (SELECT FROM runs f WHERE f.conversation_id = r.conversation_id AND (f.started_at, f.id) < (r.started_at, r.id))`,
		pgx.NamedArgs{"from": from, "to": to})
	if err != nil {
		return traffic, fmt.Errorf("read traffic: %w", err)
	}
	if traffic.Questions, err = pgx.CollectRows(rows, pgx.RowToStructByName[evals.Observed]); err != nil {
		return traffic, fmt.Errorf("read traffic: %w", err)
	}
	return traffic, nil
}

// The times that a look compares: a week, so that each day of the week counts once, with the four weeks before it.
const (
	RecentDays    = 7
	ReferenceDays = 28
)

// Look compares the traffic of the last days with that of the days before them, and keeps nothing.
func (s *Store) Look(ctx context.Context, recentDays, referenceDays int) (evals.Drift, error) {
	now := s.Clock()
	middle := now.AddDate(0, 0, -recentDays)
	reference, err := s.Traffic(ctx, middle.AddDate(0, 0, -referenceDays), middle)
	if err != nil {
		return evals.Drift{}, err
	}
	recent, err := s.Traffic(ctx, middle, now)
	if err != nil {
		return evals.Drift{}, err
	}
	drift := evals.NewDrift(reference, recent)
	drift.At = now
	return drift, nil
}

// Watch looks for drift and keeps what it saw, for the console and for alarms.
func (s *Store) Watch(ctx context.Context) error {
	drift, err := s.Look(ctx, RecentDays, ReferenceDays)
	if err != nil {
		return err
	}
	report, err := json.Marshal(drift)
	if err != nil {
		return fmt.Errorf("encode drift: %w", err)
	}
	_, err = s.Pool.Exec(ctx, `INSERT INTO eval_drifts (looked_at, alarms, report) VALUES (@at, @alarms, @report)`,
		pgx.NamedArgs{"alarms": drift.Alarms, "at": drift.At, "report": report})
	if err != nil {
		return fmt.Errorf("keep drift: %w", err)
	}
	return nil
}

// LastDrift returns what the last look saw; false before the first one.
func (s *Store) LastDrift(ctx context.Context) (evals.Drift, bool, error) {
	var report []byte
	var drift evals.Drift
	err := s.Pool.QueryRow(ctx, `SELECT report FROM eval_drifts ORDER BY looked_at DESC, id DESC LIMIT 1`).Scan(&report)
	if errors.Is(err, pgx.ErrNoRows) {
		return drift, false, nil
	}
	if err != nil {
		return drift, false, fmt.Errorf("read drift: %w", err)
	}
	if err := json.Unmarshal(report, &drift); err != nil {
		return drift, false, fmt.Errorf("decode drift: %w", err)
	}
	return drift, true, nil
}
