package postgres

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/assistant/access"
)

// DeviceLife is how long a browser is known after a log-in.
const DeviceLife = 180 * 24 * time.Hour

// LogIn is a try to log in with a password.
type LogIn struct {
	Device   string // secret of the browser, from an earlier log-in; may be empty
	Email    string
	Password string
	Place    Place
}

// credentials are what a log-in is checked against.
type credentials struct {
	ID           uuid.UUID
	DisabledAt   *time.Time
	Known        bool // the browser has logged in to this account before
	PasswordHash string
}

// LogIn begins a session. A wrong password, a name that nobody has and a person whose access was taken away cost the same work
// and get the same answer: an Error with CodeUnauthorized. Too many failures get CodeThrottled.
//
// Guesses are slowed down by account and network together, so that nobody can lock out another; and a browser that has logged
// in before is counted alone, so that not even a guesser on the same network can.
func (s *Store) LogIn(ctx context.Context, l LogIn) (LoggedIn, error) {
	email := strings.ToLower(strings.TrimSpace(l.Email))
	found, err := s.credentials(ctx, email, l.Device)
	if err != nil {
		return LoggedIn{}, err
	}
	limits := []limit{
		{key: access.ThrottleKey("account", email, l.Place.Network), throttle: access.AccountThrottle()},
		{key: access.ThrottleKey("network", l.Place.Network), shared: true, throttle: access.NetworkThrottle()},
	}
	if found.Known {
		limits = []limit{{key: access.ThrottleKey("device", email, l.Device), throttle: access.AccountThrottle()}}
	}
	until, err := s.take(ctx, limits)
	switch {
	case err != nil:
		return LoggedIn{}, err
	case !until.IsZero():
		return LoggedIn{}, s.tooManyTries(until)
	}
	hash := found.PasswordHash
	if found.DisabledAt != nil {
		hash = ""
	}
	right, outdated, err := s.hasher.Check(ctx, hash, l.Password)
	switch {
	case err != nil:
		return LoggedIn{}, fmt.Errorf("check password: %w", err)
	case !right:
		return LoggedIn{}, s.refuse(ctx, found.ID, "password", l.Place)
	}
	if outdated {
		if err := s.rehash(ctx, found, l.Password); err != nil {
			return LoggedIn{}, err
		}
	}
	agent, err := s.AgentNamed(ctx, found.ID.String())
	if err != nil {
		return LoggedIn{}, err
	}
	var in LoggedIn
	err = pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		if err := s.forgive(ctx, tx, limits); err != nil {
			return err
		}
		in, err = s.begin(ctx, tx, newSession{agent: agent, method: ByPassword, place: l.Place})
		return err
	})
	return in, err
}

// KnowDevice makes a browser one that has logged in to an account, and returns the secret that it keeps. It is called when the
// log-in is complete.
func (s *Store) KnowDevice(ctx context.Context, agentID uuid.UUID) (string, error) {
	secret := access.NewSecret()
	_, err := s.pool.Exec(ctx, `
		WITH old AS (DELETE FROM known_devices WHERE agent_id = @agent_id AND expires_at < @now)
		INSERT INTO known_devices (agent_id, device_hash, expires_at) VALUES (@agent_id, @hash, @expires_at)`,
		pgx.NamedArgs{"agent_id": agentID, "expires_at": s.clock().Add(DeviceLife), "hash": access.Digest(secret), "now": s.clock()})
	if err != nil {
		return "", fmt.Errorf("keep device: %w", err)
	}
	return secret, nil
}

// credentials returns what is known of an e-mail address: nothing but zeros for one that nobody has.
func (s *Store) credentials(ctx context.Context, email, device string) (credentials, error) {
	rows, err := s.pool.Query(ctx, `
		SELECT a.id, a.disabled_at, coalesce(a.password_hash, '') AS password_hash, d.agent_id IS NOT NULL AS known
		FROM agents a LEFT JOIN known_devices d ON d.agent_id = a.id AND d.device_hash = @device AND d.expires_at > @now
		WHERE a.email = @email`,
		pgx.NamedArgs{"device": access.Digest(device), "email": email, "now": s.clock()})
	if err != nil {
		return credentials{}, fmt.Errorf("look account up: %w", err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowToStructByName[credentials])
	if err != nil {
		return credentials{}, fmt.Errorf("look account up: %w", err)
	}
	if len(found) == 0 {
		return credentials{}, nil
	}
	return found[0], nil
}

// refuse records a failed step of a log-in and returns what the caller is told. What was typed as a name may be a password,
// so only an account that exists is named.
func (s *Store) refuse(ctx context.Context, agentID uuid.UUID, step string, place Place) error {
	subject := "unknown"
	if agentID != uuid.Nil {
		subject = agentID.String()
	}
	err := s.Record(ctx, Entry{
		Action: "session.refuse", Actor: "nobody", Detail: map[string]any{"network": place.Network, "step": step},
		SubjectID: subject, SubjectKind: "agent",
	})
	if err != nil {
		return err
	}
	if step == "second_factor" {
		return assistant.Errorf(assistant.CodeUnauthorized, "the code is wrong, or it was used before: wait for the next one")
	}
	return assistant.Errorf(assistant.CodeUnauthorized, "the e-mail address or the password is wrong")
}

// rehash keeps a password under today's parameters, unless it was changed in the meantime.
func (s *Store) rehash(ctx context.Context, found credentials, password string) error {
	hash, err := s.hasher.Hash(ctx, password)
	if err != nil {
		return fmt.Errorf("hash password again: %w", err)
	}
	_, err = s.pool.Exec(ctx, `UPDATE agents SET password_hash = @hash WHERE id = @id AND password_hash = @old`,
		pgx.NamedArgs{"hash": hash, "id": found.ID, "old": found.PasswordHash})
	if err != nil {
		return fmt.Errorf("keep new hash: %w", err)
	}
	return nil
}
