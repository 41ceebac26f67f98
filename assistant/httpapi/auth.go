package httpapi

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humafiber"
	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"

	"github.com/deskhand/deskhand/assistant/access"
	"github.com/deskhand/deskhand/assistant/desk"
	"github.com/deskhand/deskhand/assistant/postgres"
)

const (
	// maxKeyLength spares the database what cannot be a key.
	maxKeyLength = 100
	// preflightAge is how many seconds a browser may keep the answer to a preflight: the answer does not depend on a key.
	preflightAge = "600"

	csrfHeader          = "X-CSRF-Token"
	customerTokenHeader = "X-Customer-Token"
	fetchSiteHeader     = "Sec-Fetch-Site"
)

// require lets only callers through who have a permission, and only from the web origins that they may come from. It runs
// before the body is read, so a caller without one learns nothing about it.
func (s *server) require(permission access.Permission) func(huma.Context, func(huma.Context)) {
	return func(ctx huma.Context, next func(huma.Context)) {
		c := humafiber.UnwrapV2(ctx)
		r := requestFrom(ctx.Context())
		if slices.Contains(access.RolesOf(permission), access.Widget) {
			shareWith(c, c.Get(fiber.HeaderOrigin))
		}
		problem := s.identify(ctx.Context(), c, r)
		if problem == nil {
			problem = permit(r.caller, permission)
		}
		if problem == nil {
			problem = allowedFrom(r.key, c.Get(fiber.HeaderOrigin))
		}
		if problem != nil {
			_ = write(c, r, problem) // encoding a problem cannot fail
			return
		}
		next(ctx)
	}
}

// identify finds out who sent the request: by the API key in the header, else by the cookie of a session.
func (s *server) identify(ctx context.Context, c *fiber.Ctx, r *request) *Problem {
	if header := c.Get(fiber.HeaderAuthorization); header != "" {
		return s.identifyKey(ctx, header, r)
	}
	secret := c.Cookies(s.cookieName(sessionCookie))
	if secret == "" || len(secret) > maxKeyLength {
		return newProblem(kindUnauthorized, kindNamed(kindUnauthorized).detail)
	}
	login, err := s.sessionOf(ctx, c, secret)
	if err != nil {
		return s.problemOf(ctx, err)
	}
	if problem := s.forged(c, secret); problem != nil {
		return problem
	}
	r.caller = access.Caller{Role: login.Agent.Role, Session: true, Stage: login.Stage}
	r.csrf, r.login = access.CSRFToken(secret), login
	return nil
}

// Visit is one look of a person at a page that is made from several answers of this interface: their session is looked up for the
// first of them. The zero value is ready; it belongs to one request of a browser and ends with it.
type Visit struct {
	login  postgres.LoggedIn
	secret string // of the session that login is; empty before the first request
}

type visitKey struct{}

// Join makes a request in process part of the visit. No request from outside can be.
func (v *Visit) Join(rc *fasthttp.RequestCtx) { rc.SetUserValue(visitKey{}, v) }

// sessionOf looks a session up, once for a visit.
func (s *server) sessionOf(ctx context.Context, c *fiber.Ctx, secret string) (postgres.LoggedIn, error) {
	visit, joined := c.Context().UserValue(visitKey{}).(*Visit)
	if joined && visit.secret == secret {
		return visit.login, nil
	}
	login, err := s.Store.SessionBySecret(ctx, secret)
	if joined && err == nil {
		visit.login, visit.secret = login, secret
	}
	return login, err
}

func (s *server) identifyKey(ctx context.Context, header string, r *request) *Problem {
	scheme, secret, _ := strings.Cut(header, " ")
	if !strings.EqualFold(scheme, "Bearer") || !strings.HasPrefix(secret, "dh_") || len(secret) > maxKeyLength {
		return newProblem(kindUnauthorized, kindNamed(kindUnauthorized).detail)
	}
	key, err := s.Store.KeyBySecret(ctx, secret)
	if err != nil {
		return s.problemOf(ctx, err)
	}
	r.key, r.caller = key, access.Caller{Role: key.Role, Stage: access.Active}
	return nil
}

// forged refuses a request that another page made the browser send: it carries the cookie, but neither the token, which only
// our own pages can read, nor our origin.
func (s *server) forged(c *fiber.Ctx, secret string) *Problem {
	switch c.Method() {
	case fiber.MethodGet, fiber.MethodHead, fiber.MethodOptions:
		return nil
	}
	if problem := s.foreign(c); problem != nil {
		return problem
	}
	if !access.IsCSRFToken(secret, c.Get(csrfHeader)) {
		return newProblem(kindForged, "Send the session's csrf_token in "+csrfHeader+": GET /v1/session has it.")
	}
	return nil
}

// foreign refuses what a browser says comes from another site's page. A client that is no browser says nothing.
func (s *server) foreign(c *fiber.Ctx) *Problem {
	site, origin := c.Get(fetchSiteHeader), c.Get(fiber.HeaderOrigin)
	if site != "" && site != "same-origin" && site != "none" || origin != "" && !s.isOwnOrigin(c, origin) {
		return newProblem(kindForged, "This request came from a page of another site.")
	}
	return nil
}

// isOwnOrigin reports whether a page of ours sent the request: by the public address, or without one by the name that the
// request itself was sent to.
func (s *server) isOwnOrigin(c *fiber.Ctx, origin string) bool {
	if s.PublicURL != "" {
		return strings.EqualFold(origin, s.PublicURL)
	}
	parsed, err := url.Parse(origin)
	return err == nil && parsed.Host != "" && strings.EqualFold(parsed.Host, c.Hostname())
}

// permit asks the permission table.
func permit(caller access.Caller, permission access.Permission) *Problem {
	switch access.Decide(caller, permission) {
	case access.Allowed:
		return nil
	case access.NeedsSession:
		return newProblem(kindNeedsSession, "This route is for people who have logged in: POST /v1/session. API keys are not let in.")
	case access.NeedsStage:
		return unfinished(caller.Stage)
	case access.Refused:
	}
	return newProblem(kindForbidden, "This route is not for the role "+string(caller.Role)+".")
}

// unfinished names the next step of a log-in.
func unfinished(stage access.Stage) *Problem {
	switch stage {
	case access.StageFactor:
		return newProblem(kindNeedsFactor, kindNamed(kindNeedsFactor).detail)
	case access.StagePassword:
		return newProblem(kindNeedsPassword, kindNamed(kindNeedsPassword).detail)
	case access.StageEnrol:
		return newProblem(kindNeedsEnrolment, kindNamed(kindNeedsEnrolment).detail)
	case access.Active:
	}
	return newProblem(kindConflict, "The log-in is complete: there is nothing left to prove.")
}

// allowedFrom checks the browser's origin against the key's; a request without one does not come from a browser's page, or
// from a page of our own.
func allowedFrom(key postgres.Key, origin string) *Problem {
	if origin == "" || len(key.AllowedOrigins) == 0 {
		return nil
	}
	for _, allowed := range key.AllowedOrigins {
		if strings.EqualFold(strings.TrimSuffix(allowed, "/"), origin) {
			return nil
		}
	}
	return newProblem(kindForbidden, "This key is not allowed from this web origin. Add it to the key's origins.")
}

// shareWith lets the page that asked read the answer. No cookie is sent along, so this gives it nothing that its key does not.
func shareWith(c *fiber.Ctx, origin string) {
	c.Vary(fiber.HeaderOrigin)
	if origin != "" {
		c.Set(fiber.HeaderAccessControlAllowOrigin, origin)
		c.Set(fiber.HeaderAccessControlExposeHeaders, requestIDHeader+", Retry-After")
	}
}

// preflight answers the question that a browser asks before it sends a key. It has no key yet, so every origin may ask;
// the request itself is then held to the key's origins.
func preflight(c *fiber.Ctx) error {
	shareWith(c, c.Get(fiber.HeaderOrigin))
	c.Set(fiber.HeaderAccessControlAllowMethods, "GET, POST")
	c.Set(fiber.HeaderAccessControlAllowHeaders,
		"Authorization, Content-Type, Idempotency-Key, Last-Event-ID, "+customerTokenHeader+", "+requestIDHeader)
	c.Set(fiber.HeaderAccessControlMaxAge, preflightAge)
	return c.SendStatus(http.StatusNoContent)
}

// actor is the agent who acts: who has logged in, or whose key came with the request.
func actor(ctx context.Context) desk.Actor {
	r := requestFrom(ctx)
	a := desk.Actor{Lead: r.caller.Role.Leads()}
	switch {
	case r.caller.Session:
		a.ID = r.login.Agent.ID
	case r.key.AgentID != nil: // the schema gives every agent's key one
		a.ID = *r.key.AgentID
	}
	return a
}

func allowedText(permission access.Permission) string {
	roles := access.RolesOf(permission)
	names := make([]string, len(roles))
	for i, role := range roles {
		names[i] = string(role)
	}
	text := "\n\nRoles: " + strings.Join(names, ", ") + "."
	if access.SessionOnly(permission) {
		text += " Only with a session, not with an API key."
	}
	return text
}
