package lexical

import (
	"errors"
	"fmt"
	"strings"
)

// Termbase is a glossary: each entry is one concept with the ways to say it in every language of the desk. The zero value
// is an empty one.
type Termbase struct {
	entries []termEntry
}

type termEntry struct {
	name     string
	variants []string
}

// ParseTermbase reads tab-separated text: a header line of language tags, then one concept a line, the variants of one
// language separated by "|". A concept is named after its first variant in the first column, which must be unique.
func ParseTermbase(tsv string) (Termbase, error) {
	lines := strings.Split(strings.TrimPrefix(tsv, "\ufeff"), "\n")
	columns := len(strings.Split(strings.TrimRight(lines[0], "\r"), "\t"))
	if columns < 2 {
		return Termbase{}, errors.New("parse termbase: line 1: want a header of at least 2 language tags separated by tabs")
	}
	var tb Termbase
	seen := make(map[string]int)
	for i, line := range lines[1:] {
		line = strings.TrimRight(line, "\r")
		if strings.TrimSpace(line) == "" {
			continue
		}
		number := i + 2
		cells := strings.Split(line, "\t")
		if len(cells) != columns {
			return Termbase{}, fmt.Errorf("parse termbase: line %d: %d columns, the header has %d", number, len(cells), columns)
		}
		var entry termEntry
		for _, cell := range cells {
			for variant := range strings.SplitSeq(cell, "|") {
				if variant = strings.TrimSpace(variant); variant != "" {
					entry.variants = append(entry.variants, variant)
				}
			}
		}
		if len(entry.variants) == 0 || strings.TrimSpace(cells[0]) == "" {
			return Termbase{}, fmt.Errorf("parse termbase: line %d: the first column is empty: it names the concept", number)
		}
		entry.name = strings.ReplaceAll(strings.ToLower(entry.variants[0]), " ", "-")
		if before, ok := seen[entry.name]; ok {
			return Termbase{}, fmt.Errorf("parse termbase: line %d: concept %q is already on line %d", number, entry.name, before)
		}
		seen[entry.name] = number
		tb.entries = append(tb.entries, entry)
	}
	return tb, nil
}

// Len is the number of concepts.
func (tb Termbase) Len() int { return len(tb.entries) }

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
