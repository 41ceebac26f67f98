package postgres

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/assistant/desk"
)

// Change implements desk.Store.
func (s *Store) Change(ctx context.Context, c desk.Change) (assistant.Ticket, error) {
	var ticket assistant.Ticket
	err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		before, err := lockTicket(ctx, tx, c.TicketID, c.Version)
		if err != nil {
			return err
		}
		if err := checkAssignee(ctx, tx, c); err != nil {
			return err
		}
		ticket, err = s.change(ctx, tx, before, c)
		return err
	})
	if violated(err, "tickets_assignee_id_fkey") {
		return ticket, &assistant.Error{Code: assistant.CodeInvalid, Field: "agent_id", Message: "there is no such agent"}
	}
	return ticket, err
}

// checkAssignee refuses to give a ticket to who has no access any more: it would wait for nobody.
func checkAssignee(ctx context.Context, tx pgx.Tx, c desk.Change) error {
	if c.Step != desk.StepAssign || c.Assignee == nil {
		return nil
	}
	rows, err := tx.Query(ctx, `SELECT EXISTS (SELECT FROM agents WHERE id = @id AND disabled_at IS NOT NULL)`,
		pgx.NamedArgs{"id": c.Assignee})
	if err != nil {
		return fmt.Errorf("look agent up: %w", err)
	}
	disabled, err := pgx.CollectExactlyOneRow(rows, pgx.RowTo[bool])
	if err != nil {
		return fmt.Errorf("look agent up: %w", err)
	}
	if disabled {
		return &assistant.Error{Code: assistant.CodeInvalid, Field: "agent_id", Message: "this agent is disabled"}
	}
	return nil
}

// change takes a locked ticket through a step.
func (s *Store) change(ctx context.Context, tx pgx.Tx, before assistant.Ticket, c desk.Change) (assistant.Ticket, error) {
	p, err := s.plan(ctx, tx)
	if err != nil {
		return before, err
	}
	after, err := desk.Apply(p, before, c)
	if err != nil {
		return before, err
	}
	// What the clock had to say of the ticket as it was, it says before the ticket is another.
	if _, err := s.soundAlarms(ctx, tx, before, c.At); err != nil {
		return before, err
	}
	if c.Step == desk.StepOutcome {
		if err := changeOutcome(ctx, tx, before, c.Outcome); err != nil {
			return before, err
		}
	}
	if err := s.saveTicket(ctx, tx, saving{after: after, before: before, change: c, detail: changeDetail(before, after)}); err != nil {
		return before, err
	}
	if c.Actor.Machine == "" {
		entry := ticketEntry(auditAction(c.Step, after), c.Actor, c.At, c.TicketID)
		if err := audit(ctx, tx, entry); err != nil {
			return before, err
		}
	}
	if after, err = loadTicket(ctx, tx, before.ID); err != nil {
		return before, err
	}
	return after, s.emitChange(ctx, tx, c, after)
}

// auditAction names a step in the audit log: the state that it led to, or the step itself where the state stays.
func auditAction(step desk.Step, after assistant.Ticket) string {
	switch step {
	case desk.StepClaim, desk.StepRelease, desk.StepResolve:
		return "ticket." + string(after.Status)
	default:
		return "ticket." + string(step)
	}
}

// changeDetail is what a step changed beside the state, in ids and codes.
func changeDetail(before, after assistant.Ticket) map[string]any {
	detail := map[string]any{}
	if before.Priority != after.Priority {
		detail["priority"] = []string{string(before.Priority), string(after.Priority)}
	}
	if before.Queue != after.Queue {
		detail["queue"] = []string{before.Queue, after.Queue}
	}
	if after.AssigneeID != nil && (before.AssigneeID == nil || *before.AssigneeID != *after.AssigneeID) {
		detail["assignee_id"] = after.AssigneeID
	}
	if after.MergedInto != nil {
		detail["merged_into"] = after.MergedInto
	}
	if before.Outcome != after.Outcome {
		detail["outcome"] = after.Outcome
	}
	if after.HoldUntil != nil {
		detail["until"] = after.HoldUntil
	}
	return detail
}

// Detail implements desk.Store.
func (s *Store) Detail(ctx context.Context, ticketID uuid.UUID) (desk.Detail, error) {
	var detail desk.Detail
	var err error
	if detail.Ticket, err = loadTicket(ctx, s.pool, ticketID); err != nil {
		return detail, err
	}
	if detail.Conversation, err = s.Conversation(ctx, detail.Ticket.ConversationID); err != nil {
		return detail, err
	}
	if detail.Drafts, err = s.ticketDrafts(ctx, s.pool, ticketID); err != nil {
		return detail, err
	}
	if detail.Notes, err = s.ticketNotes(ctx, s.pool, ticketID); err != nil {
		return detail, err
	}
	if detail.Complaint, err = ticketComplaint(ctx, s.pool, ticketID); err != nil {
		return detail, err
	}
	detail.Trail, err = trail(ctx, s.pool, detail.Ticket.ConversationID)
	return detail, err
}

// RecordUnmask implements desk.Store.
func (s *Store) RecordUnmask(ctx context.Context, look desk.Unmasking) error {
	return pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		entry := ticketEntry("ticket.unmask", look.Actor, look.At, look.TicketID)
		entry.Detail = withVia(map[string]any{"reason": look.Reason}, look.Actor)
		return audit(ctx, tx, entry)
	})
}

// Send implements desk.Store.
func (s *Store) Send(ctx context.Context, sending desk.Sending) (assistant.Ticket, error) {
	var ticket assistant.Ticket
	err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		before, err := lockTicket(ctx, tx, sending.Reply.TicketID, sending.Reply.Version)
		if err != nil {
			return err
		}
		p, err := s.plan(ctx, tx)
		if err != nil {
			return err
		}
		change := desk.Change{Actor: sending.Actor, At: sending.At, Step: desk.StepReject, TicketID: before.ID}
		if sending.Message != nil {
			change.Step = desk.StepReply
		}
		after, err := desk.Apply(p, before, change)
		if err != nil {
			return err
		}
		if _, err := s.soundAlarms(ctx, tx, before, sending.At); err != nil {
			return err
		}
		if err := s.saveSent(ctx, tx, sending, saving{after: after, before: before, change: change}); err != nil {
			return err
		}
		if ticket, err = loadTicket(ctx, tx, before.ID); err != nil {
			return err
		}
		return s.emitSent(ctx, tx, sending, ticket)
	})
	return ticket, err
}

// saveSent stores a reply, the fate of its draft and the ticket after it.
func (s *Store) saveSent(ctx context.Context, tx pgx.Tx, sending desk.Sending, v saving) error {
	if sending.Message != nil {
		if err := s.insertMessage(ctx, tx, v.before.ConversationID, *sending.Message); err != nil {
			return err
		}
	}
	if err := s.decideDraft(ctx, tx, sending); err != nil {
		return err
	}
	v.detail = map[string]any{"action": sending.Reply.Action, "draft_id": sending.Reply.DraftID}
	if len(sending.Overridden) > 0 {
		v.detail["overridden"], v.detail[overrideReason] = sending.Overridden, sending.Reply.Override.Reason
	}
	if err := s.saveTicket(ctx, tx, v); err != nil {
		return err
	}
	entry := ticketEntry("ticket.reply", sending.Actor, sending.At, v.before.ID)
	entry.Detail = withVia(v.detail, sending.Actor)
	delete(entry.Detail, overrideReason) // words about a customer can be erased from the history, and from the audit log never
	return audit(ctx, tx, entry)
}

func (s *Store) decideDraft(ctx context.Context, tx pgx.Tx, sending desk.Sending) error {
	if sending.Fate == "" {
		return nil
	}
	id := sending.Reply.DraftID.String()
	args := pgx.NamedArgs{
		"fate": sending.Fate, "decided_by": sending.Actor.ID, "decided_at": sending.At, "sent_as": nil,
		"reason": s.vault.Seal(draftRejection.at(id), sending.Reply.Reason), "id": sending.Reply.DraftID, "ticket_id": sending.Reply.TicketID,
		"code": string(sending.Reply.Code), "edit_distance": nil, "edit_share": nil, "edits": nil,
	}
	if sending.Message != nil {
		args["sent_as"] = sending.Message.ID
	}
	if e := sending.Edits; e != nil {
		edits, err := s.vault.sealJSON(draftEdits.at(id), e.Edits)
		if err != nil {
			return err
		}
		args["edit_distance"], args["edit_share"], args["edits"] = e.Distance, e.Share, edits
	}
	tag, err := tx.Exec(ctx, `
		UPDATE drafts SET fate = @fate, decided_by = @decided_by, decided_at = @decided_at, sent_as = @sent_as,
			reject_reason = nullif(@reason, ''), reject_code = nullif(@code, ''), edit_distance = @edit_distance,
			edit_share = @edit_share, edits = @edits
		WHERE id = @id AND ticket_id = @ticket_id AND fate = 'pending'`, args)
	if err != nil {
		return fmt.Errorf("decide draft: %w", err)
	}
	if tag.RowsAffected() == 0 {
		return assistant.Errorf(assistant.CodeConflict, "the draft was decided before")
	}
	return nil
}

// lockTicket returns the ticket for a change, if the caller saw its latest version. The conversation's lock comes first,
// as it does when a run concludes, so that the two can wait for each other but never for ever.
func lockTicket(ctx context.Context, tx pgx.Tx, id uuid.UUID, version int32) (assistant.Ticket, error) {
	ticket, err := loadTicket(ctx, tx, id)
	if err != nil {
		return ticket, err
	}
	if err := lockConversation(ctx, tx, ticket.ConversationID); err != nil {
		return ticket, err
	}
	if ticket, err = loadTicket(ctx, tx, id); err != nil {
		return ticket, err
	}
	if ticket.Version != version {
		return ticket, assistant.Errorf(assistant.CodeConflict, "the ticket has changed since you read it: read it again")
	}
	return ticket, nil
}

func (s *Store) ticketDrafts(ctx context.Context, q querier, ticketID uuid.UUID) ([]desk.Draft, error) {
	rows, err := q.Query(ctx, `
		SELECT id, body, citations, coalesce(confidence, 0)::float8 AS confidence, created_at, fate, findings AS stored_findings, language,
			method, notes AS stored_notes, coalesce(reject_reason, '') AS reject_reason, run_id, coalesce(reject_code, '') AS reject_code,
			coalesce(edit_distance, 0) AS edit_distance, coalesce(edit_share, 0)::float8 AS edit_share,
			coalesce(edits, '[]') AS stored_edits
		FROM drafts WHERE ticket_id = @id ORDER BY created_at DESC, id DESC`, pgx.NamedArgs{"id": ticketID})
	if err != nil {
		return nil, fmt.Errorf("load drafts: %w", err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowToStructByNameLax[storedDraft])
	if err != nil {
		return nil, fmt.Errorf("load drafts: %w", err)
	}
	drafts := make([]desk.Draft, len(found))
	for i, row := range found {
		if drafts[i], err = s.openDraft(ctx, q, row); err != nil {
			return nil, err
		}
	}
	return drafts, nil
}

// storedDraft is a row of drafts: lists of a draft may be sealed.
type storedDraft struct {
	desk.Draft

	StoredEdits    []byte
	StoredFindings []byte
	StoredNotes    []byte
}

func (s *Store) openDraft(ctx context.Context, q querier, row storedDraft) (desk.Draft, error) {
	draft, id := row.Draft, row.ID.String()
	var err error
	if draft.Body, err = s.vault.Open(ctx, q, draftBody.at(id), draft.Body); err != nil {
		return draft, err
	}
	if draft.RejectReason, err = s.vault.Open(ctx, q, draftRejection.at(id), draft.RejectReason); err != nil {
		return draft, err
	}
	for _, list := range []struct {
		at     *place
		into   any
		stored []byte
	}{
		{draftEdits, &draft.Edits, row.StoredEdits},
		{draftFindings, &draft.Findings, row.StoredFindings},
		{draftNotes, &draft.Notes, row.StoredNotes},
	} {
		opened, err := s.vault.openJSON(ctx, q, list.at.at(id), list.stored)
		if err != nil {
			return draft, err
		}
		if err := json.Unmarshal(opened, list.into); err != nil {
			return draft, fmt.Errorf("read draft: %w", err)
		}
	}
	return draft, nil
}

func ticketEntry(action string, actor desk.Actor, at time.Time, ticketID uuid.UUID) Entry {
	return Entry{
		Action: action, Actor: actor.String(), At: at, Detail: withVia(nil, actor), SubjectID: ticketID.String(), SubjectKind: "ticket",
	}
}

// withVia adds to a detail how the actor acted, where they had not logged in. The detail that is given stays as it is.
func withVia(detail map[string]any, actor desk.Actor) map[string]any {
	with := make(map[string]any, len(detail)+1)
	maps.Copy(with, detail)
	if actor.Via != "" {
		with["via"] = actor.Via
	}
	return with
}

// trail reads how the runs of a conversation went.
func trail(ctx context.Context, q querier, conversationID uuid.UUID) ([]desk.Trace, error) {
	rows, err := q.Query(ctx, `
		SELECT r.id AS run_id, r.started_at, r.outcome, r.reasons, coalesce(r.confidence, 0)::float8 AS confidence,
			coalesce((
				SELECT jsonb_agg(jsonb_build_object('stage', s.stage, 'status', s.status,
					'duration_ns', s.duration_us * 1000, 'detail', s.detail) ORDER BY s.ordinal)
				FROM run_steps s WHERE s.run_id = r.id), '[]') AS steps
		FROM runs r WHERE r.conversation_id = @id AND r.status = 'concluded' ORDER BY r.started_at, r.id`,
		pgx.NamedArgs{"id": conversationID})
	if err != nil {
		return nil, fmt.Errorf("load trail: %w", err)
	}
	traces, err := pgx.CollectRows(rows, pgx.RowToStructByName[desk.Trace])
	if err != nil {
		return nil, fmt.Errorf("load trail: %w", err)
	}
	return traces, nil
}

var _ desk.Store = (*Store)(nil)
