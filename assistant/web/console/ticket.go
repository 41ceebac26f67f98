package console

import (
	"errors"
	"fmt"
	"maps"
	"net/url"

	"github.com/google/uuid"

	"github.com/deskhand/deskhand/assistant/desk"
	"github.com/deskhand/deskhand/assistant/httpapi"
	"github.com/deskhand/deskhand/prompts"
)

// ticketPage is a case with all that an agent needs to answer it.
type ticketPage struct {
	httpapi.TicketDetail

	AskUnclear  string         // the question what the case is about, in the customer's language
	Draft       *httpapi.Draft // that waits
	Earlier     []httpapi.Draft
	History     []httpapi.HistoryEntry
	Holder      string // who holds it; empty for nobody
	Mine        bool
	Names       map[string]string // of agents, by id
	Queues      []string
	Reading     []httpapi.Article // internal ones that fit the case
	RejectCodes []desk.RejectCode
	Rules       []string // that fired in the latest question
	Sources     []httpapi.Article
	Viewers     []string // others who have it open
}

func (v *visit) ticket() (string, any, error) {
	page := ticketPage{Names: map[string]string{"customer": v.texts.T("customer"), "system": v.texts.T("system")}}
	id, err := uuid.Parse(v.ctx.Params("id"))
	if err != nil {
		id = uuid.Nil // the service says that there is no such ticket
	}
	address := "/v1/tickets/" + id.String()
	if err := v.get(address, &page.TicketDetail); err != nil {
		return "", nil, err
	}
	var history httpapi.TicketHistory
	if err := v.get(address+"/history", &history); err != nil {
		return "", nil, err
	}
	names, err := v.names()
	if err != nil {
		return "", nil, err
	}
	maps.Copy(page.Names, names)
	page.Names[v.session.Agent.ID.String()] = v.texts.T("you")
	var viewers httpapi.Viewers
	if err := v.post(address+"/view", &viewers); err != nil {
		return "", nil, err
	}
	page.Viewers = viewers.Others
	page.History, page.RejectCodes = history.Entries, desk.RejectCodes()
	page.Rules = rulesOf(page.Trail)
	page.AskUnclear = v.fixed.Text(prompts.AskUnclear, page.Ticket.Language, nil)
	if holder := page.Ticket.AssigneeID; holder != nil && page.Ticket.Status != "open" {
		page.Mine = *holder == v.session.Agent.ID
		page.Holder = page.NameOf(holder.String())
	}
	for _, draft := range page.Drafts {
		if draft.Fate == "pending" && page.Draft == nil {
			page.Draft = &draft
			continue
		}
		page.Earlier = append(page.Earlier, draft)
	}
	if page.Draft != nil {
		if page.Sources, err = v.sources(page.Draft.Citations); err != nil {
			return "", nil, err
		}
		page.Reading, err = v.sources(reading(page.Draft.Notes))
	}
	return "ticket", page, err
}

// NameOf is what people call who acted.
func (p ticketPage) NameOf(actor string) string {
	if name, ok := p.Names[actor]; ok {
		return name
	}
	if len(actor) > 8 {
		return "#" + actor[:8]
	}
	return actor
}

// sources are articles beside a draft, as they are now. One that is gone is left out: its title still stands beside the draft.
func (v *visit) sources(citations []httpapi.Citation) ([]httpapi.Article, error) {
	var found []httpapi.Article
	for _, citation := range citations {
		var article httpapi.Article
		err := v.get("/v1/articles/"+url.PathEscape(citation.Slug)+"/"+url.PathEscape(citation.Locale), &article)
		if refused := (*refusal)(nil); errors.As(err, &refused) {
			continue
		}
		if err != nil {
			return nil, err
		}
		found = append(found, article)
	}
	return found, nil
}

// reading are the articles that notes point an agent to.
func reading(notes []httpapi.DraftNote) []httpapi.Citation {
	var articles []httpapi.Citation
	for _, note := range notes {
		if note.Kind == "read" && note.Article != nil {
			articles = append(articles, *note.Article)
		}
	}
	return articles
}

// rulesOf names the rules that fired in the latest question of a conversation.
func rulesOf(trail []httpapi.Trace) []string {
	var rules []string
	for _, trace := range trail {
		for _, step := range trace.Steps {
			fired, ok := step.Detail["rules"].([]any)
			if !ok {
				continue
			}
			rules = rules[:0]
			for _, rule := range fired {
				rules = append(rules, fmt.Sprint(rule))
			}
		}
	}
	return rules
}
