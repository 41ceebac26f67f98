package console

import (
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"

	"github.com/deskhand/deskhand/assistant/httpapi"
)

// refusal is the answer of a route that did not do what was asked.
type refusal struct {
	httpapi.Problem
}

// Error implements error.
func (r *refusal) Error() string { return r.Title }

// passedOn are the headers of a visitor's request that say who and where they are.
func passedOn() []string {
	return []string{fiber.HeaderCookie, fiber.HeaderHost, fiber.HeaderXForwardedFor, fiber.HeaderUserAgent, fiber.HeaderXForwardedProto}
}

// get asks a route of the service in the visitor's name. An answer that is none is a *refusal.
func (v *visit) get(address string, into any) error { return v.call(http.MethodGet, address, into) }

// post does without a body what a look at a page does, in the visitor's name.
func (v *visit) post(address string, into any) error { return v.call(http.MethodPost, address, into) }

func (v *visit) call(method, address string, into any) error {
	var inner fasthttp.RequestCtx
	inner.Init(&fasthttp.Request{}, v.ctx.Context().RemoteAddr(), nil)
	inner.Request.SetRequestURI(address)
	inner.Request.Header.SetMethod(method)
	if method != http.MethodGet {
		inner.Request.Header.Set("X-CSRF-Token", v.session.CSRFToken)
	}
	for _, name := range passedOn() {
		if value := v.ctx.Get(name); value != "" {
			inner.Request.Header.Set(name, value)
		}
	}
	v.shared.Join(&inner)
	v.app.Handler()(&inner)
	body := inner.Response.Body()
	if status := inner.Response.StatusCode(); status != http.StatusOK {
		refused := &refusal{}
		if err := json.Unmarshal(body, &refused.Problem); err != nil {
			return fmt.Errorf("read problem of status %d: %w", status, err)
		}
		return refused
	}
	if err := json.Unmarshal(body, into); err != nil {
		return fmt.Errorf("read answer: %w", err)
	}
	return nil
}
