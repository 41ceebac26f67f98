package terms

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/deskhand/deskhand/retrieval/lexical"
)

// maxDepth is how deep the elements of a TBX file may nest; the standard's own go to eight.
const maxDepth = 32

// ParseTBX reads a glossary as in ISO 30042: TBX of 2019 (tbx, conceptEntry, langSec, termSec) or the martif form before it
// (termEntry, langSet, tig or ntig). Only terms and their languages are taken; notes, definitions and statuses are skipped.
// A document type is never loaded, and one that declares entities is refused. The errors are *Problem.
func ParseTBX(text string) ([]lexical.Concept, error) {
	p := tbxParser{decoder: xml.NewDecoder(strings.NewReader(text))}
	for {
		token, err := p.decoder.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err == nil {
			err = p.take(token)
		} else {
			err = p.broken(err)
		}
		if err != nil {
			return nil, err
		}
	}
	return p.done(p.line())
}

// tbxParser is where a parse stands.
type tbxParser struct {
	gathering

	decoder *xml.Decoder
	depth   int
	entry   int // line of the concept's start, 0 outside
	inTerm  int // depth of the open term element, 0 outside
	locale  string
	term    strings.Builder
	terms   []lexical.Term // of the open concept
}

func (p *tbxParser) line() int {
	line, _ := p.decoder.InputPos()
	return line
}

func (p *tbxParser) problem(message, fix string) error {
	return &Problem{Fix: fix, Line: p.line(), Message: message}
}

// broken tells what the XML parser has to say, without what it quotes of the file.
func (p *tbxParser) broken(err error) error {
	message := "the file is not well-formed XML"
	if syntax, ok := errors.AsType[*xml.SyntaxError](err); ok {
		switch {
		case strings.HasPrefix(syntax.Msg, "invalid character entity"):
			return p.problem("an entity is not one of XML's own", "write the character itself")
		case strings.HasPrefix(syntax.Msg, "unexpected EOF"):
			message = "the file ends too early"
		}
	}
	return p.problem(message, "export it again as TBX in UTF-8")
}

func (p *tbxParser) take(token xml.Token) error {
	switch token := token.(type) {
	case xml.Directive:
		if strings.Contains(strings.ToUpper(string(token)), "<!ENTITY") || strings.Contains(string(token), "[") {
			return p.problem("the document type declares something of its own", "take the part in [ ] out")
		}
	case xml.StartElement:
		return p.start(token)
	case xml.EndElement:
		return p.end(token)
	case xml.CharData:
		if p.inTerm > 0 {
			p.term.Write(token)
		}
	}
	return nil
}

func (p *tbxParser) start(element xml.StartElement) error {
	if p.depth++; p.depth > maxDepth {
		return p.problem("its elements nest too deep", "export it again as TBX-Basic")
	}
	name := element.Name.Local
	if p.depth == 1 && name != "tbx" && name != "martif" {
		return p.problem(fmt.Sprintf("it is not TBX: it begins with %q", shorten(name)), "give a file of ISO 30042, or a TSV")
	}
	switch name {
	case "conceptEntry", "termEntry":
		if p.entry > 0 {
			return p.problem("a concept begins within another", "close the first one")
		}
		p.entry, p.terms = p.line(), nil
	case "langSec", "langSet":
		tag := language(element)
		locale, ok := lexical.Locale(tag)
		if !ok {
			return p.problem(fmt.Sprintf("%q is not a language", shorten(tag)), "name it in xml:lang, like en or zh-Hans")
		}
		p.locale = locale
	case "term":
		switch {
		case p.inTerm > 0:
			return p.problem("a term begins within another", "close the first one")
		case p.entry == 0 || p.locale == "":
			return p.problem("a term stands outside of a language of a concept", "put it into a langSec of a conceptEntry")
		}
		p.inTerm = p.depth
		p.term.Reset()
	}
	return nil
}

func (p *tbxParser) end(element xml.EndElement) error {
	defer func() { p.depth-- }()
	switch element.Name.Local {
	case "conceptEntry", "termEntry":
		line := p.entry
		p.entry = 0
		return p.add(line, p.terms)
	case "langSec", "langSet":
		p.locale = ""
	case "term":
		p.inTerm = 0
		if len(p.terms) > maxTerms {
			return p.problem(fmt.Sprintf("the concept has more than %d terms", maxTerms), "split the concept")
		}
		p.terms = append(p.terms, lexical.Term{Locale: p.locale, Text: clean(p.term.String())})
	}
	return nil
}

// language is the value of xml:lang.
func language(element xml.StartElement) string {
	for _, attribute := range element.Attr {
		if attribute.Name.Local == "lang" {
			return attribute.Value
		}
	}
	return ""
}

// The elements that WriteTBX writes.
type (
	tbxFile struct {
		XMLName xml.Name   `xml:"urn:iso:std:iso:30042:ed-2 tbx"`
		Type    string     `xml:"type,attr"`
		Style   string     `xml:"style,attr"`
		Lang    string     `xml:"xml:lang,attr"`
		Source  string     `xml:"tbxHeader>fileDesc>sourceDesc>p"`
		Entries []tbxEntry `xml:"text>body>conceptEntry"`
	}
	tbxEntry struct {
		ID       string       `xml:"id,attr"`
		Sections []tbxSection `xml:"langSec"`
	}
	tbxSection struct {
		Lang  string    `xml:"xml:lang,attr"`
		Terms []tbxTerm `xml:"termSec"`
	}
	tbxTerm struct {
		Term string `xml:"term"`
	}
)

// WriteTBX writes concepts as TBX-Core of ISO 30042:2019, so that ParseTBX reads the same.
func WriteTBX(w io.Writer, concepts []lexical.Concept) error {
	file := tbxFile{Lang: naming, Source: "Terms of a support desk", Style: "dca", Type: "TBX-Core"}
	for i, concept := range concepts {
		entry := tbxEntry{ID: fmt.Sprintf("c%d", i+1)}
		for _, locale := range locales([]lexical.Concept{concept}) {
			section := tbxSection{Lang: locale}
			for _, text := range termsIn(concept, locale) {
				section.Terms = append(section.Terms, tbxTerm{Term: text})
			}
			entry.Sections = append(entry.Sections, section)
		}
		file.Entries = append(file.Entries, entry)
	}
	encoded, err := xml.MarshalIndent(file, "", "  ")
	if err == nil {
		_, err = w.Write(append([]byte(xml.Header), append(encoded, '\n')...))
	}
	if err != nil {
		return fmt.Errorf("write terms: %w", err)
	}
	return nil
}
