package desk

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/assistant/guard"
	"github.com/deskhand/deskhand/prompts"
)

// The longest name and text of a macro, in characters.
const (
	MaxMacroName  = 100
	MaxMacroRunes = 8000
)

// Macro is a text that agents put into replies. Its body may hold the {variables} of MacroVariables.
type Macro struct {
	ID        int64
	Body      string
	Language  string // one of prompts.Languages
	Name      string // unique within a language
	UpdatedAt time.Time
	UpdatedBy string
	Version   int32
}

// MacroVariables are what a macro may say of a ticket: its number, and the times that were promised.
func MacroVariables() []string { return []string{"number", "resolve_by", "respond_by"} }

var macroVariable = regexp.MustCompile(`\{([^{}\n]*)\}`)

// Check returns an Error with CodeInvalid that names the field at fault. A macro is held to what holds for every text that
// leaves the desk (P4, P6), so that agents learn of it when it is written, and not in front of a customer.
func (m Macro) Check(checks *guard.Guard, registry guard.Registry) error {
	switch {
	case strings.TrimSpace(m.Name) == "" || utf8.RuneCountInString(m.Name) > MaxMacroName || strings.ContainsRune(m.Name, 0):
		return invalid("name", fmt.Sprintf("name must have 1 to %d characters", MaxMacroName))
	case strings.TrimSpace(m.Body) == "" || utf8.RuneCountInString(m.Body) > MaxMacroRunes || strings.ContainsRune(m.Body, 0):
		return invalid("body", fmt.Sprintf("body must have 1 to %d characters", MaxMacroRunes))
	case !slices.Contains(prompts.Languages(), m.Language):
		return invalid("language", "language takes "+strings.Join(prompts.Languages(), ", "))
	}
	for _, found := range macroVariable.FindAllStringSubmatch(m.Body, -1) {
		if !slices.Contains(MacroVariables(), found[1]) {
			return invalid("body", "body has the variable {"+found[1]+"}, which nothing fills: use {"+
				strings.Join(MacroVariables(), "}, {")+"}")
		}
	}
	if findings := checks.Check(guard.Text{Body: m.Body, Language: m.Language}, registry); len(findings) > 0 {
		return invalid("body", fmt.Sprintf("body may not be sent (%s): %s", findings[0].Check, findings[0].Detail))
	}
	return nil
}

// Fill returns the text of a macro for a ticket. A time that nobody promised leaves a dash.
func (m Macro) Fill(t assistant.Ticket) string {
	values := map[string]string{"number": t.Reference(), "resolve_by": "–", "respond_by": macroTime(t.RespondBy)}
	if t.ResolveBy != nil {
		values["resolve_by"] = macroTime(*t.ResolveBy)
	}
	return macroVariable.ReplaceAllStringFunc(m.Body, func(variable string) string {
		if value, ok := values[strings.Trim(variable, "{}")]; ok {
			return value
		}
		return variable
	})
}

// macroTime is a time as customers everywhere read it.
func macroTime(at time.Time) string { return at.UTC().Format("2006-01-02 15:04 UTC") }

// ForTicket orders macros for a ticket: those in its language first, then English, then the others, each by name.
func ForTicket(macros []Macro, language string) []Macro {
	rank := func(m Macro) int {
		switch m.Language {
		case language:
			return 0
		case prompts.DefaultLanguage:
			return 1
		}
		return 2
	}
	ordered := slices.Clone(macros)
	slices.SortStableFunc(ordered, func(a, b Macro) int {
		if order := rank(a) - rank(b); order != 0 {
			return order
		}
		return strings.Compare(a.Name, b.Name)
	})
	return ordered
}
