package triage

import (
	"time"

	"github.com/deskhand/deskhand/assistant/triage/facts"
	"github.com/deskhand/deskhand/assistant/triage/risk"
)

// Priority is how soon a person must answer: P1 (minutes) to P4 (a day).
type Priority string

// The priorities, most urgent first.
const (
	P1 Priority = "P1"
	P2 Priority = "P2"
	P3 Priority = "P3"
	P4 Priority = "P4"
)

// Higher returns the more urgent of p and other.
func (p Priority) Higher(other Priority) Priority { return min(p, other) }

// Valid reports whether p is one of P1 to P4.
func (p Priority) Valid() bool { return P1 <= p && p <= P4 && len(p) == len(P1) }

// raised returns p, so many steps more urgent, but not beyond the limit.
func (p Priority) raised(steps int, limit Priority) Priority {
	order := [...]Priority{P1, P2, P3, P4}
	for i, at := range order {
		if at == p && p > limit {
			return max(order[max(i-steps, 0)], limit)
		}
	}
	return p
}

// Tier is how a desk ranks a customer. Only a verified identity may carry one: a customer cannot claim it.
type Tier string

// The tiers.
const (
	Standard Tier = ""
	VIP      Tier = "vip"
)

// LongWait is the age from which on a problem is urgent for its age alone: what takes three days is stuck, not slow.
const LongWait = 72 * time.Hour

// Urgency is what the priority of a case is made of.
type Urgency struct {
	Age         time.Duration // of the problem
	Intent      Priority      // of the intent, from the taxonomy
	LargeAmount bool
	Mood        facts.Mood
	Risks       []risk.Risk
	Tier        Tier
}

// Prioritise returns the priority of a case. It starts from the intent's, is at least as urgent as every risk demands, and
// rises by a step each for a large amount, a long wait, an upset customer and a VIP, though by these to P2 at most: P1 is
// for danger, and nobody may get there by shouting. Nothing ever lowers it.
func Prioritise(u Urgency) Priority {
	p := u.Intent
	for _, r := range u.Risks {
		p = p.Higher(consequences[r].priority)
	}
	steps := 0
	for _, pressing := range []bool{u.LargeAmount, u.Age >= LongWait, u.Mood == facts.Upset, u.Tier == VIP} {
		if pressing {
			steps++
		}
	}
	return p.raised(steps, P2)
}
