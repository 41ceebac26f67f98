package evals

import (
	"slices"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/assistant/redact"
)

// Reviewed is a live question on whose label two people agree, or a third one has decided: the material of a case.
type Reviewed struct {
	Articles []string // slugs that the reply cites
	Channel  string
	Label    Ending
	Language string
	Outcome  assistant.Outcome // what happened to it
	Question []string          // the customer's turns, in order
	RunID    string
}

// FromReviews makes a suite of what reviewers said. A correct answer is to stay one, with its article; a wrong one is a question that
// nothing answers until somebody says what does; a needless hand-off is to be replied to, a right one handed over; what reached no
// person and had to is a mandatory case. Texts are redacted again, as by FromDesk.
func FromReviews(reviewed []Reviewed, redactor *redact.Redactor) Suite {
	suite := Suite{
		Name:        "from-reviews",
		Description: "Live questions that were reviewed. Look through it before you pass it on: names are not removed.",
		KB:          SampleKB,
	}
	for _, r := range reviewed {
		c := Case{
			ID: deskCase(r.RunID), Channel: r.Channel, Expect: r.expect(), Locale: r.Language,
			Tags: []string{"review", string(r.Label)},
		}
		if r.Label == MissedHandOff {
			c.Tags = append(c.Tags, MandatoryTag)
		}
		for _, turn := range r.Question {
			c.Conversation = append(c.Conversation, redactor.Redact(turn).Text)
		}
		if len(c.Conversation) > 0 && !slices.ContainsFunc(suite.Cases, func(other Case) bool { return other.ID == c.ID }) {
			suite.Cases = append(suite.Cases, c)
		}
	}
	return suite
}

func (r Reviewed) expect() Expect {
	switch r.Label {
	case CorrectAnswer:
		expect := Expect{Outcome: r.Outcome}
		if len(r.Articles) > 0 {
			expect.Article = r.Articles[0]
		}
		return expect
	case WrongAnswer:
		return Expect{Outcome: OutcomeUnanswered}
	case NeedlessHandOff:
		return Expect{Outcome: OutcomeReplied}
	case MissedHandOff, RightHandOff:
	}
	return Expect{Outcome: assistant.OutcomeHandedOff}
}
