package assistant

import (
	"context"
	"errors"
	"slices"

	"github.com/deskhand/deskhand/assistant/guard"
	"github.com/deskhand/deskhand/assistant/lang"
	"github.com/deskhand/deskhand/assistant/triage"
	"github.com/deskhand/deskhand/assistant/triage/intent"
	"github.com/deskhand/deskhand/prompts"
	"github.com/deskhand/deskhand/retrieval"
)

// LanguageFunc names the language of a short text.
type LanguageFunc func(text string, hint lang.Hint) lang.Guess

// pipeline takes a stored question to a conclusion, stage by stage. With an error it returns what it knew when the stage
// failed, so that the hand-off that follows is in the right language and the right place of the queue.
func (a *Assistant) pipeline(ctx context.Context, c Case, rec *recorder) (Conclusion, error) {
	end := Conclusion{Case: c}
	settings, err := a.Store.Settings(ctx)
	if err != nil {
		return end, err
	}
	end.Explained.PolicyVersion = settings.Policy.Version
	end.Explained.PromptVersion = a.Prompts.Version()
	end.Explained.Language = a.language(c, rec)
	end.Explained.Triage = a.triage(c, rec)
	end.Explained.Triage.Priority = settings.Policy.Priority(end.Explained.Triage, c.Tier)

	if c.Ticket != nil && c.Ticket.Held() {
		return a.handOff(end, settings, handOff{reasons: []Reason{ReasonHeldByPerson}, text: prompts.AckAdded}), nil
	}
	if reasons := settings.Policy.MustHandOff(end.Explained.Triage); len(reasons) > 0 {
		return a.handOff(end, settings, handOff{reasons: reasons, text: handOffText(end.Explained.Triage)}), nil
	}
	if reason, held := settings.Policy.For(scopeOf(end)).Held(); held {
		request := handOff{draftless: reason == ReasonPolicyNever, reasons: []Reason{reason}, text: prompts.AckCase}
		return a.handOff(end, settings, request), nil
	}
	about := Circumstances{Intent: end.Explained.Triage.Intent, Jurisdiction: c.Jurisdiction, Language: end.Explained.Language}
	if notices := Applying(settings.Notices, about); len(notices) > 0 && end.Explained.Triage.AutoAnswer != intent.AutoAnswerNever {
		return a.rehearse(a.notify(end, settings, notices[0], rec), settings, nil), nil
	}
	if contacts, ok := askedContacts(c.Question.Body, end.Explained.Triage); ok {
		return a.rehearse(a.answerFromRegistry(end, settings.Registry, contacts), settings, nil), nil
	}
	return a.answer(ctx, end, settings, rec)
}

// answer is the part of the pipeline that may end in an automatic answer.
func (a *Assistant) answer(ctx context.Context, end Conclusion, settings Settings, rec *recorder) (Conclusion, error) {
	c, t, language := end.Case, end.Explained.Triage, end.Explained.Language
	results, err := a.retrieve(ctx, retrieveRequest{audience: retrieval.AudiencePublic, c: c, language: language, triage: t}, rec)
	if err != nil {
		return end, err
	}
	end.Explained.KBVersion, end.Explained.EmbeddingModel = results.KBVersion, results.Model
	request := a.draftRequest(c, language, results, t)
	draft, err := a.draft(ctx, request, rec)
	if err != nil {
		return end, err
	}
	end.Explained.Usage, end.Explained.Model = draft.Usage, draft.Usage.Model
	verdict := a.guard(draft, c, settings.Registry, rec)
	end.Explained.Basis, end.Explained.Cited, end.Explained.Drafted = a.basisOf(results, draft), draft.Citations(), draft.Text()
	end.Explained.Evidence = evidenceFor(request, draft, verdict)
	fit := a.Confidence.For(end.Explained.Basis)
	end.Explained.Confidence = a.confidence(fit, end.Explained.Evidence, rec)
	decision := a.decide(settings.Policy, Evidence{
		Answerable:     draft.Answerable,
		Channel:        c.Channel,
		Clarifications: c.Clarifications,
		Confidence:     end.Explained.Confidence,
		Fit:            fit,
		Language:       language,
		Missing:        a.missing(t, results),
		Overdue:        a.overdue(t),
		SourceLanguage: draft.Language,
		Sources:        len(draft.Citations()),
		Triage:         t,
		Unmet:          request.unmet(draft),
		Verdict:        verdict,
	}, rec)

	if decision.Outcome != OutcomeHandedOff {
		if settings, decision, err = a.confirm(ctx, end, settings, decision); err != nil {
			return end, err
		}
		end.Explained.PolicyVersion = settings.Policy.Version
	}
	var proposal *Proposal
	if len(draft.Sentences) > 0 {
		notes := a.notes(request, draft, settings.Registry)
		proposal = &Proposal{Confidence: end.Explained.Confidence, Draft: draft, Notes: notes, Verdict: verdict}
	}
	switch decision.Outcome {
	case OutcomeAnswered:
		return a.rehearse(a.send(end, draft, decision), settings, proposal), nil
	case OutcomeClarify:
		if c.Ticket != nil { // a person has the case: "ok thanks" is for them, and no question
			return a.handOff(end, settings, handOff{proposal: proposal, reasons: decision.Reasons, text: prompts.AckAdded}), nil
		}
		return a.rehearse(a.clarify(end, decision), settings, proposal), nil
	case OutcomeHandedOff:
	}
	return a.handOff(end, settings, handOff{proposal: proposal, reasons: decision.Reasons, text: prompts.AckUnsure}), nil
}

// confirm looks at the settings again before a reply is sent: a model may have taken its time, and the kill switch holds for
// the questions that were on their way when it was thrown (P10).
func (a *Assistant) confirm(ctx context.Context, end Conclusion, earlier Settings, decision Decision) (Settings, Decision, error) {
	settings, err := a.Store.Settings(ctx)
	if err != nil || settings.Policy.Version == earlier.Policy.Version {
		return earlier, decision, err
	}
	if reason, held := settings.Policy.For(scopeOf(end)).Held(); held {
		decision = Decision{OutcomeHandedOff, []Reason{reason}}
	}
	return settings, decision, nil
}

// scopeOf is what the rules of a policy look at.
func scopeOf(end Conclusion) Scope {
	return Scope{Channel: end.Case.Channel, Intent: end.Explained.Triage.Intent, Language: end.Explained.Language}
}

func (a *Assistant) language(c Case, rec *recorder) string {
	hint := lang.Hint{Caller: c.Locale, Conversation: lastLanguage(c.History)}
	var guess lang.Guess
	_ = rec.stage(StageLanguage, func(detail map[string]any) error {
		guess = a.Language(c.Question.Body, hint)
		detail["language"], detail["certainty"] = guess.Tag, guess.Certainty
		return nil
	})
	return guess.Tag
}

func (a *Assistant) triage(c Case, rec *recorder) triage.Triage {
	var t triage.Triage
	_ = rec.stage(StageTriage, func(detail map[string]any) error {
		t = a.Triager.Triage(c.Question.Body, c.Question.Secrets())
		if before, ok := a.continues(c); ok {
			t = turns{
				first: a.Triager.Triage(before.Body, before.Secrets()), second: t,
				together: a.Triager.Triage(a.searchText(c), c.Question.Secrets()),
			}.continued()
		}
		detail["intent"], detail["certainty"], detail["priority"] = t.Intent, t.Certainty, t.Priority
		detail["intents"], detail["risks"], detail["rules"] = intentDetails(t.Intents), t.Risks, t.Rules
		detail["person"], detail["mood"], detail["age_hours"] = t.Person, t.Facts.Mood, t.Facts.Age.Hours()
		return nil
	})
	return t
}

type retrieveRequest struct {
	audience retrieval.Audience
	c        Case
	language string
	triage   triage.Triage
}

// sourcesWanted is how many articles a draft may choose from: six passages fit the token budget of a model's prompt.
const sourcesWanted = 6

// termsShown is how many words of the glossary a model is told: some ten tokens each.
const termsShown = 5

// wordsWanted is how many words of the glossary a draft can use: none where a person's own sentences are sent.
func (a *Assistant) wordsWanted() int {
	if a.Draft == nil {
		return 0
	}
	return termsShown
}

func (a *Assistant) retrieve(ctx context.Context, request retrieveRequest, rec *recorder) (retrieval.Results, error) {
	var results retrieval.Results
	err := rec.stage(StageRetrieve, func(detail map[string]any) error {
		var err error
		results, err = a.Search(ctx, retrieval.Query{
			Audience:     request.audience,
			Intents:      likely(request.triage.Intents),
			Jurisdiction: request.c.Jurisdiction,
			Limit:        sourcesWanted,
			Locale:       request.language,
			Now:          a.Clock(),
			Text:         a.searchText(request.c),
			Wording:      a.wordsWanted(),
		})
		detail["kb_version"], detail["hits"] = results.KBVersion, hitDetails(results.Hits)
		detail["embedding_model"] = results.Model
		if results.Degraded != nil {
			detail["degraded"] = describe(results.Degraded)
		}
		detail["jurisdiction"], detail["concepts"] = request.c.Jurisdiction, askedConcepts(results)
		return err
	})
	return results, err
}

func (a *Assistant) draft(ctx context.Context, request DraftRequest, rec *recorder) (Draft, error) {
	if a.Draft != nil && len(request.Results.Hits) > 0 {
		draft, err := a.modelDraft(ctx, request, rec)
		if err == nil {
			return draft, nil
		}
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
			return Draft{}, err
		}
		// The model failed with time left: the passages are still here, and so is the extractive drafter.
	}
	var draft Draft
	_ = rec.stage(StageDraft, func(detail map[string]any) error {
		draft = Extract(request)
		detail["method"], detail["sentences"], detail["answerable"] = draft.Method, len(draft.Sentences), draft.Answerable
		return nil
	})
	return draft, nil
}

func (a *Assistant) modelDraft(ctx context.Context, request DraftRequest, rec *recorder) (Draft, error) {
	var draft Draft
	err := rec.stage(StageDraft, func(detail map[string]any) error {
		var err error
		draft, err = a.Draft(ctx, request)
		detail["method"], detail["sentences"], detail["answerable"] = MethodModel, len(draft.Sentences), draft.Answerable
		detail["model"], detail["prompt_version"] = draft.Usage.Model, draft.PromptVersion
		detail["prompt_tokens"], detail["completion_tokens"] = draft.Usage.PromptTokens, draft.Usage.CompletionTokens
		detail["cached"] = draft.Usage.Cached
		return err
	})
	return draft, err
}

func (a *Assistant) guard(draft Draft, c Case, registry guard.Registry, rec *recorder) Verdict {
	var verdict Verdict
	_ = rec.stage(StageGuard, func(detail map[string]any) error {
		verdict = a.Judge(draft, c.Question.Body, registry)
		detail["passed"], detail["failed_checks"] = verdict.Passed(), verdict.Checks()
		return nil
	})
	return verdict
}

func (a *Assistant) decide(policy Policy, evidence Evidence, rec *recorder) Decision {
	var decision Decision
	_ = rec.stage(StageDecide, func(detail map[string]any) error {
		decision = policy.Decide(evidence)
		detail["outcome"], detail["reasons"] = decision.Outcome, decision.Reasons
		return nil
	})
	return decision
}

// likely are the intents as retrieval takes them.
func likely(predictions []intent.Prediction) []retrieval.LikelyIntent {
	intents := make([]retrieval.LikelyIntent, len(predictions))
	for i, prediction := range predictions {
		intents[i] = retrieval.LikelyIntent{Intent: prediction.Intent, Probability: prediction.Probability}
	}
	return intents
}

func intentDetails(predictions []intent.Prediction) map[string]float64 {
	details := make(map[string]float64, len(predictions))
	for _, prediction := range predictions {
		details[prediction.Intent] = prediction.Probability
	}
	return details
}

func lastLanguage(history []Message) string {
	for _, message := range slices.Backward(history) {
		if message.Author == AuthorCustomer && message.Language != "" {
			return message.Language
		}
	}
	return ""
}
