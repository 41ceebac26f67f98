package terms

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/deskhand/deskhand/retrieval/lexical"
)

// ParseTSV reads tab-separated text: a header line of language tags, then one concept a line, the terms of one language
// separated by "|". A concept is named after its first English term, or else the first of its languages by the alphabet. The
// errors are *Problem.
func ParseTSV(tsv string) ([]lexical.Concept, error) {
	lines := strings.Split(tsv, "\n")
	header, err := parseHeader(lines[0])
	if err != nil {
		return nil, err
	}
	var g gathering
	for i, line := range lines[1:] {
		line = strings.TrimRight(line, "\r")
		if strings.TrimSpace(line) == "" {
			continue
		}
		number := i + 2
		cells := strings.Split(line, "\t")
		if len(cells) != len(header) {
			return nil, &Problem{
				Fix: "separate the languages by tabs, one for each of the first line", Line: number,
				Message: fmt.Sprintf("it has %d columns, the first line has %d", len(cells), len(header)),
			}
		}
		var terms []lexical.Term
		for column, cell := range cells {
			for variant := range strings.SplitSeq(cell, "|") {
				terms = append(terms, lexical.Term{Locale: header[column], Text: clean(variant)})
			}
		}
		if err := g.add(number, terms); err != nil {
			return nil, err
		}
	}
	return g.done(len(lines))
}

func parseHeader(line string) ([]string, error) {
	tags := strings.Split(strings.TrimRight(line, "\r"), "\t")
	for i, tag := range tags {
		locale, ok := lexical.Locale(tag)
		if !ok {
			return nil, &Problem{
				Fix:  "begin the file with a line of language tags separated by tabs, like en, zh-Hans, es",
				Line: 1, Message: fmt.Sprintf("%q is not a language", shorten(tag)),
			}
		}
		tags[i] = locale
	}
	return tags, nil
}

// WriteTSV writes concepts so that ParseTSV reads the same.
func WriteTSV(w io.Writer, concepts []lexical.Concept) error {
	header := locales(concepts)
	var b strings.Builder
	b.WriteString(strings.Join(header, "\t") + "\n")
	for _, concept := range concepts {
		for i, locale := range header {
			if i > 0 {
				b.WriteByte('\t')
			}
			b.WriteString(strings.Join(termsIn(concept, locale), "|"))
		}
		b.WriteByte('\n')
	}
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("write terms: %w", err)
	}
	return nil
}

// locales are the languages of concepts, in the order that names them.
func locales(concepts []lexical.Concept) []string {
	var all []string
	for _, concept := range concepts {
		for _, term := range concept.Terms {
			if !slices.Contains(all, term.Locale) {
				all = append(all, term.Locale)
			}
		}
	}
	slices.SortFunc(all, compareLocales)
	return all
}

func termsIn(concept lexical.Concept, locale string) []string {
	var texts []string
	for _, term := range concept.Terms {
		if term.Locale == locale {
			texts = append(texts, term.Text)
		}
	}
	return texts
}
