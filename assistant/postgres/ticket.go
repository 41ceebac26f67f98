package postgres

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/assistant/desk"
	"github.com/deskhand/deskhand/assistant/desk/plan"
	"github.com/deskhand/deskhand/assistant/triage"
	"github.com/deskhand/deskhand/assistant/triage/risk"
)

// ticketColumns are the columns of ticketRow.
const ticketColumns = `t.id, t.number, t.conversation_id, t.status, t.priority, t.intent, t.risks, t.reasons, t.language, t.assignee_id,
	t.version, t.respond_by, t.created_at, t.first_response_at, t.resolved_at, t.queue, t.tags, t.awaiting_since, t.respond_warn_at,
	t.resolve_by, t.resolve_warn_at, t.paused_at, t.claim_expires_at, t.hold_until, t.follow_up_at, t.next_check_at, t.merged_into,
	coalesce(t.outcome, '') AS outcome, t.escalations, t.recontacts`

// handOff puts a case into the queue: the conversation's unresolved ticket, which can only become more urgent; one that was
// resolved lately, reopened; or a new one, which it only adds to the batch. The caller holds the conversation's lock.
func (s *Store) handOff(ctx context.Context, tx pgx.Tx, batch *pgx.Batch, h handing) (uuid.UUID, error) {
	found, end, p := h.found, h.end, h.found.plan
	before := found.open
	if before == nil {
		before = found.latest
		if before != nil && (before.ResolvedAt == nil || end.At.Sub(*before.ResolvedAt) > p.Reopen) {
			before = nil
		}
	}
	if before == nil {
		ticket := desk.Opened(p, newTicket(end))
		batch.Queue(insertTicket, ticketArgs(ticket))
		batch.Queue(insertHistory, s.historyArgs(ticket.ID, desk.Entry{
			Actor: desk.ByCustomer, At: end.At, FromStatus: "new", Step: desk.StepOpen, ToStatus: ticket.Status, Version: ticket.Version,
		}))
		return ticket.ID, nil
	}
	return before.ID, s.customerWrote(ctx, tx, p, *before, end)
}

// handing is a hand-over, and what was found when it began.
type handing struct {
	end   assistant.Conclusion
	found lockedRun
}

// customerWrote notes that the customer wrote again and that a person has to answer.
func (s *Store) customerWrote(ctx context.Context, tx pgx.Tx, p *plan.Plan, before assistant.Ticket, end assistant.Conclusion) error {
	if _, err := s.soundAlarms(ctx, tx, before, end.At); err != nil {
		return err
	}
	change := desk.Change{Actor: desk.Actor{Machine: desk.ByCustomer}, At: end.At, Step: desk.StepCustomerWrote, TicketID: before.ID}
	after, err := desk.Apply(p, before, change)
	if err != nil {
		return err
	}
	if before.Status == assistant.TicketResolved {
		if err := changeOutcome(ctx, tx, before, assistant.OutcomeRecontacted); err != nil {
			return err
		}
	}
	t := end.Explained.Triage
	if t.Priority < after.Priority {
		after.Priority, after.Intent = t.Priority, t.Intent
	}
	after.Risks = union(after.Risks, t.Risks)
	after.Reasons = union(after.Reasons, texts(end.Decision.Reasons))
	after = desk.Awaited(p, after, end.At, end.RespondBy)
	return s.saveTicket(ctx, tx, saving{after: after, before: before, change: change})
}

// newTicket is a ticket as the pipeline leaves it, before the desk's plan is applied.
func newTicket(end assistant.Conclusion) assistant.Ticket {
	t := end.Explained.Triage
	return assistant.Ticket{
		ID: uuid.Must(uuid.NewV7()), ConversationID: end.Case.Run.ConversationID, CreatedAt: end.At, Intent: t.Intent,
		Language: end.Explained.Language, Priority: t.Priority, Reasons: texts(end.Decision.Reasons), RespondBy: end.RespondBy,
		Risks: t.Risks, Version: 1,
	}
}

// insertTicket adds a ticket, with ticketArgs.
const insertTicket = `
	INSERT INTO tickets (id, conversation_id, status, priority, intent, risks, reasons, language, respond_by, created_at, queue,
		awaiting_since, respond_warn_at, resolve_by, resolve_warn_at, next_check_at)
	VALUES (@id, @conversation_id, @status, @priority, @intent, @risks, @reasons, @language, @respond_by, @created_at, @queue,
		@awaiting_since, @respond_warn_at, @resolve_by, @resolve_warn_at, @next_check_at)`

// saving is a change of a ticket that was decided and is to be stored.
type saving struct {
	after  assistant.Ticket
	before assistant.Ticket
	change desk.Change
	detail map[string]any // for the history and the audit log
}

// saveTicket stores a ticket with its next version, its history and, for a resolution, what is known of it. The caller has
// locked the ticket, and tells of the change.
func (s *Store) saveTicket(ctx context.Context, tx pgx.Tx, v saving) error {
	t := v.after
	_, err := tx.Exec(ctx, `
		UPDATE tickets SET
			assignee_id = @assignee_id, awaiting_since = @awaiting_since, claim_expires_at = @claim_expires_at,
			escalations = @escalations, first_response_at = @first_response_at, follow_up_at = @follow_up_at,
			hold_until = @hold_until, intent = @intent, merged_into = @merged_into, next_check_at = @next_check_at,
			outcome = nullif(@outcome, ''), paused_at = @paused_at, priority = @priority, queue = @queue, reasons = @reasons,
			recontacts = @recontacts, resolve_by = @resolve_by, resolve_warn_at = @resolve_warn_at, resolved_at = @resolved_at,
			respond_by = @respond_by, respond_warn_at = @respond_warn_at, risks = @risks, status = @status, tags = @tags,
			version = version + 1
		WHERE id = @id`, ticketArgs(t))
	if err != nil {
		return fmt.Errorf("update ticket: %w", err)
	}
	if t.Status == assistant.TicketResolved && v.before.Status != assistant.TicketResolved {
		if err := insertResolution(ctx, tx, v); err != nil {
			return err
		}
	}
	return s.insertHistory(ctx, tx, t.ID, desk.Entry{
		Actor: v.change.Actor.String(), At: v.change.At, Detail: withVia(v.detail, v.change.Actor), FromStatus: v.before.Status,
		Reason: v.change.Reason, Step: v.change.Step, ToStatus: t.Status, Version: v.before.Version + 1,
	})
}

func ticketArgs(t assistant.Ticket) pgx.NamedArgs {
	return pgx.NamedArgs{
		"assignee_id": t.AssigneeID, "awaiting_since": t.AwaitingSince, "claim_expires_at": t.ClaimExpiresAt,
		"conversation_id": t.ConversationID, "created_at": t.CreatedAt, "escalations": t.Escalations,
		"first_response_at": t.FirstResponseAt, "follow_up_at": t.FollowUpAt, "hold_until": t.HoldUntil, "id": t.ID,
		"intent": t.Intent, "language": t.Language, "merged_into": t.MergedInto, "next_check_at": t.NextCheckAt,
		"outcome": string(t.Outcome), "paused_at": t.PausedAt, "priority": string(t.Priority), "queue": t.Queue,
		"reasons": t.Reasons, "recontacts": t.Recontacts, "resolve_by": t.ResolveBy, "resolve_warn_at": t.ResolveWarnAt,
		"resolved_at": t.ResolvedAt, "respond_by": t.RespondBy, "respond_warn_at": t.RespondWarnAt, "risks": texts(t.Risks),
		"status": string(t.Status), "tags": append([]string{}, t.Tags...),
	}
}

// union returns both lists as one, each value once, in order.
func union[S ~string](a, b []S) []S {
	return slices.Compact(slices.Sorted(slices.Values(slices.Concat(a, b))))
}

// selectNewestFirst reads the tickets of a conversation. At most one is not resolved.
const selectNewestFirst = `SELECT ` + ticketColumns + ` FROM tickets t WHERE t.conversation_id = @id ORDER BY t.number DESC`

// latestTicket returns the newest ticket of a conversation, or nil.
func latestTicket(ctx context.Context, q querier, conversationID uuid.UUID) (*assistant.Ticket, error) {
	rows, err := q.Query(ctx, selectNewestFirst+` LIMIT 1`, pgx.NamedArgs{"id": conversationID})
	if err != nil {
		return nil, fmt.Errorf("load ticket: %w", err)
	}
	return collectTicket(rows)
}

// collectTicket returns the only ticket of rows, or nil.
func collectTicket(rows pgx.Rows) (*assistant.Ticket, error) {
	row, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[ticketRow])
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil //nolint:nilnil // no ticket is an answer, not a failure
	}
	if err != nil {
		return nil, fmt.Errorf("load ticket: %w", err)
	}
	ticket := row.ticket()
	return &ticket, nil
}

const selectTicket = `SELECT ` + ticketColumns + ` FROM tickets t WHERE t.id = @id`

func loadTicket(ctx context.Context, q querier, id uuid.UUID) (assistant.Ticket, error) {
	rows, err := q.Query(ctx, selectTicket, pgx.NamedArgs{"id": id})
	if err != nil {
		return assistant.Ticket{}, fmt.Errorf("load ticket: %w", err)
	}
	row, err := collectOne[ticketRow](rows, "ticket")
	return row.ticket(), err
}

// TicketByNumber returns the id of the ticket with a number such as "DH-1042".
func (s *Store) TicketByNumber(ctx context.Context, reference string) (uuid.UUID, error) {
	return s.idByNumber(ctx, `SELECT id FROM tickets WHERE number = @number`, numbered{kind: "ticket", prefix: "DH-", reference: reference})
}

// numbered is a thing that people name by a number.
type numbered struct{ kind, prefix, reference string }

// idByNumber looks up by a number with or without its prefix, in either case.
func (s *Store) idByNumber(ctx context.Context, query string, n numbered) (uuid.UUID, error) {
	text, _ := strings.CutPrefix(strings.ToUpper(n.reference), n.prefix)
	number, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return uuid.Nil, assistant.Errorf(assistant.CodeNotFound, "%s not found", n.kind)
	}
	rows, err := s.pool.Query(ctx, query, pgx.NamedArgs{"number": number})
	if err != nil {
		return uuid.Nil, fmt.Errorf("look %s up: %w", n.kind, err)
	}
	type row struct{ ID uuid.UUID }
	found, err := collectOne[row](rows, n.kind)
	return found.ID, err
}

// ticketRow is a row of tickets.
type ticketRow struct {
	ID              uuid.UUID
	AssigneeID      *uuid.UUID
	AwaitingSince   *time.Time
	ClaimExpiresAt  *time.Time
	ConversationID  uuid.UUID
	CreatedAt       time.Time
	Escalations     int
	FirstResponseAt *time.Time
	FollowUpAt      *time.Time
	HoldUntil       *time.Time
	Intent          string
	Language        string
	MergedInto      *uuid.UUID
	NextCheckAt     *time.Time
	Number          int64
	Outcome         string
	PausedAt        *time.Time
	Priority        string
	Queue           string
	Reasons         []string
	Recontacts      int
	ResolveBy       *time.Time
	ResolveWarnAt   *time.Time
	ResolvedAt      *time.Time
	RespondBy       time.Time
	RespondWarnAt   *time.Time
	Risks           []string
	Status          string
	Tags            []string
	Version         int32
}

func (r ticketRow) ticket() assistant.Ticket {
	return assistant.Ticket{
		ID: r.ID, AssigneeID: r.AssigneeID, AwaitingSince: r.AwaitingSince, ClaimExpiresAt: r.ClaimExpiresAt,
		ConversationID: r.ConversationID, CreatedAt: r.CreatedAt, Escalations: r.Escalations, FirstResponseAt: r.FirstResponseAt,
		FollowUpAt: r.FollowUpAt, HoldUntil: r.HoldUntil, Intent: r.Intent, Language: r.Language, MergedInto: r.MergedInto,
		NextCheckAt: r.NextCheckAt, Number: r.Number, Outcome: assistant.TicketOutcome(r.Outcome), PausedAt: r.PausedAt,
		Priority: triage.Priority(r.Priority), Queue: r.Queue, Reasons: r.Reasons, Recontacts: r.Recontacts,
		ResolveBy: r.ResolveBy, ResolveWarnAt: r.ResolveWarnAt, ResolvedAt: r.ResolvedAt, RespondBy: r.RespondBy,
		RespondWarnAt: r.RespondWarnAt, Risks: values[risk.Risk](r.Risks), Status: assistant.TicketStatus(r.Status),
		Tags: r.Tags, Version: r.Version,
	}
}
