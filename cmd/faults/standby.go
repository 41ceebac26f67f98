package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"github.com/jackc/pgx/v5"

	"github.com/deskhand/deskhand/assistant/postgres/local"
)

// standbyPort names the copy's socket, beside its data.
const standbyPort = "5433"

// standby is a second PostgreSQL, which follows the first by streaming replication. Whoever uses it keeps it running.
type standby struct {
	account *syscall.Credential // of the server; nil for this program's own
	admin   string              // address for the superuser
	dir     string
	log     io.Writer
	program string
	service string

	process *exec.Cmd // nil while none runs
}

// newStandby copies a running server and starts the copy. The caller kills it; its data go with the first server's.
func newStandby(ctx context.Context, primary *server, log io.Writer) (*standby, error) {
	s := &standby{dir: filepath.Join(primary.dir, "copy"), log: log}
	cluster := filepath.Join(primary.dir, "postgres", "cluster")
	if err := s.letIn(ctx, primary, cluster); err != nil {
		return nil, err
	}
	version, err := os.ReadFile(filepath.Join(cluster, "PG_VERSION")) //nolint:gosec // a file of our own
	if err != nil {
		return nil, fmt.Errorf("find version of the server: %w", err)
	}
	major, err := strconv.Atoi(strings.TrimSpace(string(version)))
	if err != nil {
		return nil, fmt.Errorf("find version of the server: %w", err)
	}
	backup, err := local.Tool(ctx, "pg_basebackup", major)
	if err != nil {
		return nil, err
	}
	if s.program, err = local.Tool(ctx, "postgres", major); err != nil {
		return nil, err
	}
	from, err := url.Parse(primary.admin)
	if err != nil {
		return nil, fmt.Errorf("read address of the server: %w", err)
	}
	err = s.command(ctx, backup, "--checkpoint=fast", "--write-recovery-conf", "-D", s.dir, "-h", from.Query().Get("host"),
		"-p", from.Query().Get("port"), "-U", from.User.Username()).Run()
	if err != nil {
		return nil, fmt.Errorf("copy the database: %w", err)
	}
	if s.admin, err = s.address(primary.inDatabase()); err != nil {
		return nil, err
	}
	if s.service, err = s.address(primary.service); err != nil {
		return nil, err
	}
	return s, s.start(ctx)
}

// letIn makes a folder for the copy, and lets the server's own user follow it.
func (s *standby) letIn(ctx context.Context, primary *server, cluster string) error {
	info, err := os.Stat(cluster)
	if err != nil {
		return fmt.Errorf("find the server's data: %w", err)
	}
	if err := os.Mkdir(s.dir, 0o700); err != nil {
		return fmt.Errorf("make folder of the copy: %w", err)
	}
	if owner, ok := info.Sys().(*syscall.Stat_t); ok && int(owner.Uid) != os.Geteuid() {
		s.account = &syscall.Credential{Gid: owner.Gid, Uid: owner.Uid}
		if err := os.Chown(s.dir, int(owner.Uid), int(owner.Gid)); err != nil {
			return fmt.Errorf("give the copy its folder: %w", err)
		}
	}
	path := filepath.Join(cluster, "pg_hba.conf")
	access, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0) //nolint:gosec // a file of our own
	if err != nil {
		return fmt.Errorf("let the copy in: %w", err)
	}
	_, err = access.WriteString("local replication all peer map=deskhand\n")
	if err = errors.Join(err, access.Close()); err != nil {
		return fmt.Errorf("let the copy in: %w", err)
	}
	_, err = primary.execute(ctx, "SELECT pg_reload_conf()")
	return err
}

// address is the copy's, for what is the first server's address.
func (s *standby) address(of string) (string, error) {
	parsed, err := url.Parse(of)
	if err != nil {
		return "", fmt.Errorf("read address of the server: %w", err)
	}
	query := parsed.Query()
	query.Set("host", s.dir)
	query.Set("port", standbyPort)
	parsed.RawQuery = query.Encode()
	return parsed.String(), nil
}

func (s *standby) command(ctx context.Context, name string, args ...string) *exec.Cmd {
	command := exec.CommandContext(ctx, name, args...) //nolint:gosec // PostgreSQL's programs
	command.Dir, command.Stdout, command.Stderr = "/", s.log, s.log
	command.SysProcAttr = &syscall.SysProcAttr{Credential: s.account}
	return command
}

// start starts the copy and waits until it answers. Right after a kill, it must wait for those of its processes that still end.
func (s *standby) start(ctx context.Context) error {
	ended := make(chan struct{}, 1)
	args := []string{"-D", s.dir, "-k", s.dir, "-p", standbyPort, "-c", "logging_collector=off"}
	run := func() error {
		s.process = s.command(context.WithoutCancel(ctx), s.program, args...)
		if err := s.process.Start(); err != nil {
			return fmt.Errorf("start the copy: %w", err)
		}
		process := s.process
		go func() {
			_ = process.Wait() // it was killed, or says in the log why it ended
			ended <- struct{}{}
		}()
		return nil
	}
	if err := run(); err != nil {
		return err
	}
	for {
		conn, err := pgx.Connect(ctx, s.admin)
		if err == nil {
			return conn.Close(ctx)
		}
		select {
		case <-ended:
			if err := run(); err != nil {
				return err
			}
		default:
		}
		if err := pause(ctx, quickly); err != nil {
			return fmt.Errorf("wait for the copy: %w", err)
		}
	}
}

// kill ends the copy's main process, and the others with it, as when its machine goes.
func (s *standby) kill() error {
	if s.process == nil {
		return nil
	}
	err := s.process.Process.Signal(syscall.SIGKILL)
	s.process = nil
	if err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("kill the copy: %w", err)
	}
	return nil
}

// replay stops the copy from following, or lets it go on.
func (s *standby) replay(ctx context.Context, statement string) error {
	conn, err := pgx.Connect(ctx, s.admin)
	if err != nil {
		return fmt.Errorf("connect to the copy: %w", err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	if _, err := conn.Exec(ctx, statement); err != nil {
		return fmt.Errorf("at the copy: %w", err)
	}
	return nil
}
