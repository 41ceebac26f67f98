package intent

import (
	"math/rand/v2"
	"sync"
)

// solver fits one linear classifier per column, its positive examples against the rest, by dual coordinate descent for the L2-loss
// support vector machine (Hsieh et al., "A dual coordinate descent method for large-scale linear SVM", ICML 2008). The
// columns are independent, so they are solved in parallel with the same result on any number of cores.
type solver struct {
	// alpha is [column][example]: the multipliers to start from, and afterwards those of the solution.
	alpha      [][]float32
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
	// scans bounds how often all examples are looked at, maxPasses the passes over those that may still move.
	scans, maxPasses = 1, 10
	// sampled is the share of the examples in the first sample, as one of so many; samplePasses bounds the passes over it,
	// and sampleTolerance ends them.
	sampled, samplePasses, sampleTolerance = 8, 5, 0.5
	// tolerance is the largest violation of the optimality conditions that counts as solved, relative to a margin of 1.
	tolerance = 0.2
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
			w, positive := make([]float32, rows), make([]bool, len(s.examples))
			for k := range next {
				clear(w)
				for i, label := range s.labels {
					positive[i] = s.positive(k, label)
				}
				random := rand.New(rand.NewPCG(s.seed, uint64(k))) //nolint:gosec // the same seed must give the same model
				s.solveColumn(&column{alpha: s.alpha[k], positive: positive, random: random, squared: squared, w: w})
				for f, v := range w {
					weights[f*s.columns+k] = v
				}
			}
		})
	}
	for k := range s.columns {
		next <- s.columns - 1 - k // the last ones take longest
	}
	close(next)
	wg.Wait()
	return weights
}

// column is the work on one column: its multipliers, which are read and written, and its weights.
type column struct {
	active   []int // the examples that a pass looks at
	alpha    []float32
	positive []bool
	random   *rand.Rand
	squared  []float32 // of the examples' lengths
	w        []float32
}

// solveColumn starts from the multipliers in c.alpha. Most examples are far on the right side of most columns, and
// looking at all of them is what costs. So first come those that carry the column already, all positive examples and a
// sample of the others, and only then all, of which a pass leaves aside those whose multiplier stays at its bound.
func (s solver) solveColumn(c *column) {
	for i, a := range c.alpha {
		if a != 0 {
			addScaled(c.w, s.examples[i], c.signed(i, a))
		}
		if a != 0 || c.positive[i] || c.random.IntN(sampled) == 0 {
			c.active = append(c.active, i)
		}
	}
	for range samplePasses {
		if s.pass(c) < sampleTolerance {
			break
		}
	}
	all := make([]int, len(s.examples))
	for i := range all {
		all[i] = i
	}
	for range scans {
		c.active = append(c.active[:0], all...)
		for n := range maxPasses {
			if s.pass(c) < tolerance {
				if n == 0 {
					return
				}
				break
			}
		}
	}
}

// pass looks at the active examples once, in random order, leaves those active whose multiplier may still move, and
// returns the largest violation that it met.
func (s solver) pass(c *column) float32 {
	c.random.Shuffle(len(c.active), func(i, j int) { c.active[i], c.active[j] = c.active[j], c.active[i] })
	ridge := float32(1 / (2 * s.cost))
	worst := float32(0)
	kept := c.active[:0]
	for _, i := range c.active {
		alpha := c.alpha[i]
		gradient := c.signed(i, dot(c.w, s.examples[i])) - 1 + float32(ridge*alpha)
		if alpha == 0 && gradient > 0.1 {
			continue
		}
		kept = append(kept, i)
		if alpha == 0 && gradient > 0 {
			continue
		}
		worst = max(worst, gradient, -gradient)
		c.alpha[i] = max(alpha-gradient/(c.squared[i]+ridge), 0)
		addScaled(c.w, s.examples[i], c.signed(i, c.alpha[i]-alpha))
	}
	c.active = kept
	return worst
}

// signed returns v with the sign of example i in the column.
func (c *column) signed(i int, v float32) float32 {
	if c.positive[i] {
		return v
	}
	return -v
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
