package local

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// readyPoll is how often a server that starts is asked whether it answers. PostgreSQL has no signal for it that a
// program without libsystemd could wait for.
const readyPoll = 20 * time.Millisecond

// cannotConnectNow is the SQLSTATE of a server that starts, recovers or shuts down.
const cannotConnectNow = "57P03"

var (
	// errGone: the server's process ended before it answered.
	errGone = errors.New("the server ended before it answered")
	// errOrphans: processes of an earlier server, whose parent was killed, still use its shared memory.
	errOrphans = errors.New("processes of an earlier server are still running")
)

// create makes the cluster if there is none. It reports whether it did.
func (c *Cluster) create(ctx context.Context) (bool, error) {
	major, err := c.folder.clusterMajor()
	if err != nil || major != 0 {
		return false, err
	}
	// Made beside its place and moved there when complete: a kill in between leaves no half of a cluster.
	unfinished := filepath.Join(c.folder.home(), "cluster.new")
	if err := os.RemoveAll(unfinished); err != nil {
		return false, fmt.Errorf("remove unfinished cluster: %w", err)
	}
	args := []string{"-D", unfinished, "-U", adminRole, "--auth=peer", "--encoding=UTF8", "--no-instructions"}
	args = append(args, localeArgs(runtime.GOOS)...)
	if c.config.Durability == Disposable {
		args = append(args, "--no-sync")
	} else {
		args = append(args, "--data-checksums") // a failing disk is noticed before it is believed
	}
	out, err := c.folder.owner.command(ctx, c.install.program("initdb"), args...).CombinedOutput()
	if err != nil {
		return false, fmt.Errorf("create cluster: %w: %s", err, lastLines(string(out)))
	}
	if err := os.Rename(unfinished, c.folder.cluster()); err != nil {
		return false, fmt.Errorf("put cluster in place: %w", err)
	}
	return true, nil
}

// configure writes the cluster's configuration. It does so at each start: the machine may have changed, or the program.
func (c *Cluster) configure() error {
	texts := map[string]string{
		"pg_hba.conf":     hostAccess,
		"pg_ident.conf":   identities(c.folder.owner),
		"postgresql.conf": render(settings(c.config, measureMachine(), c.folder.socketDir)),
	}
	for name, text := range texts {
		if err := c.folder.owner.writeFile(filepath.Join(c.folder.cluster(), name), text); err != nil {
			return fmt.Errorf("configure cluster: %w", err)
		}
	}
	custom := filepath.Join(c.folder.cluster(), "custom.conf")
	if _, err := os.Stat(custom); missing(err) {
		if err := c.folder.owner.writeFile(custom, customConf); err != nil {
			return fmt.Errorf("configure cluster: %w", err)
		}
	}
	return nil
}

// run returns a server that answers: the one that is there already or a new one.
func (c *Cluster) run(ctx context.Context) (process, error) {
	for {
		server, err := c.adopt()
		if err != nil {
			return nil, err
		}
		found := server != nil
		if !found {
			if server, err = c.spawn(ctx); err != nil {
				return nil, err
			}
		}
		err = c.awaitReady(ctx, server)
		switch {
		case err == nil:
			return server, nil
		case found && errors.Is(err, errGone):
			continue // it was on its way down
		case errors.Is(err, errGone):
			err = c.explainExit()
			if !errors.Is(err, errOrphans) || pause(ctx, firstBackoff) != nil {
				return nil, err
			}
		case found:
			return nil, fmt.Errorf("wait for the server that is running already (process %d): %w", server.pid(), err)
		default:
			return nil, errors.Join(fmt.Errorf("wait for the server: %w", err), stopServer(context.WithoutCancel(ctx), server))
		}
	}
}

// adopt returns the server that runs on the folder, nil if none does.
func (c *Cluster) adopt() (process, error) {
	pid, err := c.folder.postmaster()
	if err != nil || pid == 0 {
		return nil, err
	}
	server := adopted{folder: c.folder, id: pid}
	// It may have been started with other settings; what can change while it runs does.
	if err := server.signal(syscall.SIGHUP); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return nil, fmt.Errorf("make running server read its configuration: %w", err)
	}
	return server, nil
}

func (c *Cluster) spawn(ctx context.Context) (process, error) {
	if err := c.folder.dropStalePID(); err != nil {
		return nil, err
	}
	log, err := os.OpenFile(c.folder.startLog(), os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open start log: %w", err)
	}
	cmd := c.folder.owner.command(context.WithoutCancel(ctx), c.install.program("postgres"), "-D", c.folder.cluster())
	cmd.Stdout, cmd.Stderr = log, log
	server, err := startChild(cmd)
	return server, errors.Join(err, log.Close())
}

// awaitReady returns nil once the server answers, errGone if its process ended.
func (c *Cluster) awaitReady(ctx context.Context, server process) error {
	for {
		err := ping(ctx, c.AdminURL())
		if err == nil {
			return nil
		}
		var refused *pgconn.PgError
		if errors.As(err, &refused) && refused.Code != cannotConnectNow {
			return err // it is up and does not want us
		}
		poll, cancel := context.WithTimeout(ctx, readyPoll)
		waitErr := server.wait(poll)
		cancel()
		if waitErr == nil {
			return errGone
		}
		if ctx.Err() != nil {
			return errors.Join(ctx.Err(), err)
		}
	}
}

// explainExit makes an error of what a server said before it ended: on its standard error or, later in its start, in
// the log that its collector has opened by then.
func (c *Cluster) explainExit() error {
	said := tail(c.folder.startLog())
	if log := c.folder.currentLog(); log != "" {
		said = tail(log)
	}
	if strings.Contains(said, "pre-existing shared memory block") {
		return fmt.Errorf("%w: %s", errOrphans, said)
	}
	return fmt.Errorf("%w: %s", errGone, said)
}

// prepare gives the service its role and its database, and the extension to every database made later.
func (c *Cluster) prepare(ctx context.Context) error {
	template := c.urlFor(adminRole, "template1")
	// In template1, where CREATE DATABASE copies it from: the extension needs a superuser, which the service is not.
	if err := execute(ctx, template, "CREATE EXTENSION IF NOT EXISTS vector", "ALTER EXTENSION vector UPDATE"); err != nil {
		return fmt.Errorf("install pgvector: %w", err)
	}
	conn, err := pgx.Connect(ctx, c.AdminURL())
	if err != nil {
		return fmt.Errorf("connect as administrator: %w", err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()

	var role, database bool
	err = conn.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1),
		EXISTS (SELECT FROM pg_database WHERE datname = $1)`, serviceRole).Scan(&role, &database)
	if err != nil {
		return fmt.Errorf("look for the service's role: %w", err)
	}
	if !role {
		if _, err := conn.Exec(ctx, "CREATE ROLE "+serviceRole+" LOGIN"); err != nil {
			return fmt.Errorf("create the service's role: %w", err)
		}
	}
	if !database {
		if _, err := conn.Exec(ctx, "CREATE DATABASE "+serviceRole+" OWNER "+serviceRole); err != nil {
			return fmt.Errorf("create the service's database: %w", err)
		}
		return nil
	}
	if err := execute(ctx, c.urlFor(adminRole, serviceRole), "ALTER EXTENSION vector UPDATE"); err != nil {
		return fmt.Errorf("update pgvector: %w", err)
	}
	return nil
}

// writeFile replaces a file with one of the owner.
func (o owner) writeFile(path, text string) error {
	if err := os.WriteFile(path+".new", []byte(text), 0o600); err != nil {
		return err
	}
	if err := os.Chown(path+".new", o.uid, o.gid); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}

// stopServer asks for a fast shutdown and, when the context ends before it is over, for an immediate one.
func stopServer(ctx context.Context, server process) error {
	if err := server.signal(syscall.SIGINT); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("stop private PostgreSQL: %w", err)
	}
	cause := server.wait(ctx)
	if cause == nil {
		return nil
	}
	if err := server.signal(syscall.SIGQUIT); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("stop private PostgreSQL at once: %w", err)
	}
	quit, cancel := context.WithTimeout(context.WithoutCancel(ctx), quitTimeout)
	defer cancel()
	return fmt.Errorf("stop private PostgreSQL: made it leave at once, it recovers at its next start: %w",
		errors.Join(cause, server.wait(quit)))
}

func execute(ctx context.Context, address string, statements ...string) error {
	conn, err := pgx.Connect(ctx, address)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	for _, statement := range statements {
		if _, err := conn.Exec(ctx, statement); err != nil {
			return err
		}
	}
	return nil
}

func ping(ctx context.Context, address string) error {
	conn, err := pgconn.Connect(ctx, address)
	if err != nil {
		return err
	}
	return conn.Close(ctx)
}

// localeArgs asks initdb for code-point order and Unicode character classes, which are the same on every machine.
func localeArgs(system string) []string {
	if system == "darwin" {
		return []string{"--locale=C", "--lc-ctype=UTF-8"}
	}
	return []string{"--locale=C.UTF-8"}
}

func lastLines(text string) string {
	const most = 3
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(lines[max(0, len(lines)-most):], " | ")
}

// tail returns the last lines of a file, or why they cannot be read.
func tail(path string) string {
	text, err := os.ReadFile(path)
	if err != nil {
		return err.Error()
	}
	return lastLines(string(text))
}

func missing(err error) bool { return errors.Is(err, fs.ErrNotExist) }
