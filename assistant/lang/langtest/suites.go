// Package langtest cuts the suites that language detection is measured on from the development data: for the tests of
// lang, and for the comparison in evals/lingua, so that both speak of the same texts.
package langtest

import (
	"bufio"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/deskhand/deskhand/assistant/lang"
)

// Names of the suites.
const (
	Titles    = "titles"
	FourWords = "4 words"
	TwoWords  = "2 words"
	OneWord   = "1 word"
)

// Sample is a text of a suite with its language.
type Sample struct {
	Frozen bool   // of the half that nothing was tuned on
	Lang   string // BCP 47
	Text   string
}

// Suites cuts the suites from titles of the knowledge bases below dir that no training text was taken from: whole
// titles, and all runs of one, two and four words, next to each other without overlap. Chinese and Japanese have no
// spaces: there a word counts as two characters. The key of a title decides which half it belongs to.
func Suites(dir string) (map[string][]Sample, error) {
	rows, _, err := lang.ReadSources(dir)
	if err != nil {
		return nil, fmt.Errorf("read training text: %w", err)
	}
	trained := make(map[string]bool, len(rows))
	for _, row := range rows {
		trained[key(row.Text)] = true
	}
	suites := map[string][]Sample{}
	for _, set := range []string{"bitcoin_faq", "eth_support"} {
		titles, err := readTitles(filepath.Join(dir, "kb", set, "queries.jsonl"))
		if err != nil {
			return nil, fmt.Errorf("read titles of %s: %w", set, err)
		}
		for _, title := range titles {
			if trained[key(title.Text)] {
				continue
			}
			suites[Titles] = append(suites[Titles], title)
			for name, size := range map[string]int{OneWord: 1, TwoWords: 2, FourWords: 4} {
				for _, text := range runs(title, size) {
					suites[name] = append(suites[name], Sample{Frozen: title.Frozen, Lang: title.Lang, Text: text})
				}
			}
		}
	}
	return suites, nil
}

// key is what makes two texts the same.
func key(text string) string { return strings.ToLower(strings.TrimSpace(text)) }

// readTitles reads the titles in languages that lang knows.
func readTitles(path string) ([]Sample, error) {
	file, err := os.Open(path) //nolint:gosec // whoever measures names the folder
	if err != nil {
		return nil, fmt.Errorf("open file: %w", err)
	}
	defer func() { _ = file.Close() }() // it was only read
	var titles []Sample
	lines := bufio.NewScanner(file)
	for number := 1; lines.Scan(); number++ {
		var row struct {
			Key   string `json:"relevant_key"`
			Lang  string `json:"lang"`
			Query string `json:"query"`
		}
		if err := json.Unmarshal(lines.Bytes(), &row); err != nil {
			return nil, fmt.Errorf("decode line %d: %w", number, err)
		}
		if tag, ok := lang.Canonical(row.Lang); ok {
			hash := fnv.New32a()
			_, _ = hash.Write([]byte(row.Key)) // it never fails
			titles = append(titles, Sample{Frozen: hash.Sum32()%2 == 1, Lang: tag, Text: row.Query})
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("scan lines: %w", err)
	}
	return titles, nil
}

// unit is a character, or a Latin term, which is not cut.
var unit = regexp.MustCompile(`[\x21-\x7e]+|\S`)

// runs cuts a title into runs of size words.
func runs(title Sample, size int) []string {
	units, join := strings.Fields(title.Text), " "
	if title.Lang == "ja" || strings.HasPrefix(title.Lang, "zh") {
		units, join, size = unit.FindAllString(title.Text, -1), "", 2*size
	}
	var out []string
	for run := range slices.Chunk(units, size) {
		if len(run) == size {
			out = append(out, strings.Join(run, join))
		}
	}
	return out
}
