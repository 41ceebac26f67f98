package redact

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// devRow is one row of the development data.
type devRow struct {
	Label string `json:"label"`
	Lang  string `json:"lang"`
	Rule  string `json:"rule"`
	Text  string `json:"text"`
}

// devRows reads a file of the public development data, which is no part of this
// repository. DESKHAND_DEV_DATA names its folder.
func devRows(t *testing.T, path ...string) []devRow {
	t.Helper()
	dir := os.Getenv("DESKHAND_DEV_DATA")
	if dir == "" {
		t.Skip("DESKHAND_DEV_DATA is not set: it names the folder with the development data (abuse, intents)")
	}
	f, err := os.Open(filepath.Join(append([]string{dir}, path...)...))
	require.NoError(t, err)
	defer f.Close()
	var rows []devRow
	for lines := bufio.NewReader(f); ; {
		line, err := lines.ReadBytes('\n')
		if len(line) > 1 {
			var row devRow
			require.NoError(t, json.Unmarshal(line, &row))
			rows = append(rows, row)
		}
		if err != nil {
			return rows
		}
	}
}

func TestRedactCatchesTheSecretsOfTheDevelopmentData(t *testing.T) {
	t.Parallel()
	r := newRedactor(t)
	wanted := map[string]Kind{
		"seed_phrase": SeedPhrase, "xprv": ExtendedKey, "wif_private_key": PrivateKey, "bip38_encrypted_key": BIP38Key,
	}
	harmless := []string{"btc_address", "btc_address_bech32_candidate", "eth_address", "tx_hash", "xpub"}
	for _, around := range [][2]string{{"", ""}, {"my phrase is ", " please help"}, {"Hi, I typed ", "\nand now nothing works"}, {"我的是 ", " 请帮我看看"}} {
		caught, total := map[string]int{}, map[string]int{}
		for _, row := range devRows(t, "abuse", "secrets.jsonl") {
			key := row.Label
			if row.Label == "seed_phrase" {
				key += " " + row.Lang
			}
			total[key]++
			got := r.Redact(around[0] + row.Text + around[1])
			if len(got.Findings) > 0 {
				caught[key]++
			}
			switch {
			case slices.Contains(harmless, row.Label):
				if !slices.Contains([]string{"", "Hi, I typed "}, around[0]) {
					continue // "my phrase is" before an address is not harmless
				}
				if len(got.Findings) != 0 {
					t.Errorf("false alarm: %s %q -> %q", row.Label, row.Text, got.Text)
				}
			case wanted[row.Label] != "":
				if !slices.Contains(got.Kinds(), wanted[row.Label]) {
					t.Errorf("missed: %s %s %q -> %q", row.Label, row.Lang, row.Text, got.Text)
				}
			}
		}
		for _, key := range sortedKeys(total) {
			t.Logf("%q… %-32s %d of %d caught", around[0], key, caught[key], total[key])
		}
	}
}

func TestRedactCatchesTheAPIKeysOfTheDevelopmentData(t *testing.T) {
	t.Parallel()
	r := newRedactor(t)
	caught, total := map[string]int{}, map[string]int{}
	for _, row := range devRows(t, "abuse", "api_keys.jsonl") {
		total[row.Label]++
		got := r.Redact(row.Text)
		if len(got.Findings) > 0 {
			caught[row.Label]++
		}
		if (len(got.Findings) > 0) != (row.Label == "secret") {
			t.Logf("%s %s %.200q -> %v", row.Label, row.Rule, row.Text, got.Kinds())
		}
	}
	t.Logf("secret: %d of %d caught; not_secret: %d of %d redacted", caught["secret"], total["secret"], caught["not_secret"], total["not_secret"])
	require.GreaterOrEqual(t, float64(caught["secret"])/float64(total["secret"]), 0.95)
}

func TestRedactLeavesTheHarmlessTextsOfTheDevelopmentDataAlone(t *testing.T) {
	t.Parallel()
	r := newRedactor(t)
	for _, path := range [][]string{
		{"abuse", "benign.jsonl"},
		{"intents", "banking77", "train.jsonl"},
		{"intents", "clinc150", "train.jsonl"},
		{"intents", "clinc150", "val.jsonl"},
	} {
		alarms := 0
		rows := devRows(t, path...)
		for _, row := range rows {
			if got := r.Redact(row.Text); len(got.Findings) > 0 {
				alarms++
				t.Errorf("false alarm: %q -> %q", row.Text, got.Text)
			}
		}
		t.Logf("%s: %d false alarms in %d", filepath.Join(path...), alarms, len(rows))
	}
}

func sortedKeys(m map[string]int) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
