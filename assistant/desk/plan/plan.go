// Package plan is how a desk works, as its lead wrote it down in one YAML document: queues with their opening hours and
// promises, who may work on what, when a case is escalated, and by when a complaint must be decided.
//
// A plan is data that is checked as a whole when it is read; every mistake is named with its line. Whoever has a Plan need
// not check anything again. The package keeps nothing and knows no ticket.
package plan

import (
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/deskhand/deskhand/assistant/desk/sla"
	"github.com/deskhand/deskhand/assistant/triage"
)

// PushLimit is how many tickets an agent without a capacity is given: a few conversations at a time are what one can keep in mind.
const PushLimit = 5

// DefaultQueue is the queue of a desk without a plan.
const DefaultQueue = "general"

// Plan is how a desk works. The zero Plan is not one: Default returns the plan of a desk that has none.
type Plan struct {
	AbandonAfter time.Duration // of silence of a customer whom the desk waits for; 0: a person decides
	Agents       []Agent
	Complaints   Complaints
	Escalation   Escalation
	FollowUp     time.Duration // after a resolution the customer is asked whether it holds; 0: never
	Lease        time.Duration // of a claim without a reply; 0: for ever
	Queues       []Queue       // at least one; the last takes what no other takes
	Reopen       time.Duration // how long after its resolution a case comes back as the same ticket
	Source       string        // as it was written
	Version      int64         // 0 for Default
	WarnAt       float64       // share of a promise after which to warn, above 0 and up to 1
}

// Agent is what a person may work on. Who is not listed has no skills and every language.
type Agent struct {
	Capacity  int      // most tickets held at a time; 0: no limit, but no more than PushLimit are given
	Languages []string // none: all
	Name      string   // of the agent, or the agent's id
	Skills    []string
}

// Complaints is how complaints are handled.
type Complaints struct {
	Default string // name of the regime of a complaint for which nobody chose one
	Regimes []Regime
}

// Regime is the set of deadlines of one law or rule book.
type Regime struct {
	Calendar      sla.Calendar // days and holidays for the deadline
	Decide        sla.Period   // from receipt to decision
	Extended      sla.Period   // in exceptional cases; zero: none
	Intents       []string     // intents, or groups such as "fiat.*", that it is about; none: all
	Jurisdictions []string     // ISO 3166-1 alpha-2 codes where it holds; none: only where it is chosen or the default
	Name          string
	Progress      sla.Period // how often the customer is told that it is still looked into; zero: by people only
	WarnDays      int        // days before the deadline on which to warn
}

// Escalation is what a missed promise leads to, beside its event.
type Escalation struct {
	Queue         string // where the ticket goes; empty: it stays
	RaisePriority bool   // by one step, to P1 at most
}

// Queue is a line of tickets with its hours and promises.
type Queue struct {
	Calendar  sla.Calendar
	Intents   []string // intents, or groups such as "security.*"; none: all
	Languages []string // none: all
	Name      string
	Push      bool     // its tickets are given to agents who are present, in opening hours; else they are taken
	Skills    []string // that an agent needs, all of them
	Targets   map[triage.Priority]Targets
}

// Targets are promises in opening hours; 0 is no promise.
type Targets struct {
	FirstResponse time.Duration
	NextResponse  time.Duration
	Resolution    time.Duration
}

// Default is the plan of a desk that has set none: one queue, open around the clock, with no promise but the policy's first
// response; complaints by MiCA's deadline.
func Default() *Plan {
	return &Plan{
		Complaints: Complaints{Default: "mica", Regimes: []Regime{{
			Decide: sla.Period{Count: 2, Unit: sla.Months}, Name: "mica", WarnDays: 7,
		}}},
		Queues: []Queue{{Name: DefaultQueue}},
		Reopen: defaultReopen,
		WarnAt: defaultWarnAt,
	}
}

// The defaults of a plan that says nothing of them.
const (
	defaultReopen = 7 * 24 * time.Hour
	defaultWarnAt = 0.75
)

// Route returns the queue for a case: the first that takes its intent and language.
func (p *Plan) Route(intent, language string) Queue {
	for _, queue := range p.Queues {
		if queue.takes(intent, language) {
			return queue
		}
	}
	return p.Queues[len(p.Queues)-1]
}

// Queue returns the queue of this name. A ticket may stand in a queue that a later plan has dropped: it then belongs to
// the last one.
func (p *Plan) Queue(name string) Queue {
	if i := slices.IndexFunc(p.Queues, func(q Queue) bool { return q.Name == name }); i >= 0 {
		return p.Queues[i]
	}
	return p.Queues[len(p.Queues)-1]
}

// Has reports whether the plan has a queue of this name.
func (p *Plan) Has(name string) bool {
	return slices.ContainsFunc(p.Queues, func(q Queue) bool { return q.Name == name })
}

// Agent returns what the plan says of an agent.
func (p *Plan) Agent(id uuid.UUID, name string) Agent {
	for _, agent := range p.Agents {
		if agent.Name == name || agent.Name == id.String() {
			return agent
		}
	}
	return Agent{Name: name}
}

// Worked returns the names of the queues that an agent may work on.
func (p *Plan) Worked(agent Agent) []string {
	var names []string
	for _, queue := range p.Queues {
		if agent.Has(queue.Skills) {
			names = append(names, queue.Name)
		}
	}
	return names
}

// Regime returns the regime of this name, the default one for an empty name. ok is false for one that the plan lacks.
func (p *Plan) Regime(name string) (Regime, bool) {
	if name == "" {
		name = p.Complaints.Default
	}
	for _, regime := range p.Complaints.Regimes {
		if regime.Name == name {
			return regime, true
		}
	}
	return Regime{}, false
}

// RegimeOf returns the regime for a complaint of a customer in a jurisdiction about an intent: the first that holds there and is
// about that, else the default one. For an unknown jurisdiction, which is empty, it is the default one.
func (p *Plan) RegimeOf(jurisdiction, intent string) Regime {
	for _, regime := range p.Complaints.Regimes {
		if slices.Contains(regime.Jurisdictions, jurisdiction) && matches(regime.Intents, intent) {
			return regime
		}
	}
	regime, _ := p.Regime("") // a plan has its default one
	return regime
}

// Pushed returns the names of the queues whose tickets are given to an agent at a time.
func (p *Plan) Pushed(agent Agent, at time.Time) []string {
	var names []string
	for _, queue := range p.Queues {
		if queue.Push && agent.Has(queue.Skills) && queue.Calendar.Open(at) {
			names = append(names, queue.Name)
		}
	}
	return names
}

// Has reports whether the agent has all of these skills.
func (a Agent) Has(skills []string) bool {
	return !slices.ContainsFunc(skills, func(skill string) bool { return !slices.Contains(a.Skills, skill) })
}

// Room returns how many more tickets may be given to an agent who works on so many.
func (a Agent) Room(load int) int {
	limit := a.Capacity
	if limit == 0 {
		limit = PushLimit
	}
	return max(0, limit-load)
}

// Speaks reports whether the agent works in a language. A plain language covers its scripts and regions: "zh" also zh-Hant.
func (a Agent) Speaks(language string) bool {
	return len(a.Languages) == 0 || covers(a.Languages, language)
}

func (q Queue) takes(intent, language string) bool {
	if len(q.Languages) > 0 && !covers(q.Languages, language) {
		return false
	}
	return matches(q.Intents, intent)
}

// matches reports whether one of the patterns is an intent or its group; no pattern matches all.
func matches(patterns []string, intent string) bool {
	return len(patterns) == 0 || slices.ContainsFunc(patterns, func(pattern string) bool {
		group, isGroup := strings.CutSuffix(pattern, "*")
		return pattern == intent || isGroup && strings.HasPrefix(intent, group)
	})
}

func covers(tags []string, language string) bool {
	return slices.ContainsFunc(tags, func(tag string) bool {
		return strings.EqualFold(tag, language) || len(language) > len(tag) && language[len(tag)] == '-' &&
			strings.EqualFold(language[:len(tag)], tag)
	})
}
