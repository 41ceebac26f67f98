package retrieval

import (
	"cmp"
	"maps"
	"slices"
	"time"
)

// postingsBudget bounds the passages that are looked at for having a term: the rarest terms of the question that together are in no more
// passages than this choose them. The more frequent words only score.
const postingsBudget = 1500

// scored is a passage, by its place, with its score by words.
type scored struct {
	place uint32
	score float64
}

// statistics are what a version knows of a question's terms.
func (v *view) overview(terms queryTerms) overview {
	o := overview{locales: make(map[string]statistics, len(v.locales)), version: v.version}
	for name, size := range v.locales {
		mean := max(size.length, 1) / size.passages
		o.locales[name] = statistics{meanLength: mean, passages: size.passages, with: make(map[int32]float64)}
	}
	counts := make([]float64, len(v.names))
	for id := range terms.counts {
		clear(counts)
		for _, p := range v.list(id) {
			if place := p.place(); v.alive[place] {
				counts[v.passages[place].locale]++
			}
		}
		for locale, n := range counts {
			if n > 0 {
				o.locales[v.names[locale]].with[id] = n
			}
		}
	}
	return o
}

// list returns the postings of a term that this version may have: some of them are gone.
func (v *view) list(term int32) []posting {
	v.mu.RLock()
	list := v.postings[term]
	v.mu.RUnlock()
	for len(list) > 0 && int(list[len(list)-1].place()) >= len(v.passages) {
		list = list[:len(list)-1]
	}
	return list
}

// sight is who looks: whose eyes, where from, and when.
type sight struct {
	internal     bool
	jurisdiction string
	today        staleness
}

func (q Query) sight() sight {
	return sight{internal: q.Audience == AudienceInternal, jurisdiction: q.Jurisdiction, today: q.today()}
}

// sees is of an article: internal and stale ones are not for the public, and those that do not hold where the customer is for nobody;
// where that is unknown, those that hold in some places only are the desk's.
func (s sight) sees(audience Audience, reviewBy time.Time, jurisdictions []string) bool {
	if !s.internal && (audience == AudienceInternal || s.today.stale(reviewBy)) {
		return false
	}
	return len(jurisdictions) == 0 || slices.Contains(jurisdictions, s.jurisdiction) || s.internal && s.jurisdiction == ""
}

// sees reports whether a passage of this version may be seen.
func (v *view) sees(place uint32, s sight) bool {
	return v.alive[place] && v.seesArticle(v.passages[place].article, s)
}

func (v *view) seesArticle(article uint32, s sight) bool {
	a := v.articles[article]
	return s.sees(a.audience, a.reviewBy, a.jurisdictions)
}

// placeOf returns the place of a passage in this version, which may not be its latest.
func (v *view) placeOf(passage int64) (place uint32, ok bool) {
	v.mu.RLock()
	defer v.mu.RUnlock()
	place, ok = v.byID[passage]
	for ok && int(place) >= len(v.passages) {
		place = v.store.passages[place].before
		ok = place != nowhere
	}
	return place, ok && v.alive[place]
}

func (v *view) localeOf(place uint32) string { return v.names[v.passages[place].locale] }

// siblings are the passages, in other languages that may be shown, of the articles that passages belong to.
func (v *view) siblings(places []uint32, shown []string) []uint32 {
	var siblings []uint32
	for _, place := range places {
		own := v.passages[place].article
		v.mu.RLock()
		versions := v.bySlug[v.articles[own].slug]
		v.mu.RUnlock()
		for _, other := range versions {
			if other != own && v.shows(other, shown) {
				siblings = v.appendPassages(siblings, other)
			}
		}
	}
	return siblings
}

// about are the openings of the articles that a person wrote for what the question is probably about, whatever its words.
func (v *view) about(intents, shown []string, s sight) []uint32 {
	var places []uint32
	for _, intent := range intents {
		v.mu.RLock()
		articles := v.byIntent[intent]
		v.mu.RUnlock()
		for _, article := range articles {
			if v.shows(article, shown) && v.seesArticle(article, s) {
				places = v.appendPassages(places, article)
			}
		}
	}
	slices.SortFunc(places, func(a, b uint32) int {
		return cmp.Or(cmp.Compare(v.ordinal(a), v.ordinal(b)), cmp.Compare(v.passages[a].id, v.passages[b].id))
	})
	places = slices.Compact(places) // an article may answer several
	return places[:min(intentLimit, len(places))]
}

// shows reports whether an article is of this version, and in one of the languages.
func (v *view) shows(article uint32, locales []string) bool {
	return int(article) < len(v.articles) && v.living[article] && slices.Contains(locales, v.names[v.articles[article].locale])
}

func (v *view) ordinal(place uint32) uint32 {
	return place - v.articles[v.passages[place].article].first
}

func (v *view) appendPassages(places []uint32, article uint32) []uint32 {
	for place := v.articles[article].first; place < v.articles[article].end; place++ {
		places = append(places, place)
	}
	return places
}

// weighedList is a term with its postings, and what it counts in each language, by the languages' numbers.
type weighedList struct {
	list    []posting
	term    int32
	weights []float64
}

// lists are those of a question's terms, the shortest first.
func (v *view) lists(terms queryTerms, o overview) []weighedList {
	lists := make([]weighedList, 0, len(terms.counts))
	for _, id := range slices.Sorted(maps.Keys(terms.counts)) {
		list := v.list(id)
		if len(list) == 0 {
			continue
		}
		weights := make([]float64, len(v.names))
		for i, name := range v.names {
			weights[i] = terms.counts[id] * o.in(name).idf(id)
		}
		lists = append(lists, weighedList{list: list, term: id, weights: weights})
	}
	slices.SortStableFunc(lists, func(a, b weighedList) int { return cmp.Compare(len(a.list), len(b.list)) })
	return lists
}

// withRare returns the places that have one of the rarest terms, in ascending order.
func withRare(lists []weighedList) []uint32 {
	var places []uint32
	for i, l := range lists {
		if i > 0 && len(places)+len(l.list) > postingsBudget {
			break
		}
		for _, p := range l.list {
			places = append(places, p.place())
		}
	}
	slices.Sort(places)
	return slices.Compact(places)
}

// score returns the exact BM25 of places, in ascending order, by the statistics of each one's language, the best first. Those without
// any of the terms are left out.
func (v *view) score(places []uint32, lists []weighedList, o overview) []scored {
	means := make([]float64, len(v.names))
	for i, name := range v.names {
		means[i] = o.in(name).meanLength
	}
	scores := make([]float64, len(places))
	for _, l := range lists {
		eachCommon(places, l.list, func(i int, frequency float64) {
			p := v.passages[places[i]]
			scores[i] += l.weights[p.locale] * saturated(frequency, float64(p.length), means[p.locale])
		})
	}
	best := make([]scored, 0, len(places))
	for i, score := range scores {
		if score > 0 {
			best = append(best, scored{place: places[i], score: score})
		}
	}
	slices.SortFunc(best, func(a, b scored) int {
		return cmp.Or(cmp.Compare(b.score, a.score), cmp.Compare(v.passages[a.place].id, v.passages[b.place].id))
	})
	return best
}

// searchedShare is by how much longer a list must be than the places for each of those to be searched in it, instead of reading it.
const searchedShare = 16

// eachCommon calls f for each place that is in the list; both are in ascending order.
func eachCommon(places []uint32, list []posting, f func(i int, frequency float64)) {
	if len(list) > searchedShare*len(places) {
		for i, place := range places {
			list = list[beforeOf(list, place):]
			if len(list) > 0 && list[0].place() == place {
				f(i, list[0].frequency())
			}
		}
		return
	}
	i := 0
	for _, p := range list {
		place := p.place()
		for i < len(places) && places[i] < place {
			i++
		}
		if i == len(places) {
			return
		}
		if places[i] == place {
			f(i, p.frequency())
		}
	}
}

// beforeOf is how many postings of a list are of places before one. A word that is frequent enough for a long list is in passages of all
// kinds, so it stands near to where it would if they were evenly spread; it is looked for from there, in steps that double.
func beforeOf(list []posting, place uint32) int {
	if len(list) == 0 || place <= list[0].place() {
		return 0
	}
	first, last := list[0].place(), list[len(list)-1].place()
	if place > last {
		return len(list)
	}
	low := int(uint64(place-first) * uint64(len(list)-1) / uint64(last-first)) //nolint:gosec // a place of the list
	high := low
	for step := 1; list[low].place() >= place; step *= 2 { // ends at the first, which is before the place
		high, low = low, max(low-step, 0)
	}
	for step := 1; list[high].place() < place; step *= 2 { // ends at the last, which is not
		low, high = high, min(high+step, len(list)-1)
	}
	at, _ := slices.BinarySearchFunc(list[low:high+1], place, func(p posting, place uint32) int { return cmp.Compare(p.place(), place) })
	return low + at
}
