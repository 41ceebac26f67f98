package lexical

import "hash/fnv"

// Dimensions is how many numbers there are for terms.
const Dimensions = 1_000_000_000

// ID numbers a term, from 1 to Dimensions. It is a hash (FNV-1a), so that no dictionary has to be kept in step: among a
// million distinct terms one in two thousand shares its number with another.
func ID(term string) int32 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(term)) // a hash never fails
	return int32(h.Sum64()%Dimensions) + 1
}
