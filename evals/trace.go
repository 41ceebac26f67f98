package evals

import (
	"context"
	"slices"
	"strings"
	"sync"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/retrieval"
)

// Trace is what led to a result: what a person needs to see why a case came out as it did. Its texts are redacted as the
// desk's record is.
type Trace struct {
	Dialogue       []Turn              `json:"dialogue,omitempty"` // turns before the last question and its reply
	Draft          string              `json:"draft,omitempty"`    // for the agent, when the case was handed over
	EmbeddingModel string              `json:"embedding_model,omitempty"`
	Findings       []assistant.Finding `json:"findings,omitempty"` // of the guard
	KBVersion      int64               `json:"kb_version,omitempty"`
	Model          string              `json:"model,omitempty"` // that drafted; empty offline
	PolicyVersion  int64               `json:"policy_version,omitempty"`
	PromptVersion  string              `json:"prompt_version,omitempty"`
	Reasons        []string            `json:"reasons,omitempty"`
	Redactions     []string            `json:"redactions,omitempty"` // kinds of what was removed from the last question
	Retrieved      []Retrieved         `json:"retrieved,omitempty"`  // best first
	Sentences      []Sentence          `json:"sentences,omitempty"`  // of the reply, or of the draft
	Steps          []assistant.Step    `json:"steps,omitempty"`
}

// Turn is a message of a conversation.
type Turn struct {
	Author string `json:"author"`
	Body   string `json:"body"`
}

// Sentence is a sentence of a reply or draft with the slugs that it cites.
type Sentence struct {
	Articles []string `json:"articles"`
	Text     string   `json:"text"`
}

// Retrieved is an article that the search found, with the passage that was best.
type Retrieved struct {
	BM25       float64 `json:"bm25"`
	Fused      float64 `json:"fused"`
	Heading    string  `json:"heading,omitempty"`
	Locale     string  `json:"locale"`
	Similarity float64 `json:"similarity"`
	Slug       string  `json:"slug"`
	Text       string  `json:"text"` // of all passages that were found of it
	Title      string  `json:"title"`
}

// hits collects what searches find on behalf of one question.
type hits struct {
	mu   sync.Mutex
	last []retrieval.Hit
}

type hitsKey struct{}

// Watched returns search with an eye on it: what it finds for a case that a Runner asks gets into the case's Trace. For everybody
// else it is search itself.
func Watched(search assistant.SearchFunc) assistant.SearchFunc {
	return func(ctx context.Context, query retrieval.Query) (retrieval.Results, error) {
		results, err := search(ctx, query)
		if seen, ok := ctx.Value(hitsKey{}).(*hits); ok && err == nil {
			seen.mu.Lock()
			defer seen.mu.Unlock()
			seen.last = results.Hits
		}
		return results, err
	}
}

func newTrace(end assistant.Conclusion, found *hits) *Trace {
	explained := end.Explained
	trace := &Trace{
		EmbeddingModel: explained.EmbeddingModel, KBVersion: explained.KBVersion, Model: explained.Model,
		PolicyVersion: explained.PolicyVersion, PromptVersion: explained.PromptVersion, Redactions: end.Case.Question.Redactions,
		Steps: end.Steps,
	}
	for _, message := range end.Case.History {
		trace.Dialogue = append(trace.Dialogue, Turn{Author: string(message.Author), Body: message.Body})
	}
	for _, reason := range end.Decision.Reasons {
		trace.Reasons = append(trace.Reasons, string(reason))
	}
	sentences := end.Sentences
	if end.Proposal != nil {
		trace.Draft, trace.Findings = end.Proposal.Draft.Text(), end.Proposal.Verdict.Findings
		sentences = end.Proposal.Draft.Reply()
	}
	for _, sentence := range sentences {
		shown := Sentence{Articles: []string{}, Text: sentence.Text}
		for _, citation := range sentence.Citations {
			shown.Articles = append(shown.Articles, citation.Slug)
		}
		trace.Sentences = append(trace.Sentences, shown)
	}
	found.mu.Lock()
	defer found.mu.Unlock()
	for _, hit := range found.last {
		trace.Retrieved = append(trace.Retrieved, newRetrieved(hit))
	}
	return trace
}

func newRetrieved(hit retrieval.Hit) Retrieved {
	texts := []string{hit.Passage.Body}
	for _, passage := range hit.More {
		texts = append(texts, passage.Body)
	}
	return Retrieved{
		BM25: hit.Evidence.BM25, Fused: hit.Evidence.Fused, Heading: strings.Join(hit.Passage.HeadingPath, " / "),
		Locale: hit.Article.Locale, Similarity: hit.Evidence.Similarity, Slug: hit.Article.Slug, Text: strings.Join(texts, "\n\n"),
		Title: hit.Article.Title,
	}
}

// slugs are the articles that were found, best first.
func (t *Trace) slugs() []string {
	var found []string
	if t == nil {
		return found
	}
	for _, r := range t.Retrieved {
		if !slices.Contains(found, r.Slug) {
			found = append(found, r.Slug)
		}
	}
	return found
}
