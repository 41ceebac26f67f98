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

// ProviderLogIn is a log-in that is at the identity provider: what must come back with it, and the secret half of its proof.
type ProviderLogIn struct {
	Nonce    string
	Verifier string
}

// ProviderIdentity is whom the identity provider has confirmed.
type ProviderIdentity struct {
	Email        string // verified, and allowed to link; else empty
	FactorProved bool
	Issuer       string
	Subject      string
}

// BeginProviderLogIn keeps a log-in under its state.
func (s *Store) BeginProviderLogIn(ctx context.Context, state string, l ProviderLogIn, life time.Duration) error {
	_, err := s.pool.Exec(ctx, `
		WITH old AS (DELETE FROM provider_logins WHERE expires_at < @now)
		INSERT INTO provider_logins (state_hash, nonce, verifier, expires_at) VALUES (@state, @nonce, @verifier, @expires_at)`,
		pgx.NamedArgs{
			"expires_at": s.clock().Add(life), "nonce": l.Nonce, "now": s.clock(), "state": access.Digest(state), "verifier": l.Verifier,
		})
	if err != nil {
		return fmt.Errorf("keep log-in: %w", err)
	}
	return nil
}

// TakeProviderLogIn returns a log-in by its state, once.
func (s *Store) TakeProviderLogIn(ctx context.Context, state string) (ProviderLogIn, error) {
	rows, err := s.pool.Query(ctx, `
		WITH taken AS (DELETE FROM provider_logins WHERE state_hash = @state RETURNING nonce, verifier, expires_at)
		SELECT nonce, verifier FROM taken WHERE expires_at > @now`, pgx.NamedArgs{"now": s.clock(), "state": access.Digest(state)})
	if err != nil {
		return ProviderLogIn{}, fmt.Errorf("take log-in: %w", err)
	}
	taken, err := collectOne[ProviderLogIn](rows, "log-in")
	if assistant.ErrorCode(err) == assistant.CodeNotFound {
		return taken, assistant.Errorf(assistant.CodeUnauthorized, "this log-in took too long, or it was used already: begin again")
	}
	return taken, err
}

// LogInByProvider begins a session for whom the identity provider has confirmed. An identity belongs to the agent that it was
// linked to; a new one is linked once, by its verified e-mail address, to an agent that has none. Nobody gets an account this way.
func (s *Store) LogInByProvider(ctx context.Context, identity ProviderIdentity, place Place) (LoggedIn, error) {
	var in LoggedIn
	err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `
			UPDATE agents SET provider_issuer = @issuer, provider_subject = @subject
			WHERE disabled_at IS NULL AND (provider_issuer = @issuer AND provider_subject = @subject
				OR provider_subject IS NULL AND @email <> '' AND email = @email AND NOT EXISTS (
					SELECT FROM agents WHERE provider_issuer = @issuer AND provider_subject = @subject))
			RETURNING `+agentColumns,
			pgx.NamedArgs{"email": strings.ToLower(identity.Email), "issuer": identity.Issuer, "subject": identity.Subject})
		if err != nil {
			return fmt.Errorf("look identity up: %w", err)
		}
		agent, err := collectOne[Agent](rows, "agent")
		if err != nil {
			return err
		}
		in, err = s.begin(ctx, tx, newSession{agent: agent, factorProved: identity.FactorProved, method: ByProvider, place: place})
		return err
	})
	if assistant.ErrorCode(err) == assistant.CodeNotFound {
		_ = s.refuse(ctx, uuid.Nil, "provider", place)
		return in, assistant.Errorf(assistant.CodeUnauthorized, "nobody at this desk has this identity: ask an admin for access")
	}
	return in, err
}

// LinkProvider makes an identity of the provider an agent's.
func (s *Store) LinkProvider(ctx context.Context, id uuid.UUID, identity ProviderIdentity, actor string) (Agent, error) {
	agent, err := s.changeAgent(ctx, agentChange{
		actor: actor, args: pgx.NamedArgs{"issuer": identity.Issuer, "subject": identity.Subject}, endSessions: true, id: id,
		set:   `provider_issuer = @issuer, provider_subject = @subject`,
		audit: func(Agent, Agent) (string, map[string]any) { return "agent.link_provider", nil },
	})
	if violated(err, "agents_provider_key") {
		return agent, assistant.Errorf(assistant.CodeConflict, "this identity belongs to another agent")
	}
	return agent, err
}
