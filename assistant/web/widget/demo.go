package widget

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"io/fs"
	"regexp"
	"sync"

	"github.com/gofiber/fiber/v2"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"

	"github.com/deskhand/deskhand/assistant/web"
	"github.com/deskhand/deskhand/retrieval"
	"github.com/deskhand/deskhand/retrieval/files"
)

//go:embed demo
var demoFiles embed.FS

// demoPolicy is as strict as a host page's can be: no inline script, no inline style, nothing from elsewhere.
const demoPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; " +
	"base-uri 'none'; form-action 'self'; frame-ancestors 'none'; require-trusted-types-for 'script'"

var (
	widgetKey = regexp.MustCompile(`^dh_widget_[A-Za-z0-9_-]{1,80}$`)
	localeTag = regexp.MustCompile(`^[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8}){0,3}$`)
)

// demoPage is what the pages of the invented exchange show. It holds no data of a customer: the key is the visitor's own, from
// the address.
type demoPage struct {
	Article template.HTML // rendered from a sample article
	Groups  []demoGroup
	Key     string
	Locale  string // of the chat; the browser's when empty
	Theme   string
	Title   string
}

// demoGroup is a card of the help page.
type demoGroup struct {
	Articles []retrieval.Article
	Title    string
}

// articlesShown is how many of a category the help page lists.
const articlesShown = 5

// serveDemo adds the help page of the invented exchange of the sample articles, with the widget on it, and its articles.
func serveDemo(app *fiber.App) error {
	pages, err := template.ParseFS(demoFiles, "demo/*.html")
	if err != nil {
		return fmt.Errorf("parse demo page: %w", err)
	}
	for name, mediaType := range map[string]string{"demo.css": "text/css; charset=utf-8", "demo.js": scriptType} {
		content, err := demoFiles.ReadFile("demo/" + name)
		if err != nil {
			return fmt.Errorf("read demo page: %w", err)
		}
		file := web.NewFile(content, mediaType)
		app.Get("/demo/"+name, func(c *fiber.Ctx) error { return file.Send(c, unversioned) })
	}
	groups := sync.OnceValues(demoGroups) // reading the sample takes time that a service without visitors here need not spend
	app.Get("/demo", func(c *fiber.Ctx) error {
		page := newDemoPage(c)
		var err error
		if page.Groups, err = groups(); err != nil {
			return err
		}
		return sendDemo(c, pages.Lookup("demo.html"), page)
	})
	app.Get("/demo/articles/:locale/:slug", func(c *fiber.Ctx) error {
		page := newDemoPage(c)
		var err error
		if page.Title, page.Article, err = sampleArticle(c.Params("locale"), c.Params("slug")); err != nil {
			return fiber.ErrNotFound // there is no such article in the sample: nothing else can fail
		}
		return sendDemo(c, pages.Lookup("article.html"), page)
	})
	return nil
}

// newDemoPage takes from the address what may be chosen there. Everything else in it is ignored.
func newDemoPage(c *fiber.Ctx) demoPage {
	page := demoPage{}
	if key := c.Query("key"); widgetKey.MatchString(key) {
		page.Key = key
	}
	if locale := c.Query("locale"); localeTag.MatchString(locale) {
		page.Locale = locale
	}
	if theme := c.Query("theme"); theme == "dark" || theme == "light" {
		page.Theme = theme
	}
	return page
}

func sendDemo(c *fiber.Ctx, page *template.Template, data demoPage) error {
	var rendered bytes.Buffer
	if err := page.Execute(&rendered, data); err != nil {
		return fmt.Errorf("render demo page: %w", err)
	}
	c.Set(fiber.HeaderContentSecurityPolicy, demoPolicy)
	c.Set(fiber.HeaderContentType, fiber.MIMETextHTMLCharsetUTF8)
	return c.Send(rendered.Bytes())
}

// demoGroups returns the first English articles of the sample by category.
func demoGroups() ([]demoGroup, error) {
	titles := []struct{ category, title string }{
		{"withdrawal", "Withdrawals"},
		{"deposit", "Deposits"},
		{"security", "Security"},
		{"account", "Account"},
		{"kyc", "Verification"},
		{"trading", "Trading"},
	}
	english, err := fs.Sub(retrieval.Sample(), "en")
	if err != nil {
		return nil, fmt.Errorf("open sample articles: %w", err)
	}
	byCategory := make(map[string][]retrieval.Article)
	for article, err := range files.FS(english) {
		if err != nil {
			return nil, fmt.Errorf("read sample articles: %w", err)
		}
		if isPublic(article) && len(byCategory[article.Category]) < articlesShown {
			byCategory[article.Category] = append(byCategory[article.Category], article)
		}
	}
	groups := make([]demoGroup, len(titles))
	for i, t := range titles {
		groups[i] = demoGroup{Articles: byCategory[t.category], Title: t.title}
	}
	return groups, nil
}

func isPublic(a retrieval.Article) bool {
	return a.Audience == retrieval.AudiencePublic && a.Status == retrieval.StatusPublished
}

// sampleArticle returns title and text of a public article of the sample. Its source is part of the program, and goldmark
// leaves out HTML that a source may hold.
func sampleArticle(locale, slug string) (string, template.HTML, error) {
	name := locale + "/" + slug + ".md"
	content, err := fs.ReadFile(retrieval.Sample(), name)
	if err != nil {
		return "", "", fmt.Errorf("read sample article: %w", err)
	}
	article, err := files.ParseMarkdown(name, content)
	if err != nil {
		return "", "", fmt.Errorf("read sample article: %w", err)
	}
	if !isPublic(article) {
		return "", "", fs.ErrNotExist
	}
	var rendered bytes.Buffer
	if err := goldmark.New(goldmark.WithExtensions(extension.Table)).Convert([]byte(article.Body), &rendered); err != nil {
		return "", "", fmt.Errorf("render sample article: %w", err)
	}
	return article.Title, template.HTML(rendered.String()), nil //nolint:gosec // goldmark escapes, see above
}
