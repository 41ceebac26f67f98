package intent

import (
	"bytes"
	"flag"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "store what the tests produce as what they expect")

func TestBuiltinIsTrainedOnTheExamples(t *testing.T) {
	if *update { // before the parallel tests, which read the model
		c, err := TrainBuiltin()
		require.NoError(t, err)
		builtinModel = encode(t, c)
		require.NoError(t, os.WriteFile("model.bin", builtinModel, 0o644))
	}
	examples, err := DefaultExamples()
	require.NoError(t, err)
	taxonomy, err := Default()
	require.NoError(t, err)
	require.Equal(t, fingerprint(examples, builtinOptions(taxonomy).withDefaults()), builtin(t).Fingerprint(),
		"model.bin is older than the examples, the taxonomy's rules or the lexicon: run `deskhand triage train`")
}

func TestBuiltinCanBeRebuiltToTheByte(t *testing.T) {
	devFolder(t)
	c, err := TrainBuiltin()
	require.NoError(t, err)
	require.True(t, bytes.Equal(builtinModel, encode(t, c)), "the code of the features has changed: run with -update")
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
