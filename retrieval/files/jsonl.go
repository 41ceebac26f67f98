package files

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"time"

	"github.com/deskhand/deskhand/retrieval"
)

// maxLineBytes is the longest line that is kept: an article and what escaping adds to it.
const maxLineBytes = 2*retrieval.MaxArticleBytes + 64<<10

// jsonArticle is a line of a JSONL file. Members that it does not have are ignored: public data sets have many.
type jsonArticle struct {
	Audience      retrieval.Audience `json:"audience,omitempty"`
	Body          string             `json:"body"`
	Category      string             `json:"category,omitempty"`
	ID            string             `json:"id,omitempty"` // the slug, where there is no better one
	Intents       []string           `json:"intents,omitempty"`
	Jurisdictions []string           `json:"jurisdictions,omitempty"`
	Key           string             `json:"key,omitempty"`  // the slug in public data sets
	Lang          string             `json:"lang,omitempty"` // the locale there
	Locale        string             `json:"locale,omitempty"`
	Redirects     []string           `json:"redirects,omitempty"`
	ReviewBy      string             `json:"review_by,omitempty"`
	Section       string             `json:"section,omitempty"` // the category there
	Slug          string             `json:"slug,omitempty"`
	Status        retrieval.Status   `json:"status,omitempty"`
	Title         string             `json:"title"`
}

// ReadJSONL yields the articles of a JSONL file: one object a line with slug (or key), locale (or lang), title and body, and
// the other fields of a front matter where they are wanted. A bad line yields a *Problem and reading goes on; an error of r
// itself ends it.
func ReadJSONL(file string, r io.Reader) iter.Seq2[retrieval.Article, error] {
	return func(yield func(retrieval.Article, error) bool) {
		lines := bufio.NewReaderSize(r, 64<<10)
		for number := 1; ; number++ {
			line, err := readLine(lines)
			switch {
			case errors.Is(err, bufio.ErrTooLong):
				if !yield(retrieval.Article{}, &retrieval.Problem{
					File: file, Fix: "split the article: at most 2 MB are taken", Line: number, Message: "is longer than 4 MB",
				}) {
					return
				}
				continue
			case err != nil && !errors.Is(err, io.EOF):
				yield(retrieval.Article{}, fmt.Errorf("read %s: %w", file, err))
				return
			}
			if number == 1 {
				line = bytes.TrimPrefix(line, []byte("\xef\xbb\xbf"))
			}
			if len(bytes.TrimSpace(line)) > 0 && !yield(parseJSONLine(file, number, line)) {
				return
			}
			if err != nil {
				return
			}
		}
	}
}

// readLine returns the next line; of one that is too long it keeps nothing and returns bufio.ErrTooLong after its end.
func readLine(r *bufio.Reader) ([]byte, error) {
	var line []byte
	tooLong := false
	for {
		part, err := r.ReadSlice('\n')
		if !tooLong {
			line = append(line, part...)
			tooLong = len(line) > maxLineBytes
		}
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		if tooLong {
			return nil, bufio.ErrTooLong // the end of the file, if this was it, comes with the next call
		}
		return line, err
	}
}

func parseJSONLine(file string, number int, line []byte) (retrieval.Article, error) {
	problem := func(field, message, fix string) (retrieval.Article, error) {
		return retrieval.Article{}, &retrieval.Problem{Field: field, File: file, Fix: fix, Line: number, Message: message}
	}
	found, err := decodeText(file, line, encodingHints{})
	if err != nil {
		if p, ok := errors.AsType[*retrieval.Problem](err); ok {
			p.Line = number
		}
		return retrieval.Article{}, err
	}
	var row jsonArticle
	if err := json.Unmarshal([]byte(found.text), &row); err != nil {
		if wrongType, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
			return problem(wrongType.Field, "is a "+wrongType.Value, "write a string, or a list of strings for intents and jurisdictions")
		}
		return problem("", "is not a JSON object", "write one {\"slug\", \"locale\", \"title\", \"body\"} object a line")
	}
	name := cmp.Or(row.Locale, row.Lang)
	locale, ok := retrieval.Locale(name)
	if !ok {
		return problem("locale", fmt.Sprintf("%q is not a language", retrieval.Shorten(name)), "use a BCP 47 tag like en, zh-Hans or pt")
	}
	article := retrieval.Article{
		Audience: cmp.Or(row.Audience, retrieval.AudiencePublic), Body: row.Body, Category: cmp.Or(row.Category, row.Section), File: file,
		Intents: row.Intents, Jurisdictions: row.Jurisdictions, Line: number, Locale: locale, ReadAs: found.readAs,
		Redirects: row.Redirects, Slug: cmp.Or(row.Slug, row.Key, row.ID),
		Status: cmp.Or(row.Status, retrieval.StatusPublished), Title: row.Title,
	}
	if row.ReviewBy != "" {
		if article.ReviewBy, err = time.Parse(retrieval.DateLayout, row.ReviewBy); err != nil {
			return problem("review_by", fmt.Sprintf("%q is not a date", retrieval.Shorten(row.ReviewBy)), "write it as 2027-01-31")
		}
	}
	if err := article.Validate(); err != nil {
		return retrieval.Article{}, err
	}
	return article, nil
}

// JSONLine returns the line, with its end, that ReadJSONL reads as the same article.
func JSONLine(a retrieval.Article) ([]byte, error) {
	row := jsonArticle{
		Audience: a.Audience, Body: a.Body, Category: a.Category, Intents: a.Intents, Jurisdictions: a.Jurisdictions,
		Locale: a.Locale, Redirects: a.Redirects, Slug: a.Slug, Status: a.Status, Title: a.Title,
	}
	if !a.ReviewBy.IsZero() {
		row.ReviewBy = a.ReviewBy.Format(retrieval.DateLayout)
	}
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(row); err != nil {
		return nil, fmt.Errorf("encode article: %w", err)
	}
	return b.Bytes(), nil
}
