package assistant

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/deskhand/deskhand/assistant/guard"
	"github.com/deskhand/deskhand/assistant/triage"
	"github.com/deskhand/deskhand/retrieval"
)

// DraftRequest is what a draft is made from.
type DraftRequest struct {
	Case Case
	// Fits says how well a text answers the question; a greater number is better. Without it the search's order decides.
	Fits        func(text string) float64
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

// Extract drafts without a model: it sends the passage that a person wrote. It takes the article's own opening, which
// answers in a sentence or two, and the passage that matched best; it changes no word and adds none.
func Extract(request DraftRequest) Draft {
	hit, ok := readable(request)
	if !ok {
		return Draft{Language: request.Language, Method: MethodExtractive}
	}
	draft := extractFrom(hit, request)
	if !asksTime(request.Case.Question.Body) || guard.NamesTime(draft.Text()) {
		return draft
	}
	found, most := draft, math.Inf(-1)
	for _, other := range neighbours(hit, request.Results.Hits) {
		next := extractFrom(other, request)
		if fit := request.timeFit(next); fit > most {
			found, most = next, fit
		}
	}
	return found
}

// neighbours are the other articles that were found on the same subject, in the same language.
func neighbours(hit retrieval.Hit, hits []retrieval.Hit) []retrieval.Hit {
	return slices.DeleteFunc(slices.Clone(hits), func(other retrieval.Hit) bool {
		return other.Article.Slug == hit.Article.Slug || other.Article.Category != hit.Article.Category ||
			other.Article.Locale != hit.Article.Locale
	})
}

// timeFit is how well the sentence of a draft that names a time answers the question; the least of all numbers where none does.
func (r DraftRequest) timeFit(draft Draft) float64 {
	most := math.Inf(-1)
	for _, sentence := range draft.Sentences {
		if r.Fits != nil && guard.NamesTime(sentence.Text) {
			most = max(most, r.Fits(heading(draft.Sources[sentence.Citations[0]])+"\n"+sentence.Text))
		}
	}
	return most
}

// extractFrom drafts from one article.
func extractFrom(hit retrieval.Hit, request DraftRequest) Draft {
	draft := Draft{Answerable: true, Language: hit.Article.Locale, Method: MethodExtractive}
	room, passages := extractRunes, passagesToSend(hit)
	if request.Reader == ReaderAgent {
		room, passages = extractAgentRunes, allPassages(hit)
	}
	for i, passage := range passages {
		switch {
		case i == 1:
			passage.Body = shortened(passage.Body, room, request.Fits)
		case i > 1 && request.Reader == ReaderAgent && utf8.RuneCountInString(passage.Body) <= room:
			// an agent strikes out what is too much
		case i > 1:
			passage.Body = further(passage.Body, room, request.betterThan(draft, hit, passage))
		}
		if passage.Body == "" {
			continue
		}
		room -= utf8.RuneCountInString(passage.Body)
		draft.Sources = append(draft.Sources, sourceOf(hit, passage))
		draft.Sentences = append(draft.Sentences, sentences(passage, len(draft.Sources)-1)...)
	}
	return draft
}

// betterThan tells a line of a passage of an article that answers better than all that a draft has.
func (r DraftRequest) betterThan(draft Draft, hit retrieval.Hit, passage retrieval.Passage) func(line string) bool {
	if r.Fits == nil {
		return func(string) bool { return false }
	}
	best, under := math.Inf(-1), heading(sourceOf(hit, passage))
	for _, sentence := range draft.Sentences {
		best = max(best, r.Fits(heading(draft.Sources[sentence.Citations[0]])+"\n"+sentence.Text))
	}
	return func(line string) bool { return r.Fits(under+"\n"+line) > best }
}

// heading is what a source begins with: the titles above its text.
func heading(source Source) string {
	titles, _, _ := strings.Cut(source.Text, "\n")
	return titles
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

// passagesToSend are the opening of the article, the passage that matched best, and the others by how they matched.
func passagesToSend(hit retrieval.Hit) []retrieval.Passage {
	passages := append([]retrieval.Passage{hit.Passage}, hit.More...)
	slices.SortStableFunc(passages, func(a, b retrieval.Passage) int { return cmp.Compare(min(a.Ordinal, 1), min(b.Ordinal, 1)) })
	return passages
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
