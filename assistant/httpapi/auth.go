package httpapi

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humafiber"
	"github.com/gofiber/fiber/v2"

	"github.com/deskhand/deskhand/assistant/desk"
	"github.com/deskhand/deskhand/assistant/postgres"
)

const (
	// maxKeyLength spares the database what cannot be a key.
	maxKeyLength = 100
	// preflightAge is how many seconds a browser may keep the answer to a preflight: the answer does not depend on a key.
	preflightAge = "600"
)

// require lets only keys of the given roles through, and only from the web origins that the key allows. It runs before the
// body is read, so a caller without a key learns nothing about it.
func (s *server) require(roles []postgres.Role) func(huma.Context, func(huma.Context)) {
	return func(ctx huma.Context, next func(huma.Context)) {
		c := humafiber.UnwrapV2(ctx)
		r := requestFrom(ctx.Context())
		if slices.Contains(roles, postgres.RoleWidget) {
			shareWith(c, c.Get(fiber.HeaderOrigin))
		}
		key, problem := s.authenticate(ctx.Context(), c.Get(fiber.HeaderAuthorization))
		if problem == nil {
			r.key = key
			problem = permit(key, roles, c.Get(fiber.HeaderOrigin))
		}
		if problem != nil {
			_ = write(c, r, problem) // encoding a problem cannot fail
			return
		}
		next(ctx)
	}
}

func (s *server) authenticate(ctx context.Context, header string) (postgres.Key, *Problem) {
	scheme, secret, _ := strings.Cut(header, " ")
	if !strings.EqualFold(scheme, "Bearer") || !strings.HasPrefix(secret, "dh_") || len(secret) > maxKeyLength {
		return postgres.Key{}, newProblem(kindUnauthorized, kindNamed(kindUnauthorized).detail)
	}
	key, err := s.Store.KeyBySecret(ctx, secret)
	if err != nil {
		return key, s.problemOf(ctx, err)
	}
	return key, nil
}

// permit checks the key's role and the browser's origin; a request without one does not come from a browser's page, or
// from a page of our own.
func permit(key postgres.Key, roles []postgres.Role, origin string) *Problem {
	if !slices.Contains(roles, key.Role) {
		return newProblem(kindForbidden, "This route is not for keys of the role "+string(key.Role)+".")
	}
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

// shareWith lets the page that asked read the answer. No cookie is involved, so this gives it nothing that its key does not.
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
	c.Set(fiber.HeaderAccessControlAllowHeaders, "Authorization, Content-Type, Idempotency-Key, "+requestIDHeader)
	c.Set(fiber.HeaderAccessControlMaxAge, preflightAge)
	return c.SendStatus(http.StatusNoContent)
}

// actor is the agent whose key came with the request.
func actor(ctx context.Context) desk.Actor {
	key := requestFrom(ctx).key
	a := desk.Actor{Lead: key.Role == postgres.RoleAdmin}
	if key.AgentID != nil { // the schema gives every agent's key one
		a.ID = *key.AgentID
	}
	return a
}

func allowedText(roles []postgres.Role) string {
	names := make([]string, len(roles))
	for i, role := range roles {
		names[i] = string(role)
	}
	return "\n\nKeys: " + strings.Join(names, ", ") + "."
}
