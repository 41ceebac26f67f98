package llm_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant/llm"
)

// Not parallel: it replaces the process's default transport, which other tests do not use.
func TestEveryEncodingLoadsAndCountsWithTheNetworkOff(t *testing.T) {
	online := http.DefaultTransport
	http.DefaultTransport = roundTripFunc(func(*http.Request) (*http.Response, error) { return nil, errors.New("network is off") })
	t.Cleanup(func() { http.DefaultTransport = online })
	t.Setenv("TIKTOKEN_CACHE_DIR", t.TempDir()) // nothing downloaded earlier may help

	tokens := llm.NewTokens()
	for _, tt := range []struct {
		text         string
		cl100k, o200 int // OpenAI's own figures (cookbook, "How to count tokens with tiktoken")
	}{
		{"", 0, 0},
		{"antidisestablishmentarianism", 6, 6},
		{"2 + 2 = 4", 7, 7},
		{"お誕生日おめでとう", 9, 8},
		{"tiktoken is great!", 6, 6},
	} {
		for encoding, want := range map[llm.Encoding]int{llm.CL100K: tt.cl100k, llm.O200K: tt.o200} {
			got, err := tokens.Count(encoding, tt.text)
			require.NoError(t, err)
			require.Equal(t, want, got, "%s %q", encoding, tt.text)
		}
	}
}

func TestUnknownEncodingIsAnError(t *testing.T) {
	t.Parallel()
	_, err := llm.NewTokens().Count("p50k_base", "text")
	require.ErrorContains(t, err, "p50k_base")
}

func TestLongTextIsCountedAsItsWordsAre(t *testing.T) {
	t.Parallel()
	tokens := llm.NewTokens()
	const sentence = "The withdrawal needs 12 confirmations, then it's credited. "
	one, err := tokens.Count(llm.CL100K, sentence)
	require.NoError(t, err)
	many, err := tokens.Count(llm.CL100K, strings.Repeat(sentence, 500))
	require.NoError(t, err)
	// The space at the end of each sentence but the last joins the next word.
	require.Equal(t, 500*(one-1)+1, many)
}

// A word without end must cost in proportion to its length. The ratio of two lengths in one run tells, whatever the machine
// is doing: eight times the text takes some eight times as long, a quadratic encoder sixty-four times.
func TestOneEndlessWordIsCountedInLinearTime(t *testing.T) {
	tokens := llm.NewTokens()
	count := func(text string) time.Duration {
		best := time.Hour
		for range 3 { // the least is what the work takes; the rest is the machine's
			began := time.Now()
			n, err := tokens.Count(llm.CL100K, text)
			require.NoError(t, err)
			require.Positive(t, n)
			best = min(best, time.Since(began))
		}
		return best
	}
	for name, unit := range map[string]string{"letters": "a", "spaces": " ", "Han": "提", "broken UTF-8": "\xff"} {
		count(unit) // the encoding is loaded once
		short, long := count(strings.Repeat(unit, 2_000)), count(strings.Repeat(unit, 8_000))
		require.Less(t, long.Seconds(), 12*short.Seconds(), name)
	}
}

func TestEncodingFollowsTheModel(t *testing.T) {
	t.Parallel()
	for model, want := range map[string]llm.Encoding{
		"gpt-3.5-turbo": llm.CL100K, "gpt-4": llm.CL100K, "gpt-4-turbo": llm.CL100K, "gpt-4.1-mini": llm.O200K,
		"gpt-4o-mini": llm.O200K, "gpt-5": llm.O200K, "qwen3:8b": llm.O200K, "text-embedding-3-small": llm.CL100K,
	} {
		require.Equal(t, want, llm.EncodingFor(model), model)
	}
}
