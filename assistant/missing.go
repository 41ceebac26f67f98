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

// The facts, named as the taxonomy's `collect` names them.
const (
	FactAsset   Fact = "asset"
	FactNetwork Fact = "network"
)

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
	}
	return ""
}

// continued is the triage of an answer to a question back: what it is about is read from the customer's two messages
// together. The answer alone must not lose a risk that it carries, nor a person that it asks for.
func continued(alone, together triage.Triage) triage.Triage {
	if len(alone.Risks) > 0 || alone.NeedsPerson() {
		for _, r := range together.Risks {
			if !slices.Contains(alone.Risks, r) {
				alone.Risks = append(slices.Clone(alone.Risks), r)
			}
		}
		return alone
	}
	return together
}

// fragmentRunes is the length up to which a message that names a coin or a network may be no question of its own: "usdt on trc20".
const fragmentRunes = 24

// searchText is what is looked for, and what the case is about: the question, or both of the customer's latest messages where
// the second answers a question back or only adds to the first.
func (a *Assistant) searchText(c Case) string {
	if c.Clarifications == 0 && !a.fragment(c.Question.Body) {
		return c.Question.Body
	}
	for _, message := range slices.Backward(c.History) {
		if message.Author == AuthorCustomer {
			return message.Body + "\n" + c.Question.Body
		}
	}
	return c.Question.Body
}

func (a *Assistant) fragment(text string) bool {
	if utf8.RuneCountInString(text) > fragmentRunes {
		return false
	}
	stated := a.Triager.Facts(text)
	return stated.Asset || stated.Network
}
