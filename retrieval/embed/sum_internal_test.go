package embed

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/text/unicode/norm"

	"github.com/deskhand/deskhand/retrieval/lexical"
)

func TestVectorOfAKnownTextAllocatesNothing(t *testing.T) { //nolint:paralleltest // it counts what the process allocates
	s, err := builtin()
	require.NoError(t, err)
	scratch := newScratch(s.table)
	text := strings.Repeat("Where is my withdrawal? 提币手续费 ", 20)
	scratch.sum(s.features.folding, text)
	require.Zero(t, testing.AllocsPerRun(10, func() { scratch.sum(s.features.folding, text) }))
}

func TestSumIsThatOfTheRowsOneByOne(t *testing.T) {
	t.Parallel()
	s, err := builtin()
	require.NoError(t, err)
	scratch := newScratch(s.table)
	text := strings.Repeat("Where is my withdrawal? 提币手续费 출금이 안 돼요. ", 9) + "fee fee"
	scratch.sum(s.features.folding, text)
	counts := make(map[int]int)
	for _, feature := range s.features.Cut(text, nil) {
		if row := s.table.row(feature); row >= 0 {
			counts[row] = min(counts[row]+1, repeats)
		}
	}
	want := make([]int64, s.table.Header.Dimensions)
	for row, count := range counts {
		for i := range want {
			want[i] += s.table.component(row, i) * factors[count]
		}
	}
	require.Equal(t, want, scratch.totals)
}

func TestFoldingIsThatOfTheIndex(t *testing.T) {
	t.Parallel()
	analyzer := lexical.NewAnalyzer(lexical.Termbase{})
	f := newFolding()
	for _, text := range []string{
		"Rút tiền ĐÃ", "ÇEKİM ücreti ışık", "提領錢包", "ｆｕｌｌ　ｗｉｄｔｈ？", "ｶﾞｽ代", "が", norm.NFD.String("출금 수수료"), "ﷺ ﻻ إلى",
		"ёлка Й", norm.NFD.String("ёлка Й é"), "ﬁ Straße œuvre", "١٢٣ ۴", "𝓯𝓮𝓮 ①", "हिन्दी ถอนเงิน",
	} {
		require.Equal(t, analyzer.Fold(text), string(f.runes(text, nil)), text)
	}
}

func TestRowsSurviveBeingWritten(t *testing.T) {
	t.Parallel()
	rows := make([][]float32, 300)
	hashes := make([]uint64, len(rows))
	for i := range rows {
		hashes[i] = mix(uint64(i + 1))
		rows[i] = make([]float32, 16)
		for j := range rows[i] {
			rows[i][j] = float32(int(mix(uint64(i*16+j))%2001)-1000) / 100
		}
	}
	table, err := NewTable(Header{Dimensions: 16}, hashes, rows)
	require.NoError(t, err)
	for i, hash := range hashes {
		row := table.row(hash)
		require.GreaterOrEqual(t, row, 0)
		var product, a, b float64
		for j, x := range rows[i] {
			y := float64(table.component(row, j))
			product, a, b = product+float64(x)*y, a+float64(x)*float64(x), b+y*y
		}
		require.Greater(t, product*product/(a*b), 0.95, "row %d points elsewhere", i)
	}
	require.Equal(t, -1, table.row(mix(12345)))
}

// A step above the largest would run over into the sum of another component.
func TestRowWithTooLargeAStepIsRefused(t *testing.T) {
	t.Parallel()
	body, err := encode([]uint64{7}, [][]float32{make([]float32, codes)})
	require.NoError(t, err)
	header := Header{Dimensions: codes, Format: format, Rows: 1}
	for step, refused := range map[byte]bool{maxStep: false, maxStep + 1: true} {
		body[1] = step // behind the name of the only row
		header.Checksum = checksum(body)
		_, err := newTable(header, body)
		require.Equal(t, refused, errors.Is(err, ErrBadTable), "step %d: %v", step, err)
	}
}

// Of as many rows as fit before a sum is flushed, and of one more, each with the largest step and components.
func TestLargestRowsFitTheirLanes(t *testing.T) {
	t.Parallel()
	for _, rows := range []int{1, laneRoom, laneRoom + 1, 3*laneRoom + 5} {
		vectors, hashes := make([][]float32, rows), make([]uint64, rows)
		for i := range vectors {
			vectors[i], hashes[i] = make([]float32, 2*codes), uint64(i+1)
			for j := range vectors[i] {
				vectors[i][j] = 1000 * float32(j%2*2-1)
			}
			vectors[i][0] = 1e6 // makes all steps the largest
		}
		table, err := NewTable(Header{Dimensions: 2 * codes}, hashes, vectors)
		require.NoError(t, err)
		s := newScratch(table)
		want := make([]int64, 2*codes)
		for row := range rows {
			s.rows = append(s.rows, int32(row))
			s.counts[row] = 1
			for i := range want {
				want[i] += table.component(row, i) * factors[1]
			}
		}
		require.Empty(t, s.addRows(s.rows, 1))
		require.Equal(t, want, s.totals, "%d rows", rows)
		require.Equal(t, byte(maxStep), table.steps[0])
	}
}

// component returns a row's component.
func (t *Table) component(row, i int) int64 {
	code := t.codes[row*t.words*8+i/2] >> (i % 2 * codeBits) & (codes - 1)
	return (2*int64(code) - (codes - 1)) * int64(t.steps[row])
}

func BenchmarkLoad(b *testing.B) {
	for b.Loop() {
		_, err := load(builtinBytes())
		require.NoError(b, err)
	}
}
