package evals

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestPlainTermsAreWordsOrBigrams(t *testing.T) {
	t.Parallel()

	tests := []struct {
		name string
		text string
		want []string
	}{
		{"WordsInLowerCase", "Is 2FA lost? (reset)", []string{"is", "2fa", "lost", "reset"}},
		{"FullWidthLettersAreLetters", "ＢＴＣ", []string{"btc"}},
		{"HanInBigrams", "提币到账", []string{"提币", "币到", "到账"}},
		{"PunctuationEndsARun", "提币,到账", []string{"提币", "到账"}},
		{"OneCharacterStandsAlone", "币 a", []string{"币", "a"}},
		{"ScriptsDoNotMix", "用BTC提币", []string{"用", "btc", "提币"}},
		{"KanaWithItsLongMark", "ビットコイン", []string{"ビッ", "ット", "トコ", "コイ", "イン"}},
		{"LongMark", "ロー", []string{"ロー"}},
		{"HangulInBigramsWithinAWord", "비트코인 지갑", []string{"비트", "트코", "코인", "지갑"}},
		{"ThaiInBigramsWithItsVowels", "เงิน", []string{"เง", "งิ", "ิน"}},
		{"ArabicWordsKeepTheirMarks", "مُعَلَّق الآن", []string{"مُعَلَّق", "الآن"}},
		{"Nothing", " …!", nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()

			require.Equal(t, test.want, plainTerms(test.text))
		})
	}
}

// TestPlainBM25ByHand holds the score against one computed on paper: N = 3, both terms in one and in two of the texts, and
// a mean length of 3.
func TestPlainBM25ByHand(t *testing.T) {
	t.Parallel()

	b := newPlainBM25([]string{"withdrawal withdrawal fee", "deposit fee", "card declined at shop"})

	scores := b.scores("withdrawal fee")

	rare, common := math.Log(1+2.5/1.5), math.Log(1+1.5/2.5)
	require.InDelta(t, rare*2*2.2/(2+1.2)+common*1*2.2/(1+1.2), scores[0], 1e-12)
	require.InDelta(t, common*2.2/(1+1.2*(0.25+0.75*2/3)), scores[1], 1e-12)
	require.Zero(t, scores[2])
	require.Equal(t, []int{0, 1}, b.rank("withdrawal fee"), "a text without any of the words is not found")
	require.Equal(t, []int{2}, b.rank("DECLINED"))
	require.Empty(t, b.rank("银行"))
}

// TestPlainBM25AgreesWithBruteForce computes the formula text by text over random ones.
func TestPlainBM25AgreesWithBruteForce(t *testing.T) {
	t.Parallel()

	random := rand.New(rand.NewPCG(7, 11))
	words := []string{"address", "bank", "card", "deposit", "fee", "提币", "到账", "رسوم"}
	texts := make([]string, 40)
	for i := range texts {
		var text []string
		for range 1 + random.IntN(12) {
			text = append(text, words[random.IntN(len(words))])
		}
		texts[i] = strings.Join(text, " ")
	}
	b := newPlainBM25(texts)
	for _, question := range []string{"deposit fee", "fee fee bank", "提币 رسوم", "bank"} {
		scores := b.scores(question)
		for i := range texts {
			require.InDelta(t, bruteForceBM25(texts, i, question), scores[i], 1e-9, "%q in %q", question, texts[i])
		}
		order := b.rank(question)
		require.True(t, slices.IsSortedFunc(order, func(x, y int) int {
			if scores[x] != scores[y] {
				return int(math.Copysign(1, scores[y]-scores[x]))
			}
			return x - y
		}), "best first, equal ones in the order of the texts")
	}
}

// bruteForceBM25 is the formula as it stands in the paper, for words that spaces separate.
func bruteForceBM25(texts []string, i int, question string) float64 {
	total := 0.0
	for _, text := range texts {
		total += float64(len(strings.Fields(text)))
	}
	mean, sum := total/float64(len(texts)), 0.0
	for word := range strings.FieldsSeq(question) {
		with := 0.0
		for _, text := range texts {
			if slices.Contains(strings.Fields(text), word) {
				with++
			}
		}
		frequency := 0.0
		for other := range strings.FieldsSeq(texts[i]) {
			if other == word {
				frequency++
			}
		}
		rarity := math.Log(1 + (float64(len(texts))-with+0.5)/(with+0.5))
		sum += rarity * frequency * 2.2 / (frequency + 1.2*(1-0.75+0.75*float64(len(strings.Fields(texts[i])))/mean))
	}
	return sum
}
