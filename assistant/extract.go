package assistant

import (
	"cmp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/deskhand/deskhand/assistant/triage"
	"github.com/deskhand/deskhand/retrieval"
)

// DraftRequest is what a draft is made from.
type DraftRequest struct {
	Case        Case
	Facts       []string // that the desk needs to know of such a case, as the taxonomy names them
	Instruction string   // of the agent who asks for another draft; empty for the first
	Language    string   // the customer's
	Reader      Reader
	Results     retrieval.Results
	Triage      triage.Triage
}

// Reader is who reads a draft first.
type Reader int

// The readers. An agent's draft may be longer: what is too much is cut faster than what is missing is found.
const (
	ReaderCustomer Reader = iota
	ReaderAgent
)

// extractRunes bounds an extracted answer: about what fits a chat window without scrolling. A passage is never cut in the
// middle of a line, so an answer may be a little longer.
const (
	extractRunes      = 900
	extractAgentRunes = 1800
)

// Extract drafts without a model: it sends the passage that a person wrote. It takes the article's own opening, which
// answers in a sentence or two, and the passage that matched best; it changes no word and adds none.
func Extract(request DraftRequest) Draft {
	hit, ok := readable(request)
	if !ok {
		return Draft{Language: request.Language, Method: MethodExtractive}
	}
	draft := Draft{Answerable: true, Language: hit.Article.Locale, Method: MethodExtractive}
	length, most, passages := 0, extractRunes, passagesToSend(hit)
	if request.Reader == ReaderAgent {
		most, passages = extractAgentRunes, allPassages(hit)
	}
	for _, passage := range passages {
		runes := utf8.RuneCountInString(passage.Body)
		if length > 0 && length+runes > most {
			break
		}
		length += runes
		draft.Sources = append(draft.Sources, sourceOf(hit, passage))
		draft.Sentences = append(draft.Sentences, sentences(passage, len(draft.Sources)-1)...)
	}
	return draft
}

// readable returns the best hit, preferring one in the customer's language over a better one that they cannot read only
// when both speak of the same intent.
func readable(request DraftRequest) (retrieval.Hit, bool) {
	hits := request.Results.Hits
	if len(hits) == 0 {
		return retrieval.Hit{}, false
	}
	if hits[0].Article.Locale == request.Language || !hits[0].Evidence.IntentMatch {
		return hits[0], true
	}
	for _, hit := range hits[1:] {
		if hit.Article.Locale == request.Language && hit.Evidence.IntentMatch {
			return hit, true
		}
	}
	return hits[0], true
}

// passagesToSend are the opening of the article and the passage that matched best, in the order of the article.
func passagesToSend(hit retrieval.Hit) []retrieval.Passage {
	if hit.Passage.Ordinal == 0 {
		passages := []retrieval.Passage{hit.Passage}
		if len(hit.More) > 0 {
			passages = append(passages, hit.More[0])
		}
		return passages
	}
	for _, passage := range hit.More {
		if passage.Ordinal == 0 {
			return []retrieval.Passage{passage, hit.Passage}
		}
	}
	return []retrieval.Passage{hit.Passage}
}

// allPassages are the passages of the article that were found, in its order.
func allPassages(hit retrieval.Hit) []retrieval.Passage {
	passages := append([]retrieval.Passage{hit.Passage}, hit.More...)
	slices.SortStableFunc(passages, func(a, b retrieval.Passage) int { return cmp.Compare(a.Ordinal, b.Ordinal) })
	return slices.CompactFunc(passages, func(a, b retrieval.Passage) bool { return a.Ordinal == b.Ordinal })
}

// sentences makes a sentence of every line of a passage, so that steps stay steps. A passage further down the article comes
// with its heading: a list would otherwise hang in the air without what it is a list of.
func sentences(passage retrieval.Passage, source int) []Sentence {
	var made []Sentence
	separator := "\n\n"
	add := func(text string) {
		made = append(made, Sentence{Break: separator, Citations: []int{source}, Text: text})
		separator = "\n"
	}
	if heading := passage.HeadingPath; passage.Ordinal > 0 && len(heading) > 0 {
		add(heading[len(heading)-1])
	}
	for line := range strings.Lines(strings.TrimSpace(passage.Body)) {
		if line = strings.TrimSpace(line); line == "" {
			separator = "\n\n"
			continue
		}
		add(line)
	}
	return made
}

// sourceOf is a passage as the guard and the agent see it: with the titles that say what it is about.
func sourceOf(hit retrieval.Hit, passage retrieval.Passage) Source {
	heading := strings.Join(append([]string{hit.Article.Title}, passage.HeadingPath...), " > ")
	return Source{
		Article:  citationOf(hit),
		Language: hit.Article.Locale,
		Text:     heading + "\n\n" + passage.Body,
	}
}
