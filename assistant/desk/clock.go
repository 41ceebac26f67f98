package desk

import (
	"time"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/assistant/desk/plan"
	"github.com/deskhand/deskhand/assistant/desk/sla"
)

// Promise names what a desk promises a customer.
type Promise string

// The promises.
const (
	PromiseResolution Promise = "resolution"
	PromiseResponse   Promise = "response"
)

// Alarm says that a promise of a ticket is about to be missed, or was.
type Alarm struct {
	Due     time.Time
	Overdue bool // missed; else about to be
	Promise Promise
}

// Alarms returns what the clock has to say of a ticket at a time. The same alarm comes up as long as the ticket stands so:
// the store sounds each once.
func Alarms(t assistant.Ticket, now time.Time) []Alarm {
	var alarms []Alarm
	sound := func(promise Promise, warn, due *time.Time) {
		if passed(warn, now) {
			alarms = append(alarms, Alarm{Due: *due, Promise: promise})
		}
		if passed(due, now) {
			alarms = append(alarms, Alarm{Due: *due, Overdue: true, Promise: promise})
		}
	}
	if t.AwaitingSince != nil && t.RespondWarnAt != nil {
		sound(PromiseResponse, t.RespondWarnAt, &t.RespondBy)
	}
	if t.PausedAt == nil && t.ResolveBy != nil {
		sound(PromiseResolution, t.ResolveWarnAt, t.ResolveBy)
	}
	return alarms
}

func passed(at *time.Time, now time.Time) bool { return at != nil && !at.After(now) }

// DueStep returns the step that the clock takes with a ticket whose time has come; ok is false when there is none.
func DueStep(p *plan.Plan, t assistant.Ticket, now time.Time) (step Step, ok bool) {
	switch {
	case t.Status == claimed && passed(t.ClaimExpiresAt, now):
		return StepExpire, true
	case t.Status == onHold && passed(t.HoldUntil, now):
		return StepResume, true
	case t.Status == resolved && passed(t.FollowUpAt, now):
		return StepFollowUp, true
	case t.Status == waiting && passed(abandonAt(p, t), now):
		return StepAbandon, true
	}
	return "", false
}

func abandonAt(p *plan.Plan, t assistant.Ticket) *time.Time {
	if t.Status != waiting || t.PausedAt == nil || p.AbandonAfter == 0 {
		return nil
	}
	at := t.PausedAt.Add(p.AbandonAfter)
	return &at
}

// Opened completes a ticket that is about to be opened: its queue and what is promised. RespondBy comes with the time that
// the policy promises; a target of the plan replaces it.
func Opened(p *plan.Plan, t assistant.Ticket) assistant.Ticket {
	t.Queue = p.Route(t.Intent, t.Language).Name
	t.Status = open
	await(p, &t, t.CreatedAt, t.RespondBy)
	promise(p, &t, t.CreatedAt)
	t.NextCheckAt = NextCheck(p, t, t.CreatedAt)
	return t
}

// Awaited notes that the customer waits for a reply since at. fallback is the time that the policy promises. A customer who
// has waited already, waits on: the earlier promise stands, or becomes sooner.
func Awaited(p *plan.Plan, t assistant.Ticket, at, fallback time.Time) assistant.Ticket {
	if t.AwaitingSince == nil {
		await(p, &t, at, fallback)
	}
	promise(p, &t, at)
	t.NextCheckAt = NextCheck(p, t, at)
	return t
}

func await(p *plan.Plan, t *assistant.Ticket, at, fallback time.Time) {
	t.AwaitingSince, t.RespondBy = &at, fallback
	warn := at.Add(time.Duration(float64(fallback.Sub(at)) * p.WarnAt))
	t.RespondWarnAt = &warn
	if clock := response(p, *t, at); clock.Running() {
		t.RespondBy, t.RespondWarnAt = clock.Due, &clock.Warn
	}
}

// response is the clock of the reply that the customer waits for, begun at a time.
func response(p *plan.Plan, t assistant.Ticket, at time.Time) sla.Clock {
	queue := p.Queue(t.Queue)
	target := queue.Targets[t.Priority].NextResponse
	if t.FirstResponseAt == nil {
		target = queue.Targets[t.Priority].FirstResponse
	}
	return sla.Start(queue.Calendar, at, target, p.WarnAt)
}

// promise brings the clocks in line with a ticket's priority and queue, as of a time. A promise never moves to a later time,
// and one that was missed stays missed.
func promise(p *plan.Plan, t *assistant.Ticket, at time.Time) {
	if t.AwaitingSince != nil && t.RespondBy.After(at) {
		if clock := response(p, *t, at); clock.Running() && clock.Due.Before(t.RespondBy) {
			t.RespondBy, t.RespondWarnAt = clock.Due, &clock.Warn
		}
	}
	if t.PausedAt != nil {
		at = *t.PausedAt // what is left of it is counted from there
	}
	queue := p.Queue(t.Queue)
	clock := sla.Start(queue.Calendar, at, queue.Targets[t.Priority].Resolution, p.WarnAt)
	if clock.Running() && (t.ResolveBy == nil || t.ResolveBy.After(at) && clock.Due.Before(*t.ResolveBy)) {
		t.ResolveBy, t.ResolveWarnAt = &clock.Due, &clock.Warn
	}
}

// settle lets the state that a ticket has reached decide which of its clocks run.
func settle(p *plan.Plan, after *assistant.Ticket, c Change) {
	paused := after.Status == waiting || after.Status == resolved
	// A reply to a customer who has been silent begins another wait.
	if after.PausedAt != nil && (!paused || c.Step == StepReply) {
		resume(p, after, c.At)
	}
	if paused && after.PausedAt == nil {
		after.PausedAt = &c.At
	}
	if after.Status != claimed {
		after.ClaimExpiresAt = nil
	}
	switch {
	case c.Step == StepHold:
		after.HoldUntil = c.HoldUntil
	case after.Status != onHold:
		after.HoldUntil = nil
	}
	after.NextCheckAt = NextCheck(p, *after, c.At)
}

// resume lets the promise to resolve the ticket run again.
func resume(p *plan.Plan, t *assistant.Ticket, at time.Time) {
	if t.ResolveBy != nil && t.ResolveWarnAt != nil {
		clock := sla.Clock{Due: *t.ResolveBy, Warn: *t.ResolveWarnAt}.Resume(p.Queue(t.Queue).Calendar, *t.PausedAt, at)
		t.ResolveBy, t.ResolveWarnAt = &clock.Due, &clock.Warn
	}
	t.PausedAt = nil
}

// NextCheck returns when the clock next has something to do with a ticket after a time; nil for never.
func NextCheck(p *plan.Plan, t assistant.Ticket, after time.Time) *time.Time {
	moments := []*time.Time{t.ClaimExpiresAt, t.HoldUntil, abandonAt(p, t)}
	if t.Status == resolved {
		moments = []*time.Time{t.FollowUpAt}
	}
	if t.AwaitingSince != nil && t.Status != resolved {
		moments = append(moments, t.RespondWarnAt, &t.RespondBy)
	}
	if t.PausedAt == nil {
		moments = append(moments, t.ResolveWarnAt, t.ResolveBy)
	}
	var next *time.Time
	for _, moment := range moments {
		if moment != nil && moment.After(after) && (next == nil || moment.Before(*next)) {
			next = moment
		}
	}
	return next
}
