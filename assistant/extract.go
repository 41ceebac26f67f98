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

	narrowing narrowing // of the question
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
	if !request.open(draft) {
		return draft
	}
	best, most, various := draft, math.Inf(-1), draft
	for _, other := range neighbours(hit, request.Results.Hits) {
		next := extractFrom(other, request)
		if len(request.unmet(next)) > 0 {
			if len(request.unmet(various)) == 0 {
				various = next
			}
		} else if fit := request.valueFit(next); fit > most {
			best, most = next, fit
		}
	}
	if most < named && len(request.unmet(various)) > 0 { // the value differs by what the question names: one for all is no answer
		return various
	}
	return best
}

// mostPassages is how many passages of an article a draft is made of. What gives the value asked for is looked for in all that were found.
const mostPassages = 4

// named is how much better a line fits that names what the question names: more than any text fits.
const named = 10

// open reports whether a draft leaves open what the question asks for: it names no time, or gives the value of something else.
func (r DraftRequest) open(draft Draft) bool {
	return r.narrowing.time && !guard.NamesTime(draft.Text()) || len(r.unmet(draft)) > 0
}

// neighbours are the other articles that were found on the same subject, in the same language.
func neighbours(hit retrieval.Hit, hits []retrieval.Hit) []retrieval.Hit {
	return slices.DeleteFunc(slices.Clone(hits), func(other retrieval.Hit) bool {
		return other.Article.Slug == hit.Article.Slug || other.Article.Category != hit.Article.Category ||
			other.Article.Locale != hit.Article.Locale
	})
}

// valueFit is how well the sentence of a draft that gives the value asked for answers the question; one that names what the question names
// is better than any that does not. The least of all numbers where none gives it.
func (r DraftRequest) valueFit(draft Draft) float64 {
	most := math.Inf(-1)
	for _, sentence := range draft.Sentences {
		titles := heading(draft.Sources[sentence.Citations[0]])
		line := r.narrowing.line(titles, sentence.Text)
		if r.Fits == nil || !line.value {
			continue
		}
		fit := r.Fits(titles + "\n" + sentence.Text)
		if r.narrowing.meets(line) {
			fit += named
		}
		most = max(most, fit)
	}
	return most
}

// extractFrom drafts from one article.
func extractFrom(hit retrieval.Hit, request DraftRequest) Draft {
	draft := Draft{Answerable: true, Language: hit.Article.Locale, Method: MethodExtractive}
	room, passages := extractRunes, request.valueFirst(hit, passagesToSend(hit))
	if request.Reader == ReaderAgent {
		room, passages = extractAgentRunes, allPassages(hit)
	}
	passages = passages[:min(len(passages), mostPassages)]
	for i, passage := range passages {
		if request.Reader != ReaderAgent && request.narrowing.narrows() {
			passage.Body = request.narrowing.without(heading(sourceOf(hit, passage)), passage.Body)
		}
		switch {
		case i == 1:
			passage.Body = shortened(passage.Body, room, request.fitOf(hit, passage))
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

// How a passage gives the value that a question asks for.
const (
	givesNone  = iota
	givesAll   // for all alike
	givesNamed // for what the question names
)

// gives tells how a passage gives the value asked for.
func (r DraftRequest) gives(hit retrieval.Hit, passage retrieval.Passage) int {
	titles, best := heading(sourceOf(hit, passage)), givesNone
	for line := range strings.Lines(passage.Body) {
		switch s := r.narrowing.line(titles, line); {
		case r.narrowing.meets(s):
			return givesNamed
		case s.value && r.narrowing.fits(s):
			best = givesAll
		}
	}
	return best
}

// valueFirst puts the passage that gives the value asked for behind the opening of the article, before those that match better.
func (r DraftRequest) valueFirst(hit retrieval.Hit, passages []retrieval.Passage) []retrieval.Passage {
	if len(passages) < 2 || !r.narrowing.time && !r.narrowing.narrows() || r.gives(hit, passages[0]) == givesNamed {
		return passages
	}
	slices.SortStableFunc(passages[1:], func(a, b retrieval.Passage) int { return cmp.Compare(r.gives(hit, b), r.gives(hit, a)) })
	return passages
}

// fitOf is how well a line of a passage answers: what gives the value asked for, above all else.
func (r DraftRequest) fitOf(hit retrieval.Hit, passage retrieval.Passage) func(line string) float64 {
	if r.Fits == nil {
		return nil
	}
	titles := heading(sourceOf(hit, passage))
	return func(line string) float64 {
		fit := r.Fits(line)
		if r.narrowing.narrows() && r.narrowing.meets(r.narrowing.line(titles, line)) {
			fit += named
		}
		return fit
	}
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

// titleMark stands between the titles above a passage.
const titleMark = " > "

// sourceOf is a passage as the guard and the agent see it: with the titles that say what it is about.
func sourceOf(hit retrieval.Hit, passage retrieval.Passage) Source {
	heading := strings.Join(append([]string{hit.Article.Title}, passage.HeadingPath...), titleMark)
	return Source{
		Article:  citationOf(hit),
		Language: hit.Article.Locale,
		Text:     heading + "\n\n" + passage.Body,
	}
}
