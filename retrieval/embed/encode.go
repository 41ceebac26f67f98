package embed

import (
	"cmp"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"
	"sort"
)

// headroom is the share of rows whose largest component still fits: the few rows above are shortened.
const headroom = 0.999

// encode packs rows, whose hashes must differ in their lower half.
func encode(hashes []uint64, rows [][]float32) ([]byte, error) {
	order := make([]int, len(hashes))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int {
		return cmp.Compare(fingerprint(hashes[a]), fingerprint(hashes[b]))
	})
	unit := componentUnit(rows)
	var names, lengths, components []byte
	last := uint64(0)
	for n, i := range order {
		name := uint64(fingerprint(hashes[i]))
		step := name - last
		if n > 0 && step == 0 {
			return nil, fmt.Errorf("encode table: two rows are called %08x", name)
		}
		names = binary.AppendUvarint(names, step)
		last = name
		length, packed := pack(rows[i], unit)
		lengths = append(lengths, length)
		components = append(components, packed...)
	}
	return slices.Concat(names, lengths, components), nil
}

// componentUnit is the length of 1 in a component.
func componentUnit(rows [][]float32) float64 {
	deviations := make([]float64, len(rows))
	for i, row := range rows {
		deviations[i] = deviation(row)
	}
	sort.Float64s(deviations)
	most := deviations[int(headroom*float64(len(rows)-1))]
	return max(most*levels[len(levels)-1]/maxComponent, 1e-12)
}

func deviation(row []float32) float64 {
	sum := 0.0
	for _, x := range row {
		sum += float64(float64(x) * float64(x))
	}
	return math.Sqrt(sum / float64(len(row)))
}

// pack rounds a row to levels of its deviation.
func pack(row []float32, unit float64) (length byte, packed []byte) {
	d := deviation(row)
	step := math.Round(deviationSteps*math.Log2(max(d/unit, 1e-9))) + deviationOffset
	most := math.Floor(deviationSteps*math.Log2(maxComponent/levels[len(levels)-1])) + deviationOffset
	length = byte(max(0, min(most, step)))
	packed = make([]byte, len(row)/2)
	for i, x := range row {
		code := byte(len(levels) / 2)
		if d > 0 {
			code = nearest(float64(x) / d)
		}
		packed[i/2] |= code << (i % 2 * 4)
	}
	return length, packed
}

// nearest is the place of the level that is nearest to x.
func nearest(x float64) byte {
	best := byte(0)
	for i, level := range levels {
		if math.Abs(x-level) < math.Abs(x-levels[best]) {
			best = byte(i)
		}
	}
	return best
}

// WriteTable writes what NewTable would make of the same arguments, as ReadTable reads it.
func WriteTable(w io.Writer, header Header, hashes []uint64, rows [][]float32) error {
	body, err := encode(hashes, rows)
	if err != nil {
		return err
	}
	header.Format, header.Rows, header.Checksum = format, len(rows), checksum(body)
	head, err := json.Marshal(header)
	if err != nil {
		return fmt.Errorf("encode header: %w", err)
	}
	size := binary.LittleEndian.AppendUint32(nil, uint32(len(head))) //nolint:gosec // a header is short
	file := slices.Concat([]byte(magic), size, head, body)
	if _, err := w.Write(file); err != nil {
		return fmt.Errorf("write table: %w", err)
	}
	return nil
}
