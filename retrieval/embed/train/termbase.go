package train

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/deskhand/deskhand/retrieval/embed"
)

// ReadTermbase adds a glossary: the first line names the languages, every other line is a concept with its variants,
// separated by bars. The variants of a concept are one section.
func (c *Corpus) ReadTermbase(name string) error {
	content, err := os.ReadFile(name) //nolint:gosec // the user names the file
	if err != nil {
		return fmt.Errorf("read termbase: %w", err)
	}
	before := len(c.Rows)
	var columns []int
	for i, line := range strings.Split(strings.TrimSpace(string(content)), "\n") {
		fields := strings.Split(strings.TrimRight(line, "\r"), "\t")
		if i == 0 {
			for _, tag := range fields {
				columns = append(columns, slices.Index(Languages, tag))
			}
			continue
		}
		c.Rows = append(c.Rows, conceptRows(fields, columns)...)
	}
	c.Sources = append(c.Sources, embed.Source{
		Licence: "Apache-2.0", Name: filepath.Base(name), Owner: "written for this desk", Rows: len(c.Rows) - before, SHA256: sum(content),
	})
	return nil
}

// conceptRows makes a row of the first variants of all languages, one of the second, and so on; a language that has no
// further variant repeats its first.
func conceptRows(fields []string, columns []int) []Row {
	variants := make([][]string, len(Languages))
	most := 0
	for i, field := range fields {
		if i < len(columns) && columns[i] >= 0 && strings.TrimSpace(field) != "" {
			variants[columns[i]] = strings.Split(field, "|")
			most = max(most, len(variants[columns[i]]))
		}
	}
	section := "term/" + strings.Join(variants[english], "|")
	rows := make([]Row, 0, most)
	for n := range most {
		row := Row{Key: fmt.Sprintf("%s:%d", section, n), Kind: Other, Own: true, Section: section, Texts: make([]string, len(Languages))}
		for l, of := range variants {
			switch {
			case n < len(of):
				row.Texts[l] = strings.TrimSpace(of[n])
			case len(of) > 0:
				row.Texts[l] = strings.TrimSpace(of[0])
			}
		}
		rows = append(rows, row)
	}
	return rows
}
