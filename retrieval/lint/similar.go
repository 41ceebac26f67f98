package lint

import (
	"fmt"
	"hash/maphash"
	"math"
	"strings"
	"unicode"

	"github.com/deskhand/deskhand/retrieval"
)

// Near-duplicates are found by MinHash: texts that share a band of their signatures are compared exactly. With 16 bands of 4
// two texts of a similarity of 0.6 are compared with a probability of 0.89, of 0.7 with 0.99.
const (
	minHashBands = 16
	minHashRows  = 4

	// shingleRunes is how many letters make a piece of a text: some word and a half, or a phrase in Chinese.
	shingleRunes = 8

	// duplicateSimilarity is the share of common pieces (Jaccard) from which two articles say nearly the same.
	duplicateSimilarity = 0.6
)

type signature [minHashBands * minHashRows]uint64

// band is where texts meet that may be alike.
type band struct {
	hash   uint64
	locale string
	number int
}

// duplicates finds articles of one language that say nearly the same under different slugs.
func (l *linter) duplicates(articles []retrieval.Article) {
	seed := maphash.MakeSeed() // pieces only have to differ; what is found is checked exactly
	pieces := make([]map[uint64]struct{}, len(articles))
	buckets := make(map[band][]int)
	for i, a := range articles {
		if a.Status == retrieval.StatusArchived {
			continue
		}
		if pieces[i] = shingles(seed, a.Body); len(pieces[i]) < minHashRows {
			continue
		}
		for _, b := range bandsOf(pieces[i], a.Locale) {
			buckets[b] = append(buckets[b], i)
		}
	}
	for pair := range pairsOfBuckets(buckets) {
		i, j := pair[0], pair[1]
		if articles[i].Slug == articles[j].Slug {
			continue
		}
		if similarity := jaccard(pieces[i], pieces[j]); similarity >= duplicateSimilarity {
			l.duplicate(articles[i], articles[j], similarity)
		}
	}
}

// pairsOfBuckets are the articles that meet, the lower number first.
func pairsOfBuckets(buckets map[band][]int) map[[2]int]struct{} {
	pairs := make(map[[2]int]struct{})
	for _, bucket := range buckets {
		for n, j := range bucket {
			for _, i := range bucket[:n] {
				pairs[[2]int{i, j}] = struct{}{}
			}
		}
	}
	return pairs
}

func bandsOf(pieces map[uint64]struct{}, locale string) []band {
	s := sign(pieces)
	bands := make([]band, minHashBands)
	for number := range bands {
		var hash uint64
		for _, row := range s[number*minHashRows : (number+1)*minHashRows] {
			hash = mix(hash ^ row)
		}
		bands[number] = band{hash: hash, locale: locale, number: number}
	}
	return bands
}

func (l *linter) duplicate(a, b retrieval.Article, similarity float64) {
	if b.Slug < a.Slug {
		a, b = b, a
	}
	l.add(Warning, checkDuplicate, a, fmt.Sprintf("says nearly the same as %s: %.0f %% of the text (MinHash)", b.Slug, similarity*100),
		"merge the two and redirect one slug to the other")
}

// shingles are the pieces of a text, letters and digits only.
func shingles(seed maphash.Seed, text string) map[uint64]struct{} {
	letters := []rune(strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, text))
	pieces := make(map[uint64]struct{})
	for i := 0; i+shingleRunes <= len(letters); i++ {
		pieces[maphash.String(seed, string(letters[i:i+shingleRunes]))] = struct{}{}
	}
	return pieces
}

func sign(pieces map[uint64]struct{}) signature {
	var s signature
	for i := range s {
		s[i] = math.MaxUint64
	}
	for piece := range pieces {
		for i := range s {
			s[i] = min(s[i], mix(piece+uint64(i)*0x9e3779b97f4a7c15))
		}
	}
	return s
}

// mix is the finaliser of splitmix64: https://prng.di.unimi.it/splitmix64.c
func mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

func jaccard(a, b map[uint64]struct{}) float64 {
	common := 0
	for piece := range a {
		if _, ok := b[piece]; ok {
			common++
		}
	}
	return float64(common) / float64(max(len(a)+len(b)-common, 1))
}
