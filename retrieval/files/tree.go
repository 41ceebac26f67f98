package files

import (
	"cmp"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/deskhand/deskhand/retrieval"
)

// treePage is a page of a documentation tree before it is known which slug it shares with its translations.
type treePage struct {
	article retrieval.Article
	// key is the same for all languages of a page: its path without the language.
	key string
	// own is the slug that the page gives itself, empty for none.
	own string
}

// treeFile is a file of a documentation tree with its place in it.
type treeFile struct {
	key    string
	locale string
	name   string
}

// readTree yields the pages of a tree. A translation has the slug of the page that it translates.
func (r *reader) readTree(files []treeFile, defaultLocale string) {
	var pages []treePage
	slugs := make(map[string]string)
	for _, file := range files {
		page, err := r.readTreePage(file)
		if err != nil {
			if !r.emit(retrieval.Article{}, err) {
				return
			}
			continue
		}
		if strings.TrimSpace(page.article.Body) == "" && isIndex(path.Base(file.name)) {
			continue // a section that only lists its pages
		}
		pages = append(pages, page)
		if _, known := slugs[page.key]; !known || page.article.Locale == defaultLocale {
			slugs[page.key] = cmp.Or(page.own, SlugOf(page.key))
		}
	}
	for _, page := range pages {
		page.article.Slug = slugs[page.key]
		page.article.Redirects = slices.DeleteFunc(page.article.Redirects, func(old string) bool {
			return old == page.article.Slug || old == ""
		})
		err := page.article.Validate()
		if err != nil {
			page.article = retrieval.Article{}
		}
		if !r.emit(page.article, err) {
			return
		}
	}
}

func (r *reader) readTreePage(file treeFile) (treePage, error) {
	content, err := r.content(file.name, retrieval.MaxArticleBytes+maxFrontMatter)
	if err != nil {
		return treePage{}, err
	}
	found, err := decodeText(file.name, content, hintsOf(content, file.locale))
	if err != nil {
		return treePage{}, err
	}
	fields, body, err := splitMatter(file.name, retrieval.UnixLines(found.text))
	if err != nil {
		return treePage{}, err
	}
	a := retrieval.Article{
		Audience: retrieval.AudiencePublic, Body: plainMarkdown(body), File: file.name, Line: 1, Locale: file.locale, ReadAs: found.readAs,
		Status: retrieval.StatusPublished,
	}
	if err := fields.deskFields(&a); err != nil {
		return treePage{}, err
	}
	for _, alias := range fields.all("aliases", "redirects", "redirect_from") {
		a.Redirects = appendNew(a.Redirects, SlugOf(alias))
	}
	a.Title = cmp.Or(fields.first("title"), firstHeading(a.Body), fields.first("sidebar_label", "linkTitle"))
	a.Intents = fields["intents"].list
	for _, intent := range r.intentsOf(fields.all("tags", "keywords", "categories", "labels")) {
		a.Intents = appendNew(a.Intents, intent)
	}
	a.Category = cmp.Or(fields.first("category"), topFolder(file.key))
	return treePage{article: a, key: cmp.Or(fields.first("translationKey"), file.key), own: ownSlug(fields, file.key)}, nil
}

// ownSlug is the address that a page gives itself: an absolute one, or one beside its file.
func ownSlug(fields matter, key string) string {
	if address := fields.first("url"); address != "" {
		return SlugOf(address)
	}
	slug := fields.first("slug")
	switch {
	case slug == "":
		if id := fields.first("id"); id != "" {
			return SlugOf(path.Join(path.Dir(key), id))
		}
		return ""
	case strings.HasPrefix(slug, "/"):
		return SlugOf(slug)
	}
	return SlugOf(path.Join(path.Dir(key), slug))
}

var atxHeading = regexp.MustCompile(`(?m)^# +([^\n]+?)[ #]*$`)

func firstHeading(body string) string {
	if match := atxHeading.FindStringSubmatch(body); match != nil {
		return strings.Join(strings.Fields(match[1]), " ")
	}
	return ""
}

func topFolder(key string) string {
	first, _, found := strings.Cut(key, "/")
	if !found {
		return ""
	}
	return first
}

// numberPrefix orders files in Docusaurus and is no part of their address.
var numberPrefix = regexp.MustCompile(`^\d+\s*[-_.]+\s*`)

// treeKey is the path of a page without ending, number prefixes and index.
func treeKey(name string, numbered func(string) string) string {
	parts := strings.Split(strings.TrimSuffix(name, path.Ext(name)), "/")
	if len(parts) > 1 && isIndex(parts[len(parts)-1]) {
		parts = parts[:len(parts)-1]
	}
	for i := range parts {
		parts[i] = cmp.Or(numbered(parts[i]), parts[i])
	}
	return strings.Join(parts, "/")
}

// Where Docusaurus keeps its pages: https://docusaurus.io/docs/i18n/introduction
const (
	docusaurusDocs = "docs/"
	docusaurusI18n = "i18n/"
)

var (
	docusaurusLocale      = regexp.MustCompile(`defaultLocale\s*:\s*["']([A-Za-z_-]+)["']`)
	docusaurusTranslation = regexp.MustCompile(`^i18n/([^/]+)/docusaurus-plugin-content-docs/(?:current/)?(.+)$`)
	hugoLocale            = regexp.MustCompile(`(?i)defaultContentLanguage["']?\s*[:=]\s*["']?([A-Za-z_-]+)`)
)

// docusaurusSettings are the files that one of marks a site of Docusaurus.
func docusaurusSettings() []string {
	return []string{"docusaurus.config.js", "docusaurus.config.ts", "docusaurus.config.mjs", "docusaurus.config.cjs"}
}

// hugoSettings are the files that one of marks, with content/ beside it, a site of Hugo.
func hugoSettings() []string {
	return []string{
		"hugo.toml", "hugo.yaml", "hugo.yml", "hugo.json", "config.toml", "config.yaml", "config.yml", "config.json",
		"config/_default/hugo.toml", "config/_default/hugo.yaml", "config/_default/config.toml", "config/_default/config.yaml",
	}
}

// readDocusaurus yields the current docs and their translations; pages of the blog and of older versions are left out.
func (r *reader) readDocusaurus(names []string) {
	locale := r.treeLocale(docusaurusLocale, docusaurusSettings()...)
	site := slices.ContainsFunc(names, func(name string) bool { return strings.HasPrefix(name, docusaurusDocs) })
	unnumbered := func(part string) string { return numberPrefix.ReplaceAllString(part, "") }
	var files []treeFile
	for _, name := range names {
		if !isMarkdown(name) || strings.HasPrefix(path.Base(name), "_") {
			continue
		}
		match := docusaurusTranslation.FindStringSubmatch(name)
		switch {
		case match != nil && !strings.HasPrefix(match[2], "version-"):
			tag, ok := retrieval.Locale(match[1])
			if !ok {
				problem := &retrieval.Problem{
					File: name, Fix: "rename the folder below i18n", Message: fmt.Sprintf("%q is not a language", match[1]),
				}
				if !r.emit(retrieval.Article{}, problem) {
					return
				}
				continue
			}
			files = append(files, treeFile{key: treeKey(match[2], unnumbered), locale: tag, name: name})
		case strings.HasPrefix(name, docusaurusI18n):
		case site && strings.HasPrefix(name, docusaurusDocs):
			files = append(files, treeFile{key: treeKey(strings.TrimPrefix(name, docusaurusDocs), unnumbered), locale: locale, name: name})
		case !site && !strings.HasPrefix(name, "blog/") && !strings.HasPrefix(name, "versioned_docs/"):
			files = append(files, treeFile{key: treeKey(name, unnumbered), locale: locale, name: name})
		}
	}
	r.readTree(files, locale)
}

// readHugo yields the pages below content/, or of the folder itself, in the languages of their folders (content/fr/…) or of
// their names (page.fr.md): https://gohugo.io/content-management/multilingual/
func (r *reader) readHugo(names []string) {
	locale := r.treeLocale(hugoLocale, hugoSettings()...)
	const content = "content/"
	site := slices.ContainsFunc(names, func(name string) bool { return strings.HasPrefix(name, content) })
	same := func(part string) string { return part }
	var files []treeFile
	for _, name := range names {
		rest, inside := strings.CutPrefix(name, content)
		if site != inside && site || !isMarkdown(name) {
			continue
		}
		file := treeFile{locale: locale, name: name}
		if first, below, found := strings.Cut(rest, "/"); found && IsLocaleFolder(first) {
			file.locale, _ = retrieval.Locale(strings.ReplaceAll(first, "_", "-"))
			rest = below
		}
		stem := strings.TrimSuffix(rest, path.Ext(rest))
		if suffix := strings.TrimPrefix(path.Ext(stem), "."); IsLocaleFolder(suffix) {
			file.locale, _ = retrieval.Locale(strings.ReplaceAll(suffix, "_", "-"))
			rest = strings.TrimSuffix(stem, path.Ext(stem)) + path.Ext(rest)
		}
		file.key = treeKey(rest, same)
		files = append(files, file)
	}
	r.readTree(files, locale)
}

// treeLocale is the language of a site's pages that name none: what the caller wants, else what its settings say, else English.
func (r *reader) treeLocale(setting *regexp.Regexp, names ...string) string {
	for _, name := range names {
		if r.options.Locale != "" {
			break
		}
		content, err := fs.ReadFile(r.fsys, name)
		if err != nil {
			continue
		}
		if match := setting.FindSubmatch(content); match != nil {
			if locale, ok := retrieval.Locale(string(match[1])); ok {
				return locale
			}
		}
	}
	locale, _ := retrieval.Locale(cmp.Or(r.options.Locale, "en"))
	return locale
}

func isMarkdown(name string) bool {
	switch strings.ToLower(path.Ext(name)) {
	case ".markdown", ".md", ".mdx":
		return true
	}
	return false
}
