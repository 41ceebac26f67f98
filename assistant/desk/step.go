package desk

import (
	"maps"
	"slices"

	"github.com/deskhand/deskhand/assistant"
)

// Step is something that happens to a ticket.
type Step string

// The steps.
const (
	StepAbandon       Step = "abandon"        // the customer has been silent for too long
	StepAssign        Step = "assign"         // to an agent, by another or by load
	StepClaim         Step = "claim"          // by the agent who will answer; again, by the same agent, to keep it longer
	StepCustomerWrote Step = "customer_wrote" // the customer wrote, and a person has to answer
	StepEscalate      Step = "escalate"       // a promise was missed, or an agent asks for it
	StepExpire        Step = "expire"         // a claim without a reply ends
	StepFollowUp      Step = "follow_up"      // the customer is asked whether the resolution holds
	StepHold          Step = "hold"           // until somebody at the desk's side has done something
	StepMerge         Step = "merge"          // into another ticket of the same customer
	StepMove          Step = "move"           // into another queue
	StepOpen          Step = "open"           // a case needs a person
	StepOutcome       Step = "outcome"        // more is known of how a resolution went
	StepPrioritise    Step = "prioritise"
	StepReject        Step = "reject" // a draft
	StepRelease       Step = "release"
	StepReopen        Step = "reopen"
	StepReply         Step = "reply"
	StepResolve       Step = "resolve"
	StepResume        Step = "resume" // work after a hold or a wait
	StepTag           Step = "tag"
	StepTake          Step = "take_merged" // what was another ticket
)

// statuses is a map from the state before a step to the state after it. A state that is not in it does not allow the step.
type statuses map[assistant.TicketStatus]assistant.TicketStatus

// Whom a step needs.
type need int

const (
	anybody need = iota // an agent, where the ticket is nobody's or the agent's own; a lead always
	holder              // the agent who holds the ticket, and nobody else
	machine             // the desk's clock, or the customer
)

// rule is what a step needs and does.
type rule struct {
	needs    need
	statuses statuses
}

const (
	claimed  = assistant.TicketClaimed
	onHold   = assistant.TicketOnHold
	open     = assistant.TicketOpen
	resolved = assistant.TicketResolved
	waiting  = assistant.TicketWaiting
)

// rules is the one table of what may happen to a ticket. The database holds the same pairs of states; a test compares them.
func rules() map[Step]rule {
	same := statuses{open: open, claimed: claimed, waiting: waiting, onHold: onHold}
	return map[Step]rule{
		StepAbandon:       {machine, statuses{waiting: resolved}},
		StepAssign:        {anybody, statuses{open: claimed, claimed: claimed, waiting: waiting, onHold: onHold}},
		StepClaim:         {anybody, statuses{open: claimed, claimed: claimed, waiting: claimed, onHold: claimed}},
		StepCustomerWrote: {machine, statuses{open: open, claimed: claimed, waiting: claimed, onHold: claimed, resolved: open}},
		StepEscalate:      {anybody, same},
		StepExpire:        {machine, statuses{claimed: open}},
		StepFollowUp:      {machine, statuses{resolved: resolved}},
		StepHold:          {anybody, statuses{claimed: onHold, waiting: onHold}},
		StepMerge:         {anybody, statuses{open: resolved, claimed: resolved, waiting: resolved, onHold: resolved}},
		StepMove:          {anybody, same},
		StepOutcome:       {machine, statuses{resolved: resolved}},
		StepPrioritise:    {anybody, same},
		StepReject:        {holder, statuses{claimed: claimed, waiting: waiting, onHold: onHold}},
		StepRelease:       {anybody, statuses{claimed: open, waiting: open, onHold: open}},
		StepReopen:        {anybody, statuses{resolved: open}},
		StepReply:         {holder, statuses{claimed: waiting, waiting: waiting, onHold: waiting}},
		StepResolve:       {anybody, statuses{claimed: resolved, waiting: resolved, onHold: resolved}},
		StepResume:        {anybody, statuses{onHold: claimed, waiting: claimed}},
		StepTag:           {anybody, statuses{open: open, claimed: claimed, waiting: waiting, onHold: onHold, resolved: resolved}},
		StepTake:          {anybody, same},
	}
}

// Transitions returns every pair of different states that some step leads through, as "from>to", in order.
func Transitions() []string {
	pairs := make(map[string]bool)
	for _, rule := range rules() {
		for from, to := range rule.statuses {
			if from != to {
				pairs[string(from)+">"+string(to)] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(pairs))
}

// follow returns the state after a step, or an Error with CodeConflict that says why it is not possible.
func follow(before assistant.Ticket, c Change) (assistant.TicketStatus, error) {
	rule := rules()[c.Step]
	after, possible := rule.statuses[before.Status]
	mine := before.AssigneeID != nil && *before.AssigneeID == c.Actor.ID
	switch {
	case rule.needs == holder && (!before.Held() || !mine):
		return "", assistant.Errorf(assistant.CodeConflict, "claim the ticket before you answer it")
	case rule.needs == anybody && c.Actor.Machine == "" && before.AssigneeID != nil && before.Held() && !mine && !c.Actor.Lead:
		return "", assistant.Errorf(assistant.CodeConflict, "another agent holds this ticket")
	case rule.needs == machine && c.Actor.Machine == "":
		return "", assistant.Errorf(assistant.CodeConflict, "only the desk itself can do this")
	case !possible:
		return "", assistant.Errorf(assistant.CodeConflict, "a ticket that is %s does not allow: %s", before.Status, c.Step)
	case c.Step == StepClaim && mine && before.Status != claimed:
		return "", assistant.Errorf(assistant.CodeConflict, "you hold this ticket already: resume it")
	}
	return after, nil
}
