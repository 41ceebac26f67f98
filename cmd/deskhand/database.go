package main

import (
	"context"
	"errors"
	"time"

	"github.com/deskhand/deskhand/assistant/postgres/local"
)

// stopTimeout bounds the shutdown of the private cluster: a checkpoint of what shared_buffers holds.
const stopTimeout = 20 * time.Second

// database is where a command finds its data.
type database struct {
	admin   string         // address for the superuser; empty when somebody else runs the server
	cluster *local.Cluster // nil when another program runs the server
	url     string
}

// openDatabase returns the server of DATABASE_URL once it is known to be fit, or the private cluster. A command that finds
// the cluster in use, by a service that runs, joins it.
func openDatabase(ctx context.Context, a *app) (*database, error) {
	if a.config.DatabaseURL != "" {
		if err := local.Check(ctx, a.config.DatabaseURL); err != nil {
			return nil, err
		}
		return &database{url: a.config.DatabaseURL}, nil
	}
	dir := a.config.DataDir
	if dir == "" {
		var err error
		if dir, err = local.DefaultDataDir(); err != nil {
			return nil, err
		}
	}
	settings := local.Config{DataDir: dir, Logger: a.logger}
	cluster, err := local.Start(ctx, settings)
	if errors.Is(err, local.ErrInUse) {
		addresses, attachErr := local.Attach(ctx, settings)
		if attachErr != nil {
			return nil, errors.Join(err, attachErr)
		}
		return &database{admin: addresses.Admin, url: addresses.Service}, nil
	}
	if err != nil {
		return nil, err
	}
	return &database{admin: cluster.AdminURL(), cluster: cluster, url: cluster.URL()}, nil
}

// close stops the private cluster, also when ctx has ended: that is the usual reason to stop.
func (d *database) close(ctx context.Context) error {
	if d.cluster == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
	defer cancel()
	return d.cluster.Stop(ctx)
}
