package postgres

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
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
	Decisions           json.RawMessage `json:"decisions"`   // of the assistant, with the steps that led to each
	Evaluations         json.RawMessage `json:"evaluations"` // with cases that were made from this conversation
	Reviews             json.RawMessage `json:"reviews"`     // what reviewers said of decisions
	Candidates          json.RawMessage `json:"candidates"`  // what another policy or model would have done
	Events              json.RawMessage `json:"events"`      // what other systems were told
}

// exportedLists is SQL for the lists of an ExportedConversation, of a conversation c.
func exportedLists() string {
	const ofTicket = ` JOIN tickets t ON t.id = x.ticket_id WHERE t.conversation_id = c.id`
	const row = `to_jsonb(x)`
	lists := []struct{ name, row, from, order string }{
		{"messages", row, `messages x WHERE x.conversation_id = c.id`, `x.created_at, x.id`},
		{"feedback", row, `feedback x WHERE x.conversation_id = c.id`, `x.id`},
		{"tickets", row, `tickets x WHERE x.conversation_id = c.id`, `x.number`},
		{"ticket_history", row, `ticket_history x` + ofTicket, `x.id`},
		{"notes", row, `ticket_notes x` + ofTicket, `x.created_at, x.id`},
		{"drafts", row, `drafts x` + ofTicket, `x.created_at, x.id`},
		{"complaints", row, `complaints x` + ofTicket, `x.number`},
		{
			"complaint_history", row,
			`complaint_history x JOIN complaints k ON k.id = x.complaint_id JOIN tickets t ON t.id = k.ticket_id
			 WHERE t.conversation_id = c.id`, `x.id`,
		},
		{
			"decisions", row + ` || jsonb_build_object('steps', (
				SELECT coalesce(jsonb_agg(to_jsonb(s) - 'run_id' ORDER BY s.ordinal), '[]') FROM run_steps s WHERE s.run_id = x.id))`,
			`runs x WHERE x.conversation_id = c.id`, `x.started_at, x.id`,
		},
		{
			"evaluations", row, `eval_results x JOIN runs r ON x.case_id = ` + evalCase + ` WHERE r.conversation_id = c.id`,
			`x.run_id, x.case_id, x.repeat_index`,
		},
		{"reviews", row, `eval_labels x JOIN runs r ON r.id = x.run_id WHERE r.conversation_id = c.id`, `x.labelled_at, x.run_id`},
		{"candidates", row, `eval_shadows x JOIN runs r ON r.id = x.run_id WHERE r.conversation_id = c.id`, `x.asked_at, x.candidate`},
		{
			"events", row, `webhook_events x WHERE x.body -> 'data' ->> 'conversation_id' = c.id::text
				OR x.type LIKE 'complaint.%' AND x.body -> 'data' ->> 'ticket_id' IN (
					SELECT t.id::text FROM tickets t WHERE t.conversation_id = c.id)`, `x.created_at, x.id`,
		},
	}
	columns := make([]string, len(lists))
	for i, list := range lists {
		// Without what is the desk's own bookkeeping.
		columns[i] = `(SELECT coalesce(jsonb_agg(jsonb_strip_nulls((` + list.row + `)
			- '{conversation_id,request_hash,next_check_at,position}'::text[]) ORDER BY ` + list.order + `), '[]') FROM ` + list.from +
			`) AS ` + list.name
	}
	return strings.Join(columns, ", ")
}

// Export returns all that is kept of a customer, as it stood at one moment, and leaves in the audit log who took it. A customer
// of whom nothing is kept is an Error with CodeNotFound.
func (s *Store) Export(ctx context.Context, subject Subject, actor desk.Actor) (Export, error) {
	export := Export{ExportedAt: s.clock().UTC(), Ref: subject.Ref}
	err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `
			SELECT c.id, c.channel, c.created_at, coalesce(c.locale, '') AS locale, coalesce(c.customer_tier, '') AS tier,
				coalesce(c.customer_jurisdiction, '') AS jurisdiction, coalesce(c.claimed_jurisdiction, '') AS claimed_jurisdiction,
				`+exportedLists()+`
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
		for i := range export.Conversations {
			if err := s.openExport(ctx, tx, &export.Conversations[i]); err != nil {
				return err
			}
		}
		return s.Audit(ctx, tx, Entry{
			Action: "customer.export", Actor: actor.String(), SubjectID: uuid.Must(uuid.NewV7()).String(), SubjectKind: "export",
			Detail: withVia(map[string]any{"conversations": len(export.Conversations)}, actor),
		})
	})
	return export, err
}
