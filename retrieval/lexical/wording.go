package lexical

import (
	"cmp"
	"slices"
	"strings"
)

// english is the locale that names a concept to whoever reads no other language.
const english = "en"

// Wording is the word of the glossary for one thing in one language.
type Wording struct {
	Concept string // its English word, or its name
	Word    string
}

// Wording returns the words of a locale for the concepts of a question, in its order, and of the texts that answer it, those
// that most of them name first; limit in all. Concepts without a word in that locale are left out, and those whose word is
// the English one: there is nothing to tell.
func (a *Analyzer) Wording(locale, question string, texts []string, limit int) []Wording {
	if locale == english {
		return nil
	}
	concepts := a.named(question, locale)
	count := make(map[string]int)
	var others []string
	for _, text := range texts {
		for _, concept := range a.named(text, "") {
			if count[concept] == 0 {
				others = append(others, concept)
			}
			count[concept]++
		}
	}
	slices.SortStableFunc(others, func(x, y string) int { return cmp.Compare(count[y], count[x]) })
	var wording []Wording
	seen := make(map[string]bool)
	for _, concept := range slices.Concat(concepts, others) {
		words := a.words[strings.TrimPrefix(concept, ConceptPrefix)]
		next := Wording{Concept: cmp.Or(words[english], strings.TrimPrefix(concept, ConceptPrefix)), Word: words[locale]}
		if seen[concept] || next.Word == "" || strings.EqualFold(next.Word, next.Concept) {
			continue
		}
		seen[concept] = true
		if wording = append(wording, next); len(wording) == limit {
			break
		}
	}
	return wording
}

// named returns what a text in a locale names, each once, in the order of their first occurrence.
func (a *Analyzer) named(text, locale string) []string {
	var found []string
	for _, s := range a.concepts(tokenize(a.folder.fold(text)), locale) {
		for _, concept := range s.concepts {
			if !slices.Contains(found, concept) {
				found = append(found, concept)
			}
		}
	}
	return found
}
