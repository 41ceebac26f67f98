package redact

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write keyrules.json, and fingerprints.bin from the word lists in DESKHAND_WORDLISTS")

// Each list is <name>.txt with a word per line in the folder that
// DESKHAND_WORDLISTS names.
func TestFingerprintsAreThoseOfTheWordLists(t *testing.T) {
	t.Parallel()
	dir := os.Getenv("DESKHAND_WORDLISTS")
	if dir == "" {
		t.Skip("DESKHAND_WORDLISTS is not set: it names a folder with the word lists of BIP-39 and Monero: docs/data-sources.md says what that is and where to get it")
	}
	var want, short []byte
	for _, printed := range printedLists() {
		list, err := os.ReadFile(filepath.Join(dir, printed.name+".txt"))
		require.NoError(t, err)
		for w := range strings.FieldsSeq(string(list)) {
			word := fold(w).lower
			want = appendPrint(want, word)
			if printed.prefix > 0 {
				short = appendPrint(short, shortForm(word, printed.prefix))
			}
		}
	}
	want = append(want, short...)
	if *update {
		require.NoError(t, os.WriteFile("fingerprints.bin", want, 0o644))
	}
	require.True(t, bytes.Equal(want, fingerprints), "fingerprints.bin has to be written again, with -update")
}

func appendPrint(prints []byte, word string) []byte {
	digest := fingerprint(word)
	return append(prints, byte(digest), byte(digest>>8), byte(digest>>16))
}
