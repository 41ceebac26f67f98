package postgres

import (
	"context"
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/assistant/access"
)

const (
	// SessionIdle ends a session that nothing was asked with: a lunch break.
	SessionIdle = time.Hour
	// SessionLife ends a session that was in use all the time: a shift, with room.
	SessionLife = 12 * time.Hour
	// unfinishedLife is what a log-in gets for its further steps.
	unfinishedLife = 15 * time.Minute
	// seenEach is how exactly the last use of a session is known; every request would be a write.
	seenEach = time.Minute
	// sessionsKept is how long an ended session stays for its owner to see.
	sessionsKept = 30 * 24 * time.Hour
	// maxUserAgent is what is kept of a browser's name for itself.
	maxUserAgent = 200
)

// Method is how a person proved who they are.
type Method string

// The methods.
const (
	ByPassword Method = "password"
	ByProvider Method = "provider" // an OpenID provider
)

// Session is a log-in of a person, without its secret.
type Session struct {
	ID             uuid.UUID
	AgentID        uuid.UUID
	CreatedAt      time.Time
	ExpiresAt      time.Time // at the latest
	FactorProvedAt *time.Time
	Method         Method
	Network        string
	SeenAt         time.Time
	UserAgent      string
}

// sessionColumns are the columns of Session.
const sessionColumns = `s.id, s.agent_id, s.created_at, s.expires_at, s.factor_proved_at, s.method, s.network, s.seen_at, s.user_agent`

// Place is where a request comes from.
type Place struct {
	Network   string // access.Network
	UserAgent string
}

// LoggedIn is a session with the person it belongs to.
type LoggedIn struct {
	Agent   Agent
	Secret  string // only when it was made or renewed just now
	Session Session
	Stage   access.Stage
}

// SessionBySecret returns the session in force that has this secret, or an Error with CodeUnauthorized. It looks the hash of
// the secret up, so the time it takes tells nothing about the secret.
func (s *Store) SessionBySecret(ctx context.Context, secret string) (LoggedIn, error) {
	now := s.clock()
	login, err := s.sessionInForce(ctx, pgx.NamedArgs{"hash": access.Digest(secret), "now": now, "idle": now.Add(-SessionIdle)})
	if assistant.ErrorCode(err) == assistant.CodeNotFound {
		return LoggedIn{}, assistant.Errorf(assistant.CodeUnauthorized, "the session has ended: log in again")
	}
	if err != nil {
		return LoggedIn{}, err
	}
	if now.Sub(login.Session.SeenAt) >= seenEach {
		// Not beyond what it is now: of two requests at once, the later one counts.
		_, err := s.pool.Exec(ctx, `UPDATE sessions SET seen_at = greatest(seen_at, @now) WHERE id = @id`,
			pgx.NamedArgs{"id": login.Session.ID, "now": now})
		if err != nil {
			return LoggedIn{}, fmt.Errorf("note use of session: %w", err)
		}
	}
	return login, nil
}

// sessionInForce reads a session and its person in one round trip: every request of a person waits for it.
func (s *Store) sessionInForce(ctx context.Context, args pgx.NamedArgs) (LoggedIn, error) {
	const inForce = ` FROM sessions s JOIN agents a ON a.id = s.agent_id
		WHERE s.secret_hash = @hash AND s.ended_at IS NULL AND s.expires_at > @now AND s.seen_at > @idle AND a.disabled_at IS NULL`
	var batch pgx.Batch
	var session Session
	var agent Agent
	batch.Queue(`SELECT `+sessionColumns+inForce, args).Query(func(rows pgx.Rows) (err error) {
		session, err = collectOne[Session](rows, "session")
		return err
	})
	batch.Queue(`SELECT `+agentColumns+` FROM agents
		WHERE id = (SELECT s.agent_id`+inForce+`)`, args).Query(func(rows pgx.Rows) (err error) {
		agent, err = collectOne[Agent](rows, "agent")
		return err
	})
	if err := s.pool.SendBatch(ctx, &batch).Close(); err != nil {
		return LoggedIn{}, fmt.Errorf("look session up: %w", err)
	}
	return loggedIn(agent, session, ""), nil
}

// Sessions returns the sessions of a person that are in force, the latest used first.
func (s *Store) Sessions(ctx context.Context, agentID uuid.UUID) ([]Session, error) {
	now := s.clock()
	rows, err := s.pool.Query(ctx, `
		SELECT `+sessionColumns+` FROM sessions s
		WHERE s.agent_id = @agent_id AND s.ended_at IS NULL AND s.expires_at > @now AND s.seen_at > @idle
		ORDER BY s.seen_at DESC, s.id`,
		pgx.NamedArgs{"agent_id": agentID, "now": now, "idle": now.Add(-SessionIdle)})
	if err != nil {
		return nil, fmt.Errorf("list sessions: %w", err)
	}
	sessions, err := pgx.CollectRows(rows, pgx.RowToStructByName[Session])
	if err != nil {
		return nil, fmt.Errorf("list sessions: %w", err)
	}
	return sessions, nil
}

// EndSession ends one of a person's own sessions.
func (s *Store) EndSession(ctx context.Context, agentID, sessionID uuid.UUID) error {
	return pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, `UPDATE sessions SET ended_at = @now WHERE id = @id AND agent_id = @agent_id AND ended_at IS NULL`,
			pgx.NamedArgs{"id": sessionID, "agent_id": agentID, "now": s.clock()})
		if err != nil {
			return fmt.Errorf("end session: %w", err)
		}
		if tag.RowsAffected() == 0 {
			return assistant.Errorf(assistant.CodeNotFound, "session not found")
		}
		return s.auditSession(ctx, tx, "session.end", Session{ID: sessionID, AgentID: agentID})
	})
}

// EndOtherSessions ends all sessions of a person but one.
func (s *Store) EndOtherSessions(ctx context.Context, agentID, keep uuid.UUID) error {
	return pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		if err := s.endSessions(ctx, tx, agentID, keep); err != nil {
			return err
		}
		return s.auditSession(ctx, tx, "session.end_others", Session{ID: keep, AgentID: agentID})
	})
}

// RevokeSessions ends a person's sessions in somebody else's name: one, or all where it is uuid.Nil. It returns how many ended.
func (s *Store) RevokeSessions(ctx context.Context, agentID, sessionID uuid.UUID, actor string) (int, error) {
	ended := 0
	err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, `
			UPDATE sessions SET ended_at = @now
			WHERE agent_id = @agent_id AND (@id = @all::uuid OR id = @id) AND ended_at IS NULL AND expires_at > @now`,
			pgx.NamedArgs{"agent_id": agentID, "all": uuid.Nil, "id": sessionID, "now": s.clock()})
		if err != nil {
			return fmt.Errorf("end sessions: %w", err)
		}
		if ended = int(tag.RowsAffected()); ended == 0 {
			return nil
		}
		return s.auditAgent(ctx, tx, agentEntry{
			action: "agent.end_sessions", actor: actor, id: agentID, detail: map[string]any{"count": ended},
		})
	})
	return ended, err
}

// endSessions ends the sessions of an agent but one, which may be none.
func (s *Store) endSessions(ctx context.Context, tx pgx.Tx, agentID, keep uuid.UUID) error {
	_, err := tx.Exec(ctx, `UPDATE sessions SET ended_at = @now WHERE agent_id = @agent_id AND id <> @keep AND ended_at IS NULL`,
		pgx.NamedArgs{"agent_id": agentID, "keep": keep, "now": s.clock()})
	if err != nil {
		return fmt.Errorf("end sessions: %w", err)
	}
	return nil
}

// newSession is a session to be made.
type newSession struct {
	agent        Agent
	factorProved bool
	method       Method
	place        Place
}

// begin makes a session. Its secret is random and new, never one that came with the request.
func (s *Store) begin(ctx context.Context, tx pgx.Tx, n newSession) (LoggedIn, error) {
	now := s.clock()
	session := Session{
		ID: uuid.Must(uuid.NewV7()), AgentID: n.agent.ID, CreatedAt: now, Method: n.method, Network: n.place.Network,
		SeenAt: now, UserAgent: shortText(n.place.UserAgent, maxUserAgent),
	}
	if n.factorProved {
		session.FactorProvedAt = &now
	}
	in := loggedIn(n.agent, session, access.NewSecret())
	in.Session.ExpiresAt = now.Add(lifeOf(in.Stage))
	_, err := tx.Exec(ctx, `DELETE FROM sessions WHERE id IN (
		SELECT id FROM sessions WHERE expires_at < @before ORDER BY expires_at LIMIT 10 FOR UPDATE SKIP LOCKED)`,
		pgx.NamedArgs{"before": now.Add(-sessionsKept)})
	if err != nil {
		return in, fmt.Errorf("forget old sessions: %w", err)
	}
	_, err = tx.Exec(ctx, `
		INSERT INTO sessions (id, agent_id, secret_hash, method, network, user_agent, factor_proved_at, created_at, seen_at, expires_at)
		VALUES (@id, @agent_id, @hash, @method, @network, @user_agent, @factor_proved_at, @now, @now, @expires_at)`,
		pgx.NamedArgs{
			"id": session.ID, "agent_id": session.AgentID, "hash": access.Digest(in.Secret), "method": session.Method,
			"network": session.Network, "user_agent": session.UserAgent, "factor_proved_at": session.FactorProvedAt,
			"now": now, "expires_at": in.Session.ExpiresAt,
		})
	if err != nil {
		return in, fmt.Errorf("insert session: %w", err)
	}
	return in, s.auditSession(ctx, tx, "session.begin", session)
}

// renew gives a session another secret after its holder proved more: what was stolen before is worth nothing after.
func (s *Store) renew(ctx context.Context, tx pgx.Tx, agent Agent, session Session) (LoggedIn, error) {
	in := loggedIn(agent, session, access.NewSecret())
	in.Session.ExpiresAt = session.CreatedAt.Add(lifeOf(in.Stage))
	_, err := tx.Exec(ctx, `
		UPDATE sessions SET secret_hash = @hash, factor_proved_at = @factor_proved_at, expires_at = @expires_at, seen_at = @now
		WHERE id = @id AND ended_at IS NULL`,
		pgx.NamedArgs{
			"id": session.ID, "hash": access.Digest(in.Secret), "factor_proved_at": session.FactorProvedAt,
			"expires_at": in.Session.ExpiresAt, "now": s.clock(),
		})
	if err != nil {
		return in, fmt.Errorf("renew session: %w", err)
	}
	return in, nil
}

func (s *Store) auditSession(ctx context.Context, tx pgx.Tx, action string, session Session) error {
	detail := map[string]any{}
	if session.Network != "" {
		detail["network"], detail["method"] = session.Network, session.Method
	}
	return audit(ctx, tx, Entry{
		Action: action, Actor: session.AgentID.String(), At: s.clock(), Detail: detail,
		SubjectID: session.ID.String(), SubjectKind: "session",
	})
}

func loggedIn(agent Agent, session Session, secret string) LoggedIn {
	return LoggedIn{Agent: agent, Secret: secret, Session: session, Stage: access.StageOf(access.Standing{
		FactorEnrolled: agent.FactorEnrolled, FactorProved: session.FactorProvedAt != nil,
		// Who came through the provider has used no password.
		MustChangePassword: agent.MustChangePassword && session.Method == ByPassword, Role: agent.Role,
	})}
}

func lifeOf(stage access.Stage) time.Duration {
	if stage == access.Active {
		return SessionLife
	}
	return unfinishedLife
}

// shortText returns at most limit characters of what somebody else wrote, without what PostgreSQL cannot keep.
func shortText(text string, limit int) string {
	runes := make([]rune, 0, limit)
	for _, r := range text {
		if r != 0 && r != utf8.RuneError && len(runes) < limit {
			runes = append(runes, r)
		}
	}
	return string(runes)
}
