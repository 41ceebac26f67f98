package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/deskhand/deskhand/assistant/postgres/local"
)

const (
	// serverConnections is small, so that it can be used up.
	serverConnections = 80
	// quickly is how often something is looked at that tells nobody of its end.
	quickly = 20 * time.Millisecond
)

// server is a PostgreSQL of the harness's own, on a disk of its own where the machine allows that.
type server struct {
	admin   string // address for the superuser
	dir     string
	mounted bool // dir is a file system of a fixed size
	service string
}

// newServer makes a cluster and starts it. The caller removes it.
func newServer(ctx context.Context, dir string, diskMB int) (*server, error) {
	s := &server{dir: filepath.Join(dir, "data")}
	if err := os.Mkdir(s.dir, 0o711); err != nil { //nolint:gosec // the server's own user passes through it
		return nil, fmt.Errorf("make data folder: %w", err)
	}
	size := fmt.Sprintf("size=%dm,mode=0711", diskMB)
	mount := exec.CommandContext(ctx, "mount", "-t", "tmpfs", "-o", size, "tmpfs", s.dir) //nolint:gosec // a folder of our own
	s.mounted = mount.Run() == nil
	if err := s.start(ctx); err != nil {
		return nil, errors.Join(err, s.remove(ctx))
	}
	// What a server under load writes ahead must fit beside the data.
	_, err := s.execute(ctx, "ALTER SYSTEM SET max_wal_size = '128MB'", "ALTER SYSTEM SET min_wal_size = '32MB'", "SELECT pg_reload_conf()")
	if err != nil {
		return nil, errors.Join(err, s.remove(ctx))
	}
	return s, nil
}

// start starts the server, or finds it running, and leaves it to itself.
func (s *server) start(ctx context.Context) error {
	cluster, err := local.Start(ctx, local.Config{DataDir: s.dir, MaxConnections: serverConnections})
	if err != nil {
		return err
	}
	s.admin, s.service = cluster.AdminURL(), cluster.URL()
	return cluster.Release()
}

// socket is where it answers.
func (s *server) socket() (string, error) {
	parsed, err := url.Parse(s.service)
	if err != nil {
		return "", fmt.Errorf("read address of the server: %w", err)
	}
	return filepath.Join(parsed.Query().Get("host"), ".s.PGSQL."+parsed.Query().Get("port")), nil
}

// end sends a signal to the server's main process and waits until that is gone. It reports whether one ran.
func (s *server) end(ctx context.Context, how syscall.Signal) (running bool, err error) {
	pid, err := s.pid()
	if err != nil || pid == 0 {
		return false, err
	}
	if err = syscall.Kill(pid, how); err != nil && !errors.Is(err, syscall.ESRCH) {
		return false, fmt.Errorf("signal the server: %w", err)
	}
	running = err == nil
	for syscall.Kill(pid, 0) == nil {
		if err := pause(ctx, quickly); err != nil {
			return running, err
		}
	}
	return running, nil
}

// pid is the number of the server's main process, 0 when none runs.
func (s *server) pid() (int, error) {
	text, err := os.ReadFile(filepath.Join(s.dir, "postgres", "cluster", "postmaster.pid"))
	if errors.Is(err, os.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("find the server: %w", err)
	}
	line, _, _ := strings.Cut(string(text), "\n")
	pid, err := strconv.Atoi(line)
	if err != nil {
		return 0, fmt.Errorf("find the server: %w", err)
	}
	return pid, nil
}

// execute runs statements as superuser, and counts the rows of the last one.
func (s *server) execute(ctx context.Context, statements ...string) (rows int, err error) {
	conn, err := pgx.Connect(ctx, s.admin)
	if err != nil {
		return 0, fmt.Errorf("connect as superuser: %w", err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	for _, statement := range statements {
		tag, err := conn.Exec(ctx, statement)
		if err != nil {
			return 0, fmt.Errorf("as superuser: %w", err)
		}
		rows = int(tag.RowsAffected())
	}
	return rows, nil
}

// inDatabase is the superuser's address of the service's database.
func (s *server) inDatabase() string {
	parsed, err := url.Parse(s.admin)
	if err != nil {
		return s.admin
	}
	parsed.Path = "/deskhand"
	return parsed.String()
}

// ballast is the file that fills the disk.
func (s *server) ballast() string { return filepath.Join(s.dir, "ballast") }

// fill leaves no room on the server's disk.
func (s *server) fill() error {
	file, err := os.Create(s.ballast())
	if err != nil {
		return fmt.Errorf("fill disk: %w", err)
	}
	block := make([]byte, 1<<20)
	for err == nil {
		_, err = file.Write(block)
	}
	if !errors.Is(err, syscall.ENOSPC) {
		return errors.Join(fmt.Errorf("fill disk: %w", err), file.Close())
	}
	return file.Close()
}

// remove stops the server and deletes all that it has.
func (s *server) remove(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
	defer cancel()
	_, err := s.end(ctx, syscall.SIGQUIT)
	if s.mounted {
		err = errors.Join(err, exec.CommandContext(ctx, "umount", "-l", s.dir).Run()) //nolint:gosec // a folder of our own
	}
	return errors.Join(err, os.RemoveAll(s.dir))
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
