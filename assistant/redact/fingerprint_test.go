package redact

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write fingerprints.bin from the word lists in DESKHAND_WORDLISTS")

// The lists in the order of fingerprints.bin: <name>.txt with a word per line in
// the folder that DESKHAND_WORDLISTS names.
func TestFingerprintsAreThoseOfTheWordLists(t *testing.T) {
	t.Parallel()
	dir := os.Getenv("DESKHAND_WORDLISTS")
	if dir == "" {
		t.Skip("DESKHAND_WORDLISTS is not set: it names a folder with the word lists of BIP-39 and Monero")
	}
	var want []byte
	for _, name := range []string{
		"bip39_portuguese", "bip39_russian", "bip39_turkish", "monero_english", "monero_french", "monero_german",
		"monero_italian", "monero_dutch", "monero_portuguese", "monero_spanish", "monero_russian",
	} {
		list, err := os.ReadFile(filepath.Join(dir, name+".txt"))
		require.NoError(t, err)
		for w := range strings.FieldsSeq(string(list)) {
			digest := fingerprint(fold(w).lower)
			want = append(want, byte(digest), byte(digest>>8), byte(digest>>16))
		}
	}
	if *update {
		require.NoError(t, os.WriteFile("fingerprints.bin", want, 0o644))
	}
	require.Equal(t, want, fingerprints)
}
