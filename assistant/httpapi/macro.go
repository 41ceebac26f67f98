package httpapi

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/deskhand/deskhand/assistant/access"
	"github.com/deskhand/deskhand/assistant/desk"
)

// MacroRequest is a text that agents put into replies.
type MacroRequest struct {
	Body     string `doc:"May hold {number}, {respond_by} and {resolve_by}, which are filled in for a ticket." json:"body" maxLength:"8000" minLength:"1"` //nolint:lll // a tag is one line
	Language string `doc:"BCP 47." example:"en" json:"language" maxLength:"35" minLength:"2"`
	Name     string `doc:"Unique within a language." json:"name" maxLength:"100" minLength:"1"`
}

// UpdateMacroRequest replaces a macro.
type UpdateMacroRequest struct {
	MacroRequest

	Version int32 `doc:"The version that was seen." json:"version" minimum:"1"`
}

// MacroView is a macro as it is kept.
type MacroView struct {
	Body      string    `json:"body"`
	ID        int64     `json:"id"`
	Language  string    `json:"language"`
	Name      string    `json:"name"`
	Text      string    `doc:"The body for a ticket, filled in; only where a ticket is asked for." json:"text,omitempty"`
	UpdatedAt time.Time `json:"updated_at"`
	UpdatedBy string    `json:"updated_by"`
	Version   int32     `json:"version"`
}

// MacroList are macros.
type MacroList struct {
	Macros []MacroView `json:"macros" nullable:"false"`
}

type addMacroInput struct {
	Body MacroRequest
}

type macroIDInput struct {
	ID int64 `doc:"The macro." minimum:"1" path:"id"`
}

type updateMacroInput struct {
	ID   int64 `doc:"The macro." minimum:"1" path:"id"`
	Body UpdateMacroRequest
}

func (s *server) describeMacros(api huma.API) {
	tags := []string{"Macros"}
	huma.Register(api, s.operation(api, huma.Operation{
		Description: "All, by name and language.",
		Method:      http.MethodGet, OperationID: "list-macros", Path: "/v1/macros", Summary: "List macros", Tags: tags,
	}, access.WorkTickets), s.macros)
	huma.Register(api, s.operation(api, huma.Operation{
		Description:   "Its text is held to what holds for every text that leaves the desk.",
		DefaultStatus: http.StatusCreated,
		Method:        http.MethodPost, OperationID: "add-macro", Path: "/v1/macros", Summary: "Add a macro", Tags: tags,
	}, access.EditKnowledge), s.addMacro)
	huma.Register(api, s.operation(api, huma.Operation{
		Method: http.MethodGet, OperationID: "get-macro", Path: "/v1/macros/{id}", Summary: "Read a macro", Tags: tags,
	}, access.WorkTickets), s.macro)
	huma.Register(api, s.operation(api, huma.Operation{
		Method: http.MethodPut, OperationID: "update-macro", Path: "/v1/macros/{id}", Summary: "Change a macro", Tags: tags,
	}, access.EditKnowledge), s.updateMacro)
	huma.Register(api, s.operation(api, huma.Operation{
		DefaultStatus: http.StatusNoContent,
		Method:        http.MethodDelete, OperationID: "remove-macro", Path: "/v1/macros/{id}", Summary: "Remove a macro", Tags: tags,
	}, access.EditKnowledge), s.removeMacro)
	huma.Register(api, s.operation(api, huma.Operation{
		Description: "Filled in for the ticket; those in its language first.",
		Method:      http.MethodGet, OperationID: "list-ticket-macros", Path: "/v1/tickets/{id}/macros", Summary: "Macros for a ticket",
		Tags: []string{"Agents"},
	}, access.WorkTickets), s.ticketMacros)
}

func (s *server) macros(ctx context.Context, _ *struct{}) (*output[MacroList], error) {
	macros, err := s.Store.Macros(ctx)
	if err != nil {
		return nil, s.problemOf(ctx, err)
	}
	list := MacroList{Macros: make([]MacroView, len(macros))}
	for i, m := range macros {
		list.Macros[i] = macroView(m)
	}
	return &output[MacroList]{Body: list}, nil
}

// checkedMacro reads a macro and holds it to the rules.
func (s *server) checkedMacro(ctx context.Context, in MacroRequest) (desk.Macro, error) {
	m := desk.Macro{Body: in.Body, Language: in.Language, Name: in.Name}
	registry, err := s.Store.Registry(ctx)
	if err != nil {
		return m, err
	}
	return m, m.Check(s.Assistant.Guard, registry)
}

func (s *server) addMacro(ctx context.Context, in *addMacroInput) (*output[MacroView], error) {
	m, err := s.checkedMacro(ctx, in.Body)
	if err == nil {
		m, err = s.Store.AddMacro(ctx, m, actor(ctx).ID.String())
	}
	if err != nil {
		return nil, s.problemOf(ctx, err)
	}
	return &output[MacroView]{Body: macroView(m)}, nil
}

func (s *server) macro(ctx context.Context, in *macroIDInput) (*output[MacroView], error) {
	m, err := s.Store.Macro(ctx, in.ID)
	if err != nil {
		return nil, s.problemOf(ctx, err)
	}
	return &output[MacroView]{Body: macroView(m)}, nil
}

func (s *server) updateMacro(ctx context.Context, in *updateMacroInput) (*output[MacroView], error) {
	m, err := s.checkedMacro(ctx, in.Body.MacroRequest)
	if err == nil {
		m.ID, m.Version = in.ID, in.Body.Version
		m, err = s.Store.UpdateMacro(ctx, m, actor(ctx).ID.String())
	}
	if err != nil {
		return nil, s.problemOf(ctx, err)
	}
	return &output[MacroView]{Body: macroView(m)}, nil
}

func (s *server) removeMacro(ctx context.Context, in *macroIDInput) (*struct{}, error) {
	if err := s.Store.RemoveMacro(ctx, in.ID, actor(ctx).ID.String()); err != nil {
		return nil, s.problemOf(ctx, err)
	}
	return nil, nil //nolint:nilnil // Huma's way to say 204
}

func (s *server) ticketMacros(ctx context.Context, in *ticketInput) (*output[MacroList], error) {
	detail, err := s.Desk.Ticket(ctx, in.ID)
	if err != nil {
		return nil, s.problemOf(ctx, err)
	}
	macros, err := s.Store.Macros(ctx)
	if err != nil {
		return nil, s.problemOf(ctx, err)
	}
	list := MacroList{Macros: []MacroView{}}
	for _, m := range desk.ForTicket(macros, detail.Ticket.Language) {
		view := macroView(m)
		view.Text = m.Fill(detail.Ticket)
		list.Macros = append(list.Macros, view)
	}
	return &output[MacroList]{Body: list}, nil
}

func macroView(m desk.Macro) MacroView {
	return MacroView{
		Body: m.Body, ID: m.ID, Language: m.Language, Name: m.Name, UpdatedAt: m.UpdatedAt, UpdatedBy: m.UpdatedBy, Version: m.Version,
	}
}
