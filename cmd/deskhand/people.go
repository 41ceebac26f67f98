package main

import (
	"context"
	"fmt"
	"net/netip"
	"net/url"
	"strings"

	"github.com/deskhand/deskhand/assistant/access"
	"github.com/deskhand/deskhand/assistant/httpapi"
	"github.com/deskhand/deskhand/assistant/postgres"
)

// firstAdmin is who a desk with the sample knowledge base begins with.
const firstAdmin = "admin@quayside.example"

// loginSettings are how people reach the service and prove who they are.
type loginSettings struct {
	OIDCClientID     string   `env:"DESKHAND_OIDC_CLIENT_ID" group:"Log-in" help:"What the identity provider knows this service as." name:"oidc-client-id" placeholder:"ID"`
	OIDCClientSecret string   `env:"DESKHAND_OIDC_CLIENT_SECRET" group:"Log-in" help:"The secret that goes with it. Prefer the environment: other users of the machine can read flags." name:"oidc-client-secret" placeholder:"SECRET"`
	OIDCIssuer       string   `env:"DESKHAND_OIDC_ISSUER" group:"Log-in" help:"Address of an OpenID Connect provider that people may log in through." name:"oidc-issuer" placeholder:"URL"`
	OIDCMatch        string   `default:"email" enum:"email,subject" env:"DESKHAND_OIDC_MATCH" group:"Log-in" help:"email: a new identity becomes the agent's with its verified e-mail address, once. subject: only what \"deskhand agent link\" has linked (${default})." name:"oidc-match" placeholder:"HOW"`
	PublicURL        string   `env:"DESKHAND_PUBLIC_URL" group:"Log-in" help:"Address that browsers reach the service at, such as https://desk.quayside.example. Without it, people can log in on the machine itself only." name:"public-url" placeholder:"URL"`
	TrustedProxy     []string `env:"DESKHAND_TRUSTED_PROXY" group:"Log-in" help:"Network of a proxy in front, whose X-Forwarded-For is believed; repeat for more." placeholder:"CIDR"`
}

// check reports the first setting that cannot work.
func (l loginSettings) check() error {
	if l.PublicURL != "" {
		parsed, err := url.Parse(l.PublicURL)
		if err != nil || parsed.Scheme != "https" && parsed.Scheme != "http" || parsed.Host == "" || strings.Trim(parsed.Path, "/") != "" ||
			parsed.RawQuery != "" || parsed.User != nil {
			return fmt.Errorf("%w: --public-url must be an address like https://desk.quayside.example, without a path", errConfig)
		}
	}
	if _, err := l.proxies(); err != nil {
		return err
	}
	issuer, err := url.Parse(l.OIDCIssuer)
	switch {
	case l.OIDCIssuer == "" && (l.OIDCClientID != "" || l.OIDCClientSecret != ""):
		return fmt.Errorf("%w: --oidc-client-id and --oidc-client-secret need --oidc-issuer", errConfig)
	case l.OIDCIssuer == "":
		return nil
	case err != nil || issuer.Scheme != "https" && issuer.Scheme != "http" || issuer.Host == "" || issuer.User != nil:
		return fmt.Errorf("%w: --oidc-issuer must be an address like https://login.quayside.example", errConfig)
	case l.OIDCClientID == "":
		return fmt.Errorf("%w: --oidc-issuer needs --oidc-client-id", errConfig)
	case l.PublicURL == "":
		return fmt.Errorf("%w: --oidc-issuer needs --public-url: the provider sends browsers back there", errConfig)
	}
	return nil
}

func (l loginSettings) proxies() ([]netip.Prefix, error) {
	prefixes := make([]netip.Prefix, len(l.TrustedProxy))
	for i, text := range l.TrustedProxy {
		prefix, err := netip.ParsePrefix(text)
		if err != nil {
			return nil, fmt.Errorf("%w: --trusted-proxy %q is not a network like 10.0.0.0/8", errConfig, text)
		}
		prefixes[i] = prefix.Masked()
	}
	return prefixes, nil
}

// apply completes the configuration of the HTTP interface.
func (l loginSettings) apply(c httpapi.Config) httpapi.Config {
	c.PublicURL = strings.TrimSuffix(l.PublicURL, "/")
	c.TrustedProxies, _ = l.proxies() // checked before anything started
	if l.OIDCIssuer != "" {
		c.Provider = httpapi.NewProvider(httpapi.ProviderConfig{
			ByEmail: l.OIDCMatch == "email", ClientID: l.OIDCClientID, ClientSecret: l.OIDCClientSecret, Issuer: l.OIDCIssuer,
		})
	}
	return c
}

// greetAdmin makes a first admin on a desk where nobody can log in, and prints how to.
func greetAdmin(ctx context.Context, a *app, s *system, base string) error {
	agents, err := s.store.Agents(ctx)
	if err != nil {
		return err
	}
	for _, agent := range agents {
		if agent.Email != "" {
			return nil
		}
	}
	password := access.NewPassword()
	_, err = s.store.AddAgent(ctx, postgres.NewAgent{
		Actor: "cli", Email: firstAdmin, MustChange: true, Name: "First admin", Password: password, Role: access.Admin,
	})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(a.out, `A first log-in (POST %s/v1/session), for one time: then set a password and a second factor of your own.

  e-mail    %s
  password  %s

`, base, firstAdmin, password)
	return err
}
