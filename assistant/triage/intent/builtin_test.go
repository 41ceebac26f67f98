package intent

import (
	"bytes"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/retrieval/embed"
)

func TestBuiltinIsTrainedOnTheExamples(t *testing.T) {
	t.Parallel()

	examples, err := ReadExamples(os.DirFS("examples"))
	require.NoError(t, err)
	require.Equal(t, examples, defaultExamples(t), "examples.zip is older than the examples: run `deskhand triage train`")
	taxonomy, err := Default()
	require.NoError(t, err)
	require.Equal(t, fingerprint(examples, builtinOptions(taxonomy, embed.New()).withDefaults()), builtin(t).Fingerprint(),
		"model.bin is older than the examples, the taxonomy's rules or the lexicon: run `deskhand triage train`")
}

func TestBuiltinCanBeRebuiltToTheByte(t *testing.T) {
	devFolder(t)
	c, err := TrainBuiltin(embed.New())
	require.NoError(t, err)
	require.True(t, bytes.Equal([]byte(builtinModel), encode(t, c)), "the code of the features has changed: run `deskhand triage train`")
}

func TestBuiltinKnowsEveryIntent(t *testing.T) {
	t.Parallel()

	taxonomy, err := Default()
	require.NoError(t, err)
	var ids []string
	for _, it := range taxonomy.Intents() {
		ids = append(ids, it.ID)
	}
	require.ElementsMatch(t, ids, builtin(t).Labels())
}
