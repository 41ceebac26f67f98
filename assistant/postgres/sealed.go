package postgres

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/deskhand/deskhand/assistant/seal"
)

// The places where texts are sealed. Test TestDumpHoldsNoWordOfACustomer walks through the schema, so that one that comes later is
// not forgotten.
var (
	candidateBody   = textPlace("eval_shadows", "body", "candidate", "run_id").shown("candidates", "body")
	complaintReason = textPlace("complaint_history", "reason", "complaint_id", "step", "actor").shown("complaint_history", "reason")
	draftBody       = textPlace("drafts", "body", "id").shown("drafts", "body")
	draftEdits      = jsonPlace("drafts", "edits", "id").shown("drafts", "edits")
	draftFindings   = jsonPlace("drafts", "findings", "id").shown("drafts", "findings")
	draftNotes      = jsonPlace("drafts", "notes", "id").shown("drafts", "notes")
	draftRejection  = textPlace("drafts", "reject_reason", "id").shown("drafts", "reject_reason")
	endpointSecret  = textPlace("webhook_endpoints", "secret", "id")
	evalResult      = jsonPlace("eval_results", "result", "run_id", "case_id", "repeat_index").shown("evaluations", "result")
	feedbackComment = textPlace("feedback", "comment", "conversation_id", "message_id").shown("feedback", "comment")
	historyReason   = textPlace("ticket_history", "reason", "ticket_id", "version", "step", "actor").shown("ticket_history", "reason")
	labelNote       = textPlace("eval_labels", "note", "run_id", "reviewer_id").shown("reviews", "note")
	messageBody     = textPlace("messages", "body", "id").shown("messages", "body")
	noteBody        = textPlace("ticket_notes", "body", "id").shown("notes", "body")
	shadowBody      = textPlace("runs", "shadow_body", "id").shown("decisions", "shadow_body")

	// historyOverride is in the detail of an entry, under its name.
	historyOverride = &place{
		column: `x.detail ->> '` + overrideReason + `'`, export: "ticket_history", field: []string{"detail", overrideReason},
		key: historyReason.key, name: "ticket_history." + overrideReason,
		replace: `detail = jsonb_set(detail, '{` + overrideReason + `}', to_jsonb(@text::text))`, table: "ticket_history",
	}
	// oldEndpointSecret is bound to the same name as the secret: it was that one before.
	oldEndpointSecret = &place{
		column: "x.old_secret", key: endpointSecret.key, name: endpointSecret.name, replace: "old_secret = @text",
		table: endpointSecret.table,
	}
)

func places() []*place {
	return []*place{
		candidateBody, complaintReason, draftBody, draftEdits, draftFindings, draftNotes, draftRejection, endpointSecret, evalResult,
		feedbackComment, historyOverride, historyReason, labelNote, messageBody, noteBody, oldEndpointSecret, shadowBody,
	}
}

// AtCandidate is where what a candidate would have said of a run stands.
func AtCandidate(candidate string, runID uuid.UUID) Spot {
	return candidateBody.at(candidate, runID.String())
}

// AtDraft is where a draft's body stands.
func AtDraft(id uuid.UUID) Spot { return draftBody.at(id.String()) }

// AtLabelNote is where a reviewer's note on a run stands.
func AtLabelNote(runID, reviewerID uuid.UUID) Spot {
	return labelNote.at(runID.String(), reviewerID.String())
}

// AtMessage is where a message's body stands.
func AtMessage(id uuid.UUID) Spot { return messageBody.at(id.String()) }

// AtShadow is where what the desk would have said of a run stands.
func AtShadow(runID uuid.UUID) Spot { return shadowBody.at(runID.String()) }

func textPlace(table, column string, key ...string) *place {
	return &place{column: "x." + column, key: key, name: table + "." + column, replace: column + " = @text", table: table}
}

func jsonPlace(table, column string, key ...string) *place {
	p := textPlace(table, column, key...)
	p.json, p.replace = true, column+" = jsonb_build_array(@text::text)"
	return p
}

// title is what people read: the column, where another one is bound to the same name.
func (p *place) title() string {
	if p == oldEndpointSecret {
		return "webhook_endpoints.old_secret"
	}
	return p.name
}

// shown says which field of which list of an export has it.
func (p *place) shown(list string, field ...string) *place {
	p.export, p.field = list, field
	return p
}

// stored is SQL of what may be a sealed text, of a row x.
func (p *place) stored() string {
	if p.json {
		return p.column + ` ->> 0`
	}
	return p.column
}

// open is SQL of the condition under which a row x has something that is not sealed.
func (p *place) open() string {
	if p.json {
		return `(` + p.column + ` NOT IN ('[]', 'null') AND NOT coalesce(is_sealed(` + p.stored() + `), false))`
	}
	return `(` + p.column + ` NOT IN ('', '` + erasedText + `') AND NOT is_sealed(` + p.column + `))`
}

// row is SQL of what a spot calls a row x.
func (p *place) row() string {
	columns := make([]string, len(p.key))
	for i, column := range p.key {
		columns[i] = "x." + column + "::text"
	}
	return `concat(` + strings.Join(columns, `, '/', `) + `)`
}

// openExport opens the sealed texts of an exported conversation.
func (s *Store) openExport(ctx context.Context, q querier, c *ExportedConversation) error {
	lists := map[string]*json.RawMessage{
		"candidates": &c.Candidates, "complaint_history": &c.ComplaintHistory, "decisions": &c.Decisions, "drafts": &c.Drafts,
		"evaluations": &c.Evaluations, "feedback": &c.Feedback, "messages": &c.Messages, "notes": &c.Notes, "reviews": &c.Reviews,
		"ticket_history": &c.TicketHistory,
	}
	for name, list := range lists {
		if !strings.Contains(string(*list), seal.Prefix) {
			continue
		}
		var rows []map[string]any
		decoder := json.NewDecoder(strings.NewReader(string(*list)))
		decoder.UseNumber() // ids are longer than a float is exact
		if err := decoder.Decode(&rows); err != nil {
			return fmt.Errorf("read exported %s: %w", name, err)
		}
		for _, row := range rows {
			if err := s.openExported(ctx, q, name, exportedRow{conversation: c.ID, row: row}); err != nil {
				return err
			}
		}
		opened, err := json.Marshal(rows)
		if err != nil {
			return fmt.Errorf("write exported %s: %w", name, err)
		}
		*list = opened
	}
	return nil
}

// exportedRow is a row of a list of an export, which does not name its conversation again.
type exportedRow struct {
	conversation uuid.UUID
	row          map[string]any
}

func (s *Store) openExported(ctx context.Context, q querier, list string, r exportedRow) error {
	for _, p := range places() {
		if p.export != list {
			continue
		}
		inside := r.row
		for _, field := range p.field[:len(p.field)-1] {
			inside, _ = inside[field].(map[string]any)
		}
		last := p.field[len(p.field)-1]
		at := p.at(r.key(p)...)
		switch stored := inside[last].(type) {
		case string:
			text, err := s.vault.Open(ctx, q, at, stored)
			if err != nil {
				return err
			}
			inside[last] = text
		case []any:
			encoded, err := json.Marshal(stored)
			if err != nil {
				return fmt.Errorf("read exported %s: %w", list, err)
			}
			opened, err := s.vault.openJSON(ctx, q, at, encoded)
			if err != nil {
				return err
			}
			inside[last] = json.RawMessage(opened)
		}
	}
	return nil
}

func (r exportedRow) key(p *place) []string {
	values := make([]string, len(p.key))
	for i, column := range p.key {
		switch value := r.row[column].(type) {
		case nil: // null, or left out because the list is the conversation's
			if column == "conversation_id" {
				values[i] = r.conversation.String()
			}
		default:
			values[i] = fmt.Sprint(value)
		}
	}
	return values
}

// sealBatch is how many rows are sealed in one transaction, so that none is long.
const sealBatch = 200

// SealAll seals what is stored as it is, from before there was a vault. observe is told of each batch, nil for nobody. It may be
// broken off and called again, also by several replicas at a time: what is sealed stays sealed. Without a vault that seals it does
// nothing.
func (s *Store) SealAll(ctx context.Context, observe func(place string, rows int)) (sealed int, err error) {
	if !s.vault.Seals() {
		return 0, nil
	}
	for again := true; again; {
		again = false
		for _, p := range places() {
			rows, err := s.sealPlace(ctx, p, observe)
			sealed += rows
			if err != nil {
				return sealed, err
			}
			// A row that somebody changes meanwhile may move behind the place that is looked at: until a pass finds none.
			again = again || rows > 0
		}
	}
	return sealed, nil
}

func (s *Store) sealPlace(ctx context.Context, p *place, observe func(string, int)) (sealed int, err error) {
	after := "(0,0)"
	for {
		var found []lockedText
		err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
			var err error
			if found, err = p.lock(ctx, tx, p.open(), after); err != nil {
				return err
			}
			return s.sealRows(ctx, tx, p, found)
		})
		if err != nil {
			return sealed, fmt.Errorf("seal %s: %w", p.name, err)
		}
		if len(found) == 0 {
			return sealed, nil
		}
		after = found[len(found)-1].Tid
		sealed += len(found)
		if observe != nil {
			observe(p.name, len(found))
		}
	}
}

// lockedText is what a place holds in a row that is locked.
type lockedText struct {
	Row  string
	Text string
	Tid  string
}

// lock returns and locks up to sealBatch rows behind a ctid that meet a condition, and passes over those that somebody else works on.
func (p *place) lock(ctx context.Context, tx pgx.Tx, condition, after string) ([]lockedText, error) {
	rows, err := tx.Query(ctx, `
		SELECT `+p.row()+` AS row, (`+p.column+`)::text AS text, x.ctid::text AS tid FROM `+p.table+` x
		WHERE x.ctid > @after::text::tid AND `+condition+` ORDER BY x.ctid LIMIT @limit FOR UPDATE SKIP LOCKED`,
		pgx.NamedArgs{"after": after, "limit": sealBatch})
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByName[lockedText])
}

func (s *Store) sealRows(ctx context.Context, tx pgx.Tx, p *place, found []lockedText) error {
	var batch pgx.Batch
	for _, text := range found {
		batch.Queue(`UPDATE `+p.table+` SET `+p.replace+` WHERE ctid = @tid::text::tid`,
			pgx.NamedArgs{"text": s.vault.Seal(Spot{place: p, row: text.Row}, text.Text), "tid": text.Tid})
	}
	return tx.SendBatch(ctx, &batch).Close()
}
