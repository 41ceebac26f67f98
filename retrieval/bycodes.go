package retrieval

import (
	"cmp"
	"math"
	"slices"
)

// byCodes returns the places that may be seen whose codes are nearest to a question's vector, the nearest first, and those of the question's
// language where it is searched by itself. It looks at every passage: 0.2 ms for 10,000.
func (s search) byCodes(codes []code, a *asked) (all, own []uint32) {
	distances, ofAll, ofOwn := make([]uint16, len(codes)), histogram{}, histogram{}
	language := slices.Index(s.view.names, s.query.Locale)
	for place := range codes {
		c := &codes[place]
		if c.scale == 0 || !s.view.alive[place] {
			distances[place] = math.MaxUint16
			continue
		}
		distance := c.distance(&a.signs)
		distances[place] = uint16(distance) //nolint:gosec // at most codeBits
		ofAll[distance]++
		if int(s.view.passages[place].locale) == language {
			ofOwn[distance]++
		}
	}
	all = s.nearest(a, codes, distances, &ofAll, -1)
	if language >= 0 && s.overview.share(s.query.Locale) <= dominantShare {
		own = s.nearest(a, codes, distances, &ofOwn, language)
	}
	return all, own
}

// nearest takes the places of the smallest distances, in a language when it is not -1, and of those that may be seen the ones whose codes say
// that they are nearest.
func (s search) nearest(a *asked, codes []code, distances []uint16, count *histogram, language int) []uint32 {
	for most := byBits; ; most *= longer {
		limit, whole := count.limit(most)
		var places []uint32
		for place, distance := range distances {
			if int(distance) <= limit && (language < 0 || int(s.view.passages[place].locale) == language) {
				places = append(places, uint32(place)) //nolint:gosec // within maxMirrored
			}
		}
		if places = s.seen(places); whole || len(places) >= byCode {
			return a.nearest(places, codes)
		}
	}
}

// longer is how many times as many passages are taken by their bits where too few of them may be seen.
const longer = 8

// histogram counts codes by their distance.
type histogram [codeBits + 1]int32

// limit returns the distance up to which there are as many as wanted, or a few more, and whether those are all.
func (h *histogram) limit(wanted int) (distance int, whole bool) {
	sum := 0
	for distance, n := range h {
		if sum += int(n); sum >= wanted {
			return distance, false
		}
	}
	return codeBits, true
}

// nearest orders places by what their codes say of the cosine, the nearest first, and keeps the best.
func (a *asked) nearest(places []uint32, codes []code) []uint32 {
	type near struct {
		place      uint32
		similarity float32
	}
	all := make([]near, len(places))
	for i, place := range places {
		all[i] = near{place: place, similarity: a.similarity(&codes[place])}
	}
	slices.SortFunc(all, func(x, y near) int {
		return cmp.Or(cmp.Compare(y.similarity, x.similarity), cmp.Compare(x.place, y.place))
	})
	places = places[:min(byCode, len(places))]
	for i := range places {
		places[i] = all[i].place
	}
	return places
}
