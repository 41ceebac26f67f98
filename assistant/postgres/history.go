package postgres

import (
	"context"
	"fmt"
	"maps"
	"strconv"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/assistant/desk"
)

// AddNote implements desk.Store.
func (s *Store) AddNote(ctx context.Context, actor desk.Actor, ticketID uuid.UUID, note desk.Note) error {
	err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `
			INSERT INTO ticket_notes (id, ticket_id, agent_id, body, created_at)
			VALUES (@id, @ticket_id, @agent_id, @body, @created_at)`,
			pgx.NamedArgs{
				"id": note.ID, "ticket_id": ticketID, "agent_id": note.AgentID,
				"body": s.vault.Seal(noteBody.at(note.ID.String()), note.Body), "created_at": note.CreatedAt,
			})
		if err != nil {
			return fmt.Errorf("insert note: %w", err)
		}
		return audit(ctx, tx, ticketEntry("ticket.note", actor, note.CreatedAt, ticketID))
	})
	if violated(err, "ticket_notes_ticket_id_fkey") {
		return assistant.Errorf(assistant.CodeNotFound, "ticket not found")
	}
	if violated(err, notErased) {
		return errErased()
	}
	return err
}

// History implements desk.Store.
func (s *Store) History(ctx context.Context, ticketID uuid.UUID) ([]desk.Entry, error) {
	if _, err := loadTicket(ctx, s.pool, ticketID); err != nil {
		return nil, err
	}
	rows, err := s.pool.Query(ctx, `
		SELECT actor, at, detail, from_status, reason, step, to_status, version
		FROM ticket_history WHERE ticket_id = @id ORDER BY id`, pgx.NamedArgs{"id": ticketID})
	if err != nil {
		return nil, fmt.Errorf("load history: %w", err)
	}
	entries, err := pgx.CollectRows(rows, pgx.RowToStructByName[desk.Entry])
	if err != nil {
		return nil, fmt.Errorf("load history: %w", err)
	}
	for i := range entries {
		if err := s.openEntry(ctx, ticketID, &entries[i]); err != nil {
			return nil, err
		}
	}
	return entries, nil
}

// overrideReason is where the detail of an entry has an agent's words.
const overrideReason = "override_reason"

// spots are where the words of an entry stand: its reason, and the reason in its detail.
func spots(ticketID uuid.UUID, e desk.Entry) (reason, override Spot) {
	key := []string{ticketID.String(), strconv.Itoa(int(e.Version)), string(e.Step), e.Actor}
	return historyReason.at(key...), historyOverride.at(key...)
}

func (s *Store) openEntry(ctx context.Context, ticketID uuid.UUID, e *desk.Entry) error {
	reason, override := spots(ticketID, *e)
	var err error
	if e.Reason, err = s.vault.Open(ctx, s.pool, reason, e.Reason); err != nil {
		return err
	}
	if words, ok := e.Detail[overrideReason].(string); ok {
		e.Detail[overrideReason], err = s.vault.Open(ctx, s.pool, override, words)
	}
	return err
}

// sealedDetail returns the detail of an entry as it is stored.
func (s *Store) sealedDetail(at Spot, detail map[string]any) map[string]any {
	stored := maps.Clone(detail)
	if words, ok := detail[overrideReason].(string); ok {
		stored[overrideReason] = s.vault.Seal(at, words)
	}
	return stored
}

// insertHistory adds a line to the history of a ticket, in the transaction of what it reports.
func (s *Store) insertHistory(ctx context.Context, tx pgx.Tx, ticketID uuid.UUID, entry desk.Entry) error {
	if _, err := tx.Exec(ctx, insertHistory, s.historyArgs(ticketID, entry)); err != nil {
		return fmt.Errorf("insert history: %w", err)
	}
	return nil
}

// insertHistory adds a line, with historyArgs.
const insertHistory = `
	INSERT INTO ticket_history (ticket_id, at, actor, step, from_status, to_status, reason, detail, version)
	VALUES (@ticket_id, @at, @actor, @step, @from_status, @to_status, @reason, @detail, @version)`

func (s *Store) historyArgs(ticketID uuid.UUID, entry desk.Entry) pgx.NamedArgs {
	if entry.Detail == nil {
		entry.Detail = map[string]any{}
	}
	reason, override := spots(ticketID, entry)
	return pgx.NamedArgs{
		"ticket_id": ticketID, "at": entry.At, "actor": entry.Actor, "step": string(entry.Step),
		"from_status": string(entry.FromStatus), "to_status": string(entry.ToStatus),
		"reason": s.vault.Seal(reason, entry.Reason), "detail": s.sealedDetail(override, entry.Detail), "version": entry.Version,
	}
}

// insertResolution notes what is known of a resolution at its time.
func insertResolution(ctx context.Context, tx pgx.Tx, v saving) error {
	_, err := tx.Exec(ctx, `
		INSERT INTO ticket_resolutions (ticket_id, ordinal, at, outcome, actor)
		SELECT @id, coalesce(max(ordinal), 0) + 1, @at, @outcome, @actor FROM ticket_resolutions WHERE ticket_id = @id`,
		pgx.NamedArgs{"id": v.after.ID, "at": v.change.At, "outcome": string(v.after.Outcome), "actor": v.change.Actor.String()})
	if err != nil {
		return fmt.Errorf("insert resolution: %w", err)
	}
	return nil
}

// changeOutcome notes what became known of the latest resolution of a ticket. A ticket that was merged was not solved there.
func changeOutcome(ctx context.Context, tx pgx.Tx, t assistant.Ticket, outcome assistant.TicketOutcome) error {
	_, err := tx.Exec(ctx, `
		UPDATE ticket_resolutions SET outcome = @outcome
		WHERE ticket_id = @id AND outcome <> 'merged'
		  AND ordinal = (SELECT max(ordinal) FROM ticket_resolutions WHERE ticket_id = @id)`,
		pgx.NamedArgs{"id": t.ID, "outcome": string(outcome)})
	if err != nil {
		return fmt.Errorf("update resolution: %w", err)
	}
	return nil
}

func (s *Store) ticketNotes(ctx context.Context, q querier, ticketID uuid.UUID) ([]desk.Note, error) {
	rows, err := q.Query(ctx, `
		SELECT id, agent_id, body, created_at FROM ticket_notes WHERE ticket_id = @id ORDER BY created_at, id`,
		pgx.NamedArgs{"id": ticketID})
	if err != nil {
		return nil, fmt.Errorf("load notes: %w", err)
	}
	notes, err := pgx.CollectRows(rows, pgx.RowToStructByName[desk.Note])
	if err != nil {
		return nil, fmt.Errorf("load notes: %w", err)
	}
	for i, note := range notes {
		if notes[i].Body, err = s.vault.Open(ctx, q, noteBody.at(note.ID.String()), note.Body); err != nil {
			return nil, err
		}
	}
	return notes, nil
}
