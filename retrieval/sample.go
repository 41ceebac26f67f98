package retrieval

import (
	"embed"
	"fmt"
	"io/fs"

	"github.com/deskhand/deskhand/retrieval/lexical"
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

// NewAnalyzer returns an analyzer with the desk's own termbase.
func NewAnalyzer() (*lexical.Analyzer, error) {
	termbase, err := lexical.ParseTermbase(termbaseFile)
	if err != nil {
		return nil, fmt.Errorf("load built-in termbase: %w", err)
	}
	return lexical.NewAnalyzer(termbase), nil
}
