package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// Entry is one line of the audit log: who did what to which thing. Detail holds ids and counts, never customer text.
type Entry struct {
	Action      string // "ticket.claim"
	Actor       string // an agent's id, or "cli"
	At          time.Time
	Detail      map[string]any
	SubjectID   string
	SubjectKind string
}

// audit writes an entry in the transaction of what it reports, so that neither can exist alone.
func audit(ctx context.Context, tx pgx.Tx, entry Entry) error {
	detail := entry.Detail
	if detail == nil {
		detail = map[string]any{}
	}
	_, err := tx.Exec(ctx, `
		INSERT INTO audit_log (at, actor, action, subject_kind, subject_id, detail)
		VALUES (@at, @actor, @action, @subject_kind, @subject_id, @detail)`,
		pgx.NamedArgs{
			"at": entry.At, "actor": entry.Actor, "action": entry.Action, "subject_kind": entry.SubjectKind,
			"subject_id": entry.SubjectID, "detail": detail,
		})
	if err != nil {
		return fmt.Errorf("write audit entry: %w", err)
	}
	return nil
}
