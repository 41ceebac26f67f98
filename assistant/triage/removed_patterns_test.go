package triage_test

import (
	"bufio"
	"encoding/json"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestWhatRemovedPatternsFoundStillReachesAPerson covers patterns that the rules lost because the model hears what they found:
// withdrawals at night, accounts empty on waking, payouts to be stopped, authenticators left on an old phone, coins that are
// nowhere, victims of swindlers. The texts are in the language of each pattern, English, Chinese and Arabic.
func TestWhatRemovedPatternsFoundStillReachesAPerson(t *testing.T) {
	t.Parallel()

	triager := newTriager(t)
	f, err := os.Open("testdata/removed_patterns.jsonl")
	require.NoError(t, err)
	defer func() { _ = f.Close() }() // only read
	lines, n := bufio.NewScanner(f), 0
	for lines.Scan() {
		var row struct {
			ID   string `json:"id"`
			Text string `json:"text"`
		}
		require.NoError(t, json.Unmarshal(lines.Bytes(), &row))
		got := triager.Triage(row.Text, nil)
		if !got.NeedsPerson() && len(got.Risks) == 0 {
			t.Errorf("%s %q: %.2f, no risk", row.ID, row.Text, got.Person)
		}
		n++
	}
	require.NoError(t, lines.Err())
	require.Greater(t, n, 100)
}
