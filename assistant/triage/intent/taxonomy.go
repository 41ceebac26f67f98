package intent

import (
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"
)

//go:embed taxonomy.yaml
var defaultTaxonomy string

// AutoAnswer says whether a machine may answer an intent without a person.
type AutoAnswer string

const (
	// AutoAnswerGeneralInfoOnly allows published general information; the customer's own case goes to a person.
	AutoAnswerGeneralInfoOnly AutoAnswer = "general_info_only"
	// AutoAnswerNever allows nothing but a fixed, reviewed text.
	AutoAnswerNever AutoAnswer = "never"
	// AutoAnswerYes allows an answer from the knowledge base.
	AutoAnswerYes AutoAnswer = "yes"
)

// Intent is one thing that a customer can want.
type Intent struct {
	AutoAnswer AutoAnswer
	// Category is the part of ID before the dot.
	Category string
	// Collect lists what an agent needs to know to work on the case; empty when nothing has to be asked.
	Collect []string
	// Definition is one sentence in English: what falls under the intent.
	Definition string
	// ID is `<category>.<name>`, lower case with underscores.
	ID string
	// Priority is P1 (answer within minutes), P2, P3 or P4 (when there is time).
	Priority string
	// Why is the reason of AutoAnswer, for whoever wants to change it.
	Why string
}

// Taxonomy is the set of intents of a desk, in the order of its file. It is read-only after Parse and safe for
// concurrent use.
type Taxonomy struct {
	byID    map[string]int
	intents []Intent
}

// Default returns the taxonomy that ships with the program: 80 intents of a crypto exchange.
func Default() (*Taxonomy, error) {
	return Parse(strings.NewReader(defaultTaxonomy), "taxonomy.yaml")
}

// DefaultText returns the file that Default parses, with its comments: what a desk starts from.
func DefaultText() string { return defaultTaxonomy }

// maxYAMLBytes bounds what Parse and ParseExamples read; the files that ship are under 300 kB.
const maxYAMLBytes = 16 << 20

// Parse reads a taxonomy: a YAML mapping with the single field `intents`, a list of mappings with the fields id,
// definition, priority, auto_answer, why and collect. All are required (collect may be an empty list); a field that is
// not known is an error. name stands for the file in errors.
//
// The error joins every problem found, each a *SyntaxError with its line.
func Parse(r io.Reader, name string) (*Taxonomy, error) {
	doc, err := readDocument(r, name)
	if err != nil {
		return nil, fmt.Errorf("parse taxonomy: %w", err)
	}
	t := &Taxonomy{byID: make(map[string]int)}
	for _, node := range doc.root(map[string]bool{"intents": true})["intents"].list {
		t.add(doc, node)
	}
	if len(t.intents) == 0 && len(doc.problems) == 0 {
		doc.problemf(1, "field %q has no entries", "intents")
	}
	if err := errors.Join(doc.problems...); err != nil {
		return nil, fmt.Errorf("parse taxonomy: %w", err)
	}
	return t, nil
}

// IDs returns the ids of all intents in the order of the file.
func (t *Taxonomy) IDs() []string {
	ids := make([]string, len(t.intents))
	for i, it := range t.intents {
		ids[i] = it.ID
	}
	return ids
}

// Intents returns a copy of all intents in the order of the file.
func (t *Taxonomy) Intents() []Intent {
	all := make([]Intent, len(t.intents))
	for i, it := range t.intents {
		it.Collect = slices.Clone(it.Collect)
		all[i] = it
	}
	return all
}

// Never returns the ids of the intents that no machine may answer, in the order of the file.
func (t *Taxonomy) Never() []string {
	var ids []string
	for _, it := range t.intents {
		if it.AutoAnswer == AutoAnswerNever {
			ids = append(ids, it.ID)
		}
	}
	return ids
}

// Fingerprint identifies the intents and what a machine may answer of each, as 12 hexadecimal digits. Texts for people, priorities and
// the order do not count.
func (t *Taxonomy) Fingerprint() string {
	lines := make([]string, len(t.intents))
	for i, entry := range t.intents {
		lines[i] = entry.ID + " " + string(entry.AutoAnswer)
	}
	slices.Sort(lines)
	hash := sha256.Sum256([]byte(strings.Join(lines, "\n")))
	return hex.EncodeToString(hash[:6])
}

// Lookup returns the intent with that id.
func (t *Taxonomy) Lookup(id string) (Intent, bool) {
	i, ok := t.byID[id]
	if !ok {
		return Intent{}, false
	}
	it := t.intents[i]
	it.Collect = slices.Clone(it.Collect)
	return it, true
}

var intentID = regexp.MustCompile(`^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$`)

func (t *Taxonomy) add(doc *document, node ast.Node) {
	before := len(doc.problems)
	line := lineOf(node)
	fields := doc.fields(node, intentFields)
	it := Intent{
		AutoAnswer: AutoAnswer(doc.text(fields, "auto_answer", line)),
		Definition: doc.text(fields, "definition", line),
		ID:         doc.text(fields, "id", line),
		Priority:   doc.text(fields, "priority", line),
		Why:        doc.text(fields, "why", line),
	}
	if len(doc.problems) > before {
		return
	}
	it.Collect = doc.texts(fields, "collect", line)
	it.Category, _, _ = strings.Cut(it.ID, ".")

	if !intentID.MatchString(it.ID) {
		doc.problemf(fields["id"].line, "id %q is not <category>.<name> in lower case", it.ID)
	}
	if it.ID == OutOfScope {
		doc.problemf(fields["id"].line, "id %q is reserved", it.ID)
	}
	if first, taken := t.byID[it.ID]; taken {
		doc.problemf(fields["id"].line, "id %q is a duplicate of entry %d", it.ID, first+1)
	}
	if !slices.Contains([]string{"P1", "P2", "P3", "P4"}, it.Priority) {
		doc.problemf(fields["priority"].line, "priority %q is not one of P1, P2, P3, P4", it.Priority)
	}
	if !slices.Contains([]AutoAnswer{AutoAnswerYes, AutoAnswerGeneralInfoOnly, AutoAnswerNever}, it.AutoAnswer) {
		doc.problemf(fields["auto_answer"].line, "auto_answer %q is not one of yes, general_info_only, never", it.AutoAnswer)
	}
	t.byID[it.ID] = len(t.intents)
	t.intents = append(t.intents, it)
}

var intentFields = map[string]bool{
	"auto_answer": false, "collect": true, "definition": false, "id": false, "priority": false, "why": false,
}
