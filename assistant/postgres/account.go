package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/assistant/access"
)

// issuer is the name under which an authenticator app lists a second factor.
const issuer = "deskhand"

// ownFactor is what is kept of a person's second factor.
type ownFactor struct {
	FactorEnrolledAt *time.Time
	FactorPending    string
	FactorSecret     string
	FactorUsedStep   int64
}

// ProveFactor completes a log-in with a code of the authenticator, or with a recovery code, each of which works once. The
// session gets another secret.
func (s *Store) ProveFactor(ctx context.Context, in LoggedIn, code string) (LoggedIn, error) {
	limits := []limit{{key: access.ThrottleKey("factor", in.Agent.ID.String()), throttle: access.FactorThrottle()}}
	until, err := s.take(ctx, limits)
	switch {
	case err != nil:
		return LoggedIn{}, err
	case !until.IsZero():
		return LoggedIn{}, s.tooManyTries(until)
	}
	right := false
	var proved LoggedIn
	err = pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		own, err := lockFactor(ctx, tx, in.Agent.ID)
		if err != nil {
			return err
		}
		used, err := s.useCode(ctx, tx, codeUse{agentID: in.Agent.ID, code: code, own: own})
		if err != nil || used == "" {
			return err
		}
		right = true
		if err := s.forgive(ctx, tx, limits); err != nil {
			return err
		}
		now := s.clock()
		in.Session.FactorProvedAt = &now
		if proved, err = s.renew(ctx, tx, in.Agent, in.Session); err != nil {
			return err
		}
		return s.auditSession(ctx, tx, "session.prove_"+used, in.Session)
	})
	if err == nil && !right {
		err = s.refuse(ctx, in.Agent.ID, "second_factor", Place{Network: in.Session.Network})
	}
	return proved, err
}

// codeUse is a code that somebody sent.
type codeUse struct {
	agentID uuid.UUID
	code    string
	own     ownFactor
}

// useCode uses a code up and returns what it was, or "" when it is wrong.
func (s *Store) useCode(ctx context.Context, tx pgx.Tx, u codeUse) (string, error) {
	if u.own.FactorEnrolledAt == nil {
		return "", nil
	}
	if step, ok := access.CheckCode(u.own.FactorSecret, u.code, s.clock(), u.own.FactorUsedStep); ok {
		_, err := tx.Exec(ctx, `UPDATE agents SET factor_used_step = @step WHERE id = @id`, pgx.NamedArgs{"id": u.agentID, "step": step})
		if err != nil {
			return "", fmt.Errorf("use code: %w", err)
		}
		return "code", nil
	}
	tag, err := tx.Exec(ctx, `
		UPDATE recovery_codes SET used_at = @now WHERE agent_id = @id AND code_hash = @hash AND used_at IS NULL`,
		pgx.NamedArgs{"hash": access.RecoveryDigest(u.code), "id": u.agentID, "now": s.clock()})
	switch {
	case err != nil:
		return "", fmt.Errorf("use recovery code: %w", err)
	case tag.RowsAffected() == 1:
		return "recovery_code", nil
	}
	return "", nil
}

// Enrol makes a second factor that waits for its first code. One that is in use stays so until then.
func (s *Store) Enrol(ctx context.Context, in LoggedIn, password string) (access.Factor, error) {
	if err := s.reauthenticate(ctx, in, password); err != nil {
		return access.Factor{}, err
	}
	factor, err := access.NewFactor(issuer, in.Agent.Email)
	if err != nil {
		return factor, err
	}
	_, err = s.pool.Exec(ctx, `UPDATE agents SET factor_pending = @secret WHERE id = @id`,
		pgx.NamedArgs{"id": in.Agent.ID, "secret": factor.Secret})
	if err != nil {
		return access.Factor{}, fmt.Errorf("keep second factor: %w", err)
	}
	return factor, nil
}

// ConfirmFactor puts the second factor that waits into use, with a first code from it. It returns new recovery codes, which
// are kept as hashes only, ends all other sessions, and gives this one another secret.
func (s *Store) ConfirmFactor(ctx context.Context, in LoggedIn, code string) (LoggedIn, []string, error) {
	var confirmed LoggedIn
	codes := access.NewRecoveryCodes()
	err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		own, err := lockFactor(ctx, tx, in.Agent.ID)
		if err != nil {
			return err
		}
		if own.FactorPending == "" {
			return assistant.Errorf(assistant.CodeConflict, "no second factor waits for its first code: begin again")
		}
		step, ok := access.CheckCode(own.FactorPending, code, s.clock(), 0)
		if !ok {
			return &assistant.Error{
				Code: assistant.CodeInvalid, Field: "code",
				Message: "code does not fit: check that the phone's clock is right, and send the code that it shows now",
			}
		}
		now := s.clock()
		_, err = tx.Exec(ctx, `
			UPDATE agents SET factor_secret = factor_pending, factor_pending = NULL, factor_enrolled_at = @now, factor_used_step = @step
			WHERE id = @id`, pgx.NamedArgs{"id": in.Agent.ID, "now": now, "step": step})
		if err != nil {
			return fmt.Errorf("put second factor into use: %w", err)
		}
		if err := replaceRecoveryCodes(ctx, tx, in.Agent.ID, codes); err != nil {
			return err
		}
		in.Agent.FactorEnrolled, in.Session.FactorProvedAt = true, &now
		if confirmed, err = s.renewAlone(ctx, tx, in); err != nil {
			return err
		}
		return s.auditAgent(ctx, tx, agentEntry{action: "agent.enrol_second_factor", actor: in.Agent.ID.String(), id: in.Agent.ID})
	})
	return confirmed, codes, err
}

// RenewRecoveryCodes replaces all recovery codes.
func (s *Store) RenewRecoveryCodes(ctx context.Context, in LoggedIn, password string) ([]string, error) {
	if err := s.reauthenticate(ctx, in, password); err != nil {
		return nil, err
	}
	if !in.Agent.FactorEnrolled {
		return nil, assistant.Errorf(assistant.CodeConflict, "there is no second factor to recover from: enrol one first")
	}
	codes := access.NewRecoveryCodes()
	err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		if err := replaceRecoveryCodes(ctx, tx, in.Agent.ID, codes); err != nil {
			return err
		}
		return s.auditAgent(ctx, tx, agentEntry{action: "agent.renew_recovery_codes", actor: in.Agent.ID.String(), id: in.Agent.ID})
	})
	return codes, err
}

// ChangePassword replaces one's own password, ends all other sessions, and gives this one another secret.
func (s *Store) ChangePassword(ctx context.Context, in LoggedIn, old, password string) (LoggedIn, error) {
	if err := s.reauthenticate(ctx, in, old); err != nil {
		return LoggedIn{}, err
	}
	if old == password {
		return LoggedIn{}, &assistant.Error{
			Code: assistant.CodeInvalid, Field: "password", Message: "password is the old one: choose another",
		}
	}
	hash, err := s.newHash(ctx, password, in.Agent.Email)
	if err != nil {
		return LoggedIn{}, err
	}
	var changed LoggedIn
	err = pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `
			UPDATE agents SET password_hash = @hash, password_changed_at = @now, must_change_password = false WHERE id = @id`,
			pgx.NamedArgs{"hash": hash, "id": in.Agent.ID, "now": s.clock()})
		if err != nil {
			return fmt.Errorf("change password: %w", err)
		}
		if _, err := tx.Exec(ctx, `DELETE FROM known_devices WHERE agent_id = @id`, pgx.NamedArgs{"id": in.Agent.ID}); err != nil {
			return fmt.Errorf("forget devices: %w", err)
		}
		in.Agent.MustChangePassword, in.Agent.HasPassword = false, true
		if changed, err = s.renewAlone(ctx, tx, in); err != nil {
			return err
		}
		return s.auditAgent(ctx, tx, agentEntry{action: "agent.change_password", actor: in.Agent.ID.String(), id: in.Agent.ID})
	})
	return changed, err
}

// renewAlone renews a session and ends all others of its person.
func (s *Store) renewAlone(ctx context.Context, tx pgx.Tx, in LoggedIn) (LoggedIn, error) {
	if err := s.endSessions(ctx, tx, in.Agent.ID, in.Session.ID); err != nil {
		return in, err
	}
	return s.renew(ctx, tx, in.Agent, in.Session)
}

// reauthenticate asks for the password again before something that a thief of the session would like to do. Who has none
// came through the identity provider.
func (s *Store) reauthenticate(ctx context.Context, in LoggedIn, password string) error {
	if !in.Agent.HasPassword {
		return nil
	}
	limits := []limit{{key: access.ThrottleKey("own", in.Agent.ID.String()), throttle: access.AccountThrottle()}}
	until, err := s.take(ctx, limits)
	switch {
	case err != nil:
		return err
	case !until.IsZero():
		return s.tooManyTries(until)
	}
	found, err := s.credentials(ctx, in.Agent.Email, "")
	if err != nil {
		return err
	}
	right, _, err := s.hasher.Check(ctx, found.PasswordHash, password)
	switch {
	case err != nil:
		return fmt.Errorf("check password: %w", err)
	case !right:
		_ = s.refuse(ctx, in.Agent.ID, "own_password", Place{Network: in.Session.Network})
		return &assistant.Error{Code: assistant.CodeInvalid, Field: "current_password", Message: "current_password is wrong"}
	}
	return pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error { return s.forgive(ctx, tx, limits) })
}

func lockFactor(ctx context.Context, tx pgx.Tx, agentID uuid.UUID) (ownFactor, error) {
	rows, err := tx.Query(ctx, `
		SELECT factor_enrolled_at, coalesce(factor_pending, '') AS factor_pending, coalesce(factor_secret, '') AS factor_secret,
			factor_used_step
		FROM agents WHERE id = @id FOR UPDATE`, pgx.NamedArgs{"id": agentID})
	if err != nil {
		return ownFactor{}, fmt.Errorf("read second factor: %w", err)
	}
	return collectOne[ownFactor](rows, "agent")
}

func replaceRecoveryCodes(ctx context.Context, tx pgx.Tx, agentID uuid.UUID, codes []string) error {
	if _, err := tx.Exec(ctx, `DELETE FROM recovery_codes WHERE agent_id = @id`, pgx.NamedArgs{"id": agentID}); err != nil {
		return fmt.Errorf("delete recovery codes: %w", err)
	}
	hashes := make([][]byte, len(codes))
	for i, code := range codes {
		hashes[i] = access.RecoveryDigest(code)
	}
	_, err := tx.Exec(ctx, `INSERT INTO recovery_codes (agent_id, code_hash) SELECT @id, unnest(@hashes::bytea[])`,
		pgx.NamedArgs{"hashes": hashes, "id": agentID})
	if err != nil {
		return fmt.Errorf("keep recovery codes: %w", err)
	}
	return nil
}
