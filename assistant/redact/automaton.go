package redact

import "slices"

// automaton finds all occurrences of many patterns in one pass over a text
// (Aho and Corasick, "Efficient string matching", 1975), as a table with one
// row per state and one column per class of bytes that the patterns tell apart.
type automaton[T any] struct {
	classes [256]uint8
	next    []uint16 // state*width + class -> state, with foundBit where a pattern ends
	outputs [][]pattern[T]
	width   int
}

// foundBit leaves 15 bits to the states: all cues in 14 languages take 10,000.
const foundBit = 1 << 15

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
		state := uint16(0)
		for i := range len(p.text) {
			cell := a.cell(state, p.text[i])
			if a.next[cell] == 0 {
				a.next[cell] = a.addState()
			}
			state = a.next[cell]
		}
		a.outputs[state] = append(a.outputs[state], p)
	}
	a.next = slices.Clone(a.next) // without the room for more
	a.link()
	return a
}

// cell is where the state stands that a byte leads to.
func (a *automaton[T]) cell(state uint16, b byte) int { return int(state)*a.width + int(a.classes[b]) }

// each calls found for every occurrence, with the offsets of its first byte
// and behind its last.
func (a *automaton[T]) each(text string, found func(start, end int, value T)) {
	state := uint16(0)
	for i := range len(text) {
		state = a.next[a.cell(state, text[i])]
		if state < foundBit {
			continue
		}
		state &^= foundBit
		for _, p := range a.outputs[state] {
			found(i+1-len(p.text), i+1, p.value)
		}
	}
}

// contains reports whether text has any of the patterns.
func (a *automaton[T]) contains(text string) bool {
	state := uint16(0)
	for i := range len(text) {
		if state = a.next[a.cell(state, text[i])]; state >= foundBit {
			return true
		}
	}
	return false
}

// addState panics where the patterns are too many for the table: they are part of the program, and a test reads them.
func (a *automaton[T]) addState() uint16 {
	state := len(a.outputs)
	if state >= foundBit {
		panic("redact: patterns take more states than an automaton has")
	}
	a.next = append(a.next, make([]uint16, a.width)...)
	a.outputs = append(a.outputs, nil)
	return uint16(state)
}

// link turns the trie into the automaton, breadth first: a missing edge becomes
// the edge of the longest proper suffix. States where something is found are marked,
// so that [automaton.each] tests one bit.
func (a *automaton[T]) link() {
	fail := make([]uint16, len(a.outputs))
	var queue []uint16
	for _, s := range a.next[:a.width] {
		if s != 0 {
			queue = append(queue, s)
		}
	}
	for len(queue) > 0 {
		state := queue[0]
		queue = queue[1:]
		a.outputs[state] = slices.Concat(a.outputs[state], a.outputs[fail[state]])
		row, suffixes := a.row(state), a.row(fail[state])
		for c, s := range row {
			if s != 0 {
				fail[s] = suffixes[c]
				queue = append(queue, s)
			} else {
				row[c] = suffixes[c]
			}
		}
	}
	for i, s := range a.next {
		if len(a.outputs[s]) > 0 {
			a.next[i] |= foundBit
		}
	}
}

// row is where the bytes of each class lead from a state.
func (a *automaton[T]) row(state uint16) []uint16 { return a.next[int(state)*a.width:][:a.width] }
