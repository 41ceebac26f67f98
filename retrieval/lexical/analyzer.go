package lexical

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
)

// version names the rules of this package. Raise it with every change that gives a text other terms.
const version = "3"

// ConceptPrefix begins every concept term. No word contains a colon, so the two cannot meet.
const ConceptPrefix = "t:"

// Analyzer turns text into terms. It is immutable and safe for concurrent use.
type Analyzer struct {
	fingerprint string
	folder      folder
	onlyIn      map[string][]string // see the variable; by the stem of the word
	stopWords   map[string]bool
	trie        *trieNode
	words       map[string]map[string]string // see Termbase
}

// NewAnalyzer returns an analyzer that recognises the concepts of termbase.
func NewAnalyzer(termbase Termbase) *Analyzer {
	a := &Analyzer{
		folder: newFolder(), onlyIn: make(map[string][]string), stopWords: make(map[string]bool), trie: &trieNode{}, words: termbase.words,
	}
	digest := sha256.New()
	for _, concept := range termbase.concepts {
		for _, term := range concept.Terms {
			digest.Write(fmt.Appendf(nil, "%s\t%s\n", concept.Name, term.Text))
			a.addVariant(ConceptPrefix+concept.Name, term.Text)
		}
	}
	for word := range strings.FieldsSeq(stopWords) {
		for _, t := range a.surface(tokenize(a.folder.fold(word)), "") {
			a.stopWords[t.plain] = true
		}
	}
	for line := range strings.Lines(onlyIn) {
		words := strings.Fields(line)
		a.onlyIn[stem(words[0])] = words[1:]
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

// Document analyses a text to be indexed, in the language of a locale; empty when that is not known.
func (a *Analyzer) Document(text, locale string) Document {
	tokens := tokenize(a.folder.fold(text))
	surface := a.surface(tokens, locale)
	d := Document{Counts: make(map[string]int, len(surface)), Length: len(surface)}
	for _, s := range surface {
		d.Counts[s.term]++
	}
	for _, s := range a.concepts(tokens, locale) {
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

// Query analyses a question in the language of a locale; empty when that is not known. Units are distinct by term and in the
// order of their first occurrence.
func (a *Analyzer) Query(text, locale string) []Unit {
	tokens := tokenize(a.folder.fold(text))
	concepts := make([][]string, len(tokens))
	for _, s := range a.concepts(tokens, locale) {
		for i := s.start; i < s.end; i++ {
			concepts[i] = s.concepts
		}
	}
	var units []Unit
	at := make(map[string]int)
	for _, s := range a.surface(tokens, locale) {
		i, ok := at[s.term]
		if !ok {
			i = len(units)
			at[s.term] = i
			units = append(units, Unit{Stop: a.stopWords[s.plain], Term: s.term})
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

// concepts finds what the termbase knows in tokens, without single words that mean something else in the language of locale.
func (a *Analyzer) concepts(tokens []token, locale string) []span {
	base, _, _ := strings.Cut(locale, "-")
	return slices.DeleteFunc(a.trie.match(tokens), func(s span) bool {
		languages, restricted := a.onlyIn[edge(tokens[s.start])]
		return restricted && s.end == s.start+1 && base != "" && !slices.Contains(languages, base)
	})
}

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
	end int
	// plain is the term by the rules of no language.
	plain string
	start int
	term  string
}

// surface makes index terms of tokens: a stem of each word, joined once more where a hyphen holds two words together
// (BEP-20 is also bep20), and the bigrams of each run of characters. The single characters of Han and kana count too: a
// question and a title often share no more of a word. On the public sets, before the second look, that adds to
// recall@5 in points: zh-Hans 2,
// zh-Hant 5, ja 3; for Hangul, whose syllables are more frequent, it takes 2 from MRR@10, so only a run of one stands alone.
func (a *Analyzer) surface(tokens []token, locale string) []surfaceTerm {
	terms := make([]surfaceTerm, 0, len(tokens))
	word := func(start, end int, text string) {
		terms = append(terms, surfaceTerm{start: start, end: end, plain: stem(text), term: surfaceStem(text, locale)})
	}
	characters := func(start, end int, text string) {
		terms = append(terms, surfaceTerm{start: start, end: end, plain: text, term: text})
	}
	for i := 0; i < len(tokens); {
		if tokens[i].class == classWord {
			word(i, i+1, tokens[i].text)
			if tokens[i].hyphen && i > 0 && tokens[i-1].class == classWord {
				word(i-1, i+1, tokens[i-1].text+tokens[i].text)
			}
			i++
			continue
		}
		end := i + 1
		for end < len(tokens) && tokens[end].class == tokens[i].class && tokens[end].gap == gapNone {
			end++
		}
		for j := i; j < end; j++ {
			if end == i+1 || tokens[j].class == classUnspaced {
				characters(j, j+1, tokens[j].text)
			}
			if j+1 < end {
				characters(j, j+2, tokens[j].text+tokens[j+1].text)
			}
		}
		i = end
	}
	return terms
}
