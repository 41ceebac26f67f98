package terms

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/deskhand/deskhand/retrieval/lexical"
)

// Limits of a glossary; the database checks the lengths again. The largest public ones (IATE's and Microsoft's, cut to a domain
// and the desk's languages) are below.
const (
	// MaxBytes is how large a file may be.
	MaxBytes = 16 << 20
	// MaxConcepts is how many concepts a file, and a desk, may have.
	MaxConcepts = 20_000
	// maxTerms is how many terms one concept may have, in all languages.
	maxTerms = 400
	// maxRunes bounds one term, and the name of a concept. What is longer is a sentence, which nobody types twice.
	maxRunes = 100
)

// Problem is a mistake in a glossary, in words for the person who wrote it.
type Problem struct { //nolint:errname // to its reader it is a problem of a file
	Fix     string
	Line    int // 1-based
	Message string
}

// Error is one line: line N: message; fix.
func (p *Problem) Error() string { return fmt.Sprintf("line %d: %s; %s", p.Line, p.Message, p.Fix) }

// NewConcept returns the concept of terms by language, named and checked as in a file. The errors are *Problem, of line 1.
func NewConcept(byLanguage map[string][]string) (lexical.Concept, error) {
	var all []lexical.Term
	for _, tag := range slices.Sorted(maps.Keys(byLanguage)) {
		locale, ok := lexical.Locale(tag)
		if !ok {
			return lexical.Concept{}, &Problem{
				Fix: "use language tags like en, zh-Hans, es", Line: 1, Message: fmt.Sprintf("%q is not a language", shorten(tag)),
			}
		}
		for _, text := range byLanguage[tag] {
			all = append(all, lexical.Term{Locale: locale, Text: clean(text)})
		}
	}
	var g gathering
	if err := g.add(1, all); err != nil {
		return lexical.Concept{}, err
	}
	return g.concepts[0], nil
}

// Format is how a glossary is written.
type Format string

// The formats.
const (
	FormatTBX Format = "tbx"
	FormatTSV Format = "tsv"
)

// ReadConcepts reads a glossary. The errors are *Problem but for a failure of r.
func ReadConcepts(r io.Reader, format Format) ([]lexical.Concept, error) {
	content, err := io.ReadAll(io.LimitReader(r, MaxBytes+1))
	if err != nil {
		return nil, fmt.Errorf("read terms: %w", err)
	}
	content = bytes.TrimPrefix(content, []byte("\ufeff"))
	switch {
	case len(content) > MaxBytes:
		return nil, &Problem{Fix: "split it: at most 16 MB are taken", Line: 1, Message: "the file is too large"}
	case !utf8.Valid(content):
		return nil, &Problem{Fix: "save the file as UTF-8", Line: lineOfInvalid(content), Message: "the file is not text in UTF-8"}
	case format == FormatTBX:
		return ParseTBX(string(content))
	default:
		return ParseTSV(string(content))
	}
}

// lineOfInvalid is the line of the first byte that is not UTF-8.
func lineOfInvalid(content []byte) int {
	line := 1
	for len(content) > 0 {
		r, size := utf8.DecodeRune(content)
		if r == utf8.RuneError && size == 1 {
			break
		}
		if r == '\n' {
			line++
		}
		content = content[size:]
	}
	return line
}

// gathering collects the concepts of a file and checks them.
type gathering struct {
	concepts []lexical.Concept
	lines    map[string]int // of each concept, by its name
}

// add takes the terms of one concept. Terms that occur twice in a language count once.
func (g *gathering) add(line int, terms []lexical.Term) error {
	terms = inOrder(terms)
	if len(terms) == 0 {
		return &Problem{Fix: "add what people type for it", Line: line, Message: "the concept has no term"}
	}
	if len(terms) > maxTerms {
		return &Problem{Fix: "split the concept", Line: line, Message: fmt.Sprintf("the concept has more than %d terms", maxTerms)}
	}
	concept := lexical.Concept{Name: lexical.ConceptName(terms[0].Text)}
	for _, term := range terms {
		if problem := checkTerm(line, term.Text); problem != nil {
			return problem
		}
		if !slices.Contains(concept.Terms, term) {
			concept.Terms = append(concept.Terms, term)
		}
	}
	if g.lines == nil {
		g.lines = make(map[string]int)
	}
	before, known := g.lines[concept.Name]
	switch {
	case known:
		return &Problem{
			Fix: "put the terms of both into one entry", Line: line,
			Message: fmt.Sprintf("concept %q is already on line %d", shorten(concept.Name), before),
		}
	case utf8.RuneCountInString(concept.Name) > maxRunes: // lower case can be longer
		return &Problem{Fix: "begin with a shorter term", Line: line, Message: "the first term is too long"}
	case len(g.concepts) == MaxConcepts:
		return &Problem{
			Fix: "keep what customers ask about", Line: line, Message: fmt.Sprintf("there are more than %d concepts", MaxConcepts),
		}
	}
	g.lines[concept.Name] = line
	g.concepts = append(g.concepts, concept)
	return nil
}

// done returns what was gathered, or that nothing was.
func (g *gathering) done(line int) ([]lexical.Concept, error) {
	if len(g.concepts) == 0 {
		return nil, &Problem{Fix: "add at least one concept", Line: line, Message: "the file has no concept"}
	}
	return g.concepts, nil
}

func checkTerm(line int, text string) error {
	switch {
	case utf8.RuneCountInString(text) > maxRunes:
		return &Problem{
			Fix: "list what people type, not definitions", Line: line,
			Message: fmt.Sprintf("a term has more than %d characters", maxRunes),
		}
	case strings.ContainsRune(text, '|'):
		return &Problem{Fix: "write two terms", Line: line, Message: "a term has a bar"}
	case strings.ContainsFunc(text, unicode.IsControl):
		return &Problem{Fix: "take it out", Line: line, Message: "a term has a control character"}
	case !strings.ContainsFunc(text, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }):
		return &Problem{Fix: "write a word", Line: line, Message: fmt.Sprintf("the term %q has no letter", shorten(text))}
	}
	return nil
}

// naming is the language whose first term names a concept, where it has one.
const naming = "en"

// inOrder sorts terms by language, the one that names first; the order within a language stays. So a concept has the same
// name whatever file it comes from.
func inOrder(terms []lexical.Term) []lexical.Term {
	sorted := slices.DeleteFunc(slices.Clone(terms), func(t lexical.Term) bool { return t.Text == "" })
	slices.SortStableFunc(sorted, func(a, b lexical.Term) int { return compareLocales(a.Locale, b.Locale) })
	return sorted
}

func compareLocales(a, b string) int {
	switch {
	case a == b:
		return 0
	case a == naming:
		return -1
	case b == naming:
		return 1
	default:
		return strings.Compare(a, b)
	}
}

// clean is a term as it is kept: what surrounds it and how it is spaced says nothing.
func clean(text string) string { return strings.Join(strings.Fields(text), " ") }

// shorten keeps a message readable when the value it quotes is not.
func shorten(value string) string {
	const most = 40
	runes := []rune(value)
	if len(runes) <= most {
		return value
	}
	return string(runes[:most]) + "…"
}
