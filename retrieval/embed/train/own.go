package train

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/deskhand/deskhand/retrieval/embed"
)

// ReadOwn adds the tables in folder, files called *.tsv. The first line names the languages after the word kind. A line
// "# name" begins a section: its questions (q) and titles (t) belong to its answers (a); strings of the interface (u) stand
// alone. A text may be missing, English never.
func (c *Corpus) ReadOwn(folder string) error { return c.readTables(folder, false) }

// ReadFurther adds tables like those of ReadOwn of which nothing is held out: rows may come and go, and what is measured stays
// the same.
func (c *Corpus) ReadFurther(folder string) error { return c.readTables(folder, true) }

func (c *Corpus) readTables(folder string, further bool) error {
	names, err := filepath.Glob(filepath.Join(folder, "*.tsv"))
	if err != nil || len(names) == 0 {
		return fmt.Errorf("read own text: %s has no *.tsv file", folder)
	}
	before := len(c.Rows)
	var all []byte
	var problems []error
	for _, name := range names {
		content, err := os.ReadFile(name) //nolint:gosec // the user names the folder
		if err != nil {
			return fmt.Errorf("read own text: %w", err)
		}
		rows, err := ParseOwn(strings.TrimSuffix(filepath.Base(name), ".tsv"), content)
		problems = append(problems, err)
		for i := range rows {
			rows[i].Further = further
		}
		c.Rows = append(c.Rows, rows...)
		all = append(all, content...)
	}
	c.Sources = append(c.Sources, embed.Source{
		Licence: "Apache-2.0", Name: filepath.Base(folder), Owner: "written for this desk", Rows: len(c.Rows) - before, SHA256: sum(all),
	})
	return errors.Join(problems...)
}

// ParseOwn reads one table; name goes before its keys.
func ParseOwn(name string, content []byte) ([]Row, error) {
	var columns []int
	var problems []error
	var rows []Row
	section, number := name, 0
	for i, line := range strings.Split(string(bytes.ReplaceAll(content, []byte("\r\n"), []byte("\n"))), "\n") {
		fields := strings.Split(line, "\t")
		switch {
		case strings.TrimSpace(line) == "":
		case columns == nil:
			var err error
			if columns, err = languageColumns(fields); err != nil {
				return nil, fmt.Errorf("%s.tsv line %d: %w", name, i+1, err)
			}
		case strings.HasPrefix(line, "# "):
			section, number = name+"/"+strings.TrimSpace(line[2:]), 0
		default:
			number++
			row, err := ownRow(fields, columns)
			if err != nil {
				problems = append(problems, fmt.Errorf("%s.tsv line %d: %w", name, i+1, err))
				continue
			}
			row.Key = fmt.Sprintf("%s:%d", section, number)
			if row.Section = section; row.Kind == Other {
				row.Section = row.Key
			}
			rows = append(rows, row)
		}
	}
	return rows, errors.Join(problems...)
}

func languageColumns(fields []string) ([]int, error) {
	if len(fields) < 3 || fields[0] != "kind" {
		return nil, errors.New(`the first line must be "kind" and the languages, with tabs between them`)
	}
	columns := make([]int, 0, len(fields)-1)
	for _, tag := range fields[1:] {
		column := slices.Index(Languages, tag)
		if column < 0 || slices.Contains(columns, column) {
			return nil, fmt.Errorf("%q is no language of the desk, or stands there twice: %s", tag, strings.Join(Languages, " "))
		}
		columns = append(columns, column)
	}
	return columns, nil
}

func ownRow(fields []string, columns []int) (Row, error) {
	row := Row{Own: true, Texts: make([]string, len(Languages))}
	switch fields[0] {
	case "q", "t":
		row.Kind = Asking
	case "a":
		row.Kind = Passage
	case "u":
		row.Kind = Other
	default:
		return row, fmt.Errorf("a row begins with q, t, a or u, not %q", fields[0])
	}
	if len(fields) > len(columns)+1 {
		return row, fmt.Errorf("%d texts for %d languages", len(fields)-1, len(columns))
	}
	for i, text := range fields[1:] {
		row.Texts[columns[i]] = strings.TrimSpace(text)
	}
	if row.Texts[english] == "" {
		return row, errors.New("the English text is missing")
	}
	return row, nil
}
