package console

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/deskhand/deskhand/assistant/access"
	"github.com/deskhand/deskhand/assistant/httpapi"
	"github.com/deskhand/deskhand/assistant/webhook"
)

// fragmentHeader is sent by a page that shows itself again: it needs only what changes.
const fragmentHeader = "X-Fragment"

// languageCookie keeps what a person chose, for the browser's life.
const languageCookie = "deskhand_language"

// visit is one look at a page.
type visit struct {
	*Console

	ctx     *fiber.Ctx
	now     time.Time
	session httpapi.SessionResponse
	shared  httpapi.Visit // of what the page is made from
	texts   texts
}

// view is what a page's template gets.
type view struct {
	Assets     string
	Content    any
	EventNames string
	Events     string
	Language   string
	Name       string // of the template
	Now        time.Time
	Session    httpapi.SessionResponse
	Words      texts
}

// pageFunc returns the name of the page's template and what it shows.
type pageFunc func(*visit) (name string, content any, err error)

// page renders what show finds. Who has not logged in is led to the log-in.
func (c *Console) page(show pageFunc) fiber.Handler {
	return func(ctx *fiber.Ctx) error {
		v := &visit{Console: c, ctx: ctx, now: c.clock()}
		v.texts = c.texts[v.language()]
		ctx.Set(fiber.HeaderContentSecurityPolicy, policy)
		err := v.get("/v1/session", &v.session)
		atDoor := ctx.Path() == "/console/log-in"
		if refused := (*refusal)(nil); err != nil && (!errors.As(err, &refused) || refused.Status >= http.StatusInternalServerError) {
			return v.render("sorry", err)
		}
		if !atDoor && v.session.Stage != string(access.Active) {
			if ctx.Get(fragmentHeader) != "" {
				return ctx.SendStatus(http.StatusUnauthorized)
			}
			return ctx.Redirect("/console/log-in?to="+escapeQuery(ctx.OriginalURL()), http.StatusSeeOther)
		}
		name, content, err := show(v)
		if err != nil {
			return v.render("sorry", err)
		}
		return v.render(name, content)
	}
}

// render writes a page, or of a page that shows itself again what is new: nothing when it would be the same.
func (v *visit) render(name string, content any) error {
	page := view{
		Assets: v.assets, Content: content, EventNames: eventNames(), Events: v.events, Language: v.language(), Name: name, Now: v.now,
		Session: v.session, Words: v.texts,
	}
	var sorry error
	if err, failed := content.(error); failed {
		sorry, page.Content = err, v.sorry(err)
	}
	var main bytes.Buffer
	if err := v.template.ExecuteTemplate(&main, name, page); err != nil {
		return fmt.Errorf("render page: %w", err)
	}
	v.ctx.Status(v.statusOf(sorry))
	v.ctx.Set(fiber.HeaderContentType, fiber.MIMETextHTMLCharsetUTF8)
	v.ctx.Vary(fragmentHeader)
	if v.ctx.Get(fragmentHeader) == "" {
		var whole bytes.Buffer
		if err := v.template.ExecuteTemplate(&whole, "shell", shell{view: page, Main: trusted(main.String())}); err != nil {
			return fmt.Errorf("render page: %w", err)
		}
		return v.ctx.Send(whole.Bytes())
	}
	sum := sha256.Sum256(main.Bytes())
	tag := `"` + base64.RawURLEncoding.EncodeToString(sum[:9]) + `"`
	v.ctx.Set(fiber.HeaderETag, tag)
	if v.ctx.Get(fiber.HeaderIfNoneMatch) == tag {
		return v.ctx.SendStatus(http.StatusNotModified)
	}
	return v.ctx.Send(main.Bytes())
}

func (v *visit) statusOf(err error) int {
	if err == nil {
		return http.StatusOK
	}
	if refused := (*refusal)(nil); errors.As(err, &refused) {
		return refused.Status
	}
	return http.StatusInternalServerError
}

// sorry is what a person reads of an error: the service's own words, or that there are none.
func (v *visit) sorry(err error) httpapi.Problem {
	if refused := (*refusal)(nil); errors.As(err, &refused) {
		return refused.Problem
	}
	return httpapi.Problem{Title: v.texts.T("sorry.title"), Detail: v.texts.T("sorry.detail")}
}

// language is what the visitor reads: chosen, else what the browser prefers, else English.
func (v *visit) language() string {
	chosen := v.ctx.Query("ui")
	if _, known := v.Console.texts[chosen]; known {
		v.ctx.Cookie(&fiber.Cookie{
			HTTPOnly: true, Name: languageCookie, Path: "/console", SameSite: fiber.CookieSameSiteLaxMode, Value: chosen,
			MaxAge: int((365 * 24 * time.Hour).Seconds()),
		})
		return chosen
	}
	chosen = v.ctx.Cookies(languageCookie)
	if _, known := v.Console.texts[chosen]; known {
		return chosen
	}
	first, _, _ := strings.Cut(v.ctx.Get(fiber.HeaderAcceptLanguage), ",")
	if strings.HasPrefix(strings.ToLower(first), "zh") {
		return chinese
	}
	return english
}

// eventNames are the kinds of events that a browser has to listen for by name.
func eventNames() string {
	names := make([]string, 0, len(webhook.Types()))
	for _, kind := range webhook.Types() {
		names = append(names, string(kind))
	}
	return strings.Join(names, " ")
}
