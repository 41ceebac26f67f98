package assistant

import (
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/deskhand/deskhand/assistant/redact"
	"github.com/deskhand/deskhand/retrieval"
)

// MaxMessageRunes bounds one customer message. It is some ten screens of text: longer ones are logs or attacks, and the
// customer is told to shorten them.
const MaxMessageRunes = 8000

// Author is who wrote a message.
type Author string

// The authors.
const (
	AuthorAgent     Author = "agent"
	AuthorAssistant Author = "assistant"
	AuthorCustomer  Author = "customer"
)

// Citation names the article that an answer rests on.
type Citation struct {
	Locale string `json:"locale"`
	Slug   string `json:"slug"`
	Title  string `json:"title"`
}

// Message is one turn of a conversation, as stored: with its secrets already replaced.
type Message struct {
	ID         uuid.UUID
	AgentID    *uuid.UUID
	Author     Author
	Body       string
	Citations  []Citation
	CreatedAt  time.Time
	Language   string   // BCP 47
	Redactions []string // kinds of what was removed: secrets, and personal data where the desk wants that
}

// Secrets are the kinds of secrets that were removed: what the customer must be warned of.
func (m Message) Secrets() []string {
	return slices.DeleteFunc(slices.Clone(m.Redactions), func(kind string) bool { return !redact.Kind(kind).Secret() })
}

// Conversation is what one customer and the desk said to each other.
type Conversation struct {
	ID       uuid.UUID
	Channel  string
	Customer Customer
	Locale   string
	Messages []Message // oldest first
	Ticket   *Ticket   // the newest one, if any
}

// Question is a customer's message as it arrives, before anything was removed from it.
type Question struct {
	Accepted       func(Run) // told once the question is on record, also of a repeat; the run may still be going on
	APIKeyID       uuid.UUID // the key that asked; zero for the command line
	Body           string
	Channel        string    // "widget", "api", "cli", …
	ClientID       string    // the caller's own id of this message: a repeat finds the first
	ConversationID uuid.UUID // zero starts a conversation
	Customer       Customer  // anonymous when zero
	IdempotencyKey string
	Jurisdiction   string // country of the customer, ISO 3166-1 alpha-2; empty when it is unknown
	Locale         string // what the caller believes the customer reads; a hint
	Progress       func(Stage)
	Sentence       func(ReplySentence) // told of an answer from articles, sentence by sentence, once it is on record
}

// Validate returns an Error with CodeInvalid that names the field at fault.
func (q Question) Validate() error {
	switch {
	case q.Body == "":
		return &Error{Code: CodeInvalid, Field: "message.body", Message: "message.body is empty: send the customer's text"}
	case !utf8.ValidString(q.Body):
		return &Error{Code: CodeInvalid, Field: "message.body", Message: "message.body is not valid UTF-8"}
	case strings.ContainsRune(q.Body, 0):
		return &Error{Code: CodeInvalid, Field: "message.body", Message: "message.body contains the character U+0000: take it out"}
	case utf8.RuneCountInString(q.Body) > MaxMessageRunes:
		return &Error{
			Code: CodeInvalid, Field: "message.body",
			Message: "message.body is longer than 8000 characters: shorten it or split it",
		}
	case q.Jurisdiction != "" && !isCountry(q.Jurisdiction):
		return &Error{
			Code: CodeInvalid, Field: "jurisdiction",
			Message: "jurisdiction is not a country: use a code of ISO 3166-1 alpha-2, like DE",
		}
	case q.Channel == "":
		return &Error{Code: CodeInvalid, Field: "channel", Message: "channel is empty"}
	}
	return nil
}

// isCountry reports whether code is an ISO 3166-1 alpha-2 code.
func isCountry(code string) bool {
	_, ok := retrieval.Jurisdiction(code)
	return ok
}
