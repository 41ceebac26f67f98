package postgres

import (
	"context"
	"fmt"
	"strconv"

	"github.com/jackc/pgx/v5"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/assistant/desk"
)

const macroColumns = `id, name, language, body, version, updated_at, updated_by`

// Macros returns all macros, by name and language.
func (s *Store) Macros(ctx context.Context) ([]desk.Macro, error) {
	rows, err := s.pool.Query(ctx, `SELECT `+macroColumns+` FROM macros ORDER BY name, language`)
	if err != nil {
		return nil, fmt.Errorf("list macros: %w", err)
	}
	macros, err := pgx.CollectRows(rows, pgx.RowToStructByName[desk.Macro])
	if err != nil {
		return nil, fmt.Errorf("list macros: %w", err)
	}
	return macros, nil
}

// Macro returns a macro, or an Error with CodeNotFound.
func (s *Store) Macro(ctx context.Context, id int64) (desk.Macro, error) {
	rows, err := s.pool.Query(ctx, `SELECT `+macroColumns+` FROM macros WHERE id = @id`, pgx.NamedArgs{"id": id})
	if err != nil {
		return desk.Macro{}, fmt.Errorf("load macro: %w", err)
	}
	return collectOne[desk.Macro](rows, "macro")
}

// AddMacro keeps a macro. A name that is taken in its language is an Error with CodeConflict.
func (s *Store) AddMacro(ctx context.Context, m desk.Macro, actor string) (desk.Macro, error) {
	return s.saveMacro(ctx, macroChange{action: "macro.add", actor: actor, macro: m, statement: `
		INSERT INTO macros (name, language, body, updated_at, updated_by) VALUES (@name, @language, @body, @now, @actor)
		RETURNING ` + macroColumns})
}

// UpdateMacro replaces a macro, if it still has the version that was seen.
func (s *Store) UpdateMacro(ctx context.Context, m desk.Macro, actor string) (desk.Macro, error) {
	before, err := s.Macro(ctx, m.ID)
	if err != nil {
		return before, err
	}
	changed, err := s.saveMacro(ctx, macroChange{action: "macro.update", actor: actor, macro: m, statement: `
		UPDATE macros SET name = @name, language = @language, body = @body, updated_at = @now, updated_by = @actor, version = version + 1
		WHERE id = @id AND version = @version RETURNING ` + macroColumns})
	if assistant.ErrorCode(err) == assistant.CodeNotFound {
		return before, assistant.Errorf(assistant.CodeConflict, "the macro was changed since: read it again")
	}
	return changed, err
}

// RemoveMacro removes a macro. What was sent with it stays as it was sent.
func (s *Store) RemoveMacro(ctx context.Context, id int64, actor string) error {
	_, err := s.saveMacro(ctx, macroChange{
		action: "macro.remove", actor: actor, macro: desk.Macro{ID: id},
		statement: `DELETE FROM macros WHERE id = @id RETURNING ` + macroColumns,
	})
	return err
}

// macroChange is a statement that returns the macro it changed, and how the audit log calls it.
type macroChange struct {
	action    string
	actor     string
	macro     desk.Macro
	statement string
}

func (s *Store) saveMacro(ctx context.Context, c macroChange) (desk.Macro, error) {
	var saved desk.Macro
	err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, c.statement, pgx.NamedArgs{
			"actor": c.actor, "body": c.macro.Body, "id": c.macro.ID, "language": c.macro.Language, "name": c.macro.Name,
			"now": s.clock(), "version": c.macro.Version,
		})
		if err != nil {
			return fmt.Errorf("save macro: %w", err)
		}
		if saved, err = collectOne[desk.Macro](rows, "macro"); err != nil {
			return err
		}
		return audit(ctx, tx, Entry{
			Action: c.action, Actor: c.actor, At: s.clock(), SubjectID: strconv.FormatInt(saved.ID, 10), SubjectKind: "macro",
		})
	})
	if violated(err, "macros_name_key") {
		return saved, &assistant.Error{
			Code: assistant.CodeConflict, Field: "name", Message: "there is a macro of this name in this language: change that one",
		}
	}
	return saved, err
}
