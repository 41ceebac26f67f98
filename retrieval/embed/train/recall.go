package train

import (
	"math"
	"slices"
	"strings"

	"github.com/deskhand/deskhand/retrieval/embed"
)

// Recall is how many questions find a passage of their section among the first 1 and 5 sections.
type Recall struct {
	CI95At1   [2]float64 `json:"recall@1_ci95"` // 95 % interval of the share (Wilson 1927)
	CI95At5   [2]float64 `json:"recall@5_ci95"`
	Name      string     `json:"name"`
	Questions int        `json:"questions"`
	Recall1   float64    `json:"recall@1"`
	Recall5   float64    `json:"recall@5"`
	Sections  int        `json:"sections"` // that were searched
}

// HeldOutRecall asks the held-out questions of a training, each in its language, and searches the English passages that were held
// out; of the desk's own tables also all of them. Articles are left out: their headings repeat, and they answer what the tables ask.
func HeldOutRecall(e *embed.Embedder, corpus Corpus, heldOut []Row) []Recall {
	var public, own []Row
	for _, row := range heldOut {
		if row.Own {
			own = append(own, row)
		} else {
			public = append(public, row)
		}
	}
	return slices.Concat(recall(e, "public text", public, public), OwnRecall(e, corpus, own))
}

// OwnRecall asks questions of the desk's own tables, and searches the English passages of their sections, as the public text is
// searched; then, where there are more, those of all tables. These say much the same in other words, and a section is one or
// two sentences.
func OwnRecall(e *embed.Embedder, corpus Corpus, asked []Row) []Recall {
	inTables := func(rows []Row) []Row {
		return slices.DeleteFunc(slices.Clone(rows), func(row Row) bool {
			return !row.Own || row.Further || strings.HasPrefix(row.Section, articlePrefix)
		})
	}
	few := recall(e, "own text", inTables(asked), inTables(asked))
	all := recall(e, "own text among all", inTables(asked), inTables(corpus.Rows))
	if few[0].Sections == all[0].Sections {
		return few
	}
	return append(few, all...)
}

// HeldOut returns the rows that a training with these options leaves out.
func (c *Corpus) HeldOut(o Options) []Row {
	var rows []Row
	for _, row := range c.Rows {
		if !row.Loose && heldOut(row.Section, o.holdOut(row)) {
			rows = append(rows, row)
		}
	}
	return rows
}

// passages are the vectors of a section.
type passages struct {
	section string
	vectors [][]float32
}

// recall asks for each question in English of its English passages, and in the other languages of the same.
func recall(e *embed.Embedder, name string, asked, searched []Row) []Recall {
	var docs []passages
	at := make(map[string]int)
	for _, row := range searched {
		if row.Kind != Passage || row.Texts[english] == "" {
			continue
		}
		i, ok := at[row.Section]
		if !ok {
			i = len(docs)
			at[row.Section] = i
			docs = append(docs, passages{section: row.Section})
		}
		docs[i].vectors = append(docs[i].vectors, vectorOf(e, row.Texts[english]))
	}
	same := Recall{Name: name + ", same language", Sections: len(docs)}
	across := Recall{Name: name + ", across languages", Sections: len(docs)}
	for _, row := range asked {
		if _, ok := at[row.Section]; !ok || row.Kind != Asking {
			continue
		}
		for l, s := range row.Texts {
			switch {
			case s == "":
			case l == english:
				same.add(rank(vectorOf(e, s), row.Section, docs))
			default:
				across.add(rank(vectorOf(e, s), row.Section, docs))
			}
		}
	}
	return []Recall{same.mean(), across.mean()}
}

func (r *Recall) add(rank int) {
	r.Questions++
	if rank < 1 {
		r.Recall1++
	}
	if rank < 5 {
		r.Recall5++
	}
}

func (r *Recall) mean() Recall {
	n := float64(max(r.Questions, 1))
	m := Recall{Name: r.Name, Questions: r.Questions, Recall1: r.Recall1 / n, Recall5: r.Recall5 / n, Sections: r.Sections}
	m.CI95At1, m.CI95At5 = wilson(m.Recall1, n), wilson(m.Recall5, n)
	return m
}

// wilson is the score interval of a share of n.
func wilson(share, n float64) [2]float64 {
	const z = 1.96
	middle := (share + z*z/(2*n)) / (1 + z*z/n)
	half := z / (1 + z*z/n) * math.Sqrt(share*(1-share)/n+z*z/(4*n*n))
	return [2]float64{middle - half, middle + half}
}

// rank is how many sections are nearer to question than the right one.
func rank(question []float32, right string, docs []passages) int {
	scores := make([]float32, len(docs))
	var own float32
	for i, d := range docs {
		scores[i] = -1
		for _, v := range d.vectors {
			scores[i] = max(scores[i], dot(question, v))
		}
		if d.section == right {
			own = scores[i]
		}
	}
	better := 0
	for _, s := range scores {
		if s > own {
			better++
		}
	}
	return better
}

func vectorOf(e *embed.Embedder, s string) []float32 {
	out := make([]float32, e.Dimensions())
	e.Vector(s, out)
	return out
}
