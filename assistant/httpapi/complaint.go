package httpapi

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"reflect"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/assistant/access"
	"github.com/deskhand/deskhand/assistant/desk"
)

// maxComplaints is how many complaints one answer holds; an export has no more than a year of a large desk.
const maxComplaints = 10_000

type complaintsInput struct {
	Format string    `default:"json" doc:"csv is for spreadsheets." enum:"json,csv" query:"format"`
	From   time.Time `doc:"Received at or after." query:"from"`
	Limit  int       `default:"100" maximum:"10000" minimum:"1" query:"limit"`
	Regime string    `pattern:"^[a-z0-9][a-z0-9_-]{0,59}$" patternDescription:"the name of a regime" query:"regime"`
	Status string    `enum:"open,upheld,partly_upheld,rejected,withdrawn" query:"status"`
	To     time.Time `doc:"Received before." query:"to"`
}

type complaintsOutput struct {
	ContentType string `header:"Content-Type"`
	Body        []byte
}

// ComplaintList is a register of complaints.
type ComplaintList struct {
	Complaints []Complaint `doc:"Open ones first, by deadline." json:"complaints" nullable:"false"`
}

// Complaint is a formal complaint beside its ticket.
type Complaint struct {
	AcknowledgedAt *time.Time `json:"acknowledged_at,omitempty"`
	DecideBy       time.Time  `doc:"The deadline of the regime." json:"decide_by"`
	DecidedAt      *time.Time `json:"decided_at,omitempty"`
	DecidedBy      *uuid.UUID `format:"uuid" json:"decided_by,omitempty"`
	Extended       bool       `json:"extended"`
	ID             uuid.UUID  `format:"uuid" json:"id"`
	Intent         string     `json:"intent"`
	Language       string     `json:"language"`
	Number         string     `example:"C-17" json:"number"`
	ProgressAt     *time.Time `doc:"When the customer is next told of progress." json:"progress_at,omitempty"`
	ReceivedAt     time.Time  `json:"received_at"`
	Regime         string     `example:"mica" json:"regime"`
	RootCause      string     `json:"root_cause,omitempty"`
	Status         string     `enum:"open,upheld,partly_upheld,rejected,withdrawn" json:"status"`
	TicketID       uuid.UUID  `format:"uuid" json:"ticket_id"`
	TicketNumber   string     `example:"DH-1042" json:"ticket_number"`
	Version        int32      `json:"version"`
}

// ComplaintHistory is what happened to a complaint.
type ComplaintHistory struct {
	Entries []ComplaintEntry `doc:"Oldest first." json:"entries" nullable:"false"`
}

// ComplaintEntry is one thing that happened to a complaint.
type ComplaintEntry struct {
	Actor  string    `doc:"An agent's id, customer, or system." json:"actor"`
	At     time.Time `json:"at"`
	Reason string    `json:"reason,omitempty"`
	Step   string    `example:"register" json:"step"`
}

type complaintInput struct {
	ID uuid.UUID `doc:"The complaint." format:"uuid" path:"id"`
}

type registerInput struct {
	Body ComplaintRequest
}

// ComplaintRequest registers a complaint beside a ticket.
type ComplaintRequest struct {
	Regime   string    `doc:"The rule book that applies. Without it: that of the customer's country, as the desk's plan says." json:"regime,omitempty" maxLength:"60"` //nolint:lll // a tag is one line
	TicketID uuid.UUID `format:"uuid" json:"ticket_id"`
}

type complaintStepInput struct {
	ID   uuid.UUID `doc:"The complaint." format:"uuid" path:"id"`
	Body ComplaintStepRequest
}

// ComplaintStepRequest takes a complaint through a step.
type ComplaintStepRequest struct {
	Body      string `doc:"For progress: what the customer is told; a fixed text when missing." json:"body,omitempty" maxLength:"20000"`
	Decision  string `doc:"For decide." enum:"upheld,partly_upheld,rejected,withdrawn" json:"decision,omitempty"`
	Reason    string `doc:"Why, for extend and decide. Kept in the history." json:"reason,omitempty" maxLength:"1000"`
	Regime    string `doc:"For regime." json:"regime,omitempty" maxLength:"60"`
	RootCause string `doc:"For decide: a tag for what went wrong." example:"fees.unclear" json:"root_cause,omitempty" maxLength:"100"`
	Step      string `doc:"progress and acknowledge write to the customer." enum:"acknowledge,progress,extend,decide,regime" json:"step"`
	Version   int32  `json:"version" maximum:"2147483647" minimum:"1"`
}

func (s *server) describeComplaints(api huma.API) {
	tags := []string{"Complaints"}
	list := s.operation(api, huma.Operation{
		Description: "The register, as JSON or CSV.",
		Method:      http.MethodGet, OperationID: "list-complaints", Path: "/v1/complaints", Summary: "List complaints", Tags: tags,
		RejectUnknownQueryParameters: true,
	}, access.WorkTickets)
	list.Responses["200"] = &huma.Response{
		Description: "The register",
		Content: map[string]*huma.MediaType{
			"application/json": {Schema: api.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[ComplaintList](), true, "ComplaintList")},
			"text/csv":         {Schema: &huma.Schema{Type: huma.TypeString}},
		},
	}
	huma.Register(api, list, s.complaints)
	huma.Register(api, s.operation(api, huma.Operation{
		Description: "Registers a complaint beside a ticket, and acknowledges it to the customer at once.",
		Method:      http.MethodPost, OperationID: "register-complaint", Path: "/v1/complaints", Summary: "Register", Tags: tags,
	}, access.WorkTickets), s.registerComplaint)
	huma.Register(api, s.operation(api, huma.Operation{
		Description: "One complaint.",
		Method:      http.MethodGet, OperationID: "get-complaint", Path: "/v1/complaints/{id}", Summary: "Read a complaint", Tags: tags,
	}, access.WorkTickets), s.complaint)
	huma.Register(api, s.operation(api, huma.Operation{
		Description: "Who did what, when and why. The registration says why its regime applies.",
		Method:      http.MethodGet, OperationID: "get-complaint-history", Path: "/v1/complaints/{id}/history",
		Summary: "Read the history of a complaint", Tags: tags,
	}, access.WorkTickets), s.complaintHistory)
	huma.Register(api, s.operation(api, huma.Operation{
		Description: "Tells the customer of progress, extends the deadline, applies another regime, or decides.",
		Method:      http.MethodPost, OperationID: "change-complaint", Path: "/v1/complaints/{id}/step", Summary: "Change a complaint",
		Tags: tags,
	}, access.WorkTickets), s.changeComplaint)
}

func (s *server) complaints(ctx context.Context, in *complaintsInput) (*complaintsOutput, error) {
	complaints, err := s.Store.Complaints(ctx, desk.ComplaintFilter{
		From: in.From, Limit: min(in.Limit, maxComplaints), Regime: in.Regime, Status: desk.ComplaintStatus(in.Status), To: in.To,
	})
	if err != nil {
		return nil, s.problemOf(ctx, err)
	}
	if in.Format == "csv" {
		var sheet bytes.Buffer
		if err := desk.WriteComplaints(&sheet, complaints); err != nil {
			return nil, s.problemOf(ctx, err)
		}
		return &complaintsOutput{Body: sheet.Bytes(), ContentType: "text/csv; charset=utf-8"}, nil
	}
	list := ComplaintList{Complaints: make([]Complaint, len(complaints))}
	for i, complaint := range complaints {
		list.Complaints[i] = NewComplaint(complaint)
	}
	body, err := json.Marshal(list)
	if err != nil {
		return nil, s.problemOf(ctx, err)
	}
	return &complaintsOutput{Body: body, ContentType: "application/json"}, nil
}

func (s *server) complaint(ctx context.Context, in *complaintInput) (*output[Complaint], error) {
	complaint, err := s.Store.Complaint(ctx, in.ID)
	if err != nil {
		return nil, s.problemOf(ctx, err)
	}
	return &output[Complaint]{Body: NewComplaint(complaint)}, nil
}

func (s *server) complaintHistory(ctx context.Context, in *complaintInput) (*output[ComplaintHistory], error) {
	if _, err := s.Store.Complaint(ctx, in.ID); err != nil {
		return nil, s.problemOf(ctx, err)
	}
	entries, err := s.Store.ComplaintHistory(ctx, in.ID)
	if err != nil {
		return nil, s.problemOf(ctx, err)
	}
	return &output[ComplaintHistory]{Body: ComplaintHistory{Entries: NewComplaintHistory(entries)}}, nil
}

func (s *server) registerComplaint(ctx context.Context, in *registerInput) (*output[Complaint], error) {
	return s.stepComplaint(ctx, desk.ComplaintChange{
		Regime: in.Body.Regime, Step: desk.ComplaintRegister, TicketID: in.Body.TicketID,
	}, "")
}

func (s *server) changeComplaint(ctx context.Context, in *complaintStepInput) (*output[Complaint], error) {
	complaint, err := s.Store.Complaint(ctx, in.ID)
	if err != nil {
		return nil, s.problemOf(ctx, err)
	}
	return s.stepComplaint(ctx, desk.ComplaintChange{
		ID: in.ID, Reason: in.Body.Reason, Regime: in.Body.Regime, RootCause: in.Body.RootCause,
		Status: desk.ComplaintStatus(in.Body.Decision), Step: desk.ComplaintStep(in.Body.Step), TicketID: complaint.TicketID,
		Version: in.Body.Version,
	}, in.Body.Body)
}

func (s *server) stepComplaint(ctx context.Context, change desk.ComplaintChange, body string) (*output[Complaint], error) {
	for field, text := range map[string]string{"body": body, "reason": change.Reason, "regime": change.Regime} {
		if err := storable(field, text); err != nil {
			return nil, s.problemOf(ctx, err)
		}
	}
	change.Actor = actor(ctx)
	complaint, err := s.Desk.ChangeComplaint(ctx, change, body)
	if err != nil {
		return nil, s.problemOf(ctx, err)
	}
	return &output[Complaint]{Body: NewComplaint(complaint)}, nil
}

// NewComplaintHistory is a complaint's history as its JSON shows it.
func NewComplaintHistory(entries []desk.ComplaintEntry) []ComplaintEntry {
	views := make([]ComplaintEntry, len(entries))
	for i, e := range entries {
		views[i] = ComplaintEntry{Actor: e.Actor, At: e.At, Reason: e.Reason, Step: string(e.Step)}
	}
	return views
}

// NewComplaint is a complaint as its JSON shows it.
func NewComplaint(c desk.Complaint) Complaint {
	return Complaint{
		AcknowledgedAt: c.AcknowledgedAt, DecideBy: c.DecideBy, DecidedAt: c.DecidedAt, DecidedBy: c.DecidedBy, Extended: c.Extended,
		ID: c.ID, Intent: c.Intent, Language: c.Language, Number: c.Reference(), ProgressAt: c.ProgressAt, ReceivedAt: c.ReceivedAt,
		Regime: c.Regime, RootCause: c.RootCause, Status: string(c.Status), TicketID: c.TicketID,
		TicketNumber: assistant.Ticket{Number: c.TicketNumber}.Reference(), Version: c.Version,
	}
}
