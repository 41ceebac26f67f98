package assistant

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/deskhand/deskhand/assistant/llm"
	"github.com/deskhand/deskhand/prompts"
	"github.com/deskhand/deskhand/retrieval"
)

// translationTokens bounds a translation: a long message in a script that takes two tokens a character.
const translationTokens = 4000

// Suggestion is another draft that an agent asked for. It is not kept: what the agent sends is.
type Suggestion struct {
	Draft   Draft
	Notes   []Note
	Verdict Verdict
}

// Suggest drafts a reply to a run's question again, for an agent who says what should be different. A model follows the
// instruction; without one it is what the articles are searched for, beside the question. Nothing is stored.
func (a *Assistant) Suggest(ctx context.Context, runID uuid.UUID, instruction string) (Suggestion, error) {
	c, err := a.Store.Case(ctx, runID)
	if err != nil {
		return Suggestion{}, fmt.Errorf("load case: %w", err)
	}
	settings, err := a.Store.Settings(ctx)
	if err != nil {
		return Suggestion{}, fmt.Errorf("load settings: %w", err)
	}
	instruction = strings.TrimSpace(a.Redactor.Redact(instruction).Text)
	rec := &recorder{clock: a.Clock}
	language, t := a.language(c, rec), a.triage(c, rec)
	searched := c
	if a.Draft == nil && instruction != "" {
		searched.Question.Body += "\n" + instruction
	}
	results, err := a.retrieve(ctx, retrieveRequest{audience: retrieval.AudienceInternal, c: searched, language: language, triage: t}, rec)
	if err != nil {
		return Suggestion{}, fmt.Errorf("retrieve: %w", err)
	}
	results, reading := forCustomers(results)
	request := a.draftRequest(c, language, results, t)
	request.Instruction, request.Reader = instruction, ReaderAgent
	draft, err := a.draft(ctx, request, rec)
	if err != nil {
		return Suggestion{}, fmt.Errorf("draft: %w", err)
	}
	if len(draft.Sentences) == 0 {
		return Suggestion{}, Errorf(CodeNotFound, "no article fits: say it with other words, or write the reply yourself")
	}
	notes := slices.Concat(reading, a.notes(request, draft, settings.Registry))
	return Suggestion{Draft: draft, Notes: notes, Verdict: a.guard(draft, c, settings.Registry, rec)}, nil
}

// TranslateFunc translates a text into a language, a BCP 47 tag.
type TranslateFunc func(ctx context.Context, text, language string) (string, error)

// ModelTranslator returns a TranslateFunc that asks a model.
func ModelTranslator(model llm.Model, library *prompts.Library) TranslateFunc {
	return func(ctx context.Context, text, language string) (string, error) {
		prompt, err := library.Translate(prompts.TranslateInput{Language: language, Text: text})
		if err != nil {
			return "", err
		}
		response, err := model.Complete(ctx, llm.Request{
			MaxTokens: translationTokens, Purpose: "translate", System: prompt.System, User: prompt.User,
		})
		if err != nil {
			return "", fmt.Errorf("complete translation: %w", err)
		}
		return strings.TrimSpace(response.Text), nil
	}
}
