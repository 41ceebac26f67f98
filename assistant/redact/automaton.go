package redact

import "slices"

// automaton finds all occurrences of many patterns in one pass over a text
// (Aho and Corasick, "Efficient string matching", 1975), as a table with one
// row per state and one column per class of bytes that the patterns tell apart.
type automaton[T any] struct {
	classes [256]uint8
	next    []int32 // state*width + class -> state*width
	outputs [][]pattern[T]
	width   int32
}

// pattern is a string to find and what it stands for.
type pattern[T any] struct {
	text  string
	value T
}

func newAutomaton[T any](patterns []pattern[T]) *automaton[T] {
	a := &automaton[T]{width: 1} // class 0: bytes in no pattern
	for _, p := range patterns {
		for i := range len(p.text) {
			if c := p.text[i]; a.classes[c] == 0 {
				a.classes[c] = uint8(a.width) //nolint:gosec // UTF-8 uses 243 of the byte values
				a.width++
			}
		}
	}
	a.addState()
	for _, p := range patterns {
		state := int32(0)
		for i := range len(p.text) {
			cell := state*a.width + int32(a.classes[p.text[i]])
			if a.next[cell] == 0 {
				a.next[cell] = a.addState()
			}
			state = a.next[cell]
		}
		a.outputs[state] = append(a.outputs[state], p)
	}
	a.link()
	return a
}

// each calls found for every occurrence, with the offsets of its first byte
// and behind its last.
func (a *automaton[T]) each(text string, found func(start, end int, value T)) {
	row := int32(0)
	for i := range len(text) {
		row = a.next[row+int32(a.classes[text[i]])]
		if row <= 0 {
			if row == 0 {
				continue
			}
			row = -row
			for _, p := range a.outputs[row/a.width] {
				found(i+1-len(p.text), i+1, p.value)
			}
		}
	}
}

// contains reports whether text has any of the patterns.
func (a *automaton[T]) contains(text string) bool {
	row := int32(0)
	for i := range len(text) {
		if row = a.next[row+int32(a.classes[text[i]])]; row < 0 {
			return true
		}
	}
	return false
}

func (a *automaton[T]) addState() int32 {
	a.next = append(a.next, make([]int32, a.width)...)
	a.outputs = append(a.outputs, nil)
	return int32(len(a.outputs) - 1) //nolint:gosec // some thousand states
}

// link turns the trie into the automaton, breadth first: a missing edge becomes
// the edge of the longest proper suffix. Rows are stored premultiplied, and
// negative where something is found, so that [automaton.each] tests one sign.
func (a *automaton[T]) link() {
	fail := make([]int32, len(a.outputs))
	var queue []int32
	for c := range a.width {
		if s := a.next[c]; s != 0 {
			queue = append(queue, s)
		}
	}
	for len(queue) > 0 {
		state := queue[0]
		queue = queue[1:]
		a.outputs[state] = slices.Concat(a.outputs[state], a.outputs[fail[state]])
		for c := range a.width {
			cell := state*a.width + c
			suffix := a.next[fail[state]*a.width+c]
			if s := a.next[cell]; s != 0 {
				fail[s] = suffix
				queue = append(queue, s)
			} else {
				a.next[cell] = suffix
			}
		}
	}
	for i, s := range a.next {
		row := s * a.width
		if len(a.outputs[s]) > 0 {
			row = -row
		}
		a.next[i] = row
	}
}
