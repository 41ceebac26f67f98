package retrieval

import "math"

// roundedBits is the size of a component of a rounded vector. Four products of two components lie beside each other in one word,
// each in a lane of 16 bits.
const roundedBits = 5

const (
	roundedLevels = 1 << roundedBits
	// roundedMiddle is the level that stands for 0, and roundedStep what one level is worth in standard deviations of a component: 2.9 to
	// both sides, which is where the mean error of normally distributed numbers is smallest (Max 1960).
	roundedMiddle = (roundedLevels - 1) / 2.0
	roundedStep   = 0.188
	// roundedRun is how many words are multiplied before the sum in the highest lane must be read: 4 products of 31 by 31, 16 times, just
	// fit into 16 bits, and no lane below runs over.
	roundedRun = 16
)

// rounded is a vector whose components were rounded to 5 bits, for the cosines of many words with many others: one
// multiplication of two words of 64 bits multiplies and adds four components. From 128 components on, a cosine is right to 0.03 (a test).
type rounded struct {
	backward []uint64 // lanes in the opposite order: the products that belong together meet in the highest lane
	forward  []uint64
	inverse  float32 // 1 / length, in levels
	shift    float32 // the sum of the levels, times roundedMiddle: levels are counted from 0 up
}

// round rounds a vector of length 1, or a vector of zeros.
func round(vector []float32) rounded {
	lanes := (len(vector) + 3) / 4
	words := make([]uint64, 2*lanes)
	r := rounded{backward: words[:lanes], forward: words[lanes:]}
	perLevel := roundedStep / math.Sqrt(float64(len(vector)))
	sum, squares := 0.0, 0.0
	for i, x := range vector {
		level := math.Round(float64(x)/perLevel + roundedMiddle)
		level = max(0, min(roundedLevels-1, level))
		sum += level
		squares += (level - roundedMiddle) * (level - roundedMiddle)
		r.forward[i/4] |= uint64(level) << (i % 4 * 16)
		r.backward[i/4] |= uint64(level) << (48 - i%4*16)
	}
	r.inverse = float32(1 / math.Sqrt(squares)) // no level is the middle: squares are never 0
	r.shift = float32(roundedMiddle * (sum - roundedMiddle*float64(len(vector))/2))
	return r
}

// cosine is the cosine of two vectors of one length.
func (r *rounded) cosine(other *rounded) float32 {
	products := uint64(0)
	a, b := r.backward, other.forward
	for len(a) >= roundedRun && len(b) >= roundedRun {
		x, y := a[:roundedRun:roundedRun], b[:roundedRun:roundedRun]
		products += (x[0]*y[0] + x[1]*y[1] + x[2]*y[2] + x[3]*y[3] + x[4]*y[4] + x[5]*y[5] + x[6]*y[6] + x[7]*y[7] +
			x[8]*y[8] + x[9]*y[9] + x[10]*y[10] + x[11]*y[11] + x[12]*y[12] + x[13]*y[13] + x[14]*y[14] + x[15]*y[15]) >> 48
		a, b = a[roundedRun:], b[roundedRun:]
	}
	rest := uint64(0)
	for i := range min(len(a), len(b)) {
		rest += a[i] * b[i]
	}
	products += rest >> 48
	return (float32(products) - r.shift - other.shift) * r.inverse * other.inverse
}
