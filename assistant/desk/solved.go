package desk

import (
	"time"

	"github.com/google/uuid"
)

// SolvedCase is a case that an agent solved: what the customer asked, and the last reply before it was resolved.
type SolvedCase struct {
	Language   string
	Number     int64
	Question   string // redacted, as everything that is stored
	Reply      string
	ResolvedAt time.Time
	TicketID   uuid.UUID
}

// AskedQuestion is what a customer asked.
type AskedQuestion struct {
	Body     string
	Language string // empty when it is not known
}
