package local

import (
	"context"
	"fmt"
	"log/slog"
	"time"
)

// supervise restarts the server whenever it dies, until the context ends or it has died too often.
func (c *Cluster) supervise(ctx context.Context) {
	defer close(c.done)
	deaths := 0
	for {
		c.mu.Lock()
		server := c.current
		c.mu.Unlock()
		stable, cancel := context.WithTimeout(ctx, stableAfter)
		err := server.wait(stable)
		cancel()
		if err != nil {
			deaths = 0
			err = server.wait(ctx)
		}
		if err != nil {
			return // released
		}
		c.config.Logger.ErrorContext(ctx, "private postgresql died", slog.Int("pid", server.pid()))
		next, err := c.restart(ctx, &deaths)
		if ctx.Err() != nil {
			return
		}
		c.mu.Lock()
		if c.current, c.err = next, err; err != nil {
			c.current = server
		}
		c.mu.Unlock()
		if err != nil {
			c.config.Logger.ErrorContext(ctx, "private postgresql given up", slog.Any("error", err))
			return
		}
		c.config.Logger.InfoContext(ctx, "private postgresql restarted", slog.Int("pid", next.pid()), slog.Int("deaths", deaths))
	}
}

// restart tries until a server answers. It counts each death, of the server and of its successors, in deaths.
func (c *Cluster) restart(ctx context.Context, deaths *int) (process, error) {
	var last error
	for {
		*deaths++
		if *deaths > maxRestarts {
			return nil, fmt.Errorf("private PostgreSQL died %d times in a row, see %s: %w", *deaths, c.folder.home(), last)
		}
		if err := pause(ctx, backoff(*deaths)); err != nil {
			return nil, err
		}
		limited, cancel := context.WithTimeout(ctx, startTimeout)
		server, err := c.run(limited)
		cancel()
		if err == nil {
			return server, nil
		}
		last = err
		c.config.Logger.ErrorContext(ctx, "private postgresql did not restart", slog.Int("deaths", *deaths), slog.Any("error", err))
	}
}

// backoff returns the pause before the restart after the nth death: none after the first.
func backoff(deaths int) time.Duration {
	if deaths <= 1 {
		return 0
	}
	return firstBackoff << (deaths - 2)
}

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
