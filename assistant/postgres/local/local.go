// Package local runs the private PostgreSQL cluster of the embedded default: the one that deskhand uses when no
// DATABASE_URL is given. It finds a PostgreSQL with pgvector on the machine, creates the cluster, starts and supervises
// the server and stops it. Check, for a server that somebody else runs, says whether deskhand can use it.
//
// # Safety
//
//   - The server has no TCP port. Its Unix socket is in a folder that only its own operating-system user can enter, and
//     the kernel tells it who connects (peer authentication).
//   - The service connects as a role that owns its database and is no superuser: SQL injection cannot become a command on
//     the machine (COPY … PROGRAM needs a superuser).
//   - PostgreSQL refuses to run as root, so under root the server runs as the user postgres or, where there is none, as a
//     system user deskhand that is created.
//   - Statements and the values in error details stay out of the server's log: they may carry a customer's words.
//
// # One server per folder
//
// A lock file keeps two programs away from one folder for as long as either lives; the kernel drops the lock when its
// holder dies, also by SIGKILL. The server itself outlives such a death. The next Start finds it by the folder that it
// works in, waits until it answers and adopts it; a second one is never started. A server that is on its way down is
// awaited, then replaced.
//
// # Supervision
//
// A server that dies is started again, at once and then ever more slowly; after several deaths in a row without a
// minute of service between them, the cluster gives up: Done closes and Err says why.
//
// The package knows nothing about deskhand's tables; package migrations makes those.
package local

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

const (
	// startTimeout bounds one start. Replaying the write-ahead log after a crash is what takes long: up to max_wal_size
	// (1 GB here) at some tens of MB a second on a slow disk.
	startTimeout = 2 * time.Minute

	// quitTimeout bounds the wait after SIGQUIT, which makes the server leave at once; recovery then follows at the next start.
	quitTimeout = 5 * time.Second

	// Restarts after a crash: at once, then after pauses that double, and not more than maxRestarts times without
	// stableAfter of service in between: what fails so often fails for a reason that another try does not remove.
	firstBackoff = 250 * time.Millisecond
	maxRestarts  = 6
	stableAfter  = time.Minute

	adminRole   = "postgres"
	serviceRole = "deskhand" // also the name of its database
)

// Durability says what a crash of the machine may cost.
type Durability int

const (
	// Durable survives a loss of power: every commit is on the disk. The default.
	Durable Durability = iota
	// Disposable may lose or corrupt the whole cluster in a crash of the machine. For tests.
	Disposable
)

// Config describes a cluster. Only DataDir has no default.
type Config struct {
	// DataDir is the folder that holds everything: the cluster, its socket, its log and the lock. It is created if
	// missing. Under root, the server's user must be able to pass through every folder above it (see ErrFolder).
	DataDir    string
	Durability Durability
	Logger     *slog.Logger // nothing is logged without one
	// MaxConnections is the server's limit; 100 if zero.
	MaxConnections int
}

// Validate returns an error if the configuration cannot work.
func (c Config) Validate() error {
	switch {
	case c.DataDir == "":
		return errors.New("the data folder is not set")
	case c.MaxConnections < 0:
		return fmt.Errorf("maximum of connections is %d", c.MaxConnections)
	case c.Durability != Durable && c.Durability != Disposable:
		return fmt.Errorf("durability %d is unknown", c.Durability)
	}
	return nil
}

func (c Config) withDefaults() Config {
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.MaxConnections == 0 {
		c.MaxConnections = 100
	}
	return c
}

// DefaultDataDir returns where a deskhand without other instructions keeps its data: /var/lib/deskhand for root (below
// /root, the server's own user could not reach it), else the folder for applications' data in the user's home
// ($XDG_DATA_HOME or ~/.local/share).
func DefaultDataDir() (string, error) {
	if os.Geteuid() == 0 {
		return "/var/lib/deskhand", nil
	}
	if dir := os.Getenv("XDG_DATA_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "deskhand"), nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("find data folder: %w", err)
	}
	return filepath.Join(home, ".local", "share", "deskhand"), nil
}

// Cluster is a running private cluster. Its methods may be called from several goroutines.
type Cluster struct {
	config  Config
	done    chan struct{}
	folder  folder
	install installation
	release context.CancelFunc // ends supervision

	mu      sync.Mutex
	current process
	err     error
	lock    *os.File // nil once the folder has been given free
}

// Start returns once the cluster answers: it creates it on first use and otherwise starts, or adopts, the server on
// it. It fails with ErrNotInstalled, ErrInUse, ErrVersion or ErrFolder where a person has to do something, with one line
// that says what. The context limits the start only.
func Start(ctx context.Context, config Config) (*Cluster, error) {
	if err := config.Validate(); err != nil {
		return nil, fmt.Errorf("start private PostgreSQL: %w", err)
	}
	config = config.withDefaults()
	supervision, release := context.WithCancel(context.WithoutCancel(ctx))
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()

	c := &Cluster{config: config, done: make(chan struct{}), release: release}
	if err := c.open(ctx); err != nil {
		release()
		return nil, fmt.Errorf("start private PostgreSQL: %w", errors.Join(err, c.unlock()))
	}
	go c.supervise(supervision)
	return c, nil
}

// AdminURL returns the address of the maintenance database for the superuser, whom the service never is.
func (c *Cluster) AdminURL() string { return c.urlFor(adminRole, "postgres") }

// Done is closed when the server is down for good: after Stop, or when supervision gave up.
func (c *Cluster) Done() <-chan struct{} { return c.done }

// Err returns why the cluster is down, nil while it is up and after Stop.
func (c *Cluster) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

// Release stops supervising the server and gives the folder free, but leaves the server running: the next Start adopts
// it. The Cluster is done afterwards, and Stop does nothing.
func (c *Cluster) Release() error {
	c.release()
	<-c.done
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.unlock()
}

// Stop shuts the server down: transactions are rolled back, a checkpoint is written. When the context ends before
// that, the server is made to leave at once and recovers at its next start; the error then says so. Calling it again is
// harmless.
func (c *Cluster) Stop(ctx context.Context) error {
	c.release()
	<-c.done
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.lock == nil {
		return nil // the server may be another's by now
	}
	return errors.Join(stopServer(ctx, c.current), c.folder.dropSocketDir(), c.unlock())
}

// URL returns the address of the service's database for the service's role.
func (c *Cluster) URL() string { return c.urlFor(serviceRole, serviceRole) }

// URLFor returns the address of another database of the cluster for the service's role.
func (c *Cluster) URLFor(database string) string { return c.urlFor(serviceRole, database) }

// open takes the folder, creates the cluster in it if there is none and gets a server to answer.
func (c *Cluster) open(ctx context.Context) error {
	owner, err := findOwner(ctx)
	if err != nil {
		return err
	}
	if c.folder, err = openFolder(ctx, c.config.DataDir, owner); err != nil {
		return err
	}
	if c.lock, err = lockFolder(c.folder.lockFile()); err != nil {
		return err
	}
	if c.install, err = findInstallation(ctx, c.folder, searchPath()); err != nil {
		return err
	}
	created, err := c.create(ctx)
	if err != nil {
		return err
	}
	if err := c.configure(); err != nil {
		return err
	}
	server, err := c.run(ctx)
	if err != nil {
		return err
	}
	c.current = server
	if err := c.prepare(ctx); err != nil {
		return errors.Join(err, stopServer(context.WithoutCancel(ctx), server))
	}
	c.config.Logger.InfoContext(ctx, "private postgresql ready",
		slog.Bool("created", created), slog.String("data_dir", c.config.DataDir), slog.Int("pid", server.pid()),
		slog.String("version", c.install.version))
	return nil
}

// unlock gives the folder free for another program. The caller holds mu.
func (c *Cluster) unlock() error {
	if c.lock == nil {
		return nil
	}
	file := c.lock
	c.lock = nil
	// To close it is not enough: a process that is just being started has a copy of each open file until it runs its program.
	if err := errors.Join(syscall.Flock(int(file.Fd()), syscall.LOCK_UN), file.Close()); err != nil {
		return fmt.Errorf("give data folder free: %w", err)
	}
	return nil
}

func (c *Cluster) urlFor(role, database string) string {
	query := url.Values{"host": {c.folder.socketDir}, "port": {socketPort}}
	address := url.URL{Scheme: "postgres", User: url.User(role), Path: "/" + database, RawQuery: query.Encode()}
	return address.String()
}
