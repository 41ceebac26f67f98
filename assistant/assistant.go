package assistant

import (
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/deskhand/deskhand/assistant/confidence"
	"github.com/deskhand/deskhand/assistant/guard"
	"github.com/deskhand/deskhand/assistant/redact"
	"github.com/deskhand/deskhand/assistant/triage"
	"github.com/deskhand/deskhand/prompts"
	"github.com/deskhand/deskhand/retrieval"
)

const (
	// DefaultDeadline is how long a customer waits at most before a person is promised instead.
	DefaultDeadline = 20 * time.Second
	// leastRecordTimeout is the least time for the last step.
	leastRecordTimeout = 5 * time.Second
	// earlierLooked is how many earlier messages are searched for the other half of a secret.
	earlierLooked = 20
	// pollInterval is how often a repeated request looks whether the first one has ended.
	pollInterval = 100 * time.Millisecond
)

// SearchFunc finds passages of the knowledge base.
type SearchFunc func(ctx context.Context, query retrieval.Query) (retrieval.Results, error)

// DraftFunc writes a draft from sources that retrieval found.
type DraftFunc func(ctx context.Context, request DraftRequest) (Draft, error)

// Config is what an Assistant is made of.
type Config struct {
	Clock      func() time.Time
	Confidence confidence.Model
	Deadline   time.Duration // how long a customer waits; DefaultDeadline when zero
	Draft      DraftFunc     // model-backed; nil when the desk has no model
	Drafter    string        // name of the model behind Draft
	Guard      *guard.Guard
	Language   LanguageFunc
	NewID      func() uuid.UUID
	Observe    ObserveFunc // for traces; nil when nobody watches
	Prompts    *prompts.Library
	Redactor   *redact.Redactor
	Search     SearchFunc
	Store      Store
	Triager    *triage.Triager
}

// Assistant answers questions. It is safe for concurrent use.
type Assistant struct {
	Config

	basis confidence.Basis // of the evidence, but for the embedder: that may change from search to search
	lines *lineCache
}

// New returns an Assistant.
func New(config Config) *Assistant {
	if config.Deadline == 0 {
		config.Deadline = DefaultDeadline
	}
	if config.Observe == nil {
		config.Observe = func(ctx context.Context, _ Case) (context.Context, func(Conclusion, error)) {
			return ctx, func(Conclusion, error) {}
		}
	}
	a := &Assistant{Config: config, lines: newLineCache(config.Triager)}
	a.basis.IntentModel, a.basis.Taxonomy = config.Triager.Fingerprints()
	if config.Draft != nil {
		a.basis.Drafter, a.basis.Prompt = config.Drafter, config.Prompts.DraftVersion()
	}
	return a
}

// StaleFit names what the confidence was fitted for otherwise than it is used now, with an embedding model: "embedder",
// "intent_model", … Where it names anything, answers need the conservative threshold.
func (a *Assistant) StaleFit(embedder string) []string {
	use := a.basis
	use.Embedder = embedder
	return a.Confidence.Basis.Differences(use)
}

// Handle takes a question to its end. An error means that the end could not be recorded yet: the question is then either
// invalid (CodeInvalid, CodeNotFound, CodeReused: nothing was stored) or durable and about to be rescued by a job.
func (a *Assistant) Handle(ctx context.Context, q Question) (Run, error) {
	if err := q.Validate(); err != nil {
		return Run{}, err
	}
	opening, err := a.open(ctx, q)
	if err != nil {
		return Run{}, err
	}
	c, err := a.Store.Begin(ctx, opening)
	if err != nil {
		return Run{}, fmt.Errorf("begin run: %w", err)
	}
	if q.Accepted != nil {
		q.Accepted(c.Run)
	}
	switch {
	case c.Run.Concluded():
		return c.Run, nil
	case c.Repeated && a.Clock().Before(c.Run.DeadlineAt.Add(a.rescueMargin())):
		return a.await(ctx, c.Run)
	case c.Repeated:
		// Who worked on it has died, and the rescue has not come yet, or died too: the customer is here now. The first end stands.
		c.Run.DeadlineAt = a.Clock().Add(a.Deadline)
	}
	return a.finish(ctx, c, q)
}

// Recover ends a run that a crash or an outage left open. A run that has ended stays as it is.
func (a *Assistant) Recover(ctx context.Context, runID uuid.UUID) (Run, error) {
	c, err := a.Store.Case(ctx, runID)
	if err != nil {
		return Run{}, fmt.Errorf("load case: %w", err)
	}
	if c.Run.Concluded() {
		return c.Run, nil
	}
	c.Run.DeadlineAt = a.Clock().Add(a.Deadline)
	return a.finish(ctx, c, Question{})
}

// DraftForAgent makes the draft that a handed-off case still lacks. Nobody waits for it and nobody but an agent sees it,
// so it may use articles past their review, points to internal ones, and is kept whatever the guard says, with what the guard says.
func (a *Assistant) DraftForAgent(ctx context.Context, runID uuid.UUID) error {
	c, err := a.Store.Case(ctx, runID)
	if err != nil {
		return fmt.Errorf("load case: %w", err)
	}
	rec := &recorder{clock: a.Clock}
	ctx, done := a.Observe(ctx, c)
	err = a.draftForAgent(ctx, c, rec)
	done(Conclusion{At: a.Clock(), Case: c, Steps: rec.steps}, err)
	return err
}

func (a *Assistant) draftForAgent(ctx context.Context, c Case, rec *recorder) error {
	settings, err := a.Store.Settings(ctx)
	if err != nil {
		return fmt.Errorf("load settings: %w", err)
	}
	language := a.language(c, rec)
	t := a.triage(c, rec)
	results, err := a.retrieve(ctx, retrieveRequest{audience: retrieval.AudienceInternal, c: c, language: language, triage: t}, rec)
	if err != nil {
		return fmt.Errorf("retrieve: %w", err)
	}
	results, reading := forCustomers(results)
	request := a.draftRequest(c, language, results, t)
	request.Reader = ReaderAgent
	draft, err := a.draft(ctx, request, rec)
	if err != nil {
		return fmt.Errorf("draft: %w", err)
	}
	if len(draft.Sentences) == 0 {
		return nil // no source: the agent starts from a blank page
	}
	verdict := a.guard(draft, c, settings.Registry, rec)
	fit := a.Confidence.For(a.basisOf(results, draft))
	probability := a.confidence(fit, evidenceFor(request, draft, verdict), rec)
	notes := slices.Concat(reading, a.notes(request, draft, settings.Registry))
	proposal := Proposal{Confidence: probability, Draft: draft, Notes: notes, Verdict: verdict}
	if err := a.Store.AddDraft(ctx, c.Run.ID, proposal); err != nil {
		return fmt.Errorf("add draft: %w", err)
	}
	return nil
}

// RequestPerson hands a conversation to a person because its customer pressed the button for it (P7). The press is stored
// as what it says, in the customer's language; the rules for that wish do the rest, as if it had been typed.
func (a *Assistant) RequestPerson(ctx context.Context, q Question) (Run, error) {
	if q.ConversationID == uuid.Nil {
		return Run{}, &Error{Code: CodeInvalid, Field: "conversation_id", Message: "conversation_id is missing"}
	}
	earlier, err := a.Store.Earlier(ctx, q.ConversationID, 1)
	if err != nil {
		return Run{}, fmt.Errorf("load earlier messages: %w", err)
	}
	language := q.Locale
	if len(earlier) > 0 && earlier[0].Language != "" {
		language = earlier[0].Language
	}
	q.Body = a.fixed(prompts.RequestPerson, language)
	return a.Handle(ctx, q)
}

// MustHandOff reports whether a question reaches a person whatever the desk is busy with (P3, P7), as far as its own words say.
// It needs no database and stores nothing: a question that is not valid is refused later, with its reason.
func (a *Assistant) MustHandOff(q Question) bool {
	if q.Validate() != nil {
		return false
	}
	clean := a.Redactor.Redact(q.Body)
	t := a.Triager.Triage(clean.Text, redact.Names(clean.Secrets()))
	return len(DefaultPolicy().MustHandOff(t)) > 0
}

// open removes the secrets (P2) and prepares the question for the store.
func (a *Assistant) open(ctx context.Context, q Question) (Opening, error) {
	var earlier []Message
	if q.ConversationID != uuid.Nil {
		var err error
		if earlier, err = a.Store.Earlier(ctx, q.ConversationID, earlierLooked); err != nil {
			return Opening{}, fmt.Errorf("load earlier messages: %w", err)
		}
	}
	texts := make([]string, len(earlier))
	for i, message := range earlier {
		texts[i] = message.Body
	}
	clean, changed := a.Redactor.RedactConversation(texts, q.Body)
	rewritten := make(map[uuid.UUID]string, len(changed))
	for i, text := range changed {
		rewritten[earlier[i].ID] = text
	}
	now := a.Clock()
	opening := Opening{
		At:             now,
		ConversationID: q.ConversationID,
		DeadlineAt:     now.Add(a.Deadline),
		Message: Message{
			ID: a.NewID(), Author: AuthorCustomer, Body: clean.Text, CreatedAt: now, Redactions: redact.Names(clean.Kinds()),
		},
		Question:     q,
		RecoverAfter: a.Deadline + a.rescueMargin(),
		// Of the message alone: what the conversation reveals in it may differ when it is sent again.
		RequestHash: requestHash(q, a.Redactor.Redact(q.Body).Text),
		Rewritten:   rewritten,
		RunID:       a.NewID(),
	}
	opening.Question.Body = clean.Text
	opening.Question.Jurisdiction, _ = retrieval.Jurisdiction(q.Jurisdiction) // Validate has seen to it that it is one, or empty
	if q.ConversationID == uuid.Nil {
		// The id of a conversation is what lets a widget read it: 122 random bits, no time in it.
		opening.ConversationID = uuid.New()
	}
	return opening, nil
}

// requestHash tells a repeated request from another one with the same name. What one customer asked is never another's repeat.
func requestHash(q Question, redacted string) [sha256.Size]byte {
	text := q.ConversationID.String() + "\x00" + q.Locale + "\x00" + redacted
	if q.Customer.Known() {
		text = q.Customer.Ref + "\x00" + text
	}
	if q.Jurisdiction != "" { // a hash from before there were any must stay the same
		text += "\x00" + q.Jurisdiction
	}
	return sha256.Sum256([]byte(text))
}

// finish runs the pipeline and records its end, whatever happened on the way.
func (a *Assistant) finish(ctx context.Context, c Case, q Question) (Run, error) {
	run, err := a.attempt(ctx, c, q)
	if ErrorCode(err) != CodeConflict {
		return run, err
	}
	// A person took the conversation over while the pipeline ran: looked at again, the case is theirs (P7).
	if c, err = a.Store.Case(context.WithoutCancel(ctx), c.Run.ID); err != nil {
		return Run{}, fmt.Errorf("load case: %w", err)
	}
	return a.attempt(ctx, c, Question{Sentence: q.Sentence})
}

func (a *Assistant) attempt(ctx context.Context, c Case, q Question) (Run, error) {
	rec := &recorder{clock: a.Clock, progress: q.Progress}
	ctx, done := a.Observe(ctx, c)
	// As a time from now, and never more than a deadline: the wall clock may have jumped since the run was stored.
	bounded, cancel := context.WithTimeout(ctx, min(c.Run.DeadlineAt.Sub(a.Clock()), a.Deadline))
	defer cancel()
	conclusion, err := a.pipeline(bounded, c, rec)
	if err != nil {
		conclusion = a.handOffAfter(bounded, conclusion, err)
	}
	conclusion.At = a.Clock()
	conclusion.Steps = rec.steps

	recording, cancel := context.WithTimeout(context.WithoutCancel(ctx), a.recordTimeout())
	defer cancel()
	run, err := a.Store.Conclude(recording, conclusion)
	done(conclusion, err)
	if err != nil {
		return Run{}, fmt.Errorf("conclude run: %w", err)
	}
	release(q, conclusion, run)
	return run, nil
}

// recordTimeout bounds the last step, which runs also when the deadline has passed or the caller has left. A desk whose
// customers wait longer is one whose machines are slower.
func (a *Assistant) recordTimeout() time.Duration { return max(leastRecordTimeout, a.Deadline/4) }

// rescueMargin is how long after the deadline a run that is still open counts as abandoned. It covers recordTimeout.
func (a *Assistant) rescueMargin() time.Duration { return a.recordTimeout() + time.Second }

// release shows an answer sentence by sentence, once it is on record.
//
// Not while the model writes, although each sentence could be judged as it comes. The decision would have to be taken before the
// draft, on retrieval and triage alone: what the confidence is fitted on has the guard's verdict and the drafter's own "answerable"
// in it, and the second says no only at the end of a draft. Sentences that are right one by one may be wrong together: the
// guard reads the whole for a number or a link that is split over two. Each sentence would need a commit of its own before
// it is shown, or a process that dies leaves a customer with words of which there is no record (P1, P9); a person who takes over
// meanwhile would be talked over (P7), and the kill switch would come too late (P10). And the first half of an answer whose second half
// fails cannot be taken back: "you may withdraw" without its "unless". What it would gain is the time between a model's first
// sentence and its last, one to three seconds of eight sentences at most; progress is told meanwhile.
//
// So a draft that fails in any sentence never shows one, and its customer reads a hand-off that was written whole.
func release(q Question, conclusion Conclusion, run Run) {
	if q.Sentence == nil || run.Reply.ID != conclusion.Reply.ID { // an earlier conclusion stands
		return
	}
	for _, sentence := range conclusion.Sentences {
		q.Sentence(sentence)
	}
}

// await waits for another request or process that is working on the same question.
func (a *Assistant) await(ctx context.Context, run Run) (Run, error) {
	ctx, cancel := context.WithTimeout(ctx, a.Deadline)
	defer cancel()
	ticker := time.NewTicker(pollInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return Run{}, Errorf(CodeUnavailable, "the question is stored and still being worked on: read the conversation in a moment")
		case <-ticker.C:
		}
		c, err := a.Store.Case(ctx, run.ID)
		if err != nil {
			return Run{}, fmt.Errorf("load case: %w", err)
		}
		if c.Run.Concluded() {
			return c.Run, nil
		}
	}
}
