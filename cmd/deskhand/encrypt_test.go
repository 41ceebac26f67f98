package main

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant/desk"
	"github.com/deskhand/deskhand/assistant/postgres"
	"github.com/deskhand/deskhand/assistant/postgres/pgtest"
	"github.com/deskhand/deskhand/assistant/seal"
)

// A desk is encrypted and opened again the way its operator does both.
func TestEncryptionIsTurnedOnAndOff(t *testing.T) {
	t.Parallel()

	database, keys := pgtest.URL(t), filepath.Join(t.TempDir(), "keys")
	said := func(want int, args ...string) string {
		var stdout, stderr bytes.Buffer
		args = append(args, "--database-url="+database)
		code := run(t.Context(), args, streams{err: &stderr, in: strings.NewReader(""), out: &stdout})
		require.Equal(t, want, code, "%s: %s%s", args, stdout.String(), stderr.String())
		return stdout.String() + stderr.String()
	}
	file := "--encryption-keys=" + keys
	require.NoError(t, os.WriteFile(keys, []byte(said(exitOK, "encryption", "key")), 0o600))
	said(exitOK, "webhook", "add", "https://crm.example/hooks", "--name=crm") // its secret is sealed too

	require.Contains(t, said(exitOK, "encryption", "status"), "encryption is off")
	require.Contains(t, said(exitFailed, "encryption", "status", file), "encryption is off", "to look does not begin it")
	require.Contains(t, said(exitUsage, "encryption", "run"), "--encryption-keys")
	require.Contains(t, said(exitUsage, "encryption", "run", file, "--decrypt"), "contradict")
	require.Contains(t, said(exitOK, "encryption", "run", file), "1 texts are encrypted")
	require.Contains(t, said(exitOK, "encryption", "status", file), "in use")
	require.Contains(t, said(exitFailed, "encryption", "status", file, "--decrypt"), "encryption off")
	require.Contains(t, said(exitUsage, "encryption", "status"), "is needed")

	require.Contains(t, said(exitUsage, "encryption", "off"), "--encryption-keys")
	require.Contains(t, said(exitOK, "encryption", "off", file), "1 texts are opened")
	require.Contains(t, said(exitOK, "encryption", "status", file, "--decrypt"), "encryption is off")
	var report sealingReport
	require.NoError(t, json.Unmarshal([]byte(said(exitOK, "encryption", "status", "--json")), &report))
	require.Zero(t, report.Sealed())
	require.Empty(t, report.Keys)
	require.Contains(t, said(exitOK, "webhook", "list"), "crm")

	// A file that somebody forgot in the settings turns nothing on, and is not passed over either: its owner expects encryption.
	for _, args := range [][]string{{"webhook", "list", file}} {
		require.Regexp(t, `\Adeskhand: [^\n]*was taken off[^\n]*deskhand encryption on"\n\z`, said(exitUsage, args...))
	}
	require.Contains(t, said(exitUsage, "encryption", "on"), "--encryption-keys")
	require.Contains(t, said(exitUsage, "encryption", "on", file, "--decrypt"), "contradict")
	require.Contains(t, said(exitOK, "encryption", "on", file), "Encryption is on.")
	require.Contains(t, said(exitOK, "encryption", "run", file), "1 texts are encrypted")

	// A backup takes what is encrypted along as it is, and needs the same file afterwards.
	backup := filepath.Join(t.TempDir(), "desk.zip")
	said(exitOK, "backup", "--to", backup, file)
	database = pgtest.EmptyURL(t)
	said(exitOK, "restore", "--from", backup)
	require.Contains(t, said(exitUsage, "webhook", "list"), "is needed")
	require.Contains(t, said(exitOK, "webhook", "list", file), "crm")
}

// A replica that was forgotten with --decrypt says that it stores texts as they are written.
func TestReplicaThatReadsOnlyOnAnEncryptedDeskSaysSo(t *testing.T) {
	t.Parallel()

	for name, test := range map[string]struct {
		encrypted bool
		ticks     int
		warnings  int
	}{
		"Encrypted": {encrypted: true, ticks: 2, warnings: 3}, "NotEncrypted": {ticks: 2, warnings: 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			pool := pgtest.DB(t)
			keys, err := seal.ParseKeyring(strings.NewReader(seal.NewKey()))
			require.NoError(t, err)
			vault, err := postgres.OpenReader(t.Context(), pool, keys)
			require.NoError(t, err)
			s := &system{store: postgres.New(pool, time.Now, nil).WithVault(vault), vault: vault}
			if test.encrypted {
				_, err := s.store.TurnOn(t.Context(), desk.Actor{Machine: "cli"})
				require.NoError(t, err)
			}
			var log bytes.Buffer
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			ticks, ended := make(chan time.Time), make(chan struct{})
			go func() {
				defer close(ended)
				s.warnOfPlain(ctx, slog.New(slog.NewTextHandler(&log, nil)), ticks)
			}()
			for range test.ticks {
				ticks <- time.Time{}
			}
			ticks <- time.Time{} // the one before has been seen to
			cancel()
			<-ended
			require.GreaterOrEqual(t, strings.Count(log.String(), "stored as they are written"), test.warnings)
			require.Equal(t, test.warnings > 0, log.Len() > 0)
		})
	}
}
