package train

import (
	"cmp"
	"math"
	"slices"

	"github.com/deskhand/deskhand/retrieval/embed"
)

// text is one text of the corpus, cut into features of the vocabulary.
type text struct {
	group   int32   // its section
	rows    []int32 // distinct, in ascending order
	weights []float32
}

// vocabulary is the features that have a row, in the order of their hashes.
type vocabulary struct {
	hashes []uint64
	weight []float64 // of a feature in a text that has it once
}

// languageCounts is a number for each of Languages.
type languageCounts [14]uint32

// counter counts in how many texts of each language a feature occurs.
type counter struct {
	texts languageCounts
	with  map[uint64]*languageCounts
}

// add counts the features of a text, which are sorted.
func (c *counter) add(features []uint64, language int) {
	c.texts[language]++
	last := uint64(0)
	for i, f := range features {
		if i > 0 && f == last {
			continue
		}
		last = f
		of := c.with[f]
		if of == nil {
			of = new(languageCounts)
			c.with[f] = of
		}
		of[language]++
	}
}

// minTexts keeps a language with a handful of texts from filling the vocabulary.
const minTexts = 500

// candidate is a feature that may get a row.
type candidate struct {
	hash   uint64
	rarity float64 // the share of texts that have it
	score  float64
}

// How much the language counts that has a feature most, against all texts: a word of a language with little text is so not
// taken for a rare one, and gets a row.
const (
	rarityByLanguage = 0.5
	scoreByLanguage  = 0.3
)

// choose returns the features that enough texts have, the most frequent of them.
func (c *counter) choose(o Options) vocabulary {
	all := make([]candidate, 0, len(c.with))
	total := uint32(0)
	for _, n := range c.texts {
		total += n
	}
	for hash, with := range c.with {
		n, most := uint32(0), 0.0
		for l, k := range with {
			n += k
			most = max(most, float64(k)/float64(max(c.texts[l], minTexts)))
		}
		if n < uint32(o.MinTexts) { //nolint:gosec // a small number
			continue
		}
		share := float64(n) / float64(total)
		all = append(all, candidate{
			hash:   hash,
			rarity: math.Pow(share, 1-rarityByLanguage) * math.Pow(most, rarityByLanguage),
			score:  math.Pow(share, 1-scoreByLanguage) * math.Pow(most, scoreByLanguage),
		})
	}
	slices.SortFunc(all, func(a, b candidate) int { return cmp.Or(cmp.Compare(b.score, a.score), cmp.Compare(a.hash, b.hash)) })
	all = all[:min(len(all), o.Rows)]
	// A table names its rows by half of the hash; of two with one name, some ten in all, the first stays.
	slices.SortFunc(all, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(uint32(a.hash), uint32(b.hash)), cmp.Compare(a.hash, b.hash)) //nolint:gosec // the lower half
	})
	all = slices.CompactFunc(all, func(a, b candidate) bool { return uint32(a.hash) == uint32(b.hash) }) //nolint:gosec // as above
	v := vocabulary{}
	for _, f := range all {
		v.hashes = append(v.hashes, f.hash)
		v.weight = append(v.weight, math.Pow(-math.Log(min(f.rarity, maxRarity)), o.IDFPower))
	}
	return v
}

// maxRarity leaves a feature of every text some weight.
const maxRarity = 0.9

// maxRepeats is how often a feature counts at most in one text, as in package embed.
const maxRepeats = 8

// find returns the rows and weights of features, which are sorted.
func (v vocabulary) find(rowOf map[uint64]int32, features []uint64) (rows []int32, weights []float32) {
	for _, f := range features {
		if row, ok := rowOf[f]; ok {
			rows = append(rows, row)
		}
	}
	slices.Sort(rows)
	kept := rows[:0]
	for i := 0; i < len(rows); {
		row, first := rows[i], i
		for i < len(rows) && rows[i] == row {
			i++
		}
		kept = append(kept, row)
		weights = append(weights, float32(math.Sqrt(float64(min(i-first, maxRepeats)))*v.weight[row]))
	}
	return slices.Clip(kept), weights
}

// prepared is the corpus as training reads it.
type prepared struct {
	rows  []Row
	texts [][]*text // by row and language; nil where missing
	vocab vocabulary
}

func prepare(features *embed.Features, rows []Row, o Options) prepared {
	cut := make([][][]uint64, len(rows))
	parallel(len(rows), func(i int) {
		cut[i] = make([][]uint64, len(Languages))
		for l, s := range rows[i].Texts {
			if s != "" {
				cut[i][l] = features.Cut(s, nil)
				slices.Sort(cut[i][l])
			}
		}
	})
	counts := counter{with: make(map[uint64]*languageCounts)}
	groups := make(map[string]int32)
	for i, row := range rows {
		if _, ok := groups[row.Section]; !ok {
			groups[row.Section] = int32(len(groups)) //nolint:gosec // no more than rows
		}
		for l, f := range cut[i] {
			if len(f) > 0 {
				counts.add(f, l)
			}
		}
	}
	p := prepared{rows: rows, texts: make([][]*text, len(rows)), vocab: counts.choose(o)}
	rowOf := make(map[uint64]int32, len(p.vocab.hashes))
	for i, h := range p.vocab.hashes {
		rowOf[h] = int32(i)
	}
	parallel(len(rows), func(i int) {
		p.texts[i] = make([]*text, len(Languages))
		for l, f := range cut[i] {
			t := &text{group: groups[rows[i].Section]}
			if t.rows, t.weights = p.vocab.find(rowOf, f); len(t.rows) > 0 {
				p.texts[i][l] = t
			}
		}
	})
	return p
}
