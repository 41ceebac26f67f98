package lang

import "math"

// maxClasses bounds the classes of a group, so that scores live on the stack.
const maxClasses = 20

// model is a linear classifier over the features of a group. Its weights are used where they lie in the file.
type model struct {
	group

	charsets charsets // of the Han group, else nil
	priors   scores   // in natural-log odds
	scale    float32  // of one step of a weight, in natural-log odds
	weights  []byte   // int8, one row of len(classes) per bucket
}

// scores is one value per class of a model.
type scores [maxClasses]float64

// logits adds up the weights of the features of e, divided by the square root of their number: a long text has more
// evidence, but its n-grams overlap and repeat.
func (m *model) logits(e evidence) scores {
	var buffer [maxFeatures]uint32
	features := m.features(e, buffer[:0])
	var sums [maxClasses]int32
	width := len(m.classes)
	for _, bucket := range features {
		row := m.weights[int(bucket)*width:][:width]
		for i, w := range row {
			sums[i] += int32(int8(w)) //nolint:gosec // the byte holds an int8
		}
	}
	var out scores
	if len(features) == 0 {
		return out
	}
	factor := float64(m.scale) * damping(len(features))
	for i := range width {
		out[i] = float64(sums[i]) * factor
	}
	return out
}

// damping weighs one of n features.
func damping(n int) float64 { return 1 / math.Sqrt(float64(n)) }

// softmax turns the first n scores into probabilities.
func (s *scores) softmax(n int) {
	top := s[0]
	for _, v := range s[1:n] {
		top = max(top, v)
	}
	sum := 0.0
	for i, v := range s[:n] {
		s[i] = math.Exp(v - top)
		sum += s[i]
	}
	for i := range n {
		s[i] /= sum
	}
}
