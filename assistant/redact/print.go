package redact

import "strings"

// fingerprint returns the lower 24 bits of the FNV-1a hash of a folded word.
func fingerprint(word string) uint32 {
	hash := uint32(fnvOffset)
	for i := range len(word) {
		hash = (hash ^ uint32(word[i])) * fnvPrime
	}
	return hash & printMask
}

// Parameters of FNV-1a with 32 bits.
const (
	fnvOffset = 2166136261
	fnvPrime  = 16777619
	printMask = 1<<24 - 1
)

// printTable maps fingerprints to the lists that contain a word, by open
// addressing. Some 80,000 of 16 million fingerprints are taken, so that 5 in
// 1,000 other words seem to be in one of the lists, which is of no consequence
// among the twelve words of a phrase.
type printTable struct {
	keys []uint32 // fingerprint + 1; 0 is free
	sets []listSet
}

// printSlots is a power of two, so that the table is no more than half full.
const printSlots = 1 << 18

func newPrintTable() *printTable {
	return &printTable{keys: make([]uint32, printSlots), sets: make([]listSet, printSlots)}
}

func (t *printTable) add(digest uint32, set listSet) {
	slot := digest % printSlots
	for t.keys[slot] != 0 && t.keys[slot] != digest+1 {
		slot = (slot + 1) % printSlots
	}
	t.keys[slot] = digest + 1
	t.sets[slot] |= set
}

func (t *printTable) find(digest uint32) listSet {
	slot := digest % printSlots
	for t.keys[slot] != 0 {
		if t.keys[slot] == digest+1 {
			return t.sets[slot]
		}
		slot = (slot + 1) % printSlots
	}
	return 0
}

// latinLookalikes reads the Cyrillic and Greek letters of a word that also has
// Latin ones as the Latin letters that they look like.
func latinLookalikes(word string) (string, bool) {
	latin, other := false, false
	for i := range len(word) {
		if isLetterByte(word[i]) {
			latin = true
		} else if word[i] >= 0xcd && word[i] <= 0xd1 {
			other = true
		}
	}
	if !latin || !other {
		return "", false
	}
	return strings.Map(lookalike, word), true
}

func lookalike(r rune) rune {
	const (
		others = "авсԁеһіјкмнорѕтухαεικνορτυχ"
		latin  = "abcdehijkmhopstyxaeikvoptux"
	)
	n := 0
	for _, other := range others {
		if other == r {
			return rune(latin[n])
		}
		n++
	}
	return r
}
