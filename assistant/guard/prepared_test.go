package guard_test

import (
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant/guard"
)

func TestWhatIsKnownOfATextIsNotFoundOutAgain(t *testing.T) {
	t.Parallel()

	var weighed atomic.Int64
	plain, err := guard.New()
	require.NoError(t, err)
	g := plain.WithVectors(guard.Vectors{Dimensions: 2, Weigh: func(text string, out []float32) float64 {
		weighed.Add(1)
		out[len(text)%2] = 1
		return 1
	}})
	for name, texts := range map[string][2]string{
		"ar":      {"رسوم السحب ثابتة لكل شبكة.", "ما هي رسوم السحب؟"},
		"en":      {"The withdrawal fee is fixed per network.", "what is the withdrawal fee"},
		"zh-Hans": {"提币手续费按网络固定。", "提币手续费是多少"},
	} {
		source, question := texts[0], texts[1]
		first := g.Support(question)(source)
		require.NotZero(t, first, name)
		weighed.Store(0)
		require.Equal(t, first, g.Support(question)(source), name)
		require.Equal(t, int64(2), weighed.Load(), "%s: the question as its one sentence, and whole", name)

		weighed.Store(0)
		g.Support(question)(source + " " + question)
		require.Less(t, weighed.Load(), int64(7), "%s: sentences of the question and the text, not their words", name)
	}
}

func TestTheLanguageOfASentenceIsFoundOutOnce(t *testing.T) {
	t.Parallel()

	var asked atomic.Int64
	plain, err := guard.New()
	require.NoError(t, err)
	for language, text := range map[string]string{
		"ar": "رسوم السحب ثابتة لكل شبكة.", "en": "The withdrawal fee is fixed per network.", "zh-Hans": "提币手续费按网络固定。",
	} {
		asked.Store(0)
		g := plain.WithDetector(func(string) (string, float64) {
			asked.Add(1)
			return "und", 1
		})
		draft := guard.Text{Language: language, Sentences: []guard.Sentence{{Sources: []string{text}, Text: text}}}
		first := g.Check(draft, guard.Registry{})
		once := asked.Load()
		require.Positive(t, once, language)
		require.Equal(t, first, g.Check(draft, guard.Registry{}), language)
		require.Equal(t, once, asked.Load(), language)
	}
}
