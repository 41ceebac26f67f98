package assistant

import (
	"time"

	"github.com/deskhand/deskhand/assistant/triage"
)

// Customer is who asks, as the host site has vouched for it with a signed token. The zero Customer is anonymous and gets what
// anybody may read.
type Customer struct {
	ExpiresAt    time.Time // of the token
	Jurisdiction string    // ISO 3166-1 alpha-2; empty when not known
	Ref          string    // the host site's id of the customer
	Tier         triage.Tier
	TokenHash    []byte // names the token, which is good for one conversation
}

// Known reports whether the customer is not anonymous.
func (c Customer) Known() bool { return c.Ref != "" }
