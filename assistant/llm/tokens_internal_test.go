package llm

import (
	"bytes"
	"flag"
	"os"
	"testing"

	"github.com/klauspost/compress/zstd"
	loader "github.com/pkoukk/tiktoken-go-loader"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write the encodings again")

func TestEncodingsAreThoseOfTheLibrary(t *testing.T) {
	t.Parallel()
	for _, encoding := range []Encoding{CL100K, O200K} {
		ranks, err := loader.NewOfflineLoader().LoadTiktokenBpe(string(encoding) + ".tiktoken")
		require.NoError(t, err)
		file := "encodings/" + string(encoding) + ".zst"
		if *update {
			require.NoError(t, os.WriteFile(file, packed(t, ranks), 0o644))
		}
		compressed, err := os.ReadFile(file)
		require.NoError(t, err)
		own, err := readRanks(compressed)
		require.NoError(t, err)
		require.Equal(t, ranks, own, "%s has to be written again, with -update", file)

		_, err = readRanks(compressed[:len(compressed)/2])
		require.Error(t, err, "half of a file")
	}
}

func packed(t *testing.T, ranks map[string]int) []byte {
	t.Helper()
	tokens := make([]string, len(ranks))
	for token, rank := range ranks {
		tokens[rank] = token
	}
	var plain bytes.Buffer
	for _, token := range tokens {
		plain.WriteByte(byte(len(token)))
		plain.WriteString(token)
	}
	encoder, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedBestCompression))
	require.NoError(t, err)
	return encoder.EncodeAll(plain.Bytes(), nil)
}
