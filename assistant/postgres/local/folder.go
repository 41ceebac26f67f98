package local

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

const (
	// socketPort only names the socket file: nothing listens on a network port.
	socketPort = "5432"

	// maxSocketDir is what is left of sockaddr_un.sun_path (104 bytes on macOS, 108 on Linux) for the folder, after
	// "/.s.PGSQL.5432" and the final zero.
	maxSocketDir = 104 - len("/.s.PGSQL."+socketPort) - 1
)

// folder knows where things are below the data folder:
//
//	deskhand.lock        held by the program that uses the folder; names its process
//	postgres/            owned by the server's user, closed to everybody else
//	postgres/cluster/    PostgreSQL's data directory
//	postgres/run/        the socket, unless its path would be too long
//	postgres/start.log   what the server said before its own log began
type folder struct {
	owner     owner
	root      string
	socketDir string
}

// openFolder creates what is missing and makes sure that the server's user can work there.
func openFolder(ctx context.Context, dir string, o owner) (folder, error) {
	root, err := filepath.Abs(dir)
	if err != nil {
		return folder{}, fmt.Errorf("find data folder: %w", err)
	}
	f := folder{owner: o, root: root}
	if err := makeRoot(root); err != nil {
		return folder{}, fmt.Errorf("%w: %w", ErrFolder, err)
	}
	// The server resolves symbolic links in its own working folder, by which a running one is recognised.
	if f.root, err = filepath.EvalSymlinks(root); err != nil {
		return folder{}, fmt.Errorf("%w: %w", ErrFolder, err)
	}
	if err := o.privateDir(f.home()); err != nil {
		return folder{}, err
	}
	if err := o.command(ctx, "/bin/sh", "-c", `cd "$0" && test -w .`, f.home()).Run(); err != nil {
		return folder{}, fmt.Errorf("%w: user %s, as whom PostgreSQL runs, cannot enter %s: open the folders above it "+
			"(chmod o+x), or choose another data folder such as /var/lib/deskhand", ErrFolder, o.name, f.home())
	}
	f.socketDir = filepath.Join(f.home(), "run")
	if len(f.socketDir) > maxSocketDir {
		sum := sha256.Sum256([]byte(f.root))
		f.socketDir = filepath.Join("/tmp", "deskhand-"+strconv.Itoa(o.uid)+"-"+hex.EncodeToString(sum[:6]))
	}
	if err := o.privateDir(f.socketDir); err != nil {
		return folder{}, err
	}
	return f, nil
}

func (f folder) cluster() string  { return filepath.Join(f.home(), "cluster") }
func (f folder) home() string     { return filepath.Join(f.root, "postgres") }
func (f folder) lockFile() string { return filepath.Join(f.root, "deskhand.lock") }
func (f folder) startLog() string { return filepath.Join(f.home(), "start.log") }

// currentLog returns the file that the server's log collector writes, "" if it has not opened one. PostgreSQL removes
// the note about it when it starts.
func (f folder) currentLog() string {
	text, err := os.ReadFile(filepath.Join(f.cluster(), "current_logfiles"))
	if err != nil {
		return ""
	}
	line, _, _ := strings.Cut(string(text), "\n")
	_, name, _ := strings.Cut(line, " ")
	return filepath.Join(f.cluster(), name)
}

// dropSocketDir removes the socket's folder if it is outside the data folder; nobody else would.
func (f folder) dropSocketDir() error {
	if filepath.Dir(f.socketDir) == f.home() {
		return nil
	}
	if err := os.Remove(f.socketDir); err != nil && !missing(err) {
		return fmt.Errorf("remove folder of the socket: %w", err)
	}
	return nil
}

// clusterMajor returns the major version that made the cluster, 0 if there is no cluster yet.
func (f folder) clusterMajor() (int, error) {
	text, err := os.ReadFile(filepath.Join(f.cluster(), "PG_VERSION"))
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("read version of the cluster: %w", err)
	}
	major, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		return 0, fmt.Errorf("read version of the cluster: %w", err)
	}
	return major, nil
}

// privateDir makes a folder that only the owner can enter. A folder that is there already and belongs to someone else,
// or that is a symbolic link, is refused: in a shared place such as /tmp, somebody may have put it there for us.
func (o owner) privateDir(dir string) error {
	err := os.Mkdir(dir, 0o700)
	switch {
	case err == nil:
		if err := os.Lchown(dir, o.uid, o.gid); err != nil {
			return fmt.Errorf("%w: %w", ErrFolder, err)
		}
		return nil
	case !errors.Is(err, fs.ErrExist):
		return fmt.Errorf("%w: %w", ErrFolder, err)
	}
	info, err := os.Lstat(dir)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrFolder, err)
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if ok && info.IsDir() && int(stat.Uid) == os.Geteuid() && o.uid != os.Geteuid() {
		// Made by us, but we were killed before we gave it away.
		return os.Lchown(dir, o.uid, o.gid)
	}
	if !ok || !info.IsDir() || int(stat.Uid) != o.uid || info.Mode().Perm()&0o077 != 0 {
		return fmt.Errorf("%w: %s must be a folder of user %s with mode 0700: remove it or choose another data folder",
			ErrFolder, dir, o.name)
	}
	return nil
}

// makeRoot creates the data folder. Others may pass through it, since under root the server's user is one of them, but
// not list it; what is inside protects itself.
func makeRoot(root string) error {
	if _, err := os.Stat(root); err == nil {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(root), 0o755); err != nil {
		return err
	}
	err := os.Mkdir(root, 0o711)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return os.Chmod(root, 0o711) // whatever the umask
}

// lockFolder takes the folder for this program, until the returned file is closed or the program dies.
func lockFolder(path string) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFolder, err)
	}
	err = syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		holder, readErr := os.ReadFile(path)
		return nil, errors.Join(fmt.Errorf("%w: another deskhand (process %s) uses %s: stop it, or choose another data folder",
			ErrInUse, strings.TrimSpace(string(holder)), filepath.Dir(path)), readErr, file.Close())
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("lock data folder: %w", err), file.Close())
	}
	if err := errors.Join(file.Truncate(0), writeAt(file, strconv.Itoa(os.Getpid())+"\n")); err != nil {
		return nil, errors.Join(fmt.Errorf("write lock file: %w", err), file.Close())
	}
	return file, nil
}

func writeAt(file *os.File, text string) error {
	_, err := file.WriteAt([]byte(text), 0)
	return err
}
