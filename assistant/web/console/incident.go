package console

import (
	"net/url"

	"github.com/deskhand/deskhand/assistant/httpapi"
	"github.com/deskhand/deskhand/prompts"
)

// incidentsPage are the notices, and what was proposed to become one.
type incidentsPage struct {
	Filter    map[string]string
	Proposals []httpapi.ProposalView
	Rows      []httpapi.NoticeView
}

func (v *visit) incidents() (string, any, error) {
	var proposals httpapi.ProposalList
	if err := v.get("/v1/incidents/proposals", &proposals); err != nil {
		return "", nil, err
	}
	var list httpapi.NoticeList
	filter, _, err := v.ask("/v1/incidents", []string{"state"}, &list)
	return "incidents", incidentsPage{Filter: filter, Proposals: proposals.Proposals, Rows: list.Notices}, err
}

// incidentPage is a notice and the languages that it may have texts in, English first.
type incidentPage struct {
	Languages []string
	Notice    httpapi.NoticeView
}

func (v *visit) incident() (string, any, error) {
	page := incidentPage{Languages: []string{prompts.DefaultLanguage}}
	for _, language := range prompts.Languages() {
		if language != prompts.DefaultLanguage {
			page.Languages = append(page.Languages, language)
		}
	}
	id := v.ctx.Params("id")
	if id == "new" {
		return "incident", page, nil
	}
	err := v.get("/v1/incidents/"+url.PathEscape(id), &page.Notice)
	return "incident", page, err
}
