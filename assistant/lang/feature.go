package lang

// Features of a text are hashed: character n-grams of each word, with its two edges marked by a space, and the word
// itself. A feature is a bucket of a model's weight table.
const (
	edge        = ' '
	gramSeed    = 0x9E3779B97F4A7C15
	wordSeed    = 0xC2B2AE3D27D4EB4F
	hashFactor  = 0x100000001B3 // FNV-1a
	maxFeatures = 1200
)

// features appends the buckets of words to into, up to maxFeatures, and returns it.
func (g *group) features(e evidence, into []uint32) []uint32 {
	for _, w := range e.words {
		if !g.reads(w.script) {
			continue
		}
		letters := e.runes[w.from:w.to]
		// A word of n letters has at most grams features per letter and per edge, and itself.
		room := (maxFeatures-len(into)-1)/g.grams - 2
		if room <= 0 {
			return into
		}
		into = g.wordFeatures(letters[:min(len(letters), room)], into)
	}
	return into
}

func (g *group) wordFeatures(letters []rune, into []uint32) []uint32 {
	whole := uint64(wordSeed)
	for from := -1; from <= len(letters); from++ {
		h := uint64(gramSeed)
		for n := range g.grams {
			at := from + n
			if at > len(letters) {
				break
			}
			r := rune(edge)
			if at >= 0 && at < len(letters) {
				r = letters[at]
			}
			h = (h ^ uint64(r)) * hashFactor
			if n == 0 && r == edge {
				continue // an edge alone says nothing
			}
			into = append(into, g.bucket(h))
		}
		if from >= 0 && from < len(letters) {
			whole = (whole ^ uint64(letters[from])) * hashFactor //nolint:gosec // a character is not negative
		}
	}
	return append(into, g.bucket(whole))
}

// bucket folds a hash to the width of the table. The multiplication mixes the high bits down (Fibonacci hashing).
func (g *group) bucket(h uint64) uint32 {
	h ^= h >> 29
	return uint32((h * gramSeed) >> (64 - g.bits)) //nolint:gosec // bits is below 32
}
