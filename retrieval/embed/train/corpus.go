// Package train makes the table of the built-in embedder out of aligned text: rows that say the same in several languages,
// and sections whose headings and questions belong to their paragraphs and answers.
package train

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/deskhand/deskhand/retrieval/embed"
)

// Languages of the desk, in the order in which a row keeps its texts. English comes first.
var Languages = []string{"en", "zh-Hans", "zh-Hant", "ko", "vi", "tr", "ar", "ja", "ru", "es", "pt", "fr", "de", "id"}

// english is the place of English in Languages.
const english = 0

// Kind is what a row is in its section.
type Kind byte

// The kinds of rows.
const (
	Passage Kind = 'p' // part of an answer
	Asking  Kind = 'q' // a question, a title or a heading
	Other   Kind = 'u' // a string of an interface: it answers nothing
)

// Row is one segment in several languages.
type Row struct {
	Further bool // own text of which nothing is held out
	Key     string
	Kind    Kind
	Joined  bool     // made of several passages, as an index holds them
	Loose   bool     // belongs to its section without answering it: one question of many about a topic
	Own     bool     // of the project's own text or the desk's
	Section string   // rows of one section belong together; its own key when it stands alone
	Texts   []string // by language, "" where missing
}

// Corpus is what a table is trained on.
type Corpus struct {
	Rows    []Row
	Sources []embed.Source
}

// Question is what somebody asked about a topic.
type Question struct {
	Language string // of Languages; others are left out
	Origin   string // the same for one question in several languages; "" when it was asked in one
	Text     string
	Topic    string
}

// AddQuestions adds questions: those of one topic belong together, in any two languages. One that was told in several
// languages is an aligned row.
func (c *Corpus) AddQuestions(source string, questions []Question) {
	before := len(c.Rows)
	var all strings.Builder
	told := make(map[string]int) // row of an origin
	for i, q := range questions {
		language := slices.Index(Languages, q.Language)
		if language < 0 {
			continue
		}
		all.WriteString(q.Topic + "\t" + q.Language + "\t" + q.Text + "\n")
		if at, ok := told[q.Origin]; ok && q.Origin != "" {
			c.Rows[at].Texts[language] = q.Text
			continue
		}
		row := Row{
			Key: fmt.Sprintf("%s/%s:%d", source, q.Topic, i), Kind: Asking, Loose: true, Own: true, Section: source + "/" + q.Topic,
			Texts: make([]string, len(Languages)),
		}
		if q.Origin != "" {
			row.Key, row.Kind, row.Loose = source+"/"+q.Origin, Other, false
			row.Section = row.Key
			told[q.Origin] = len(c.Rows)
		}
		row.Texts[language] = q.Text
		c.Rows = append(c.Rows, row)
	}
	c.Sources = append(c.Sources, embed.Source{
		Licence: "Apache-2.0", Name: source, Owner: "written for this desk", Rows: len(c.Rows) - before, SHA256: sum([]byte(all.String())),
	})
}

// ReadPublic adds the aligned text in folder, files called *.jsonl.gz: {"key", "sec", "kind": "h", "p" or "ui", "en": …}.
func (c *Corpus) ReadPublic(folder string) error {
	names, err := filepath.Glob(filepath.Join(folder, "*.jsonl.gz"))
	if err != nil || len(names) == 0 {
		return fmt.Errorf("read aligned text: %s has no *.jsonl.gz file", folder)
	}
	for _, name := range names {
		file, err := os.Open(name) //nolint:gosec // the user names the folder
		if err != nil {
			return fmt.Errorf("read aligned text: %w", err)
		}
		err = c.readGzip(file, strings.TrimSuffix(filepath.Base(name), ".jsonl.gz"))
		if err = errors.Join(err, file.Close()); err != nil {
			return fmt.Errorf("read %s: %w", name, err)
		}
	}
	return nil
}

// owners of the public sources, by the start of a file's name.
var owners = []embed.Source{
	{Name: "ethereum_org", Owner: "© ethereum.org contributors", Licence: "MIT"},
	{Name: "bitcoincash_org", Owner: "© bitcoincash.org contributors", Licence: "MIT"},
	{Name: "bitcoin_org", Owner: "© bitcoin.org contributors", Licence: "MIT"},
}

func (c *Corpus) readGzip(r io.Reader, name string) error {
	unzipped, err := gzip.NewReader(r)
	if err != nil {
		return err
	}
	content, err := io.ReadAll(unzipped)
	if err != nil {
		return err
	}
	before := len(c.Rows)
	lines := bufio.NewScanner(bytes.NewReader(content))
	lines.Buffer(nil, 1<<24)
	for lines.Scan() {
		var row map[string]string
		if err := json.Unmarshal(lines.Bytes(), &row); err != nil {
			return err
		}
		c.Rows = append(c.Rows, publicRow(row))
	}
	source := embed.Source{Name: name, Owner: "unknown", Licence: "unknown"}
	for _, known := range owners {
		if strings.HasPrefix(name, known.Name) {
			source.Owner, source.Licence = known.Owner, known.Licence
			break
		}
	}
	source.Rows, source.SHA256 = len(c.Rows)-before, sum(content)
	c.Sources = append(c.Sources, source)
	return lines.Err()
}

func publicRow(fields map[string]string) Row {
	row := Row{Key: fields["key"], Kind: Other, Section: fields["sec"], Texts: make([]string, len(Languages))}
	switch fields["kind"] {
	case "h":
		row.Kind = Asking
	case "p":
		row.Kind = Passage
	}
	if row.Section == "" || row.Kind == Other {
		row.Section = row.Key
	}
	for tag, text := range fields {
		if i := slices.Index(Languages, tag); i >= 0 {
			row.Texts[i] = text
		}
	}
	row.Texts[slices.Index(Languages, "zh-Hans")] = fields["zh"]
	row.Texts[slices.Index(Languages, "zh-Hant")] = fields["zh-TW"]
	return row
}

func sum(content []byte) string {
	digest := sha256.Sum256(content)
	return hex.EncodeToString(digest[:])
}
