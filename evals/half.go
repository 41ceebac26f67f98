package evals

import (
	"hash/fnv"
	"slices"
)

// Half is a part of a data set, drawn by the hash of a row's id.
type Half string

// The halves.
const (
	HalfAll    Half = "all"
	HalfDev    Half = "dev"    // to tune on
	HalfFrozen Half = "frozen" // never to tune on
)

// halfOf tells to which half the id of a row or a case belongs.
func halfOf(id string) Half {
	h := fnv.New32a()
	_, _ = h.Write([]byte(id)) // a hash takes everything
	if h.Sum32()%2 == 1 {
		return HalfFrozen
	}
	return HalfDev
}

// Half returns the suite with the cases of a half only.
func (s Suite) Half(half Half) Suite {
	s.Cases = slices.DeleteFunc(slices.Clone(s.Cases), func(c Case) bool { return half != HalfAll && halfOf(c.ID) != half })
	return s
}
