package prompts

import (
	_ "embed"
	"fmt"
	"strings"
	"text/template"
)

// agentSource are the prompts of what agents ask for. Nothing of it decides about an automatic answer, so it is no part of
// Library.Version.
//
//go:embed agent.tmpl
var agentSource string

// DraftForAgent renders the prompt for a draft that an agent reads first, with the agent's instruction if there is one.
func (l *Library) DraftForAgent(in DraftInput, instruction string) (Prompt, error) {
	prompt, err := l.Draft(in)
	if err != nil {
		return prompt, err
	}
	longer, err := l.agentText("agent-system", nil)
	if err != nil {
		return Prompt{}, err
	}
	prompt.System += "\n\n" + longer
	if instruction == "" {
		return prompt, nil
	}
	rule, err := l.agentText("redraft-system", nil)
	if err != nil {
		return Prompt{}, err
	}
	wish, err := l.agentText("redraft-user", instruction)
	if err != nil {
		return Prompt{}, err
	}
	prompt.System += "\n\n" + rule
	prompt.User += "\n" + wish
	return prompt, nil
}

// TranslateInput is a text that an agent cannot read. It is untrusted (P8).
type TranslateInput struct {
	Language string // BCP 47, of the translation
	Text     string
}

// Translate renders the prompt for a translation. The reply is text.
func (l *Library) Translate(in TranslateInput) (Prompt, error) {
	system, err := l.agentText("translate-system", nil)
	if err != nil {
		return Prompt{}, err
	}
	user, err := l.agentText("translate-user", in)
	return Prompt{System: system, User: user}, err
}

func (l *Library) agentText(name string, data any) (string, error) {
	var text strings.Builder
	if err := l.agent.ExecuteTemplate(&text, name, data); err != nil {
		return "", fmt.Errorf("render prompt %s: %w", name, err)
	}
	return text.String(), nil
}

func newAgentTemplate() (*template.Template, error) {
	parsed, err := template.New("agent").Option("missingkey=error").Funcs(template.FuncMap{"escape": escape}).Parse(agentSource)
	if err != nil {
		return nil, fmt.Errorf("parse prompts for agents: %w", err)
	}
	return parsed, nil
}
