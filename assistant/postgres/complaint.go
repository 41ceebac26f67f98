package postgres

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/assistant/desk"
	"github.com/deskhand/deskhand/assistant/desk/plan"
	"github.com/deskhand/deskhand/assistant/webhook"
	"github.com/deskhand/deskhand/prompts"
)

// complaintColumns are the columns of desk.Complaint.
const complaintColumns = `c.id, c.acknowledged_at, c.decide_by, c.decided_at, c.decided_by, c.extended, t.intent, t.language, c.number,
	c.overdue_at, c.progress_at, c.received_at, c.regime, coalesce(c.root_cause, '') AS root_cause, c.status, c.ticket_id,
	t.number AS ticket_number, c.version, c.warn_at, c.warned_at`

// Complaint returns a complaint.
func (s *Store) Complaint(ctx context.Context, id uuid.UUID) (desk.Complaint, error) {
	return loadComplaint(ctx, s.pool, id)
}

// ComplaintByNumber returns the id of the complaint with a number such as "C-17".
func (s *Store) ComplaintByNumber(ctx context.Context, reference string) (uuid.UUID, error) {
	return s.idByNumber(ctx, `SELECT id FROM complaints WHERE number = @number`,
		numbered{kind: "complaint", prefix: "C-", reference: reference})
}

// Complaints returns complaints, the one with the nearest deadline first, open ones before decided ones.
func (s *Store) Complaints(ctx context.Context, f desk.ComplaintFilter) ([]desk.Complaint, error) {
	rows, err := s.pool.Query(ctx, `
		SELECT `+complaintColumns+` FROM complaints c JOIN tickets t ON t.id = c.ticket_id
		WHERE (@status = '' OR c.status = @status) AND (@regime = '' OR c.regime = @regime)
		  AND (@from::timestamptz IS NULL OR c.received_at >= @from) AND (@to::timestamptz IS NULL OR c.received_at < @to)
		ORDER BY c.status <> 'open', c.decide_by, c.id LIMIT @limit`,
		pgx.NamedArgs{
			"status": string(f.Status), "regime": f.Regime, "from": nullTime(f.From), "to": nullTime(f.To), "limit": f.Limit,
		})
	if err != nil {
		return nil, fmt.Errorf("list complaints: %w", err)
	}
	complaints, err := pgx.CollectRows(rows, pgx.RowToStructByName[desk.Complaint])
	if err != nil {
		return nil, fmt.Errorf("list complaints: %w", err)
	}
	return complaints, nil
}

// ComplaintHistory returns what happened to a complaint, oldest first.
func (s *Store) ComplaintHistory(ctx context.Context, id uuid.UUID) ([]desk.ComplaintEntry, error) {
	rows, err := s.pool.Query(ctx, `
		SELECT actor, at, reason, step FROM complaint_history WHERE complaint_id = @id ORDER BY id`, pgx.NamedArgs{"id": id})
	if err != nil {
		return nil, fmt.Errorf("load history of complaint: %w", err)
	}
	entries, err := pgx.CollectRows(rows, pgx.RowToStructByName[desk.ComplaintEntry])
	if err != nil {
		return nil, fmt.Errorf("load history of complaint: %w", err)
	}
	for i, e := range entries {
		at := complaintReason.at(id.String(), string(e.Step), e.Actor)
		if entries[i].Reason, err = s.vault.Open(ctx, s.pool, at, e.Reason); err != nil {
			return nil, err
		}
	}
	return entries, nil
}

// ChangeComplaint implements desk.Store.
func (s *Store) ChangeComplaint(ctx context.Context, c desk.ComplaintChange) (desk.Complaint, error) {
	var after desk.Complaint
	err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		var err error
		if c.Step == desk.ComplaintRegister {
			after, err = s.register(ctx, tx, c)
			return err
		}
		before, err := lockComplaint(ctx, tx, c.ID)
		if err != nil {
			return err
		}
		if before.Version != c.Version {
			return assistant.Errorf(assistant.CodeConflict, "the complaint has changed since you read it: read it again")
		}
		after, err = s.changeComplaint(ctx, tx, before, c)
		return err
	})
	return after, err
}

// register opens a complaint beside a ticket that has none.
func (s *Store) register(ctx context.Context, tx pgx.Tx, c desk.ComplaintChange) (desk.Complaint, error) {
	var complaint desk.Complaint
	ticket, err := lockLatest(ctx, tx, c.TicketID)
	if err != nil {
		return complaint, err
	}
	existing, err := ticketComplaint(ctx, tx, c.TicketID)
	if err != nil {
		return complaint, err
	}
	if existing != nil {
		return *existing, assistant.Errorf(assistant.CodeConflict, "the ticket has a complaint already: %s", existing.Reference())
	}
	regime, err := s.regime(ctx, tx, &c, ticket)
	if err != nil {
		return complaint, err
	}
	complaint = desk.Registered(regime, c.TicketID, c.At)
	if c.Message != nil {
		complaint.AcknowledgedAt = &c.At
	}
	_, err = tx.Exec(ctx, `
		INSERT INTO complaints (id, ticket_id, regime, status, received_at, acknowledged_at, decide_by, progress_at, warn_at)
		VALUES (@id, @ticket_id, @regime, 'open', @received_at, @acknowledged_at, @decide_by, @progress_at, @warn_at)`,
		complaintArgs(complaint))
	if err != nil {
		return complaint, fmt.Errorf("insert complaint: %w", err)
	}
	return s.recordComplaint(ctx, tx, complaint.ID, c)
}

// regime returns the rule book that a registration names or, where it names none, that of the customer's country: what the signed
// token says, or else what the host site said. Why it applies is noted in the registration.
func (s *Store) regime(ctx context.Context, tx pgx.Tx, c *desk.ComplaintChange, ticket assistant.Ticket) (plan.Regime, error) {
	p, err := s.plan(ctx, tx)
	if err != nil {
		return plan.Regime{}, err
	}
	if c.Regime != "" {
		regime, ok := p.Regime(c.Regime)
		if !ok {
			return regime, &assistant.Error{
				Code: assistant.CodeInvalid, Field: "regime", Message: "the desk's plan has no such regime: see GET /v1/desk",
			}
		}
		c.Reason = regime.Name + ": chosen"
		return regime, nil
	}
	around, err := loadCircumstances(ctx, tx, ticket.ConversationID)
	if err != nil {
		return plan.Regime{}, err
	}
	regime := p.RegimeOf(around.Jurisdiction, ticket.Intent)
	switch {
	case around.Jurisdiction == "":
		c.Reason = regime.Name + ": the default, for a customer whose country is not known"
	case slices.Contains(regime.Jurisdictions, around.Jurisdiction):
		c.Reason = regime.Name + ": the customer's country is " + around.Jurisdiction
	default:
		c.Reason = regime.Name + ": the default, because no regime names " + around.Jurisdiction
	}
	return regime, nil
}

// registerAtOnce opens a complaint in the transaction in which its ticket is opened or has a complaint added.
func (s *Store) registerAtOnce(ctx context.Context, tx pgx.Tx, ticketID uuid.UUID, end assistant.Conclusion) error {
	if !end.Explained.Triage.Complains() {
		return nil
	}
	existing, err := ticketComplaint(ctx, tx, ticketID)
	if err != nil || existing != nil {
		return err
	}
	change := desk.ComplaintChange{
		Actor: desk.Actor{Machine: desk.ByCustomer}, At: end.At, Step: desk.ComplaintRegister, TicketID: ticketID,
	}
	if message := end.Acknowledgement; message != nil {
		acknowledged := *message
		if acknowledged.ID == end.Reply.ID {
			acknowledged.Body = "" // it is stored already
		}
		acknowledged.CreatedAt = end.At
		change.Message = &acknowledged
	}
	_, err = s.register(ctx, tx, change)
	return err
}

// changeComplaint takes a locked complaint through a step.
func (s *Store) changeComplaint(ctx context.Context, tx pgx.Tx, before desk.Complaint, c desk.ComplaintChange) (desk.Complaint, error) {
	p, err := s.plan(ctx, tx)
	if err != nil {
		return before, err
	}
	after, err := desk.ApplyComplaint(p, before, c)
	if err != nil {
		return before, err
	}
	_, err = tx.Exec(ctx, `
		UPDATE complaints SET acknowledged_at = @acknowledged_at, decide_by = @decide_by, decided_at = @decided_at,
			decided_by = @decided_by, extended = @extended, overdue_at = @overdue_at, progress_at = @progress_at, regime = @regime,
			root_cause = nullif(@root_cause, ''), status = @status, version = @version, warn_at = @warn_at, warned_at = @warned_at
		WHERE id = @id`, complaintArgs(after))
	if err != nil {
		return before, fmt.Errorf("update complaint: %w", err)
	}
	return s.recordComplaint(ctx, tx, before.ID, c)
}

// recordComplaint stores what the customer is told and the line of history, and tells of the step.
func (s *Store) recordComplaint(ctx context.Context, tx pgx.Tx, id uuid.UUID, c desk.ComplaintChange) (desk.Complaint, error) {
	complaint, err := loadComplaint(ctx, tx, id)
	if err != nil {
		return complaint, err
	}
	var messageID *uuid.UUID
	if c.Message != nil {
		messageID = &c.Message.ID
		if c.Message.Body != "" {
			ticket, err := loadTicket(ctx, tx, complaint.TicketID)
			if err != nil {
				return complaint, err
			}
			if err := s.sendMessage(ctx, tx, ticket.ConversationID, *c.Message); err != nil {
				return complaint, err
			}
		}
	}
	_, err = tx.Exec(ctx, `
		INSERT INTO complaint_history (complaint_id, at, actor, step, reason, message_id)
		VALUES (@id, @at, @actor, @step, @reason, @message_id)`,
		pgx.NamedArgs{
			"id": id, "at": c.At, "actor": c.Actor.String(), "step": string(c.Step), "message_id": messageID,
			"reason": s.vault.Seal(complaintReason.at(id.String(), string(c.Step), c.Actor.String()), c.Reason),
		})
	if err != nil {
		return complaint, fmt.Errorf("insert history: %w", err)
	}
	if c.Actor.Machine == "" {
		err := audit(ctx, tx, Entry{
			Action: "complaint." + string(c.Step), Actor: c.Actor.String(), At: c.At, Detail: withVia(nil, c.Actor),
			SubjectID: id.String(), SubjectKind: "complaint",
		})
		if err != nil {
			return complaint, err
		}
	}
	return complaint, s.emit(ctx, tx, webhook.Event{Type: complaintEvent(c.Step), CreatedAt: c.At, Data: webhook.Complaint{
		ComplaintID: id, DecideBy: complaint.DecideBy.UTC(), Number: complaint.Reference(), Regime: complaint.Regime,
		RootCause: complaint.RootCause, Status: string(complaint.Status), Step: string(c.Step), TicketID: complaint.TicketID,
		TicketNumber: assistant.Ticket{Number: complaint.TicketNumber}.Reference(), Version: complaint.Version,
	}})
}

func complaintEvent(step desk.ComplaintStep) webhook.Type {
	switch step {
	case desk.ComplaintDecide:
		return webhook.ComplaintDecided
	case desk.ComplaintDueSoon:
		return webhook.ComplaintDueSoon
	case desk.ComplaintOverdue:
		return webhook.ComplaintOverdue
	case desk.ComplaintRegister:
		return webhook.ComplaintRegistered
	default:
		return webhook.ComplaintChanged
	}
}

// tendComplaint warns of a deadline, tells that it has passed, and tells the customer of progress: one of them a time, the
// rest when it is looked at next.
func (s *Store) tendComplaint(ctx context.Context, id uuid.UUID, tending desk.Tending) error {
	return pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		complaint, err := lockComplaint(ctx, tx, id)
		if err != nil {
			return err
		}
		for _, step := range complaint.DueSteps(tending.At) {
			change := desk.ComplaintChange{
				Actor: desk.Actor{Machine: desk.ByClock}, At: tending.At, ID: id, Step: step, TicketID: complaint.TicketID,
			}
			if step == desk.ComplaintProgress {
				change.Message = &assistant.Message{
					ID: uuid.Must(uuid.NewV7()), Author: assistant.AuthorAssistant, CreatedAt: tending.At, Language: complaint.Language,
					Body: tending.Text(prompts.ComplaintProgress, complaint.Language),
				}
			}
			if complaint, err = s.changeComplaint(ctx, tx, complaint, change); err != nil {
				return err
			}
		}
		return nil
	})
}

// lockComplaint returns a complaint for a change. The conversation's lock comes first, as everywhere.
func lockComplaint(ctx context.Context, tx pgx.Tx, id uuid.UUID) (desk.Complaint, error) {
	complaint, err := loadComplaint(ctx, tx, id)
	if err != nil {
		return complaint, err
	}
	if _, err := lockLatest(ctx, tx, complaint.TicketID); err != nil {
		return complaint, err
	}
	return loadComplaint(ctx, tx, id)
}

func loadComplaint(ctx context.Context, q querier, id uuid.UUID) (desk.Complaint, error) {
	rows, err := q.Query(ctx, `
		SELECT `+complaintColumns+` FROM complaints c JOIN tickets t ON t.id = c.ticket_id WHERE c.id = @id`, pgx.NamedArgs{"id": id})
	if err != nil {
		return desk.Complaint{}, fmt.Errorf("load complaint: %w", err)
	}
	return collectOne[desk.Complaint](rows, "complaint")
}

// ticketComplaint returns the complaint beside a ticket, or nil.
func ticketComplaint(ctx context.Context, q querier, ticketID uuid.UUID) (*desk.Complaint, error) {
	rows, err := q.Query(ctx, `
		SELECT `+complaintColumns+` FROM complaints c JOIN tickets t ON t.id = c.ticket_id WHERE c.ticket_id = @id`,
		pgx.NamedArgs{"id": ticketID})
	if err != nil {
		return nil, fmt.Errorf("load complaint: %w", err)
	}
	complaint, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[desk.Complaint])
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil //nolint:nilnil // no complaint is an answer, not a failure
	}
	if err != nil {
		return nil, fmt.Errorf("load complaint: %w", err)
	}
	return &complaint, nil
}

func complaintArgs(c desk.Complaint) pgx.NamedArgs {
	return pgx.NamedArgs{
		"id": c.ID, "ticket_id": c.TicketID, "regime": c.Regime, "status": string(c.Status), "received_at": c.ReceivedAt,
		"acknowledged_at": c.AcknowledgedAt, "decide_by": c.DecideBy, "decided_at": c.DecidedAt, "decided_by": c.DecidedBy,
		"extended": c.Extended, "overdue_at": c.OverdueAt, "progress_at": c.ProgressAt, "root_cause": c.RootCause,
		"version": c.Version, "warn_at": c.WarnAt, "warned_at": c.WarnedAt,
	}
}
