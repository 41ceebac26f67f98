package intent

// Embedder turns a text into a vector of unit length: texts that mean the same lie near each other, whatever their
// language. With it, what was learned from an example in one language counts for the others too. Safe for concurrent use.
type Embedder interface {
	// Dimensions is the length of a vector.
	Dimensions() int
	// Name changes when the vectors do.
	Name() string
	// Vector sets out, which has length Dimensions.
	Vector(text string, out []float32)
}

// denseLength is the length of a text's vector beside its blocks of features; tuned like theirs. In five folds over the
// examples, vectors raised the accuracy from 0.67 to 0.74.
const denseLength = 0.8

// vectorOf returns the vector of a text as features, nil without an embedder.
func vectorOf(e Embedder, text string) []float32 {
	if e == nil {
		return nil
	}
	vector := make([]float32, e.Dimensions())
	e.Vector(text, vector)
	for i := range vector {
		vector[i] *= denseLength
	}
	return vector
}

func embedderName(e Embedder) string {
	if e == nil {
		return ""
	}
	return e.Name()
}
