package console

import (
	"net/url"
	"slices"

	"github.com/deskhand/deskhand/assistant/httpapi"
	"github.com/deskhand/deskhand/assistant/triage/risk"
)

// filters are the parameters of GET /v1/tickets that the queue's page passes on.
func filters() []string {
	return []string{"channel", "cursor", "intent", "language", "mine", "overdue", "priority", "queue", "risk", "status", "tag"}
}

// queuePage is what the queue shows.
type queuePage struct {
	Filter map[string]string
	Names  map[string]string // of who holds a ticket, by id
	Next   string            // address of the next page; empty on the last
	Risks  []risk.Risk
	Rows   []httpapi.Ticket
}

func (v *visit) queue() (string, any, error) {
	page := queuePage{Risks: risk.All(), Filter: make(map[string]string), Names: make(map[string]string)}
	query := url.Values{}
	for _, name := range filters() {
		if value := v.ctx.Query(name); value != "" {
			page.Filter[name] = value
			query.Set(name, value)
		}
	}
	var list httpapi.TicketList
	if err := v.get("/v1/tickets?"+query.Encode(), &list); err != nil {
		return "", nil, err
	}
	page.Rows = list.Tickets
	if list.NextCursor != "" {
		query.Set("cursor", list.NextCursor)
		page.Next = "/console?" + query.Encode()
	}
	if slices.ContainsFunc(page.Rows, func(t httpapi.Ticket) bool { return t.AssigneeID != nil && *t.AssigneeID != v.session.Agent.ID }) {
		var err error
		if page.Names, err = v.names(); err != nil {
			return "", nil, err
		}
	}
	page.Names[v.session.Agent.ID.String()] = v.texts.T("you")
	return "queue", page, nil
}

// names are those of everybody who works or worked here, by id.
func (v *visit) names() (map[string]string, error) {
	var list httpapi.People
	if err := v.get("/v1/desk/people", &list); err != nil {
		return nil, err
	}
	names := make(map[string]string)
	for _, person := range list.People {
		names[person.ID.String()] = person.Name
	}
	return names, nil
}
