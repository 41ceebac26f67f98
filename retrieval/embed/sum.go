package embed

import "encoding/binary"

// repeats is the most often that a repeated feature counts as repeated: its row is added the square root of this many times.
const repeats = 8

// factors are the square roots of how often a feature occurs, in sixteenths: whole numbers, so that a sum is the same in
// any order and on any machine.
var factors = [repeats + 1]int64{0, 16, 23, 28, 32, 36, 39, 42, 45}

// laneRoom is how many components fit into a lane of 16 bits: four are summed up in one word.
const laneRoom = 256

// scratch is what one text needs on its way to a vector.
type scratch struct {
	counts []uint8 // by row, all zero between texts
	cutter cutter
	even   []uint64
	odd    []uint64
	rows   []int32 // with a count
	runes  []rune
	table  *Table
	totals []int64
}

func newScratch(table *Table) *scratch {
	return &scratch{
		counts: make([]uint8, table.Header.Rows), even: make([]uint64, table.words), odd: make([]uint64, table.words),
		table: table, totals: make([]int64, table.Header.Dimensions),
	}
}

// sum sets totals to the weighted sum of the rows of a text's features.
func (s *scratch) sum(f *folding, text string) {
	s.runes = f.runes(text, s.runes[:0])
	s.cutter.class, s.cutter.out = &f.class, s.cutter.out[:0]
	s.cutter.cut(s.runes[:min(len(s.runes), maxRunes)])
	s.rows = s.rows[:0]
	most := uint8(0)
	for _, feature := range s.cutter.out {
		row := s.table.row(feature)
		if row < 0 {
			continue
		}
		if s.counts[row] == 0 {
			s.rows = append(s.rows, int32(row)) //nolint:gosec // no more rows than a table's bytes
		}
		s.counts[row] = min(s.counts[row]+1, repeats)
		most = max(most, s.counts[row])
	}
	clear(s.totals)
	for count := uint8(1); count <= most; count++ {
		s.addRows(count)
	}
	for _, row := range s.rows {
		s.counts[row] = 0
	}
}

// addRows adds the rows that occur count times.
func (s *scratch) addRows(count uint8) {
	added := 0
	for _, row := range s.rows {
		if s.counts[row] != count {
			continue
		}
		s.addRow(int(row))
		if added++; added == laneRoom {
			s.flush(added, factors[count])
			added = 0
		}
	}
	if added > 0 {
		s.flush(added, factors[count])
	}
}

// addRow adds the components of a row, the even ones apart from the odd ones.
func (s *scratch) addRow(row int) {
	of := &s.table.values[s.table.deviations[row]]
	codes := s.table.codes[row*s.table.words*4:][:s.table.words*4]
	even, odd := s.even[:len(codes)/4], s.odd[:len(codes)/4]
	for i := range even {
		c := binary.LittleEndian.Uint32(codes[4*i:])
		even[i] += of[c&15] | of[c>>8&15]<<16 | of[c>>16&15]<<32 | of[c>>24&15]<<48
		odd[i] += of[c>>4&15] | of[c>>12&15]<<16 | of[c>>20&15]<<32 | of[c>>28]<<48
	}
}

// flush moves the sum of so many rows to the totals.
func (s *scratch) flush(rows int, factor int64) {
	offset := int64(rows) * 128 // each component is kept as itself plus 128
	for i, even := range s.even {
		odd := s.odd[i]
		eight := s.totals[8*i:][:8]
		for lane := 0; lane < 8; lane += 2 {
			eight[lane] += (int64(even&0xffff) - offset) * factor
			eight[lane+1] += (int64(odd&0xffff) - offset) * factor
			even >>= 16
			odd >>= 16
		}
		s.even[i], s.odd[i] = 0, 0
	}
}
