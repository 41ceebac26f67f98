package local_test

import (
	"bufio"
	"context"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant/postgres/local"
)

// ownerDir makes the test binary, when it is set, the owner of a cluster in that folder until it is killed.
const ownerDir = "DESKHAND_LOCAL_TEST_OWNER"

func TestMain(m *testing.M) {
	if dir := os.Getenv(ownerDir); dir != "" {
		ownUntilKilled(dir)
	}
	os.Exit(m.Run())
}

func ownUntilKilled(dir string) {
	cluster, err := local.Start(context.Background(), local.Config{DataDir: dir})
	if err != nil {
		os.Stdout.WriteString("failed: " + err.Error() + "\n")
		os.Exit(1)
	}
	conn, err := pgx.Connect(context.Background(), cluster.URL())
	if err == nil {
		_, err = conn.Exec(context.Background(), "CREATE TABLE kept AS SELECT 'question' AS body")
	}
	if err != nil {
		os.Stdout.WriteString("failed: " + err.Error() + "\n")
		os.Exit(1)
	}
	os.Stdout.WriteString("ready\n")
	select {}
}

func TestStart(t *testing.T) {
	t.Parallel()

	t.Run("KeepsDataOverAStop", func(t *testing.T) {
		t.Parallel()

		dir := dataDir(t)
		first := start(t, dir)
		exec1(t, first.URL(), "CREATE TABLE kept AS SELECT 'question' AS body")
		require.NoError(t, first.Stop(t.Context()))

		second := start(t, dir)
		require.Equal(t, "question", query(t, second.URL(), "SELECT body FROM kept"))
	})

	t.Run("GivesTheServiceNoMoreThanItNeeds", func(t *testing.T) {
		t.Parallel()

		cluster := start(t, dataDir(t))
		require.Equal(t, "deskhand off", query(t, cluster.URL(), "SELECT current_user || ' ' || current_setting('is_superuser')"))
		require.Empty(t, query(t, cluster.URL(), "SELECT current_setting('listen_addresses')"))
		require.Equal(t, "[1,2]", query(t, cluster.URL(), "SELECT '[1,2]'::halfvec::text"))
		require.Equal(t, "on", query(t, cluster.URL(), "SELECT current_setting('fsync')"))
		require.Equal(t, "UTF8", query(t, cluster.URL(), "SELECT current_setting('server_encoding')"))
		require.Equal(t, "on", query(t, cluster.URL(), "SELECT current_setting('data_checksums')"))
		require.Empty(t, query(t, cluster.AdminURL(),
			"SELECT coalesce(string_agg(name || error, ','), '') FROM pg_file_settings WHERE error IS NOT NULL"))
	})

	t.Run("RefusesAFolderThatIsInUse", func(t *testing.T) {
		t.Parallel()

		dir := dataDir(t)
		start(t, dir)
		_, err := local.Start(t.Context(), local.Config{DataDir: dir})
		require.ErrorIs(t, err, local.ErrInUse)
		require.ErrorContains(t, err, strconv.Itoa(os.Getpid()))
	})

	t.Run("AdoptsTheServerOfAKilledOwner", func(t *testing.T) {
		t.Parallel()

		dir := dataDir(t)
		owner := startOwner(t, dir)
		before := serverPID(t, dir)
		require.NoError(t, owner.Process.Kill())
		require.Error(t, owner.Wait())

		cluster := start(t, dir)
		require.Equal(t, "question", query(t, cluster.URL(), "SELECT body FROM kept"))
		require.Equal(t, before, serverPID(t, dir))
		require.NoError(t, cluster.Stop(t.Context()))
		require.NoFileExists(t, filepath.Join(dir, "postgres", "cluster", "postmaster.pid"))
		require.False(t, answers(t, cluster.URL()))
	})

	t.Run("RecoversWhenOwnerAndServerWereKilled", func(t *testing.T) {
		t.Parallel()

		dir := dataDir(t)
		owner := startOwner(t, dir)
		before := serverPID(t, dir)
		require.NoError(t, owner.Process.Kill())
		require.NoError(t, syscall.Kill(before, syscall.SIGKILL))
		require.Error(t, owner.Wait())

		cluster := start(t, dir)
		require.Equal(t, "question", query(t, cluster.URL(), "SELECT body FROM kept"))
		require.NotEqual(t, before, serverPID(t, dir))
	})

	t.Run("ReplacesAServerThatIsOnItsWayDown", func(t *testing.T) {
		t.Parallel()

		dir := dataDir(t)
		first := start(t, dir)
		client, err := pgx.Connect(t.Context(), first.URL())
		require.NoError(t, err)
		require.NoError(t, first.Release())
		before := serverPID(t, dir)
		// A smart shutdown refuses new clients and waits for those that are there.
		require.NoError(t, syscall.Kill(before, syscall.SIGTERM))
		require.Eventually(t, func() bool { return refusesClients(t, first.URL()) }, waitLimit, waitStep)

		started := make(chan *local.Cluster)
		go func() {
			defer close(started)
			if second, err := local.Start(t.Context(), local.Config{DataDir: dir}); err == nil {
				started <- second
			}
		}()
		require.NoError(t, client.Close(t.Context()))
		second, ok := <-started
		require.True(t, ok)
		t.Cleanup(func() { stop(t, second) })
		require.NotEqual(t, before, serverPID(t, dir))
	})

	t.Run("WorksInAFolderWithALongName", func(t *testing.T) {
		t.Parallel()

		dir := filepath.Join(dataDir(t), strings.Repeat("long", 30))
		cluster := start(t, dir)
		require.Equal(t, "1", query(t, cluster.URL(), "SELECT '1'"))
		address, err := url.Parse(cluster.URL())
		require.NoError(t, err)
		require.NoError(t, cluster.Stop(t.Context()))
		require.NoDirExists(t, address.Query().Get("host"))
	})

	t.Run("SaysThatTheServersUserCannotEnterTheFolder", func(t *testing.T) {
		t.Parallel()

		closed := dataDir(t)
		require.NoError(t, os.Chmod(closed, 0))
		_, err := local.Start(t.Context(), local.Config{DataDir: filepath.Join(closed, "data")})
		require.ErrorIs(t, err, local.ErrFolder)
	})

	t.Run("RefusesAClusterOfAnotherVersion", func(t *testing.T) {
		t.Parallel()

		dir := dataDir(t)
		require.NoError(t, start(t, dir).Stop(t.Context()))
		require.NoError(t, os.WriteFile(filepath.Join(dir, "postgres", "cluster", "PG_VERSION"), []byte("9\n"), 0o600))
		_, err := local.Start(t.Context(), local.Config{DataDir: dir})
		require.ErrorIs(t, err, local.ErrVersion)
		require.ErrorContains(t, err, "made by PostgreSQL 9")
	})

	t.Run("RefusesToStartWithoutAFolder", func(t *testing.T) {
		t.Parallel()

		_, err := local.Start(t.Context(), local.Config{})
		require.Error(t, err)
	})
}

func TestSupervision(t *testing.T) {
	t.Parallel()

	t.Run("RestartsAServerThatDied", func(t *testing.T) {
		t.Parallel()

		dir := dataDir(t)
		cluster := start(t, dir)
		before := serverPID(t, dir)
		require.NoError(t, syscall.Kill(before, syscall.SIGKILL))
		require.Eventually(t, func() bool { return answers(t, cluster.URL()) }, waitLimit, waitStep)
		require.NotEqual(t, before, serverPID(t, dir))
		require.NoError(t, cluster.Err())
	})

	t.Run("GivesUpOnAServerThatCannotStart", func(t *testing.T) {
		t.Parallel()

		dir := dataDir(t)
		cluster := start(t, dir)
		require.NoError(t, os.WriteFile(filepath.Join(dir, "postgres", "cluster", "custom.conf"), []byte("nonsense\n"), 0o600))
		require.NoError(t, syscall.Kill(serverPID(t, dir), syscall.SIGINT))
		<-cluster.Done()
		require.ErrorContains(t, cluster.Err(), "in a row")
	})

	t.Run("LeavesAReleasedServerRunning", func(t *testing.T) {
		t.Parallel()

		dir := dataDir(t)
		first := start(t, dir)
		require.NoError(t, first.Release())
		<-first.Done()
		before := serverPID(t, dir)
		second := start(t, dir)
		require.NoError(t, first.Stop(t.Context()))
		require.True(t, answers(t, second.URL()))
		require.Equal(t, before, serverPID(t, dir))
	})

	t.Run("StopTwiceIsStopOnce", func(t *testing.T) {
		t.Parallel()

		cluster := start(t, dataDir(t))
		require.NoError(t, cluster.Stop(t.Context()))
		require.NoError(t, cluster.Stop(t.Context()))
		require.NoError(t, cluster.Err())
		require.False(t, answers(t, cluster.URL()))
	})
}

func BenchmarkStart(b *testing.B) {
	b.Run("Cold", func(b *testing.B) {
		for b.Loop() {
			start(b, dataDir(b))
		}
	})
	b.Run("Warm", func(b *testing.B) {
		dir := dataDir(b)
		for b.Loop() {
			cluster := start(b, dir)
			b.StopTimer()
			stop(b, cluster)
			b.StartTimer()
		}
	})
	b.Run("Adopted", func(b *testing.B) {
		dir := dataDir(b)
		require.NoError(b, start(b, dir).Release())
		for b.Loop() {
			require.NoError(b, start(b, dir).Release())
		}
		start(b, dir) // its cleanup stops the server
	})
}

func startOwner(t *testing.T, dir string) *exec.Cmd {
	t.Helper()
	binary, err := os.Executable()
	require.NoError(t, err)
	owner := exec.CommandContext(t.Context(), binary)
	owner.Env = append(os.Environ(), ownerDir+"="+dir)
	out, err := owner.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, owner.Start())
	line, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err)
	require.Equal(t, "ready\n", line)
	return owner
}
