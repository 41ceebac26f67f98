// Package triage decides what a message is about, how urgent it is, and whether it must reach a person.
//
// It joins the recognisers below it: intent (a trained classifier over the desk's taxonomy), risk (rules) and facts (what a
// message states). A rule that fires is final and can only raise the level (P3); the classifier can send a message to a
// person too, and never takes back what a rule said. Nothing here calls a model or the network.
package triage

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/deskhand/deskhand/assistant/triage/facts"
	"github.com/deskhand/deskhand/assistant/triage/intent"
	"github.com/deskhand/deskhand/assistant/triage/risk"
)

// Unclear is the intent of a message that says too little, or nothing that belongs to the desk.
const Unclear = "general.unclear"

// disclosed is the intent of a message that carries a secret.
const disclosed = "security.secret_disclosed"

// intentsShown is how many likely intents are passed on: retrieval prefers articles about any of them.
const intentsShown = 3

// certainTopic is the probability, among all topics, from which on a case is queued by its topic although a rule without
// one (a complaint, a wish for a person) fired: "I want a person about my card" is better queued as a card case.
const certainTopic = 0.4

// certainKin is the probability from which on the classifier names a theft. On evals/suites/handoff-dev.jsonl anything from 0.3 to 0.6 is
// as good.
const certainKin = 0.5

const (
	// certainOffTopic is the probability of "none of these" above which a text counts as off-topic. Of 60 fresh questions
	// in twelve languages that belong to the desk, "none of these" came first for 12 but above 0.6 for 2 only.
	certainOffTopic = 0.7
	// personCertainty is the probability from which on the classifier alone sends a message to a person. A missed danger is
	// counted as ten harmless messages taken along. On the look-alikes and the trouble told without its name among the examples,
	// each judged by a model that was not shown its situation in any language (TestMeasureSituationsLeftOut), that is least at
	// 0.14 to 0.21; on evals/suites/handoff-dev.jsonl, whose harmless messages are as ordinary as a desk's, at 0.29 to 0.31, but
	// examples were written of what that set shows to fail. It lies between the two.
	personCertainty = 0.28
	// faintIntent is the probability below which the likeliest intent says nothing.
	faintIntent = 0.1
)

// Triage is what a message is about and how dangerous it is.
type Triage struct {
	AutoAnswer intent.AutoAnswer
	Certainty  float64 // calibrated probability of Intent, 0 to 1; 1 when a rule set it, 0 when off-topic
	Facts      facts.Facts
	Intent     string              // id in the taxonomy
	Intents    []intent.Prediction // the likeliest intents of the taxonomy, best first
	Person     float64             // probability that the message expresses an intent that no machine may answer, whichever
	OffTopic   bool                // the text belongs to no support desk: weather, poems, homework
	Priority   Priority            // of intent and risks alone; Prioritise adds what the facts and the customer say
	Risks      []risk.Risk
	Rules      []string // ids of the rules that fired
}

// Has reports whether any of risks was recognised.
func (t Triage) Has(risks ...risk.Risk) bool {
	return slices.ContainsFunc(risks, func(r risk.Risk) bool { return slices.Contains(t.Risks, r) })
}

// complaint is the intent of a message that says what the desk did wrong and names nothing else.
const complaint = "general.complaint"

// Complains reports whether the customer complains, of whatever: such a case has a deadline by law.
func (t Triage) Complains() bool { return t.Intent == complaint || t.Has(risk.Complaint) }

// NeedsPerson reports whether the classifier is sure enough that no machine may answer. The rules need no such certainty.
func (t Triage) NeedsPerson() bool { return t.Person >= personCertainty }

// Triager reads messages. It is safe for concurrent use.
type Triager struct {
	classifier *intent.Classifier
	facts      *facts.Reader
	rules      *risk.Rules
	taxonomy   *intent.Taxonomy
}

// New returns a Triager over a taxonomy, the classifier trained for it, and the risk rules. It fails when a rule points at
// an intent that the taxonomy does not have.
func New(taxonomy *intent.Taxonomy, classifier *intent.Classifier, rules *risk.Rules) (*Triager, error) {
	for name, c := range consequences {
		if _, ok := taxonomy.Lookup(c.intent); !ok && c.intent != "" {
			return nil, fmt.Errorf("taxonomy lacks the intent %q that the risk %q leads to", c.intent, name)
		}
	}
	for _, id := range []string{Unclear, disclosed} {
		if _, ok := taxonomy.Lookup(id); !ok {
			return nil, fmt.Errorf("taxonomy lacks the intent %q", id)
		}
	}
	return &Triager{classifier: classifier.WithNever(taxonomy.Never()), facts: facts.New(), rules: rules, taxonomy: taxonomy}, nil
}

// Untrained returns the ids of the taxonomy's intents that the classifier has never seen an example of, in the order of the
// taxonomy. Such an intent is only ever set by a rule.
func (t *Triager) Untrained() []string {
	var ids []string
	labels := t.classifier.Labels()
	for _, entry := range t.taxonomy.Intents() {
		if !slices.Contains(labels, entry.ID) {
			ids = append(ids, entry.ID)
		}
	}
	return ids
}

// IntentIDs returns the ids of the taxonomy's intents, in its order.
func (t *Triager) IntentIDs() []string { return t.taxonomy.IDs() }

// Fingerprints identify the classifier and the taxonomy: what is fitted on triages holds for these only.
func (t *Triager) Fingerprints() (classifier, taxonomy string) {
	return t.classifier.Fingerprint(), t.taxonomy.Fingerprint()
}

// Facts returns what a text states, without judging it.
func (t *Triager) Facts(text string) facts.Facts { return t.facts.Read(text) }

// Measures are what a text gives or asks for a number of: fees, limits and the like.
func (t *Triager) Measures(text string) []facts.Measure { return t.facts.Measures(text) }

// Names are the assets, networks, products and the like that a text names.
func (t *Triager) Names(text string) []facts.Name { return t.facts.Names(text) }

// Intent returns the taxonomy's entry for an intent that a Triage named.
func (t *Triager) Intent(id string) (intent.Intent, bool) { return t.taxonomy.Lookup(id) }

// Triage reads a text whose secrets are already removed. secrets are the kinds that were: their presence alone makes the
// message a case.
func (t *Triager) Triage(text string, secrets []string) Triage {
	result := t.classify(text)
	for _, match := range t.rules.Match(text) {
		if !slices.Contains(result.Risks, match.Risk) {
			result.Risks = append(result.Risks, match.Risk)
		}
		result.Rules = append(result.Rules, match.Rule)
	}
	if len(secrets) > 0 && !slices.Contains(result.Risks, risk.SecretShared) {
		result.Risks = append(result.Risks, risk.SecretShared)
		result.Rules = append(result.Rules, "redact")
	}
	result.Facts = t.facts.Read(text)
	t.raise(&result)
	if len(secrets) > 0 && result.Intent != disclosed && result.Priority != P1 {
		t.setIntent(&result, disclosed)
	}
	return result
}

// classify is the classifier's opinion alone. An intent that the desk's taxonomy has dropped counts for nothing.
func (t *Triager) classify(text string) Triage {
	result := Triage{Intent: Unclear}
	opinion := t.classifier.Judge(text, math.MaxInt)
	result.Person = opinion.Person
	for _, prediction := range opinion.Predictions {
		if prediction.Intent == intent.OutOfScope {
			result.OffTopic = prediction.Probability >= certainOffTopic && !result.NeedsPerson()
			continue
		}
		if _, known := t.taxonomy.Lookup(prediction.Intent); known {
			result.Intents = append(result.Intents, prediction)
		}
	}
	likeliest := 0
	if result.NeedsPerson() {
		// Many intents for a person may each be less likely than one that is not, and together more: the case is one of them.
		likeliest = max(0, slices.IndexFunc(result.Intents, func(p intent.Prediction) bool { return t.never(p.Intent) }))
	}
	if len(result.Intents) > likeliest && !result.OffTopic {
		if best := result.Intents[likeliest]; best.Probability >= faintIntent || result.NeedsPerson() {
			result.Intent, result.Certainty = best.Intent, best.Probability
		}
	}
	result.Intents = result.Intents[:min(intentsShown, len(result.Intents))]
	if entry, ok := t.taxonomy.Lookup(result.Intent); ok {
		result.AutoAnswer, result.Priority = entry.AutoAnswer, Priority(entry.Priority)
	}
	return result
}

func (t *Triager) never(id string) bool {
	entry, ok := t.taxonomy.Lookup(id)
	return ok && entry.AutoAnswer == intent.AutoAnswerNever
}

// raise applies what the recognised risks demand: the most urgent one names the case.
func (t *Triager) raise(result *Triage) {
	risks := slices.SortedStableFunc(slices.Values(result.Risks), func(a, b risk.Risk) int {
		first, second := consequences[a], consequences[b]
		if first.priority == second.priority && first.life != second.life {
			if first.life {
				return -1
			}
			return 1
		}
		return cmp.Compare(first.priority, second.priority)
	})
	named := false
	for _, name := range risks {
		c := consequences[name]
		result.OffTopic = false
		result.Priority = result.Priority.Higher(c.priority)
		if named || c.intent == "" {
			continue
		}
		named = true
		if topic, ok := topicOf(result.Intents); ok && !c.specific {
			t.setIntent(result, topic)
		} else {
			t.setIntent(result, kin(result.Intents, c))
		}
	}
}

// kin returns the intent of a risk's consequence. Where that is a theft, it is the classifier's intent if that is a theft too
// and likely enough: a rule says that money is gone, the classifier hears better whether from the account, a wallet, or to
// a swindler. All of them are as urgent, and none may be answered by a machine.
func kin(intents []intent.Prediction, c consequence) string {
	if !c.theft || len(intents) == 0 || intents[0].Probability < certainKin {
		return c.intent
	}
	for _, other := range consequences {
		if other.theft && other.intent == intents[0].Intent {
			return other.intent
		}
	}
	return c.intent
}

// topicOf returns the likeliest intent that is a topic, where it is likely enough.
func topicOf(intents []intent.Prediction) (string, bool) {
	topics := 1.0
	for _, prediction := range intents {
		if withoutTopic(prediction.Intent) {
			topics -= prediction.Probability
		}
	}
	for _, prediction := range intents {
		if !withoutTopic(prediction.Intent) {
			return prediction.Intent, prediction.Probability >= max(faintIntent, certainTopic*topics)
		}
	}
	return "", false
}

// withoutTopic reports whether an intent says how a customer feels and not what about.
func withoutTopic(id string) bool {
	for _, c := range consequences {
		if c.intent == id && !c.specific {
			return true
		}
	}
	return id == Unclear
}

func (t *Triager) setIntent(result *Triage, id string) {
	entry, ok := t.taxonomy.Lookup(id)
	if !ok {
		return // New checked every id that is passed here
	}
	result.Intent, result.Certainty, result.OffTopic = id, 1, false
	result.AutoAnswer = entry.AutoAnswer
	result.Priority = Priority(entry.Priority).Higher(result.Priority)
	result.Intents = slices.DeleteFunc(result.Intents, func(other intent.Prediction) bool { return other.Intent == id })
	result.Intents = append([]intent.Prediction{{Intent: id, Probability: 1}}, result.Intents...)
}
