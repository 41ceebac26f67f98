package postgres

import (
	"context"
	"fmt"
	"maps"
	"net/mail"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/assistant/access"
)

// Agent is a person at the desk, or what an API key acts as.
type Agent struct {
	ID                 uuid.UUID
	CreatedAt          time.Time
	DisabledAt         *time.Time
	Email              string // empty for what only an API key acts as
	FactorEnrolled     bool
	HasPassword        bool
	MustChangePassword bool
	Name               string
	Role               access.Role
}

// agentColumns are the columns of Agent.
const agentColumns = `id, created_at, disabled_at, coalesce(email, '') AS email, factor_enrolled_at IS NOT NULL AS factor_enrolled,
	password_hash IS NOT NULL AS has_password, must_change_password, name, role`

// maxName is the longest name of a person, in characters.
const maxName = 200

// NewAgent is a person who gets access.
type NewAgent struct {
	Actor      string // who adds them: an agent's id or "cli"
	Email      string
	MustChange bool // the password was chosen by somebody else
	Name       string
	Password   string // empty: only an identity provider lets them in
	Role       access.Role
}

// AddAgent adds a person. The e-mail address is what they log in with; it is kept in lower case.
func (s *Store) AddAgent(ctx context.Context, n NewAgent) (Agent, error) {
	email, err := agentEmail(n.Email)
	if err != nil {
		return Agent{}, err
	}
	if err := checkPerson(n.Name, n.Role); err != nil {
		return Agent{}, err
	}
	hash := ""
	if n.Password != "" {
		if hash, err = s.newHash(ctx, n.Password, email); err != nil {
			return Agent{}, err
		}
	}
	var agent Agent
	err = pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `
			INSERT INTO agents (id, name, role, created_at, email, password_hash, password_changed_at, must_change_password)
			VALUES (@id, @name, @role, @now, @email, nullif(@hash, ''), CASE WHEN @hash <> '' THEN @now::timestamptz END, @must_change)
			RETURNING `+agentColumns,
			pgx.NamedArgs{
				"id": uuid.Must(uuid.NewV7()), "name": n.Name, "role": n.Role, "now": s.clock(), "email": email, "hash": hash,
				"must_change": n.MustChange && hash != "",
			})
		if err != nil {
			return fmt.Errorf("insert agent: %w", err)
		}
		if agent, err = collectOne[Agent](rows, "agent"); err != nil {
			return err
		}
		return s.auditAgent(ctx, tx, agentEntry{action: "agent.add", actor: n.Actor, id: agent.ID, detail: map[string]any{"role": n.Role}})
	})
	if violated(err, "agents_email_key") {
		return Agent{}, &assistant.Error{Code: assistant.CodeConflict, Field: "email", Message: "email belongs to an agent already"}
	}
	return agent, err
}

// Agents returns everybody, oldest first.
func (s *Store) Agents(ctx context.Context) ([]Agent, error) {
	rows, err := s.pool.Query(ctx, `SELECT `+agentColumns+` FROM agents ORDER BY created_at, id`)
	if err != nil {
		return nil, fmt.Errorf("list agents: %w", err)
	}
	agents, err := pgx.CollectRows(rows, pgx.RowToStructByName[Agent])
	if err != nil {
		return nil, fmt.Errorf("list agents: %w", err)
	}
	return agents, nil
}

// AgentNamed returns the agent with an id or an e-mail address.
func (s *Store) AgentNamed(ctx context.Context, idOrEmail string) (Agent, error) {
	id, err := uuid.Parse(idOrEmail)
	if err != nil {
		id = uuid.Nil
	}
	rows, err := s.pool.Query(ctx, `SELECT `+agentColumns+` FROM agents WHERE id = @id OR email = @email`,
		pgx.NamedArgs{"id": id, "email": strings.ToLower(idOrEmail)})
	if err != nil {
		return Agent{}, fmt.Errorf("look agent up: %w", err)
	}
	return collectOne[Agent](rows, "agent")
}

// SetRole changes what a person may do, from the next request on. The last admin stays one.
func (s *Store) SetRole(ctx context.Context, id uuid.UUID, role access.Role, actor string) (Agent, error) {
	if !role.Person() {
		return Agent{}, errRole()
	}
	return s.changeAgent(ctx, agentChange{
		actor: actor, args: pgx.NamedArgs{"role": role}, id: id, set: `role = @role`,
		audit: func(before, after Agent) (string, map[string]any) {
			return "agent.set_role", map[string]any{"from": before.Role, "to": after.Role}
		},
	})
}

// SetDisabled takes a person's access away, with the sessions and the keys, or gives it back.
func (s *Store) SetDisabled(ctx context.Context, id uuid.UUID, at *time.Time, actor string) (Agent, error) {
	return s.changeAgent(ctx, agentChange{
		actor: actor, args: pgx.NamedArgs{"disabled_at": at}, endSessions: at != nil, id: id, set: `disabled_at = @disabled_at`,
		audit: func(Agent, Agent) (string, map[string]any) {
			if at == nil {
				return "agent.enable", nil
			}
			return "agent.disable", nil
		},
	})
}

// ResetPassword gives a person a password that they must change at the next log-in, and ends their sessions.
func (s *Store) ResetPassword(ctx context.Context, id uuid.UUID, password, actor string) (Agent, error) {
	before, err := s.AgentNamed(ctx, id.String())
	if err != nil {
		return before, err
	}
	if before.Email == "" {
		return before, assistant.Errorf(assistant.CodeConflict, "only API keys act as this agent: there is nobody to log in")
	}
	hash, err := s.newHash(ctx, password, before.Email)
	if err != nil {
		return before, err
	}
	return s.changeAgent(ctx, agentChange{
		actor: actor, args: pgx.NamedArgs{"hash": hash}, endSessions: true, id: id,
		set:   `password_hash = @hash, password_changed_at = @now, must_change_password = true`,
		audit: func(Agent, Agent) (string, map[string]any) { return "agent.reset_password", nil },
	})
}

// ResetFactor takes a lost second factor away, with its recovery codes and all sessions. Who needs one enrols a new one at the
// next log-in.
func (s *Store) ResetFactor(ctx context.Context, id uuid.UUID, actor string) (Agent, error) {
	return s.changeAgent(ctx, agentChange{
		actor: actor, endSessions: true, forgetFactor: true, id: id,
		set:   `factor_secret = NULL, factor_enrolled_at = NULL, factor_used_step = 0`,
		audit: func(Agent, Agent) (string, map[string]any) { return "agent.reset_second_factor", nil },
	})
}

// agentChange is a change of one row of agents.
type agentChange struct {
	actor        string
	args         pgx.NamedArgs
	audit        func(before, after Agent) (action string, detail map[string]any)
	endSessions  bool
	forgetFactor bool
	id           uuid.UUID
	set          string // fixed SQL, with args and @now
}

func (s *Store) changeAgent(ctx context.Context, c agentChange) (Agent, error) {
	var after Agent
	err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		// All admins are locked, in one order, so that two changes at once cannot leave none.
		rows, err := tx.Query(ctx, `SELECT `+agentColumns+` FROM agents WHERE id = @id OR role = 'admin' ORDER BY id FOR UPDATE`,
			pgx.NamedArgs{"id": c.id})
		if err != nil {
			return fmt.Errorf("lock agents: %w", err)
		}
		locked, err := pgx.CollectRows(rows, pgx.RowToStructByName[Agent])
		if err != nil {
			return fmt.Errorf("lock agents: %w", err)
		}
		before, ok := agentIn(locked, c.id)
		if !ok {
			return assistant.Errorf(assistant.CodeNotFound, "agent not found")
		}
		args := pgx.NamedArgs{"id": c.id, "now": s.clock()}
		maps.Copy(args, c.args)
		if rows, err = tx.Query(ctx, `UPDATE agents SET `+c.set+` WHERE id = @id RETURNING `+agentColumns, args); err != nil {
			return fmt.Errorf("change agent: %w", err)
		}
		if after, err = collectOne[Agent](rows, "agent"); err != nil {
			return err
		}
		if before.isAdmin() && !after.isAdmin() && countAdmins(locked) == 1 {
			return assistant.Errorf(assistant.CodeConflict, "this is the last admin who can log in: make another one first")
		}
		return s.afterChange(ctx, tx, c, [2]Agent{before, after})
	})
	return after, err
}

// afterChange does what belongs to a change of an agent, in its transaction.
func (s *Store) afterChange(ctx context.Context, tx pgx.Tx, c agentChange, change [2]Agent) error {
	if c.forgetFactor {
		if _, err := tx.Exec(ctx, `DELETE FROM recovery_codes WHERE agent_id = @id`, pgx.NamedArgs{"id": c.id}); err != nil {
			return fmt.Errorf("delete recovery codes: %w", err)
		}
	}
	if c.endSessions {
		if err := s.endSessions(ctx, tx, c.id, uuid.Nil); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `DELETE FROM known_devices WHERE agent_id = @id`, pgx.NamedArgs{"id": c.id}); err != nil {
			return fmt.Errorf("forget devices: %w", err)
		}
	}
	action, detail := c.audit(change[0], change[1])
	return s.auditAgent(ctx, tx, agentEntry{action: action, actor: c.actor, detail: detail, id: c.id})
}

// isAdmin reports whether the agent is an admin who can log in.
func (a Agent) isAdmin() bool { return a.Role == access.Admin && a.Email != "" && a.DisabledAt == nil }

func agentIn(agents []Agent, id uuid.UUID) (Agent, bool) {
	for _, a := range agents {
		if a.ID == id {
			return a, true
		}
	}
	return Agent{}, false
}

func countAdmins(agents []Agent) int {
	n := 0
	for _, a := range agents {
		if a.isAdmin() {
			n++
		}
	}
	return n
}

// agentEntry is an entry of the audit log about an agent.
type agentEntry struct {
	action, actor string
	detail        map[string]any
	id            uuid.UUID
}

func (s *Store) auditAgent(ctx context.Context, tx pgx.Tx, e agentEntry) error {
	return audit(ctx, tx, Entry{
		Action: e.action, Actor: e.actor, At: s.clock(), Detail: e.detail, SubjectID: e.id.String(), SubjectKind: "agent",
	})
}

// newHash checks a new password and hashes it.
func (s *Store) newHash(ctx context.Context, password, email string) (string, error) {
	if wrong := access.CheckPassword(password, email); wrong != "" {
		return "", &assistant.Error{Code: assistant.CodeInvalid, Field: "password", Message: "password " + wrong}
	}
	hash, err := s.hasher.Hash(ctx, password)
	if err != nil {
		return "", fmt.Errorf("hash password: %w", err)
	}
	return hash, nil
}

// agentEmail returns an e-mail address as it is kept.
func agentEmail(email string) (string, error) {
	email = strings.ToLower(strings.TrimSpace(email))
	parsed, err := mail.ParseAddress(email)
	if err != nil || parsed.Address != email || len(email) > 254 {
		return "", &assistant.Error{
			Code: assistant.CodeInvalid, Field: "email", Message: "email must be an address like mia@quayside.example",
		}
	}
	return email, nil
}

func checkPerson(name string, role access.Role) error {
	switch {
	case strings.TrimSpace(name) == "", utf8.RuneCountInString(name) > maxName, !utf8.ValidString(name), strings.ContainsRune(name, 0):
		return &assistant.Error{Code: assistant.CodeInvalid, Field: "name", Message: "name must have 1 to 200 characters"}
	case !role.Person():
		return errRole()
	}
	return nil
}

func errRole() error {
	return &assistant.Error{Code: assistant.CodeInvalid, Field: "role", Message: "role must be agent, lead or admin"}
}
