package assistant

import (
	"slices"
	"unicode/utf8"

	"github.com/deskhand/deskhand/assistant/triage"
	"github.com/deskhand/deskhand/assistant/triage/intent"
	"github.com/deskhand/deskhand/retrieval"
)

// Fact is something that a customer can be asked for with a fixed text. None is a secret.
type Fact string

// The facts. The asset and the network are named as in the taxonomy's `collect`.
const (
	FactAge     Fact = "age" // how long ago it was sent: what is normal after minutes is stuck after days
	FactAsset   Fact = "asset"
	FactNetwork Fact = "network"
)

// collectAge is how the taxonomy names FactAge.
const collectAge = "time sent"

const (
	// askCertainty is the certainty of the intent from which on a fact is asked for. Below, the question itself is not clear,
	// and a question about a coin would miss it.
	askCertainty = 0.5
	// askPerson is the probability of danger from which on a person comes at once instead of a question.
	askPerson = 0.1
)

// missing returns the fact that the taxonomy says is needed and the customer did not name, where an article speaks of the
// intent. Where none does, no fact would bring an answer. An intent that a machine may not answer in full is never asked
// about: a person asks what they need.
func (a *Assistant) missing(t triage.Triage, results retrieval.Results) Fact {
	entry, known := a.Triager.Intent(t.Intent)
	if !known || entry.AutoAnswer != intent.AutoAnswerYes || t.Certainty < askCertainty || t.Person >= askPerson || t.Complains() {
		return ""
	}
	if !slices.ContainsFunc(results.Hits, func(h retrieval.Hit) bool { return slices.Contains(h.Article.Intents, t.Intent) }) {
		return ""
	}
	switch {
	case !t.Facts.Asset && slices.Contains(entry.Collect, string(FactAsset)):
		return FactAsset
	case !t.Facts.Network && slices.Contains(entry.Collect, string(FactNetwork)):
		return FactNetwork
	case t.Facts.Age == 0 && slices.Contains(entry.Collect, collectAge):
		return FactAge
	}
	return ""
}

// overdue reports a case that the taxonomy says depends on how long ago something was sent, and that is stuck and not slow: an
// article about the normal course does not answer it.
func (a *Assistant) overdue(t triage.Triage) bool {
	entry, known := a.Triager.Intent(t.Intent)
	return known && t.Facts.Age >= triage.LongWait && slices.Contains(entry.Collect, collectAge)
}

// turns are the triages of two messages of a customer that belong together: each alone, and both as one text.
type turns struct{ first, second, together triage.Triage }

// continued is the triage of an answer to a question back: what it is about is read from the customer's two messages
// together. The answer alone must not lose a risk that it carries, nor a person that it asks for.
//
// Two harmless messages read as one can look dangerous: "got an e-mail about a new device" and "bitcoin". A rule that only both together
// meet counts when one of them alone hints at danger, and what only the classifier makes of both does not count: the case is then what
// the question alone was.
func (t turns) continued() triage.Triage {
	if len(t.second.Risks) > 0 || t.second.NeedsPerson() {
		for _, r := range t.together.Risks {
			if !slices.Contains(t.second.Risks, r) {
				t.second.Risks = append(slices.Clone(t.second.Risks), r)
			}
		}
		return t.second
	}
	calmTogether := len(t.together.Risks) == 0 && !t.together.NeedsPerson()
	if calmTogether || t.first.NeedsPerson() || len(t.together.Risks) > 0 && (hints(t.first) || hints(t.second)) {
		return t.together
	}
	calm := t.first
	if calm.Intent == triage.Unclear {
		calm = t.second
	}
	calm.Facts = t.together.Facts
	return calm
}

// hints reports whether a message may be about danger, below the certainty from which on a person takes it.
func hints(t triage.Triage) bool { return len(t.Risks) > 0 || t.Person >= askPerson }

// fragmentRunes is the length up to which a message that names a coin or a network may be no question of its own: "usdt on trc20".
const fragmentRunes = 24

// searchText is what is looked for, and what the case is about: the question, or both of the customer's latest messages where
// the second answers a question back or only adds to the first.
func (a *Assistant) searchText(c Case) string {
	if before, ok := a.continues(c); ok {
		return before.Body + "\n" + c.Question.Body
	}
	return c.Question.Body
}

// continues returns the customer's message before the question, where the two belong together.
func (a *Assistant) continues(c Case) (Message, bool) {
	if c.Clarifications == 0 && !a.fragment(c.Question.Body) {
		return Message{}, false
	}
	for _, message := range slices.Backward(c.History) {
		if message.Author == AuthorCustomer {
			return message, true
		}
	}
	return Message{}, false
}

func (a *Assistant) fragment(text string) bool {
	if utf8.RuneCountInString(text) > fragmentRunes {
		return false
	}
	stated := a.Triager.Facts(text)
	return stated.Asset || stated.Network
}
