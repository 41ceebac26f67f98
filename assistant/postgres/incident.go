package postgres

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/assistant/webhook"
)

// NoticeState is where a notice stands.
type NoticeState string

// The states.
const (
	NoticeActive    NoticeState = "active"
	NoticeDraft     NoticeState = "draft" // without a start: it answers nothing
	NoticeEnded     NoticeState = "ended"
	NoticeScheduled NoticeState = "scheduled"
)

// Schedule is a notice with its times.
type Schedule struct {
	assistant.Notice

	EndsAt   *time.Time // nil for until somebody ends it
	StartsAt *time.Time // nil for a draft
}

// StoredNotice is a notice as it is kept.
type StoredNotice struct {
	Schedule

	CreatedBy string
	UpdatedAt *time.Time
	UpdatedBy string
	Version   int32
}

// State is where the notice stands at a time.
func (n StoredNotice) State(now time.Time) NoticeState {
	switch {
	case n.StartsAt == nil:
		return NoticeDraft
	case n.EndsAt != nil && !n.EndsAt.After(now):
		return NoticeEnded
	case n.StartsAt.After(now):
		return NoticeScheduled
	}
	return NoticeActive
}

const noticeColumns = `id, intents, jurisdictions, languages, texts, starts_at, ends_at, created_by, updated_at,
	coalesce(updated_by, '') AS updated_by, version`

// maxNotices is how many notices a list holds: the newest.
const maxNotices = 500

// Notices returns the newest notices, the newest first, in all states or in one.
func (s *Store) Notices(ctx context.Context, state NoticeState) ([]StoredNotice, error) {
	rows, err := s.pool.Query(ctx, `SELECT `+noticeColumns+` FROM incident_notices ORDER BY id DESC LIMIT @limit`,
		pgx.NamedArgs{"limit": maxNotices})
	if err != nil {
		return nil, fmt.Errorf("list notices: %w", err)
	}
	all, err := pgx.CollectRows(rows, pgx.RowToStructByName[StoredNotice])
	if err != nil {
		return nil, fmt.Errorf("list notices: %w", err)
	}
	notices := []StoredNotice{}
	for _, notice := range all {
		if state == "" || notice.State(s.clock()) == state {
			notices = append(notices, notice)
		}
	}
	return notices, nil
}

// Notice returns a notice.
func (s *Store) Notice(ctx context.Context, id int64) (StoredNotice, error) {
	rows, err := s.pool.Query(ctx, `SELECT `+noticeColumns+` FROM incident_notices WHERE id = @id`, pgx.NamedArgs{"id": id})
	if err != nil {
		return StoredNotice{}, fmt.Errorf("load notice: %w", err)
	}
	return collectOne[StoredNotice](rows, "incident notice")
}

// SetNotice puts an incident notice in force and returns its id.
func (s *Store) SetNotice(ctx context.Context, notice assistant.Notice, actor string) (int64, error) {
	now := s.clock()
	stored, err := s.AddNotice(ctx, Schedule{Notice: notice, StartsAt: &now}, actor)
	return stored.ID, err
}

// AddNotice keeps a notice. What it says is for assistant.Notice.Check to judge, before.
func (s *Store) AddNotice(ctx context.Context, n Schedule, actor string) (StoredNotice, error) {
	var stored StoredNotice
	if err := checkTimes(n); err != nil {
		return stored, err
	}
	err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		var err error
		stored, err = s.insertNotice(ctx, tx, n, actor)
		return err
	})
	return stored, err
}

func (s *Store) insertNotice(ctx context.Context, tx pgx.Tx, n Schedule, actor string) (StoredNotice, error) {
	rows, err := tx.Query(ctx, `
		INSERT INTO incident_notices (intents, jurisdictions, languages, texts, starts_at, ends_at, created_by,
			start_told, end_told)
		VALUES (@intents, @jurisdictions, @languages, @texts, @starts_at::timestamptz, @ends_at::timestamptz, @actor,
			@starts_at::timestamptz IS NULL, @ends_at::timestamptz IS NULL)
		RETURNING `+noticeColumns, s.noticeArgs(n, actor))
	if err != nil {
		return StoredNotice{}, fmt.Errorf("insert notice: %w", err)
	}
	stored, err := collectOne[StoredNotice](rows, "incident notice")
	if err != nil {
		return stored, err
	}
	action := "notice.start"
	if stored.State(s.clock()) != NoticeActive {
		action = "notice.add"
	}
	if err := audit(ctx, tx, noticeEntry(action, actor, s.clock(), stored.ID)); err != nil {
		return stored, err
	}
	return stored, s.tellNotices(ctx, tx, actor)
}

func (s *Store) noticeArgs(n Schedule, actor string) pgx.NamedArgs {
	return pgx.NamedArgs{
		"id": n.ID, "intents": n.Intents, "jurisdictions": texts(n.Jurisdictions), "languages": texts(n.Languages), "texts": n.Texts,
		"starts_at": n.StartsAt, "ends_at": n.EndsAt, "actor": actor, "now": s.clock(),
	}
}

// checkTimes refuses an end without or before its start.
func checkTimes(n Schedule) error {
	if n.EndsAt != nil && (n.StartsAt == nil || !n.EndsAt.After(*n.StartsAt)) {
		return &assistant.Error{Code: assistant.CodeInvalid, Field: "ends_at", Message: "ends_at must lie after starts_at"}
	}
	return nil
}

// UpdateNotice replaces a notice that has not ended, if it still has the version that was seen. Giving a draft a start puts it in
// force.
func (s *Store) UpdateNotice(ctx context.Context, n Schedule, version int32, actor string) (StoredNotice, error) {
	var stored StoredNotice
	if err := checkTimes(n); err != nil {
		return stored, err
	}
	err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		before, err := lockedNotice(ctx, tx, n.ID)
		if err != nil {
			return err
		}
		switch state := before.State(s.clock()); {
		case before.Version != version:
			return assistant.Errorf(assistant.CodeConflict, "the notice was changed since: read it again")
		case state == NoticeEnded:
			return assistant.Errorf(assistant.CodeConflict, "the notice has ended: make another one")
		case state == NoticeActive && (n.StartsAt == nil || n.StartsAt.After(s.clock())):
			return &assistant.Error{
				Code: assistant.CodeConflict, Field: "starts_at", Message: "the notice is in force: end it instead",
			}
		}
		args := s.noticeArgs(n, actor)
		rows, err := tx.Query(ctx, `
			UPDATE incident_notices SET intents = @intents, jurisdictions = @jurisdictions, languages = @languages, texts = @texts,
				start_told = start_told AND starts_at IS NOT NULL OR @starts_at::timestamptz IS NULL,
				end_told = @ends_at::timestamptz IS NULL,
				starts_at = @starts_at::timestamptz, ends_at = @ends_at::timestamptz, updated_at = @now,
				updated_by = @actor, version = version + 1
			WHERE id = @id RETURNING `+noticeColumns, args)
		if err != nil {
			return fmt.Errorf("update notice: %w", err)
		}
		if stored, err = collectOne[StoredNotice](rows, "incident notice"); err != nil {
			return err
		}
		if err := audit(ctx, tx, noticeEntry("notice.update", actor, s.clock(), n.ID)); err != nil {
			return err
		}
		return s.tellNotices(ctx, tx, actor)
	})
	return stored, err
}

func lockedNotice(ctx context.Context, tx pgx.Tx, id int64) (StoredNotice, error) {
	rows, err := tx.Query(ctx, `SELECT `+noticeColumns+` FROM incident_notices WHERE id = @id FOR UPDATE`, pgx.NamedArgs{"id": id})
	if err != nil {
		return StoredNotice{}, fmt.Errorf("lock notice: %w", err)
	}
	return collectOne[StoredNotice](rows, "incident notice")
}

// EndNotice takes an incident notice out of force, or off the schedule.
func (s *Store) EndNotice(ctx context.Context, id int64, actor string) error {
	return pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		before, err := lockedNotice(ctx, tx, id)
		state := before.State(s.clock())
		if assistant.ErrorCode(err) == assistant.CodeNotFound || err == nil && (state == NoticeEnded || state == NoticeDraft) {
			return assistant.Errorf(assistant.CodeNotFound, "no active incident notice has this id")
		}
		if err != nil {
			return err
		}
		// One that has not begun ends where it begins, and nobody is told of either.
		_, err = tx.Exec(ctx, `
			UPDATE incident_notices SET ends_at = @now, starts_at = least(starts_at, @now), start_told = true, end_told = NOT @active,
				updated_at = @now, updated_by = @actor, version = version + 1
			WHERE id = @id`, pgx.NamedArgs{"id": id, "now": s.clock(), "actor": actor, "active": state == NoticeActive})
		if err != nil {
			return fmt.Errorf("end notice: %w", err)
		}
		if err := audit(ctx, tx, noticeEntry("notice.end", actor, s.clock(), id)); err != nil {
			return err
		}
		return s.tellNotices(ctx, tx, actor)
	})
}

// RemoveDraft forgets a notice that was never in force.
func (s *Store) RemoveDraft(ctx context.Context, id int64, actor string) error {
	return pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		before, err := lockedNotice(ctx, tx, id)
		if err != nil {
			return err
		}
		if before.State(s.clock()) != NoticeDraft {
			return assistant.Errorf(assistant.CodeConflict, "only a draft can be removed: end the notice instead")
		}
		if _, err := tx.Exec(ctx, `DELETE FROM incident_notices WHERE id = @id`, pgx.NamedArgs{"id": id}); err != nil {
			return fmt.Errorf("remove draft: %w", err)
		}
		return audit(ctx, tx, noticeEntry("notice.remove", actor, s.clock(), id))
	})
}

// TellNotices tells of scheduled starts and ends whose time has come, once on all replicas together. Whether a notice answers
// does not wait for it.
func (s *Store) TellNotices(ctx context.Context) error {
	return pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error { return s.tellNotices(ctx, tx, "schedule") })
}

func (s *Store) tellNotices(ctx context.Context, tx pgx.Tx, actor string) error {
	for _, change := range []struct {
		event  webhook.Type
		update string
	}{
		{webhook.IncidentStarted, `start_told = true WHERE NOT start_told AND starts_at <= @now`},
		{webhook.IncidentEnded, `end_told = true WHERE NOT end_told AND ends_at <= @now`},
	} {
		rows, err := tx.Query(ctx, `UPDATE incident_notices SET `+change.update+` RETURNING id, intents`, pgx.NamedArgs{"now": s.clock()})
		if err != nil {
			return fmt.Errorf("note events of notices: %w", err)
		}
		due, err := pgx.CollectRows(rows, pgx.RowToStructByName[struct {
			ID      int64
			Intents []string
		}])
		if err != nil {
			return fmt.Errorf("note events of notices: %w", err)
		}
		for _, notice := range due {
			err := s.emit(ctx, tx, webhook.Event{Type: change.event, CreatedAt: s.clock(), Data: webhook.Incident{
				ChangedBy: actor, Intents: notice.Intents, NoticeID: notice.ID,
			}})
			if err != nil {
				return err
			}
		}
	}
	return nil
}

func noticeEntry(action, actor string, at time.Time, id int64) Entry {
	return Entry{Action: action, Actor: actor, At: at, SubjectID: strconv.FormatInt(id, 10), SubjectKind: "notice"}
}
