package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant/postgres/pgtest"
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
	require.Contains(t, said(exitUsage, "webhook", "list"), "is needed")

	require.Contains(t, said(exitUsage, "encryption", "off"), "--encryption-keys")
	require.Contains(t, said(exitOK, "encryption", "off", file), "1 texts are opened")
	require.Contains(t, said(exitOK, "encryption", "off", file), "0 texts are opened")
	require.Contains(t, said(exitOK, "encryption", "status", file, "--decrypt"), "encryption is off")
	require.Contains(t, said(exitFailed, "encryption", "status", file), "encryption is off")
	var report sealingReport
	require.NoError(t, json.Unmarshal([]byte(said(exitOK, "encryption", "status", "--json")), &report))
	require.Zero(t, report.Sealed())
	require.Empty(t, report.Keys)
	require.Contains(t, said(exitOK, "webhook", "list"), "crm")
}
