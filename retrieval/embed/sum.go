package embed

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
	rows   []int32 // with a count
	runes  []rune
	sums   []uint64 // of components, four in each
	table  *Table
	totals []int64
}

func newScratch(table *Table) *scratch {
	return &scratch{
		counts: make([]uint8, table.Header.Rows), sums: make([]uint64, 2*table.words), table: table,
		totals: make([]int64, table.Header.Dimensions),
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

// addRow adds the components of a row, two with each look-up. Of each eight, the first four go to one word and the others to the next.
func (s *scratch) addRow(row int) {
	of := &s.table.pairs[s.table.deviations[row]]
	codes := s.table.codes[row*s.table.words*4:][:s.table.words*4]
	sums := s.sums[:len(codes)/2]
	for len(codes) >= 4 && len(sums) >= 2 {
		sums[0] += uint64(of[codes[0]]) | uint64(of[codes[1]])<<32
		sums[1] += uint64(of[codes[2]]) | uint64(of[codes[3]])<<32
		codes, sums = codes[4:], sums[2:]
	}
}

// flush moves the sum of so many rows to the totals.
func (s *scratch) flush(rows int, factor int64) {
	offset := int64(rows) * 128 // each component is kept as itself plus 128
	for i, sum := range s.sums {
		four := s.totals[4*i:][:4]
		for lane := range four {
			four[lane] += (int64(sum&0xffff) - offset) * factor
			sum >>= 16
		}
		s.sums[i] = 0
	}
}
