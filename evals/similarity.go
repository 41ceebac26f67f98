package evals

import (
	"fmt"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// chrF's longest n-gram and the weight of recall against precision, as Popović 2015 sets them (chrF: Character n-gram F-score for
// Automatic MT Evaluation).
const (
	chrFOrder = 6
	chrFBeta  = 2.0
)

// chrF is the likeness of a text and a reference, 0 to 1, by the n-grams of their characters: it needs no words, so it holds
// for every script.
func chrF(text, reference string) float64 {
	a, b := letters(text), letters(reference)
	sum, orders := 0.0, 0.0
	for n := 1; n <= chrFOrder; n++ {
		have, want := grams(a, n), grams(b, n)
		if len(want) == 0 {
			break
		}
		orders++
		shared, total, wanted := 0.0, 0.0, 0.0
		for gram, count := range have {
			total += count
			shared += min(count, want[gram])
		}
		for _, count := range want {
			wanted += count
		}
		if shared == 0 {
			continue
		}
		precision, recall := shared/total, shared/wanted
		sum += (1 + chrFBeta*chrFBeta) * precision * recall / (chrFBeta*chrFBeta*precision + recall)
	}
	if orders == 0 {
		return 0
	}
	return sum / orders
}

func letters(text string) []rune {
	var kept []rune
	for _, r := range strings.ToLower(norm.NFKC.String(text)) {
		if !unicode.IsSpace(r) {
			kept = append(kept, r)
		}
	}
	return kept
}

func grams(text []rune, n int) map[string]float64 {
	counts := make(map[string]float64)
	for i := range max(len(text)-n+1, 0) {
		counts[string(text[i:i+n])]++
	}
	return counts
}

func similar(a Assertion, r Result) (bool, string) {
	best := 0.0
	for _, reference := range a.values() {
		best = max(best, chrF(r.Reply, reference))
	}
	return best >= a.threshold(), fmt.Sprintf("chrF %.2f, want %.2f at least", best, a.threshold())
}

// grounded asks of each sentence that its terms stand in what it cites, or when it cites nothing in anything that was found. It
// knows no meaning: a sentence in the source's words with a "not" more passes, a true paraphrase may fail.
func grounded(a Assertion, r Result) (bool, string) {
	for _, sentence := range r.sentences() {
		if share := r.supported(sentence); share < a.threshold() {
			return false, fmt.Sprintf("%.2f of the words of a sentence are in its sources, want %.2f: %q", share, a.threshold(),
				sentence.Text)
		}
	}
	return true, ""
}

func (r Result) supported(sentence Sentence) float64 {
	terms := plainTerms(sentence.Text)
	if len(terms) == 0 {
		return 1
	}
	has := make(map[string]bool)
	for _, hit := range r.Trace.Retrieved {
		if len(sentence.Articles) > 0 && !among("", hit.Slug, sentence.Articles).Passed {
			continue
		}
		for _, term := range plainTerms(hit.Title + "\n" + hit.Heading + "\n" + hit.Text) {
			has[term] = true
		}
	}
	found := 0
	for _, term := range terms {
		if has[term] {
			found++
		}
	}
	return float64(found) / float64(len(terms))
}
