package evals

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
)

// maxRowBytes bounds one line of a data set: the longest customer message with its escapes, and room.
const maxRowBytes = 1 << 20

// ReadRows reads a data set with one JSON object a line. Empty lines do not count; errors name the file and the line.
func ReadRows[T any](r io.Reader, name string) ([]T, error) {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxRowBytes)
	var rows []T
	number := 0
	for lines.Scan() {
		number++
		if len(bytes.TrimSpace(lines.Bytes())) == 0 {
			continue
		}
		var row T
		if err := json.Unmarshal(lines.Bytes(), &row); err != nil {
			return nil, fmt.Errorf("%s:%d: not a row of this data set: %w", name, number, err)
		}
		rows = append(rows, row)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("%s:%d: %w", name, number+1, err)
	}
	if len(rows) == 0 {
		return nil, fmt.Errorf("%s: the data set is empty", name)
	}
	return rows, nil
}
