package desk

import (
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/assistant/desk/plan"
	"github.com/deskhand/deskhand/assistant/triage"
)

const (
	// maxReason bounds why something was done.
	maxReason = 1000
	// maxTags and maxTagRunes bound how a ticket is labelled.
	maxTags     = 30
	maxTagRunes = 50
	// maxHold is the longest time for which an agent can put a ticket aside.
	maxHold = 90 * 24 * time.Hour
)

// Change is a step of a ticket.
type Change struct {
	Actor     Actor
	At        time.Time
	Assignee  *uuid.UUID              // of StepAssign
	HoldUntil *time.Time              // of StepHold: when it is resumed by itself
	Into      *uuid.UUID              // of StepMerge
	Outcome   assistant.TicketOutcome // of StepResolve; assumed when empty
	Priority  triage.Priority         // of StepPrioritise
	Queue     string                  // of StepMove, and of StepEscalate where it moves the ticket
	Reason    string                  // without secrets
	Step      Step
	Tags      []string // of StepTag: all that the ticket has afterwards
	TicketID  uuid.UUID
	Version   int32 // that the actor saw; 0 for the desk's clock, which has just read it
}

// Validate returns an Error with CodeInvalid that names the field at fault.
func (c Change) Validate(now time.Time) error {
	switch {
	case utf8.RuneCountInString(c.Reason) > maxReason:
		return invalid("reason", "reason is longer than 1000 characters: shorten it")
	case c.needsReason() && strings.TrimSpace(c.Reason) == "":
		return invalid("reason", "reason is empty: say why")
	case c.Step == StepPrioritise && !c.Priority.Valid():
		return invalid("priority", "priority must be P1, P2, P3 or P4")
	case c.Step == StepHold && c.HoldUntil != nil && (!c.HoldUntil.After(now) || c.HoldUntil.After(now.Add(maxHold))):
		return invalid("until", "until must lie in the next 90 days")
	case c.Step == StepResolve && !slices.Contains([]assistant.TicketOutcome{
		"", assistant.OutcomeAbandoned, assistant.OutcomeAssumed, assistant.OutcomeConfirmed,
	}, c.Outcome):
		return invalid("outcome", "outcome must be confirmed, assumed or abandoned")
	case len(c.Tags) > maxTags:
		return invalid("tags", "a ticket has at most 30 tags")
	}
	for _, tag := range c.Tags {
		if strings.TrimSpace(tag) != tag || tag == "" || utf8.RuneCountInString(tag) > maxTagRunes {
			return invalid("tags", "a tag has 1 to 50 characters and no space around it")
		}
	}
	return nil
}

// needsReason: who changes what was promised, or gives a case away, says why.
func (c Change) needsReason() bool {
	return slices.Contains([]Step{StepPrioritise, StepHold, StepMerge, StepEscalate, StepReopen}, c.Step)
}

// Apply returns the ticket after a change, or an Error with CodeConflict when its state or its holder does not allow it. It
// is pure: who stores the result holds the ticket's lock and has checked its version.
func Apply(p *plan.Plan, before assistant.Ticket, c Change) (assistant.Ticket, error) {
	status, err := follow(before, c)
	if err != nil {
		return before, err
	}
	after := before
	after.Status = status
	switch c.Step {
	case StepAssign:
		after.AssigneeID = c.Assignee
		lease(p, &after, c.At)
	case StepClaim:
		after.AssigneeID = &c.Actor.ID
		lease(p, &after, c.At)
	case StepResume, StepReject:
		lease(p, &after, c.At)
	case StepExpire, StepRelease:
		after.AssigneeID = nil
	case StepReopen:
		reopen(&after)
	case StepCustomerWrote:
		customerWrote(p, &after, before, c)
	case StepReply:
		after.AwaitingSince = nil
		if after.FirstResponseAt == nil {
			after.FirstResponseAt = &c.At
		}
	case StepAbandon, StepMerge, StepResolve:
		resolve(p, &after, c)
	case StepEscalate:
		after.Escalations++
		escalate(p, &after, c)
	case StepMove:
		after.Queue = c.Queue
		promise(p, &after, c.At)
	case StepPrioritise:
		after.Priority = c.Priority
		promise(p, &after, c.At)
	case StepTag:
		after.Tags = slices.Compact(slices.Sorted(slices.Values(c.Tags)))
	case StepFollowUp:
		after.FollowUpAt = nil
	case StepOutcome:
		after.Outcome, after.FollowUpAt = c.Outcome, nil
	case StepHold, StepOpen, StepTake: // settle does the first, the store the others
	}
	settle(p, &after, c)
	return after, nil
}

func reopen(after *assistant.Ticket) {
	after.AssigneeID, after.ResolvedAt, after.MergedInto, after.FollowUpAt, after.Outcome = nil, nil, nil, nil, ""
}

func customerWrote(p *plan.Plan, after *assistant.Ticket, before assistant.Ticket, c Change) {
	switch before.Status {
	case resolved:
		reopen(after)
		after.Recontacts++
	case waiting, onHold:
		lease(p, after, c.At)
	case claimed, open:
	}
}

func resolve(p *plan.Plan, after *assistant.Ticket, c Change) {
	after.ResolvedAt, after.AwaitingSince = &c.At, nil
	switch c.Step {
	case StepAbandon:
		after.Outcome = assistant.OutcomeAbandoned
	case StepMerge:
		after.Outcome, after.MergedInto = assistant.OutcomeMerged, c.Into
	default:
		after.Outcome = c.Outcome
		if after.Outcome == "" {
			after.Outcome = assistant.OutcomeAssumed
		}
		// Who confirmed needs no asking, and who does not answer would not answer that either.
		if p.FollowUp > 0 && after.Outcome == assistant.OutcomeAssumed {
			at := c.At.Add(p.FollowUp)
			after.FollowUpAt = &at
		}
		if after.AssigneeID == nil && c.Actor.Machine == "" {
			after.AssigneeID = &c.Actor.ID
		}
	}
}

func escalate(p *plan.Plan, after *assistant.Ticket, c Change) {
	if p.Escalation.RaisePriority || c.Actor.Machine == "" {
		after.Priority = raised(after.Priority)
	}
	if c.Queue != "" {
		after.Queue = c.Queue
	}
	promise(p, after, c.At)
}

// raised returns the priority one step more urgent.
func raised(p triage.Priority) triage.Priority {
	switch p {
	case triage.P4:
		return triage.P3
	case triage.P3:
		return triage.P2
	case triage.P1, triage.P2:
	}
	return triage.P1
}

// lease lets a claim end by itself.
func lease(p *plan.Plan, after *assistant.Ticket, at time.Time) {
	if p.Lease > 0 && after.Status == claimed {
		expires := at.Add(p.Lease)
		after.ClaimExpiresAt = &expires
	}
}
