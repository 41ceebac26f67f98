package redact

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/btcsuite/btcd/btcutil/base58"
	"github.com/stretchr/testify/require"
)

func TestValidBase58AgreesWithTheLibrary(t *testing.T) {
	t.Parallel()

	random := rand.New(rand.NewPCG(58, 1))
	check := func(token string) {
		_, _, err := base58.CheckDecode(token)
		require.Equal(t, err == nil, validBase58(token), token)
	}
	for _, token := range []string{"", "1", "1111", "11111", "z", "0", "1O", strings.Repeat("z", 119), strings.Repeat("z", 120), strings.Repeat("z", 121)} {
		check(token)
	}
	for range 3_000 {
		payload := make([]byte, random.IntN(90))
		for i := range payload {
			payload[i] = byte(random.IntN(256) * random.IntN(2)) // many zeros
		}
		token := base58.CheckEncode(payload, byte(random.IntN(3)))
		check(token)
		broken := []byte(token)
		broken[random.IntN(len(broken))] = base58Alphabet[random.IntN(len(base58Alphabet))]
		check(string(broken))
	}
}
