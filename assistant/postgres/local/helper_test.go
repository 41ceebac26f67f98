package local_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant/postgres/local"
)

const (
	waitLimit = 30 * time.Second
	waitStep  = 20 * time.Millisecond
)

// dataDir makes a folder that the server's user can reach, which t.TempDir under root is not.
func dataDir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "local") //nolint:usetesting // see above
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, errors.Join(os.Chmod(dir, 0o700), os.RemoveAll(dir))) })
	require.NoError(t, os.Chmod(dir, 0o711))
	return dir
}

func start(t testing.TB, dir string) *local.Cluster {
	t.Helper()
	cluster, err := local.Start(t.Context(), local.Config{DataDir: dir})
	require.NoError(t, err)
	t.Cleanup(func() { stop(t, cluster) })
	return cluster
}

func stop(t testing.TB, cluster *local.Cluster) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), waitLimit)
	defer cancel()
	require.NoError(t, cluster.Stop(ctx))
}

// serverPID reads which process works on the cluster, as PostgreSQL itself recorded it.
func serverPID(t *testing.T, dir string) int {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "postgres", "cluster", "postmaster.pid"))
	require.NoError(t, err)
	line, _, _ := strings.Cut(string(text), "\n")
	pid, err := strconv.Atoi(line)
	require.NoError(t, err)
	return pid
}

func exec1(t *testing.T, address, statement string) {
	t.Helper()
	conn := connect(t, address)
	_, err := conn.Exec(t.Context(), statement)
	require.NoError(t, err)
}

func query(t *testing.T, address, statement string) string {
	t.Helper()
	var result string
	require.NoError(t, connect(t, address).QueryRow(t.Context(), statement).Scan(&result))
	return result
}

func connect(t *testing.T, address string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), address)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close(context.WithoutCancel(t.Context())) })
	return conn
}

func answers(t *testing.T, address string) bool {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), address)
	return err == nil && conn.Close(t.Context()) == nil
}

func refusesClients(t *testing.T, address string) bool {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), address)
	if err == nil {
		require.NoError(t, conn.Close(t.Context()))
		return false
	}
	var refused *pgconn.PgError
	return errors.As(err, &refused)
}
