package console

import (
	"net/url"

	"github.com/deskhand/deskhand/assistant/desk"
	"github.com/deskhand/deskhand/assistant/httpapi"
	"github.com/deskhand/deskhand/prompts"
)

func (v *visit) macros() (string, any, error) {
	var list httpapi.MacroList
	err := v.get("/v1/macros", &list)
	return "macros", list, err
}

// macroPage is a macro and what may stand in it.
type macroPage struct {
	Languages []string
	Macro     httpapi.MacroView
	Variables []string
}

func (v *visit) macro() (string, any, error) {
	page := macroPage{Languages: prompts.Languages(), Variables: desk.MacroVariables()}
	id := v.ctx.Params("id")
	if id == "new" {
		return "macro", page, nil
	}
	err := v.get("/v1/macros/"+url.PathEscape(id), &page.Macro)
	return "macro", page, err
}
