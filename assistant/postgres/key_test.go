package postgres_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/assistant/postgres"
)

func TestStoreKeys(t *testing.T) { //nolint:tparallel // its subtests build on each other
	t.Parallel()

	bundle := setup(t)
	key, secret, err := bundle.store.CreateKey(t.Context(), postgres.Key{Name: "Mia", Role: postgres.RoleAgent})
	require.NoError(t, err)
	found, err := bundle.store.KeyBySecret(t.Context(), secret)
	require.NoError(t, err)
	require.Equal(t, key.ID, found.ID)
	require.NotNil(t, found.AgentID)

	t.Run("SecretIsStoredNowhere", func(t *testing.T) {
		require.Equal(t, 0, bundle.count(t, `SELECT count(*) FROM api_keys k WHERE k::text LIKE '%' || '`+secret+`' || '%'`))
	})

	t.Run("UnknownAndRevokedKeysAreUnauthorized", func(t *testing.T) {
		_, err := bundle.store.KeyBySecret(t.Context(), secret+"x")
		require.Equal(t, assistant.CodeUnauthorized, assistant.ErrorCode(err))
		require.NoError(t, bundle.store.RevokeKey(t.Context(), key.ID, "test"))
		_, err = bundle.store.KeyBySecret(t.Context(), secret)
		require.Equal(t, assistant.CodeUnauthorized, assistant.ErrorCode(err))
	})
}
