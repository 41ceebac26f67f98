package retrieval

import (
	"cmp"
	"math"
	"slices"
	"sync"
)

// shardSize is how many codes are gone through by themselves: of a large knowledge base, shards are gone through side by side. One takes
// 0.2 ms.
const shardSize = 12_500

// byCodes returns the places that may be seen whose codes are nearest to a question's vector, the nearest first, and those of the
// question's language where it is searched by itself.
func (s search) byCodes(codes *coded, a *asked) (all, own []uint32) {
	language := slices.Index(s.view.names, s.query.Locale)
	if s.overview.share(s.query.Locale) > dominantShare {
		language = -1
	}
	shards := []shard{{end: min(shardSize, len(s.view.alive)), language: language}}
	for start := shardSize; start < len(s.view.alive); start += shardSize {
		shards = append(shards, shard{start: start, end: min(start+shardSize, len(s.view.alive)), language: language})
	}
	most := byHeads(len(s.view.alive)) / len(shards)
	ownMost := byHeads(int(s.overview.in(s.query.Locale).passages)) / len(shards)
	for ; ; most, ownMost = most*longer, ownMost*longer {
		var others sync.WaitGroup
		for i := range shards[1:] {
			others.Go(func() { s.look(&shards[i+1], codes, a, most, ownMost) })
		}
		s.look(&shards[0], codes, a, most, ownMost)
		others.Wait()
		whole, ownWhole := true, true
		for i := range shards {
			whole, ownWhole = whole && shards[i].whole, ownWhole && shards[i].ownWhole
		}
		var both sync.WaitGroup
		both.Go(func() { own = s.nearest(a, codes, foundIn(shards, func(c coding) bool { return c.ownNear })) })
		all = s.nearest(a, codes, foundIn(shards, func(c coding) bool { return c.near }))
		both.Wait()
		if (whole || len(all) == byCode) && (ownWhole || len(own) == byCode) {
			return all, own
		}
	}
}

// byHeads is how many of n passages are left by their heads: of more, more are near by chance. Of 100,000 it is 2,260.
func byHeads(n int) int {
	return int(byHead * math.Sqrt(max(1, float64(n)/shardSize)))
}

// shareByBits is of how many passages one more is left by all bits, until there are byBits.
const shareByBits = 50

// shard is a part of the places, and what was found in it.
type shard struct {
	start, end int
	// language is the number of the question's language; -1 where it is not searched by itself.
	language int

	distances       []uint16 // of the heads
	ofAll, ofOwn    histogram
	found           []coding
	whole, ownWhole bool // all that can be seen was found
}

// coding is a place whose head is near to the question's.
type coding struct {
	place uint32
	// distance is the number of bits in which all of its code differs from the question's.
	distance uint16
	// near and ownNear say whether it is among the nearest of all, and of the question's language.
	near, ownNear bool
}

// look finds the places of a shard whose heads are nearest: so many of all, and so many of the question's language.
func (s search) look(in *shard, codes *coded, a *asked, most, ownMost int) {
	if in.distances == nil {
		s.lookAtHeads(in, codes, a)
	}
	limit, whole := in.ofAll.limit(most)
	ownLimit, ownWhole := in.ofOwn.limit(ownMost)
	in.found, in.whole, in.ownWhole = make([]coding, 0, min(most+ownMost, len(in.distances))), whole, ownWhole
	farthest := max(limit, ownLimit)
	for i, distance := range in.distances {
		if distance > farthest {
			continue
		}
		place := uint32(in.start + i) //nolint:gosec // within maxMirrored
		near, ownNear := distance <= limit, distance <= ownLimit && int(s.view.languages[place]) == in.language
		if near || ownNear {
			distance += codes.tails[place].distance(&a.tail)
			in.found = append(in.found, coding{distance: distance, near: near, ownNear: ownNear, place: place})
		}
	}
}

// lookAtHeads holds the question against the head of each code of a shard.
func (s search) lookAtHeads(in *shard, codes *coded, a *asked) {
	alive, heads, languages := s.view.alive[in.start:in.end], codes.heads[in.start:in.end], s.view.languages[in.start:in.end]
	in.distances = make([]uint16, len(alive))
	in.ofAll, in.ofOwn = make(histogram, headBits+1), make(histogram, headBits+1)
	for i, alive := range alive {
		if !alive {
			in.distances[i] = math.MaxUint16
			continue
		}
		distance := heads[i].distance(&a.head)
		in.distances[i] = distance
		in.ofAll[distance]++
		if int(languages[i]) == in.language {
			in.ofOwn[distance]++
		}
	}
}

// foundIn is what was found in shards and is wanted.
func foundIn(shards []shard, wanted func(coding) bool) []coding {
	n := 0
	for i := range shards {
		n += len(shards[i].found)
	}
	all := make([]coding, 0, n)
	for i := range shards {
		for _, c := range shards[i].found {
			if wanted(c) {
				all = append(all, c)
			}
		}
	}
	return all
}

// nearest keeps of what was found what is nearest by all bits, then of that what may be seen and is by what codes say of the cosine, the
// nearest first.
func (s search) nearest(a *asked, codes *coded, found []coding) []uint32 {
	count := make(histogram, codeBits+1)
	for _, c := range found {
		count[c.distance]++
	}
	type near struct {
		place      uint32
		similarity float32
	}
	var all []near
	for most := min(byBits, byCode+len(s.view.alive)/shareByBits); ; most *= longer {
		limit, whole := count.limit(most)
		all = all[:0]
		for _, c := range found {
			if c.distance <= limit && codes.tails[c.place].scale != 0 && s.view.sees(c.place, s.query.sight()) {
				all = append(all, near{place: c.place, similarity: a.similarity(&codes.heads[c.place], &codes.tails[c.place])})
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

// longer is how many times as many passages are taken by their bits where too few of them may be seen.
const longer = 8

// histogram counts codes by the number of bits in which they differ from the question's.
type histogram []int32

// limit returns the distance up to which there are as many as wanted, or a few more, and whether those are all.
func (h histogram) limit(wanted int) (distance uint16, whole bool) {
	sum := 0
	for distance, n := range h {
		if sum += int(n); sum >= wanted {
			return uint16(distance), false
		}
	}
	return uint16(len(h)), true //nolint:gosec // at most codeBits + 1
}
