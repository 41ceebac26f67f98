package assistant

import "strings"

// Method is how a draft was made.
type Method string

// The methods.
const (
	MethodExtractive Method = "extractive" // sentences that a person wrote, chosen and ordered
	MethodModel      Method = "model"
)

// Sentence is one sentence, or one step of a list, of a draft.
type Sentence struct {
	Break     string // white space before the sentence: "", " ", "\n" or "\n\n"
	Citations []int  // indexes into Draft.Sources that support it
	Text      string
}

// Source is a passage that a draft may rest on.
type Source struct {
	Article  Citation
	Language string
	Text     string // title, heading path and body
}

// Usage is what a draft cost.
type Usage struct {
	Cached           bool // the model had been asked the very same before
	CompletionTokens int
	Model            string
	PromptTokens     int
}

// Draft is a proposed answer. It is sent only after the guard and the policy agreed.
type Draft struct {
	Answerable    bool // whether the sources hold the answer, in the drafter's own judgement
	Language      string
	Method        Method
	Notes         []Note // for an agent, never for the customer
	PromptVersion string
	Sentences     []Sentence
	Sources       []Source
	Usage         Usage
}

// Citations returns the articles that the sentences of d cite, each once, in order of appearance.
func (d Draft) Citations() []Citation {
	var cited []Citation
	seen := make(map[Citation]bool)
	for _, sentence := range d.Sentences {
		for _, index := range sentence.Citations {
			if index < 0 || index >= len(d.Sources) || seen[d.Sources[index].Article] {
				continue
			}
			seen[d.Sources[index].Article] = true
			cited = append(cited, d.Sources[index].Article)
		}
	}
	return cited
}

// Reply returns the sentences as the customer reads them, one after the other.
func (d Draft) Reply() []ReplySentence {
	var shown []ReplySentence
	for _, sentence := range d.Sentences {
		text := strings.TrimSpace(sentence.Text)
		if text == "" {
			continue
		}
		cited := Draft{Sentences: []Sentence{sentence}, Sources: d.Sources}.Citations()
		next := ReplySentence{Break: sentence.Break, Citations: cited, Text: text}
		if len(shown) == 0 {
			next.Break = ""
		}
		shown = append(shown, next)
	}
	return shown
}

// Text is the draft as the customer would read it.
func (d Draft) Text() string { return joined(d.Reply()) }

func joined(sentences []ReplySentence) string {
	var text strings.Builder
	for _, sentence := range sentences {
		text.WriteString(sentence.Break)
		text.WriteString(sentence.Text)
	}
	return text.String()
}
