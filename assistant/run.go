package assistant

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/deskhand/deskhand/assistant/llm"
	"github.com/deskhand/deskhand/assistant/triage"
	"github.com/deskhand/deskhand/retrieval"
)

// Stage is a step of the pipeline, as recorded and as reported to a waiting customer.
type Stage string

// The stages, in the order in which they run.
const (
	StageRedact     Stage = "redact"
	StageLanguage   Stage = "language"
	StageTriage     Stage = "triage"
	StageIncident   Stage = "incident"
	StageHandOff    Stage = "hand_off"
	StageRetrieve   Stage = "retrieve"
	StageDraft      Stage = "draft"
	StageGuard      Stage = "guard"
	StageConfidence Stage = "confidence"
	StageDecide     Stage = "decide"
)

// StepStatus is how a stage went.
type StepStatus string

// The statuses.
const (
	StepFailed StepStatus = "failed"
	StepOK     StepStatus = "ok"
)

// Step is what one stage of a run found: ids, counts and scores, never a customer's words.
type Step struct {
	Detail    map[string]any `json:"detail"`
	Duration  time.Duration  `json:"duration_ns"`
	Stage     Stage          `json:"stage"`
	StartedAt time.Time      `json:"-"` // for traces; the record has the order and the durations
	Status    StepStatus     `json:"status"`
}

// RunStatus is whether a run has ended.
type RunStatus string

// The statuses.
const (
	RunConcluded RunStatus = "concluded"
	RunRunning   RunStatus = "running"
)

// Run is the way from one question to its end, and the explanation of that end (P9).
type Run struct {
	ID             uuid.UUID
	Confidence     float64
	ConversationID uuid.UUID
	DeadlineAt     time.Time
	Intent         string
	Language       string
	MessageID      uuid.UUID // the question
	Outcome        Outcome
	Priority       triage.Priority
	Reasons        []Reason
	Reply          Message
	StartedAt      time.Time
	Status         RunStatus
	Ticket         *Ticket // set when handed off
}

// ReplySentence is one sentence, or one step of a list, of an answer that is sent. All breaks and texts joined are the reply.
type ReplySentence struct {
	Break     string // white space before it
	Citations []Citation
	Text      string
}

// Concluded reports whether the question has been answered or handed off.
func (r Run) Concluded() bool { return r.Status == RunConcluded }

// ObserveFunc is told when work on a case begins. It returns the context of the work, and a function that is told how the
// work ended: with an error when the end could not be recorded, without an outcome when the work was a draft for an agent.
type ObserveFunc func(ctx context.Context, c Case) (context.Context, func(Conclusion, error))

// recorder times the stages of one run and keeps what each reports.
type recorder struct {
	clock    func() time.Time
	progress func(Stage)
	steps    []Step
}

// stage runs one stage and records its time, its detail and whether it failed.
func (r *recorder) stage(name Stage, work func(detail map[string]any) error) error {
	if r.progress != nil {
		r.progress(name)
	}
	detail := make(map[string]any)
	started := r.clock()
	err := work(detail)
	// A clock that was set back must not cost a run its record.
	took := max(0, r.clock().Sub(started))
	step := Step{Detail: detail, Duration: took, Stage: name, StartedAt: started, Status: StepOK}
	if err != nil {
		step.Status = StepFailed
		detail["error"] = describe(err)
	}
	r.steps = append(r.steps, step)
	return err
}

// describe says what failed in words that cannot carry a customer's: fixed texts, kinds and codes, never values.
func describe(err error) string {
	var state interface{ SQLState() string }
	if model, ok := errors.AsType[*llm.Error](err); ok {
		return model.Error()
	}
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return "deadline exceeded"
	case errors.Is(err, context.Canceled):
		return "canceled"
	case errors.As(err, &state):
		return "sqlstate " + state.SQLState()
	}
	for _, known := range []error{retrieval.ErrBadEmbedding, retrieval.ErrNotRegistered} {
		if errors.Is(err, known) {
			return known.Error()
		}
	}
	leaf := err
	for next := errors.Unwrap(leaf); next != nil; next = errors.Unwrap(leaf) {
		leaf = next
	}
	return fmt.Sprintf("%T", leaf)
}
