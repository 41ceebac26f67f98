package lang

import (
	"bufio"
	"compress/gzip"
	"embed"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Phrases typed like customers type them, one file per class, one phrase a line; lines that begin with "# " are remarks.
//
//go:embed phrases/*.txt
var phraseFiles embed.FS

// maxLine bounds a line of a source file, in bytes.
const maxLine = 4 << 20

// ReadSources reads the training text: the phrases that come with this package, parallel/*.jsonl.gz below dir (rows with
// one text per language: `{"key": …, "en": …, "zh": …}`), and kb/bitcoin_pages and kb/eth_extra for languages that the
// parallel text lacks (`{"lang": …, "title": …, "body": …}`). The other kb sets are for measuring and are not read.
func ReadSources(dir string) ([]Row, []Source, error) {
	rows, err := readPhrases()
	if err != nil {
		return nil, nil, fmt.Errorf("read phrases: %w", err)
	}
	sources := []Source{{Name: "deskhand phrases", Licence: "Apache-2.0", Rows: len(rows)}}
	paths, err := filepath.Glob(filepath.Join(dir, "parallel", "*.jsonl.gz"))
	if err != nil || len(paths) == 0 {
		return nil, nil, fmt.Errorf("find parallel text in %s: %w", dir, ErrNoText)
	}
	slices.Sort(paths)
	paths = append(paths, filepath.Join(dir, "kb", "bitcoin_pages", "kb.jsonl"), filepath.Join(dir, "kb", "eth_extra", "kb.jsonl"))
	for _, path := range paths {
		more, err := readFile(path)
		if err != nil {
			return nil, nil, fmt.Errorf("read %s: %w", path, err)
		}
		name, _ := filepath.Rel(dir, path)
		sources = append(sources, Source{Name: filepath.ToSlash(name), Licence: "MIT", Rows: len(more)})
		rows = append(rows, more...)
	}
	return rows, sources, nil
}

func readPhrases() ([]Row, error) {
	entries, err := phraseFiles.ReadDir("phrases")
	if err != nil {
		return nil, fmt.Errorf("list files: %w", err)
	}
	var rows []Row
	for _, entry := range entries {
		content, err := phraseFiles.ReadFile("phrases/" + entry.Name())
		if err != nil {
			return nil, fmt.Errorf("read file: %w", err)
		}
		class := strings.TrimSuffix(entry.Name(), ".txt")
		for line := range strings.Lines(string(content)) {
			if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "# ") {
				rows = append(rows, Row{Class: class, Text: line, Typed: true})
			}
		}
	}
	return rows, nil
}

// readFile reads a file of JSON lines, packed when its name says so.
func readFile(path string) ([]Row, error) {
	file, err := os.Open(path) //nolint:gosec // whoever trains names the folder
	if err != nil {
		return nil, fmt.Errorf("open file: %w", err)
	}
	defer func() { _ = file.Close() }() // it was only read
	if !strings.HasSuffix(path, ".gz") {
		return readLines(file, articleRows)
	}
	unpacked, err := gzip.NewReader(file)
	if err != nil {
		return nil, fmt.Errorf("unpack file: %w", err)
	}
	return readLines(unpacked, parallelRows)
}

func readLines(r io.Reader, parse func([]byte) ([]Row, error)) ([]Row, error) {
	var rows []Row
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxLine)
	for number := 1; lines.Scan(); number++ {
		more, err := parse(lines.Bytes())
		if err != nil {
			return nil, fmt.Errorf("parse line %d: %w", number, err)
		}
		rows = append(rows, more...)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("scan lines: %w", err)
	}
	return rows, nil
}

// parallelRows reads a row of aligned text. A text that equals the English one was not translated.
func parallelRows(line []byte) ([]Row, error) {
	var texts map[string]string
	if err := json.Unmarshal(line, &texts); err != nil {
		return nil, fmt.Errorf("decode row: %w", err)
	}
	var tags []string
	for tag := range texts {
		tags = append(tags, tag)
	}
	slices.Sort(tags)
	var rows []Row
	for _, tag := range tags {
		class, ok := Canonical(tag)
		if !ok || class != english && texts[tag] == texts[english] {
			continue
		}
		rows = append(rows, Row{Class: class, Text: texts[tag]})
	}
	return rows, nil
}

// articleRows reads an article, one row per paragraph, when it is in a language that the parallel text lacks.
func articleRows(line []byte) ([]Row, error) {
	var article struct {
		Body  string `json:"body"`
		Lang  string `json:"lang"`
		Title string `json:"title"`
	}
	if err := json.Unmarshal(line, &article); err != nil {
		return nil, fmt.Errorf("decode article: %w", err)
	}
	class := article.Lang
	switch class {
	case "tl", "ms":
	case "az", "be", "bg", "ca", "cs", "da", "fi", "hr", "hu", "ig", "ro", "sl", "sr", "sv", "sw":
		class = undetermined
	default:
		return nil, nil
	}
	rows := []Row{{Class: class, Text: article.Title}}
	for paragraph := range strings.SplitSeq(article.Body, "\n") {
		if strings.TrimSpace(paragraph) != "" {
			rows = append(rows, Row{Class: class, Text: paragraph})
		}
	}
	return rows, nil
}
