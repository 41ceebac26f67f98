package local_test

import (
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant/postgres/local"
)

func TestTool(t *testing.T) {
	t.Parallel()

	path, err := local.Tool(t.Context(), "pg_dump", 14)
	require.NoError(t, err)
	said, err := exec.CommandContext(t.Context(), path, "--version").Output()
	require.NoError(t, err)
	require.Contains(t, string(said), "pg_dump")

	_, err = local.Tool(t.Context(), "pg_dump", 999)
	require.ErrorIs(t, err, local.ErrNotInstalled, "none works with a server that is newer than itself")
	require.ErrorContains(t, err, "postgresql-client-999")
	_, err = local.Tool(t.Context(), "pg_nothing", 14)
	require.ErrorIs(t, err, local.ErrNotInstalled)
}
