package assistant

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/deskhand/deskhand/assistant/confidence"
	"github.com/deskhand/deskhand/assistant/guard"
	"github.com/deskhand/deskhand/assistant/triage"
)

// Store keeps conversations, runs and tickets. The pipeline needs no more of it than this; package postgres has the rest.
type Store interface {
	// AddDraft keeps a draft that was made for the agents after a hand-off. A run has at most one: a second is ignored.
	AddDraft(ctx context.Context, runID uuid.UUID, proposal Proposal) error
	// Begin makes a question durable, together with its run and the time from which on the run is rescued, in one transaction
	// (P1). A question that came before (same client id or idempotency key) returns the case as it stands, Repeated set.
	Begin(ctx context.Context, opening Opening) (Case, error)
	// Case returns the case of a run as it stands now.
	Case(ctx context.Context, runID uuid.UUID) (Case, error)
	// Conclude ends a run in one transaction. The first conclusion stands: a later one returns the first unchanged.
	Conclude(ctx context.Context, conclusion Conclusion) (Run, error)
	// Earlier returns the customer's latest messages of a conversation, oldest first, at most limit.
	Earlier(ctx context.Context, conversationID uuid.UUID, limit int) ([]Message, error)
	// Settings returns what leads have set, as it is now.
	Settings(ctx context.Context) (Settings, error)
}

// Case is a question with all that the pipeline needs to know about its conversation.
type Case struct {
	Channel        string    // where the customer writes
	Clarifications int       // the assistant's latest replies in a row that brought no answer
	History        []Message // earlier messages, oldest first, without the question
	Jurisdiction   string    // country of the customer; empty when it is unknown
	Locale         string    // the caller's hint
	Question       Message
	Repeated       bool
	Run            Run
	Ticket         *Ticket     // the conversation's unresolved one, if any
	Tier           triage.Tier // of the customer, when the host site has vouched for it
}

// JobKind names a background job.
type JobKind string

// The jobs.
const (
	JobDraft   JobKind = "draft_for_agent" // make the draft that a handed-off case still lacks
	JobRecover JobKind = "recover_run"     // end a run that a crash or an outage left open
)

// Job asks for work in the background. It is stored in the transaction of the change that needs it.
type Job struct {
	Kind  JobKind
	RunID uuid.UUID
}

// Opening is a question ready to be stored.
type Opening struct {
	At             time.Time
	DeadlineAt     time.Time
	Message        Message // redacted
	Question       Question
	RecoverAfter   time.Duration        // by the database's clock: that of the program may be wrong
	RequestHash    [32]byte             // of the request as it came, to tell a repeat from a reused key
	Rewritten      map[uuid.UUID]string // earlier messages in which a split secret was found, with their new text
	RunID          uuid.UUID
	ConversationID uuid.UUID // used when Question names none
}

// Conclusion is how a run ends.
type Conclusion struct {
	Acknowledgement *Message // says that a complaint was received: Reply, or a message after it
	At              time.Time
	Case            Case
	Decision        Decision
	Draftless       bool // no draft is made for the agents
	Explained       Explanation
	Proposal        *Proposal // the draft for the agents, when the case is handed off with one
	Reply           Message
	RespondBy       time.Time       // of a handed-off case
	Sentences       []ReplySentence // of Reply, when it is an answer from articles
	Shadow          *Shadow         // set when the desk only tries the assistant out and it would have replied
	Steps           []Step
}

// Shadow is what the assistant would have sent.
type Shadow struct {
	Body    string
	Outcome Outcome // answered or clarify
}

// Explanation is what the record of a run says beside its steps (P9).
type Explanation struct {
	Basis          confidence.Basis // what Evidence was made with
	Cited          []Citation       // by the draft, whatever became of it
	Confidence     float64
	Drafted        string // the draft as its customer would read it, whatever became of it; not stored
	EmbeddingModel string
	Evidence       confidence.Evidence // on which Confidence rests
	KBVersion      int64
	Language       string
	Model          string
	PolicyVersion  int64
	PromptVersion  string
	Triage         triage.Triage
	Usage          Usage
}

// Proposal is a draft for an agent, with what the guard said about it.
type Proposal struct {
	Confidence float64
	Draft      Draft
	Notes      []Note
	Verdict    Verdict
}

// Settings is what the leads of a desk have set.
type Settings struct {
	Notices  []Notice // the active ones
	Policy   Policy
	Registry guard.Registry
}
