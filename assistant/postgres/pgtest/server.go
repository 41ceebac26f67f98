package pgtest

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/deskhand/deskhand/assistant/postgres/local"
	"github.com/deskhand/deskhand/migrations"
)

const (
	// environment names another server to test on.
	environment = "DESKHAND_TEST_DATABASE_URL"

	// maxConnections of the shared server serve the pools of all parallel tests of all parallel packages.
	maxConnections = 400

	// memoryNeeded holds the write-ahead log (1 GiB) and the clones of some hundred tests at 10 MB.
	memoryDir    = "/dev/shm"
	memoryNeeded = 4 << 30

	// templateLock names the advisory lock under which the template is made.
	templateLock = 4_411_903_275_618

	clonePrefix    = "test_"
	templatePrefix = "migrated_"
)

// server is the server that the tests of this process share.
type server struct {
	admin string                       // address of the maintenance database, as superuser
	owner string                       // role that owns the test databases
	url   func(database string) string // address of a database, as its owner
	users *os.File                     // holds the lock that says that this process uses the server
}

// shared finds the server once for the process. The variable is the package's only state: a test binary has no other
// place in which tests that do not know of each other could share something.
var shared = sync.OnceValues(findServer)

func findServer() (*server, error) {
	ctx, cancel := context.WithTimeout(context.Background(), setupTimeout)
	defer cancel()
	if address := os.Getenv(environment); address != "" {
		return namedServer(address)
	}
	return sharedCluster(ctx)
}

// namedServer uses a server that somebody else runs.
func namedServer(address string) (*server, error) {
	parsed, err := url.Parse(address)
	if err != nil || parsed.User == nil {
		return nil, fmt.Errorf("%s must look like postgres://user:password@host/database", environment)
	}
	return &server{admin: address, owner: parsed.User.Username(), url: func(database string) string {
		clone := *parsed
		clone.Path = "/" + database
		return clone.String()
	}}, nil
}

// sharedCluster starts the shared cluster, or finds it running. The file "start" makes the processes of one `go test`
// do so one after the other.
func sharedCluster(ctx context.Context) (_ *server, err error) {
	dir := filepath.Join(baseDir(), "deskhand-pgtest-"+strconv.Itoa(os.Getuid()))
	if err := makeDir(dir); err != nil {
		return nil, err
	}
	start, err := lock(filepath.Join(dir, "start"), syscall.LOCK_EX)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, start.Close()) }()

	users, err := lock(filepath.Join(dir, "users"), syscall.LOCK_EX|syscall.LOCK_NB)
	alone := err == nil
	if !alone {
		if users, err = lock(filepath.Join(dir, "users"), syscall.LOCK_SH); err != nil {
			return nil, err
		}
	}
	s, err := startCluster(ctx, dir)
	if err != nil {
		return nil, errors.Join(err, users.Close())
	}
	s.users = users
	if alone {
		if err := s.sweep(ctx); err != nil {
			return nil, errors.Join(err, users.Close())
		}
		if err := flock(users, syscall.LOCK_SH); err != nil {
			return nil, errors.Join(err, users.Close())
		}
	}
	return s, nil
}

func startCluster(ctx context.Context, dir string) (*server, error) {
	cluster, err := local.Start(ctx, local.Config{
		DataDir: dir, Durability: local.Disposable, MaxConnections: maxConnections,
	})
	if err != nil {
		return nil, err
	}
	if err := cluster.Release(); err != nil {
		return nil, err
	}
	config, err := pgx.ParseConfig(cluster.URL())
	if err != nil {
		return nil, fmt.Errorf("read address of shared cluster: %w", err)
	}
	return &server{admin: cluster.AdminURL(), owner: config.User, url: cluster.URLFor}, nil
}

// template returns the name of the migrated template and makes it if this build's is missing.
func (s *server) template(ctx context.Context) (string, error) {
	fingerprint, err := migrations.Fingerprint()
	if err != nil {
		return "", err
	}
	name := templatePrefix + fingerprint
	conn, err := pgx.Connect(ctx, s.admin)
	if err != nil {
		return "", fmt.Errorf("connect to test server: %w", err)
	}
	// Closing the connection gives the advisory lock back.
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()

	// Marked as a template last: one without the mark was left half made.
	const complete = "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1 AND datistemplate)"
	var ready bool
	if err := conn.QueryRow(ctx, complete, name).Scan(&ready); err != nil || ready {
		return name, err
	}
	if _, err := conn.Exec(ctx, "SELECT pg_advisory_lock($1)", int64(templateLock)); err != nil {
		return "", fmt.Errorf("lock template: %w", err)
	}
	if err := conn.QueryRow(ctx, complete, name).Scan(&ready); err != nil || ready {
		return name, err
	}
	for _, statement := range []string{"DROP DATABASE IF EXISTS " + name + " WITH (FORCE)", s.create(name, "template1")} {
		if _, err := conn.Exec(ctx, statement); err != nil {
			return "", fmt.Errorf("create template: %w", err)
		}
	}
	if err := s.migrate(ctx, name); err != nil {
		return "", err
	}
	if _, err := conn.Exec(ctx, "ALTER DATABASE "+name+" IS_TEMPLATE true"); err != nil {
		return "", fmt.Errorf("mark template: %w", err)
	}
	return name, nil
}

func (s *server) migrate(ctx context.Context, database string) error {
	pool, err := pgxpool.New(ctx, s.url(database))
	if err != nil {
		return fmt.Errorf("open template: %w", err)
	}
	defer pool.Close()
	return migrations.Up(ctx, pool)
}

// sweep drops what killed tests and older builds left. Nobody else uses the server while it runs.
func (s *server) sweep(ctx context.Context) error {
	fingerprint, err := migrations.Fingerprint()
	if err != nil {
		return err
	}
	conn, err := pgx.Connect(ctx, s.admin)
	if err != nil {
		return fmt.Errorf("connect to test server: %w", err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	// A template can only be dropped when it is none. Others stay as they are: PostgreSQL lets nobody alter a database whose
	// drop was cut off, only drop it.
	rows, err := conn.Query(ctx, `SELECT format(statement, datname) FROM pg_database, unnest(
			CASE WHEN datistemplate THEN ARRAY['ALTER DATABASE %I IS_TEMPLATE false'] ELSE '{}' END || 'DROP DATABASE %I WITH (FORCE)'::text
		) WITH ORDINALITY statements(statement, position)
		WHERE starts_with(datname, $1) OR (starts_with(datname, $2) AND datname <> $2 || $3)
		ORDER BY datname, position`,
		clonePrefix, templatePrefix, fingerprint)
	if err != nil {
		return fmt.Errorf("list left databases: %w", err)
	}
	statements, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return fmt.Errorf("list left databases: %w", err)
	}
	for _, statement := range statements {
		if _, err := conn.Exec(ctx, statement); err != nil {
			return fmt.Errorf("drop left database: %w", err)
		}
	}
	return nil
}

// create returns the statement that makes a database from a template.
func (s *server) create(name, template string) string {
	return fmt.Sprintf("CREATE DATABASE %s OWNER %s TEMPLATE %s", name, pgx.Identifier{s.owner}.Sanitize(), template)
}

func (s *server) execute(ctx context.Context, statement string) error {
	conn, err := pgx.Connect(ctx, s.admin)
	if err != nil {
		return fmt.Errorf("connect to test server: %w", err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	_, err = conn.Exec(ctx, statement)
	return err
}

// baseDir returns where the shared cluster lives: in memory if there is enough (a clone is some 300 files: 25 ms in
// memory, 200 ms on a disk), else with the temporary files. It goes by the size, not by what is free, so that all
// processes find the same place.
func baseDir() string {
	var stat syscall.Statfs_t
	err := syscall.Statfs(memoryDir, &stat)
	if err == nil && int64(stat.Blocks)*int64(stat.Bsize) >= memoryNeeded { //nolint:unconvert // 32 bits on macOS
		return memoryDir
	}
	return os.TempDir()
}

// makeDir makes the server's folder, through which its own user may pass, whatever the umask.
func makeDir(dir string) error {
	err := os.Mkdir(dir, 0o711)
	if errors.Is(err, os.ErrExist) {
		return nil
	}
	return errors.Join(err, os.Chmod(dir, 0o711))
}

func lock(path string, how int) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open lock file: %w", err)
	}
	if err := flock(file, how); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}

func flock(file *os.File, how int) error {
	for {
		err := syscall.Flock(int(file.Fd()), how)
		if errors.Is(err, syscall.EINTR) {
			continue
		}
		if err != nil {
			return fmt.Errorf("lock %s: %w", file.Name(), err)
		}
		return nil
	}
}
