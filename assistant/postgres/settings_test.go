package postgres_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant"
)

func TestStoreSettings(t *testing.T) {
	t.Parallel()

	bundle := setup(t)
	settings, err := bundle.store.Settings(t.Context())
	require.NoError(t, err)
	require.True(t, settings.Policy.AutoReply)

	policy := settings.Policy
	policy.AutoReply = false
	version, err := bundle.store.SetPolicy(t.Context(), policy, assistant.AnyVersion, "test")
	require.NoError(t, err)
	id, err := bundle.store.SetNotice(t.Context(), assistant.Notice{Intents: []string{"withdrawal.pending"}, Texts: map[string]string{"en": "Delayed."}}, "test")
	require.NoError(t, err)

	settings, err = bundle.store.Settings(t.Context())
	require.NoError(t, err)
	require.False(t, settings.Policy.AutoReply)
	require.Equal(t, version, settings.Policy.Version)
	require.Len(t, settings.Notices, 1)

	require.NoError(t, bundle.store.EndNotice(t.Context(), id, "test"))
	settings, err = bundle.store.Settings(t.Context())
	require.NoError(t, err)
	require.Empty(t, settings.Notices)
}
