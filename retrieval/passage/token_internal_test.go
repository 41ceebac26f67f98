package passage

import (
	"bytes"
	"flag"
	"os"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/klauspost/compress/zstd"
	"github.com/pkoukk/tiktoken-go"
	loader "github.com/pkoukk/tiktoken-go-loader"
	"github.com/stretchr/testify/require"
)

// cl100k is the pattern of the encoding's pieces.
const cl100k = `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`

// library is the same encoding in tiktoken-go.
func library(t testing.TB) *tiktoken.Tiktoken {
	t.Helper()
	ranks, err := loadRanks()
	require.NoError(t, err)
	core, err := tiktoken.NewCoreBPE(ranks, map[string]int{}, cl100k)
	require.NoError(t, err)
	return tiktoken.NewTiktoken(core, &tiktoken.Encoding{Name: "cl100k_base", PatStr: cl100k, MergeableRanks: ranks}, map[string]any{})
}

func tokenTexts() []string {
	return []string{
		"", "a", " a", "  a", "a  b", "a \n b", "\n\n  \n x", "  ", "a\t\tb", "I'll we'RE it's 'x ''s '",
		"Withdrawals of 12345.678 USDT take 30–60 minutes!!!\r\n\r\n- Open “Assets” › Withdraw (TRC-20).",
		"提币通常需要约 30 分钟,具体时间取决于网络。", "يستغرق السحب ٣٠ دقيقة.", "Вывод занимает 30 минут…", "出金には３０分かかります。",
		"🙂🙂 ok 👩‍👩‍👧 0xAbCdEf0123456789 \u00a0 x \u2028 y", "ﬁ Ⅷ ½ ²", strings.Repeat("x", 900), strings.Repeat("钱", 300), strings.Repeat(" ", 70) + "x",
	}
}

func TestTokensAreCountedAsTheLibraryDoes(t *testing.T) {
	t.Parallel()
	encoding := library(t)
	for _, text := range tokenTexts() {
		count, err := countTokens(text)
		require.NoError(t, err)
		require.Equal(t, len(encoding.EncodeOrdinary(text)), count, text)
	}
}

var update = flag.Bool("update", false, "write the encoding again")

func TestEncodingIsThatOfTheLibrary(t *testing.T) {
	t.Parallel()
	ranks, err := loader.NewOfflineLoader().LoadTiktokenBpe("cl100k_base.tiktoken")
	require.NoError(t, err)
	if *update {
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
		require.NoError(t, os.WriteFile("cl100k.zst", encoder.EncodeAll(plain.Bytes(), nil), 0o644))
	}
	compressed, err := os.ReadFile("cl100k.zst")
	require.NoError(t, err)
	own, err := readRanks(compressed)
	require.NoError(t, err)
	require.Equal(t, tokenRanks(ranks), own, "cl100k.zst has to be written again, with -update")
}

func TestEncodingThatIsCutOffIsAnError(t *testing.T) {
	t.Parallel()
	_, err := readRanks(encoding[:len(encoding)/2])
	require.Error(t, err)
}

func FuzzTokens(f *testing.F) {
	for _, text := range tokenTexts() {
		f.Add(text)
	}
	encoding := library(f)
	f.Fuzz(func(t *testing.T, text string) {
		if !utf8.ValidString(text) || len(text) > countWindow {
			return // an article is valid UTF-8; longer ones are cut first
		}
		count, err := countTokens(text)
		require.NoError(t, err)
		require.Equal(t, len(encoding.EncodeOrdinary(text)), count)
	})
}

func BenchmarkTokens(b *testing.B) {
	text := strings.Repeat(tokenTexts()[10]+"\n", 10)
	encoding := library(b)
	b.Run("here", func(b *testing.B) {
		for b.Loop() {
			_, err := countTokens(text)
			require.NoError(b, err)
		}
	})
	b.Run("library", func(b *testing.B) {
		for b.Loop() {
			encoding.EncodeOrdinary(text)
		}
	})
}
