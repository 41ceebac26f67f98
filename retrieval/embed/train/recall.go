package train

import (
	"slices"
	"strings"

	"github.com/deskhand/deskhand/retrieval/embed"
)

// Recall is how many questions find a passage of their section among the first 1 and 5 sections.
type Recall struct {
	Name      string  `json:"name"`
	Questions int     `json:"questions"`
	Recall1   float64 `json:"recall@1"`
	Recall5   float64 `json:"recall@5"`
	Sections  int     `json:"sections"` // that were searched
}

// HeldOutRecall asks the held-out questions of a training, each in its language, and searches the English passages: of the
// public text those that were held out, of the desk's own tables all of them. Articles are left out: their headings repeat,
// and they answer what the tables ask.
func HeldOutRecall(e *embed.Embedder, corpus Corpus, heldOut []Row) []Recall {
	var public, own, ownAll []Row
	for _, row := range heldOut {
		switch {
		case !row.Own:
			public = append(public, row)
		case !strings.HasPrefix(row.Section, articlePrefix):
			own = append(own, row)
		}
	}
	for _, row := range corpus.Rows {
		if row.Own && !strings.HasPrefix(row.Section, articlePrefix) {
			ownAll = append(ownAll, row)
		}
	}
	return slices.Concat(recall(e, "public text", public, public), recall(e, "own text", own, ownAll))
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
	return Recall{Name: r.Name, Questions: r.Questions, Recall1: r.Recall1 / n, Recall5: r.Recall5 / n, Sections: r.Sections}
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
