// Package httpapi is deskhand over HTTP: the widget's questions and conversations, the agents' tickets, health, metrics and
// the description of all this (OpenAPI 3.1, from the Go types).
//
// It parses, calls and renders. What a request may do stands beside its route (a permission of package access); what happens
// then is decided in packages assistant and desk. Every error, also of a route that does not exist or a body that cannot be read, is a
// problem as in RFC 9457, and none repeats what the caller sent: a question may hold a secret (P2). What customers read
// says nothing of reasons, confidence or intents (P6).
package httpapi

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humafiber"
	"github.com/gofiber/fiber/v2"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/assistant/access"
	"github.com/deskhand/deskhand/assistant/admission"
	"github.com/deskhand/deskhand/assistant/desk"
	"github.com/deskhand/deskhand/assistant/live"
	"github.com/deskhand/deskhand/assistant/llm"
	"github.com/deskhand/deskhand/assistant/postgres"
	"github.com/deskhand/deskhand/assistant/redact"
	"github.com/deskhand/deskhand/assistant/trace"
	"github.com/deskhand/deskhand/evals/archive"
	"github.com/deskhand/deskhand/evals/online"
	"github.com/deskhand/deskhand/retrieval"
)

// Config is what the HTTP interface is made of.
type Config struct {
	Assistant *assistant.Assistant
	Check     online.EnqueueFunc // asks for the check of an article; nil without a suite to check with
	Clock     func() time.Time
	Deadline  time.Duration // how long a customer waits; assistant.DefaultDeadline when zero
	Desk      *desk.Desk
	Evals     *archive.Archive // the runs of suites that are kept
	Gate      *admission.Gate
	Glossary  GlossaryFunc
	Index     func() *retrieval.Index // with the embedding model of the moment
	Live      *live.Hub               // nil: there are no live events
	Logger    *slog.Logger
	Online    *online.Store        // what evals make of live traffic
	Provider  *Provider            // of people's identity; nil lets them in with a password only
	PublicURL string               // what browsers reach the service at: "https://desk.quayside.example"; empty for the machine itself
	Redactor  *redact.Redactor     // for what customers write beside a question
	Registry  *prometheus.Registry // gets this package's metrics; GET /metrics serves all of it
	Search    assistant.SearchFunc
	Store     *postgres.Store
	Tracer    *trace.Tracer           // nil makes no spans
	Translate assistant.TranslateFunc // for agents; nil without a language model

	TrustedProxies []netip.Prefix // whose X-Forwarded-For is believed

	Version string // of the build
}

// Validate reports the first part that is missing.
func (c Config) Validate() error {
	for _, part := range []struct {
		missing bool
		name    string
	}{
		{c.Assistant == nil, "assistant"},
		{c.Clock == nil, "clock"},
		{c.Desk == nil, "desk"},
		{c.Evals == nil, "evals"},
		{c.Gate == nil, "gate"},
		{c.Glossary == nil, "glossary"},
		{c.Index == nil, "index"},
		{c.Logger == nil, "logger"},
		{c.Online == nil, "online"},
		{c.Redactor == nil, "redactor"},
		{c.Registry == nil, "registry"},
		{c.Search == nil, "search"},
		{c.Store == nil, "store"},
	} {
		if part.missing {
			return errors.New(part.name + " is missing")
		}
	}
	return nil
}

// New returns the application with every route, ready to listen.
func New(c Config) (*fiber.App, error) {
	if err := c.Validate(); err != nil {
		return nil, fmt.Errorf("configure HTTP interface: %w", err)
	}
	if c.Deadline == 0 {
		c.Deadline = assistant.DefaultDeadline
	}
	metrics, err := newMetrics(c)
	if err != nil {
		return nil, err
	}
	s := &server{Config: c, chatTokens: llm.NewTokens(), masker: desk.NewMasker(c.Redactor), metrics: metrics}
	app := fiber.New(s.fiberConfig())
	app.Use(s.observe)
	api := s.describe(app)
	s.serveDocs(app, api.OpenAPI())
	s.servePlain(app)
	app.Server().Handler = s.knownMethods(app)
	app.Server().HeaderReceived = uploads
	return app, nil
}

// OpenAPI returns the description of the interface, OpenAPI 3.1 in YAML. It needs no database.
func OpenAPI() ([]byte, error) {
	s := &server{}
	description, err := s.describe(fiber.New(fiber.Config{DisableStartupMessage: true})).OpenAPI().YAML()
	if err != nil {
		return nil, fmt.Errorf("render OpenAPI: %w", err)
	}
	return description, nil
}

// server holds what the routes share.
type server struct {
	Config

	chatTokens *llm.Tokens
	masker     desk.Masker
	metrics    *metrics
}

// apiVersion is the version of the interface, not of the build: it changes when a client has to.
const apiVersion = "1.0.0"

// describe registers the operations that the OpenAPI description lists.
func (s *server) describe(app *fiber.App) huma.API {
	config := huma.DefaultConfig("deskhand", apiVersion)
	config.Info.Description = "Questions in, cited answers or tickets out. " +
		"Errors are problems as in RFC 9457; each type is explained under /docs."
	config.Info.License = &huma.License{Name: "Apache-2.0", URL: "https://www.apache.org/licenses/LICENSE-2.0"}
	config.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"key": {Type: "http", Scheme: "bearer", Description: "An API key: dh_widget_…, dh_agent_…, dh_lead_… or dh_admin_…"},
		"session": {
			Type: "apiKey", In: "cookie", Name: sessionCookie,
			Description: "The cookie of a log-in; with https its name begins with __Host-.",
		},
	}
	// Huma's own pages load scripts from elsewhere, and its links to schemas would be in every answer.
	config.CreateHooks, config.DocsPath, config.OpenAPIPath, config.SchemasPath = nil, "", "", ""
	config.Transformers = []huma.Transformer{s.toProblem}
	api := humafiber.NewV2(app, config)
	s.describeAnswers(api)
	s.describeChat(api)
	s.describeConversations(api)
	s.describeEvents(api)
	s.describeChannels(api)
	s.describeIncidents(api)
	s.describeTickets(api)
	s.describeTicketChanges(api)
	s.describeTicketSteps(api)
	s.describeDesk(api)
	s.describePolicy(api)
	s.describeComplaints(api)
	s.describeStats(api)
	s.describeArticles(api)
	s.describeRedirects(api)
	s.describeTerms(api)
	s.describeSearch(api)
	s.describeHelp(api)
	s.describeQuestions(api)
	s.describeImpact(api)
	s.describeChecks(api)
	s.describeMacros(api)
	s.describeReviews(api)
	s.describeOnline(api)
	s.describeEvalRuns(api)
	s.describeUnmask(api)
	s.describeSessions(api)
	s.describeProvider(api)
	s.describeAccount(api)
	s.describeAgents(api)
	s.describeKeys(api)
	s.describeAudit(api)
	s.describeWebhooks(api)
	s.describeHealth(api)
	loosen(config.Components.Schemas)
	return api
}

// loosen makes the described answers open: a client that checks them must bear a field that a later version adds. Requests
// stay closed, so that a misspelt field is told and not dropped. Huma's own error types are never sent.
func loosen(schemas huma.Registry) {
	delete(schemas.Map(), "ErrorDetail")
	delete(schemas.Map(), "ErrorModel")
	for name, schema := range schemas.Map() {
		if !strings.HasSuffix(name, "Request") && name != "QuestionMessage" {
			schema.AdditionalProperties = nil
		}
	}
}

// output is what an operation answers with when that is a body and nothing else.
type output[T any] struct{ Body T }

// operation completes what a route says of itself with what all have in common: who may call it, and how it fails.
func (s *server) operation(api huma.API, op huma.Operation, permission access.Permission) huma.Operation {
	if op.Responses == nil {
		op.Responses = make(map[string]*huma.Response)
	}
	op.MaxBodyBytes = bodyLimit + 1 // the server refuses more before it gets here
	op.Responses["default"] = problemResponse(api.OpenAPI().Components.Schemas)
	if permission == access.Anyone {
		return op
	}
	op.Description = strings.TrimSpace(op.Description + allowedText(permission))
	op.Security = securityOf(permission)
	op.Middlewares = huma.Middlewares{s.require(permission)}
	return op
}

// securityOf describes how callers of an operation prove who they are.
func securityOf(permission access.Permission) []map[string][]string {
	var security []map[string][]string
	if !access.SessionOnly(permission) {
		security = append(security, map[string][]string{"key": {}})
	}
	if slices.ContainsFunc(access.RolesOf(permission), access.Role.Person) {
		security = append(security, map[string][]string{"session": {}})
	}
	return security
}

// requestKey finds the request in a context.
type requestKey struct{}

// request is what is known of one HTTP request beside its content.
type request struct {
	answer    assistant.Outcome // how the question ended, if there was one
	caller    access.Caller
	cookies   []http.Cookie // to set with the answer
	csrf      string        // of the session
	device    string        // secret of the browser, at a log-in
	id        string
	key       postgres.Key      // of a caller without a session
	login     postgres.LoggedIn // of a caller with one
	method    string
	place     postgres.Place
	problem   string // the kind of problem that it ended in
	route     string
	span      *trace.Request
	startedAt time.Time
	status    int
	streaming bool // its end is reported by who writes the stream
}

// requestFrom returns the request that ctx belongs to.
func requestFrom(ctx context.Context) *request {
	if r, ok := ctx.Value(requestKey{}).(*request); ok {
		return r
	}
	return &request{}
}
