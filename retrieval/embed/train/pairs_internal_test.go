package train

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/retrieval/embed"
)

// Questions of one section ask the same in other words: they are drawn together, in whatever languages.
func TestQuestionsOfASectionAreDrawnTogether(t *testing.T) {
	t.Parallel()
	const section = "refunds"
	row := func(kind Kind, of string, texts ...string) Row {
		r := Row{Key: texts[0], Kind: kind, Own: true, Section: of, Texts: make([]string, len(Languages))}
		copy(r.Texts, texts)
		return r
	}
	rows := []Row{
		row(Asking, section, "where is my refund", "我的退款在哪里"),
		row(Asking, section, "they never paid me back", "一直没有退钱给我"),
		row(Passage, section, "A refund takes five days.", "退款需要五天。"),
		row(Asking, "fees", "what does a withdrawal cost", "提币手续费是多少"),
		row(Passage, "fees", "Each network has a fee of its own.", "每个网络手续费不同。"),
	}
	o := Defaults()
	o.Batch, o.MinTexts = 1, 1
	together := func(pairs float64) (n int) {
		o.QuestionPairs = pairs
		s := newSampler(prepare(embed.NewFeatures(), rows, o), o)
		asking := make(map[*text]int) // the row of a question's text
		for i, texts := range s.data.texts {
			for _, text := range texts {
				if text != nil && rows[i].Kind == Asking {
					asking[text] = i
				}
			}
		}
		for _, batch := range s.epoch() {
			for _, p := range batch {
				a, isA := asking[p.a]
				b, isB := asking[p.b]
				if isA && isB && a != b {
					require.Equal(t, section, rows[a].Section)
					require.Equal(t, section, rows[b].Section)
					n++
				}
			}
		}
		return n
	}
	require.Zero(t, together(0))
	require.Positive(t, together(2))
}
