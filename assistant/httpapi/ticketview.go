package httpapi

import (
	"time"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/assistant/desk"
)

// NewTicket is a ticket as its JSON shows it.
func NewTicket(t assistant.Ticket) Ticket {
	risks := make([]string, len(t.Risks))
	for i, risk := range t.Risks {
		risks[i] = string(risk)
	}
	return Ticket{
		AssigneeID: t.AssigneeID, AwaitingSince: t.AwaitingSince, ClaimExpiresAt: t.ClaimExpiresAt, ConversationID: t.ConversationID,
		CreatedAt: t.CreatedAt, Escalations: t.Escalations, FirstResponseAt: t.FirstResponseAt, FollowUpAt: t.FollowUpAt,
		HoldUntil: t.HoldUntil, ID: t.ID, Intent: t.Intent, Language: t.Language, MergedInto: t.MergedInto, Number: t.Reference(),
		Outcome: string(t.Outcome), PausedAt: t.PausedAt, Priority: string(t.Priority), Queue: t.Queue,
		Reasons: append([]string{}, t.Reasons...), Recontacts: t.Recontacts, ResolveBy: t.ResolveBy, ResolvedAt: t.ResolvedAt,
		RespondBy: t.RespondBy, Risks: risks, Status: string(t.Status), Tags: append([]string{}, t.Tags...), Version: t.Version,
	}
}

// NewTicketDetail is a ticket with all beside it as its JSON shows it. Whoever may not see personal data masks it before.
func NewTicketDetail(d desk.Detail) TicketDetail {
	view := TicketDetail{
		Customer: customerView(d.Conversation.Customer),
		Drafts:   make([]Draft, len(d.Drafts)), Messages: make([]TicketMessage, len(d.Conversation.Messages)),
		Notes: make([]Note, len(d.Notes)), Ticket: NewTicket(d.Ticket), Trail: make([]Trace, len(d.Trail)),
	}
	if d.Complaint != nil {
		complaint := NewComplaint(*d.Complaint)
		view.Complaint = &complaint
	}
	for i, note := range d.Notes {
		view.Notes[i] = Note{AgentID: note.AgentID, Body: note.Body, CreatedAt: note.CreatedAt, ID: note.ID}
	}
	for i, draft := range d.Drafts {
		view.Drafts[i] = draftView(draft)
	}
	for i, m := range d.Conversation.Messages {
		view.Messages[i] = TicketMessage{
			ConversationMessage: conversationMessage(m), AgentID: m.AgentID, Redactions: append([]string{}, m.Redactions...),
		}
	}
	for i, trace := range d.Trail {
		view.Trail[i] = traceView(trace)
	}
	return view
}

func draftView(d desk.Draft) Draft {
	findings := make([]Finding, len(d.Findings))
	for i, finding := range d.Findings {
		findings[i] = Finding(finding)
	}
	edits := make([]Edit, len(d.Edits))
	for i, edit := range d.Edits {
		edits[i] = Edit(edit)
	}
	return Draft{
		Notes: draftNotes(d.Notes), Body: d.Body, Citations: citations(d.Citations), Confidence: d.Confidence, CreatedAt: d.CreatedAt,
		EditDistance: d.EditDistance, EditShare: d.EditShare, Edits: edits, Fate: d.Fate, Findings: findings, ID: d.ID,
		Language: d.Language, Method: string(d.Method), RejectCode: string(d.RejectCode), RejectReason: d.RejectReason,
	}
}

func draftNotes(notes []assistant.Note) []DraftNote {
	views := make([]DraftNote, len(notes))
	for i, note := range notes {
		views[i] = DraftNote{Code: note.Code, Kind: string(note.Kind), Purpose: note.Purpose, Text: note.Text}
		if note.Article != (assistant.Citation{}) {
			article := Citation(note.Article)
			views[i].Article = &article
		}
	}
	return views
}

func traceView(t desk.Trace) Trace {
	view := Trace{
		Confidence: t.Confidence, Outcome: string(t.Outcome), Reasons: make([]string, len(t.Reasons)),
		StartedAt: t.StartedAt, Steps: make([]Step, len(t.Steps)),
	}
	for i, reason := range t.Reasons {
		view.Reasons[i] = string(reason)
	}
	for i, step := range t.Steps {
		view.Steps[i] = Step{
			Detail: step.Detail, DurationMS: float64(step.Duration) / float64(time.Millisecond),
			Stage: string(step.Stage), Status: string(step.Status),
		}
	}
	return view
}
