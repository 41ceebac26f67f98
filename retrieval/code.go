package retrieval

import (
	"math"
	"math/bits"
	"math/rand/v2"
)

// How long a code is. Of 100,000 passages of 1,536 dimensions, the ten nearest are among the 60 that 2,048 bits find for 99 % of
// questions, and among 100 for 99.9 %.
const (
	codeBits  = 2048
	codeWords = codeBits / 64
	// headWords are the first words of a code, which decide whether the others are looked at: one line of the processor's cache.
	headWords = 8
	headBits  = 64 * headWords
)

// A code is a vector in 2,048 bits: the signs of its components after a random rotation. Two vectors differ in the more bits, the farther
// they are from each other. As RaBitQ has it (Gao and Long, 2024).
type (
	head [headWords]uint64
	tail struct {
		signs [codeWords - headWords]uint64
		// scale is the cosine between the rotated vector and its signs, some 0.8; 0 for a passage without a vector.
		scale float32
	}
)

// distance is the number of bits in which two heads differ.
func (h *head) distance(other *head) uint16 {
	differing := 0
	for i := 0; i < headWords; i += 4 {
		differing += bits.OnesCount64(h[i]^other[i]) + bits.OnesCount64(h[i+1]^other[i+1]) +
			bits.OnesCount64(h[i+2]^other[i+2]) + bits.OnesCount64(h[i+3]^other[i+3])
	}
	return uint16(differing)
}

// distance is the number of bits in which two tails differ.
func (t *tail) distance(other *tail) uint16 {
	differing := 0
	for i, word := range t.signs {
		differing += bits.OnesCount64(word ^ other.signs[i])
	}
	return uint16(differing)
}

// rotation turns vectors of one length, all the same way, so that each component of what comes out says as much as any other, however few
// components of the vector do. It flips signs by chance and then applies a Hadamard matrix. A vector of fewer components than a code has
// bits is turned several ways, one behind the other. It is safe for concurrent use.
type rotation struct {
	flips [][]float32 // 1 or -1, of each component, for each way
	size  int         // the power of 2 that holds the vector
}

func newRotation(dimensions int) *rotation {
	const seed, stream = 1, 2048                  // any: nothing that is stored depends on it
	random := rand.New(rand.NewPCG(seed, stream)) //nolint:gosec // no secret: the same each time
	r := &rotation{size: 1}
	for r.size < dimensions {
		r.size *= 2
	}
	r.flips = make([][]float32, max(1, codeBits/r.size))
	for i := range r.flips {
		r.flips[i] = make([]float32, dimensions)
		for j := range r.flips[i] {
			r.flips[i][j] = float32(1 - 2*random.IntN(2))
		}
	}
	return r
}

// turn returns the components that a code has the signs of. Their lengths are those of vector, but for a constant.
func (r *rotation) turn(vector []float32) []float32 {
	turned := make([]float32, r.size*len(r.flips))
	for i, flips := range r.flips {
		part := turned[i*r.size : (i+1)*r.size]
		for j, flip := range flips {
			part[j] = flip * vector[j]
		}
		hadamard(part)
	}
	return turned[:codeBits]
}

// hadamard multiplies a vector, whose length is a power of 2, by the Hadamard matrix of that size, in place: two steps of the
// butterfly at a time, and the last alone where their number is odd.
func hadamard(vector []float32) {
	step := 1
	for ; 4*step <= len(vector); step *= 4 {
		for start := 0; start < len(vector); start += 4 * step {
			a := vector[start : start+step]
			b := vector[start+step : start+2*step][:len(a)]
			c := vector[start+2*step : start+3*step][:len(a)]
			d := vector[start+3*step : start+4*step][:len(a)]
			for i := range a {
				p, q, r, s := a[i]+b[i], a[i]-b[i], c[i]+d[i], c[i]-d[i]
				a[i], b[i], c[i], d[i] = p+r, q+s, p-r, q-s
			}
		}
	}
	if step < len(vector) {
		low, high := vector[:step], vector[step:][:step]
		for i, x := range low {
			low[i], high[i] = x+high[i], x-high[i]
		}
	}
}

// codeOf returns the code of a vector.
func (r *rotation) codeOf(vector []float32) (head, tail) {
	turned := r.turn(vector)
	var sum, squares float32
	for _, x := range turned {
		sum += max(x, -x)
		squares += x * x
	}
	h, t := signs(turned)
	if squares > 0 {
		t.scale = sum / float32(math.Sqrt(float64(squares*codeBits)))
	}
	return h, t
}

func signs(turned []float32) (h head, t tail) {
	var words [codeWords]uint64
	for i := range words {
		var word uint64
		for j, x := range turned[64*i : 64*i+64] {
			word |= uint64(^math.Float32bits(x)>>31) << j
		}
		words[i] = word
	}
	copy(h[:], words[:headWords])
	copy(t.signs[:], words[headWords:])
	return h, t
}

// asked is the vector of a question, ready to be held against codes.
type asked struct {
	head head
	// sums are, for each four bits of a code, what they say of the cosine, by the value of the four.
	sums [codeBits / 4][16]float32
	tail tail
}

func (r *rotation) ask(vector []float32) *asked {
	turned := r.turn(vector)
	a := &asked{}
	a.head, a.tail = signs(turned)
	for i := range a.sums {
		four, sums := turned[4*i:4*i+4], &a.sums[i]
		sums[0] = -(four[0] + four[1] + four[2] + four[3])
		for value := 1; value < len(sums); value++ {
			sums[value] = sums[value&(value-1)] + 2*four[bits.TrailingZeros(uint(value))]
		}
	}
	return a
}

// similarity estimates, but for a constant, the cosine of the question and the vector that a code was made of. Unlike the distance of two
// codes, it knows the question's own components.
func (a *asked) similarity(h *head, t *tail) float32 {
	return (a.sum(0, h[:]) + a.sum(headWords, t.signs[:])) / t.scale
}

// sum is what words of a code say, the first of which is the one with a number.
func (a *asked) sum(first int, words []uint64) float32 {
	var sum [4]float32 // four at a time: an addition need not wait for the one before
	for i, word := range words {
		sums := a.sums[16*(first+i):][:16]
		for j := 0; j < len(sums); j += len(sum) {
			sum[0] += sums[j][word&15]
			sum[1] += sums[j+1][word>>4&15]
			sum[2] += sums[j+2][word>>8&15]
			sum[3] += sums[j+3][word>>12&15]
			word >>= 16
		}
	}
	return sum[0] + sum[1] + sum[2] + sum[3]
}
