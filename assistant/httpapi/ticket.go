package httpapi

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/assistant/access"
	"github.com/deskhand/deskhand/assistant/desk"
	"github.com/deskhand/deskhand/assistant/triage"
	"github.com/deskhand/deskhand/assistant/triage/risk"
)

type ticketsInput struct {
	Channel  string `doc:"That the conversation came through." example:"widget" pattern:"^[a-z][a-z0-9_]{0,31}$" patternDescription:"the name of a channel" query:"channel"` //nolint:lll // a tag is one line
	Cursor   string `doc:"next_cursor of the page before." maxLength:"500" query:"cursor"`
	Intent   string `example:"withdrawal.pending" pattern:"^[a-z0-9_.]{1,100}$" patternDescription:"an intent" query:"intent"`
	Language string `example:"zh-Hans" pattern:"^[A-Za-z0-9-]{2,35}$" patternDescription:"a BCP 47 tag" query:"language"`
	Limit    int    `default:"50" doc:"Tickets on a page." maximum:"100" minimum:"1" query:"limit"`
	Mine     bool   `doc:"Only those that the caller holds." query:"mine"`
	Overdue  bool   `doc:"Only those of which a promise was missed." query:"overdue"`
	Priority string `enum:"P1,P2,P3,P4" query:"priority"`
	Queue    string `pattern:"^[a-z0-9][a-z0-9_-]{0,59}$" patternDescription:"the name of a queue" query:"queue"`
	Risk     string `example:"account_takeover" pattern:"^[a-z_]{1,60}$" patternDescription:"a risk" query:"risk"`
	Status   string `doc:"Without it: all that are not resolved." enum:"open,claimed,waiting,on_hold,resolved" query:"status"`
	Tag      string `maxLength:"50" query:"tag"`
}

// TicketList is a page of the queue.
type TicketList struct {
	NextCursor string   `doc:"Where the next page begins; missing on the last." json:"next_cursor,omitempty"`
	Tickets    []Ticket `doc:"In the order in which they are due." json:"tickets" nullable:"false"`
}

// Ticket is a case in a person's queue.
type Ticket struct {
	AssigneeID      *uuid.UUID `doc:"The agent who holds it, or who resolved it." format:"uuid" json:"assignee_id,omitempty"`
	AwaitingSince   *time.Time `doc:"Since when the customer waits for a reply; missing when it is the customer's turn." json:"awaiting_since,omitempty"` //nolint:lll // a tag is one line
	ClaimExpiresAt  *time.Time `doc:"A claim without a reply ends then." json:"claim_expires_at,omitempty"`
	ConversationID  uuid.UUID  `format:"uuid" json:"conversation_id"`
	CreatedAt       time.Time  `json:"created_at"`
	Escalations     int        `json:"escalations"`
	Excerpt         string     `doc:"The beginning of what the customer wrote last, with personal data masked. Only in the list of tickets." json:"excerpt,omitempty"` //nolint:lll // a tag is one line
	FirstResponseAt *time.Time `json:"first_response_at,omitempty"`
	FollowUpAt      *time.Time `doc:"When the customer is asked whether the resolution holds." json:"follow_up_at,omitempty"`
	HoldUntil       *time.Time `json:"hold_until,omitempty"`
	ID              uuid.UUID  `format:"uuid" json:"id"`
	Intent          string     `json:"intent"`
	Language        string     `json:"language"`
	MergedInto      *uuid.UUID `doc:"The ticket in which the work goes on." format:"uuid" json:"merged_into,omitempty"`
	Number          string     `example:"DH-1042" json:"number"`
	Outcome         string     `doc:"What is known of the latest resolution." enum:"abandoned,assumed,confirmed,merged,re_contacted" json:"outcome,omitempty"` //nolint:lll // a tag is one line
	PausedAt        *time.Time `doc:"Since when the promise to resolve it pauses." json:"paused_at,omitempty"`
	Priority        string     `enum:"P1,P2,P3,P4" json:"priority"`
	Queue           string     `json:"queue"`
	Reasons         []string   `doc:"Why a person is needed. Not for the customer." json:"reasons" nullable:"false"`
	Recontacts      int        `doc:"How often the customer came back after a resolution." json:"recontacts"`
	ResolveBy       *time.Time `doc:"As promised; moves while it pauses." json:"resolve_by,omitempty"`
	ResolvedAt      *time.Time `json:"resolved_at,omitempty"`
	RespondBy       time.Time  `doc:"The time by which a person promised the reply that the customer waits for." json:"respond_by"`
	Risks           []string   `json:"risks" nullable:"false"`
	Status          string     `enum:"open,claimed,waiting,on_hold,resolved" json:"status"`
	Tags            []string   `json:"tags" nullable:"false"`
	Version         int32      `doc:"Send it with a change: a change of another version is refused." json:"version"`
}

type ticketInput struct {
	ID uuid.UUID `doc:"The ticket." format:"uuid" path:"id"`
}

// TicketDetail is a ticket with all that an agent needs to answer it.
type TicketDetail struct {
	Complaint *Complaint      `doc:"The formal complaint beside it, if any." json:"complaint,omitempty"`
	Customer  *CustomerView   `doc:"Missing for an anonymous customer." json:"customer,omitempty"`
	Drafts    []Draft         `doc:"Newest first." json:"drafts" nullable:"false"`
	Messages  []TicketMessage `doc:"Oldest first." json:"messages" nullable:"false"`
	Notes     []Note          `doc:"What agents told each other, oldest first. Not for the customer." json:"notes" nullable:"false"`
	Ticket    Ticket          `json:"ticket"`
	Trail     []Trace         `doc:"How each question of the conversation was decided, oldest first." json:"trail" nullable:"false"`
}

// TicketMessage is a message as an agent sees it.
type TicketMessage struct {
	ConversationMessage

	AgentID    *uuid.UUID `format:"uuid" json:"agent_id,omitempty"`
	Redactions []string   `doc:"Kinds of the secrets and personal data that were removed." json:"redactions" nullable:"false"`
}

// Draft is a proposed reply and what became of it.
type Draft struct {
	Body         string      `json:"body"`
	Citations    []Citation  `json:"citations" nullable:"false"`
	Confidence   float64     `doc:"Probability of being right, 0 to 1." json:"confidence"`
	CreatedAt    time.Time   `json:"created_at"`
	EditDistance int         `doc:"Of an edited draft: characters taken out and added." json:"edit_distance,omitempty"`
	EditShare    float64     `doc:"Of the characters of draft and reply, 0 to 1." json:"edit_share,omitempty"`
	Edits        []Edit      `doc:"Of an edited draft, in order." json:"edits,omitempty"`
	Fate         string      `enum:"pending,accepted,edited,rejected" json:"fate"`
	Findings     []Finding   `doc:"What the guard objects to." json:"findings" nullable:"false"`
	ID           uuid.UUID   `format:"uuid" json:"id"`
	Language     string      `json:"language"`
	Method       string      `enum:"extractive,model" json:"method"`
	Notes        []DraftNote `doc:"For the agent: what to ask, to check, what no article says." json:"notes" nullable:"false"`
	RejectCode   string      `json:"reject_code,omitempty"`
	RejectReason string      `json:"reject_reason,omitempty"`
}

// DraftNote is what an agent needs beside a draft. No customer reads it.
type DraftNote struct {
	Article *Citation `doc:"That the note speaks of; of kind read, an internal one, for the agent alone." json:"article,omitempty"`
	Code    string    `doc:"Of a note that is always the same." example:"office.deposit" json:"code,omitempty"`
	Kind    string    `enum:"ask,check,missing,read" json:"kind"`
	Purpose string    `doc:"Of a question: the fact that it asks for, as the taxonomy names it." json:"purpose,omitempty"`
	Text    string    `doc:"Of a question: how to put it, in the customer's language, if it was written." json:"text,omitempty"`
}

// Edit is a run of text that an agent kept, took out of a draft, or added.
type Edit struct {
	Op   string `enum:"=,-,+" json:"op"`
	Text string `json:"text"`
}

// Note is what an agent told the others.
type Note struct {
	AgentID   uuid.UUID `format:"uuid" json:"agent_id"`
	Body      string    `doc:"Secrets are replaced." json:"body"`
	CreatedAt time.Time `json:"created_at"`
	ID        uuid.UUID `format:"uuid" json:"id"`
}

// Finding is one objection of the guard.
type Finding struct {
	Check  string `example:"link" json:"check"`
	Detail string `json:"detail"`
}

// Trace is how one question was decided.
type Trace struct {
	Confidence float64   `json:"confidence"`
	Outcome    string    `enum:"answered,clarify,handed_off" json:"outcome"`
	Reasons    []string  `json:"reasons" nullable:"false"`
	StartedAt  time.Time `json:"started_at"`
	Steps      []Step    `json:"steps" nullable:"false"`
}

// Step is what one stage found.
type Step struct {
	Detail     map[string]any `json:"detail"`
	DurationMS float64        `json:"duration_ms"`
	Stage      string         `json:"stage"`
	Status     string         `enum:"ok,failed,skipped" json:"status"`
}

func (s *server) describeTickets(api huma.API) {
	tags := []string{"Agents"}
	huma.Register(api, s.operation(api, huma.Operation{
		Description: "The queue, most urgent first: by priority, then by the time by which a ticket is due.",
		Method:      http.MethodGet, OperationID: "list-tickets", Path: "/v1/tickets", Summary: "Look through the queue", Tags: tags,
		RejectUnknownQueryParameters: true,
	}, access.WorkTickets), s.tickets)
	huma.Register(api, s.operation(api, huma.Operation{
		Description: "The ticket with its conversation, its drafts and how each question was decided. E-mail addresses, telephone " +
			"numbers and other personal data that the customer wrote are masked.",
		Method: http.MethodGet, OperationID: "get-ticket", Path: "/v1/tickets/{id}", Summary: "Read a ticket", Tags: tags,
	}, access.WorkTickets), s.ticket)
}

func (s *server) tickets(ctx context.Context, in *ticketsInput) (*output[TicketList], error) {
	filter := desk.Filter{
		Channel: in.Channel, Intent: in.Intent, Language: in.Language, Limit: in.Limit, Overdue: in.Overdue,
		Priority: triage.Priority(in.Priority), Queue: in.Queue, Risk: risk.Risk(in.Risk),
		Status: assistant.TicketStatus(in.Status), Tag: in.Tag,
	}
	if err := storable("tag", in.Tag); err != nil {
		return nil, s.problemOf(ctx, err)
	}
	if in.Mine {
		id := actor(ctx).ID
		filter.AssigneeID = &id
	}
	if in.Cursor != "" {
		cursor, ok := parseCursor(in.Cursor)
		if !ok {
			p := newProblem(kindBadRequest, "The cursor is not one of ours. Start again without it.")
			p.Errors = []FieldError{{Field: "cursor", Message: "send next_cursor as it came, or leave it out"}}
			return nil, p
		}
		filter.After = &cursor
	}
	tickets, next, err := s.Desk.Queue(ctx, filter)
	if err != nil {
		return nil, s.problemOf(ctx, err)
	}
	excerpts, err := s.Desk.Excerpts(ctx, s.masker, tickets)
	if err != nil {
		return nil, s.problemOf(ctx, err)
	}
	list := TicketList{Tickets: make([]Ticket, len(tickets))}
	for i, ticket := range tickets {
		list.Tickets[i] = NewTicket(ticket)
		list.Tickets[i].Excerpt = excerpts[ticket.ConversationID]
	}
	if next != nil {
		list.NextCursor = formatCursor(*next)
	}
	return &output[TicketList]{Body: list}, nil
}

func (s *server) ticket(ctx context.Context, in *ticketInput) (*output[TicketDetail], error) {
	detail, err := s.Desk.Ticket(ctx, in.ID)
	if err != nil {
		return nil, s.problemOf(ctx, err)
	}
	return &output[TicketDetail]{Body: NewTicketDetail(s.masker.Detail(detail))}, nil
}

// formatCursor makes a cursor a word that nobody is tempted to build: its inside may change.
func formatCursor(cursor desk.Cursor) string {
	encoded, _ := json.Marshal(cursor) //nolint:errchkjson // ids, a word and a time always encode
	return base64.RawURLEncoding.EncodeToString(encoded)
}

// parseCursor reads what formatCursor wrote. A cursor is a place in the queue and gives no right, so it is not signed.
func parseCursor(text string) (desk.Cursor, bool) {
	var cursor desk.Cursor
	encoded, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil {
		return cursor, false
	}
	decoder := json.NewDecoder(bytes.NewReader(encoded))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&cursor); err != nil {
		return cursor, false
	}
	return cursor, formatCursor(cursor) == text && cursor.ID != uuid.Nil && !cursor.RespondBy.IsZero()
}
