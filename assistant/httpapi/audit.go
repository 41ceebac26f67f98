package httpapi

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/deskhand/deskhand/assistant/access"
	"github.com/deskhand/deskhand/assistant/postgres"
)

type auditInput struct {
	Action      string    `doc:"One action, or all of a kind: \"session.\"" example:"agent.set_role" maxLength:"100" query:"action"`
	Actor       string    `doc:"An agent's id, or cli." maxLength:"200" query:"actor"`
	Cursor      string    `doc:"next_cursor of the page before." maxLength:"20" query:"cursor"`
	Limit       int       `default:"50" doc:"Entries on a page." maximum:"500" minimum:"1" query:"limit"`
	Since       time.Time `doc:"Not before this time." query:"since"`
	SubjectID   string    `maxLength:"200" query:"subject_id"`
	SubjectKind string    `example:"ticket" maxLength:"40" query:"subject_kind"`
	Until       time.Time `doc:"Before this time." query:"until"`
}

// AuditList is a page of the record of who did what.
type AuditList struct {
	Entries    []AuditEntry `doc:"The latest first." json:"entries" nullable:"false"`
	NextCursor string       `doc:"Where the next page begins; missing on the last." json:"next_cursor,omitempty"`
}

// AuditEntry is one thing that somebody did. It holds ids and counts, never a customer's words.
type AuditEntry struct {
	Action      string         `example:"agent.set_role" json:"action"`
	Actor       string         `doc:"An agent's id, cli for the command line, nobody for who did not prove who they are." json:"actor"`
	At          time.Time      `json:"at"`
	Detail      map[string]any `json:"detail"`
	Position    int64          `doc:"In the chain of hashes, from 1." json:"position"`
	SubjectID   string         `json:"subject_id"`
	SubjectKind string         `json:"subject_kind"`
}

func (s *server) describeAudit(api huma.API) {
	huma.Register(api, s.operation(api, huma.Operation{
		Description: "The entries form a chain of hashes; \"deskhand audit verify\" proves that none was changed, removed or added.",
		Method:      http.MethodGet, OperationID: "list-audit", Path: "/v1/audit", Summary: "Read the audit log", Tags: []string{"Audit"},
		RejectUnknownQueryParameters: true,
	}, access.ReadAudit), s.audit)
}

func (s *server) audit(ctx context.Context, in *auditInput) (*output[AuditList], error) {
	filter := postgres.AuditFilter{
		Action: in.Action, Actor: in.Actor, Limit: in.Limit + 1, Since: in.Since, SubjectID: in.SubjectID,
		SubjectKind: in.SubjectKind, Until: in.Until,
	}
	if in.Cursor != "" {
		before, err := strconv.ParseInt(in.Cursor, 10, 64)
		if err != nil || before < 1 {
			p := newProblem(kindBadRequest, "The cursor is not one of ours. Start again without it.")
			p.Errors = []FieldError{{Field: "cursor", Message: "send next_cursor as it came, or leave it out"}}
			return nil, p
		}
		filter.Before = before
	}
	for field, text := range map[string]string{
		"action": in.Action, "actor": in.Actor, "subject_id": in.SubjectID, "subject_kind": in.SubjectKind,
	} {
		if err := storable(field, text); err != nil {
			return nil, s.problemOf(ctx, err)
		}
	}
	entries, err := s.Store.AuditLog(ctx, filter)
	if err != nil {
		return nil, s.problemOf(ctx, err)
	}
	list := AuditList{Entries: make([]AuditEntry, 0, len(entries))}
	for i, entry := range entries {
		if i == in.Limit {
			list.NextCursor = strconv.FormatInt(entries[i-1].Position, 10)
			break
		}
		list.Entries = append(list.Entries, AuditEntry{
			Action: entry.Action, Actor: entry.Actor, At: entry.At, Detail: entry.Detail, Position: entry.Position,
			SubjectID: entry.SubjectID, SubjectKind: entry.SubjectKind,
		})
	}
	return &output[AuditList]{Body: list}, nil
}
