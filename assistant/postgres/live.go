package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/deskhand/deskhand/assistant/live"
)

const (
	// EventsKept is how long live consumers can resume. What webhooks still need is kept longer.
	EventsKept = 24 * time.Hour
	// eventPage is how many events are read at once.
	eventPage = 500
	// eventChannel is what announcements go over.
	eventChannel = "deskhand_events"
)

// WithLive returns a Store that also tells expect the position of each event that it writes.
func (s *Store) WithLive(expect func(position int64)) *Store {
	telling := *s
	telling.expect = expect
	return &telling
}

// ReadEvents is the Read of a live.Config.
func (s *Store) ReadEvents(ctx context.Context, r live.Reading) (live.Page, error) {
	var page live.Page
	var err error
	if r.Writers {
		if page.Writers, err = s.eventWriters(ctx); err != nil {
			return page, err
		}
	}
	rows, err := s.pool.Query(ctx, `
		SELECT coalesce(e.position, 0), coalesce(e.type, ''), coalesce(e.body::text, '{}'), coalesce(e.created_at, 'epoch'),
			coalesce((SELECT max(position) FROM webhook_events), 0)
		FROM (SELECT) one LEFT JOIN (
			SELECT position, type, body, created_at FROM webhook_events WHERE position > @after ORDER BY position LIMIT @limit) e ON true
		ORDER BY e.position`,
		pgx.NamedArgs{"after": r.After, "limit": eventPage})
	if err != nil {
		return page, fmt.Errorf("read events: %w", err)
	}
	var event live.Event
	var body string
	_, err = pgx.ForEachRow(rows, []any{
		&event.Position, &event.Type, &body, &event.CreatedAt, &page.Last,
	}, func() error {
		if event.Position > 0 {
			event.Body = []byte(body)
			page.Events = append(page.Events, event)
		}
		return nil
	})
	if err != nil {
		return page, fmt.Errorf("read events: %w", err)
	}
	return page, nil
}

// eventWriters returns the transactions that hold the lock that an event is written under. A place is given to an event under
// that lock, and it is held until its transaction ends: who has a place and has not ended is among them. The numbers of running
// transactions would do as well, but they are those of all databases of the server: an import elsewhere that takes
// minutes would hold up every event here.
func (s *Store) eventWriters(ctx context.Context) ([]string, error) {
	rows, err := s.pool.Query(ctx, `
		SELECT DISTINCT virtualtransaction FROM pg_locks
		WHERE locktype = 'relation' AND mode = 'RowExclusiveLock' AND granted AND relation = 'webhook_events'::regclass
		  AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`)
	if err != nil {
		return nil, fmt.Errorf("read writers of events: %w", err)
	}
	writers, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, fmt.Errorf("read writers of events: %w", err)
	}
	return writers, nil
}

// EventRange selects stored events.
type EventRange struct {
	After          int64
	ConversationID uuid.UUID // of one conversation; all when uuid.Nil
	UpTo           int64
}

// EventsBetween returns the first events of a range, in order; an empty page means that there are no more.
func (s *Store) EventsBetween(ctx context.Context, r EventRange) ([]live.Event, error) {
	condition := ``
	args := pgx.NamedArgs{"after": r.After, "up_to": r.UpTo, "limit": eventPage}
	if r.ConversationID != uuid.Nil {
		condition = ` AND body -> 'data' ->> 'conversation_id' = @conversation`
		args["conversation"] = r.ConversationID.String()
	}
	rows, err := s.pool.Query(ctx, `
		SELECT position, type, body, created_at FROM webhook_events
		WHERE position > @after AND position <= @up_to`+condition+` ORDER BY position LIMIT @limit`, args)
	if err != nil {
		return nil, fmt.Errorf("read events: %w", err)
	}
	events, err := pgx.CollectRows(rows, pgx.RowToStructByName[live.Event])
	if err != nil {
		return nil, fmt.Errorf("read events: %w", err)
	}
	return events, nil
}

// CanResume reports whether every event behind a position is still there. The event itself must be: then so are all later
// ones, because they are forgotten by age.
func (s *Store) CanResume(ctx context.Context, position int64) (bool, error) {
	rows, err := s.pool.Query(ctx, `SELECT EXISTS (SELECT FROM webhook_events WHERE position = @position AND created_at > @since)`,
		pgx.NamedArgs{"position": position, "since": s.clock().Add(-EventsKept)})
	if err != nil {
		return false, fmt.Errorf("look event up: %w", err)
	}
	found, err := pgx.CollectExactlyOneRow(rows, pgx.RowTo[bool])
	if err != nil {
		return false, fmt.Errorf("look event up: %w", err)
	}
	return found, nil
}

// AnnounceEvents is the Announce of a live.Config.
func (s *Store) AnnounceEvents(ctx context.Context) error {
	if _, err := s.pool.Exec(ctx, `SELECT pg_notify(@channel, '')`, pgx.NamedArgs{"channel": eventChannel}); err != nil {
		return fmt.Errorf("announce events: %w", err)
	}
	return nil
}

// ListenEvents is the Listen of a live.Config. It has a connection of its own, because it keeps it.
func (s *Store) ListenEvents(ctx context.Context, woken func()) error {
	config := s.pool.Config().ConnConfig
	delete(config.RuntimeParams, "statement_timeout") // it waits, that is its work
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return fmt.Errorf("listen to events: %w", err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	if _, err := conn.Exec(ctx, `LISTEN `+eventChannel); err != nil {
		return fmt.Errorf("listen to events: %w", err)
	}
	for {
		if _, err := conn.WaitForNotification(ctx); err != nil {
			return fmt.Errorf("wait for events: %w", err)
		}
		woken()
	}
}

// Credential is what a caller came in with: a key or a session, and the role that it had then.
type Credential struct {
	APIKeyID  uuid.UUID
	Role      Role
	SessionID uuid.UUID // uuid.Nil for a key
}

// InForce reports whether a credential still holds what it held. It does not count as a use of the session.
func (s *Store) InForce(ctx context.Context, c Credential) (bool, error) {
	now := s.clock()
	rows, err := s.pool.Query(ctx, `
		SELECT EXISTS (
			SELECT FROM api_keys k LEFT JOIN agents a ON a.id = k.agent_id
			WHERE k.id = @key AND k.revoked_at IS NULL AND a.disabled_at IS NULL AND k.role = @role
		) OR EXISTS (
			SELECT FROM sessions s JOIN agents a ON a.id = s.agent_id
			WHERE s.id = @session AND s.ended_at IS NULL AND s.expires_at > @now AND s.seen_at > @idle AND a.disabled_at IS NULL
			  AND a.role = @role
		)`,
		pgx.NamedArgs{"key": c.APIKeyID, "role": string(c.Role), "session": c.SessionID, "now": now, "idle": now.Add(-SessionIdle)})
	if err != nil {
		return false, fmt.Errorf("look credential up: %w", err)
	}
	ok, err := pgx.CollectExactlyOneRow(rows, pgx.RowTo[bool])
	if err != nil {
		return false, fmt.Errorf("look credential up: %w", err)
	}
	return ok, nil
}
