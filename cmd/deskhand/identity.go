package main

import (
	"context"
	"fmt"
	"os"
	"text/tabwriter"
	"time"

	"github.com/google/uuid"

	"github.com/deskhand/deskhand/assistant/access"
	"github.com/deskhand/deskhand/assistant/postgres"
)

type identityCmd struct {
	List   identityListCmd   `cmd:"" help:"List how customers' tokens may be signed now."`
	Remove identityRemoveCmd `cmd:"" help:"Accept no tokens any more: customers are anonymous."`
	Rotate identityRotateCmd `cmd:"" help:"Replace it; what was set before stays good for a while."`
	Set    identitySetCmd    `cmd:"" help:"Set how the host site signs its customers' tokens, and print the secret, once."`
}

// identityFlags say how tokens are signed.
type identityFlags struct {
	JSON      bool   `help:"Print JSON." name:"json"`
	Key       string `arg:"" help:"Id of the widget key, from \"deskhand key list\"."`
	PublicKey string `help:"Ed25519 public key (PEM); the site signs with EdDSA then. Default: a new secret, and HS256." placeholder:"FILE" type:"existingfile"`
}

type identitySetCmd struct {
	identityFlags
}

// Help is shown by --help.
func (identitySetCmd) Help() string {
	return `What was set before stops being good at once. docs/identity.md shows how a site makes tokens, in Go, Node and PHP.

Examples:
  deskhand key identity set 01a200a5-a1fa-7100-a69d-7b2b13985fac
  openssl genpkey -algorithm ed25519 -out site.key && openssl pkey -in site.key -pubout -out site.pub
  deskhand key identity set 01a200a5-a1fa-7100-a69d-7b2b13985fac --public-key site.pub`
}

// Run implements the command.
func (c identitySetCmd) Run(ctx context.Context, a *app) error { return c.set(ctx, a, 0) }

type identityRotateCmd struct {
	identityFlags

	Overlap time.Duration `default:"24h" help:"How long what was set before stays good (${default})." placeholder:"TIME"`
}

// Run implements the command.
func (c identityRotateCmd) Run(ctx context.Context, a *app) error { return c.set(ctx, a, c.Overlap) }

// identityJSON is what --json prints.
type identityJSON struct {
	Algorithm string     `json:"algorithm"`
	Audience  uuid.UUID  `json:"audience"`
	CreatedAt time.Time  `json:"created_at"`
	EndsAt    *time.Time `json:"ends_at,omitempty"`
	ID        uuid.UUID  `json:"id"`
	Secret    string     `json:"secret,omitempty"`
}

func (f identityFlags) set(ctx context.Context, a *app, overlap time.Duration) error {
	id, err := parseKeyID(f.Key)
	if err != nil {
		return err
	}
	set := postgres.SetIdentity{Actor: "cli", Algorithm: access.HS256, APIKeyID: id, Overlap: overlap}
	if f.PublicKey != "" {
		text, err := os.ReadFile(f.PublicKey)
		if err != nil {
			return fmt.Errorf("%w: --public-key: %w", errConfig, err)
		}
		set.Algorithm = access.EdDSA
		if set.PublicKey, err = access.ParsePublicKey(string(text)); err != nil {
			return fmt.Errorf("%w: --public-key: %w", errConfig, err)
		}
	}
	return withDesk(ctx, a, func(s *system) error {
		identity, secret, err := s.store.SetIdentity(ctx, set)
		if err != nil {
			return err
		}
		if f.JSON {
			view := identityView(identity)
			view.Secret = secret
			return printJSON(a, view)
		}
		if secret != "" {
			_, _ = fmt.Fprintf(a.out, "%s\n\nThis secret is shown once. Keep it on the site's server; never send it to a browser.\n",
				secret)
		}
		_, err = fmt.Fprintf(a.out, "Tokens are signed with %s; aud is %s, kid may be %s.\n",
			identity.Algorithm, identity.APIKeyID, identity.ID)
		return err
	})
}

type identityListCmd struct {
	JSON bool   `help:"Print JSON." name:"json"`
	Key  string `arg:"" help:"Id of the widget key, from \"deskhand key list\"."`
}

// Run implements the command.
func (c identityListCmd) Run(ctx context.Context, a *app) error {
	id, err := parseKeyID(c.Key)
	if err != nil {
		return err
	}
	return withDesk(ctx, a, func(s *system) error {
		identities, err := s.store.Identities(ctx, id)
		if err != nil {
			return err
		}
		if c.JSON {
			views := make([]identityJSON, len(identities))
			for i, identity := range identities {
				views[i] = identityView(identity)
			}
			return printJSON(a, views)
		}
		table := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
		_, _ = fmt.Fprintln(table, "ID\tALGORITHM\tCREATED\tENDS")
		for _, identity := range identities {
			ends := ""
			if identity.EndsAt != nil {
				ends = identity.EndsAt.Format(time.DateTime)
			}
			_, _ = fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", identity.ID, identity.Algorithm, identity.CreatedAt.Format(time.DateTime), ends)
		}
		return table.Flush()
	})
}

type identityRemoveCmd struct {
	Key string `arg:"" help:"Id of the widget key, from \"deskhand key list\"."`
}

// Run implements the command.
func (c identityRemoveCmd) Run(ctx context.Context, a *app) error {
	id, err := parseKeyID(c.Key)
	if err != nil {
		return err
	}
	return withDesk(ctx, a, func(s *system) error { return s.store.RemoveIdentity(ctx, id, "cli") })
}

func identityView(i postgres.Identity) identityJSON {
	return identityJSON{Algorithm: string(i.Algorithm), Audience: i.APIKeyID, CreatedAt: i.CreatedAt, EndsAt: i.EndsAt, ID: i.ID}
}

func parseKeyID(text string) (uuid.UUID, error) {
	id, err := uuid.Parse(text)
	if err != nil {
		return id, fmt.Errorf("%w: %q is not a key's id: see \"deskhand key list\"", errConfig, text)
	}
	return id, nil
}
