package local

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

const (
	// minPostgres is the oldest major that the PostgreSQL project maintained when this was written.
	minPostgres = 14
	// minVector is the first pgvector with the halfvec type.
	minVector = "0.7.0"
)

// installation is one PostgreSQL with pgvector on this machine.
type installation struct {
	bin     string // folder of initdb and postgres
	major   int
	vector  string // version of pgvector that it offers
	version string
}

func (i installation) program(name string) string { return filepath.Join(i.bin, name) }

// findInstallation picks the newest installation or, for an existing cluster, the newest one of the cluster's major.
func findInstallation(ctx context.Context, f folder, bins []string) (installation, error) {
	var usable []installation
	without := ""
	for _, bin := range bins {
		found, err := inspect(ctx, bin)
		switch {
		case err != nil || found.major < minPostgres:
			continue // an incomplete or old installation is as good as none
		case !newEnough(found.vector):
			without = found.version
		default:
			usable = append(usable, found)
		}
	}
	if len(usable) == 0 {
		return installation{}, notInstalled(without)
	}
	slices.SortStableFunc(usable, func(a, b installation) int { return cmp.Compare(b.major, a.major) })

	wanted, err := f.clusterMajor()
	if err != nil || wanted == 0 {
		return usable[0], err
	}
	if i := slices.IndexFunc(usable, func(found installation) bool { return found.major == wanted }); i >= 0 {
		return usable[i], nil
	}
	return installation{}, fmt.Errorf("%w: %s was made by PostgreSQL %d, and this machine has only %d with pgvector: "+
		"install PostgreSQL %d with pgvector, or move the data with pg_dump to a new folder",
		ErrVersion, f.cluster(), wanted, usable[0].major, wanted)
}

// searchPath lists the folders in which PostgreSQL's programs may be, each once.
func searchPath() []string {
	var found []string
	for _, program := range []string{"postgres", "pg_config"} {
		if path, err := exec.LookPath(program); err == nil {
			found = append(found, filepath.Dir(path))
		}
	}
	for _, pattern := range []string{
		"/usr/lib/postgresql/*/bin",          // Debian, Ubuntu
		"/usr/pgsql-*/bin",                   // the PostgreSQL project's RPMs
		"/opt/homebrew/opt/postgresql@*/bin", // macOS, ARM
		"/usr/local/opt/postgresql@*/bin",    // macOS, Intel
		"/usr/local/pgsql/bin",               // built from source
	} {
		matches, err := filepath.Glob(pattern)
		if err == nil { // the patterns above are well formed
			found = append(found, matches...)
		}
	}
	for i, dir := range found {
		if target, err := filepath.EvalSymlinks(dir); err == nil {
			found[i] = target
		}
	}
	slices.Sort(found)
	return slices.Compact(found)
}

// inspect reads what is installed in a folder of programs.
func inspect(ctx context.Context, bin string) (installation, error) {
	found := installation{bin: bin}
	if _, err := os.Stat(found.program("initdb")); err != nil {
		return installation{}, fmt.Errorf("look for initdb: %w", err)
	}
	out, err := exec.CommandContext(ctx, found.program("postgres"), "--version").Output()
	if err != nil {
		return installation{}, fmt.Errorf("ask postgres for its version: %w", err)
	}
	if found.version, found.major = parseVersion(string(out)); found.major == 0 {
		return installation{}, fmt.Errorf("read version of %s", found.program("postgres"))
	}
	out, err = exec.CommandContext(ctx, found.program("pg_config"), "--sharedir").Output()
	if err != nil {
		return installation{}, fmt.Errorf("ask pg_config for its folder: %w", err)
	}
	control, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(out)), "extension", "vector.control"))
	if err != nil && !os.IsNotExist(err) {
		return installation{}, fmt.Errorf("look for pgvector: %w", err)
	}
	found.vector = parseControl(string(control))
	return found, nil
}

// parseVersion reads "postgres (PostgreSQL) 15.20 (Debian 15.20-0+deb12u1)". The major is 0 if there is none.
func parseVersion(text string) (string, int) {
	version := regexp.MustCompile(`\d+(?:\.\d+|devel|beta\d+|rc\d+)?`).FindString(text)
	major, err := strconv.Atoi(regexp.MustCompile(`^\d+`).FindString(version))
	if err != nil {
		return "", 0
	}
	return version, major
}

// parseControl returns the default version in an extension's control file, "" if there is none.
func parseControl(text string) string {
	match := regexp.MustCompile(`(?m)^\s*default_version\s*=\s*'([^']*)'`).FindStringSubmatch(text)
	if match == nil {
		return ""
	}
	return match[1]
}

// newEnough holds a version of pgvector against minVector; what is not a number counts as 0.
func newEnough(version string) bool {
	return slices.Compare(numbers(version), numbers(minVector)) >= 0
}

func numbers(version string) []int {
	var parts []int
	for part := range strings.SplitSeq(version, ".") {
		n, err := strconv.Atoi(regexp.MustCompile(`^\d*`).FindString(part))
		if err != nil {
			n = 0
		}
		parts = append(parts, n)
	}
	return parts
}

func notInstalled(without string) error {
	if without != "" {
		return fmt.Errorf("%w: PostgreSQL %s is here, but pgvector >= %s for it is not: run `make setup`, or set DATABASE_URL",
			ErrNotInstalled, without, minVector)
	}
	return fmt.Errorf("%w: no PostgreSQL >= %d on this machine: run `make setup`, or set DATABASE_URL",
		ErrNotInstalled, minPostgres)
}
