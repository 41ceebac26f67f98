package train

import (
	"math"
	"math/rand/v2"
	"sort"
)

// model is the rows of a table while they are trained.
type model struct {
	dims    int
	options Options
	rows    []float32 // of all features, one after the other
	squares []float64 // by row: the sum of its squared gradients, for Adagrad

	batch  []sample  // of both sides: a's, then b's
	powers []float64 // exponentials of the scores
	pulls  []float32 // of each a on each b and back: the derivatives of the loss by their cosines
	scores []float32 // of each a with each b
	shards []shard
	la, lb []float32 // logarithms of the sums over a row and over a column of scores
}

// sample is a text in a batch.
type sample struct {
	gradient []float32 // of the loss by unit, then by the sum of rows
	group    int32
	length   float64
	rows     []int32
	unit     []float32
	weights  []float32
}

// shards divide the rows, so that each row is changed by one goroutine and in the order of the batch. Their number is
// fixed: it must not depend on the machine.
const shards = 32

type shard struct {
	first, last int32 // rows [first, last)
	gradients   []float32
	place       []int32 // of a row of the shard in gradients, 0 for none
	touched     []int32
}

func newModel(rows int, o Options) *model {
	m := &model{
		dims: o.Dimensions, options: o, rows: make([]float32, rows*o.Dimensions), squares: make([]float64, rows),
		batch: make([]sample, 2*o.Batch), powers: make([]float64, o.Batch*o.Batch), pulls: make([]float32, o.Batch*o.Batch),
		scores: make([]float32, o.Batch*o.Batch),
		la:     make([]float32, o.Batch), lb: make([]float32, o.Batch),
	}
	random := rand.New(rand.NewPCG(o.Seed, 2)) //nolint:gosec // a start, not a secret
	for i := range m.rows {
		m.rows[i] = float32(random.NormFloat64() * initialDeviation)
	}
	for i := range m.batch {
		m.batch[i].gradient, m.batch[i].unit = make([]float32, m.dims), make([]float32, m.dims)
	}
	for i := range shards {
		first, last := rows*i/shards, rows*(i+1)/shards
		part := shard{first: int32(first), last: int32(last), place: make([]int32, last-first)} //nolint:gosec // rows of a table
		m.shards = append(m.shards, part)
	}
	return m
}

// initialDeviation of a component: small against what training moves it by.
const initialDeviation = 0.05

// step trains on a batch and returns its mean loss. number makes what is left out differ from step to step.
func (m *model) step(pairs []pair, rate float64, number uint64) float64 {
	n := len(pairs)
	parallel(2*n, func(i int) {
		t := pairs[i%n].a
		if i >= n {
			t = pairs[i%n].b
		}
		m.batch[i].sum(t, m, rand.NewPCG(m.options.Seed^number<<20, uint64(i))) //nolint:gosec // of a batch
	})
	parallel(n, func(i int) { m.score(i, n) })
	parallel(2*n, func(i int) { m.normaliser(i, n) })
	parallel(n, func(i int) { m.pull(i, n) })
	parallel(2*n, func(i int) { m.differentiate(i, n) })
	parallel(len(m.shards), func(i int) { m.update(&m.shards[i], 2*n, rate) })
	loss := 0.0
	for i := range n {
		s := float64(m.scores[i*n+i])
		loss += (float64(m.la[i])+float64(m.lb[i]))/2 - s
	}
	return loss / float64(n)
}

// sum computes the unit vector of a text, with some of its features left out.
func (s *sample) sum(t *text, m *model, source *rand.PCG) {
	s.group = t.group
	s.rows, s.weights = s.rows[:0], s.weights[:0]
	limit := uint64(m.options.Dropout * (1 << 16))
	var bits uint64
	for i, row := range t.rows {
		if i%4 == 0 {
			bits = source.Uint64()
		}
		if bits&0xffff >= limit {
			s.rows, s.weights = append(s.rows, row), append(s.weights, t.weights[i])
		}
		bits >>= 16
	}
	if len(s.rows) == 0 {
		s.rows, s.weights = append(s.rows, t.rows...), append(s.weights, t.weights...)
	}
	clear(s.unit)
	for i, row := range s.rows {
		addScaled(s.unit, m.row(row), s.weights[i])
	}
	squares := float64(dot(s.unit, s.unit))
	s.length = math.Sqrt(squares) + 1e-9
	scale(s.unit, float32(1/s.length))
}

func (m *model) row(i int32) []float32 { return m.rows[int(i)*m.dims:][:m.dims] }

// score fills line i of the scores: negatives of the same section are masked.
func (m *model) score(i, n int) {
	a := &m.batch[i]
	for j := range n {
		b := &m.batch[n+j]
		if i != j && a.group == b.group {
			m.scores[i*n+j], m.powers[i*n+j] = masked, 0
			continue
		}
		m.scores[i*n+j] = dot(a.unit, b.unit) / float32(m.options.Temperature)
		m.powers[i*n+j] = math.Exp(float64(m.scores[i*n+j]))
	}
}

// masked is a score whose exponential is nothing.
const masked = -1e4

func (m *model) normaliser(i, n int) {
	total := 0.0
	if i < n {
		for _, power := range m.powers[i*n : i*n+n] {
			total += power
		}
		m.la[i] = float32(math.Log(total))
		return
	}
	for j := range n {
		total += m.powers[j*n+i-n]
	}
	m.lb[i-n] = float32(math.Log(total))
}

// pull fills line a of the pulls; one too small to matter is 0.
func (m *model) pull(a, n int) {
	for b := range n {
		score := m.scores[a*n+b]
		p := (math.Exp(float64(score-m.la[a])) + math.Exp(float64(score-m.lb[b]))) / 2
		if a == b {
			p--
		}
		m.pulls[a*n+b] = 0
		if p > 1e-6 || p < -1e-6 {
			m.pulls[a*n+b] = float32(p / m.options.Temperature)
		}
	}
}

// differentiate sets the gradient of sample i, of the mean of both softmax losses, by the sum of its rows.
func (m *model) differentiate(i, n int) {
	s := &m.batch[i]
	clear(s.gradient)
	for j := range n {
		a, b, other := i, j, &m.batch[n+j]
		if i >= n {
			a, b, other = j, i-n, &m.batch[j]
		}
		if pull := m.pulls[a*n+b]; pull != 0 {
			addScaled(s.gradient, other.unit, pull)
		}
	}
	addScaled(s.gradient, s.unit, -dot(s.gradient, s.unit))
	scale(s.gradient, float32(1/s.length))
}

// update changes the rows of a shard: Adagrad with one rate a row (Duchi et al. 2011).
func (m *model) update(s *shard, samples int, rate float64) {
	s.touched, s.gradients = s.touched[:0], s.gradients[:0]
	for k := range samples {
		of := &m.batch[k]
		from := sort.Search(len(of.rows), func(i int) bool { return of.rows[i] >= s.first })
		for i := from; i < len(of.rows) && of.rows[i] < s.last; i++ {
			row := of.rows[i]
			place := s.place[row-s.first]
			if place == 0 {
				s.touched = append(s.touched, row)
				place = int32(len(s.touched)) //nolint:gosec // rows of a table
				s.place[row-s.first] = place
				s.gradients = append(s.gradients, make([]float32, m.dims)...)
			}
			addScaled(s.gradients[int(place-1)*m.dims:][:m.dims], of.gradient, of.weights[i])
		}
	}
	for i, row := range s.touched {
		gradient := s.gradients[i*m.dims:][:m.dims]
		m.squares[row] += float64(dot(gradient, gradient)) / float64(m.dims)
		addScaled(m.row(row), gradient, float32(-rate/(math.Sqrt(m.squares[row])+1e-12)))
		s.place[row-s.first] = 0
	}
}
