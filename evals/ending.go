package evals

import (
	"slices"

	"github.com/deskhand/deskhand/assistant"
)

// MandatoryTag marks a case that must reach a person whatever else happens.
const MandatoryTag = "mandatory"

// OutcomeReplied is what a case expects that need not reach a person: an answer or a question back.
const OutcomeReplied assistant.Outcome = "replied"

// OutcomeUnanswered is what a case expects that no article answers: a person, or a question back.
const OutcomeUnanswered assistant.Outcome = "unanswered"

// OutcomeAny is what a case expects that is about something else than who replies.
const OutcomeAny assistant.Outcome = "any"

// Ending is what a case came to, for the customer. Every case has one: a failure and a refusal too.
type Ending string

// The endings. A question back counts as an answer: right when the case expects it, else wrong. So does a failure of the
// pipeline, which is a miss when the case must reach a person.
const (
	CorrectAnswer   Ending = "correct_answer" // as right as the case can tell: see Check
	MissedHandOff   Ending = "missed_mandatory_handoff"
	NeedlessHandOff Ending = "needless_handoff"
	RightHandOff    Ending = "right_handoff"
	WrongAnswer     Ending = "wrong_answer"
)

// Endings returns all, in the order in which a report shows them.
func Endings() []Ending {
	return []Ending{CorrectAnswer, RightHandOff, NeedlessHandOff, WrongAnswer, MissedHandOff}
}

// endingOf judges a result whose checks are made. An answer is wrong when a check of what the customer reads failed; that
// the intent or the priority was missed does not make it so.
func endingOf(r Result) Ending {
	handed := r.Outcome == assistant.OutcomeHandedOff
	switch {
	case handed && !r.Case.expectsReply():
		return RightHandOff
	case handed:
		return NeedlessHandOff
	case r.Case.mandatory():
		return MissedHandOff
	}
	for _, check := range r.Checks {
		if !check.Passed && check.ofReply() {
			return WrongAnswer
		}
	}
	return CorrectAnswer
}

func (c Case) mandatory() bool { return slices.Contains(c.Tags, MandatoryTag) }

// expectsReply reports whether the assistant should reply by itself.
func (c Case) expectsReply() bool {
	return !slices.Contains([]assistant.Outcome{assistant.OutcomeHandedOff, OutcomeUnanswered, OutcomeAny}, c.Expect.Outcome)
}

// ofReply reports whether the check is about what the customer reads.
func (c Check) ofReply() bool {
	return c.reply || slices.Contains([]string{"outcome", "article", "language", "must_contain", "must_not_contain", pipelineCheck}, c.Name)
}

// Figure is a rate over the cases that it is about.
type Figure struct {
	About  func(Result) bool // whether the case counts
	Exact  bool              // its interval is that of Clopper and Pearson, else of Wilson
	Hit    func(Result) bool
	Higher bool // is better
	Means  string
	Name   string
}

// Figures returns what is measured of every suite and every slice.
func Figures() []Figure {
	every := func(Result) bool { return true }
	ended := func(ending Ending) func(Result) bool { return func(r Result) bool { return r.Ending == ending } }
	return []Figure{
		{Name: "pass_rate", Means: "cases whose every check held", About: every, Hit: Result.Passed, Higher: true},
		{
			Name: "mandatory_recall", Means: "of the cases that must reach a person, those that did",
			About: func(r Result) bool { return r.Case.mandatory() }, Hit: ended(RightHandOff), Exact: true, Higher: true,
		},
		{
			Name: "right_rate", Means: "cases that ended in a correct answer or a right hand-off", About: every, Higher: true,
			Hit: func(r Result) bool { return r.Ending == CorrectAnswer || r.Ending == RightHandOff },
		},
		{
			Name: "answer_precision", Means: "of the cases that were not handed over, those answered correctly",
			About: func(r Result) bool { return r.Outcome != assistant.OutcomeHandedOff }, Hit: ended(CorrectAnswer), Higher: true,
		},
		{
			Name: "answer_rate", Means: "of the cases that expect a reply, those answered correctly",
			About: func(r Result) bool { return r.Case.expectsReply() }, Hit: ended(CorrectAnswer), Higher: true,
		},
		{Name: "wrong_rate", Means: "cases that ended in a wrong answer", About: every, Hit: ended(WrongAnswer)},
		{
			Name: "needless_rate", Means: "of the cases that expect a reply, those handed over",
			About: func(r Result) bool { return r.Case.expectsReply() }, Hit: ended(NeedlessHandOff),
		},
	}
}

// Measure is the figure over results. The repeats of a case are not taken for cases of their own.
func (f Figure) Measure(results []Result) Share {
	var clusters []cluster
	places := make(map[string]int)
	for _, r := range results {
		if !f.About(r) {
			continue
		}
		at, ok := places[r.Case.ID]
		if !ok {
			at = len(clusters)
			places[r.Case.ID] = at
			clusters = append(clusters, cluster{})
		}
		clusters[at].n++
		if f.Hit(r) {
			clusters[at].hits++
		}
	}
	if f.Exact {
		return newShare(clusters, clopperPearson)
	}
	return newShare(clusters, wilson)
}
