package files

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"golang.org/x/net/html"

	"github.com/deskhand/deskhand/retrieval"
)

// maxExportBytes is the most that one file of a help-centre export may have.
const maxExportBytes = 256 << 20

// The objects of Zendesk's Help Center API, as far as they matter here:
// https://developer.zendesk.com/api-reference/help_center/help-center-api/articles/
type (
	zendeskArticle struct {
		Body          string               `json:"body"`
		Draft         bool                 `json:"draft"`
		ID            json.Number          `json:"id"`
		LabelNames    []string             `json:"label_names"`
		Locale        string               `json:"locale"`
		Outdated      bool                 `json:"outdated"`
		SectionID     json.Number          `json:"section_id"`
		SourceLocale  string               `json:"source_locale"`
		Title         string               `json:"title"`
		Translations  []zendeskTranslation `json:"translations"`
		UpdatedAt     time.Time            `json:"updated_at"`
		UserSegmentID *json.Number         `json:"user_segment_id"`
	}
	zendeskTranslation struct {
		Body       string      `json:"body"`
		Draft      bool        `json:"draft"`
		Hidden     bool        `json:"hidden"`
		Locale     string      `json:"locale"`
		Outdated   bool        `json:"outdated"`
		SourceID   json.Number `json:"source_id"`
		SourceType string      `json:"source_type"`
		Title      string      `json:"title"`
		UpdatedAt  time.Time   `json:"updated_at"`
	}
	zendeskGroup struct {
		CategoryID json.Number `json:"category_id"`
		ID         json.Number `json:"id"`
		Name       string      `json:"name"`
	}
)

// placed is an object with the place that it was read from.
type placed[T any] struct {
	file  string
	line  int
	value T
}

// zendeskExport is a help centre as its API returns it: in one file or in pages, translations beside the articles or within.
type zendeskExport struct {
	articles     []placed[zendeskArticle]
	categories   map[json.Number]string
	sections     map[json.Number]zendeskGroup
	translations map[json.Number][]placed[zendeskTranslation]
}

// isZendesk reports whether a JSON file begins like a page of the Help Center API.
func isZendesk(start []byte) bool { return zendeskStart.Match(start) }

var zendeskStart = regexp.MustCompile(`^\s*\{[^{}\[\]]*"(articles|translations|sections|categories)"\s*:\s*\[`)

// readZendesk yields the articles of the export in the given files. The slug is the article's number, which stays the same
// in all languages and when the title changes.
func (r *reader) readZendesk(names []string) {
	export := zendeskExport{
		categories: make(map[json.Number]string), sections: make(map[json.Number]zendeskGroup),
		translations: make(map[json.Number][]placed[zendeskTranslation]),
	}
	for _, name := range names {
		if err := r.loadZendesk(name, &export); err != nil && !r.emit(retrieval.Article{}, err) {
			return
		}
	}
	for _, found := range export.articles {
		if !r.emitZendesk(found, &export) {
			return
		}
	}
}

func (r *reader) loadZendesk(name string, export *zendeskExport) error {
	content, err := r.content(name, maxExportBytes)
	if err != nil {
		return err
	}
	found, err := decodeText(name, content, encodingHints{})
	if err != nil {
		return err
	}
	return eachElement(name, []byte(found.text), func(list string, line int, raw json.RawMessage) error {
		problem := func(err error) error {
			return &retrieval.Problem{
				Field: list, File: name, Fix: "export it again from the Help Center API", Line: line,
				Message: "has an entry that cannot be read: " + retrieval.Shorten(err.Error()),
			}
		}
		switch list {
		case "articles":
			a := placed[zendeskArticle]{file: name, line: line}
			if err := json.Unmarshal(raw, &a.value); err != nil {
				return problem(err)
			}
			export.articles = append(export.articles, a)
		case "translations":
			t := placed[zendeskTranslation]{file: name, line: line}
			if err := json.Unmarshal(raw, &t.value); err != nil {
				return problem(err)
			}
			if cmp.Or(t.value.SourceType, "Article") == "Article" {
				export.translations[t.value.SourceID] = append(export.translations[t.value.SourceID], t)
			}
		case "sections", "categories":
			var group zendeskGroup
			if err := json.Unmarshal(raw, &group); err != nil {
				return problem(err)
			}
			if list == "categories" {
				export.categories[group.ID] = group.Name
			} else {
				export.sections[group.ID] = group
			}
		}
		return nil
	}, func(err error) bool { return r.emit(retrieval.Article{}, err) })
}

// emitZendesk yields an article in each of its languages.
func (r *reader) emitZendesk(found placed[zendeskArticle], export *zendeskExport) bool {
	source := found.value
	common := retrieval.Article{
		Audience: retrieval.AudiencePublic, Category: export.category(source.SectionID), Intents: r.intentsOf(source.LabelNames),
		Slug: source.ID.String(), Status: retrieval.StatusPublished,
	}
	if source.UserSegmentID != nil {
		common.Audience = retrieval.AudienceInternal // it is shown to a part of the readers only
	}
	versions := make(map[string]placed[zendeskTranslation])
	var order []string
	add := func(t placed[zendeskTranslation]) {
		if _, ok := versions[t.value.Locale]; !ok {
			order = append(order, t.value.Locale)
		}
		versions[t.value.Locale] = t // a translation says more than the article's own copy of it
	}
	if source.Body != "" || len(source.Translations)+len(export.translations[source.ID]) == 0 {
		add(placed[zendeskTranslation]{file: found.file, line: found.line, value: zendeskTranslation{
			Body: source.Body, Draft: source.Draft, Locale: cmp.Or(source.Locale, source.SourceLocale, r.options.Locale),
			Outdated: source.Outdated, Title: source.Title, UpdatedAt: source.UpdatedAt,
		}})
	}
	for _, t := range source.Translations {
		add(placed[zendeskTranslation]{file: found.file, line: found.line, value: t})
	}
	for _, t := range export.translations[source.ID] {
		add(t)
	}
	for _, name := range order {
		if source.Draft {
			common.Status = retrieval.StatusDraft
		}
		if !r.emit(translated(common, versions[name])) {
			return false
		}
	}
	return true
}

// translated is a, in the language of a translation.
func translated(a retrieval.Article, t placed[zendeskTranslation]) (retrieval.Article, error) {
	a.File, a.Line, a.Title = t.file, t.line, strings.TrimSpace(t.value.Title)
	problem := func(field, message, fix string) error {
		return &retrieval.Problem{Field: field, File: t.file, Fix: fix, Line: t.line, Message: "article " + a.Slug + ": " + message}
	}
	var ok bool
	if a.Locale, ok = retrieval.Locale(t.value.Locale); !ok {
		return retrieval.Article{}, problem("locale", fmt.Sprintf("%q is not a language", retrieval.Shorten(t.value.Locale)),
			"name a language like en-us")
	}
	if t.value.Draft || t.value.Hidden {
		a.Status = retrieval.StatusDraft
	}
	if t.value.Outdated {
		// It is behind its source: from that day on it feeds no automatic answer.
		a.ReviewBy = t.value.UpdatedAt.UTC().Truncate(24 * time.Hour)
		if t.value.UpdatedAt.IsZero() {
			a.ReviewBy = time.Unix(0, 0).UTC()
		}
	}
	document, err := html.Parse(strings.NewReader(t.value.Body))
	if err == nil {
		clean(document, nil)
		a.Body, err = toMarkdown(document)
	}
	if err != nil {
		return retrieval.Article{}, problem("body", "cannot be converted", "mend its markup in the help centre")
	}
	if a.Body == "" && a.Status == retrieval.StatusDraft {
		a.Body = a.Title // a draft may be empty still
	}
	if err := a.Validate(); err != nil {
		return retrieval.Article{}, err
	}
	return a, nil
}

// category is the section with its category, as the help centre shows them.
func (e *zendeskExport) category(sectionID json.Number) string {
	section, ok := e.sections[sectionID]
	if !ok {
		return ""
	}
	if category := e.categories[section.CategoryID]; category != "" {
		return category + " / " + section.Name
	}
	return section.Name
}

// elements walks through the lists of a JSON object.
type elements struct {
	content []byte
	counted int64 // how far lines were counted
	decoder *json.Decoder
	file    string
	line    int
	// report yields a problem of one entry; false ends the walk.
	report func(error) bool
	visit  func(list string, line int, raw json.RawMessage) error
}

// eachElement yields a problem of one entry and goes on; it returns one of the file.
func eachElement(
	file string, content []byte, visit func(list string, line int, raw json.RawMessage) error, report func(error) bool,
) error {
	e := elements{
		content: content, decoder: json.NewDecoder(bytes.NewReader(content)), file: file, line: 1, report: report, visit: visit,
	}
	if start, err := e.decoder.Token(); err != nil || start != json.Delim('{') {
		return e.broken()
	}
	for e.decoder.More() {
		key, err := e.decoder.Token()
		name, isName := key.(string)
		if err != nil || !isName {
			return e.broken()
		}
		switch name {
		case "articles", "translations", "sections", "categories":
			if err := e.list(name); err != nil {
				return err
			}
		default:
			var skipped json.RawMessage
			if e.decoder.Decode(&skipped) != nil {
				return e.broken()
			}
		}
	}
	return nil
}

func (e *elements) list(name string) error {
	if open, err := e.decoder.Token(); err != nil || open != json.Delim('[') {
		return e.broken()
	}
	for e.decoder.More() {
		var value json.RawMessage
		if err := e.decoder.Decode(&value); err != nil {
			return e.broken()
		}
		begin := e.decoder.InputOffset() - int64(len(value))
		e.line, e.counted = e.line+bytes.Count(e.content[e.counted:begin], []byte("\n")), begin
		if err := e.visit(name, e.line, value); err != nil && !e.report(err) {
			return nil
		}
	}
	if _, err := e.decoder.Token(); err != nil {
		return e.broken()
	}
	return nil
}

func (e *elements) broken() error {
	read := e.content[:min(int(e.decoder.InputOffset()), len(e.content))]
	return &retrieval.Problem{
		File: e.file, Fix: "export it again: the file may be cut off", Line: 1 + bytes.Count(read, []byte("\n")), Message: "is not JSON",
	}
}

// intentsOf returns the intents that labels name: their ids, or their ids in other spelling ("Deposit / not credited").
func (r *reader) intentsOf(labels []string) []string {
	var intents []string
	for _, label := range labels {
		if id, ok := r.intents[plainLabel(label)]; ok {
			intents = appendNew(intents, id)
		} else if len(r.intents) == 0 && strings.Contains(label, ".") && retrieval.IsIntent(label) {
			intents = appendNew(intents, label)
		}
	}
	return intents
}

// plainLabel is a label without what people spell differently.
func plainLabel(label string) string {
	label = strings.TrimPrefix(strings.ToLower(label), "intent:")
	return strings.Join(strings.FieldsFunc(label, func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') }), " ")
}

func appendNew(list []string, item string) []string {
	if slices.Contains(list, item) {
		return list
	}
	return append(list, item)
}
