package local

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// Tool returns the path of one of PostgreSQL's programs, such as pg_dump, for a server of a major version: of that version, or
// else of the next newer one, because none works with a server that is newer than itself. It fails with ErrNotInstalled.
func Tool(ctx context.Context, name string, major int) (string, error) {
	best, bestMajor := "", 0
	for _, bin := range append(searchPath(), besides(name)...) {
		path := filepath.Join(bin, name)
		if _, err := os.Stat(path); err != nil {
			continue
		}
		out, err := exec.CommandContext(ctx, path, "--version").Output()
		if err != nil {
			continue // a program that does not run is as good as none
		}
		_, found := parseVersion(string(out))
		if found >= major && (best == "" || found < bestMajor) {
			best, bestMajor = path, found
		}
	}
	if best == "" {
		return "", fmt.Errorf("%w: %s for a PostgreSQL %d is not on this machine: install its client programs "+
			"(package postgresql-client-%d on Debian), version %d or newer", ErrNotInstalled, name, major, major, major)
	}
	return best, nil
}

// besides is where a program is found that was installed without the server.
func besides(name string) []string {
	path, err := exec.LookPath(name)
	if err != nil {
		return nil
	}
	return []string{filepath.Dir(path)}
}
