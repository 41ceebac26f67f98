package main

import (
	"context"
	"fmt"

	"github.com/deskhand/deskhand/migrations"
)

type migrateCmd struct{}

// Run implements the command. Every command migrates when it opens the database; this one does nothing else, for a
// deployment that wants the schema changed before the new version starts.
func (migrateCmd) Run(ctx context.Context, a *app) error {
	return withSystem(ctx, a, func(s *system) error {
		reached, err := migrations.Version(ctx, s.pool)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(a.out, "The database is at version %d.\n", reached)
		return err
	})
}
