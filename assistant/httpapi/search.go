package httpapi

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/deskhand/deskhand/assistant/access"
	"github.com/deskhand/deskhand/assistant/redact"
	"github.com/deskhand/deskhand/retrieval"
)

type searchInput struct {
	Audience     string `default:"internal" doc:"public finds what a customer's answer may rest on; internal also what is internal or past its review date." enum:"public,internal" query:"audience"`                                   //nolint:lll // a tag is one line
	Jurisdiction string `doc:"Country of the customer, ISO 3166-1 alpha-2. Articles that do not hold there are left out." example:"DE" pattern:"^[A-Za-z]{2}$" patternDescription:"a country code of two letters" query:"jurisdiction"` //nolint:lll // a tag is one line
	Limit        int    `default:"5" doc:"Articles to return." maximum:"50" minimum:"1" query:"limit"`
	Locale       string `doc:"Language to prefer." example:"zh-Hans" pattern:"^[A-Za-z0-9-]{2,35}$" patternDescription:"a BCP 47 tag" query:"locale"`                    //nolint:lll // a tag is one line
	Q            string `doc:"The question, in any language. Secrets are taken out before it is searched for." maxLength:"2000" minLength:"1" query:"q" required:"true"` //nolint:lll // a tag is one line
}

// SearchResults are the articles that answer a question, and why.
type SearchResults struct {
	Degraded   bool         `doc:"The embedding model could not be asked: the hits come from words alone." json:"degraded,omitempty"`
	Hits       []SearchHit  `doc:"Best first; each article once, in one language." json:"hits" nullable:"false"`
	KBVersion  int64        `doc:"Version of the knowledge base that was searched." json:"kb_version"`
	Model      string       `doc:"Embedding model." json:"model"`
	Redactions []string     `doc:"Kinds of secrets that were taken out of the question." json:"redactions,omitempty"`
	Terms      []SearchTerm `doc:"What was asked for by words, with the concepts that the glossary adds." json:"terms" nullable:"false"`
}

// SearchTerm is a word of the question as it is searched for.
type SearchTerm struct {
	Concepts []string `doc:"An article that has one of them, in any language, has what was asked for." example:"t:withdrawal" json:"concepts,omitempty"` //nolint:lll // a tag is one line
	Stop     bool     `doc:"A word that nearly every text has." json:"stop,omitempty"`
	Term     string   `json:"term"`
}

// SearchHit is an article with the passage that matched best.
type SearchHit struct {
	Article  SearchArticle  `json:"article"`
	Evidence SearchEvidence `json:"evidence"`
	Passage  SearchPassage  `json:"passage"`
}

// SearchArticle is what a hit says of its article.
type SearchArticle struct {
	Audience      string   `enum:"public,internal" json:"audience"`
	Jurisdictions []string `doc:"Countries for which it holds; none means all." json:"jurisdictions" nullable:"false"`
	Locale        string   `example:"en" json:"locale"`
	ReviewBy      string   `format:"date" json:"review_by,omitempty"`
	Slug          string   `example:"withdrawal-pending" json:"slug"`
	Stale         bool     `doc:"Its review date has passed: it feeds no automatic answer." json:"stale"`
	Title         string   `json:"title"`
	Version       int      `json:"version"`
}

// SearchPassage is a part of an article as plain text.
type SearchPassage struct {
	Body        string   `json:"body"`
	HeadingPath []string `doc:"The headings above it, outermost first." json:"heading_path" nullable:"false"`
	ID          int64    `json:"id"`
	Ordinal     int      `doc:"Place within the article, from 0." json:"ordinal"`
}

// SearchEvidence is why a hit is where it is. Scores compare only within one search.
type SearchEvidence struct {
	BM25         float64  `doc:"Score by words and concepts; 0 when none matched." json:"bm25"`
	Coverage     float64  `doc:"Share of what was asked for that the passage has, 0 to 1, rare words counting more." json:"coverage"`
	DenseRank    int      `doc:"Place by meaning alone, from 1; 0 without one." json:"dense_rank"`
	Fused        float64  `doc:"What the order follows; it has no absolute meaning." json:"fused"`
	Language     string   `doc:"How the article's language relates to the one that was asked for." enum:"exact,related,other,unknown" json:"language"` //nolint:lll // a tag is one line
	LexicalRank  int      `doc:"Place by words alone, from 1; 0 without one." json:"lexical_rank"`
	Margin       float64  `doc:"Distance of fused to the next article." json:"margin"`
	MatchedTerms []string `doc:"Words and concepts that the passage has, rarest first." json:"matched_terms" nullable:"false"`
	Similarity   float64  `doc:"Cosine of the question's and the passage's vectors, -1 to 1." json:"similarity"`
}

func (s *server) describeSearch(api huma.API) {
	huma.Register(api, s.operation(api, huma.Operation{
		Description: "Finds articles as the assistant does, with the reasons for their order. Nothing is stored.",
		Method:      http.MethodGet, OperationID: "search", Path: "/v1/search", Summary: "Search the knowledge base",
		RejectUnknownQueryParameters: true, Tags: []string{"Knowledge base"},
	}, access.WorkTickets), s.search)
}

func (s *server) search(ctx context.Context, in *searchInput) (*output[SearchResults], error) {
	query, redactions, err := s.searchQuery(in)
	if err != nil {
		return nil, err
	}
	results, err := s.Search(ctx, query)
	if err != nil {
		return nil, s.problemOf(ctx, err)
	}
	if results.Degraded != nil {
		s.Logger.WarnContext(ctx, "search without vectors", slog.String("request_id", requestFrom(ctx).id))
	}
	view := NewSearchResults(results)
	view.Redactions = redactions
	return &output[SearchResults]{Body: view}, nil
}

// searchQuery is what a request asks for, without the secrets that an agent may have pasted (P2).
func (s *server) searchQuery(in *searchInput) (query retrieval.Query, redactions []string, err error) {
	if err := storable("q", in.Q); err != nil {
		return query, nil, err
	}
	query = retrieval.Query{Audience: retrieval.Audience(in.Audience), Limit: in.Limit, Now: s.Clock()}
	var ok bool
	if in.Locale != "" {
		if query.Locale, ok = retrieval.Locale(in.Locale); !ok {
			return query, nil, invalidField("locale", "use a BCP 47 tag like en, zh-Hans or pt")
		}
	}
	if in.Jurisdiction != "" {
		if query.Jurisdiction, ok = retrieval.Jurisdiction(in.Jurisdiction); !ok {
			return query, nil, invalidField("jurisdiction", "use a country code of ISO 3166-1 alpha-2, like DE")
		}
	}
	clean := s.Redactor.Redact(in.Q)
	query.Text = clean.Text
	return query, redact.Names(clean.Kinds()), nil
}

// NewSearchResults renders results, for the route and for the command line alike.
func NewSearchResults(results retrieval.Results) SearchResults {
	view := SearchResults{
		Degraded: results.Degraded != nil, Hits: make([]SearchHit, len(results.Hits)), KBVersion: results.KBVersion,
		Model: results.Model, Terms: make([]SearchTerm, len(results.Terms)),
	}
	for i, term := range results.Terms {
		view.Terms[i] = SearchTerm{Concepts: term.Concepts, Stop: term.Stop, Term: term.Term}
	}
	for i, hit := range results.Hits {
		view.Hits[i] = searchHit(hit)
	}
	return view
}

func searchHit(hit retrieval.Hit) SearchHit {
	a, e, p := hit.Article, hit.Evidence, hit.Passage
	view := SearchHit{
		Article: SearchArticle{
			Audience: string(a.Audience), Jurisdictions: append([]string{}, a.Jurisdictions...), Locale: a.Locale, Slug: a.Slug,
			Stale: a.Stale, Title: a.Title, Version: a.Version,
		},
		Evidence: SearchEvidence{
			BM25: e.BM25, Coverage: e.Coverage, DenseRank: e.DenseRank, Fused: e.Fused, Language: string(e.Language),
			LexicalRank: e.LexicalRank, Margin: e.Margin, MatchedTerms: append([]string{}, e.MatchedTerms...), Similarity: e.Similarity,
		},
		Passage: SearchPassage{Body: p.Body, HeadingPath: append([]string{}, p.HeadingPath...), ID: p.ID, Ordinal: p.Ordinal},
	}
	if !a.ReviewBy.IsZero() {
		view.Article.ReviewBy = a.ReviewBy.Format(time.DateOnly)
	}
	return view
}
