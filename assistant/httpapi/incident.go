package httpapi

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/assistant/access"
	"github.com/deskhand/deskhand/assistant/lang"
	"github.com/deskhand/deskhand/assistant/postgres"
)

// NoticeRequest is an incident notice.
type NoticeRequest struct {
	EndsAt        *time.Time        `doc:"Without it, the notice is in force until somebody ends it." json:"ends_at,omitempty"`
	Intents       []string          `doc:"The questions that it answers." example:"[\"withdrawal.pending\"]" json:"intents" maxItems:"80" minItems:"1" nullable:"false"` //nolint:lll // a tag is one line
	Jurisdictions []string          `doc:"Only for customers there (ISO 3166-1); none means everywhere." json:"jurisdictions,omitempty" maxItems:"250"`                  //nolint:lll // a tag is one line
	Languages     []string          `doc:"Only for customers who write in these; none means all." json:"languages,omitempty" maxItems:"14"`
	StartsAt      *time.Time        `doc:"Now or later. Without it, the notice is a draft." json:"starts_at,omitempty"`
	Texts         map[string]string `doc:"By language; en is required and answers where no other fits." json:"texts"`
}

// UpdateNoticeRequest replaces a notice.
type UpdateNoticeRequest struct {
	NoticeRequest

	Version int32 `doc:"The version that was seen." json:"version" minimum:"1"`
}

// NoticeView is an incident notice as it is kept.
type NoticeView struct {
	CreatedBy     string            `json:"created_by"`
	EndsAt        *time.Time        `json:"ends_at,omitempty"`
	ID            int64             `json:"id"`
	Intents       []string          `json:"intents" nullable:"false"`
	Jurisdictions []string          `json:"jurisdictions" nullable:"false"`
	Languages     []string          `json:"languages" nullable:"false"`
	StartsAt      *time.Time        `json:"starts_at,omitempty"`
	State         string            `enum:"draft,scheduled,active,ended" json:"state"`
	Texts         map[string]string `json:"texts"`
	UpdatedAt     *time.Time        `json:"updated_at,omitempty"`
	UpdatedBy     string            `json:"updated_by,omitempty"`
	Version       int32             `json:"version"`
}

type noticesInput struct {
	State string `enum:"draft,scheduled,active,ended" query:"state"`
}

// NoticeList are notices, the newest first.
type NoticeList struct {
	Notices []NoticeView `json:"notices" nullable:"false"`
}

type addNoticeInput struct {
	Body NoticeRequest
}

type noticeIDInput struct {
	ID int64 `minimum:"1" path:"id"`
}

type updateNoticeInput struct {
	ID   int64 `minimum:"1" path:"id"`
	Body UpdateNoticeRequest
}

type previewInput struct {
	Body PreviewRequest
}

// PreviewRequest is a question that nobody asked.
type PreviewRequest struct {
	Jurisdiction string `doc:"Where the customer is." json:"jurisdiction,omitempty" pattern:"^[A-Z]{2}$" patternDescription:"two upper-case letters"` //nolint:lll // a tag is one line
	Locale       string `json:"locale,omitempty" maxLength:"35"`
	Question     string `json:"question" maxLength:"8000" minLength:"1"`
}

// PreviewResponse says which notices apply to a question.
type PreviewResponse struct {
	Intent   string          `json:"intent"`
	Language string          `json:"language"`
	Notices  []PreviewNotice `doc:"Those in force that apply; the first is the one that answers." json:"notices" nullable:"false"`
	Person   []string        `doc:"Why it goes to a person whatever notices say; none when it does not." json:"person" nullable:"false"`
}

// PreviewNotice is what a customer would read.
type PreviewNotice struct {
	ID       int64  `json:"id"`
	Language string `json:"language"`
	Text     string `json:"text"`
}

func (s *server) describeIncidents(api huma.API) {
	tags := []string{"Incidents"}
	huma.Register(api, s.operation(api, huma.Operation{
		Method: http.MethodGet, OperationID: "list-incidents", Path: "/v1/incidents", Summary: "List incident notices", Tags: tags,
	}, access.ManageIncidents), s.notices)
	huma.Register(api, s.operation(api, huma.Operation{
		Description: "While a notice is in force it answers the questions of its intents, on every replica from the next question on; " +
			"cases for a person still go to a person. Its texts are held to what holds for every text that leaves the desk.",
		DefaultStatus: http.StatusCreated,
		Method:        http.MethodPost, OperationID: "add-incident", Path: "/v1/incidents", Summary: "Add an incident notice", Tags: tags,
	}, access.ManageIncidents), s.addNotice)
	huma.Register(api, s.operation(api, huma.Operation{
		Description: "Nothing is stored.",
		Method:      http.MethodPost, OperationID: "preview-incidents", Path: "/v1/incidents/preview",
		Summary: "Which notices apply to a question?", Tags: tags,
	}, access.ManageIncidents), s.previewNotices)
	s.describeProposals(api)
	huma.Register(api, s.operation(api, huma.Operation{
		Method: http.MethodGet, OperationID: "get-incident", Path: "/v1/incidents/{id}", Summary: "Read an incident notice", Tags: tags,
	}, access.ManageIncidents), s.notice)
	huma.Register(api, s.operation(api, huma.Operation{
		Description: "Replaces a notice that has not ended. A start puts a draft in force.",
		Method:      http.MethodPut, OperationID: "update-incident", Path: "/v1/incidents/{id}",
		Summary: "Change an incident notice", Tags: tags,
	}, access.ManageIncidents), s.updateNotice)
	huma.Register(api, s.operation(api, huma.Operation{
		DefaultStatus: http.StatusNoContent,
		Method:        http.MethodPost, OperationID: "end-incident", Path: "/v1/incidents/{id}/end",
		Summary: "Take a notice out of force", Tags: tags,
	}, access.ManageIncidents), s.endNotice)
	huma.Register(api, s.operation(api, huma.Operation{
		DefaultStatus: http.StatusNoContent,
		Method:        http.MethodDelete, OperationID: "remove-incident", Path: "/v1/incidents/{id}", Summary: "Remove a draft", Tags: tags,
	}, access.ManageIncidents), s.removeNotice)
}

func (s *server) notices(ctx context.Context, in *noticesInput) (*output[NoticeList], error) {
	notices, err := s.Store.Notices(ctx, postgres.NoticeState(in.State))
	if err != nil {
		return nil, s.problemOf(ctx, err)
	}
	list := NoticeList{Notices: make([]NoticeView, len(notices))}
	for i, notice := range notices {
		list.Notices[i] = s.noticeView(notice)
	}
	return &output[NoticeList]{Body: list}, nil
}

// schedule reads a notice and checks it.
func (s *server) schedule(ctx context.Context, in NoticeRequest) (postgres.Schedule, error) {
	n := postgres.Schedule{
		Notice: assistant.Notice{
			Intents: in.Intents, Jurisdictions: in.Jurisdictions, Languages: in.Languages, Texts: in.Texts,
		},
		EndsAt: in.EndsAt, StartsAt: in.StartsAt,
	}
	registry, err := s.Store.Registry(ctx)
	if err != nil {
		return n, err
	}
	return n, n.Check(assistant.NoticeRules{Guard: s.Assistant.Guard, Intent: s.Assistant.Triager.Intent, Registry: registry})
}

func (s *server) addNotice(ctx context.Context, in *addNoticeInput) (*output[NoticeView], error) {
	n, err := s.schedule(ctx, in.Body)
	if err != nil {
		return nil, s.problemOf(ctx, err)
	}
	stored, err := s.Store.AddNotice(ctx, n, actor(ctx).ID.String())
	if err != nil {
		return nil, s.problemOf(ctx, err)
	}
	return &output[NoticeView]{Body: s.noticeView(stored)}, nil
}

func (s *server) notice(ctx context.Context, in *noticeIDInput) (*output[NoticeView], error) {
	stored, err := s.Store.Notice(ctx, in.ID)
	if err != nil {
		return nil, s.problemOf(ctx, err)
	}
	return &output[NoticeView]{Body: s.noticeView(stored)}, nil
}

func (s *server) updateNotice(ctx context.Context, in *updateNoticeInput) (*output[NoticeView], error) {
	n, err := s.schedule(ctx, in.Body.NoticeRequest)
	if err != nil {
		return nil, s.problemOf(ctx, err)
	}
	n.ID = in.ID
	stored, err := s.Store.UpdateNotice(ctx, n, in.Body.Version, actor(ctx).ID.String())
	if err != nil {
		return nil, s.problemOf(ctx, err)
	}
	return &output[NoticeView]{Body: s.noticeView(stored)}, nil
}

func (s *server) endNotice(ctx context.Context, in *noticeIDInput) (*struct{}, error) {
	if err := s.Store.EndNotice(ctx, in.ID, actor(ctx).ID.String()); err != nil {
		return nil, s.problemOf(ctx, err)
	}
	return nil, nil //nolint:nilnil // Huma's way to say 204
}

func (s *server) removeNotice(ctx context.Context, in *noticeIDInput) (*struct{}, error) {
	if err := s.Store.RemoveDraft(ctx, in.ID, actor(ctx).ID.String()); err != nil {
		return nil, s.problemOf(ctx, err)
	}
	return nil, nil //nolint:nilnil // Huma's way to say 204
}

func (s *server) previewNotices(ctx context.Context, in *previewInput) (*output[PreviewResponse], error) {
	settings, err := s.Store.Settings(ctx)
	if err != nil {
		return nil, s.problemOf(ctx, err)
	}
	clean := s.Redactor.Redact(in.Body.Question)
	language := s.Assistant.Language(clean.Text, lang.Hint{Caller: in.Body.Locale}).Tag
	t := s.Assistant.Triager.Triage(clean.Text, nil)
	preview := PreviewResponse{Intent: t.Intent, Language: language, Notices: []PreviewNotice{}, Person: []string{}}
	for _, reason := range settings.Policy.MustHandOff(t) {
		preview.Person = append(preview.Person, string(reason))
	}
	about := assistant.Circumstances{Intent: t.Intent, Jurisdiction: in.Body.Jurisdiction, Language: language}
	for _, notice := range assistant.Applying(settings.Notices, about) {
		text, tag := notice.Text(language)
		preview.Notices = append(preview.Notices, PreviewNotice{ID: notice.ID, Language: tag, Text: text})
	}
	return &output[PreviewResponse]{Body: preview}, nil
}

func (s *server) noticeView(n postgres.StoredNotice) NoticeView {
	return NoticeView{
		CreatedBy: n.CreatedBy, EndsAt: n.EndsAt, ID: n.ID, Intents: n.Intents, Jurisdictions: n.Jurisdictions, Languages: n.Languages,
		StartsAt: n.StartsAt, State: string(n.State(s.Clock())), Texts: n.Texts, UpdatedAt: n.UpdatedAt,
		UpdatedBy: n.UpdatedBy, Version: n.Version,
	}
}
