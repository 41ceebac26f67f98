package risk

import (
	"math/bits"
	"slices"
)

// table finds atoms by the hash of a word or of a part of it. Hashes only propose; the letters decide.
type table struct {
	lists

	filter []uint64 // Bloom filter with one hash: most look-ups end here
	max    int      // letters of the longest key
	min    int      // letters of the shortest key
}

func newTable() table {
	return table{lists: newLists(), min: maxWord}
}

func (t *table) add(word []rune, id int32) {
	t.lists.add(hashOf(word), id)
	t.max = max(t.max, len(word))
	t.min = min(t.min, len(word))
}

// bloomBits is the size of a filter: 32 KB, for at most 30,000 keys.
const bloomBits = 18

func (t *table) finish() {
	t.lists.finish()
	t.filter = make([]uint64, 1<<(bloomBits-6))
	for _, key := range t.keys {
		b := scatter(key, bloomBits)
		t.filter[b>>6] |= 1 << (b & 63)
	}
}

func (t *table) get(key uint64) []int32 {
	b := scatter(key, bloomBits)
	if t.filter[b>>6]&(1<<(b&63)) == 0 {
		return nil
	}
	return t.lists.get(key)
}

// lists are numbers by key. They are added in a map and then packed, which takes a sixth of its memory: see finish.
type lists struct {
	building map[uint64][]int32
	// buckets say where in keys those begin that scatter alike; the last says where all end.
	buckets []uint32
	keys    []uint64 // one for each value; equal ones stand side by side
	size    int      // buckets are as many as this many bits count
	values  []int32
}

func newLists() lists { return lists{building: map[uint64][]int32{}} }

// add adds a number to the list of key, once.
func (l *lists) add(key uint64, value int32) {
	if values := l.building[key]; !slices.Contains(values, value) {
		l.building[key] = append(values, value)
	}
}

// added returns what was added under key so far.
func (l *lists) added(key uint64) []int32 { return l.building[key] }

// finish packs the lists: from now on they can be read and not added to. Each list goes to the next place of its bucket.
func (l *lists) finish() {
	total := 0
	for _, values := range l.building {
		total += len(values)
	}
	l.size = max(bits.Len(uint(total))-1, 1) // one to two keys each
	l.buckets = make([]uint32, 1<<l.size+1)
	for key, values := range l.building {
		l.buckets[scatter(key, l.size)+1] += uint32(len(values)) //nolint:gosec // the rules are a few MB
	}
	for i := range 1 << l.size {
		l.buckets[i+1] += l.buckets[i]
	}
	l.keys, l.values = make([]uint64, total), make([]int32, total)
	next := slices.Clone(l.buckets)
	for key, values := range l.building {
		at := &next[scatter(key, l.size)]
		for _, value := range values {
			l.keys[*at], l.values[*at] = key, value
			*at++
		}
	}
	l.building = nil
}

// get returns the numbers of key, in the order in which they were added.
func (l *lists) get(key uint64) []int32 {
	bucket := scatter(key, l.size)
	at, end := l.buckets[bucket], l.buckets[bucket+1]
	for at < end && l.keys[at] != key {
		at++
	}
	first := at
	for at < end && l.keys[at] == key {
		at++
	}
	return l.values[first:at]
}

// scatter makes a number of so many bits of a key.
func scatter(key uint64, size int) uint64 {
	return key * 0x9e3779b97f4a7c15 >> (64 - size)
}
