package assistant

import (
	"slices"
	"strings"

	"github.com/deskhand/deskhand/assistant/confidence"
	"github.com/deskhand/deskhand/assistant/guard"
	"github.com/deskhand/deskhand/assistant/triage"
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

// evidenceFor gathers what is known about a draft that rests on the first hit.
func evidenceFor(results retrieval.Results, draft Draft, verdict Verdict, t triage.Triage) confidence.Evidence {
	evidence := confidence.Evidence{GuardPassed: verdict.Passed()}
	hit, ok := citedHit(results, draft)
	if !ok {
		return evidence
	}
	e := hit.Evidence
	evidence.AgreeingRanks = e.DenseRank == 1 && e.LexicalRank == 1
	evidence.BM25 = e.BM25
	evidence.Coverage = e.Coverage
	evidence.IntentMatch = e.IntentMatch
	evidence.Margin = e.Margin
	evidence.Similarity = e.Similarity
	for _, prediction := range t.Intents {
		if slices.Contains(hit.Article.Intents, prediction.Intent) {
			evidence.TriageCertainty += prediction.Probability
		}
	}
	return evidence
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
