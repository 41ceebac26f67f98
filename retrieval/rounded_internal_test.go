package retrieval

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/retrieval/embed"
)

func TestRoundedCosinesAreNearTheExactOnes(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	for _, dimensions := range []int{4, 7, 64, 100, 128, 192, 1536} {
		vectors := make([][]float32, 40)
		short := make([]rounded, len(vectors))
		for i := range vectors {
			vectors[i] = make([]float32, dimensions)
			for j := range vectors[i] {
				vectors[i][j] = float32(random.NormFloat64())
				if i > 0 {
					vectors[i][j] += 2 * vectors[i/2][j]
				}
			}
			vectors[i] = unit(vectors[i])
			short[i] = round(vectors[i])
		}
		tolerance := 0.03
		if dimensions < 128 {
			tolerance = 0.2 // few components, and some beyond the last level
		}
		for i := range vectors {
			for j := range vectors {
				require.InDelta(t, dot(vectors[i], vectors[j]), short[i].cosine(&short[j]), tolerance, "%d dimensions", dimensions)
			}
		}
	}
}

func TestRoundedExtremesFitTheirLanes(t *testing.T) {
	t.Parallel()
	for _, dimensions := range []int{1, 64, 128, 3072} {
		all := make([]float32, dimensions)
		for i := range all {
			all[i] = 1 // far beyond the last level
		}
		highest := round(all)
		require.InDelta(t, 1, highest.cosine(&highest), 1e-5, "%d dimensions", dimensions)
		for i := range all {
			all[i] = -1
		}
		lowest := round(all)
		require.InDelta(t, -1, lowest.cosine(&highest), 1e-5)
		zero := round(make([]float32, dimensions))
		require.InDelta(t, 0, zero.cosine(&zero), 1.01, "a vector of zeros has a cosine, if none that says something")
	}
}

func TestRoundedWordsOfTheBuiltInEmbedder(t *testing.T) {
	t.Parallel()
	builtin := embed.New()
	var vectors [][]float32
	for _, word := range []string{"withdrawal", "withdraw", "提币", "سحب", "출금", "fee", "手续费", "password", "密码", "the", "network", "网络"} {
		vector := make([]float32, builtin.Dimensions())
		builtin.Vector(word, vector)
		vectors = append(vectors, vector)
	}
	for _, a := range vectors {
		for _, b := range vectors {
			x, y := round(a), round(b)
			require.InDelta(t, dot(a, b), x.cosine(&y), 0.03)
		}
	}
}
