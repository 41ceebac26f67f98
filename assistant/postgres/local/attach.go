package local

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// Addresses are where a cluster answers, for the service's role and for the superuser.
type Addresses struct {
	Admin   string
	Service string
}

// Attach returns the addresses of the cluster that another program runs in the data folder, once it answers. It starts and
// supervises nothing: it is for a command that finds the folder in use (ErrInUse) by the service.
func Attach(ctx context.Context, config Config) (Addresses, error) {
	if err := config.Validate(); err != nil {
		return Addresses{}, fmt.Errorf("attach to private PostgreSQL: %w", err)
	}
	owner, err := findOwner(ctx)
	if err != nil {
		return Addresses{}, fmt.Errorf("attach to private PostgreSQL: %w", err)
	}
	c := &Cluster{config: config.withDefaults()}
	if c.folder, err = openFolder(ctx, config.DataDir, owner); err != nil {
		return Addresses{}, fmt.Errorf("attach to private PostgreSQL: %w", err)
	}
	conn, err := pgx.Connect(ctx, c.URL())
	if err != nil {
		return Addresses{}, fmt.Errorf("attach to private PostgreSQL: %w: the program that runs it does not let it answer: %w",
			ErrUnreachable, err)
	}
	return Addresses{Admin: c.AdminURL(), Service: c.URL()}, conn.Close(ctx)
}
