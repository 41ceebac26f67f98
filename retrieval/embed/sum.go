package embed

// repeats is the most often that a repeated feature counts as repeated: its row is added the square root of this many times.
const repeats = 8

// factors are the square roots of how often a feature occurs, in sixteenths: whole numbers, so that a sum is the same in
// any order and on any machine.
var factors = [repeats + 1]int64{0, 16, 23, 28, 32, 36, 39, 42, 45}

// evenLanes selects four of the eight components in a word, with room for sums: 256 of them fit.
const (
	evenLanes = 0x00ff00ff00ff00ff
	laneRoom  = 256
)

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
		words := s.table.rows[int(row)*s.table.words:][:s.table.words]
		even, odd := s.even[:len(words)], s.odd[:len(words)]
		for i, word := range words {
			even[i] += word & evenLanes
			odd[i] += word >> 8 & evenLanes
		}
		if added++; added == laneRoom {
			s.flush(added, factors[count])
			added = 0
		}
	}
	if added > 0 {
		s.flush(added, factors[count])
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
