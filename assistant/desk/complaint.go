package desk

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/assistant/desk/plan"
	"github.com/deskhand/deskhand/prompts"
)

// ComplaintStatus is where a complaint stands: open, or how it was decided.
type ComplaintStatus string

// The states of a complaint. One that was decided stays so: who complains of the decision complains anew.
const (
	ComplaintOpen         ComplaintStatus = "open"
	ComplaintPartlyUpheld ComplaintStatus = "partly_upheld"
	ComplaintRejected     ComplaintStatus = "rejected"
	ComplaintUpheld       ComplaintStatus = "upheld"
	ComplaintWithdrawn    ComplaintStatus = "withdrawn"
)

// ComplaintStep is something that happens to a complaint.
type ComplaintStep string

// The steps.
const (
	ComplaintAcknowledge ComplaintStep = "acknowledge" // the customer is told that it was received
	ComplaintDecide      ComplaintStep = "decide"
	ComplaintDueSoon     ComplaintStep = "due_soon"
	ComplaintExtend      ComplaintStep = "extend" // to the regime's longer deadline
	ComplaintOverdue     ComplaintStep = "overdue"
	ComplaintProgress    ComplaintStep = "progress" // the customer is told that it is still looked into
	ComplaintRegime      ComplaintStep = "regime"   // another rule book applies
	ComplaintRegister    ComplaintStep = "register"
)

// Complaint is a formal complaint about the desk, beside its ticket.
type Complaint struct {
	ID             uuid.UUID
	AcknowledgedAt *time.Time
	DecideBy       time.Time
	DecidedAt      *time.Time
	DecidedBy      *uuid.UUID
	Extended       bool
	Intent         string // of its ticket
	Language       string // of its ticket
	Number         int64
	OverdueAt      *time.Time // when it was found to be overdue
	ProgressAt     *time.Time // when the customer is next told of progress
	ReceivedAt     time.Time
	Regime         string
	RootCause      string
	Status         ComplaintStatus
	TicketID       uuid.UUID
	TicketNumber   int64
	Version        int32
	WarnAt         time.Time
	WarnedAt       *time.Time
}

// Reference is the number as people write it: "C-17".
func (c Complaint) Reference() string { return fmt.Sprintf("C-%d", c.Number) }

// DueSteps returns what the clock has to do with an open complaint at a time.
func (c Complaint) DueSteps(now time.Time) []ComplaintStep {
	var steps []ComplaintStep
	if c.WarnedAt == nil && !c.WarnAt.After(now) {
		steps = append(steps, ComplaintDueSoon)
	}
	if c.OverdueAt == nil && !c.DecideBy.After(now) {
		steps = append(steps, ComplaintOverdue)
	}
	if passed(c.ProgressAt, now) {
		steps = append(steps, ComplaintProgress)
	}
	return steps
}

// ComplaintFilter selects complaints. Zero fields select all.
type ComplaintFilter struct {
	From   time.Time // received at or after
	Limit  int       // required
	Regime string
	Status ComplaintStatus
	To     time.Time // received before
}

// ComplaintChange is a step of a complaint.
type ComplaintChange struct {
	Actor     Actor
	At        time.Time
	ID        uuid.UUID
	Message   *assistant.Message // what the customer is told
	Reason    string
	Regime    string // of ComplaintRegister and ComplaintRegime
	RootCause string // of ComplaintDecide
	Status    ComplaintStatus
	Step      ComplaintStep
	TicketID  uuid.UUID // of ComplaintRegister
	Version   int32
}

// ComplaintEntry is a line of a complaint's history: who did what, when, and why.
type ComplaintEntry struct {
	Actor  string
	At     time.Time
	Reason string
	Step   ComplaintStep
}

// rootCause is the shape of a tag for what went wrong: "fees.unclear".
var rootCause = regexp.MustCompile(`^[a-z0-9][a-z0-9_.-]{0,99}$`)

// Registered returns a complaint that was received at a time, under a regime of the plan.
func Registered(regime plan.Regime, ticketID uuid.UUID, at time.Time) Complaint {
	c := Complaint{ID: uuid.Must(uuid.NewV7()), ReceivedAt: at, Status: ComplaintOpen, TicketID: ticketID, Version: 1}
	return c.under(regime, at)
}

// under returns the complaint with the deadlines of a regime, counted from its receipt.
func (c Complaint) under(regime plan.Regime, now time.Time) Complaint {
	period := regime.Decide
	if c.Extended && regime.Extended.Count > 0 {
		period = regime.Extended
	}
	c.Regime, c.DecideBy = regime.Name, period.After(c.ReceivedAt, regime.Calendar)
	c.WarnAt = c.DecideBy.AddDate(0, 0, -regime.WarnDays)
	if c.WarnAt.Before(c.ReceivedAt) {
		c.WarnAt = c.ReceivedAt
	}
	c.WarnedAt, c.OverdueAt = nil, nil
	c.ProgressAt = progressAfter(regime, now)
	return c
}

func progressAfter(regime plan.Regime, at time.Time) *time.Time {
	if regime.Progress.Count == 0 {
		return nil
	}
	next := regime.Progress.After(at, regime.Calendar)
	return &next
}

// ApplyComplaint returns the complaint after a change, or an Error with CodeConflict or CodeInvalid. It is pure.
func ApplyComplaint(p *plan.Plan, before Complaint, c ComplaintChange) (Complaint, error) {
	after := before
	after.Version++
	if before.Status != ComplaintOpen {
		return before, assistant.Errorf(assistant.CodeConflict, "the complaint was %s before", before.Status)
	}
	name := before.Regime
	if c.Step == ComplaintRegime {
		name = c.Regime
	}
	regime, known := p.Regime(name)
	switch c.Step {
	case ComplaintAcknowledge:
		after.AcknowledgedAt = &c.At
	case ComplaintDecide:
		after.Status, after.RootCause, after.DecidedAt, after.DecidedBy = c.Status, c.RootCause, &c.At, &c.Actor.ID
		after.ProgressAt = nil
	case ComplaintDueSoon:
		after.WarnedAt = &c.At
	case ComplaintExtend:
		if !known || regime.Extended.Count == 0 {
			return before, assistant.Errorf(assistant.CodeConflict, "the regime %s has no longer deadline", before.Regime)
		}
		if before.Extended {
			return before, assistant.Errorf(assistant.CodeConflict, "the deadline was extended before")
		}
		after.Extended = true
		after = after.under(regime, c.At)
	case ComplaintOverdue:
		after.OverdueAt = &c.At
	case ComplaintProgress:
		after.ProgressAt = progressAfter(regime, c.At)
	case ComplaintRegime:
		if !known {
			return before, invalid("regime", "the desk's plan has no such regime: see GET /v1/desk")
		}
		after.Extended = false
		after = after.under(regime, c.At)
	case ComplaintRegister:
		return before, assistant.Errorf(assistant.CodeConflict, "the ticket has a complaint already: %s", before.Reference())
	}
	return after, nil
}

// ChangeComplaint takes a complaint through a step. Acknowledging, registering and progress send the customer a fixed text,
// or for progress one of the agent's own, which is held to the same rules as a reply.
func (d *Desk) ChangeComplaint(ctx context.Context, c ComplaintChange, body string) (Complaint, error) {
	c.At = d.clock()
	c.Reason = d.redactor.Redact(strings.TrimSpace(c.Reason)).Text
	if err := c.validate(); err != nil {
		return Complaint{}, err
	}
	if c.Step == ComplaintProgress || c.Step == ComplaintRegister || c.Step == ComplaintAcknowledge {
		message, err := d.complaintMessage(ctx, c, body)
		if err != nil {
			return Complaint{}, err
		}
		c.Message = message
	}
	complaint, err := d.store.ChangeComplaint(ctx, c)
	if err != nil {
		return complaint, fmt.Errorf("change complaint: %w", err)
	}
	return complaint, nil
}

func (c ComplaintChange) validate() error {
	decided := []ComplaintStatus{ComplaintPartlyUpheld, ComplaintRejected, ComplaintUpheld, ComplaintWithdrawn}
	switch {
	case len([]rune(c.Reason)) > maxReason:
		return invalid("reason", "reason is longer than 1000 characters: shorten it")
	case (c.Step == ComplaintExtend || c.Step == ComplaintDecide) && c.Reason == "":
		return invalid("reason", "reason is empty: say why")
	case c.Step == ComplaintDecide && !slices.Contains(decided, c.Status):
		return invalid("decision", "decision must be upheld, partly_upheld, rejected or withdrawn")
	case c.Step == ComplaintDecide && c.Status != ComplaintWithdrawn && !rootCause.MatchString(c.RootCause):
		return invalid("root_cause", "root_cause is a tag of small letters, digits and . _ -, such as fees.unclear")
	case c.Step == ComplaintDecide && c.RootCause != "" && !rootCause.MatchString(c.RootCause):
		return invalid("root_cause", "root_cause is a tag of small letters, digits and . _ -, such as fees.unclear")
	}
	return nil
}

// complaintMessage is what a customer is told. A fixed text is the desk's, another one the agent's.
func (d *Desk) complaintMessage(ctx context.Context, c ComplaintChange, body string) (*assistant.Message, error) {
	detail, err := d.store.Detail(ctx, c.TicketID)
	if err != nil {
		return nil, fmt.Errorf("load ticket: %w", err)
	}
	message := &assistant.Message{
		ID: uuid.Must(uuid.NewV7()), Author: assistant.AuthorAssistant, CreatedAt: c.At, Language: detail.Ticket.Language,
	}
	if body = strings.TrimSpace(body); body != "" {
		message.Author, message.AgentID, message.Body = assistant.AuthorAgent, &c.Actor.ID, body
		_, err = d.check(ctx, checking{actor: c.Actor, message: *message}, detail)
		return message, err
	}
	key := prompts.AckComplaint
	if c.Step == ComplaintProgress {
		key = prompts.ComplaintProgress
	}
	message.Body = d.prompts.Text(key, detail.Ticket.Language, nil)
	return message, nil
}
