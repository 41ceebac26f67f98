package postgres

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/assistant/desk"
)

const (
	// erasedText stands where a text was that the schema wants to be there.
	erasedText = "[erased]"
	// expiryBatch is how many conversations that nobody needs any more are erased in one transaction, so that none is long.
	expiryBatch = 200
	// notErased is what the database calls its refusal to add to an erased conversation.
	notErased = "conversations_not_erased_check"
)

// Subject is whose data is meant: a customer by the reference that the host site knows them by, or one conversation, for
// customers who never said who they are.
type Subject struct {
	ConversationID uuid.UUID
	Ref            string
}

// Erased says how much lost its words.
type Erased struct {
	Conversations int `json:"conversations"`
	Drafts        int `json:"drafts"`
	Events        int `json:"events"`
	Feedback      int `json:"feedback"`
	Messages      int `json:"messages"`
	Notes         int `json:"notes"`
	Tickets       int `json:"tickets"`
}

// Plus adds up two erasures.
func (e Erased) Plus(other Erased) Erased {
	return Erased{
		Conversations: e.Conversations + other.Conversations, Drafts: e.Drafts + other.Drafts, Events: e.Events + other.Events,
		Feedback: e.Feedback + other.Feedback, Messages: e.Messages + other.Messages, Notes: e.Notes + other.Notes,
		Tickets: e.Tickets + other.Tickets,
	}
}

// errRehearsed rolls a rehearsal back.
var errRehearsed = errors.New("rehearsed")

// errErased is what somebody reads who would add to an erased conversation.
func errErased() error {
	return assistant.Errorf(assistant.CodeConflict, "the conversation was erased: nothing can be added to it")
}

// Erase takes away what a customer wrote, what was written to and about them, and who they are. What stays is how the desk
// worked: times, outcomes, codes, the register of complaints, the audit log. It is one transaction, so it is done or not begun.
//
// A customer with work that has not ended is an Error with CodeConflict that names it; one of whom nothing is kept, also after
// an erasure, one with CodeNotFound. The audit log says who erased, under the id that is returned, and not whom.
func (s *Store) Erase(ctx context.Context, subject Subject, actor desk.Actor) (Erased, uuid.UUID, error) {
	id := uuid.Must(uuid.NewV7())
	var erased Erased
	err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		var err error
		if erased, err = s.erase(ctx, tx, subject); err != nil {
			return err
		}
		return s.Audit(ctx, tx, Entry{
			Action: "customer.erase", Actor: actor.String(), SubjectID: id.String(), SubjectKind: "erasure",
			Detail: withVia(map[string]any{"conversations": erased.Conversations}, actor),
		})
	})
	return erased, id, err
}

// RehearseErase returns what Erase would, and changes nothing.
func (s *Store) RehearseErase(ctx context.Context, subject Subject) (Erased, error) {
	var erased Erased
	err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		var err error
		if erased, err = s.erase(ctx, tx, subject); err != nil {
			return err
		}
		return errRehearsed
	})
	if errors.Is(err, errRehearsed) {
		return erased, nil
	}
	return erased, err
}

func (s *Store) erase(ctx context.Context, tx pgx.Tx, subject Subject) (Erased, error) {
	ids, err := subjectConversations(ctx, tx, subject)
	if err != nil {
		return Erased{}, err
	}
	if err := refuseUnsettled(ctx, tx, ids); err != nil {
		return Erased{}, err
	}
	return eraseWords(ctx, tx, ids, s.clock())
}

// subjectConversations finds and locks conversations, in the order in which everybody who locks several does.
func subjectConversations(ctx context.Context, tx pgx.Tx, subject Subject) ([]uuid.UUID, error) {
	rows, err := tx.Query(ctx, `
		SELECT id FROM conversations
		WHERE erased_at IS NULL AND (customer_ref = nullif(@ref, '') OR id = @id) ORDER BY id FOR UPDATE`,
		pgx.NamedArgs{"id": nullID(subject.ConversationID), "ref": subject.Ref})
	if err != nil {
		return nil, fmt.Errorf("lock conversations: %w", err)
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	if err != nil {
		return nil, fmt.Errorf("lock conversations: %w", err)
	}
	if len(ids) == 0 {
		return nil, assistant.Errorf(assistant.CodeNotFound, "nothing is kept of this customer, or no longer")
	}
	return ids, nil
}

// unsettled is SQL that names the work on a conversation c that has not ended.
const unsettled = `(
	SELECT 'ticket DH-' || t.number AS what, t.conversation_id FROM tickets t WHERE t.status <> 'resolved'
	UNION ALL
	SELECT 'complaint C-' || k.number, t.conversation_id FROM complaints k JOIN tickets t ON t.id = k.ticket_id WHERE k.status = 'open'
	UNION ALL
	SELECT 'a question that is being answered', r.conversation_id FROM runs r WHERE r.status = 'running')`

// refuseUnsettled: P1 holds for who wants to be forgotten too, and a complaint has to be decided.
func refuseUnsettled(ctx context.Context, tx pgx.Tx, ids []uuid.UUID) error {
	rows, err := tx.Query(ctx, `SELECT what FROM `+unsettled+` u WHERE u.conversation_id = ANY (@ids) ORDER BY what`,
		pgx.NamedArgs{"ids": ids})
	if err != nil {
		return fmt.Errorf("look for open work: %w", err)
	}
	open, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return fmt.Errorf("look for open work: %w", err)
	}
	if len(open) > 0 {
		return assistant.Errorf(assistant.CodeConflict, "work has not ended: %s: resolve tickets and decide complaints first",
			strings.Join(open, ", "))
	}
	return nil
}

// erasing is one statement of an erasure. Its rows are counted where count is set.
type erasing struct {
	count func(*Erased) *int
	sql   string
}

// evalCase is SQL for the id that package evals gives the case that it makes of a run r: how results with its text are found.
const evalCase = `'desk-' || left(encode(sha256(convert_to('deskhand eval case ' || r.id, 'UTF8')), 'hex'), 12)`

// erasings take the words of conversations @ids, of each table that has some. Test TestErasureReachesEveryTable walks through
// the schema, so that a table that comes later is not forgotten.
func erasings() []erasing {
	const tickets = `(SELECT id FROM tickets WHERE conversation_id = ANY (@ids))`
	return []erasing{
		{func(e *Erased) *int { return &e.Conversations }, `
			UPDATE conversations SET erased_at = @at, customer_ref = NULL, customer_tier = NULL, customer_jurisdiction = NULL,
				claimed_jurisdiction = NULL WHERE id = ANY (@ids)`},
		{nil, `DELETE FROM idempotency_keys WHERE message_id IN (SELECT id FROM messages WHERE conversation_id = ANY (@ids))`},
		{func(e *Erased) *int { return &e.Messages }, `
			UPDATE messages SET body = @erased, client_id = NULL, request_hash = NULL WHERE conversation_id = ANY (@ids)`},
		{nil, `DELETE FROM eval_results WHERE case_id IN (SELECT ` + evalCase + ` FROM runs r WHERE r.conversation_id = ANY (@ids))`},
		{nil, `UPDATE eval_labels SET note = '' WHERE note <> '' AND run_id IN (SELECT id FROM runs WHERE conversation_id = ANY (@ids))`},
		{nil, `UPDATE eval_shadows SET body = '' WHERE run_id IN (SELECT id FROM runs WHERE conversation_id = ANY (@ids))`},
		{nil, `UPDATE runs SET shadow_body = @erased WHERE conversation_id = ANY (@ids) AND shadow_body IS NOT NULL`},
		{func(e *Erased) *int { return &e.Feedback }, `UPDATE feedback SET comment = NULL WHERE conversation_id = ANY (@ids)`},
		{func(e *Erased) *int { return &e.Drafts }, `
			UPDATE drafts SET body = @erased, findings = '[]', notes = '[]', reject_reason = NULL, edits = NULL
			WHERE ticket_id IN ` + tickets},
		{func(e *Erased) *int { return &e.Notes }, `UPDATE ticket_notes SET body = @erased WHERE ticket_id IN ` + tickets},
		{nil, `UPDATE ticket_history SET reason = '', detail = detail - 'override_reason' WHERE ticket_id IN ` + tickets},
		{nil, `
			UPDATE complaint_history SET reason = ''
			WHERE complaint_id IN (SELECT id FROM complaints WHERE ticket_id IN ` + tickets + `)`},
		{func(e *Erased) *int { return &e.Tickets }, `
			UPDATE tickets SET tags = '{}', follow_up_at = NULL, next_check_at = NULL WHERE conversation_id = ANY (@ids)`},
		{func(e *Erased) *int { return &e.Events }, `
			DELETE FROM webhook_events WHERE body -> 'data' ->> 'conversation_id' = ANY (@names)
			   OR type LIKE 'complaint.%' AND body -> 'data' ->> 'ticket_id' IN (SELECT id::text FROM ` + tickets + ` t)`},
	}
}

func eraseWords(ctx context.Context, tx pgx.Tx, ids []uuid.UUID, at time.Time) (Erased, error) {
	names := make([]string, len(ids))
	for i, id := range ids {
		names[i] = id.String()
	}
	args := pgx.NamedArgs{"at": at, "erased": erasedText, "ids": ids, "names": names}
	var erased Erased
	for _, e := range erasings() {
		tag, err := tx.Exec(ctx, e.sql, args)
		if err != nil {
			return erased, fmt.Errorf("erase: %w", err)
		}
		if e.count != nil {
			*e.count(&erased) = int(tag.RowsAffected())
		}
	}
	return erased, nil
}

// Expiring is a conversation that is older than what is kept.
type Expiring struct {
	ID     uuid.UUID `json:"id"`
	LastAt time.Time `json:"last_at"` // when something was said in it, or its last ticket was resolved
}

// expiring is SQL for the conversations that nothing has happened in since @before, and that nobody works on, the oldest first.
const expiring = `
	SELECT c.id, greatest(c.created_at, (SELECT max(m.created_at) FROM messages m WHERE m.conversation_id = c.id),
		(SELECT max(t.resolved_at) FROM tickets t WHERE t.conversation_id = c.id),
		(SELECT max(k.decided_at) FROM complaints k JOIN tickets t ON t.id = k.ticket_id WHERE t.conversation_id = c.id)) AS last_at
	FROM conversations c
	WHERE c.erased_at IS NULL AND c.created_at < @before
	  AND NOT EXISTS (SELECT FROM messages m WHERE m.conversation_id = c.id AND m.created_at >= @before)
	  AND NOT EXISTS (SELECT FROM tickets t WHERE t.conversation_id = c.id AND (t.status <> 'resolved' OR t.resolved_at >= @before))
	  AND NOT EXISTS (
		SELECT FROM complaints k JOIN tickets t ON t.id = k.ticket_id
		WHERE t.conversation_id = c.id AND (k.status = 'open' OR k.decided_at >= @before))
	  AND NOT EXISTS (SELECT FROM runs r WHERE r.conversation_id = c.id AND r.status = 'running')`

// Expiring returns the conversations that EraseExpired would erase, the oldest first, at most limit.
func (s *Store) Expiring(ctx context.Context, before time.Time, limit int) ([]Expiring, error) {
	rows, err := s.pool.Query(ctx, expiring+` ORDER BY c.created_at, c.id LIMIT @limit`,
		pgx.NamedArgs{"before": before, "limit": limit})
	if err != nil {
		return nil, fmt.Errorf("list expiring conversations: %w", err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowToStructByName[Expiring])
	if err != nil {
		return nil, fmt.Errorf("list expiring conversations: %w", err)
	}
	return found, nil
}

// EraseExpired erases, as Erase does, conversations that nothing has happened in since a time and that nobody works on. What
// was done before an error stays done.
func (s *Store) EraseExpired(ctx context.Context, before time.Time, actor desk.Actor) (Erased, error) {
	var total Erased
	for {
		var erased Erased
		err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
			ids, err := lockExpired(ctx, tx, before)
			if err != nil || len(ids) == 0 {
				return err
			}
			if erased, err = eraseWords(ctx, tx, ids, s.clock()); err != nil {
				return err
			}
			return s.Audit(ctx, tx, Entry{
				Action: "customer.expire", Actor: actor.String(), SubjectID: uuid.Must(uuid.NewV7()).String(), SubjectKind: "erasure",
				Detail: withVia(map[string]any{"conversations": erased.Conversations}, actor),
			})
		})
		if err != nil {
			return total, err
		}
		if erased.Conversations == 0 {
			return total, nil
		}
		total = total.Plus(erased)
	}
}

// lockExpired locks a batch. What it waited for may have changed a conversation, so each is looked at again under its lock.
func lockExpired(ctx context.Context, tx pgx.Tx, before time.Time) ([]uuid.UUID, error) {
	args := pgx.NamedArgs{"before": before, "limit": expiryBatch}
	var ids []uuid.UUID
	for _, query := range []string{
		`SELECT id FROM (` + expiring + ` ORDER BY c.created_at, c.id LIMIT @limit) found ORDER BY id`,
		`SELECT id FROM conversations WHERE id = ANY (@ids) ORDER BY id FOR UPDATE`,
		`SELECT id FROM (` + expiring + ` AND c.id = ANY (@ids)) found ORDER BY id`,
	} {
		rows, err := tx.Query(ctx, query, args)
		if err != nil {
			return nil, fmt.Errorf("lock expired conversations: %w", err)
		}
		if ids, err = pgx.CollectRows(rows, pgx.RowTo[uuid.UUID]); err != nil {
			return nil, fmt.Errorf("lock expired conversations: %w", err)
		}
		args["ids"] = ids
	}
	return ids, nil
}
