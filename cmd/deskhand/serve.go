package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"runtime/debug"
	"strconv"
	"sync"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/assistant/desk"
	"github.com/deskhand/deskhand/assistant/httpapi"
	"github.com/deskhand/deskhand/assistant/jobs"
	"github.com/deskhand/deskhand/assistant/postgres"
	"github.com/deskhand/deskhand/assistant/web/console"
	"github.com/deskhand/deskhand/assistant/web/widget"
	"github.com/deskhand/deskhand/evals"
	"github.com/deskhand/deskhand/evals/online"
	"github.com/deskhand/deskhand/prompts"
	"github.com/deskhand/deskhand/retrieval"
)

const (
	// drainTimeout is how long requests that are being answered may go on after the signal to stop: the default deadline
	// of a request and the recording after it fit.
	drainTimeout = 25 * time.Second
	// jobsTimeout is how long background jobs may go on then; what is cut off runs again after the next start.
	jobsTimeout = 5 * time.Second
)

// stopHint is the last line that is printed before the service answers.
const stopHint = "Press Ctrl-C to stop."

type serveCmd struct {
	Addr   string        `default:":8080" env:"DESKHAND_ADDR" help:"Address to listen on (${default}); port 0 picks a free one." placeholder:"HOST:PORT"`
	Admin  adminSettings `embed:""`
	Limits limitSettings `embed:""`
	Gate   string        `env:"DESKHAND_GATE_SUITE" help:"Suite that \"check before publishing\" in the console holds an article against." name:"gate-suite" placeholder:"FILE" type:"existingfile"`
	Shadow string        `env:"DESKHAND_SHADOW" help:"YAML file of a candidate: a second policy, prompt or model that is asked a share of the live questions after the desk has decided. What it says is sent to nobody; see \"deskhand eval shadow\"." placeholder:"FILE" type:"existingfile"`
	TLS    tlsSettings   `embed:""`
	Sample bool          `help:"Load the sample knowledge base and, at the first start, create and print a first set of keys and a first log-in."`
}

// Validate reports the first setting that cannot work, before anything starts.
func (c serveCmd) Validate() error {
	return cmp.Or(checkAddress(c.Addr), c.Admin.check(), c.Limits.check(), c.TLS.check())
}

// checkAddress reports an address that nothing can listen on.
func checkAddress(address string) error {
	_, text, err := net.SplitHostPort(address)
	if err == nil {
		_, err = strconv.ParseUint(text, 10, 16)
	}
	if err != nil {
		return fmt.Errorf("%w: --addr %q: write HOST:PORT or :PORT, with a port from 0 to 65535", errConfig, address)
	}
	return nil
}

// Help is shown by --help.
func (serveCmd) Help() string {
	return `Examples:
  deskhand serve --sample
  DATABASE_URL=postgres://… OPENAI_API_KEY=… deskhand serve --addr 127.0.0.1:8080
  deskhand serve --addr :8443 --tls-cert fullchain.pem --tls-key privkey.pem --public-url https://desk.quayside.example:8443
  deskhand serve --admin-addr localhost:6060     # go tool pprof http://localhost:6060/debug/pprof/heap`
}

// collectAt is by how much, in percent, the heap may grow before the garbage is collected: half of what Go's default is takes 30 MB
// less under load, and no throughput that could be told from noise (8 customers, turns taken). GOGC overrides it.
const collectAt = 50

// collectAtStart is the same while the service starts: most of what is made then stays, and looking it through again and again took a
// fifth of the processor time.
const collectAtStart = 400

// collectLess collects little garbage until the start has ended, of which the function it returns is told.
func collectLess(logger *slog.Logger) (started func()) {
	own := os.Getenv("GOGC") == ""
	if own {
		debug.SetGCPercent(collectAtStart)
	}
	return func() {
		if own {
			debug.SetGCPercent(collectAt)
		}
		// What the start left behind is of no more use, and would stay with the process for minutes.
		go func() {
			debug.FreeOSMemory()
			if err := releasePages(); err != nil {
				logger.Warn("pages of the program stay in memory", "error", err)
			}
		}()
	}
}

// Run implements the command: it wires the service in straight lines, serves until the signal to stop, and drains.
func (c serveCmd) Run(ctx context.Context, a *app) (err error) {
	started := collectLess(a.logger)
	registry := newRegistry()
	named, err := c.read(a.config)
	if err != nil {
		return err
	}
	s, err := openSystem(ctx, a, newModelMetrics(registry))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close(ctx)) }()
	if c.Sample {
		if err := importSample(ctx, a, s); err != nil {
			return err
		}
	}
	s.runs = newRunMetrics(registry)
	shadowing, endShadow := context.WithCancel(ctx)
	defer endShadow()
	if err := s.shadow(shadowing, named.shadow, registry); err != nil {
		return err
	}
	pipeline := s.assistant(s.store, a.clock)
	newDeskMetrics(registry, s, pipeline)
	newDriftMetrics(registry, s)
	countReplicas(registry, s.replicas)
	parts := work{people: s.people(), registry: registry, suite: named.suite}
	stop, err := s.work(ctx, pipeline, parts)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stop()) }()
	server, err := c.server(s, pipeline, parts) //nolint:contextcheck // a request has a context of its own
	if err != nil {
		return err
	}
	closeAdmin, err := c.Admin.serve(ctx, a, registry)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeAdmin()) }()
	listener, err := c.listen(ctx, a)
	if err != nil {
		return err
	}
	if err := c.greet(ctx, a, s, listener.Addr()); err != nil {
		return errors.Join(err, listener.Close())
	}
	_, _ = fmt.Fprintln(a.out, stopHint)
	started()
	return serve(ctx, a, s, server, listener)
}

// serveFiles are the files that flags of serve name.
type serveFiles struct {
	shadow *shadowFile  // nil without a candidate
	suite  *evals.Suite // to check articles with; nil without one
}

// read reads the files and checks what only all settings together tell, before anything starts.
func (c serveCmd) read(settings config) (serveFiles, error) {
	var named serveFiles
	if err := c.TLS.checkAddress(settings.Login.PublicURL); err != nil {
		return named, err
	}
	var err error
	if named.suite, err = readGateSuite(c.Gate); err != nil {
		return named, err
	}
	named.shadow, err = openShadow(c.Shadow, settings)
	return named, err
}

// server returns the HTTP interface with the faces on it.
func (c serveCmd) server(s *system, pipeline *assistant.Assistant, w work) (*fiber.App, error) {
	a := s.app
	gate, err := c.Limits.gate(a, s.store)
	if err != nil {
		return nil, err
	}
	return newServer(a.config.Login.apply(httpapi.Config{
		Assistant: pipeline,
		Check:     s.checks(w.suite),
		Clock:     a.clock,
		Deadline:  a.config.RequestDeadline,
		Desk:      w.people,
		Evals:     newArchive(s.pool, s.vault, a.clock),
		Gate:      gate,
		Glossary:  s.glossary,
		Index:     s.desk.Index,
		Live:      s.live,
		Logger:    a.logger,
		Online:    s.online(),
		Redactor:  s.knowledge.redactor,
		Registry:  countSearches(w.registry, s.desk),
		Search:    s.search,
		Store:     s.store,
		Tracer:    s.tracer,
		Translate: s.translator(),
		Version:   version,
	}), s.knowledge.prompts)
}

// follow does in the background what goes by the clock or by what other replicas do, until ctx ends.
func (s *system) follow(ctx context.Context, pipeline *assistant.Assistant, logger *slog.Logger) {
	go follow(ctx, s.desk, pipeline, logger)
	go s.standby.keep(ctx, logger)
	go s.live.Run(ctx)
	go s.replicas.Follow(ctx)
	go watchDesk(ctx, s, logger)
	go s.keepSealed(ctx, logger)
}

// checks returns how checks of articles are asked for, nil without a suite.
func (s *system) checks(suite *evals.Suite) online.EnqueueFunc {
	if suite == nil {
		return nil
	}
	return s.queue.EnqueueCheck
}

// work is what the background jobs need beside the pipeline.
type work struct {
	people   *desk.Desk
	registry *prometheus.Registry
	suite    *evals.Suite // to check articles with; nil without one
}

// work starts the background jobs. What it returns stops them, with a little time for those that run.
func (s *system) work(ctx context.Context, pipeline *assistant.Assistant, w work) (stop func() error, err error) {
	a := s.app
	workers, err := jobs.NewWorkers(s.pool, pipeline, a.logger)
	if err != nil {
		return nil, err
	}
	err = errors.Join(workers.AddWebhooks(s.deliverer(a, newWebhookMetrics(w.registry))), workers.AddArticles(s.desk),
		workers.AddDesk(deskClock{desk: w.people, store: s.store}), workers.AddDrift(s.online()))
	if err != nil {
		return nil, err
	}
	if w.suite != nil {
		if err := workers.AddChecks(newChecker(s, *w.suite)); err != nil {
			return nil, err
		}
	}
	if a.config.Retention > 0 {
		if err := workers.AddRetention(forgetter{app: a, store: s.store}); err != nil {
			return nil, err
		}
	}
	s.follow(ctx, pipeline, a.logger)
	go newChainWatch(w.registry).run(ctx, s)
	if err := workers.Start(context.WithoutCancel(ctx)); err != nil {
		return nil, err
	}
	stop = sync.OnceValue(func() error {
		stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), jobsTimeout)
		defer cancel()
		return workers.Stop(stopping)
	})
	// Beside the requests, not after them: all together end within drainTimeout. What requests enqueue until then is done by
	// another replica, or after the next start.
	go func() {
		<-ctx.Done()
		_ = stop() // who defers it gets the error
	}()
	return stop, nil
}

// people is where agents work.
func (s *system) people() *desk.Desk {
	return desk.New(desk.Config{
		Clock: s.app.clock, Guard: s.knowledge.guard, Prompts: s.knowledge.prompts, Redactor: s.knowledge.redactor, Sources: s.published,
		Store: s.store,
	})
}

// newServer returns the HTTP interface with the faces on it, ready to listen.
func newServer(config httpapi.Config, fixed *prompts.Library) (*fiber.App, error) {
	server, err := httpapi.New(config)
	if err != nil {
		return nil, fmt.Errorf("build HTTP interface: %w", err)
	}
	if err := errors.Join(console.Serve(server, config.Clock, fixed), widget.Serve(server)); err != nil {
		return nil, err
	}
	return server, nil
}

// serve answers until ctx ends or the database is gone for good, then lets running requests finish.
func serve(ctx context.Context, a *app, s *system, server *fiber.App, listener net.Listener) error {
	served := make(chan error, 1)
	go func() { served <- server.Listener(listener) }()
	var lost <-chan struct{}
	if s.database.cluster != nil {
		lost = s.database.cluster.Done()
	}
	var cause error
	select {
	case err := <-served:
		return fmt.Errorf("serve HTTP: %w", err)
	case <-lost:
		cause = fmt.Errorf("private PostgreSQL is down: %w", s.database.cluster.Err())
	case <-ctx.Done():
		a.logger.Info("stopping", "drain_seconds", int(drainTimeout.Seconds()))
	}
	if err := server.ShutdownWithTimeout(drainTimeout); err != nil {
		return errors.Join(cause, fmt.Errorf("drain requests: %w", err))
	}
	return cause
}

// greet says where everything is and, on a desk without keys, makes a first set.
func (c serveCmd) greet(ctx context.Context, a *app, s *system, addr net.Addr) error {
	base := c.TLS.scheme() + "://localhost:" + port(addr)
	_, _ = fmt.Fprintf(a.out, "\ndeskhand %s is ready\n\n"+
		"  console   %s/console\n  demo      %s/demo\n  answers   POST %s/v1/answers\n  tickets   %s/v1/tickets\n  API docs  %s/docs\n"+
		"  health    %s/readyz\n\n",
		version, base, base, base, base, base, base)
	if !c.Sample {
		return nil
	}
	if err := greetAdmin(ctx, a, s, base); err != nil {
		return err
	}
	keys, err := s.store.Keys(ctx)
	if err != nil {
		return err
	}
	if len(keys) > 0 {
		_, _ = fmt.Fprint(a.out, "The first set of keys was printed at the first start; "+
			"for another key: deskhand key create --role widget\n\n")
		return nil
	}
	demo := ""
	_, _ = fmt.Fprint(a.out, "A first set of keys, shown once:\n\n")
	for _, role := range []postgres.Role{postgres.RoleWidget, postgres.RoleAgent, postgres.RoleAdmin} {
		_, secret, err := s.store.CreateKey(ctx, postgres.Key{Name: "first " + string(role), Role: role})
		if err != nil {
			return err
		}
		_, _ = fmt.Fprintf(a.out, "  export %s_KEY=%s\n", upper(role), secret)
		if role == postgres.RoleWidget {
			demo = base + "/demo?key=" + secret
		}
	}
	_, _ = fmt.Fprintf(a.out, `
See the chat on a page: %s
Or try it in another terminal, with the first of these lines:

  curl -s %s/v1/answers -H 'content-type: application/json' -H "authorization: Bearer $WIDGET_KEY" \
    -d '{"message":{"body":"提币两个小时了还没到账,怎么办?"}}'

`, demo, base)
	return nil
}

func port(addr net.Addr) string {
	_, port, err := net.SplitHostPort(addr.String())
	if err != nil {
		return addr.String()
	}
	return port
}

func upper(role postgres.Role) string {
	switch role {
	case postgres.RoleAdmin:
		return "ADMIN"
	case postgres.RoleAgent:
		return "AGENT"
	case postgres.RoleLead:
		return "LEAD"
	case postgres.RoleWidget:
	}
	return "WIDGET"
}

// newRegistry returns the metrics registry of the service, with the process's own figures.
func newRegistry() *prometheus.Registry {
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return registry
}

// countSearches shows what searches were answered by: hits by results that were kept, shared by another's search.
func countSearches(registry *prometheus.Registry, desk *retrieval.Desk) *prometheus.Registry {
	for by, count := range map[string]func(retrieval.CacheCounts) uint64{
		"hit":    func(c retrieval.CacheCounts) uint64 { return c.Hits },
		"miss":   func(c retrieval.CacheCounts) uint64 { return c.Misses },
		"shared": func(c retrieval.CacheCounts) uint64 { return c.Shared },
	} {
		registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{
			ConstLabels: prometheus.Labels{"cache": by},
			Help:        "Searches: answered by kept results (hit), by another's search at the same time (shared), by their own (miss).",
			Name:        "deskhand_searches_total",
		}, func() float64 { return float64(count(desk.CacheCounts())) }))
	}
	return registry
}
