package files

import (
	"cmp"
	"fmt"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/JohannesKaufmann/html-to-markdown/v2/converter"
	"github.com/JohannesKaufmann/html-to-markdown/v2/plugin/base"
	"github.com/JohannesKaufmann/html-to-markdown/v2/plugin/commonmark"
	"github.com/JohannesKaufmann/html-to-markdown/v2/plugin/table"
	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"github.com/deskhand/deskhand/retrieval"
)

// maxPageBytes is the most that a page may have with its markup.
const maxPageBytes = 4 * retrieval.MaxArticleBytes

// ParseHTML reads a page as one public, published article. The title and the language come from its head, the slug from its
// canonical address or else from its file name. Navigation, footers, forms, scripts, and whatever a reader cannot see are
// left out. Locale is used for a page that names no language.
func ParseHTML(file string, content []byte, locale string) (retrieval.Article, error) {
	if len(content) > maxPageBytes {
		return retrieval.Article{}, &retrieval.Problem{
			File: file, Fix: "split the page: at most 8 MB are taken", Message: fmt.Sprintf("has %d bytes", len(content)),
		}
	}
	found, err := decodeText(file, content, hintsOfPage(content, locale))
	if err != nil {
		return retrieval.Article{}, err
	}
	document, err := html.Parse(strings.NewReader(found.text))
	if err != nil {
		return retrieval.Article{}, &retrieval.Problem{File: file, Fix: "nest fewer elements", Message: "is not a page that can be read"}
	}
	head := readHead(document)
	a := retrieval.Article{
		Audience: retrieval.AudiencePublic, File: file, Line: 1, ReadAs: found.readAs, Slug: head.slug(file),
		Status: retrieval.StatusPublished,
		Title:  head.title,
	}
	named := cmp.Or(head.language, locale)
	if a.Locale, _ = retrieval.Locale(named); a.Locale == "" {
		return retrieval.Article{}, &retrieval.Problem{
			Field: "lang", File: file, Fix: `write <html lang="en">, or import with --locale`, Line: 1,
			Message: fmt.Sprintf("%q is not a language", retrieval.Shorten(named)),
		}
	}
	body, heading, err := markdownOf(document, head.base)
	if err != nil {
		return retrieval.Article{}, &retrieval.Problem{File: file, Message: "cannot be converted: " + err.Error(), Fix: "mend the markup"}
	}
	a.Title, a.Body = cmp.Or(heading, a.Title), body
	if err := a.Validate(); err != nil {
		return retrieval.Article{}, err
	}
	return a, nil
}

// The encoding and the language of a page, while it is still bytes.
var (
	pageCharset  = regexp.MustCompile(`(?i)<meta[^>]{1,200}charset=["']?\s*([a-z0-9_-]{2,30})`)
	pageLanguage = regexp.MustCompile(`(?i)<html[^>]{1,500}\blang=["']?\s*([a-z]{2,3}(?:[-_][a-z]{2,4})*)`)
)

func hintsOfPage(content []byte, locale string) encodingHints {
	head := content[:min(len(content), 8<<10)]
	hints := encodingHints{locale: locale}
	if match := pageCharset.FindSubmatch(head); match != nil {
		hints.declared = string(match[1])
	}
	if match := pageLanguage.FindSubmatch(head); match != nil {
		hints.locale = string(match[1])
	}
	return hints
}

// pageHead is what the head of a page says.
type pageHead struct {
	base      *url.URL
	canonical *url.URL
	language  string
	title     string
}

func readHead(document *html.Node) pageHead {
	var h pageHead
	var openGraph string
	for node := range document.Descendants() {
		switch node.DataAtom { //nolint:exhaustive // of some hundred elements
		case atom.Html:
			h.language = attribute(node, "lang")
		case atom.Title:
			if h.title == "" && node.Namespace == "" {
				h.title = strings.Join(strings.Fields(textOf(node)), " ")
			}
		case atom.Meta:
			if attribute(node, "property") == "og:title" {
				openGraph = strings.Join(strings.Fields(attribute(node, "content")), " ")
			}
		case atom.Link:
			if slices.Contains(strings.Fields(strings.ToLower(attribute(node, "rel"))), "canonical") {
				h.canonical, _ = url.Parse(strings.TrimSpace(attribute(node, "href")))
			}
		}
	}
	h.title = cmp.Or(openGraph, withoutSite(h.title))
	if h.canonical != nil && h.canonical.IsAbs() {
		h.base = h.canonical
	}
	return h
}

// withoutSite removes the name of the site that stands behind the title on most pages.
func withoutSite(title string) string {
	for _, separator := range []string{" | ", " – ", " — ", " · "} {
		if before, _, found := strings.Cut(title, separator); found && strings.TrimSpace(before) != "" {
			return strings.TrimSpace(before)
		}
	}
	return title
}

// slug is the last part of the canonical address that names the page, or the path of the file. Both without a language in
// front: the slug is the same in all of them.
func (h pageHead) slug(file string) string {
	name := file
	if h.canonical != nil && strings.Trim(h.canonical.Path, "/") != "" {
		name = path.Base(strings.TrimSuffix(h.canonical.Path, "/"))
		if isIndex(name) {
			name = path.Dir(h.canonical.Path)
		}
	}
	return SlugOf(name)
}

func isIndex(name string) bool {
	switch stem, _, _ := strings.Cut(strings.ToLower(name), "."); stem {
	case "index", "_index", "readme":
		return true
	}
	return false
}

// SlugOf makes a slug of a path: without its ending, without a language in front, its spaces as hyphens.
func SlugOf(name string) string {
	name = strings.Trim(path.Clean("/"+strings.ReplaceAll(name, "\\", "/")), "/")
	switch extension := path.Ext(name); strings.ToLower(extension) {
	case ".htm", ".html", ".xhtml", ".markdown", ".md", ".mdx":
		name = strings.TrimSuffix(name, extension)
	}
	if isIndex(path.Base(name)) && path.Dir(name) != "." {
		name = path.Dir(name)
	}
	if first, rest, found := strings.Cut(name, "/"); found && IsLocaleFolder(first) {
		name = rest
	}
	return strings.Map(func(r rune) rune {
		if retrieval.IsSlug("a" + string(r)) {
			return r
		}
		return '-'
	}, name)
}

// IsLocaleFolder reports whether a folder's name is a language, like en, zh-Hans or pt_BR.
func IsLocaleFolder(name string) bool {
	_, ok := retrieval.Locale(strings.ReplaceAll(name, "_", "-"))
	return ok && localeFolder.MatchString(name)
}

var localeFolder = regexp.MustCompile(`^[a-z]{2}([-_][A-Za-z]{2,4})?$`)

// markdownOf returns the text of a page as Markdown, and its first heading, which is not part of it.
func markdownOf(document *html.Node, base *url.URL) (markdown, heading string, err error) {
	root := mainPart(document)
	clean(root, base)
	for node := range root.Descendants() {
		if node.DataAtom == atom.H1 {
			heading = strings.Join(strings.Fields(textOf(node)), " ")
			node.Parent.RemoveChild(node)
			break
		}
	}
	markdown, err = toMarkdown(root)
	return markdown, heading, err
}

func toMarkdown(root *html.Node) (string, error) {
	converted, err := newConverter().ConvertNode(root)
	if err != nil {
		return "", fmt.Errorf("convert to Markdown: %w", err)
	}
	return strings.TrimSpace(string(converted)), nil
}

func newConverter() *converter.Converter {
	return converter.NewConverter(converter.WithPlugins(base.NewBasePlugin(), commonmark.NewCommonmarkPlugin(), table.NewTablePlugin()))
}

// mainPart is the element that holds the article.
func mainPart(document *html.Node) *html.Node {
	var body *html.Node
	var articles []*html.Node
	for node := range document.Descendants() {
		switch {
		case node.DataAtom == atom.Main || attribute(node, "role") == "main":
			return node
		case node.DataAtom == atom.Article:
			articles = append(articles, node)
		case node.DataAtom == atom.Body:
			body = node
		}
	}
	switch {
	case len(articles) == 1:
		return articles[0]
	case body != nil:
		return body
	}
	return document
}

// boilerplate are the elements that are no part of an article.
func boilerplate(node *html.Node) bool {
	switch node.DataAtom { //nolint:exhaustive // of some hundred elements
	case atom.Script, atom.Style, atom.Nav, atom.Footer, atom.Aside, atom.Form, atom.Noscript, atom.Template, atom.Svg, atom.Iframe,
		atom.Object, atom.Embed, atom.Button, atom.Select, atom.Input, atom.Textarea, atom.Dialog, atom.Head, atom.Canvas, atom.Audio,
		atom.Video, atom.Math:
		return true
	case atom.Header:
		return !contains(node, atom.H1) // the head of the site, not of the article
	}
	switch attribute(node, "role") {
	case "navigation", "banner", "contentinfo", "search", "complementary", "dialog":
		return true
	}
	// What nobody sees is not the article's text: it may be there to be read by machines only.
	if hasAttribute(node, "hidden") || attribute(node, "aria-hidden") == "true" || unseen.MatchString(attribute(node, "style")) {
		return true
	}
	return slices.ContainsFunc(strings.Fields(strings.ToLower(attribute(node, "class"))), func(class string) bool {
		return boilerplateClass.MatchString(class)
	})
}

var (
	unseen = regexp.MustCompile(
		`(?i)(display\s*:\s*none|visibility\s*:\s*hidden|opacity\s*:\s*0(\.0*)?\s*(;|$)|font-size\s*:\s*0[a-z%]*\s*(;|$))`)
	boilerplateClass = regexp.MustCompile(
		`^(breadcrumbs?|cookie-?(banner|notice|consent)|sidebar|site-(header|footer|nav)|nav(bar)?|menu|toc|table-of-contents|` +
			`share|social(-share)?|related(-articles)?|recent-articles|article-(votes|more-questions|subscribe|comments|relatives)|` +
			`comments?|pagination|skip-(nav|link)|sr-only|visually-hidden|theme-doc-(breadcrumbs|toc-mobile|footer))$`)
)

// clean removes what is no part of the article, and links that lead into the page itself or to a program.
func clean(root *html.Node, base *url.URL) {
	for node := root.FirstChild; node != nil; {
		next := node.NextSibling
		if node.Type == html.CommentNode || node.Type == html.ElementNode && boilerplate(node) {
			root.RemoveChild(node)
		} else {
			if node.DataAtom == atom.A || node.DataAtom == atom.Img {
				cleanLinks(node, base)
			}
			clean(node, base)
		}
		node = next
	}
}

func cleanLinks(node *html.Node, base *url.URL) {
	node.Attr = slices.DeleteFunc(node.Attr, func(a html.Attribute) bool {
		if a.Key != "href" && a.Key != "src" {
			return false
		}
		target, err := url.Parse(strings.TrimSpace(a.Val))
		return err != nil || !slices.Contains([]string{"", "http", "https", "mailto", "tel"}, strings.ToLower(target.Scheme)) ||
			strings.HasPrefix(a.Val, "#")
	})
	for i, a := range node.Attr {
		if target, err := url.Parse(strings.TrimSpace(a.Val)); err == nil && a.Key == "href" && base != nil && !target.IsAbs() {
			node.Attr[i].Val = base.ResolveReference(target).String()
		}
	}
}

func contains(node *html.Node, tag atom.Atom) bool {
	for n := range node.Descendants() {
		if n.DataAtom == tag {
			return true
		}
	}
	return false
}

func textOf(node *html.Node) string {
	var b strings.Builder
	for n := range node.Descendants() {
		if n.Type == html.TextNode {
			b.WriteString(n.Data)
		}
	}
	return b.String()
}

func attribute(node *html.Node, key string) string {
	for _, a := range node.Attr {
		if a.Key == key && a.Namespace == "" {
			return a.Val
		}
	}
	return ""
}

func hasAttribute(node *html.Node, key string) bool {
	return slices.ContainsFunc(node.Attr, func(a html.Attribute) bool { return a.Key == key })
}
