package webhook

import (
	"net/http"
	"time"

	"github.com/google/uuid"
)

// Status is where a delivery stands.
type Status string

// The states of a delivery.
const (
	Dead      Status = "dead"      // given up; a person may replay it
	Delivered Status = "delivered" // the consumer took it
	Pending   Status = "pending"   // to be tried, for the first time or again
)

const (
	// disableAfter is how long an endpoint may fail without one success before it is disabled.
	disableAfter = 72 * time.Hour
	// failureGap is the time without a delivery after which a new failure is a new story: an endpoint that failed on Monday
	// and was not needed until Friday has not failed for days.
	failureGap = 36 * time.Hour
	// pause keeps the deliveries to an endpoint that gives no answer from occupying all workers with waiting for it. It is
	// short, so that a consumer that is back is noticed soon.
	pause = time.Minute
)

// Endpoint is where a consumer takes events.
type Endpoint struct {
	ID             uuid.UUID
	CreatedAt      time.Time
	DisabledAt     *time.Time
	DisabledReason string
	Events         []Type // none means all
	FailingSince   *time.Time
	LastFailureAt  *time.Time
	Name           string
	OldSecret      Secret     // signs too until OldSecretUntil; empty for none
	OldSecretUntil *time.Time // set with OldSecret
	PausedUntil    *time.Time
	Reach          Reach
	Secret         Secret
	URL            string
}

// Message returns an event as it goes to the endpoint. While a secret is being replaced, both sign, and a consumer that
// knows one of them can verify.
func (e Endpoint) Message(id uuid.UUID, body []byte, now time.Time) Message {
	secrets := []Secret{e.Secret}
	if e.OldSecret != "" && e.OldSecretUntil != nil && now.Before(*e.OldSecretUntil) {
		secrets = append(secrets, e.OldSecret)
	}
	return Message{Body: body, ID: id.String(), Reach: e.Reach, Secrets: secrets, URL: e.URL}
}

// Delivery is one event for one endpoint.
type Delivery struct {
	ID          uuid.UUID
	Attempts    int // since it was stored or last replayed
	Body        []byte
	CreatedAt   time.Time // of the event
	DeliveredAt *time.Time
	Endpoint    Endpoint
	EventID     uuid.UUID
	LastAt      *time.Time
	LastProblem string
	LastStatus  int // HTTP status of the last attempt; 0 when it got none
	NextAt      *time.Time
	Replays     int // how often a person started it again
	Status      Status
	Type        Type
}

// Next is when a pending delivery is tried again: an endpoint that does not answer is given a pause.
func (d Delivery) Next() *time.Time {
	if d.Status != Pending {
		return nil
	}
	if until := d.Endpoint.PausedUntil; until != nil && d.NextAt != nil && until.After(*d.NextAt) {
		return until
	}
	return d.NextAt
}

// Settlement is what an attempt changes: the delivery, and what is known of the endpoint's health.
type Settlement struct {
	At         time.Time
	Attempt    Attempt
	DeliveryID uuid.UUID
	EndpointID uuid.UUID
	NextAt     *time.Time // of the next attempt; nil when there is none
	Status     Status

	DisabledReason string // not empty when the endpoint is disabled from now on
	FailingSince   *time.Time
	PausedUntil    *time.Time
}

// settle decides what follows from an attempt. It is a pure function.
func (d Delivery) settle(attempt Attempt, wait time.Duration, now time.Time) Settlement {
	s := Settlement{At: now, Attempt: attempt, DeliveryID: d.ID, EndpointID: d.Endpoint.ID, Status: Delivered}
	if attempt.Delivered() {
		return s
	}
	since := now
	if before := d.Endpoint.LastFailureAt; d.Endpoint.FailingSince != nil && before != nil && now.Sub(*before) < failureGap {
		since = *d.Endpoint.FailingSince
	}
	s.FailingSince = &since
	if unwell(attempt.Status) {
		until := now.Add(pause)
		s.PausedUntil = &until
	}
	switch {
	case attempt.Status == http.StatusGone:
		s.DisabledReason = "the endpoint answered 410: it is gone"
	case now.Sub(since) >= disableAfter:
		s.DisabledReason = "no delivery was taken since " + since.UTC().Format(time.RFC3339) + "; the last: " + attempt.Problem
	case d.Attempts+1 < MaxAttempts:
		next := now.Add(wait)
		s.NextAt, s.Status = &next, Pending
		return s
	}
	s.Status = Dead
	return s
}

// unwell reports whether other deliveries to the endpoint would fail now as well: it gave no answer, or none of its own.
func unwell(status int) bool {
	switch status {
	case 0, http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return false
}
