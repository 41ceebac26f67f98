package guard

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// Check names a rule.
type Check string

// The checks. Those marked with * hold for a text that a person wrote as well.
const (
	CheckAddress         Check = "address"          // * a place to send money to; never, whatever the source says
	CheckAdvice          Check = "advice"           // * on investments, law or tax
	CheckCitation        Check = "citation"         // a sentence without a source
	CheckContradiction   Check = "contradiction"    // the opposite of what the sources say
	CheckEmail           Check = "email"            // * neither in a cited source nor official
	CheckGrounding       Check = "grounding"        // words that the sources do not have
	CheckHandle          Check = "handle"           // * neither in a cited source nor official
	CheckHoldReason      Check = "hold_reason"      // * why an account or a withdrawal is held
	CheckLanguage        Check = "language"         // not the customer's language or script
	CheckLeak            Check = "leak"             // talks about its instructions
	CheckLink            Check = "link"             // * neither in a cited source nor official
	CheckMarkup          Check = "markup"           // * HTML, images, direction overrides
	CheckNumber          Check = "number"           // a number that the sources do not have
	CheckPhone           Check = "phone"            // * neither in a cited source nor official
	CheckPromise         Check = "promise"          // * of compensation, recovery, or a time beyond the sources
	CheckRemoteControl   Check = "remote_control"   // * software or screen sharing
	CheckSecretRequest   Check = "secret_request"   // * asks for a password, code, phrase, key or card
	CheckTransferRequest Check = "transfer_request" // * asks to send money to verify, unlock or save something
)

// Checks lists all of them.
func Checks() []Check {
	return []Check{
		CheckAddress, CheckAdvice, CheckCitation, CheckContradiction, CheckEmail, CheckGrounding, CheckHandle, CheckHoldReason,
		CheckLanguage, CheckLeak, CheckLink, CheckMarkup, CheckNumber, CheckPhone, CheckPromise, CheckRemoteControl, CheckSecretRequest,
		CheckTransferRequest,
	}
}

// Sentence is one sentence of a draft, or one step of a list.
type Sentence struct {
	Sources []string // texts of the passages that it cites
	Text    string
}

// Text is an outgoing text.
type Text struct {
	Body      string     // what the customer would read; the sentences in their order with white space between them
	Language  string     // BCP 47, of the customer; the language is not checked where it is not one of the desk's
	Question  string     // the customer's, already without secrets
	Sentences []Sentence // empty for a text that a person wrote
	Sources   []string   // of a text that a person wrote: articles whose links and contacts it may name
}

// Finding is one objection.
type Finding struct {
	Check  Check
	Detail string // for an agent, in English; may quote the draft
}

// Guard checks outgoing texts. It is read-only and safe for concurrent use.
type Guard struct {
	detect   Detector
	lexicon  *lexicon
	prepared *prepared           // with this detector and these vectors
	texts    *known[*placedText] // with these vectors
	things   *known[[]bool]      // that sentences speak of, as sourced has them
	vectors  Vectors
	words    *known[placedWord] // with these vectors
}

// Detector names the language of a text (BCP 47) and how sure it is of it, from 0 to 1.
type Detector func(text string) (tag string, certainty float64)

// New returns a guard. It fails only if its own lexicon cannot be read.
func New() (*Guard, error) {
	words, err := newLexicon()
	if err != nil {
		return nil, err
	}
	return &Guard{lexicon: words, prepared: newPrepared(), things: newKnown[[]bool](sentencesKept)}, nil
}

// WithDetector returns a guard that also asks a detector in which language each sentence of a draft is. Without one it knows
// a language by its script and its frequent words, which a short sentence may not have.
func (g *Guard) WithDetector(detect Detector) *Guard {
	with := *g
	with.detect, with.prepared = keptDetector(detect), newPrepared()
	return &with
}

// WithVectors returns a guard that can hold a sentence against sources in another language. Without vectors such a sentence
// never passes, but for one that its source has word for word.
func (g *Guard) WithVectors(vectors Vectors) *Guard {
	with := *g
	with.prepared, with.vectors = newPrepared(), vectors
	with.texts, with.words = newKnown[*placedText](textsKept), newKnown[placedWord](wordsKept)
	return &with
}

// Check returns what speaks against sending a text, in the order of the text within each rule; nothing means that it may be
// sent. It is deterministic and takes about as long as reading the text a few times.
func (g *Guard) Check(t Text, r Registry) []Finding {
	if t.Body == "" {
		t.Body = joined(t.Sentences)
	}
	plain := unmask(t.Body)
	review := review{guard: g, registry: r, sources: make(map[string]*source), text: t}
	defer func() { g.prepared.put(t.Language, review.sources) }()
	found := review.contacts(plain)
	body := g.lexicon.cut(fold(withoutContacts(t.Body, found))) // the words of a link ask for nothing
	cited := review.allCited()
	review.add(checkRequests(body)...)
	review.add(checkClaims(body, cited)...)
	review.add(checkMarkup(t.Body)...)
	if len(t.Sentences) > 0 {
		review.add(checkTimes(body, cited)...)
		review.add(checkLeak(body)...)
		review.add(checkLanguage(strings.Join(review.prose, "\n"), t.Language)...)
		review.draft()
	}
	return review.findings
}

// review is one run of the checks.
type review struct {
	findings []Finding
	guard    *Guard
	prose    []string // the sentences without their contacts
	registry Registry
	sources  map[string]*source
	text     Text
}

func (v *review) add(findings ...Finding) {
	for _, finding := range findings {
		if !slices.Contains(v.findings, finding) {
			v.findings = append(v.findings, finding)
		}
	}
}

// cited returns the sources of a sentence, each prepared once.
func (v *review) cited(s Sentence) []*source {
	sources := make([]*source, 0, len(s.Sources))
	for _, text := range s.Sources {
		sources = append(sources, v.source(text))
	}
	return sources
}

func (v *review) source(text string) *source {
	if v.sources[text] == nil {
		s := v.guard.prepared.take(preparedKey{v.text.Language, text})
		if s == nil {
			s = &source{guard: v.guard, text: text}
		}
		v.sources[text] = s
	}
	return v.sources[text]
}

// allCited returns all cited sources, each once.
func (v *review) allCited() []*source {
	var all []*source
	for _, s := range v.text.Sentences {
		for _, source := range v.cited(s) {
			if !slices.Contains(all, source) {
				all = append(all, source)
			}
		}
	}
	return all
}

// draft runs the checks of single sentences against what they cite.
func (v *review) draft() {
	question := &source{guard: v.guard, text: v.text.Question}
	rest := v.text.Body
	for i, s := range v.text.Sentences {
		sources := v.cited(s)
		before, behind, found := strings.Cut(rest, s.Text)
		if !found || strings.TrimSpace(before) != "" {
			v.add(Finding{CheckCitation, fmt.Sprintf("text outside of the cited sentences: %q", excerpt(strings.TrimSpace(before)))})
		} else {
			rest = behind
		}
		if !strings.ContainsFunc(s.Text, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }) {
			continue
		}
		if len(sources) == 0 {
			v.add(Finding{CheckCitation, fmt.Sprintf("no source is cited: %q", excerpt(s.Text))})
			continue
		}
		folded := fold(v.prose[i])
		v.add(v.foreign(v.prose[i], sources)...)
		undated, wrongDates := checkDates(folded, sources)
		v.add(wrongDates...)
		v.add(checkNumbers(undated, sources, question)...)
		v.add(v.guard.checkMeasures(undated, sources)...)
		v.add(checkPolarity(folded, v.text.Language, sources)...)
		v.add(v.guard.checkPossibility(folded, v.text.Language, sources)...)
		if v.guard.warns(folded) {
			continue
		}
		v.add(v.guard.checkThings(folded, v.text.Language, sources)...)
		v.add(checkStress(folded, grounding{language: v.text.Language, sources: sources})...)
		supported := 0 // what is compared elsewhere
		if v.prose[i] != s.Text {
			supported++
		}
		if undated != folded {
			supported++
		}
		v.add(v.guard.checkGrounding(grounding{language: v.text.Language, sources: sources, supported: supported, text: undated})...)
	}
	if strings.TrimSpace(rest) != "" {
		v.add(Finding{CheckCitation, fmt.Sprintf("text outside of the cited sentences: %q", excerpt(strings.TrimSpace(rest)))})
	}
}

// contacts checks everything that leads out of the text: sentence by sentence against the sources of each, and the whole, so
// that nothing hides across the border of two sentences. It returns the contacts of the whole.
func (v *review) contacts(body unmasked) []Contact {
	allowed := make(map[contactKey]bool)
	for _, s := range v.text.Sentences {
		sources := v.cited(s)
		found, _ := scan(unmask(s.Text))
		v.prose = append(v.prose, withoutContacts(s.Text, found))
		for _, c := range found {
			if slices.ContainsFunc(sources, func(source *source) bool { return source.names(c) }) {
				allowed[c.key()] = true
				continue
			}
			v.contact(c)
		}
	}
	found, embedded := scan(body)
	for _, c := range found {
		if slices.ContainsFunc(v.text.Sources, func(text string) bool { return v.source(text).names(c) }) {
			allowed[c.key()] = true
		}
	}
	for _, c := range spelledOut(body) {
		v.contact(c)
	}
	found = append(found, v.registry.brandHandles(body)...)
	for _, c := range slices.Concat(found, embedded) {
		if !allowed[c.key()] || c.Kind == KindAddress {
			v.contact(c)
		}
	}
	return found
}

// contact objects to a contact that is not official. The checks of contacts have the names of their kinds.
func (v *review) contact(c Contact) {
	standing := v.registry.Standing(c)
	switch {
	case c.Kind == KindAddress:
		v.add(Finding{CheckAddress, "an address to send money to: " + c.Display()})
	case standing == KnownFake:
		v.add(Finding{Check(c.Kind), "a known fake: " + c.Display()})
	case standing != Official:
		v.add(Finding{Check(c.Kind), "neither in a cited source nor an official channel: " + c.Display()})
	}
}

// checkLeak reports a draft that talks about its instructions.
func checkLeak(c clauses) []Finding {
	for _, s := range c.sentences {
		for _, h := range s.hits {
			if h.category == catLeak {
				return []Finding{{CheckLeak, fmt.Sprintf("talks about instructions or a model: %q", s.quote(h))}}
			}
		}
	}
	return nil
}

// withoutContacts blanks contacts, which are in no language and whose digits are not numbers.
func withoutContacts(text string, contacts []Contact) string {
	out := []byte(text)
	for _, c := range contacts {
		for i := c.Start; i < c.End; i++ {
			out[i] = ' '
		}
	}
	return string(out)
}

func joined(sentences []Sentence) string {
	texts := make([]string, len(sentences))
	for i, s := range sentences {
		texts[i] = s.Text
	}
	return strings.Join(texts, " ")
}
