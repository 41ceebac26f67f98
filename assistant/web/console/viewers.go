package console

import (
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"
)

// viewFor is how long somebody who has looked at a case is taken to have it open: two of the looks that a page makes by itself,
// and a slow network.
const viewFor = 25 * time.Second

// viewers know who has which case open, on this replica. It is a courtesy: what keeps two people from answering the same
// customer is the ticket's holder and its version.
type viewers struct {
	mu   sync.Mutex
	seen map[uuid.UUID]map[uuid.UUID]glance // by ticket and agent
}

type glance struct {
	at   time.Time
	name string
}

// look notes that an agent has a ticket open, and returns the names of the others who have, in order.
func (v *viewers) look(ticket, agent uuid.UUID, now glance) []string {
	v.mu.Lock()
	defer v.mu.Unlock()
	for id, glances := range v.seen {
		maps.DeleteFunc(glances, func(_ uuid.UUID, g glance) bool { return now.at.Sub(g.at) > viewFor })
		if len(glances) == 0 {
			delete(v.seen, id)
		}
	}
	if v.seen == nil {
		v.seen = make(map[uuid.UUID]map[uuid.UUID]glance)
	}
	if v.seen[ticket] == nil {
		v.seen[ticket] = make(map[uuid.UUID]glance)
	}
	v.seen[ticket][agent] = now
	var others []string
	for id, g := range v.seen[ticket] {
		if id != agent {
			others = append(others, g.name)
		}
	}
	slices.Sort(others)
	return others
}
