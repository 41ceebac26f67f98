package lint

import (
	"fmt"
	"net/url"
	"path"
	"slices"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/text"

	"github.com/deskhand/deskhand/retrieval"
	"github.com/deskhand/deskhand/retrieval/files"
)

// links finds those that lead to an article that is not there.
func (l *linter) links(a retrieval.Article) {
	for _, link := range linksOf(a.Body) {
		target, err := url.Parse(link)
		if err != nil {
			l.add(Error, checkDeadLink, a, fmt.Sprintf("%q is not an address", retrieval.Shorten(link)), "mend the link")
			continue
		}
		slug, locale, internal := l.articleOf(target)
		if !internal {
			continue
		}
		end := slug
		for steps := 0; l.shelf[end] == nil && l.options.Redirects[end] != "" && steps <= len(l.options.Redirects); steps++ {
			end = l.options.Redirects[end]
		}
		versions := l.shelf[end]
		_, translated := versions[locale]
		switch {
		case versions == nil:
			l.add(Error, checkDeadLink, a, retrieval.Shorten(link)+" leads to no article", "link to an article that is there")
		case end != slug:
			l.add(Note, checkDeadLink, a, fmt.Sprintf("%s leads to %q by now", retrieval.Shorten(link), end), "link to the new slug")
		case locale != "" && !translated:
			l.add(Warning, checkDeadLink, a, fmt.Sprintf("%s: the article is not in %s", retrieval.Shorten(link), locale),
				"translate it, or link to a language that it has")
		}
	}
}

// articleOf returns the article that an address names: /LOCALE/SLUG on one of the desk's hosts, or a file or slug beside.
func (l *linter) articleOf(target *url.URL) (slug, locale string, internal bool) {
	place := strings.Trim(target.Path, "/")
	if target.Host != "" {
		first, rest, found := strings.Cut(place, "/")
		if !found || !files.IsLocaleFolder(first) || !slices.Contains(l.options.Hosts, strings.ToLower(target.Hostname())) {
			return "", "", false
		}
		locale, _ = retrieval.Locale(first)
		return files.SlugOf(rest), locale, rest != ""
	}
	if target.Scheme != "" || place == "" {
		return "", "", false
	}
	if slug = files.SlugOf(place); l.shelf[slug] == nil {
		slug = files.SlugOf(path.Base(place)) // as in ../money/fees.md
	}
	return slug, "", true
}

// linksOf returns the targets of all links of a Markdown text, and its bare addresses.
func linksOf(markdown string) []string {
	source := []byte(markdown)
	document := goldmark.New(goldmark.WithExtensions(extension.Linkify, extension.Table)).Parser().Parse(text.NewReader(source))
	var links []string
	_ = ast.Walk(document, func(n ast.Node, entering bool) (ast.WalkStatus, error) { // it fails only if this function does
		if entering {
			switch node := n.(type) {
			case *ast.Link:
				links = append(links, string(node.Destination))
			case *ast.AutoLink:
				if node.AutoLinkType == ast.AutoLinkURL {
					links = append(links, string(node.URL(source)))
				}
			}
		}
		return ast.WalkContinue, nil
	})
	return links
}
