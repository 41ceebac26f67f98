package httpapi

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humafiber"
	"golang.org/x/oauth2"

	"github.com/deskhand/deskhand/assistant/access"
	"github.com/deskhand/deskhand/assistant/postgres"
)

const (
	providerPath = "/v1/session/provider"
	callbackPath = providerPath + "/callback"
	loginCookie  = "deskhand_login"
	// providerLife is how long a person may take at the identity provider.
	providerLife = 10 * time.Minute
	// providerTimeout bounds what the identity provider is asked: two small requests.
	providerTimeout = 8 * time.Second
	// afterLogIn is where a browser goes then.
	afterLogIn = "/docs"
)

// Provider is the identity provider that people may log in through (OpenID Connect Core 1.0, authorization code flow with PKCE,
// RFC 7636). It is asked for its addresses when it is first needed, so that the service starts without it.
type Provider struct {
	config ProviderConfig

	mu         sync.Mutex
	discovered *oidc.Provider
}

// ProviderConfig is what the identity provider and this service know of each other.
type ProviderConfig struct {
	ByEmail      bool // an unknown identity may become an agent's by its verified e-mail address, once
	ClientID     string
	ClientSecret string
	Issuer       string
}

// NewProvider returns a Provider.
func NewProvider(config ProviderConfig) *Provider { return &Provider{config: config} }

// discover returns the provider's addresses and keys.
func (p *Provider) discover(ctx context.Context) (*oidc.Provider, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.discovered == nil {
		// The keys are fetched again later, when this request is over.
		found, err := oidc.NewProvider(context.WithoutCancel(ctx), p.config.Issuer)
		if err != nil {
			return nil, fmt.Errorf("discover identity provider: %w", err)
		}
		p.discovered = found
	}
	return p.discovered, nil
}

func (p *Provider) oauth(found *oidc.Provider, publicURL string) *oauth2.Config {
	return &oauth2.Config{
		ClientID: p.config.ClientID, ClientSecret: p.config.ClientSecret, Endpoint: found.Endpoint(), RedirectURL: publicURL + callbackPath,
		Scopes: []string{oidc.ScopeOpenID, "email"},
	}
}

// returned is what came back from the identity provider.
type returned struct {
	code      string
	publicURL string
	started   postgres.ProviderLogIn
}

// identity exchanges a code for the identity that it stands for.
func (p *Provider) identity(ctx context.Context, back returned) (postgres.ProviderIdentity, error) {
	found, err := p.discover(ctx)
	if err != nil {
		return postgres.ProviderIdentity{}, err
	}
	token, err := p.oauth(found, back.publicURL).Exchange(ctx, back.code, oauth2.VerifierOption(back.started.Verifier))
	if err != nil {
		return postgres.ProviderIdentity{}, fmt.Errorf("exchange code: %w", err)
	}
	raw, _ := token.Extra("id_token").(string)
	verified, err := found.Verifier(&oidc.Config{ClientID: p.config.ClientID}).Verify(ctx, raw)
	if err != nil {
		return postgres.ProviderIdentity{}, fmt.Errorf("verify ID token: %w", err)
	}
	if verified.Nonce != back.started.Nonce {
		return postgres.ProviderIdentity{}, errors.New("verify ID token: it was made for another log-in")
	}
	var claims struct {
		Email         string   `json:"email"`
		EmailVerified bool     `json:"email_verified"`
		Methods       []string `json:"amr"` // RFC 8176
	}
	if err := verified.Claims(&claims); err != nil {
		return postgres.ProviderIdentity{}, fmt.Errorf("read ID token: %w", err)
	}
	identity := postgres.ProviderIdentity{
		FactorProved: slices.Contains(claims.Methods, "mfa"), Issuer: verified.Issuer, Subject: verified.Subject,
	}
	if p.config.ByEmail && claims.EmailVerified {
		identity.Email = claims.Email
	}
	return identity, nil
}

type redirectOutput struct {
	Location string `header:"Location"`
	Status   int
}

type callbackInput struct {
	Code  string `maxLength:"2000" query:"code"`
	Error string `maxLength:"2000" query:"error"`
	State string `maxLength:"200" query:"state"`
}

func (s *server) describeProvider(api huma.API) {
	tags := []string{"Log-in"}
	huma.Register(api, s.operation(api, huma.Operation{
		DefaultStatus: http.StatusSeeOther,
		Description:   "Sends the browser to the identity provider, where one is set up.",
		Method:        http.MethodGet, OperationID: "begin-provider-log-in", Path: providerPath,
		Summary: "Log in through the identity provider", Tags: tags,
	}, access.Anyone), s.beginProviderLogIn)
	callback := s.operation(api, huma.Operation{
		DefaultStatus: http.StatusSeeOther,
		Description:   "The identity provider sends the browser back here.",
		Method:        http.MethodGet, OperationID: "end-provider-log-in", Path: callbackPath,
		Summary: "Come back from the identity provider", Tags: tags,
	}, access.Anyone)
	callback.Middlewares = append(callback.Middlewares, func(ctx huma.Context, next func(huma.Context)) {
		requestFrom(ctx.Context()).device = humafiber.UnwrapV2(ctx).Cookies(s.cookieName(loginCookie))
		next(ctx)
	})
	huma.Register(api, callback, s.endProviderLogIn)
}

func (s *server) beginProviderLogIn(ctx context.Context, _ *struct{}) (*redirectOutput, error) {
	if s.Provider == nil {
		return nil, newProblem(kindNotFound, "No identity provider is set up: log in with a password.")
	}
	asking, cancel := context.WithTimeout(ctx, providerTimeout)
	defer cancel()
	found, err := s.Provider.discover(asking)
	if err != nil {
		return nil, s.providerFailed(ctx, err)
	}
	state := access.NewSecret()
	started := postgres.ProviderLogIn{Nonce: access.NewSecret(), Verifier: oauth2.GenerateVerifier()}
	if err := s.Store.BeginProviderLogIn(ctx, state, started, providerLife); err != nil {
		return nil, s.problemOf(ctx, err)
	}
	config := s.Provider.oauth(found, s.PublicURL)
	address := config.AuthCodeURL(state, oidc.Nonce(started.Nonce), oauth2.S256ChallengeOption(started.Verifier))
	// The cookie ties the log-in to this browser: nobody can make another one finish it.
	r := requestFrom(ctx)
	r.cookies = append(r.cookies, s.cookie(loginCookie, state, providerLife))
	return &redirectOutput{Location: address, Status: http.StatusSeeOther}, nil
}

func (s *server) endProviderLogIn(ctx context.Context, in *callbackInput) (*redirectOutput, error) {
	r := requestFrom(ctx)
	if s.Provider == nil {
		return nil, newProblem(kindNotFound, "No identity provider is set up: log in with a password.")
	}
	if in.State == "" || in.State != r.device {
		return nil, newProblem(kindForged, "This log-in was not begun in this browser. Begin again: GET "+providerPath+".")
	}
	started, err := s.Store.TakeProviderLogIn(ctx, in.State)
	if err != nil {
		return nil, s.problemOf(ctx, err)
	}
	if in.Error != "" || in.Code == "" {
		return nil, newProblem(kindUnauthorized, "The identity provider did not let you in. Begin again: GET "+providerPath+".")
	}
	asking, cancel := context.WithTimeout(ctx, providerTimeout)
	defer cancel()
	identity, err := s.Provider.identity(asking, returned{code: in.Code, publicURL: s.PublicURL, started: started})
	if err != nil {
		return nil, s.providerFailed(ctx, err)
	}
	login, err := s.Store.LogInByProvider(ctx, identity, r.place)
	if err != nil {
		return nil, s.problemOf(ctx, err)
	}
	r.cookies = append(r.cookies, s.cookie(sessionCookie, login.Secret, 0), s.cookie(loginCookie, "", -time.Second))
	return &redirectOutput{Location: afterLogIn, Status: http.StatusSeeOther}, nil
}

// providerFailed logs why, which the operator mends, and tells the person what to do.
func (s *server) providerFailed(ctx context.Context, err error) *Problem {
	s.Logger.WarnContext(ctx, "identity provider failed",
		slog.String("request_id", requestFrom(ctx).id), slog.String("error", providerError(err)))
	return newProblem(kindUnavailable, "The identity provider did not confirm who you are. Begin again, or log in with a password.")
}

// providerError leaves out the provider's answer, which may hold a token.
func providerError(err error) string {
	if refused, ok := errors.AsType[*oauth2.RetrieveError](err); ok {
		return "exchange code: " + refused.ErrorCode
	}
	return err.Error()
}
