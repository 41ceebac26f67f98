package local

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// adoptedPoll is how often a server is looked at that is not our child, so that the kernel does not tell us of its end.
const adoptedPoll = 250 * time.Millisecond

// process is a PostgreSQL server's main process.
type process interface {
	pid() int
	// signal fails with os.ErrProcessDone if the process has ended.
	signal(sig syscall.Signal) error
	// wait returns nil once the process has ended, else the context's error.
	wait(ctx context.Context) error
}

// child is a server that this program started.
type child struct {
	cmd   *exec.Cmd
	ended chan struct{}
}

func startChild(cmd *exec.Cmd) (*child, error) {
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", cmd.Path, err)
	}
	c := &child{cmd: cmd, ended: make(chan struct{})}
	go func() {
		defer close(c.ended)
		_ = cmd.Wait() // how it ended is in its log; that it ended is what counts
	}()
	return c, nil
}

func (c *child) pid() int { return c.cmd.Process.Pid }

func (c *child) signal(sig syscall.Signal) error { return c.cmd.Process.Signal(sig) }

func (c *child) wait(ctx context.Context) error {
	select {
	case <-c.ended:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// adopted is a server whose parent died.
type adopted struct {
	folder folder
	id     int
}

func (a adopted) pid() int { return a.id }

func (a adopted) signal(sig syscall.Signal) error {
	// Looked at again just before: the number may belong to another process by now.
	if !a.running() {
		return os.ErrProcessDone
	}
	err := syscall.Kill(a.id, sig)
	if errors.Is(err, syscall.ESRCH) {
		return os.ErrProcessDone
	}
	return err
}

func (a adopted) wait(ctx context.Context) error {
	ticker := time.NewTicker(adoptedPoll)
	defer ticker.Stop()
	for a.running() {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

func (a adopted) running() bool { return isPostmaster(a.id, a.folder.cluster()) }

// postmaster returns the process number of the server that runs on the cluster, 0 if none does.
func (f folder) postmaster() (int, error) {
	pid, err := recordedPID(f.pidFile())
	if err != nil || pid == 0 || !isPostmaster(pid, f.cluster()) {
		return 0, err
	}
	return pid, nil
}

// dropStalePID removes the server's own lock files, in the cluster and beside the socket, if they name a process that is
// not a server on this cluster. PostgreSQL does so itself unless the system knows a process of that number with the
// server's user. In a container that is likely: the same few numbers are given out after each restart, and the dead
// stay on the list where process 1 does not wait for them. The server would then refuse to start. Shared memory that
// an earlier server's processes still use is found without these files, by the inode of the cluster's folder.
func (f folder) dropStalePID() error {
	for _, path := range []string{f.pidFile(), filepath.Join(f.socketDir, ".s.PGSQL."+socketPort+".lock")} {
		pid, err := recordedPID(path)
		if err != nil {
			return err
		}
		if pid == 0 || isPostmaster(pid, f.cluster()) {
			continue
		}
		if err := os.Remove(path); err != nil && !missing(err) {
			return fmt.Errorf("remove stale lock file: %w", err)
		}
	}
	return nil
}

// recordedPID returns the process number in a lock file of the server, 0 if there is none.
func recordedPID(path string) (int, error) {
	text, err := os.ReadFile(path)
	if missing(err) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("read lock file of the server: %w", err)
	}
	line, _, _ := strings.Cut(string(text), "\n")
	pid, err := strconv.Atoi(strings.TrimSpace(line))
	if err != nil {
		return 0, nil //nolint:nilerr // empty after a crash of the machine: it names nobody
	}
	return pid, nil
}

func (f folder) pidFile() string { return filepath.Join(f.cluster(), "postmaster.pid") }

// isPostmaster reports whether a process is a server on the cluster. It goes by the command line, which this package
// chose itself and which, unlike a process's working folder, everybody may read.
func isPostmaster(pid int, cluster string) bool {
	if err := syscall.Kill(pid, 0); err != nil {
		return false
	}
	line, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "cmdline")) // empty for a zombie
	if err == nil {
		return isServerCommand(strings.Split(strings.TrimRight(string(line), "\x00"), "\x00"), cluster)
	}
	if _, err := os.Stat("/proc/self"); err == nil {
		return false
	}
	// macOS has no /proc.
	out, err := exec.CommandContext(context.Background(), "ps", "-ww", "-p", strconv.Itoa(pid), "-o", "command=").Output()
	return err == nil && strings.HasSuffix(strings.TrimSpace(string(out)), "postgres -D "+cluster)
}

func isServerCommand(args []string, cluster string) bool {
	return len(args) == 3 && filepath.Base(args[0]) == "postgres" && slices.Equal(args[1:], []string{"-D", cluster})
}
