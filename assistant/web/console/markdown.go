package console

import (
	"bytes"
	"html/template"

	"github.com/gofiber/fiber/v2"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
)

// renderMarkdown shows an article. HTML inside of it is left out and links that run scripts are emptied (goldmark's default):
// whoever writes an article does not write the console.
func renderMarkdown(source string) template.HTML {
	var page bytes.Buffer
	if err := goldmark.New(goldmark.WithExtensions(extension.Table)).Convert([]byte(source), &page); err != nil {
		return template.HTML(template.HTMLEscapeString(source)) //nolint:gosec // it is escaped
	}
	return template.HTML(page.String()) //nolint:gosec // goldmark escapes, and passes no HTML on
}

// preview shows the Markdown of the body. It tells nothing that its caller does not know, so it asks nobody who they are.
func (c *Console) preview(ctx *fiber.Ctx) error {
	ctx.Set(fiber.HeaderContentType, fiber.MIMETextHTMLCharsetUTF8)
	return ctx.SendString(string(renderMarkdown(string(ctx.Body()))))
}
