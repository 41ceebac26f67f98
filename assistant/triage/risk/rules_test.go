package risk

import (
	"io/fs"
	"path"
	"testing"

	"github.com/stretchr/testify/require"
)

// Every rule is proved by the texts that stand beside it: each of matches by that very rule, none of ignores by any rule
// of the same risk.
func TestEmbeddedRulesDoWhatTheirExamplesSay(t *testing.T) {
	t.Parallel()
	rules, err := Default()
	require.NoError(t, err)
	names, err := fs.Glob(embedded, "rules/*.yaml")
	require.NoError(t, err)
	for _, name := range names {
		f, err := readEmbedded(name)
		require.NoError(t, err)
		for _, r := range f.Rules {
			id := f.Language.value + "." + r.ID.value
			t.Run(path.Base(name)+"/"+r.ID.value, func(t *testing.T) {
				t.Parallel()
				for _, text := range r.Matches {
					require.Contains(t, ruleIDs(rules.Match(text)), id, text)
				}
				for _, text := range r.Ignores {
					for _, m := range rules.Match(text) {
						require.NotEqual(t, Risk(r.Risk.value), m.Risk, "%s matched %q in %q", m.Rule, text[m.Start:m.End], text)
					}
				}
			})
		}
	}
}

func ruleIDs(matches []Match) []string {
	var ids []string
	for _, m := range matches {
		ids = append(ids, m.Rule)
	}
	return ids
}
