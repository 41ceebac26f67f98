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

// audit writes an entry in the transaction of what it reports, so that neither can exist alone. The database chains it when
// the transaction commits.
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

// Audit writes an entry in the transaction of a change that another package makes, with the present time.
func (s *Store) Audit(ctx context.Context, tx pgx.Tx, entry Entry) error {
	entry.At = s.clock()
	return audit(ctx, tx, entry)
}

// Record writes an entry about something that changes nothing in the database, such as a look at personal data.
func (s *Store) Record(ctx context.Context, entry Entry) error {
	return pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error { return s.Audit(ctx, tx, entry) })
}

// Recorded is an entry as it stands in the log.
type Recorded struct {
	Entry

	ID       int64
	Position int64 // its place in the chain
}

// AuditFilter selects entries. Zero fields select all.
type AuditFilter struct {
	Action      string // "session.begin", or all of a kind: "session."
	Actor       string
	Before      int64 // only entries at an earlier place of the chain; 0 begins at the end
	Limit       int   // 1 to MaxAuditPage
	Since       time.Time
	SubjectID   string
	SubjectKind string
	Until       time.Time
}

// MaxAuditPage is the most entries that are read at once: a page of 500, and one that tells whether there is another.
const MaxAuditPage = 501

// selectAudit reads Recorded with the conditions of a filter. An action that ends in a dot stands for all of its kind.
const selectAudit = `
	SELECT l.id, c.position, l.at, l.actor, l.action, l.subject_kind, l.subject_id, l.detail
	FROM audit_chain c JOIN audit_log l ON l.id = c.entry_id
	WHERE (@action = '' OR l.action = @action OR right(@action, 1) = '.' AND starts_with(l.action, @action))
	  AND (@actor = '' OR l.actor = @actor)
	  AND (@subject_kind = '' OR l.subject_kind = @subject_kind)
	  AND (@subject_id = '' OR l.subject_id = @subject_id)
	  AND (@since::timestamptz IS NULL OR l.at >= @since)
	  AND (@until::timestamptz IS NULL OR l.at < @until)`

// AuditLog returns entries, the latest first.
func (s *Store) AuditLog(ctx context.Context, f AuditFilter) ([]Recorded, error) {
	if f.Limit < 1 || f.Limit > MaxAuditPage {
		f.Limit = MaxAuditPage
	}
	args := f.args()
	args["before"], args["limit"] = f.Before, f.Limit
	return s.auditEntries(ctx, selectAudit+` AND (@before = 0 OR c.position < @before) ORDER BY c.position DESC LIMIT @limit`, args)
}

// auditPage returns the entries after a place of the chain, the oldest first.
func (s *Store) auditPage(ctx context.Context, f AuditFilter, after int64) ([]Recorded, error) {
	args := f.args()
	args["after"], args["limit"] = after, MaxAuditPage
	return s.auditEntries(ctx, selectAudit+` AND c.position > @after ORDER BY c.position LIMIT @limit`, args)
}

func (s *Store) auditEntries(ctx context.Context, sql string, args pgx.NamedArgs) ([]Recorded, error) {
	rows, err := s.pool.Query(ctx, sql, args)
	if err != nil {
		return nil, fmt.Errorf("list audit entries: %w", err)
	}
	entries, err := pgx.CollectRows(rows, pgx.RowToStructByName[Recorded])
	if err != nil {
		return nil, fmt.Errorf("list audit entries: %w", err)
	}
	return entries, nil
}

func (f AuditFilter) args() pgx.NamedArgs {
	return pgx.NamedArgs{
		"action": f.Action, "actor": f.Actor, "since": nullTime(f.Since), "subject_id": f.SubjectID, "subject_kind": f.SubjectKind,
		"until": nullTime(f.Until),
	}
}

// nullTime maps the zero time to SQL's null.
func nullTime(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// EachAuditEntry calls do with every entry that a filter selects, the oldest first. Limit and Before do not count.
func (s *Store) EachAuditEntry(ctx context.Context, f AuditFilter, do func(Recorded) error) error {
	f.Limit, f.Before = 0, 0
	last := int64(0)
	for {
		page, err := s.auditPage(ctx, f, last)
		if err != nil {
			return err
		}
		for _, entry := range page {
			if err := do(entry); err != nil {
				return err
			}
			last = entry.Position
		}
		if len(page) < MaxAuditPage {
			return nil
		}
	}
}
