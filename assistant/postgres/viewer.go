package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/deskhand/deskhand/assistant"
)

// ViewFor is how long somebody who has looked at a case is taken to have it open: two of the looks that a page makes by itself,
// and a slow network.
const ViewFor = 25 * time.Second

// viewKept is how long a look that counts for nothing may stay in the table.
const viewKept = time.Hour

// View notes that an agent has a ticket open, for all replicas, and returns the names of the others who have, in order. It is a
// courtesy: what keeps two people from answering the same customer is the ticket's holder and its version.
func (s *Store) View(ctx context.Context, ticketID, agentID uuid.UUID) ([]string, error) {
	now := s.clock()
	rows, err := s.pool.Query(ctx, `
		WITH old AS (
			DELETE FROM ticket_viewers WHERE (ticket_id, agent_id) IN (
				SELECT ticket_id, agent_id FROM ticket_viewers
				WHERE ticket_id = @ticket_id AND agent_id <> @agent_id AND seen_at < @kept FOR UPDATE SKIP LOCKED)
		), mine AS (
			INSERT INTO ticket_viewers (ticket_id, agent_id, seen_at) VALUES (@ticket_id, @agent_id, @now)
			ON CONFLICT ON CONSTRAINT ticket_viewers_pkey DO UPDATE SET seen_at = excluded.seen_at
			WHERE ticket_viewers.seen_at < excluded.seen_at - interval '5 seconds' -- a burst of events is one write
		)
		SELECT a.name FROM ticket_viewers v JOIN agents a ON a.id = v.agent_id
		WHERE v.ticket_id = @ticket_id AND v.agent_id <> @agent_id AND v.seen_at > @since ORDER BY a.name`,
		pgx.NamedArgs{"agent_id": agentID, "kept": now.Add(-viewKept), "now": now, "since": now.Add(-ViewFor), "ticket_id": ticketID})
	if err != nil {
		return nil, fmt.Errorf("note viewer: %w", err)
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if violated(err, "ticket_viewers_ticket_id_fkey") {
		return nil, assistant.Errorf(assistant.CodeNotFound, "ticket not found")
	}
	if err != nil {
		return nil, fmt.Errorf("note viewer: %w", err)
	}
	return names, nil
}
