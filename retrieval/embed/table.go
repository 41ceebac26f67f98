package embed

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"math/bits"
	"slices"
)

// Source says where training text came from.
type Source struct {
	Licence string `json:"licence"`
	Name    string `json:"name"`
	Owner   string `json:"owner"`
	Rows    int    `json:"rows"`
	SHA256  string `json:"sha256"` // of the text as it was read
}

// Header describes a table.
type Header struct {
	Checksum   string   `json:"checksum"` // SHA-256 of what follows the header
	Dimensions int      `json:"dimensions"`
	Features   string   `json:"features"` // fingerprint of the rules that cut text into features
	Format     int      `json:"format"`
	Rows       int      `json:"rows"`
	Seed       uint64   `json:"seed"`
	Sources    []Source `json:"sources"`
	Version    int      `json:"version"`
}

// Table is one trained vector for each feature of the vocabulary. It is read only. The components stay as they stand in the file,
// four bits each: a sum takes four of them at a time out of a word of 64 bits.
type Table struct {
	Header Header

	codes []byte // of all rows: the components, two a byte
	mask  uint32
	shift uint
	slots []slot
	steps []byte // of each row: what half a step of its codes is worth
	words int    // of 64 bits in a row: 16 components each
}

// slot is a place of the vocabulary's hash table, an open addressing one. Row 0 is an empty place.
type slot struct {
	name uint32 // fingerprint of the feature
	row  int32  // 1 for the first
}

// The file: magic, the header and before it its length, then for each row in the order of their fingerprints the difference to the
// fingerprint before (uvarint); the steps of all rows, one byte each; the components, four bits each, the first lowest.
const (
	format   = 2
	magic    = "DHEMBED\n"
	maxBytes = 64 << 20 // of a file: four times what the program is willing to carry
)

// A component is an odd number of half steps: code 0 is -15 of them, code 15 is 15. The step of a row follows its deviation, so that the
// squared error is least for a normal distribution (Max 1960): 1.2 % of a row's energy is lost, at half the size of eight bits.
const (
	codeBits  = 4
	codes     = 1 << codeBits
	maxStep   = 127    // the largest half step
	stepShare = 0.1676 // of a row's deviation is half a step
)

// ErrBadTable marks a file that is no table of this program.
var ErrBadTable = errors.New("not a usable embedding table")

// NewTable makes a table of trained rows: rows[i] is the vector of the feature hashes[i], with its weight in it. The
// checksum and the sizes of header are filled in.
func NewTable(header Header, hashes []uint64, rows [][]float32) (*Table, error) {
	if len(hashes) != len(rows) {
		return nil, fmt.Errorf("make table: %d hashes for %d rows", len(hashes), len(rows))
	}
	body, err := encode(hashes, rows)
	if err != nil {
		return nil, err
	}
	header.Format, header.Rows, header.Checksum = format, len(rows), checksum(body)
	return newTable(header, body)
}

// ReadTable reads and checks a table.
func ReadTable(r io.Reader) (*Table, error) {
	content, err := io.ReadAll(io.LimitReader(r, maxBytes+1))
	if err != nil {
		return nil, fmt.Errorf("read table: %w", err)
	}
	return parseTable(content)
}

// parseTable is ReadTable for a file in memory, which the table goes on reading.
func parseTable(content []byte) (*Table, error) {
	header, body, err := split(content)
	if err != nil {
		return nil, fmt.Errorf("read table: %w", err)
	}
	table, err := newTable(header, body)
	if err != nil {
		return nil, fmt.Errorf("read table: %w", err)
	}
	return table, nil
}

func split(content []byte) (Header, []byte, error) {
	var header Header
	rest, ok := bytes.CutPrefix(content, []byte(magic))
	if !ok || len(rest) < 4 || len(content) > maxBytes {
		return header, nil, fmt.Errorf("%w: it does not begin like one", ErrBadTable)
	}
	size := binary.LittleEndian.Uint32(rest)
	rest = rest[4:]
	if uint64(size) > uint64(len(rest)) {
		return header, nil, fmt.Errorf("%w: it is cut off", ErrBadTable)
	}
	if err := json.Unmarshal(rest[:size], &header); err != nil {
		return header, nil, fmt.Errorf("%w: its header: %w", ErrBadTable, err)
	}
	return header, rest[size:], nil
}

func newTable(header Header, body []byte) (*Table, error) {
	switch {
	case header.Format != format:
		return nil, fmt.Errorf("%w: format %d, this program reads %d", ErrBadTable, header.Format, format)
	case header.Dimensions < codes || header.Dimensions > 1024 || header.Dimensions%codes != 0:
		return nil, fmt.Errorf("%w: %d dimensions, want a multiple of 16 up to 1024", ErrBadTable, header.Dimensions)
	case header.Rows < 1 || header.Rows > len(body):
		return nil, fmt.Errorf("%w: %d rows in %d bytes", ErrBadTable, header.Rows, len(body))
	case header.Checksum != checksum(body):
		return nil, fmt.Errorf("%w: the checksum is not that of its content", ErrBadTable)
	}
	t := &Table{Header: header, words: header.Dimensions / codes}
	body, err := t.index(body)
	if err != nil {
		return nil, err
	}
	if len(body) != header.Rows*(1+header.Dimensions/2) {
		return nil, fmt.Errorf("%w: %d bytes of rows, want %d", ErrBadTable, len(body), header.Rows*(1+header.Dimensions/2))
	}
	t.steps, t.codes = body[:header.Rows], body[header.Rows:]
	if slices.Max(t.steps) > maxStep {
		return nil, fmt.Errorf("%w: a row has a step of %d, want %d at most", ErrBadTable, slices.Max(t.steps), maxStep)
	}
	return t, nil
}

// index fills the hash table, at most half full, and returns the rest of body.
func (t *Table) index(body []byte) ([]byte, error) {
	size := bits.Len(uint(2 * t.Header.Rows))
	t.shift = uint(32 - size)
	t.slots = make([]slot, 1<<size)
	t.mask = uint32(len(t.slots) - 1) //nolint:gosec // less than 2^28
	last := uint64(0)
	for row := range t.Header.Rows {
		step, n := binary.Uvarint(body)
		if n <= 0 || last+step > math.MaxUint32 || row > 0 && step == 0 {
			return nil, fmt.Errorf("%w: its vocabulary ends or repeats itself", ErrBadTable)
		}
		body = body[n:]
		last += step
		at := fingerprint(last) >> t.shift
		for t.slots[at].row != 0 {
			at = (at + 1) & t.mask
		}
		t.slots[at] = slot{name: fingerprint(last), row: int32(row + 1)}
	}
	return body, nil
}

// fingerprint is the half of a feature's hash that a table names its row by.
func fingerprint(feature uint64) uint32 { return uint32(feature & math.MaxUint32) }

// row returns the row of a feature, -1 when the vocabulary lacks it.
func (t *Table) row(feature uint64) int {
	name := fingerprint(feature)
	mask := t.mask
	for at := name >> t.shift; ; at = (at + 1) & mask {
		s := t.slots[at]
		if s.row == 0 {
			return -1
		}
		if s.name == name {
			return int(s.row) - 1
		}
	}
}

// identity is what tells this table's vectors from those of another.
func (t *Table) identity() string {
	digest := sha256.Sum256(fmt.Appendf(nil, "%d/%d/%s/%s", t.Header.Format, t.Header.Dimensions, t.Header.Features, t.Header.Checksum))
	return hex.EncodeToString(digest[:4])
}

func checksum(body []byte) string {
	digest := sha256.Sum256(body)
	return hex.EncodeToString(digest[:])
}
