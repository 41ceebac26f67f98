package main

import (
	"context"
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/deskhand/deskhand/assistant/postgres"
)

type keyCmd struct {
	Create   keyCreateCmd `cmd:"" help:"Create an API key and print its secret, once."`
	Identity identityCmd  `cmd:"" help:"Set how a host site proves who its customers are."`
	List     keyListCmd   `cmd:"" help:"List the keys, without their secrets."`
	Revoke   keyRevokeCmd `cmd:"" help:"Take a key out of force."`
}

type keyCreateCmd struct {
	Name   string   `default:"unnamed" help:"Whose key it is. A key that is no widget's acts under this name." placeholder:"NAME"`
	Origin []string `help:"Web origin that may use the key from a browser; repeat for more. Default: any." placeholder:"URL"`
	Quiet  bool     `help:"Print the secret alone, for scripts." short:"q"`
	Role   string   `enum:"widget,agent,lead,admin" help:"widget (may ask), agent (works on tickets), lead (also on those of others, and writes articles) or admin (reads the audit log too)." required:""`
}

// Help is shown by --help.
func (keyCreateCmd) Help() string {
	return `Examples:
  deskhand key create --role widget --origin https://www.quayside.example
  WIDGET_KEY=$(deskhand key create --role widget -q)`
}

// Run implements the command.
func (c keyCreateCmd) Run(ctx context.Context, a *app) error {
	return withDesk(ctx, a, func(s *system) error {
		key, secret, err := s.store.CreateKey(ctx, postgres.Key{AllowedOrigins: c.Origin, Name: c.Name, Role: postgres.Role(c.Role)})
		if err != nil {
			return err
		}
		if c.Quiet {
			_, err = fmt.Fprintln(a.out, secret)
			return err
		}
		_, err = fmt.Fprintf(a.out, "%s\n\nThis %s key is shown once and stored only as a hash. To revoke it: deskhand key revoke %s\n",
			secret, key.Role, key.ID)
		return err
	})
}

type keyListCmd struct{}

// Run implements the command.
func (keyListCmd) Run(ctx context.Context, a *app) error {
	return withDesk(ctx, a, func(s *system) error {
		keys, err := s.store.Keys(ctx)
		if err != nil {
			return err
		}
		table := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
		_, _ = fmt.Fprintln(table, "ID\tROLE\tNAME\tCREATED\tREVOKED")
		for _, key := range keys {
			revoked := ""
			if key.RevokedAt != nil {
				revoked = key.RevokedAt.Format(time.DateTime)
			}
			_, _ = fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", key.ID, key.Role, key.Name, key.CreatedAt.Format(time.DateTime), revoked)
		}
		return table.Flush()
	})
}

type keyRevokeCmd struct {
	ID string `arg:"" help:"The key's id, from \"deskhand key list\"."`
}

// Run implements the command.
func (c keyRevokeCmd) Run(ctx context.Context, a *app) error {
	id, err := parseKeyID(c.ID)
	if err != nil {
		return err
	}
	return withDesk(ctx, a, func(s *system) error { return s.store.RevokeKey(ctx, id, "cli") })
}

// withSystem runs work on the opened system and closes it, whatever happens.
func withSystem(ctx context.Context, a *app, work func(s *system) error) error {
	s, err := openSystem(ctx, a, nil)
	return closing(ctx, s, err, work)
}

// withDesk runs work on the desk alone: see openDesk.
func withDesk(ctx context.Context, a *app, work func(s *system) error) error {
	if a.opened != nil {
		return work(a.opened)
	}
	s, err := openDesk(ctx, a)
	return closing(ctx, s, err, work)
}

// closing runs work on a system that was opened, unless opening it failed, and closes it.
func closing(ctx context.Context, s *system, opening error, work func(s *system) error) (err error) {
	if opening != nil {
		return opening
	}
	defer func() {
		if closeErr := s.close(ctx); err == nil {
			err = closeErr
		}
	}()
	return work(s)
}
