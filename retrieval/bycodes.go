package retrieval

import (
	"cmp"
	"math"
	"slices"
)

// byCodes returns the places that may be seen whose codes are nearest to a question's vector, the nearest first, and those of the question's
// language where it is searched by itself. It looks at the head of every passage's code: 0.5 ms for 100,000.
func (s search) byCodes(codes *coded, a *asked) (all, own []uint32) {
	distances, ofAll, ofOwn := make([]uint16, len(s.view.alive)), histogram{}, histogram{}
	language := slices.Index(s.view.names, s.query.Locale)
	for place, alive := range s.view.alive {
		if !alive {
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
	all = s.nearest(a, codes, distances, &ofAll, -1)
	if language >= 0 && s.overview.share(s.query.Locale) <= dominantShare {
		own = s.nearest(a, codes, distances, &ofOwn, language)
	}
	return all, own
}

// nearest takes the places whose heads are nearest, in a language when it is not -1, and of those that may be seen the ones whose codes say
// that they are nearest.
func (s search) nearest(a *asked, codes *coded, distances []uint16, count *histogram, language int) []uint32 {
	for most := byHead; ; most *= longer {
		limit, whole := count.limit(most)
		var places []uint32
		for place, distance := range distances {
			if distance <= limit && (language < 0 || int(s.view.languages[place]) == language) && codes.tails[place].scale != 0 {
				places = append(places, uint32(place)) //nolint:gosec // within maxMirrored
			}
		}
		if places = s.seen(places); whole || len(places) >= byBits {
			return a.nearest(places, codes, distances)
		}
	}
}

// longer is how many times as many passages are taken by their bits where too few of them may be seen.
const longer = 8

// histogram counts codes by the number of bits in which they differ from the question's.
type histogram [codeBits + 1]int32

// limit returns the distance up to which there are as many as wanted, or a few more, and whether those are all.
func (h *histogram) limit(wanted int) (distance uint16, whole bool) {
	sum := 0
	for distance, n := range h {
		if sum += int(n); sum >= wanted {
			return uint16(distance), false //nolint:gosec // at most codeBits
		}
	}
	return codeBits, true
}

// nearest keeps the places whose codes are nearest by their bits, then of those the ones that are by what they say of the cosine, the
// nearest first.
func (a *asked) nearest(places []uint32, codes *coded, ofHeads []uint16) []uint32 {
	distances, count := make([]uint16, len(places)), histogram{}
	for i, place := range places {
		distances[i] = ofHeads[place] + codes.tails[place].distance(&a.tail)
		count[distances[i]]++
	}
	type near struct {
		place      uint32
		similarity float32
	}
	limit, _ := count.limit(byBits)
	var all []near
	for i, place := range places {
		if distances[i] <= limit {
			all = append(all, near{place: place, similarity: a.similarity(&codes.heads[place], &codes.tails[place])})
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
