package local

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"strconv"
	"syscall"
)

// createdUser is the system user that is made when deskhand runs as root and there is no user postgres.
const createdUser = "deskhand"

// owner is the operating-system user that the server runs as.
type owner struct {
	credential *syscall.Credential // nil: the same user as this program
	invoker    string              // user name of this program
	name       string
	uid, gid   int
}

// findOwner returns the user of this program or, under root, the one that PostgreSQL may run as.
func findOwner(ctx context.Context) (owner, error) {
	self, err := user.LookupId(strconv.Itoa(os.Geteuid()))
	if err != nil {
		return owner{}, fmt.Errorf("%w: user id %d has no name, and PostgreSQL needs one: add it to /etc/passwd, or set DATABASE_URL",
			ErrFolder, os.Geteuid())
	}
	if os.Geteuid() != 0 {
		return owner{invoker: self.Username, name: self.Username, uid: os.Geteuid(), gid: os.Getegid()}, nil
	}
	account, err := serverAccount(ctx)
	if err != nil {
		return owner{}, err
	}
	uid, errUID := strconv.ParseUint(account.Uid, 10, 32)
	gid, errGID := strconv.ParseUint(account.Gid, 10, 32)
	if errUID != nil || errGID != nil {
		return owner{}, fmt.Errorf("read ids of user %s: %q, %q", account.Username, account.Uid, account.Gid)
	}
	return owner{
		credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)},
		invoker:    self.Username, name: account.Username, uid: int(uid), gid: int(gid),
	}, nil
}

// command prepares a program to run as the owner, outside the terminal's process group (the terminal sends Ctrl-C to the
// whole group; the server leaves when Stop says so) and with no environment that could change what PostgreSQL does.
func (o owner) command(ctx context.Context, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = "/" // the folder we are in may be closed to the owner
	cmd.Env = []string{"LC_ALL=C", "PATH=/usr/bin:/bin:/usr/sbin:/sbin", "TZ=UTC"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: o.credential, Setsid: true}
	return cmd
}

func serverAccount(ctx context.Context) (*user.User, error) {
	for _, name := range []string{"postgres", createdUser} {
		if account, err := user.Lookup(name); err == nil {
			return account, nil
		}
	}
	out, err := exec.CommandContext(ctx, "useradd", "--system", "--no-create-home", "--home-dir", "/nonexistent",
		"--shell", "/usr/sbin/nologin", createdUser).CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("create system user %s, since PostgreSQL does not run as root: %w: %s", createdUser, err, out)
	}
	account, err := user.Lookup(createdUser)
	if err != nil {
		return nil, fmt.Errorf("look up user %s: %w", createdUser, err)
	}
	return account, nil
}
