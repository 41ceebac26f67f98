package assistant

import (
	"slices"
	"strings"

	"github.com/deskhand/deskhand/assistant/confidence"
	"github.com/deskhand/deskhand/assistant/guard"
	"github.com/deskhand/deskhand/retrieval"
	"github.com/deskhand/deskhand/retrieval/lexical"
)

// confidence is the stage that weighs the evidence.
func (a *Assistant) confidence(fit confidence.Model, evidence confidence.Evidence, rec *recorder) float64 {
	probability := 0.0
	_ = rec.stage(StageConfidence, func(detail map[string]any) error {
		probability = fit.Probability(evidence)
		detail["probability"], detail["fit"], detail["stale"], detail["evidence"] = probability, fit.Fingerprint, fit.Stale, evidence
		return nil
	})
	return probability
}

// basisOf is what the evidence for a draft was made with: a search may have been done by a substitute of the desk's embedder, and a
// draft without the model.
func (a *Assistant) basisOf(results retrieval.Results, draft Draft) confidence.Basis {
	use := a.basis
	use.Embedder = results.Model
	if draft.Method != MethodModel {
		use.Drafter, use.Prompt = "", ""
	}
	return use
}

// evidenceFor gathers what is known about a draft as the answer to a question.
func evidenceFor(request DraftRequest, draft Draft, verdict Verdict) confidence.Evidence {
	evidence := confidence.Evidence{GuardPassed: verdict.Passed()}
	hit, ok := citedHit(request.Results, draft)
	if !ok {
		return evidence
	}
	e, subject := hit.Evidence, request.subject(hit, draft)
	evidence.AgreeingRanks = subject.Evidence.DenseRank == 1 && subject.Evidence.LexicalRank == 1
	evidence.BM25 = e.BM25
	evidence.Coverage = e.Coverage
	evidence.IntentMatch = subject.Evidence.IntentMatch
	evidence.Margin = subject.Evidence.Margin
	evidence.Met = request.met(draft)
	evidence.OfAnother = len(request.unmet(draft)) > 0
	evidence.Similarity = e.Similarity
	for _, prediction := range request.Triage.Intents {
		if slices.Contains(subject.Article.Intents, prediction.Intent) {
			evidence.TriageCertainty += prediction.Probability
		}
	}
	return evidence
}

// subject is the hit that says how well the subject of a draft is known: the first, where the drafter took its neighbour for a fact
// that the first lacks.
func (r DraftRequest) subject(hit retrieval.Hit, draft Draft) retrieval.Hit {
	first := r.Results.Hits[0]
	if first.Article.Category != hit.Article.Category || !r.narrowing.time && !r.narrowing.narrows() {
		return hit
	}
	if draft.Method == MethodExtractive || r.met(draft) {
		return first
	}
	return hit
}

// citedHit is the best hit that the draft rests on.
func citedHit(results retrieval.Results, draft Draft) (retrieval.Hit, bool) {
	for _, hit := range results.Hits {
		for _, citation := range draft.Citations() {
			if citation.Slug == hit.Article.Slug && citation.Locale == hit.Article.Locale {
				return hit, true
			}
		}
	}
	return retrieval.Hit{}, false
}

// Judge asks the guard about a draft: every sentence is held against the sources that it cites.
func (a *Assistant) Judge(draft Draft, question string, registry guard.Registry) Verdict {
	text := guard.Text{Body: draft.Text(), Language: draft.Language, Question: question}
	for _, sentence := range draft.Sentences {
		checked := guard.Sentence{Text: sentence.Text}
		for _, index := range sentence.Citations {
			if index >= 0 && index < len(draft.Sources) {
				checked.Sources = append(checked.Sources, draft.Sources[index].Text)
			}
		}
		text.Sentences = append(text.Sentences, checked)
	}
	var verdict Verdict
	for _, finding := range a.Guard.Check(text, registry) {
		verdict.Findings = append(verdict.Findings, Finding{Check: string(finding.Check), Detail: finding.Detail})
	}
	return verdict
}

// concepts are those of the glossary among terms. A record names no other: they would be words of the customer.
func concepts(terms []string) []string {
	return slices.DeleteFunc(slices.Clone(terms), func(term string) bool { return !strings.HasPrefix(term, lexical.ConceptPrefix) })
}

// askedConcepts are what the glossary added to a question.
func askedConcepts(results retrieval.Results) []string {
	asked := []string{}
	for _, term := range results.Terms {
		for _, concept := range term.Concepts {
			if !slices.Contains(asked, concept) {
				asked = append(asked, concept)
			}
		}
	}
	return asked
}

// hitDetails is what the record of a run keeps of its hits.
func hitDetails(hits []retrieval.Hit) []map[string]any {
	details := make([]map[string]any, len(hits))
	for i, hit := range hits {
		details[i] = map[string]any{
			"slug": hit.Article.Slug, "locale": hit.Article.Locale, "version": hit.Article.Version,
			"passage": hit.Passage.ID, "similarity": hit.Evidence.Similarity, "bm25": hit.Evidence.BM25,
			"coverage": hit.Evidence.Coverage, "fused": hit.Evidence.Fused, "margin": hit.Evidence.Margin,
			"dense_rank": hit.Evidence.DenseRank, "lexical_rank": hit.Evidence.LexicalRank,
			"intent_match": hit.Evidence.IntentMatch, "concepts": concepts(hit.Evidence.MatchedTerms),
		}
	}
	return details
}
