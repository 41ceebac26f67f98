package assistant

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/deskhand/deskhand/assistant/lang"
	"github.com/deskhand/deskhand/assistant/llm"
	"github.com/deskhand/deskhand/prompts"
	"github.com/deskhand/deskhand/retrieval"
)

const (
	// draftTokens bounds a draft: eight sentences with their JSON, in a script that takes two tokens a character.
	draftTokens = 1200
	// agentTokens is the same for an agent: sixteen sentences.
	agentTokens = 2400
	// turnsShown is how many earlier messages a model sees: enough to know what "it" is.
	turnsShown = 6
)

// ModelDrafter returns a DraftFunc that asks a model, once. What comes back is held to the same guard as any text.
func ModelDrafter(model llm.Model, library *prompts.Library) DraftFunc {
	return func(ctx context.Context, request DraftRequest) (Draft, error) {
		sources := modelSources(request)
		in, tokens := draftInput(request, sources), draftTokens
		prompt, err := library.Draft(in)
		if request.Reader == ReaderAgent {
			prompt, err = library.DraftForAgent(in, request.Instruction)
			tokens = agentTokens
		}
		if err != nil {
			return Draft{}, err
		}
		response, err := model.Complete(ctx, llm.Request{
			Conversation: request.Case.Run.ConversationID.String(),
			MaxTokens:    tokens,
			Purpose:      "draft",
			Schema:       &llm.Schema{JSON: prompt.Schema, Name: "draft"},
			System:       prompt.System,
			User:         prompt.User,
		})
		if err != nil {
			return Draft{}, fmt.Errorf("complete draft: %w", err)
		}
		var reply prompts.DraftReply
		if err := json.Unmarshal([]byte(response.Text), &reply); err != nil {
			return Draft{}, fmt.Errorf("parse draft: %w", err)
		}
		draft := draftFrom(reply, sources)
		draft.PromptVersion = library.Version()
		draft.Usage = Usage{
			Cached:           response.Cached,
			CompletionTokens: response.Usage.CompletionTokens,
			Model:            response.Model,
			PromptTokens:     response.Usage.PromptTokens,
		}
		return draft, nil
	}
}

// passagesShown fits the token budget of a prompt. What is dropped is the lowest in rank, as a whole.
const passagesShown = 6

// modelSources are the passages that a model may cite: of every hit the one that matched, and the opening of the best. Where the question
// asks for a value, the passage that gives it stands for its article, and before all others.
func modelSources(request DraftRequest) []Source {
	var giving, others []Source
	for i, hit := range request.Results.Hits {
		passages := []retrieval.Passage{hit.Passage}
		if value, ok := request.giving(hit); ok {
			giving = append(giving, sourceOf(hit, value))
			passages = nil
		}
		if i == 0 {
			passages = passagesToSend(hit)
			passages = passages[:min(len(passages), 2)]
		}
		for _, passage := range passages {
			others = append(others, sourceOf(hit, passage))
		}
	}
	sources := giving
	for _, source := range others {
		if !slices.ContainsFunc(giving, func(given Source) bool { return given.Text == source.Text }) {
			sources = append(sources, source)
		}
	}
	return sources[:min(len(sources), passagesShown)]
}

// giving is the passage of a hit with a line that gives the value for what the question names, if there is one.
func (r DraftRequest) giving(hit retrieval.Hit) (retrieval.Passage, bool) {
	if !r.narrowing.narrows() {
		return retrieval.Passage{}, false
	}
	for _, passage := range passagesToSend(hit) {
		if r.gives(hit, passage) == givesNamed {
			return passage, true
		}
	}
	return retrieval.Passage{}, false
}

func draftInput(request DraftRequest, sources []Source) prompts.DraftInput {
	in := prompts.DraftInput{Language: request.Language, Question: request.Case.Question.Body}
	if request.Reader == ReaderAgent { // what to ask back is an agent's business
		in.Facts = request.Facts
	}
	for i, source := range sources {
		in.Sources = append(in.Sources, prompts.DraftSource{
			ID: i + 1, Locale: source.Language, Text: source.Text, Title: source.Article.Title,
		})
	}
	if !slices.ContainsFunc(sources, func(s Source) bool { return s.Language == request.Language }) { // else they have the desk's words
		for _, wording := range request.Results.Wording {
			in.Terms = append(in.Terms, prompts.DraftTerm{Concept: wording.Concept, Word: wording.Word})
		}
	}
	history := request.Case.History
	for _, message := range history[max(0, len(history)-turnsShown):] {
		in.History = append(in.History, prompts.DraftTurn{Author: string(message.Author), Text: message.Body})
	}
	return in
}

// draftFrom turns a model's reply into a draft. A citation of a source that does not exist is dropped, so that the
// sentence stands without one and the guard stops it.
func draftFrom(reply prompts.DraftReply, sources []Source) Draft {
	language, _ := lang.Canonical(reply.Language)
	draft := Draft{Answerable: reply.Answerable, Language: language, Method: MethodModel, Notes: notesFrom(reply), Sources: sources}
	for _, sentence := range reply.Sentences {
		text := strings.TrimSpace(sentence.Text)
		if text == "" {
			continue
		}
		var cited []int
		for _, id := range sentence.Citations {
			if id >= 1 && id <= len(sources) {
				cited = append(cited, id-1)
			}
		}
		draft.Sentences = append(draft.Sentences, Sentence{Break: separator(sentence.Starts, language), Citations: cited, Text: text})
	}
	return draft
}

// separator is the white space before a sentence that starts in the given way.
func separator(starts, language string) string {
	switch starts {
	case "paragraph":
		return "\n\n"
	case "line":
		return "\n"
	}
	if strings.HasPrefix(language, "zh") || language == "ja" {
		return ""
	}
	return " "
}
