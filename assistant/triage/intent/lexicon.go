package intent

import (
	_ "embed"
	"slices"
	"strings"
	"sync"
	"unicode"
)

//go:embed lexicon.txt
var lexiconText string

// lexicon finds concepts in a text: a trie over folded runes, whose words are separated by one space.
type lexicon struct {
	edges map[edge]int32
	nodes []lexiconNode
}

type edge struct {
	node int32
	r    rune
}

type lexiconNode struct {
	// exact and prefix hold the concepts whose pattern ends here, at the end of a word or anywhere.
	exact, prefix []uint16
}

// maxArabicPrefix is how many letters may stand before a word in Arabic: the article and one-letter particles.
const maxArabicPrefix = 3

// builtinLexicon is parsed once: it is a part of the program, as the feature extraction that it serves.
var builtinLexicon = sync.OnceValue(func() *lexicon { return newLexicon(lexiconText) })

// newLexicon reads lines of the form `name: pattern | pattern`; # starts a comment.
func newLexicon(text string) *lexicon {
	l := &lexicon{edges: make(map[edge]int32), nodes: make([]lexiconNode, 1)}
	concept := uint16(0)
	for line := range strings.Lines(text) {
		_, patterns, ok := strings.Cut(line, ":")
		if !ok || strings.HasPrefix(line, "#") {
			continue
		}
		for pattern := range strings.SplitSeq(patterns, "|") {
			l.add(strings.TrimSpace(pattern), concept)
		}
		concept++
	}
	return l
}

func (l *lexicon) add(pattern string, concept uint16) {
	stem, isPrefix := strings.CutSuffix(pattern, "*")
	runes, _ := join(tokenize(stem))
	if len(runes) == 0 {
		return
	}
	at := int32(0)
	for _, r := range runes {
		next, ok := l.edges[edge{at, r}]
		if !ok {
			next = int32(len(l.nodes)) //nolint:gosec // a few thousand nodes
			l.edges[edge{at, r}] = next
			l.nodes = append(l.nodes, lexiconNode{})
		}
		at = next
	}
	node := &l.nodes[at]
	if kind, _ := scriptOf(runes[len(runes)-1]); isPrefix || kind == dense {
		node.prefix = append(node.prefix, concept)
	} else {
		node.exact = append(node.exact, concept)
	}
}

// find returns the concepts in a text in ascending order, each once.
func (l *lexicon) find(tokens []token) []uint16 {
	runes, starts := join(tokens)
	var found []uint16
	for i, isStart := range starts {
		if !isStart {
			continue
		}
		at := int32(0)
		for j := i; j < len(runes); j++ {
			next, ok := l.edges[edge{at, runes[j]}]
			if !ok {
				break
			}
			at = next
			found = append(found, l.nodes[at].prefix...)
			if j+1 == len(runes) || runes[j+1] == ' ' {
				found = append(found, l.nodes[at].exact...)
			}
		}
	}
	slices.Sort(found)
	return slices.Compact(found)
}

// join puts tokens together with spaces, and tells at which runes a pattern may start.
func join(tokens []token) ([]rune, []bool) {
	var runes []rune
	var starts []bool
	for _, t := range tokens {
		if len(runes) > 0 {
			runes, starts = append(runes, ' '), append(starts, false)
		}
		for i, r := range t.runes {
			runes = append(runes, r)
			starts = append(starts, i == 0 || t.script == dense || i <= maxArabicPrefix && unicode.Is(unicode.Arabic, r))
		}
	}
	return runes, starts
}
