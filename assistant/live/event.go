package live

import (
	"encoding/json"
	"time"

	"github.com/google/uuid"
)

// Event is an event as it is stored.
type Event struct {
	Body      json.RawMessage // of a webhook's event: id, type, created_at, data
	CreatedAt time.Time
	Position  int64 // above 0; ascending, with gaps
	Type      string
}

// Subjects are the things that an event tells of.
type Subjects struct {
	ConversationID uuid.UUID `json:"conversation_id"`
	MessageID      uuid.UUID `json:"message_id"`
	ReplyID        uuid.UUID `json:"reply_id"`
}

// Subjects returns what the event's data names; what it does not name is uuid.Nil.
func (e Event) Subjects() Subjects {
	var body struct {
		Data Subjects `json:"data"`
	}
	_ = json.Unmarshal(e.Body, &body) // data without these names tells of something else
	return body.Data
}

// Page is what one look at the table found.
type Page struct {
	Events []Event // in the order of their positions
	Last   int64   // the highest position in the table

	// Writers are the transactions that have written events, or may have, and had not ended just before the events were read.
	// They are read only where Hub asks for them.
	Writers []string
}
