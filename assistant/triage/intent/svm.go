package intent

import (
	"math/rand/v2"
	"sync"
)

// solver fits one linear classifier per column, its positive examples against the rest, by dual coordinate descent for the L2-loss
// support vector machine (Hsieh et al., "A dual coordinate descent method for large-scale linear SVM", ICML 2008). The
// columns are independent, so they are solved in parallel with the same result on any number of cores.
type solver struct {
	columns    int
	cost       float64
	dimensions int // of the examples' vectors
	examples   []sample
	features   int
	labels     []int
	// positive reports whether an example with a label is a positive one of the column.
	positive func(column, label int) bool
	seed     uint64
	workers  int
}

// sample is an example as features: sparse ones, and a vector.
type sample struct {
	dense []float32
	terms []term
}

const (
	// maxPasses bounds the passes over the data; the tolerance is met after some 10 to 20.
	maxPasses = 30
	// tolerance is the largest violation of the optimality conditions that counts as solved, relative to a margin of 1.
	tolerance = 0.1
)

// solve returns the weights as [feature][column], flattened: those of the sparse features, those of the vectors'
// dimensions, and a last row for the bias.
func (s solver) solve() []float32 {
	rows := s.features + s.dimensions + 1
	weights := make([]float32, rows*s.columns)
	squared := make([]float32, len(s.examples))
	for i, example := range s.examples {
		squared[i] = 1 // the bias is a feature that is always 1
		for _, t := range example.terms {
			squared[i] += float32(t.value * t.value)
		}
		for _, v := range example.dense {
			squared[i] += float32(v * v)
		}
	}
	next := make(chan int)
	var wg sync.WaitGroup
	for range s.workers {
		wg.Go(func() {
			w := make([]float32, rows)
			for column := range next {
				clear(w)
				s.solveColumn(column, squared, w)
				for f, v := range w {
					weights[f*s.columns+column] = v
				}
			}
		})
	}
	for column := range s.columns {
		next <- column
	}
	close(next)
	wg.Wait()
	return weights
}

// solveColumn leaves the weights of one column in w. Examples whose multiplier sits at its bound are set aside for a pass
// (shrinking), which skips most of the negatives of a class among many.
func (s solver) solveColumn(column int, squared, w []float32) {
	random := rand.New(rand.NewPCG(s.seed, uint64(column))) //nolint:gosec // the same seed must give the same model
	ridge := float32(1 / (2 * s.cost))
	alpha := make([]float32, len(s.examples))
	active := make([]int, len(s.examples))
	for i := range active {
		active[i] = i
	}
	full := true
	for range maxPasses {
		random.Shuffle(len(active), func(i, j int) { active[i], active[j] = active[j], active[i] })
		worst := float32(0)
		kept := active[:0]
		var aside []int
		for _, i := range active {
			y := float32(-1)
			if s.positive(column, s.labels[i]) {
				y = 1
			}
			gradient := float32(y*dot(w, s.examples[i])) - 1 + float32(ridge*alpha[i])
			if alpha[i] == 0 && gradient > 0 {
				if gradient > tolerance {
					aside = append(aside, i)
					continue
				}
				kept = append(kept, i)
				continue
			}
			kept = append(kept, i)
			worst = max(worst, gradient, -gradient)
			old := alpha[i]
			alpha[i] = max(old-gradient/(squared[i]+ridge), 0)
			addScaled(w, s.examples[i], (alpha[i]-old)*y)
		}
		copy(active[len(kept):], aside) // kept lies in active already
		if worst >= tolerance {
			active, full = active[:len(kept)], false
			continue
		}
		if full {
			return
		}
		active, full = active[:len(s.examples)], true
	}
}

// dot and addScaled convert products explicitly, which forbids the compiler to fuse them with the sum: the weights are the
// same on every processor.
func dot(w []float32, x sample) float32 {
	// Four sums at a time: the processor need not wait for one addition to begin the next.
	var sums [4]float32
	terms := x.terms
	for ; len(terms) >= 4; terms = terms[4:] {
		sums[0] += float32(w[terms[0].index] * terms[0].value)
		sums[1] += float32(w[terms[1].index] * terms[1].value)
		sums[2] += float32(w[terms[2].index] * terms[2].value)
		sums[3] += float32(w[terms[3].index] * terms[3].value)
	}
	for _, t := range terms {
		sums[0] += float32(w[t.index] * t.value)
	}
	bias := len(w) - 1
	vector, weights := x.dense, w[bias-len(x.dense):bias]
	for ; len(vector) >= 4 && len(weights) >= 4; vector, weights = vector[4:], weights[4:] {
		sums[0] += float32(weights[0] * vector[0])
		sums[1] += float32(weights[1] * vector[1])
		sums[2] += float32(weights[2] * vector[2])
		sums[3] += float32(weights[3] * vector[3])
	}
	for i, v := range vector {
		sums[0] += float32(weights[i] * v)
	}
	return w[bias] + (sums[0] + sums[1]) + (sums[2] + sums[3])
}

func addScaled(w []float32, x sample, by float32) {
	if by == 0 {
		return // most multipliers stay where they are
	}
	w[len(w)-1] += by
	for _, t := range x.terms {
		w[t.index] += float32(by * t.value)
	}
	vector := w[len(w)-1-len(x.dense) : len(w)-1]
	for i, v := range x.dense {
		vector[i] += float32(by * v)
	}
}
