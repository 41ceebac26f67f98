// Package console is what agents and leads work in: pages that are rendered here, with small scripts for keys, forms and live
// changes.
//
// It is a face and holds no rule. What it shows it asks of package httpapi's own routes, in process and in the name of who
// looks (source.go), and what a person does goes from the browser to the same routes: permissions, forgery, the guard and the
// ticket's version are looked at there, and nowhere else.
package console

import (
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io/fs"
	"mime"
	"path"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/deskhand/deskhand/assistant/web"
	"github.com/deskhand/deskhand/prompts"
)

//go:embed pages static texts
var embedded embed.FS

// policy lets a page load its own scripts and styles and talk to its own service, and nothing else.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; " +
	"form-action 'none'; frame-ancestors 'none'"

// eventsPath is the stream of the desk's events. Where a service has none, pages look by themselves (static/live.js).
const eventsPath = "/v1/events"

// Console serves the pages. It is safe for concurrent use.
type Console struct {
	app      *fiber.App
	assets   string // where scripts and styles are: it names their content
	clock    func() time.Time
	events   string // eventsPath where the service has it
	fixed    *prompts.Library
	template *template.Template
	texts    map[string]texts
}

// Serve adds the console to the application of package httpapi, below /console.
func Serve(app *fiber.App, clock func() time.Time, fixed *prompts.Library) error {
	c := &Console{app: app, clock: clock, fixed: fixed}
	var err error
	if c.texts, err = loadTexts(); err != nil {
		return err
	}
	if c.template, err = template.New("").Funcs(functions()).ParseFS(embedded, "pages/*.html"); err != nil {
		return fmt.Errorf("parse pages of the console: %w", err)
	}
	if err := c.serveAssets(); err != nil {
		return fmt.Errorf("load files of the console: %w", err)
	}
	for _, route := range app.GetRoutes() {
		if route.Method == fiber.MethodGet && route.Path == eventsPath {
			c.events = eventsPath
		}
	}
	for address, show := range map[string]pageFunc{
		"/console":                        (*visit).queue,
		"/console/log-in":                 (*visit).logIn,
		"/console/account":                (*visit).account,
		"/console/tickets/:id":            (*visit).ticket,
		"/console/articles":               (*visit).articles,
		"/console/articles/:slug/:locale": (*visit).article,
		"/console/audit":                  (*visit).audit,
		"/console/channels":               (*visit).channels,
		"/console/complaints":             (*visit).complaints,
		"/console/evals":                  (*visit).evals,
		"/console/figures":                (*visit).figures,
		"/console/incidents":              (*visit).incidents,
		"/console/incidents/:id":          (*visit).incident,
		"/console/keys":                   (*visit).keys,
		"/console/macros":                 (*visit).macros,
		"/console/macros/:id":             (*visit).macro,
		"/console/people":                 (*visit).people,
		"/console/plan":                   (*visit).plan,
		"/console/policy":                 (*visit).policy,
		"/console/reviews":                (*visit).reviews,
		"/console/reviews/:id":            (*visit).review,
	} {
		app.Get(address, c.page(show))
	}
	app.Get("/console/audit.csv", c.auditExport)
	app.Post("/console/preview", c.preview)
	return nil
}

// serveAssets adds the scripts and styles. They stand below a name of their content, so browsers keep them for good.
func (c *Console) serveAssets() error {
	files := make(map[string]*web.File)
	sum := sha256.New()
	err := fs.WalkDir(embedded, "static", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := embedded.ReadFile(name)
		if err != nil {
			return fmt.Errorf("read embedded file: %w", err)
		}
		_, _ = sum.Write(content) // a hash takes everything
		files[path.Base(name)] = web.NewFile(content, mime.TypeByExtension(path.Ext(name)))
		return nil
	})
	if err != nil {
		return err
	}
	c.assets = "/console/files/" + base64.RawURLEncoding.EncodeToString(sum.Sum(nil)[:9])
	for name, file := range files {
		c.app.Get(c.assets+"/"+name, func(ctx *fiber.Ctx) error { return file.Send(ctx, web.Forever) })
	}
	return nil
}
