package redact

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/text/unicode/norm"
)

// Phrases of 25 words of the lists of Monero, the last of which repeats one, as its
// checksum does.
func TestRedactRemovesMoneroPhrasesOfEveryList(t *testing.T) {
	t.Parallel()
	dir := os.Getenv("DESKHAND_WORDLISTS")
	if dir == "" {
		t.Skip("DESKHAND_WORDLISTS is not set: it names a folder with the word lists of BIP-39 and Monero: docs/data-sources.md says what that is and where to get it")
	}
	r := newRedactor(t)
	for _, printed := range printedLists() {
		list, err := os.ReadFile(filepath.Join(dir, printed.name+".txt"))
		require.NoError(t, err)
		all := strings.Fields(string(list))
		caught, total := 0, 0
		for seed := range 20 {
			words := make([]string, 25)
			for i := range words {
				words[i] = all[(seed*7919+i*i*613+i*101+37)%len(all)]
			}
			words[24] = words[seed%24]
			forms := [][]string{words, words[:13]}
			if printed.prefix > 0 {
				short := make([]string, len(words))
				for i, w := range words {
					short[i] = shortForm(norm.NFC.String(w), printed.prefix)
				}
				forms = append(forms, short)
			}
			for _, form := range forms {
				for _, separator := range []string{" ", ", ", "\n"} {
					for _, sentence := range [][2]string{around["none"], around["en"], around["ja"], around["ru"]} {
						total++
						body := strings.Join(form, separator)
						if uncovered(r, sentence, body) <= len(body)/6 {
							caught++
						}
					}
				}
			}
		}
		t.Logf("%s: %d of %d caught", printed.name, caught, total)
		if caught*100 < total*95 {
			t.Errorf("%s: too few", printed.name)
		}
	}
}
