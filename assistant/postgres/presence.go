package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/assistant/desk"
)

// Present implements desk.Store.
func (s *Store) Present(ctx context.Context, agentID uuid.UUID, until time.Time) error {
	_, err := s.pool.Exec(ctx, `
		INSERT INTO agent_presence (agent_id, until) VALUES (@agent_id, @until)
		ON CONFLICT (agent_id) DO UPDATE SET until = excluded.until`, pgx.NamedArgs{"agent_id": agentID, "until": until})
	if violated(err, "agent_presence_agent_id_fkey") {
		return assistant.Errorf(assistant.CodeNotFound, "agent not found")
	}
	if err != nil {
		return fmt.Errorf("note presence: %w", err)
	}
	return nil
}

// Presence implements desk.Store.
func (s *Store) Presence(ctx context.Context, at time.Time) ([]desk.Colleague, error) {
	rows, err := s.pool.Query(ctx, `
		SELECT a.id, a.name, (
			SELECT count(*) FROM tickets t WHERE t.assignee_id = a.id AND t.status IN ('claimed', 'on_hold')) AS load
		FROM agents a JOIN agent_presence p ON p.agent_id = a.id
		WHERE p.until > @at AND a.disabled_at IS NULL ORDER BY a.id`, pgx.NamedArgs{"at": at})
	if err != nil {
		return nil, fmt.Errorf("list who is present: %w", err)
	}
	present, err := pgx.CollectRows(rows, pgx.RowToStructByName[desk.Colleague])
	if err != nil {
		return nil, fmt.Errorf("list who is present: %w", err)
	}
	return present, nil
}
