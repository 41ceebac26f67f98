package retrieval

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
)

// jsonArticle is a line of a JSONL file: key is the slug and lang the locale of the public data sets; further members are
// ignored.
type jsonArticle struct {
	Body    string `json:"body"`
	Key     string `json:"key"`
	Lang    string `json:"lang"`
	Section string `json:"section"`
	Title   string `json:"title"`
}

// ReadJSONL yields the public, published articles of a JSONL file, one object {key, lang, section, title, body} a line. A bad
// line yields a *Problem and reading goes on; an error of r itself ends it.
func ReadJSONL(file string, r io.Reader) iter.Seq2[Article, error] {
	return func(yield func(Article, error) bool) {
		lines := bufio.NewScanner(r)
		lines.Buffer(make([]byte, 0, 64<<10), MaxArticleBytes+64<<10)
		number := 0
		for lines.Scan() {
			number++
			if len(bytes.TrimSpace(lines.Bytes())) == 0 {
				continue
			}
			if !yield(parseJSONLine(file, number, lines.Bytes())) {
				return
			}
		}
		err := lines.Err()
		switch {
		case errors.Is(err, bufio.ErrTooLong):
			yield(Article{}, &Problem{
				File: file, Fix: "split the article: at most 2 MB are taken; the lines after it were not read", Line: number + 1,
				Message: "is longer than 2 MB",
			})
		case err != nil:
			yield(Article{}, fmt.Errorf("read %s: %w", file, err))
		}
	}
}

func parseJSONLine(file string, number int, line []byte) (Article, error) {
	problem := func(field, message, fix string) (Article, error) {
		return Article{}, &Problem{Field: field, File: file, Fix: fix, Line: number, Message: message}
	}
	if err := checkText(file, line); err != nil {
		if p, ok := errors.AsType[*Problem](err); ok {
			p.Line = number
		}
		return Article{}, err
	}
	var row jsonArticle
	if err := json.Unmarshal(line, &row); err != nil {
		if wrongType, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
			return problem(wrongType.Field, "is a "+wrongType.Value, "write a string")
		}
		return problem("", "is not a JSON object", "write one {\"key\", \"lang\", \"title\", \"body\"} object a line")
	}
	locale, ok := Locale(row.Lang)
	if !ok {
		return problem("lang", fmt.Sprintf("%q is not a language", shorten(row.Lang)), "use a BCP 47 tag like en, zh-Hans or pt")
	}
	article := Article{
		Audience: AudiencePublic,
		Body:     row.Body,
		Category: row.Section,
		File:     file,
		Line:     number,
		Locale:   locale,
		Slug:     row.Key,
		Status:   StatusPublished,
		Title:    row.Title,
	}
	if err := article.Validate(); err != nil {
		return Article{}, err
	}
	return article, nil
}
