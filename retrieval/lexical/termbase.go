package lexical

import "strings"

// Term is one way to say a concept.
type Term struct {
	// Locale is the language that people say it in, as a BCP 47 tag. Recognition does not look at it: an English term in a
	// Chinese sentence means the same. The few words for which that is not so are in a list, whatever their term's locale.
	Locale string
	Text   string
}

// Concept is one thing with the ways to say it.
type Concept struct {
	// Name is what ConceptName makes of one of its terms.
	Name  string
	Terms []Term
}

// ConceptName returns the name of the concept that a term stands for: the term in lower case, with hyphens for spaces.
func ConceptName(term string) string {
	return strings.Join(strings.Fields(strings.ReplaceAll(strings.ToLower(term), ":", " ")), "-")
}

// Termbase is a glossary: concepts with the ways to say them in every language of the desk. The zero value is an empty one.
type Termbase struct {
	concepts []Concept
	words    map[string]map[string]string // by concept and locale: the word to use
}

// NewTermbase returns the termbase of concepts. Those of one name are one concept with the terms of all. The word to use is the
// first of a locale, and that of a later concept before that of an earlier one: a desk's own after the built-in ones.
func NewTermbase(concepts ...Concept) Termbase {
	tb := Termbase{words: make(map[string]map[string]string, len(concepts))}
	at := make(map[string]int, len(concepts))
	for _, concept := range concepts {
		tb.prefer(concept)
		i, ok := at[concept.Name]
		if !ok {
			i = len(tb.concepts)
			at[concept.Name] = i
			tb.concepts = append(tb.concepts, Concept{Name: concept.Name})
		}
		tb.concepts[i].Terms = append(tb.concepts[i].Terms, concept.Terms...)
	}
	return tb
}

// prefer makes the first terms of a concept the words to use.
func (tb Termbase) prefer(concept Concept) {
	words := tb.words[concept.Name]
	if words == nil {
		words = make(map[string]string)
		tb.words[concept.Name] = words
	}
	seen := make(map[string]bool)
	for _, term := range concept.Terms {
		if term.Text != "" && !seen[term.Locale] {
			seen[term.Locale] = true
			words[term.Locale] = term.Text
		}
	}
}

// Len is the number of concepts.
func (tb Termbase) Len() int { return len(tb.concepts) }

// trieNode is one step of a variant: its edges are stemmed words or single characters.
type trieNode struct {
	children map[string]*trieNode
	concepts []string
}

func (n *trieNode) child(edge string) *trieNode {
	if n.children == nil {
		n.children = make(map[string]*trieNode)
	}
	c := n.children[edge]
	if c == nil {
		c = &trieNode{}
		n.children[edge] = c
	}
	return c
}

// span is a stretch of tokens, [start, end), that names concepts.
type span struct {
	start, end int
	concepts   []string
}

// match finds the concepts in tokens: at each place the longest variant wins and is consumed, so that the "wallet" of
// "wallet address" is not found a second time. A variant may cross spaces, never punctuation.
func (n *trieNode) match(tokens []token) []span {
	var spans []span
	for i := 0; i < len(tokens); {
		best := span{start: i, end: i}
		node := n
		for j := i; j < len(tokens); j++ {
			if j > i && tokens[j].gap == gapPunctuation {
				break
			}
			if node = node.children[edge(tokens[j])]; node == nil {
				break
			}
			if len(node.concepts) > 0 {
				best.end, best.concepts = j+1, node.concepts
			}
		}
		if best.end > i {
			spans = append(spans, best)
			i = best.end
			continue
		}
		i++
	}
	return spans
}

// edge is what a token is called in the trie.
func edge(t token) string {
	if t.class == classWord {
		return stem(t.text)
	}
	return t.text
}
