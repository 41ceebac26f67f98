package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"net/netip"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// adminHeaderTimeout bounds how long a caller of the admin address may take to say what it wants.
const adminHeaderTimeout = 5 * time.Second

// adminSettings open the address for those who run the service: profiles and metrics, without a key.
type adminSettings struct {
	AdminAddr   string `env:"DESKHAND_ADMIN_ADDR" group:"Admin" help:"Address for profiles (pprof) and metrics, such as localhost:6060. It asks for no key, so it must be of this machine. Default: none." placeholder:"HOST:PORT"`
	AdminPublic bool   `env:"DESKHAND_ADMIN_PUBLIC" group:"Admin" help:"Let --admin-addr be an address that other machines reach: only where a firewall decides who does."`
}

// check reports the first setting that cannot work.
func (s adminSettings) check() error {
	if s.AdminAddr == "" && s.AdminPublic {
		return fmt.Errorf("%w: --admin-public needs --admin-addr", errConfig)
	}
	if s.AdminAddr == "" {
		return nil
	}
	host, _, err := net.SplitHostPort(s.AdminAddr)
	if err != nil {
		return fmt.Errorf("%w: --admin-addr %s: write HOST:PORT, such as localhost:6060", errConfig, s.AdminAddr)
	}
	if !s.AdminPublic && !ownHost(host) {
		return fmt.Errorf("%w: --admin-addr %s can be reached by other machines and asks for no key: "+
			"use localhost, or add --admin-public where a firewall decides who reaches it", errConfig, s.AdminAddr)
	}
	return nil
}

// ownHost reports whether a host of an address is this machine, and nobody else can reach it.
func ownHost(host string) bool {
	if host == "localhost" {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.Unmap().IsLoopback()
}

// serve opens the admin address and returns what closes it. Without an address it does nothing.
func (s adminSettings) serve(ctx context.Context, a *app, registry *prometheus.Registry) (stop func() error, err error) {
	if s.AdminAddr == "" {
		return func() error { return nil }, nil
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", s.AdminAddr)
	if err != nil {
		return nil, fmt.Errorf("%w: cannot listen on %s: choose another address with --admin-addr: %w", errConfig, s.AdminAddr, err)
	}
	server := &http.Server{Handler: s.handler(registry), ReadHeaderTimeout: adminHeaderTimeout}
	go func() {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			a.logger.Error("admin address lost", slog.Any("error", err))
		}
	}()
	_, _ = fmt.Fprintf(a.out, "profiles: http://%s/debug/pprof/\n", listener.Addr())
	return server.Close, nil
}

// handler serves profiles and metrics. pprof's page of the command line is left out: keys may stand in flags.
func (s adminSettings) handler(registry *prometheus.Registry) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	mux.HandleFunc("GET /debug/pprof/cmdline", http.NotFound)
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if host := hostOf(r.Host); !s.AdminPublic && !ownHost(host) { // a web page whose name was pointed at this machine
			http.Error(w, "use localhost", http.StatusForbidden)
			return
		}
		w.Header().Set("X-Content-Type-Options", "nosniff")
		mux.ServeHTTP(w, r)
	})
}

// hostOf is a Host header without its port.
func hostOf(header string) string {
	if host, _, err := net.SplitHostPort(header); err == nil {
		return host
	}
	return header
}
