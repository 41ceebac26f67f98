package seal_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant/seal"
)

const place = "messages.body/1"

func ring(t *testing.T, lines ...string) *seal.Keyring {
	t.Helper()
	keys, err := seal.ParseKeyring(strings.NewReader(strings.Join(lines, "\n")))
	require.NoError(t, err)
	return keys
}

func newKey(t *testing.T) (*seal.DataKey, seal.Wrapped, *seal.Keyring) {
	t.Helper()
	keys := ring(t, seal.NewKey())
	key, wrapped, err := keys.NewDataKey()
	require.NoError(t, err)
	return key, wrapped, keys
}

func TestSealedText(t *testing.T) {
	t.Parallel()

	t.Run("OpensAsItWas", func(t *testing.T) {
		t.Parallel()

		key, _, _ := newKey(t)
		for _, text := range []string{"", "my withdrawal is late", "提币两个小时了还没到账", "لم يصل السحب", strings.Repeat("ж", 40_000), "dhe1.x", "\x00\xff"} {
			sealed := key.Seal(place, text)
			require.True(t, strings.HasPrefix(sealed, seal.Prefix))
			require.NotEqual(t, sealed, key.Seal(place, text), "two equal texts do not look equal")
			id, ok := seal.KeyOf(sealed)
			require.True(t, ok)
			require.Equal(t, key.ID(), id)
			opened, err := key.Open(place, sealed)
			require.NoError(t, err)
			require.Equal(t, text, opened)
		}
	})

	t.Run("DoesNotOpenElsewhereOrChanged", func(t *testing.T) {
		t.Parallel()

		key, _, _ := newKey(t)
		other, _, _ := newKey(t)
		sealed := key.Seal(place, "withdrawal")
		_, err := key.Open("messages.body/2", sealed)
		require.ErrorIs(t, err, seal.ErrBroken)
		_, err = other.Open(place, sealed)
		require.ErrorIs(t, err, seal.ErrBroken)
		for i := range sealed {
			changed := []byte(sealed)
			changed[i] ^= 1
			opened, err := key.Open(place, string(changed))
			require.ErrorIs(t, err, seal.ErrBroken, "at %d", i)
			require.Empty(t, opened)
		}
	})

	t.Run("IsNotWhatSomebodyWroteLikeOne", func(t *testing.T) {
		t.Parallel()

		key, _, _ := newKey(t)
		require.Equal(t, "dhe is short for", seal.Plain("dhe is short for"))
		_, ok := seal.KeyOf(seal.Plain(key.Seal(place, "x")))
		require.False(t, ok)
	})
}

func TestKeyring(t *testing.T) {
	t.Parallel()

	t.Run("TheFirstKeyWrapsAndAllUnwrap", func(t *testing.T) {
		t.Parallel()

		before, after := seal.NewKey(), seal.NewKey()
		old := ring(t, before)
		key, wrapped, err := old.NewDataKey()
		require.NoError(t, err)
		sealed := key.Seal(place, "withdrawal")

		both := ring(t, "# since May", after, "", "# until May", before)
		rewrapped, err := both.Rewrap(wrapped)
		require.NoError(t, err)
		require.Equal(t, both.Current(), rewrapped.KEK)
		require.NotEqual(t, old.Current(), rewrapped.KEK)
		for _, w := range []seal.Wrapped{wrapped, rewrapped} {
			opened, err := both.Unwrap(w)
			require.NoError(t, err)
			text, err := opened.Open(place, sealed)
			require.NoError(t, err)
			require.Equal(t, "withdrawal", text)
		}
		_, err = ring(t, after).Unwrap(wrapped)
		require.ErrorContains(t, err, old.Current(), "which key is missing")
	})

	t.Run("AWrappedKeyIsBoundToItsID", func(t *testing.T) {
		t.Parallel()

		_, wrapped, keys := newKey(t)
		_, other, err := keys.NewDataKey()
		require.NoError(t, err)
		wrapped.Bytes = other.Bytes
		_, err = keys.Unwrap(wrapped)
		require.ErrorContains(t, err, "changed")
	})

	t.Run("AFileThatIsNoneIsRefusedWithoutItsContent", func(t *testing.T) {
		t.Parallel()

		key := seal.NewKey()
		for content, reason := range map[string]string{
			"":                            "no key",
			"# nothing\n":                 "no key",
			"hunter2\n":                   "line 1",
			key + "\nhunter2":             "line 2",
			key + "\n" + key:              "second time",
			strings.Repeat("x", 100_000):  "too long",
			"aHVudGVyMg==\n":              "32 random bytes",
			strings.Repeat("A", 43) + "B": "line 1",
		} {
			_, err := seal.ParseKeyring(strings.NewReader(content))
			require.ErrorContains(t, err, reason)
			require.NotContains(t, err.Error(), "hunter2")
		}
	})
}

func FuzzOpen(f *testing.F) {
	keys, err := seal.ParseKeyring(strings.NewReader(seal.NewKey()))
	require.NoError(f, err)
	key, _, err := keys.NewDataKey()
	require.NoError(f, err)
	sealed := key.Seal(place, "withdrawal")
	for _, seed := range []string{"", seal.Prefix, sealed, sealed[:len(sealed)-1], sealed + "A", " " + sealed} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		opened, err := key.Open(place, text)
		if err == nil {
			require.Equal(t, sealed, text, "nobody else has the key")
			require.Equal(t, "withdrawal", opened)
		}
		_, ok := seal.KeyOf(seal.Plain(text))
		require.False(t, ok)
	})
}

func FuzzParseKeyring(f *testing.F) {
	f.Add(seal.NewKey())
	f.Add("# one\n" + seal.NewKey() + "\n\n" + seal.NewKey())
	f.Add("AAAA\n")
	f.Fuzz(func(t *testing.T, content string) {
		if keys, err := seal.ParseKeyring(strings.NewReader(content)); err == nil {
			require.True(t, keys.Holds(keys.Current()))
		}
	})
}
