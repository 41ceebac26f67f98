package postgres

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/assistant/access"
	"github.com/deskhand/deskhand/assistant/triage"
)

// Identity is how the host site of a widget key signs its customers' tokens, without the secret.
type Identity struct {
	ID        uuid.UUID // "kid"
	Algorithm access.Algorithm
	APIKeyID  uuid.UUID
	CreatedAt time.Time
	EndsAt    *time.Time // of one that was replaced
}

// SetIdentity says how the tokens of a widget key are signed from now on.
type SetIdentity struct {
	Actor     string
	Algorithm access.Algorithm
	APIKeyID  uuid.UUID
	Overlap   time.Duration // how long the one before is good beside it
	PublicKey []byte        // for EdDSA
}

// maxOverlap bounds how long a replaced key stays good: it may be replaced because it leaked.
const maxOverlap = 30 * 24 * time.Hour

// SetIdentity replaces how the tokens of a widget key are signed. For HS256 it returns the new secret, which is shown once.
func (s *Store) SetIdentity(ctx context.Context, set SetIdentity) (Identity, string, error) {
	identity := Identity{
		ID: uuid.Must(uuid.NewV7()), Algorithm: set.Algorithm, APIKeyID: set.APIKeyID, CreatedAt: s.clock(),
	}
	material, secret := set.PublicKey, ""
	switch {
	case set.Overlap < 0 || set.Overlap > maxOverlap:
		return identity, "", &assistant.Error{Code: assistant.CodeInvalid, Field: "overlap", Message: "overlap must lie between 0 and 720h"}
	case set.Algorithm == access.HS256:
		secret = access.NewIdentitySecret()
		material = []byte(secret)
	case set.Algorithm != access.EdDSA:
		return identity, "", &assistant.Error{Code: assistant.CodeInvalid, Field: "algorithm", Message: "algorithm must be HS256 or EdDSA"}
	}
	err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, `SELECT FROM api_keys WHERE id = @id AND role = 'widget' AND revoked_at IS NULL FOR UPDATE`,
			pgx.NamedArgs{"id": set.APIKeyID})
		switch {
		case err != nil:
			return fmt.Errorf("lock key: %w", err)
		case tag.RowsAffected() == 0:
			return assistant.Errorf(assistant.CodeNotFound, "no widget key in force has this id")
		}
		if _, err := s.endIdentities(ctx, tx, set.APIKeyID, set.Overlap); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `
			INSERT INTO identity_keys (id, api_key_id, algorithm, material, created_at)
			VALUES (@id, @api_key_id, @algorithm, @material, @created_at)`,
			pgx.NamedArgs{
				"id": identity.ID, "api_key_id": identity.APIKeyID, "algorithm": identity.Algorithm, "material": material,
				"created_at": identity.CreatedAt,
			})
		if err != nil {
			return fmt.Errorf("insert identity key: %w", err)
		}
		return s.auditIdentity(ctx, tx, "key.set_identity", set.Actor, identity)
	})
	return identity, secret, err
}

// RemoveIdentity makes every customer of a widget key anonymous.
func (s *Store) RemoveIdentity(ctx context.Context, apiKeyID uuid.UUID, actor string) error {
	return pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		ended, err := s.endIdentities(ctx, tx, apiKeyID, 0)
		switch {
		case err != nil:
			return err
		case ended == 0:
			return assistant.Errorf(assistant.CodeNotFound, "no tokens are accepted for this key")
		}
		return s.auditIdentity(ctx, tx, "key.remove_identity", actor, Identity{APIKeyID: apiKeyID})
	})
}

// Identities returns how the tokens of a widget key are signed now, the newest first.
func (s *Store) Identities(ctx context.Context, apiKeyID uuid.UUID) ([]Identity, error) {
	rows, err := s.pool.Query(ctx, `
		SELECT id, algorithm, api_key_id, created_at, ends_at FROM identity_keys
		WHERE api_key_id = @api_key_id AND (ends_at IS NULL OR ends_at > @now) ORDER BY created_at DESC, id DESC`,
		pgx.NamedArgs{"api_key_id": apiKeyID, "now": s.clock()})
	if err != nil {
		return nil, fmt.Errorf("list identity keys: %w", err)
	}
	identities, err := pgx.CollectRows(rows, pgx.RowToStructByName[Identity])
	if err != nil {
		return nil, fmt.Errorf("list identity keys: %w", err)
	}
	return identities, nil
}

// identityKeys returns what the tokens of a widget key are checked with.
func (s *Store) identityKeys(ctx context.Context, apiKeyID uuid.UUID) ([]access.IdentityKey, error) {
	rows, err := s.pool.Query(ctx, `
		SELECT algorithm, id::text AS id, material FROM identity_keys
		WHERE api_key_id = @api_key_id AND (ends_at IS NULL OR ends_at > @now) ORDER BY created_at DESC`,
		pgx.NamedArgs{"api_key_id": apiKeyID, "now": s.clock()})
	if err != nil {
		return nil, fmt.Errorf("load identity keys: %w", err)
	}
	keys, err := pgx.CollectRows(rows, pgx.RowToStructByName[access.IdentityKey])
	if err != nil {
		return nil, fmt.Errorf("load identity keys: %w", err)
	}
	return keys, nil
}

// CustomerOf returns whom a token names that came with a widget key, and the language that the host site knows of them. Errors
// have CodeTokenExpired or CodeTokenInvalid.
func (s *Store) CustomerOf(ctx context.Context, apiKeyID uuid.UUID, token string) (assistant.Customer, string, error) {
	keys, err := s.identityKeys(ctx, apiKeyID)
	if err != nil {
		return assistant.Customer{}, "", err
	}
	if len(keys) == 0 {
		return assistant.Customer{}, "", assistant.Errorf(assistant.CodeTokenInvalid,
			"this key knows no customers: set one up with \"deskhand key identity set\", or send no token")
	}
	named, err := access.CheckToken(token, keys, apiKeyID.String(), s.clock())
	switch {
	case err == access.ErrTokenExpired: //nolint:errorlint // CheckToken returns the very value
		return assistant.Customer{}, "", assistant.Errorf(assistant.CodeTokenExpired, "the customer's token has expired: fetch a new one")
	case err != nil:
		return assistant.Customer{}, "", assistant.Errorf(assistant.CodeTokenInvalid,
			"the customer's token is not valid: check its signature, aud, sub, jti, iat, and that exp is at most 10 minutes after iat")
	}
	return assistant.Customer{
		ExpiresAt: named.ExpiresAt, Jurisdiction: named.Jurisdiction, Ref: named.Ref, Tier: triage.Tier(named.Tier),
		TokenHash: named.TokenHash,
	}, named.Locale, nil
}

// Asker is who reads or continues a conversation through a widget key.
type Asker struct {
	APIKeyID uuid.UUID
	Customer assistant.Customer
}

// owns reports whether the asker is the one whose conversation it is: one that has a customer stays with that customer.
func (a Asker) owns(customerRef string) bool {
	return customerRef == "" || customerRef == a.Customer.Ref
}

// useToken binds a customer's token to a conversation. In another one it is refused.
func useToken(ctx context.Context, tx pgx.Tx, use tokenUse) error {
	if !use.asker.Customer.Known() {
		return nil
	}
	_, err := tx.Exec(ctx, `DELETE FROM identity_tokens WHERE ctid = ANY(ARRAY(
		SELECT ctid FROM identity_tokens WHERE expires_at < @now ORDER BY expires_at LIMIT 10 FOR UPDATE SKIP LOCKED))`,
		pgx.NamedArgs{"now": use.at})
	if err != nil {
		return fmt.Errorf("forget old tokens: %w", err)
	}
	rows, err := tx.Query(ctx, `
		INSERT INTO identity_tokens (api_key_id, token_hash, conversation_id, expires_at)
		VALUES (@api_key_id, @token_hash, @conversation_id, @expires_at)
		ON CONFLICT (api_key_id, token_hash) DO UPDATE SET expires_at = greatest(identity_tokens.expires_at, excluded.expires_at)
		RETURNING conversation_id`,
		pgx.NamedArgs{
			"api_key_id": use.asker.APIKeyID, "conversation_id": use.conversationID, "expires_at": use.asker.Customer.ExpiresAt,
			"token_hash": use.asker.Customer.TokenHash,
		})
	if err != nil {
		return fmt.Errorf("use token: %w", err)
	}
	bound, err := pgx.CollectExactlyOneRow(rows, pgx.RowTo[uuid.UUID])
	if err != nil {
		return fmt.Errorf("use token: %w", err)
	}
	if !bytes.Equal(bound[:], use.conversationID[:]) {
		return assistant.Errorf(assistant.CodeTokenReused, "this token was used for another conversation: fetch a new one")
	}
	return nil
}

type tokenUse struct {
	asker          Asker
	at             time.Time
	conversationID uuid.UUID
}

// endIdentities ends what is in force, after the overlap, and what has an end already, not later than that. It returns how many.
func (s *Store) endIdentities(ctx context.Context, tx pgx.Tx, apiKeyID uuid.UUID, overlap time.Duration) (int64, error) {
	tag, err := tx.Exec(ctx, `
		UPDATE identity_keys SET ends_at = least(ends_at, @until)
		WHERE api_key_id = @id AND (ends_at IS NULL OR ends_at > @until)`,
		pgx.NamedArgs{"id": apiKeyID, "until": s.clock().Add(overlap)})
	if err != nil {
		return 0, fmt.Errorf("end identity keys: %w", err)
	}
	return tag.RowsAffected(), nil
}

func (s *Store) auditIdentity(ctx context.Context, tx pgx.Tx, action, actor string, i Identity) error {
	detail := map[string]any{}
	if i.Algorithm != "" {
		detail["algorithm"], detail["identity_id"] = i.Algorithm, i.ID
	}
	return audit(ctx, tx, Entry{
		Action: action, Actor: actor, At: s.clock(), Detail: detail, SubjectID: i.APIKeyID.String(), SubjectKind: "key",
	})
}
