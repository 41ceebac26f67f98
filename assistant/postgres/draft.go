package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/deskhand/deskhand/assistant"
)

// AddDraft implements assistant.Store.
func (s *Store) AddDraft(ctx context.Context, runID uuid.UUID, proposal assistant.Proposal) error {
	run, err := s.loadRun(ctx, s.pool, runID)
	if err != nil {
		return err
	}
	if run.Ticket == nil {
		return assistant.Errorf(assistant.CodeConflict, "the run was not handed off: there is no ticket for a draft")
	}
	args, err := s.draftArgs(draftRow{At: s.clock(), Proposal: proposal, RunID: runID, TicketID: run.Ticket.ID})
	if err != nil {
		return err
	}
	_, err = s.pool.Exec(ctx, insertDraft, args)
	if violated(err, notErased) {
		return errErased()
	}
	if err != nil {
		return fmt.Errorf("insert draft: %w", err)
	}
	return nil
}

// draftRow is what a row of drafts is made from.
type draftRow struct {
	At       time.Time
	Proposal assistant.Proposal
	RunID    uuid.UUID
	TicketID uuid.UUID
}

// insertDraft stores the only draft of a run, with draftArgs; a job that ran twice changes nothing.
const insertDraft = `
	INSERT INTO drafts (id, ticket_id, run_id, body, language, citations, findings, notes, method, confidence, created_at)
	VALUES (@id, @ticket_id, @run_id, @body, @language, @citations, @findings, @notes, @method, @confidence, @created_at)
	ON CONFLICT ON CONSTRAINT drafts_run_key DO NOTHING`

func (s *Store) draftArgs(row draftRow) (pgx.NamedArgs, error) {
	findings := row.Proposal.Verdict.Findings
	if findings == nil {
		findings = []assistant.Finding{}
	}
	id := uuid.Must(uuid.NewV7())
	sealed, err := s.vault.sealJSON(draftFindings.at(id.String()), findings)
	if err != nil {
		return nil, err
	}
	notes, err := s.vault.sealJSON(draftNotes.at(id.String()), append([]assistant.Note{}, row.Proposal.Notes...))
	if err != nil {
		return nil, err
	}
	return pgx.NamedArgs{
		"id":         id,
		"ticket_id":  row.TicketID,
		"run_id":     row.RunID,
		"body":       s.vault.Seal(draftBody.at(id.String()), row.Proposal.Draft.Text()),
		"language":   row.Proposal.Draft.Language,
		"citations":  append([]assistant.Citation{}, row.Proposal.Draft.Citations()...),
		"findings":   sealed,
		"notes":      notes,
		"method":     row.Proposal.Draft.Method,
		"confidence": row.Proposal.Confidence,
		"created_at": row.At,
	}, nil
}
