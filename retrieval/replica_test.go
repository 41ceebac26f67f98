package retrieval_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant/postgres"
	"github.com/deskhand/deskhand/assistant/postgres/local"
	"github.com/deskhand/deskhand/migrations"
	"github.com/deskhand/deskhand/retrieval"
)

// Three services on one primary and its copy, which follows it by streaming replication.
func TestACopyIsSearchedOnlyWhileItHasTheNewestArticles(t *testing.T) {
	t.Parallel()
	servers := startServers(t)
	following, stop := context.WithCancel(t.Context())
	defer stop()
	var (
		desks    []*retrieval.Desk
		replicas []*retrieval.Replicas
		kb       knowledgeBase
	)
	for range 3 {
		copies := retrieval.NewReplicas(servers.open(t, servers.copyPort))
		kb = newLibraryWith(t, servers.open(t, servers.primaryPort), retrieval.Config{Replicas: copies})
		desks, replicas = append(desks, retrieval.NewDesk(kb.Index, nil)), append(replicas, copies)
		go copies.Follow(following)
	}
	asked := 0
	search := func(desk *retrieval.Desk) string {
		asked++ // no question is in a cache
		results := ask(t, desk, retrieval.Query{Locale: "en", Text: fmt.Sprint("What does a withdrawal cost, question ", asked)})
		require.NotEmpty(t, results.Hits)
		return results.Hits[0].Passage.Body
	}
	untilAnswered := func(want string) {
		for i, desk := range desks {
			before := replicas[i].Counts().Answered
			require.Eventually(t, func() bool {
				require.Contains(t, search(desk), want)
				return replicas[i].Counts().Answered > before
			}, time.Minute, 50*time.Millisecond)
		}
	}
	kb.load(article("fees", "en", "Fees", "A withdrawal costs 1 USDT."))
	untilAnswered("1 USDT")

	lagging := servers.open(t, servers.copyPort)
	execute(t, lagging, `SELECT pg_wal_replay_pause()`)
	require.Eventually(t, func() bool {
		var state string
		require.NoError(t, lagging.QueryRow(t.Context(), `SELECT pg_get_wal_replay_pause_state()`).Scan(&state))
		return state == "paused"
	}, time.Minute, 10*time.Millisecond)
	primary := servers.open(t, servers.primaryPort)
	soon, end := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer end()
	_, err := postgres.Lag(soon, primary, lagging)
	require.ErrorIs(t, err, postgres.ErrLags)
	_, err = postgres.Lag(t.Context(), primary, primary)
	require.ErrorIs(t, err, postgres.ErrNoCopy)
	kb.load(article("fees", "en", "Fees", "A withdrawal costs 2 USDT."))
	for i, desk := range desks {
		before := replicas[i].Counts()
		for range 5 {
			require.Contains(t, search(desk), "2 USDT")
		}
		after := replicas[i].Counts()
		require.Equal(t, before.Answered, after.Answered, "a copy that lags was asked")
		require.Equal(t, before.Behind+5, after.Behind)
	}

	execute(t, lagging, `SELECT pg_wal_replay_resume()`)
	untilAnswered("2 USDT")
	_, err = postgres.Lag(t.Context(), primary, lagging)
	require.NoError(t, err)

	servers.stop(t, "copy")
	for _, desk := range desks {
		require.Contains(t, search(desk), "2 USDT", "the primary answers for a copy that is gone")
	}
}

func TestWithoutFollowingACopyIsNotAsked(t *testing.T) {
	t.Parallel()
	copies := retrieval.NewReplicas(nil)
	kb := newLibrary(t)
	kb.load(article("fees", "en", "Fees", "A withdrawal costs 1 USDT."))
	kb = newLibraryWith(t, kb.pool, retrieval.Config{Replicas: copies})
	ask(t, retrieval.NewDesk(kb.Index, nil), retrieval.Query{Locale: "en", Text: "withdrawal"})
	require.Equal(t, retrieval.ReplicaCounts{Behind: 1}, copies.Counts())
}

// servers are a primary and its copy, in a folder that is their socket's, too.
type servers struct {
	account               *syscall.Credential
	dir                   string
	primaryPort, copyPort int
}

func startServers(t *testing.T) *servers {
	t.Helper()
	dir, err := os.MkdirTemp("", "dh-copy-") //nolint:usetesting // a short path, as a socket needs
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
	s := &servers{copyPort: 2, dir: dir, primaryPort: 1}
	if os.Geteuid() == 0 { // PostgreSQL does not run as root
		account, err := user.Lookup("postgres")
		require.NoError(t, err)
		uid, err := strconv.ParseUint(account.Uid, 10, 32)
		require.NoError(t, err)
		gid, err := strconv.ParseUint(account.Gid, 10, 32)
		require.NoError(t, err)
		s.account = &syscall.Credential{Gid: uint32(gid), Uid: uint32(uid)}
		require.NoError(t, os.Chown(dir, int(uid), int(gid)))
	}
	s.run(t, "initdb", "-A", "trust", "-D", s.folder("primary"), "-E", "UTF8", "-U", "postgres", "--locale=C", "--no-sync")
	s.start(t, "primary", s.primaryPort)
	require.NoError(t, migrations.Up(t.Context(), s.open(t, s.primaryPort)))
	s.run(t, "pg_basebackup", "-c", "fast", "-D", s.folder("copy"), "-h", dir, "-p", strconv.Itoa(s.primaryPort), "-R", "-U", "postgres",
		"--no-sync")
	s.start(t, "copy", s.copyPort)
	return s
}

func (s *servers) folder(name string) string { return filepath.Join(s.dir, name) }

func (s *servers) start(t *testing.T, name string, port int) {
	t.Helper()
	t.Cleanup(func() { _ = s.command("pg_ctl", "-D", s.folder(name), "-m", "immediate", "stop").Run() })
	options := fmt.Sprintf("-k %s -p %d -c listen_addresses= -c fsync=off -c shared_buffers=16MB -c dynamic_shared_memory_type=mmap", s.dir, port)
	s.run(t, "pg_ctl", "-D", s.folder(name), "-l", filepath.Join(s.folder(name), "log"), "-o", options, "-w", "start")
}

func (s *servers) stop(t *testing.T, name string) {
	t.Helper()
	s.run(t, "pg_ctl", "-D", s.folder(name), "-m", "immediate", "-w", "stop")
}

func (s *servers) open(t *testing.T, port int) *pgxpool.Pool {
	t.Helper()
	pool, err := postgres.Open(t.Context(), fmt.Sprintf("postgres://postgres@/postgres?host=%s&port=%d&pool_max_conns=4", s.dir, port))
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	return pool
}

// command is a program of PostgreSQL's, as its user.
func (s *servers) command(name string, args ...string) *exec.Cmd {
	path, err := local.Tool(context.Background(), name, 14)
	if err != nil {
		path = name
	}
	command := exec.CommandContext(context.Background(), path, args...) // also when the test has ended: it stops the servers
	command.Dir = "/"
	command.SysProcAttr = &syscall.SysProcAttr{Credential: s.account}
	return command
}

func (s *servers) run(t *testing.T, name string, args ...string) {
	t.Helper()
	said, err := os.Create(filepath.Join(t.TempDir(), "said")) // a pipe would stay open in the server that it starts
	require.NoError(t, err)
	command := s.command(name, args...)
	command.Stdout, command.Stderr = said, said
	err = command.Run()
	text, _ := os.ReadFile(said.Name())
	require.NoError(t, said.Close())
	require.NoError(t, err, "%s: %s", name, text)
}

func execute(t *testing.T, pool *pgxpool.Pool, statement string) {
	t.Helper()
	_, err := pool.Exec(t.Context(), statement)
	require.NoError(t, err)
}
