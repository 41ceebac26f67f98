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

// Role is what an API key may do.
type Role = access.Role

// The roles.
const (
	RoleAdmin  = access.Admin
	RoleAgent  = access.Agent
	RoleLead   = access.Lead
	RoleWidget = access.Widget
)

// Key is an API key as stored: without its secret.
type Key struct {
	ID             uuid.UUID
	AgentID        *uuid.UUID // who acts; nil for a widget key
	AllowedOrigins []string   // web origins that may use the key from a browser; none means any
	CreatedAt      time.Time
	Name           string
	RevokedAt      *time.Time
	Role           Role
}

// keyPrefix marks a deskhand key, so that secret scanners and people recognise one.
const keyPrefix = "dh_"

// CreateKey makes a key at the command line: see CreateKeyBy.
func (s *Store) CreateKey(ctx context.Context, key Key) (Key, string, error) {
	return s.CreateKeyBy(ctx, key, "cli")
}

// CreateKeyBy makes a key for an actor and returns it with its secret, which is stored nowhere. A key that can act on tickets
// gets an agent of the same name.
func (s *Store) CreateKeyBy(ctx context.Context, key Key, actor string) (Key, string, error) {
	if !key.Role.Valid() {
		return key, "", &assistant.Error{Code: assistant.CodeInvalid, Field: "role", Message: "role must be widget, agent, lead or admin"}
	}
	if strings.TrimSpace(key.Name) == "" {
		return key, "", &assistant.Error{Code: assistant.CodeInvalid, Field: "name", Message: "name is empty: say whose key it is"}
	}
	secret := keyPrefix + string(key.Role) + "_" + access.NewSecret()
	key.ID, key.CreatedAt = uuid.Must(uuid.NewV7()), s.clock()
	if key.AllowedOrigins == nil {
		key.AllowedOrigins = []string{}
	}
	err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		if err := insertKey(ctx, tx, &key, secret); err != nil {
			return err
		}
		return audit(ctx, tx, Entry{
			Action: "key.create", Actor: actor, At: key.CreatedAt, SubjectID: key.ID.String(), SubjectKind: "key",
			Detail: map[string]any{"role": key.Role},
		})
	})
	return key, secret, err
}

// KeyBySecret returns the key in force that has this secret, or an Error with CodeUnauthorized. It looks the hash of the
// secret up, so neither the time it takes nor the database's log tells anything about the secret.
func (s *Store) KeyBySecret(ctx context.Context, secret string) (Key, error) {
	rows, err := s.pool.Query(ctx, `
		SELECT id, agent_id, allowed_origins, created_at, name, revoked_at, role FROM api_keys k
		WHERE secret_hash = @hash AND revoked_at IS NULL
		  AND NOT EXISTS (SELECT FROM agents a WHERE a.id = k.agent_id AND a.disabled_at IS NOT NULL)`,
		pgx.NamedArgs{"hash": access.Digest(secret)})
	if err != nil {
		return Key{}, fmt.Errorf("look key up: %w", err)
	}
	key, err := collectOne[Key](rows, "key")
	if assistant.ErrorCode(err) == assistant.CodeNotFound {
		return Key{}, assistant.Errorf(assistant.CodeUnauthorized, "the API key is unknown or revoked")
	}
	return key, err
}

// Keys returns all keys, oldest first.
func (s *Store) Keys(ctx context.Context) ([]Key, error) {
	rows, err := s.pool.Query(ctx, `
		SELECT id, agent_id, allowed_origins, created_at, name, revoked_at, role FROM api_keys ORDER BY created_at, id`)
	if err != nil {
		return nil, fmt.Errorf("list keys: %w", err)
	}
	keys, err := pgx.CollectRows(rows, pgx.RowToStructByName[Key])
	if err != nil {
		return nil, fmt.Errorf("list keys: %w", err)
	}
	return keys, nil
}

// RevokeKey takes a key out of force.
func (s *Store) RevokeKey(ctx context.Context, id uuid.UUID, actor string) error {
	return pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, `UPDATE api_keys SET revoked_at = @now WHERE id = @id AND revoked_at IS NULL`,
			pgx.NamedArgs{"id": id, "now": s.clock()})
		if err != nil {
			return fmt.Errorf("revoke key: %w", err)
		}
		if tag.RowsAffected() == 0 {
			return assistant.Errorf(assistant.CodeNotFound, "no key in force has this id")
		}
		return audit(ctx, tx, Entry{Action: "key.revoke", Actor: actor, At: s.clock(), SubjectID: id.String(), SubjectKind: "key"})
	})
}

func insertKey(ctx context.Context, tx pgx.Tx, key *Key, secret string) error {
	if key.Role != RoleWidget {
		id := uuid.Must(uuid.NewV7())
		_, err := tx.Exec(ctx, `INSERT INTO agents (id, name, role, created_at) VALUES (@id, @name, @role, @created_at)`,
			pgx.NamedArgs{"id": id, "name": key.Name, "role": key.Role, "created_at": key.CreatedAt})
		if err != nil {
			return fmt.Errorf("insert agent: %w", err)
		}
		key.AgentID = &id
	}
	_, err := tx.Exec(ctx, `
		INSERT INTO api_keys (id, name, role, agent_id, secret_hash, allowed_origins, created_at)
		VALUES (@id, @name, @role, @agent_id, @secret_hash, @allowed_origins, @created_at)`,
		pgx.NamedArgs{
			"id": key.ID, "name": key.Name, "role": key.Role, "agent_id": key.AgentID, "secret_hash": access.Digest(secret),
			"allowed_origins": key.AllowedOrigins, "created_at": key.CreatedAt,
		})
	if err != nil {
		return fmt.Errorf("insert key: %w", err)
	}
	return nil
}
