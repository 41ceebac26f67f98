package embed

import "encoding/binary"

// repeats is the most often that a repeated feature counts as repeated: its row is added the square root of this many times.
const repeats = 8

// factors are the square roots of how often a feature occurs, in sixteenths: whole numbers, so that a sum is the same in
// any order and on any machine.
var factors = [repeats + 1]int64{0, 16, 23, 28, 32, 36, 39, 42, 45}

// A word of 64 bits holds four sums, in lanes of 16 bits, and laneRoom rows fit: none adds more than 15 times the largest step.
const (
	laneRoom = (1<<16 - 1) / ((codes - 1) * maxStep)
	lanes    = 0x000f_000f_000f_000f // one code in each lane
)

// scratch is what one text needs on its way to a vector.
type scratch struct {
	counts []uint8 // by row, all zero between texts
	cutter cutter
	rows   []int32 // with a count
	runes  []rune
	steps  int64    // of the rows in sums
	sums   []uint64 // of codes times steps, four in each
	table  *Table
	totals []int64
}

func newScratch(table *Table) *scratch {
	return &scratch{
		counts: make([]uint8, table.Header.Rows), sums: make([]uint64, codeBits*table.words), table: table,
		totals: make([]int64, table.Header.Dimensions),
	}
}

// sum sets totals to the weighted sum of the rows of a text's features.
func (s *scratch) sum(f *folding, text string) {
	s.runes = f.runes(text, s.runes[:0])
	s.cutter.class, s.cutter.out = &f.class, s.cutter.out[:0]
	s.cutter.cut(s.runes[:min(len(s.runes), maxRunes)])
	s.rows = s.rows[:0]
	for _, feature := range s.cutter.out {
		row := s.table.row(feature)
		if row < 0 {
			continue
		}
		if s.counts[row] == 0 {
			s.rows = append(s.rows, int32(row)) //nolint:gosec // no more rows than a table's bytes
		}
		s.counts[row] = min(s.counts[row]+1, repeats)
	}
	clear(s.totals)
	rest := s.rows
	for count := uint8(1); len(rest) > 0; count++ {
		rest = s.addRows(rest, count)
	}
}

// addRows adds those of rows that occur count times, forgets that they do, and returns the rest.
func (s *scratch) addRows(rows []int32, count uint8) (rest []int32) {
	added := 0
	rest = rows[:0]
	for _, row := range rows {
		if s.counts[row] != count {
			rest = append(rest, row)
			continue
		}
		s.counts[row] = 0
		s.addRow(int(row))
		if added++; added == laneRoom {
			s.flush(factors[count])
			added = 0
		}
	}
	if added > 0 {
		s.flush(factors[count])
	}
	return rest
}

// addRow adds the codes of a row times its step. Of each 16 codes, every fourth goes to the same word.
func (s *scratch) addRow(row int) {
	step := uint64(s.table.steps[row])
	s.steps += int64(step) //nolint:gosec // a byte
	packed := s.table.codes[row*s.table.words*8:][:s.table.words*8]
	sums := s.sums
	for len(packed) >= 8 && len(sums) >= codeBits {
		word := binary.LittleEndian.Uint64(packed)
		sums[0] += (word & lanes) * step
		sums[1] += (word >> 4 & lanes) * step
		sums[2] += (word >> 8 & lanes) * step
		sums[3] += (word >> 12 & lanes) * step
		packed, sums = packed[8:], sums[codeBits:]
	}
}

// flush moves the sums to the totals, in half steps from the middle.
func (s *scratch) flush(factor int64) {
	middle := s.steps * (codes - 1)
	s.steps = 0
	for i, sum := range s.sums {
		of := s.totals[i/codeBits*codes+i%codeBits:][:3*codeBits+1]
		of[0] += (int64(2*(sum&0xffff)) - middle) * factor
		of[codeBits] += (int64(2*(sum>>16&0xffff)) - middle) * factor
		of[2*codeBits] += (int64(2*(sum>>32&0xffff)) - middle) * factor
		of[3*codeBits] += (int64(2*(sum>>48)) - middle) * factor
		s.sums[i] = 0
	}
}
