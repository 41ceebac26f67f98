package retrieval

import (
	"time"

	"github.com/deskhand/deskhand/retrieval/lexical"
)

// Limits of a query.
const (
	defaultLimit = 5
	maxLimit     = 50
	// maxQueryBytes is how much of a question is read: a pasted log must not cost more than a long e-mail.
	maxQueryBytes = 8 << 10
	// maxQueryUnits is how many distinct terms of a question are scored, in the order they occur.
	maxQueryUnits = 256
)

// Query is one search.
type Query struct {
	// Audience is whose eyes the hits are for. The zero value is the public.
	Audience Audience
	// Intents are what triage believes the question is about, the likeliest first. They bring in and lift the articles that
	// answer them; they exclude none.
	Intents []LikelyIntent
	// Jurisdiction is where the customer is, as Jurisdiction returns it; anything else is unknown. Known, it excludes articles
	// that hold elsewhere only. Unknown, it excludes for the public every article that holds in some places only: an
	// automatic answer must not rest on the law of another country. The desk sees those, and where they hold.
	Jurisdiction string
	// Limit is how many articles to return, 5 when zero, at most 50.
	Limit int
	// Locale is the customer's language; articles in it are preferred. Empty prefers none.
	Locale string
	// Now decides which articles are stale.
	Now time.Time
	// Text is the question. Anything is accepted; a text without words finds nothing.
	Text string
	// Wording is how many words of the glossary to return with the hits, for whoever writes an answer from them.
	Wording int
}

// LikelyIntent is something that a question may be about.
type LikelyIntent struct {
	Intent string
	// Probability is 0 to 1.
	Probability float64
}

// Results are the hits of one search, best first.
type Results struct {
	// Degraded is why the search had to do without vectors, nil when it did not. The hits are then lexical only.
	Degraded error
	Hits     []Hit
	// KBVersion is the version of the knowledge base that was searched.
	KBVersion int64
	// Model is the name of the embedding model that the hits were found by; empty when they were found by words only.
	Model string
	// Terms are what was asked for by words, in their order: at most 256.
	Terms []lexical.Unit
	// Wording are the glossary's words, in the query's locale, for what the question and the hits speak of.
	Wording []lexical.Wording
}

// Hit is one article, in one language, with the passage that matched best.
type Hit struct {
	Article  ArticleRef
	Evidence Evidence
	Passage  Passage
	// More are further passages of the same article: its opening, if that was found, then the best, at most 3.
	More []Passage
}

// ArticleRef is what a hit says of its article.
type ArticleRef struct {
	Audience Audience
	Category string
	ID       int64
	Intents  []string
	// Jurisdictions are where the article holds; none means everywhere.
	Jurisdictions []string
	Locale        string
	// ReviewBy is zero for an article that does not go stale.
	ReviewBy time.Time
	Slug     string
	// Stale is set when ReviewBy has passed. Never set on a hit for the public.
	Stale bool
	Title string
	// Version is the article's own version, not that of the knowledge base.
	Version int
}

// Passage is a part of an article, as plain text: numbered steps and bullets keep their lines, links read "text (url)".
type Passage struct {
	Body string
	// HeadingPath are the headings above the passage, outermost first, without the article's title.
	HeadingPath []string
	ID          int64
	// Ordinal is the place within the article, from 0.
	Ordinal int
	// TokenCount is in cl100k_base tokens.
	TokenCount int
}

// Evidence is why a hit is where it is. Scores compare only within one embedding model and one knowledge base.
type Evidence struct {
	// BM25 is the exact score over the terms of the question and their concepts, 0 when no term matched.
	BM25 float64
	// Coverage is the share of what was asked for that the passage has, 0 to 1, weighted by how rare each term is.
	Coverage float64
	// DenseRank and LexicalRank are 1-based places among all candidates by one score alone; 0 without that score.
	DenseRank   int
	LexicalRank int
	// Fused is the sum of the weighted z-scores and boosts that the order follows, the second stage's included. It has no absolute meaning.
	Fused float64
	// IntentMatch is set when the article answers the likeliest of the query's intents.
	IntentMatch bool
	Language    LanguageMatch
	// Margin is the distance in Fused to the next article; for the last hit, to the next candidate article or 0.
	Margin float64
	// MatchedTerms are the question's terms and concepts ("t:withdrawal") that the passage has, rarest first.
	MatchedTerms []string
	// Second is what the second stage found.
	Second SecondStage
	// Similarity is the cosine of the question's and the passage's vectors, -1 to 1; 0 when Results.Degraded.
	Similarity float64
}
