package retrieval

import (
	"cmp"
	"math"
	"slices"
	"sync"
)

// byCodes returns the places that may be seen whose codes are nearest to a question's vector, the nearest first, and those of the
// question's language where it is searched by itself. It looks at the head of every passage's code: 1 ms for 100,000 on one core.
func (s search) byCodes(codes *coded, a *asked) (all, own []uint32) {
	language := slices.Index(s.view.names, s.query.Locale)
	if s.overview.share(s.query.Locale) > dominantShare {
		language = -1
	}
	distances, ofAll, ofOwn := s.distances(codes, a, language)
	for most := byHead; ; most *= longer {
		limit, whole := ofAll.limit(most)
		ownLimit, ownWhole := ofOwn.limit(most)
		all, own = all[:0], own[:0]
		for place, distance := range distances {
			if distance <= limit {
				all = append(all, uint32(place))
			}
			if distance <= ownLimit && int(s.view.languages[place]) == language {
				own = append(own, uint32(place))
			}
		}
		var nearest, ownNearest []uint32
		var both sync.WaitGroup
		both.Go(func() { ownNearest = s.nearest(a, codes, own, distances) })
		nearest = s.nearest(a, codes, all, distances)
		both.Wait()
		if (whole || len(nearest) == byCode) && (ownWhole || len(ownNearest) == byCode) {
			return nearest, ownNearest
		}
	}
}

// distances are those of the heads, by place, and how many passages, and of a language, have each. Of a large knowledge base, parts are
// gone through side by side.
func (s search) distances(codes *coded, a *asked, language int) (distances []uint16, all, own *histogram) {
	distances, all, own = make([]uint16, len(s.view.alive)), &histogram{}, &histogram{}
	var parts sync.WaitGroup
	var counting sync.Mutex
	for start := 0; start < len(distances); start += scanPart {
		parts.Go(func() {
			ofAll, ofOwn := histogram{}, histogram{}
			for place := start; place < min(start+scanPart, len(distances)); place++ {
				if !s.view.alive[place] {
					distances[place] = math.MaxUint16
					continue
				}
				distance := codes.heads[place].distance(&a.head)
				distances[place] = distance
				ofAll[distance]++
				if int(s.view.languages[place]) == language {
					ofOwn[distance]++
				}
			}
			counting.Lock()
			defer counting.Unlock()
			all.add(&ofAll)
			own.add(&ofOwn)
		})
	}
	parts.Wait()
	return distances, all, own
}

// scanPart is how many codes one goroutine goes through: 0.3 ms.
const scanPart = 25_000

// longer is how many times as many passages are taken by their bits where too few of them may be seen.
const longer = 8

// histogram counts codes by the number of bits in which they differ from the question's.
type histogram [codeBits + 1]int32

func (h *histogram) add(other *histogram) {
	for distance, n := range other {
		h[distance] += n
	}
}

// limit returns the distance up to which there are as many as wanted, or a few more, and whether those are all.
func (h *histogram) limit(wanted int) (distance uint16, whole bool) {
	sum := 0
	for distance, n := range h {
		if sum += int(n); sum >= wanted {
			return uint16(distance), false
		}
	}
	return codeBits, true
}

// nearest keeps the places whose codes are nearest by all their bits, then of those that may be seen the ones that are by what they say of
// the cosine, the nearest first.
func (s search) nearest(a *asked, codes *coded, places []uint32, ofHeads []uint16) []uint32 {
	distances, count := make([]uint16, len(places)), histogram{}
	for i, place := range places {
		distances[i] = ofHeads[place] + codes.tails[place].distance(&a.tail)
		count[distances[i]]++
	}
	type near struct {
		place      uint32
		similarity float32
	}
	var all []near
	for most := byBits; ; most *= longer {
		limit, whole := count.limit(most)
		all = all[:0]
		for i, place := range places {
			if distances[i] <= limit && codes.tails[place].scale != 0 && s.view.sees(place, s.query.sight()) {
				all = append(all, near{place: place, similarity: a.similarity(&codes.heads[place], &codes.tails[place])})
			}
		}
		if whole || len(all) >= byCode {
			break
		}
	}
	slices.SortFunc(all, func(x, y near) int {
		return cmp.Or(cmp.Compare(y.similarity, x.similarity), cmp.Compare(x.place, y.place))
	})
	nearest := make([]uint32, min(byCode, len(all)))
	for i := range nearest {
		nearest[i] = all[i].place
	}
	return nearest
}
