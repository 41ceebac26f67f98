package retrieval

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Audience is who may read an article.
type Audience string

// AudiencePublic is everyone. AudienceInternal is the desk: as an article's audience it keeps it from customers, as a
// query's it finds public, internal and stale articles.
const (
	AudiencePublic   Audience = "public"
	AudienceInternal Audience = "internal"
)

// Status is where an article is in its life. Only published articles are searched.
type Status string

// The states of an article.
const (
	StatusDraft     Status = "draft"
	StatusPublished Status = "published"
	StatusArchived  Status = "archived"
)

// DateLayout is how a review date is written.
const DateLayout = "2006-01-02"

// Limits of an article; the database checks the lengths again.
const (
	maxSlug  = 200
	maxTitle = 500
	// MaxArticleBytes is the most that one article may have. The longest help-centre pages have some 100 kB; what is
	// larger is not an article.
	MaxArticleBytes = 2 << 20
)

// Article is one page of the help centre in one language.
type Article struct {
	Audience Audience
	// Body is Markdown without front matter.
	Body     string
	Category string
	// File and Line say where the article was read from, for messages; they are not stored.
	File string
	Line int
	// Intents are the triage intents that the article answers, the one that it is about first.
	Intents []string
	// Jurisdictions are ISO 3166-1 alpha-2 codes, upper case; none means everywhere.
	Jurisdictions []string
	// Locale is a BCP 47 tag as Locale returns it.
	Locale string
	// ReadAs is the encoding that the file was converted from, empty for UTF-8. It is not stored.
	ReadAs string `json:"-"`
	// Redirects are earlier slugs of the article, in all languages. They are kept beside the articles and are no part of a
	// version.
	Redirects []string `json:"-"`
	// ReviewBy is the day (UTC midnight) after which the article is stale; zero means never.
	ReviewBy time.Time
	// Slug is the same in all languages of an article.
	Slug   string
	Status Status
	Title  string
}

var (
	slugPattern   = regexp.MustCompile(`^[\p{L}\p{N}][\p{L}\p{N}._/#-]*$`)
	intentPattern = regexp.MustCompile(`^[a-z0-9_]+(\.[a-z0-9_]+)*$`)
)

// Validate returns a *Problem that names the first field that cannot be stored and how to fix it.
func (a Article) Validate() error {
	problem := func(field, message, fix string) error {
		return &Problem{Field: field, File: a.File, Fix: fix, Line: a.Line, Message: message}
	}
	switch {
	case !IsSlug(a.Slug):
		return problem("slug", fmt.Sprintf("%q is not a slug", Shorten(a.Slug)),
			"use letters, digits, '-', '_', '.', '/' or '#', at most 200 bytes, the same in all languages")
	case a.Locale == "":
		return problem("locale", "is missing", "name the language, like en or zh-Hans")
	case strings.TrimSpace(a.Title) == "":
		return problem("title", "is missing", "add the question or topic that the article answers")
	case utf8.RuneCountInString(a.Title) > maxTitle:
		return problem("title", "is too long", "use at most 500 characters")
	case strings.TrimSpace(a.Body) == "":
		return problem("body", "is empty", "write the article below the front matter")
	case len(a.Body) > MaxArticleBytes:
		return problem("body", fmt.Sprintf("has %d bytes", len(a.Body)), "split the article: at most 2 MB are taken")
	case a.Audience != AudiencePublic && a.Audience != AudienceInternal:
		return problem("audience", fmt.Sprintf("%q is unknown", Shorten(string(a.Audience))), "use public or internal")
	case !slices.Contains([]Status{StatusDraft, StatusPublished, StatusArchived}, a.Status):
		return problem("status", fmt.Sprintf("%q is unknown", Shorten(string(a.Status))), "use draft, published or archived")
	}
	for _, text := range []string{a.Title, a.Body, a.Category} {
		if !utf8.ValidString(text) || !IsText([]byte(text)) {
			return problem("body", "has what is not text in UTF-8", "remove control characters, and save the file as UTF-8")
		}
	}
	for _, old := range a.Redirects {
		if !IsSlug(old) || old == a.Slug {
			return problem("redirects", fmt.Sprintf("%q is not an earlier slug", Shorten(old)),
				"list the slugs that the article had before")
		}
	}
	for _, intent := range a.Intents {
		if !IsIntent(intent) {
			return problem("intents", fmt.Sprintf("%q is not an intent", Shorten(intent)), "use ids like deposit.not_credited")
		}
	}
	for _, code := range a.Jurisdictions {
		if known, ok := Jurisdiction(code); !ok || known != code {
			return problem("jurisdictions", fmt.Sprintf("%q is not a country code", Shorten(code)),
				"use the two upper-case letters of ISO 3166-1, like DE or GB")
		}
	}
	return nil
}

// IsSlug reports whether text may be the slug of an article.
func IsSlug(text string) bool { return slugPattern.MatchString(text) && len(text) <= maxSlug }

// IsIntent reports whether text is written like the id of an intent.
func IsIntent(text string) bool { return intentPattern.MatchString(text) }

// Normalised returns the article as it is stored: what surrounds the text and how lines end says nothing.
func (a Article) Normalised() Article {
	a.Body, a.Category = strings.TrimSpace(UnixLines(a.Body)), strings.TrimSpace(a.Category)
	a.Title = strings.Join(strings.Fields(a.Title), " ")
	if len(a.Intents) == 0 {
		a.Intents = nil // no list and an empty one say the same
	}
	if len(a.Jurisdictions) == 0 {
		a.Jurisdictions = nil
	}
	return a
}

// hash covers everything that an author wrote.
func (a Article) hash() []byte {
	a = a.Normalised()
	a.File, a.Line = "", 0
	encoded, err := json.Marshal(a) //nolint:musttag // the names of the fields are part of the stored hashes
	if err != nil {
		panic("retrieval: an article of strings and a date does not encode: " + err.Error())
	}
	sum := sha256.Sum256(encoded)
	return sum[:]
}

// Problem is something wrong with an input file, in words for the person who wrote it.
type Problem struct { //nolint:errname // to its reader it is a problem of a file
	// Field is the front-matter key or JSON field, empty when the file as a whole is meant.
	Field string
	File  string
	Fix   string
	// Line is 1-based, 0 when it is unknown.
	Line    int
	Message string
}

// Error is one line: file:line: field: message; fix.
func (p *Problem) Error() string {
	var b strings.Builder
	b.WriteString(p.File)
	if p.Line > 0 {
		fmt.Fprintf(&b, ":%d", p.Line)
	}
	b.WriteString(": ")
	if p.Field != "" {
		b.WriteString(p.Field + ": ")
	}
	b.WriteString(p.Message)
	if p.Fix != "" {
		b.WriteString("; " + p.Fix)
	}
	return b.String()
}

// UnixLines ends lines with \n, whatever they ended with.
func UnixLines(text string) string {
	return strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\r", "\n")
}

// IsText reports whether content has none of the control characters that text never has.
func IsText(content []byte) bool {
	return bytes.IndexFunc(content, func(r rune) bool {
		return r < ' ' && r != '\t' && r != '\n' && r != '\r' && r != '\f' && r != 0x1b
	}) < 0
}

// Shorten keeps a message readable when the value it quotes is not.
func Shorten(value string) string {
	const most = 60
	runes := []rune(value)
	if len(runes) <= most {
		return value
	}
	return string(runes[:most]) + "…"
}
