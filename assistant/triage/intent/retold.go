package intent

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"
)

// maxRetoldLine bounds a line of a table: a message in all languages takes about 3 kB.
const maxRetoldLine = 1 << 20

// ParseRetold reads messages that were told in several languages: a table with tabs, whose first line is "intent" and the
// languages, and each other line one message. A cell may be empty. name stands for the file in errors.
//
//	intent	en	zh-Hans
//	deposit.how_to	how do i deposit usdt	怎么充值usdt
//
// The examples of one line have the same Origin. The error joins every problem found, each a *SyntaxError with its line.
func ParseRetold(r io.Reader, name string) ([]Example, error) {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxRetoldLine)
	t := retold{name: name}
	for number := 1; lines.Scan(); number++ {
		t.add(number, lines.Text())
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("parse examples: read %s: %w", name, err)
	}
	if t.languages == nil && len(t.problems) == 0 {
		t.problemf(1, "file is empty")
	}
	if err := errors.Join(t.problems...); err != nil {
		return nil, fmt.Errorf("parse examples: %w", err)
	}
	return t.examples, nil
}

// retold gathers what ParseRetold reads.
type retold struct {
	examples  []Example
	languages []string
	name      string
	problems  []error
}

func (t *retold) add(number int, line string) {
	fields := strings.Split(line, "\t")
	switch {
	case !utf8.ValidString(line):
		t.problemf(number, "text is not valid UTF-8")
	case strings.TrimSpace(line) == "":
	case t.languages == nil:
		t.languages = fields[1:]
		if fields[0] != "intent" || len(t.languages) == 0 || slices.Contains(t.languages, "") {
			t.problemf(number, "the first line must be \"intent\" and the languages, with tabs between them")
		}
	case fields[0] != OutOfScope && !intentID.MatchString(fields[0]):
		t.problemf(number, "%q is neither <category>.<name> nor %s", fields[0], OutOfScope)
	case len(fields) > len(t.languages)+1:
		t.problemf(number, "%d texts for %d languages", len(fields)-1, len(t.languages))
	default:
		origin := fmt.Sprintf("%s:%d", t.name, number)
		for i, text := range fields[1:] {
			if text = strings.TrimSpace(text); text != "" {
				t.examples = append(t.examples, Example{Intent: fields[0], Language: t.languages[i], Origin: origin, Text: text})
			}
		}
	}
}

func (t *retold) problemf(line int, format string, args ...any) {
	t.problems = append(t.problems, &SyntaxError{File: t.name, Line: line, Problem: fmt.Sprintf(format, args...)})
}
