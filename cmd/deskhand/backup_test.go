package main

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant/postgres"
	"github.com/deskhand/deskhand/assistant/postgres/local"
	"github.com/deskhand/deskhand/assistant/postgres/pgtest"
)

// commandOn runs a command on a database and returns its exit code and what it said.
func commandOn(t *testing.T, url string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	return execute(t, append(args, "--database-url="+url, "--log-level=error")...)
}

func succeed(t *testing.T, url string, args ...string) string {
	t.Helper()
	code, stdout, stderr := commandOn(t, url, args...)
	require.Equal(t, exitOK, code, stderr)
	return stdout
}

// contents is every row of every table, as text.
func contents(t *testing.T, url string) map[string][]string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	require.NoError(t, err)
	defer conn.Close(t.Context())
	tables, err := postgres.Tables(t.Context(), conn)
	require.NoError(t, err)
	all := make(map[string][]string)
	for _, table := range tables {
		name := pgx.Identifier{table}.Sanitize()
		rows, err := conn.Query(t.Context(), "SELECT r::text FROM "+name+" AS r ORDER BY 1")
		require.NoError(t, err)
		all[table], err = pgx.CollectRows(rows, pgx.RowTo[string])
		require.NoError(t, err)
	}
	return all
}

// TestBackup restores into a cluster of its own, as after the loss of a machine.
func TestBackup(t *testing.T) { //nolint:tparallel // its subtests share one desk and its backup
	t.Parallel()

	from := pgtest.EmptyURL(t)
	succeed(t, from, "kb", "import", "--sample")
	succeed(t, from, "key", "create", "--role", "widget", "--name", "site")
	succeed(t, from, "policy", "auto-reply", "off")
	file := filepath.Join(t.TempDir(), "desk.zip")
	require.Contains(t, succeed(t, from, "backup", "--to", file), "It holds secrets")
	kept := contents(t, from)
	require.NotEmpty(t, kept["articles"])
	require.NotEmpty(t, kept["audit_log"])

	t.Run("IsReadableByItsOwnerAlone", func(t *testing.T) {
		info, err := os.Stat(file)
		require.NoError(t, err)
		require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	})

	t.Run("OverwritesNothing", func(t *testing.T) {
		before, err := os.ReadFile(file)
		require.NoError(t, err)
		code, _, stderr := commandOn(t, from, "backup", "--to", file)
		require.Equal(t, exitUsage, code)
		require.Contains(t, stderr, "--to")
		after, err := os.ReadFile(file)
		require.NoError(t, err)
		require.Equal(t, before, after)
	})

	t.Run("SaysWhatItHolds", func(t *testing.T) {
		var held manifest
		require.NoError(t, json.Unmarshal([]byte(succeed(t, "postgres://127.0.0.1:1/nobody", "restore", "--from", file, "--check", "--json")), &held))
		require.EqualValues(t, len(kept["articles"]), held.Rows["articles"])
		require.Equal(t, backupFormat, held.Format)
	})

	t.Run("ComesBackAsItWasInANewCluster", func(t *testing.T) { comesBack(t, file, kept) })

	t.Run("DamagedIsRefusedBeforeAnythingIsTouched", func(t *testing.T) { damagedIsRefused(t, file) })

	t.Run("ReplacesADeskOnlyWhenForced", func(t *testing.T) {
		full := pgtest.EmptyURL(t)
		succeed(t, full, "key", "create", "--role", "widget", "--name", "another")
		before := contents(t, full)
		code, _, stderr := commandOn(t, full, "restore", "--from", file)
		require.Equal(t, exitUsage, code)
		require.Contains(t, stderr, "not empty")
		require.Equal(t, before, contents(t, full))

		succeed(t, full, "restore", "--from", file, "--force")
		require.Equal(t, kept, contents(t, full))
	})

	t.Run("IsNotRestoredUnderARunningService", func(t *testing.T) {
		used := pgtest.EmptyURL(t)
		config, err := pgx.ParseConfig(used)
		require.NoError(t, err)
		config.RuntimeParams["application_name"] = "deskhand"
		conn, err := pgx.ConnectConfig(t.Context(), config)
		require.NoError(t, err)
		code, _, stderr := commandOn(t, used, "restore", "--from", file)
		require.NoError(t, conn.Close(t.Context()))
		require.Equal(t, exitUsage, code)
		require.Contains(t, stderr, "stop every replica")
	})
}

func comesBack(t *testing.T, file string, kept map[string][]string) {
	t.Helper()
	dir, err := os.MkdirTemp("", "deskhand-restore-") //nolint:usetesting // PostgreSQL's own user must be able to pass through
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
	require.NoError(t, os.Chmod(dir, 0o711))
	code, _, said := execute(t, "restore", "--from", file, "--data-dir", dir, "--log-level=error")
	require.Equal(t, exitOK, code, said)

	cluster, err := local.Start(t.Context(), local.Config{DataDir: dir})
	require.NoError(t, err)
	defer func() { require.NoError(t, cluster.Stop(t.Context())) }()
	require.Equal(t, kept, contents(t, cluster.URL()))
	require.Contains(t, succeed(t, cluster.URL(), "audit", "verify"), "intact")
	require.Contains(t, succeed(t, cluster.URL(), "search", "taker fee"), "trading-fees", "and it works")
}

func damagedIsRefused(t *testing.T, file string) {
	t.Helper()
	whole, err := os.ReadFile(file)
	require.NoError(t, err)
	flipped := bytes.Clone(whole)
	flipped[len(flipped)/2] ^= 1
	changed := func(change func(*manifest)) []byte {
		archive, err := zip.NewReader(bytes.NewReader(whole), int64(len(whole)))
		require.NoError(t, err)
		held, err := readManifest(archive)
		require.NoError(t, err)
		change(held)
		var buffer bytes.Buffer
		writer := zip.NewWriter(&buffer)
		dump, err := archive.Open(dumpEntry)
		require.NoError(t, err)
		entry, err := writer.Create(dumpEntry)
		require.NoError(t, err)
		_, err = io.Copy(entry, dump)
		require.NoError(t, err)
		entry, err = writer.Create(manifestEntry)
		require.NoError(t, err)
		require.NoError(t, json.NewEncoder(entry).Encode(held))
		require.NoError(t, writer.Close())
		return buffer.Bytes()
	}
	for name, test := range map[string]struct {
		content []byte
		says    string
	}{
		"Flipped":     {flipped, "damaged"},
		"CutOff":      {whole[:len(whole)/2], "only a part"},
		"AnotherFile": {[]byte("hello"), "no backup"},
		"AnotherDump": {changed(func(m *manifest) { m.SHA256 = strings.Repeat("0", 64) }), "changed or damaged"},
		"LaterFormat": {changed(func(m *manifest) { m.Format = 99 }), "format 99"},
		"LaterSchema": {changed(func(m *manifest) { m.Schema = 9999 }), "schema 9999"},
		"Empty":       {nil, "no backup"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "desk.zip")
			require.NoError(t, os.WriteFile(path, test.content, 0o600))
			code, _, stderr := commandOn(t, "postgres://127.0.0.1:1/nobody", "restore", "--from", path)
			require.Equal(t, exitUsage, code, stderr)
			require.Contains(t, stderr, test.says)
		})
	}

	t.Run("AndWhatDiffersFromTheManifestIsNotCalledRestored", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "desk.zip")
		content := changed(func(m *manifest) { m.Rows["articles"]++ })
		require.NoError(t, os.WriteFile(path, content, 0o600))
		code, _, stderr := commandOn(t, pgtest.EmptyURL(t), "restore", "--from", path)
		require.Equal(t, exitFailed, code)
		require.Contains(t, stderr, "articles has")
	})
}

func FuzzReadManifest(f *testing.F) {
	f.Add([]byte(`{"format": 1, "schema": 1, "rows": {"messages": 2}, "audit_head": "0:"}`))
	f.Add([]byte(`null`))
	f.Add([]byte(`{"schema": 999999}`))
	f.Fuzz(func(t *testing.T, content []byte) {
		var file bytes.Buffer
		archive := zip.NewWriter(&file)
		entry, err := archive.Create(manifestEntry)
		require.NoError(t, err)
		_, err = entry.Write(content)
		require.NoError(t, err)
		require.NoError(t, archive.Close())
		read, err := zip.NewReader(bytes.NewReader(file.Bytes()), int64(file.Len()))
		require.NoError(t, err)
		if held, err := readManifest(read); err == nil {
			require.Equal(t, backupFormat, held.Format)
			require.Error(t, held.verify(read), "there is no dump in it")
		}
	})
}
