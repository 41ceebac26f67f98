package main

import (
	"context"
	"errors"
	"fmt"
	"net"

	"github.com/deskhand/deskhand/assistant/admission"
	"github.com/deskhand/deskhand/assistant/desk"
	"github.com/deskhand/deskhand/assistant/httpapi"
	"github.com/deskhand/deskhand/assistant/postgres"
)

// limitSettings bound what callers can take of the service.
type limitSettings struct {
	KeyRate                  int `default:"6000" env:"DESKHAND_KEY_RATE" group:"Limits" help:"Questions a minute with one key, on all replicas together; 0 is no limit (${default})." placeholder:"N"`
	MaxConnections           int `default:"4096" env:"DESKHAND_MAX_CONNECTIONS" group:"Limits" help:"Connections that this replica holds at a time (${default})." placeholder:"N"`
	MaxConnectionsPerNetwork int `default:"256" env:"DESKHAND_MAX_CONNECTIONS_PER_NETWORK" group:"Limits" help:"Those from one public network that is no --trusted-proxy (${default})." placeholder:"N"`
	MaxQuestions             int `default:"256" env:"DESKHAND_MAX_QUESTIONS" group:"Limits" help:"Questions that this replica works on at a time; a fourth more is kept for cases that must reach a person (${default})." placeholder:"N"`
	TotalRate                int `default:"12000" env:"DESKHAND_TOTAL_RATE" group:"Limits" help:"Questions a minute in all, on all replicas together; 0 is no limit (${default})." placeholder:"N"`
	VisitorRate              int `default:"60" env:"DESKHAND_VISITOR_RATE" group:"Limits" help:"Questions a minute from one public network, or of one customer with a token; 0 is no limit (${default})." placeholder:"N"`
}

// check reports the first setting that cannot work.
func (l limitSettings) check() error {
	const most = 1_000_000
	for _, setting := range []struct {
		flag         string
		value, least int
	}{
		{"key-rate", l.KeyRate, 0},
		{"max-connections", l.MaxConnections, 1},
		{"max-connections-per-network", l.MaxConnectionsPerNetwork, 1},
		{"max-questions", l.MaxQuestions, 1},
		{"total-rate", l.TotalRate, 0},
		{"visitor-rate", l.VisitorRate, 0},
	} {
		if setting.value < setting.least || setting.value > most {
			return fmt.Errorf("%w: --%s must lie between %d and %d, it is %d", errConfig, setting.flag, setting.least, most, setting.value)
		}
	}
	return nil
}

// gate lets questions in.
func (l limitSettings) gate(a *app, store *postgres.Store) (*admission.Gate, error) {
	gate, err := admission.New(admission.Config{
		Clock: a.clock, Lease: store.LeaseTokens, Logger: a.logger, Places: l.MaxQuestions,
		Pressure: store.Pressure(), Key: perMinute(l.KeyRate), Total: perMinute(l.TotalRate), Visitor: perMinute(l.VisitorRate),
	})
	if err != nil {
		return nil, fmt.Errorf("build admission: %w", err)
	}
	return gate, nil
}

func perMinute(questions int) admission.Rate {
	if questions == 0 {
		return admission.Rate{}
	}
	return admission.PerMinute(questions)
}

// listen opens the address and holds connections to the limits.
func (c serveCmd) listen(ctx context.Context, a *app) (net.Listener, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", c.Addr)
	if err != nil {
		return nil, fmt.Errorf("%w: cannot listen on %s: choose another address with --addr: %w", errConfig, c.Addr, err)
	}
	proxies, err := a.config.Login.proxies()
	if err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	// TLS is outside the limits: whom they refuse costs no handshake.
	return c.TLS.wrap(httpapi.Limit(listener, httpapi.ConnectionLimits{
		Network: c.Limits.MaxConnectionsPerNetwork, Total: c.Limits.MaxConnections, TrustedProxies: proxies,
	}), a)
}

// deskClock is what the workers do on time: at the desk, and with limits that nobody is held to any more.
type deskClock struct {
	desk  *desk.Desk
	store *postgres.Store
}

// Tend implements jobs.Tender.
func (c deskClock) Tend(ctx context.Context) error {
	return errors.Join(c.desk.Tend(ctx), c.store.ForgetBuckets(ctx))
}
