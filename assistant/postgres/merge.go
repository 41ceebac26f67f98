package postgres

import (
	"bytes"
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/assistant/desk"
)

// Merge implements desk.Store: the work on a ticket goes on in another one of the same customer, which takes over its
// urgency, risks, reasons and tags.
func (s *Store) Merge(ctx context.Context, c desk.Change) (assistant.Ticket, error) {
	var merged assistant.Ticket
	err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		from, into, err := lockBoth(ctx, tx, c)
		if err != nil {
			return err
		}
		if into.Status == assistant.TicketResolved {
			return assistant.Errorf(assistant.CodeConflict, "the other ticket is resolved: reopen it first")
		}
		if merged, err = s.change(ctx, tx, from, c); err != nil {
			return err
		}
		return s.takeMerged(ctx, tx, from, into, c)
	})
	return merged, err
}

// takeMerged gives the other ticket what the merged one had.
func (s *Store) takeMerged(ctx context.Context, tx pgx.Tx, from, into assistant.Ticket, c desk.Change) error {
	p, err := s.plan(ctx, tx)
	if err != nil {
		return err
	}
	take := desk.Change{
		Actor: desk.Actor{ID: c.Actor.ID, Lead: true}, At: c.At, Reason: c.Reason, Step: desk.StepTake, TicketID: into.ID,
	}
	joined := into
	joined.Priority = into.Priority.Higher(from.Priority)
	joined.Risks, joined.Reasons = union(into.Risks, from.Risks), union(into.Reasons, from.Reasons)
	joined.Tags = union(into.Tags, from.Tags)
	after, err := desk.Apply(p, joined, take)
	if err != nil {
		return err
	}
	if from.AwaitingSince != nil {
		after = desk.Awaited(p, after, *from.AwaitingSince, from.RespondBy)
	}
	detail := map[string]any{"merged_from": from.ID}
	if err := s.saveTicket(ctx, tx, saving{after: after, before: into, change: take, detail: detail}); err != nil {
		return err
	}
	if after, err = loadTicket(ctx, tx, into.ID); err != nil {
		return err
	}
	return s.emitChange(ctx, tx, take, after)
}

// lockBoth locks two tickets in the order of their conversations, so that two agents who merge the same pair either way
// never wait for each other.
func lockBoth(ctx context.Context, tx pgx.Tx, c desk.Change) (from, into assistant.Ticket, err error) {
	if c.Into == nil || *c.Into == c.TicketID {
		return from, into, &assistant.Error{Code: assistant.CodeInvalid, Field: "into", Message: "into must name another ticket"}
	}
	if from, err = loadTicket(ctx, tx, c.TicketID); err != nil {
		return from, into, err
	}
	if into, err = loadTicket(ctx, tx, *c.Into); err != nil {
		return from, into, err
	}
	first, second := from.ConversationID, into.ConversationID
	if bytes.Compare(second[:], first[:]) < 0 {
		first, second = second, first
	}
	for _, id := range []uuid.UUID{first, second} {
		if err := lockConversation(ctx, tx, id); err != nil {
			return from, into, err
		}
	}
	if err := sameCustomer(ctx, tx, from.ConversationID, into.ConversationID); err != nil {
		return from, into, err
	}
	if from, err = lockTicket(ctx, tx, from.ID, c.Version); err != nil {
		return from, into, err
	}
	into, err = loadTicket(ctx, tx, into.ID)
	return from, into, err
}

// sameCustomer refuses two conversations that are known to be of different customers, or that came through different keys:
// the reply to one would not reach the other. Where no customer is known, the agent says so by merging.
func sameCustomer(ctx context.Context, tx pgx.Tx, one, other uuid.UUID) error {
	rows, err := tx.Query(ctx, `
		SELECT a.api_key_id IS NOT DISTINCT FROM b.api_key_id AND coalesce(a.customer_ref = b.customer_ref, true)
		FROM conversations a, conversations b WHERE a.id = @one AND b.id = @other`, pgx.NamedArgs{"one": one, "other": other})
	if err != nil {
		return fmt.Errorf("compare customers: %w", err)
	}
	same, err := pgx.CollectExactlyOneRow(rows, pgx.RowTo[bool])
	if err != nil {
		return fmt.Errorf("compare customers: %w", err)
	}
	if !same {
		return &assistant.Error{Code: assistant.CodeInvalid, Field: "into", Message: "the tickets are of different customers"}
	}
	return nil
}
