package intent

import (
	"math"
	"slices"
	"strings"
)

// Kinds of features; the kind is part of the hash, so that the word "to" and the character pair "to" differ.
const (
	kindWord uint32 = iota + 1
	kindWordPair
	kindChars
	kindConcept
	kindConceptPair
	kindGap
	kindFirst
	kindLast
)

// n-gram lengths, in characters. In scripts with spaces the mark of a word's edge counts as a character.
const (
	minSpacedGram = 2
	maxSpacedGram = 5
	maxDenseGram  = 3
)

// maxWordRunes bounds a word: longer ones are hashes and addresses, whose characters tell nothing.
const maxWordRunes = 24

// wordEdge marks the start and the end of a word inside character n-grams.
const wordEdge = '_'

// Blocks of features. Each is normalized by itself: n-grams come in hundreds, words and concepts in handfuls, and in one
// common norm the few would count for nothing.
const (
	blockGrams = iota
	blockWords
	blockConcepts
	blocks
)

// blockLengths is the length of each block's vector; tuned by cross-validation on the examples and on Banking77.
var blockLengths = [blocks]float64{blockGrams: 1, blockWords: 0.8, blockConcepts: 0.7}

// occurrences are the hashes of a text's features by block, once per occurrence.
type occurrences [blocks][]uint32

func extract(text string) occurrences {
	tokens := tokenize(text)
	return occurrences{
		blockGrams: gramHashes(tokens), blockWords: wordHashes(tokens),
		blockConcepts: conceptHashes(append(builtinLexicon().find(tokens), shapeOf(text)...)),
	}
}

// rows returns the features that find knows, by block, and the share of the n-grams and words that it knows.
func (o occurrences) rows(find func(hash uint32) (uint32, bool)) (known occurrences, coverage float64) {
	for block, hashes := range o {
		known[block] = make([]uint32, 0, len(hashes))
		for _, h := range hashes {
			if row, ok := find(h); ok {
				known[block] = append(known[block], row)
			}
		}
	}
	if all := len(o[blockGrams]) + len(o[blockWords]); all > 0 {
		coverage = float64(len(known[blockGrams])+len(known[blockWords])) / float64(all)
	}
	return known, coverage
}

// questionMark is a concept beside those of the lexicon: the text asks something.
const questionMark = math.MaxUint16

// shapeOf returns the concepts that stand in the punctuation and not in the words.
func shapeOf(text string) []uint16 {
	if strings.ContainsAny(text, "?？؟") {
		return []uint16{questionMark}
	}
	return nil
}

// wordHashes are words, pairs of neighbours, pairs with one word between, and which word is the first and the last: "not my
// order" and "my order, not" differ. In a script without spaces a short run counts as a word.
func wordHashes(tokens []token) []uint32 {
	if len(tokens) == 0 {
		return nil
	}
	words := make([]uint32, len(tokens))
	hashes := make([]uint32, 0, 3*len(tokens)+2)
	for i, t := range tokens {
		words[i] = hashRunes(kindWord, t.runes)
		if t.script == spaced || len(t.runes) <= maxDenseGram {
			hashes = append(hashes, words[i])
		}
		if i > 0 {
			hashes = append(hashes, mix(mix(offset^kindWordPair, words[i-1]), words[i]))
		}
		if i > 1 {
			hashes = append(hashes, mix(mix(offset^kindGap, words[i-2]), words[i]))
		}
	}
	return append(hashes, mix(offset^kindFirst, words[0]), mix(offset^kindLast, words[len(words)-1]))
}

func gramHashes(tokens []token) []uint32 {
	hashes := make([]uint32, 0, 16*len(tokens))
	padded := make([]rune, 0, maxWordRunes+2)
	for _, t := range tokens {
		switch {
		case t.script == dense:
			hashes = appendGrams(hashes, t.runes, 1, maxDenseGram)
		case len(t.runes) <= maxWordRunes:
			padded = append(append(append(padded[:0], wordEdge), t.runes...), wordEdge)
			hashes = appendGrams(hashes, padded, minSpacedGram, maxSpacedGram)
		}
	}
	return hashes
}

// maxPairedConcepts bounds the pairs of a long text, which grow with the square.
const maxPairedConcepts = 16

func conceptHashes(concepts []uint16) []uint32 {
	var hashes []uint32
	for i, a := range concepts {
		hashes = append(hashes, mix(offset^kindConcept, uint32(a)))
		if len(concepts) > maxPairedConcepts {
			continue
		}
		for _, b := range concepts[i+1:] {
			hashes = append(hashes, mix(mix(offset^kindConceptPair, uint32(a)), uint32(b)))
		}
	}
	return hashes
}

func appendGrams(hashes []uint32, runes []rune, shortest, longest int) []uint32 {
	for i := range runes {
		h := offset ^ kindChars
		for n := 1; n <= longest && i+n <= len(runes); n++ {
			h = mix(h, uint32(runes[i+n-1])) //nolint:gosec // a character is not negative
			if n >= shortest {
				hashes = append(hashes, h)
			}
		}
	}
	return hashes
}

func hashRunes(kind uint32, runes []rune) uint32 {
	h := offset ^ kind
	for _, r := range runes {
		h = mix(h, uint32(r)) //nolint:gosec // a character is not negative
	}
	return h
}

// offset is the starting value of FNV-1a with 32 bits.
const offset uint32 = 2166136261

// mix folds a whole rune into the hash: FNV-1a's step followed by a rotation, as runes are wider than the bytes that
// FNV was made for.
func mix(h, v uint32) uint32 {
	h = (h ^ v) * 0x9E3779B1
	return h ^ h>>15
}

// term is a feature of a text after weighting.
type term struct {
	index uint32
	value float32
}

// weigh turns the rows of the known features of a text into a TF-IDF vector. No row is in two blocks.
func weigh(known occurrences, idf []float32) []term {
	n := 0
	for _, rows := range known {
		n += len(rows)
	}
	terms := make([]term, 0, n)
	for block, rows := range known {
		terms = appendBlock(terms, rows, idf, blockLengths[block])
	}
	return terms
}

// appendBlock appends a block as a vector of the given length. indices is reordered.
func appendBlock(terms []term, indices []uint32, idf []float32, length float64) []term {
	slices.Sort(indices)
	first := len(terms)
	var squares float64
	for i := 0; i < len(indices); {
		j := i + 1
		for j < len(indices) && indices[j] == indices[i] {
			j++
		}
		value := float64(idf[indices[i]])
		if j-i > 1 {
			value *= 1 + math.Log(float64(j-i))
		}
		squares += float64(value * value)
		terms = append(terms, term{index: indices[i], value: float32(value)})
		i = j
	}
	if squares > 0 {
		scale := float32(length / math.Sqrt(squares))
		for i := first; i < len(terms); i++ {
			terms[i].value *= scale
		}
	}
	return terms
}
