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

// headroom is the share of rows whose step still fits: the few rows above are shortened.
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
	unit := stepUnit(rows)
	var names, steps, components []byte
	last := uint64(0)
	for n, i := range order {
		name := uint64(fingerprint(hashes[i]))
		after := name - last
		if n > 0 && after == 0 {
			return nil, fmt.Errorf("encode table: two rows are called %08x", name)
		}
		names = binary.AppendUvarint(names, after)
		last = name
		step, packed := pack(rows[i], unit)
		steps = append(steps, step)
		components = append(components, packed...)
	}
	return slices.Concat(names, steps, components), nil
}

// stepUnit is what 1 in a step is worth.
func stepUnit(rows [][]float32) float64 {
	deviations := make([]float64, len(rows))
	for i, row := range rows {
		deviations[i] = deviation(row)
	}
	sort.Float64s(deviations)
	most := deviations[int(headroom*float64(len(rows)-1))]
	return max(most*stepShare/maxStep, 1e-12)
}

func deviation(row []float32) float64 {
	sum := 0.0
	for _, x := range row {
		sum += float64(float64(x) * float64(x))
	}
	return math.Sqrt(sum / float64(len(row)))
}

// pack rounds a row to odd numbers of half steps.
func pack(row []float32, unit float64) (step byte, packed []byte) {
	half := deviation(row) * stepShare
	step = byte(max(1, min(maxStep, math.Round(half/unit))))
	packed = make([]byte, len(row)/2)
	for i, x := range row {
		code := math.Floor(float64(x)/max(2*half, 1e-12)) + codes/2
		packed[i/2] |= byte(max(0, min(codes-1, code))) << (i % 2 * codeBits)
	}
	return step, packed
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
