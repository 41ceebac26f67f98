package postgres

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/assistant/desk"
)

// Export is all that is kept of a customer.
type Export struct {
	Conversations []ExportedConversation `json:"conversations"` // oldest first
	ExportedAt    time.Time              `json:"exported_at"`
	Ref           string                 `json:"customer,omitempty"`
}

// ExportedConversation is a conversation with what hangs on it. Each list holds rows as JSON objects, oldest first, under the
// names of their columns.
type ExportedConversation struct {
	ID                  uuid.UUID       `json:"id"`
	Channel             string          `json:"channel"`
	ClaimedJurisdiction string          `json:"claimed_jurisdiction,omitempty"`
	CreatedAt           time.Time       `json:"created_at"`
	Jurisdiction        string          `json:"jurisdiction,omitempty"`
	Locale              string          `json:"locale,omitempty"`
	Tier                string          `json:"tier,omitempty"`
	Messages            json.RawMessage `json:"messages"`
	Feedback            json.RawMessage `json:"feedback"`
	Tickets             json.RawMessage `json:"tickets"`
	TicketHistory       json.RawMessage `json:"ticket_history"`
	Notes               json.RawMessage `json:"notes"`
	Drafts              json.RawMessage `json:"drafts"`
	Complaints          json.RawMessage `json:"complaints"`
	ComplaintHistory    json.RawMessage `json:"complaint_history"`
	Decisions           json.RawMessage `json:"decisions"` // of the assistant, with the steps that led to each
	Events              json.RawMessage `json:"events"`    // what other systems were told
}

// exported is SQL for a list of rows of a source, without what is the desk's own bookkeeping.
func exported(source, order string) string {
	return `(SELECT coalesce(jsonb_agg(jsonb_strip_nulls(to_jsonb(x) - '{conversation_id,request_hash,next_check_at,position}'::text[])
		ORDER BY ` + order + `), '[]') FROM (` + source + `) x)`
}

// Export returns all that is kept of a customer, as it stood at one moment, and leaves in the audit log who took it. A customer
// of whom nothing is kept is an Error with CodeNotFound.
func (s *Store) Export(ctx context.Context, subject Subject, actor desk.Actor) (Export, error) {
	export := Export{ExportedAt: s.clock().UTC(), Ref: subject.Ref}
	err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `
			SELECT c.id, c.channel, c.created_at, coalesce(c.locale, '') AS locale, coalesce(c.customer_tier, '') AS tier,
				coalesce(c.customer_jurisdiction, '') AS jurisdiction, coalesce(c.claimed_jurisdiction, '') AS claimed_jurisdiction,
				`+exported(`SELECT m.* FROM messages m WHERE conversation_id = c.id`, `x.created_at, x.id`)+` AS messages,
				`+exported(`SELECT f.* FROM feedback f WHERE conversation_id = c.id`, `x.id`)+` AS feedback,
				`+exported(`SELECT t.* FROM tickets t WHERE conversation_id = c.id`, `x.number`)+` AS tickets,
				`+exported(`SELECT h.* FROM ticket_history h JOIN tickets t ON t.id = h.ticket_id WHERE t.conversation_id = c.id`, `x.id`)+
			` AS ticket_history,
				`+exported(`SELECT n.* FROM ticket_notes n JOIN tickets t ON t.id = n.ticket_id WHERE t.conversation_id = c.id`,
			`x.created_at, x.id`)+` AS notes,
				`+exported(`SELECT d.* FROM drafts d JOIN tickets t ON t.id = d.ticket_id WHERE t.conversation_id = c.id`,
			`x.created_at, x.id`)+` AS drafts,
				`+exported(`SELECT k.* FROM complaints k JOIN tickets t ON t.id = k.ticket_id WHERE t.conversation_id = c.id`, `x.number`)+
			` AS complaints,
				`+exported(`SELECT h.* FROM complaint_history h JOIN complaints k ON k.id = h.complaint_id
					JOIN tickets t ON t.id = k.ticket_id WHERE t.conversation_id = c.id`, `x.id`)+` AS complaint_history,
				`+exported(`SELECT r.*, (SELECT coalesce(jsonb_agg(to_jsonb(s) - 'run_id' ORDER BY s.ordinal), '[]')
					FROM run_steps s WHERE s.run_id = r.id) AS steps FROM runs r WHERE r.conversation_id = c.id`, `x.started_at, x.id`)+
			` AS decisions,
				`+exported(`SELECT e.* FROM webhook_events e WHERE e.body -> 'data' ->> 'conversation_id' = c.id::text
					OR e.type LIKE 'complaint.%' AND e.body -> 'data' ->> 'ticket_id' IN (
						SELECT id::text FROM tickets WHERE conversation_id = c.id)`, `x.created_at, x.id`)+
			` AS events
			FROM conversations c WHERE c.erased_at IS NULL AND (c.customer_ref = nullif(@ref, '') OR c.id = @id)
			ORDER BY c.created_at, c.id`,
			pgx.NamedArgs{"id": nullID(subject.ConversationID), "ref": subject.Ref})
		if err != nil {
			return fmt.Errorf("export customer: %w", err)
		}
		if export.Conversations, err = pgx.CollectRows(rows, pgx.RowToStructByName[ExportedConversation]); err != nil {
			return fmt.Errorf("export customer: %w", err)
		}
		if len(export.Conversations) == 0 {
			return assistant.Errorf(assistant.CodeNotFound, "nothing is kept of this customer, or no longer")
		}
		return s.Audit(ctx, tx, Entry{
			Action: "customer.export", Actor: actor.String(), SubjectID: uuid.Must(uuid.NewV7()).String(), SubjectKind: "export",
			Detail: withVia(map[string]any{"conversations": len(export.Conversations)}, actor),
		})
	})
	return export, err
}
