package lexical

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
)

// version names the rules of this package. Raise it with every change that gives a text other terms.
const version = "1"

// ConceptPrefix begins every concept term. No word contains a colon, so the two cannot meet.
const ConceptPrefix = "t:"

// Analyzer turns text into terms. It is immutable and safe for concurrent use.
type Analyzer struct {
	fingerprint string
	folder      folder
	stopWords   map[string]bool
	trie        *trieNode
}

// NewAnalyzer returns an analyzer that recognises the concepts of termbase.
func NewAnalyzer(termbase Termbase) *Analyzer {
	a := &Analyzer{folder: newFolder(), stopWords: make(map[string]bool), trie: &trieNode{}}
	digest := sha256.New()
	for _, entry := range termbase.entries {
		for _, variant := range entry.variants {
			digest.Write(fmt.Appendf(nil, "%s\t%s\n", entry.name, variant))
			a.addVariant(ConceptPrefix+entry.name, variant)
		}
	}
	for word := range strings.FieldsSeq(stopWords) {
		for _, t := range a.surface(tokenize(a.folder.fold(word))) {
			a.stopWords[t.term] = true
		}
	}
	a.fingerprint = version + "-" + hex.EncodeToString(digest.Sum(nil)[:6])
	return a
}

// Fingerprint identifies the rules and the termbase: passages indexed under another one must be indexed again.
func (a *Analyzer) Fingerprint() string { return a.fingerprint }

// Document is a text as an index holds it.
type Document struct {
	// Counts is how often each term occurs, concept terms included.
	Counts map[string]int
	// Length is the number of surface terms. Concepts do not lengthen a text.
	Length int
}

// Document analyses a text to be indexed.
func (a *Analyzer) Document(text string) Document {
	tokens := tokenize(a.folder.fold(text))
	surface := a.surface(tokens)
	d := Document{Counts: make(map[string]int, len(surface)), Length: len(surface)}
	for _, s := range surface {
		d.Counts[s.term]++
	}
	for _, s := range a.trie.match(tokens) {
		for _, concept := range s.concepts {
			d.Counts[concept]++
		}
	}
	return d
}

// Unit is one thing that a query asks for: a surface term, and the concepts that its place in the text names. A passage
// that has any of them has what was asked for.
type Unit struct {
	// Concepts are concept terms; empty when the termbase does not know the term.
	Concepts []string
	// Count is how often the term occurs in the query.
	Count int
	// Stop is set for words that nearly every text has; they say nothing about the topic.
	Stop bool
	// Term is the surface term.
	Term string
}

// Query analyses a question. Units are distinct by term and in the order of their first occurrence.
func (a *Analyzer) Query(text string) []Unit {
	tokens := tokenize(a.folder.fold(text))
	concepts := make([][]string, len(tokens))
	for _, s := range a.trie.match(tokens) {
		for i := s.start; i < s.end; i++ {
			concepts[i] = s.concepts
		}
	}
	var units []Unit
	at := make(map[string]int)
	for _, s := range a.surface(tokens) {
		i, ok := at[s.term]
		if !ok {
			i = len(units)
			at[s.term] = i
			units = append(units, Unit{Stop: a.stopWords[s.term], Term: s.term})
		}
		units[i].Count++
		for _, covered := range concepts[s.start:s.end] {
			for _, concept := range covered {
				if !slices.Contains(units[i].Concepts, concept) {
					units[i].Concepts = append(units[i].Concepts, concept)
				}
			}
		}
	}
	return units
}

// Fold returns text as it is compared: see the package comment.
func (a *Analyzer) Fold(text string) string { return a.folder.fold(text) }

// Stop reports whether a surface term is a word that nearly every text has.
func (a *Analyzer) Stop(term string) bool { return a.stopWords[term] }

func (a *Analyzer) addVariant(concept, variant string) {
	tokens := tokenize(a.folder.fold(variant))
	if len(tokens) == 0 {
		return
	}
	node := a.trie
	for _, t := range tokens {
		node = node.child(edge(t))
	}
	if !slices.Contains(node.concepts, concept) {
		node.concepts = append(node.concepts, concept)
	}
}

// surfaceTerm is a term with the tokens it was made of, [start, end).
type surfaceTerm struct {
	end   int
	start int
	term  string
}

// surface makes index terms of tokens: a stem of each word, joined once more where a hyphen holds two words together
// (BEP-20 is also bep20), and the bigrams of each run of characters, or the character of a run of one.
func (a *Analyzer) surface(tokens []token) []surfaceTerm {
	terms := make([]surfaceTerm, 0, len(tokens))
	for i := 0; i < len(tokens); {
		if tokens[i].class == classWord {
			terms = append(terms, surfaceTerm{start: i, end: i + 1, term: stem(tokens[i].text)})
			if tokens[i].hyphen && i > 0 && tokens[i-1].class == classWord {
				terms = append(terms, surfaceTerm{start: i - 1, end: i + 1, term: stem(tokens[i-1].text + tokens[i].text)})
			}
			i++
			continue
		}
		end := i + 1
		for end < len(tokens) && tokens[end].class == tokens[i].class && tokens[end].gap == gapNone {
			end++
		}
		if end == i+1 {
			terms = append(terms, surfaceTerm{start: i, end: end, term: tokens[i].text})
		}
		for j := i; j+1 < end; j++ {
			terms = append(terms, surfaceTerm{start: j, end: j + 2, term: tokens[j].text + tokens[j+1].text})
		}
		i = end
	}
	return terms
}
