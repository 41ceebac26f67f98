package retrieval

import (
	"embed"
	"fmt"
	"io/fs"

	"github.com/deskhand/deskhand/retrieval/lexical"
	"github.com/deskhand/deskhand/retrieval/terms"
)

//go:embed all:sample
var sampleFiles embed.FS

//go:embed termbase.tsv
var termbaseFile string

// Sample is the knowledge base of the invented exchange Quayside: a folder of Markdown articles for each language.
func Sample() fs.FS {
	sample, err := fs.Sub(sampleFiles, "sample")
	if err != nil {
		panic("retrieval: embedded sample: " + err.Error())
	}
	return sample
}

// NewAnalyzer returns an analyzer that knows the built-in glossary and a desk's own concepts.
func NewAnalyzer(own ...lexical.Concept) (*lexical.Analyzer, error) {
	concepts, err := terms.ParseTSV(termbaseFile)
	if err != nil {
		return nil, fmt.Errorf("load built-in termbase: %w", err)
	}
	return lexical.NewAnalyzer(lexical.NewTermbase(append(concepts, own...)...)), nil
}
