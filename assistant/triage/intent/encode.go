package intent

import (
	"bytes"
	"compress/flate"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"

	fastflate "github.com/klauspost/compress/flate" // inflates faster; what it deflates has other bytes, which a test compares
)

// The encoded form, little-endian: magic (its last byte is the version), SHA-256 of the rest, then deflated: labels and
// how many of them are in scope, fingerprint, name of the embedder, which labels need a person, calibration, vocabulary,
// weights. A change of extract, weigh or tokenize
// that alters features needs a new version, as old weights would meet new features.
const encodingMagic = "deskhand-intent\x04"

// Bounds of what Decode accepts, far above what Train produces from realistic examples.
const (
	maxDecodedBytes      = 512 << 20
	maxDecodedDimensions = 1 << 12
	maxDecodedFeatures   = 1 << 22
	maxDecodedLabels     = 1 << 12
)

// ErrEncoding is wrapped by every error of Decode about the content of the file.
var ErrEncoding = errors.New("not an intent model of this version")

// Encode writes the classifier in a form that Decode reads; the same classifier gives the same bytes.
func (c *Classifier) Encode(w io.Writer) error {
	var payload bytes.Buffer
	deflater, err := flate.NewWriter(&payload, flate.BestCompression)
	if err != nil {
		return fmt.Errorf("encode intent model: %w", err)
	}
	if err := errors.Join(c.encodePayload(deflater), deflater.Close()); err != nil {
		return fmt.Errorf("encode intent model: %w", err)
	}
	sum := sha256.Sum256(payload.Bytes())
	if _, err := w.Write(slices.Concat([]byte(encodingMagic), sum[:], payload.Bytes())); err != nil {
		return fmt.Errorf("encode intent model: %w", err)
	}
	return nil
}

func (c *Classifier) encodePayload(w io.Writer) error {
	buf := binary.AppendUvarint(nil, uint64(len(c.labels)))
	buf = binary.AppendUvarint(buf, uint64(c.inScope)) //nolint:gosec // a number of labels
	for _, text := range append(slices.Clone(c.labels), c.fingerprint, c.embedderName) {
		buf = binary.AppendUvarint(buf, uint64(len(text)))
		buf = append(buf, text...)
	}
	for _, never := range c.calibration.never {
		b := byte(0)
		if never {
			b = 1
		}
		buf = append(buf, b)
	}
	for _, v := range slices.Concat(c.calibration.gate[:], c.calibration.person[:], c.calibration.otherPerson[:],
		[]float64{c.calibration.scale}) {
		buf = binary.LittleEndian.AppendUint64(buf, math.Float64bits(v))
	}
	buf = binary.AppendUvarint(buf, uint64(len(c.dense)/len(c.bias)))
	buf = appendFloats(buf, c.dense)
	buf = appendFloats(buf, c.bias)
	buf = appendFloats(buf, c.scales)
	buf = binary.AppendUvarint(buf, uint64(len(c.vocabulary.hashes)))
	previous := uint32(0)
	for _, h := range c.vocabulary.hashes {
		buf = binary.AppendUvarint(buf, uint64(h-previous))
		previous = h
	}
	buf = appendFloats(buf, c.idf)
	buf = c.cells.appendTo(buf)
	_, err := w.Write(buf)
	return err
}

// Decode reads what Encode wrote, for the embedder that the model was trained with. A damaged file, one of another version,
// one for another embedder and one that is no model at all give an error that wraps ErrEncoding.
func Decode(r io.Reader, e Embedder) (*Classifier, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxDecodedBytes))
	if err != nil {
		return nil, fmt.Errorf("decode intent model: %w", err)
	}
	return decode(data, e)
}

func decode(data []byte, e Embedder) (*Classifier, error) {
	rest, ok := bytes.CutPrefix(data, []byte(encodingMagic))
	if !ok || len(rest) < sha256.Size {
		return nil, fmt.Errorf("decode intent model: %w: wrong header", ErrEncoding)
	}
	payload := rest[sha256.Size:]
	if sum := sha256.Sum256(payload); !bytes.Equal(sum[:], rest[:sha256.Size]) {
		return nil, fmt.Errorf("decode intent model: %w: wrong checksum", ErrEncoding)
	}
	plain := bytes.NewBuffer(make([]byte, 0, 2*len(payload))) // a model shrinks by a third
	if _, err := plain.ReadFrom(io.LimitReader(fastflate.NewReader(bytes.NewReader(payload)), maxDecodedBytes)); err != nil {
		return nil, fmt.Errorf("decode intent model: %w: %w", ErrEncoding, err)
	}
	c, err := decodePayload(&decoder{data: plain.Bytes()})
	if err != nil {
		return nil, fmt.Errorf("decode intent model: %w", err)
	}
	if c.embedderName == "" {
		return c, nil
	}
	if c.embedderName != embedderName(e) || len(c.dense) != e.Dimensions()*len(c.bias) {
		return nil, fmt.Errorf("decode intent model: %w: it was trained with the embedder %q, not %q: train it again",
			ErrEncoding, c.embedderName, embedderName(e))
	}
	c.embedder = e
	return c, nil
}

func decodePayload(d *decoder) (*Classifier, error) {
	c := &Classifier{labels: make([]string, d.count(maxDecodedLabels))}
	c.inScope = d.count(len(c.labels))
	for i := range c.labels {
		c.labels[i] = string(d.bytes(d.count(len(d.data))))
	}
	c.fingerprint = string(d.bytes(d.count(len(d.data))))
	c.embedderName = string(d.bytes(d.count(len(d.data))))
	columns := len(c.labels) + 1
	c.never = make([]bool, c.inScope)
	for i, b := range d.bytes(c.inScope) {
		c.never[i] = b != 0
	}
	c.calibration.never = c.never
	for _, weights := range [][]float64{c.calibration.gate[:], c.calibration.person[:], c.calibration.otherPerson[:]} {
		for i := range weights {
			weights[i] = d.float64()
		}
	}
	c.calibration.scale = d.float64()
	c.dense = d.floats(d.count(maxDecodedDimensions) * columns)
	c.bias = d.floats(columns)
	c.scales = d.floats(columns)
	hashes := make([]uint32, d.count(min(maxDecodedFeatures, len(d.data))))
	previous := uint32(0)
	for i := range hashes {
		previous += uint32(d.uvarint()) //nolint:gosec // Encode writes nothing larger, and the checksum held
		hashes[i] = previous
	}
	c.idf = d.floats(len(hashes))
	c.cells = d.cells(len(hashes), columns)
	if d.failed || len(d.data) > 0 || c.inScope < 2 || len(c.labels) > c.inScope+1 {
		return nil, fmt.Errorf("%w: wrong length", ErrEncoding)
	}
	c.vocabulary = newVocabulary(hashes)
	return c, nil
}

// decoder reads from the front of data; after a failure it returns zeros.
type decoder struct {
	data   []byte
	failed bool
}

func (d *decoder) bytes(n int) []byte {
	if n < 0 || n > len(d.data) {
		d.failed = true
		return nil
	}
	out := d.data[:n]
	d.data = d.data[n:]
	return out
}

// count reads a number that is to be at most limit.
func (d *decoder) count(limit int) int {
	v := d.uvarint()
	if v > uint64(limit) { //nolint:gosec // a limit is not negative
		d.failed = true
		return 0
	}
	return int(v) //nolint:gosec // at most limit
}

func (d *decoder) float64() float64 {
	b := d.bytes(8)
	if b == nil {
		return 0
	}
	return math.Float64frombits(binary.LittleEndian.Uint64(b))
}

func (d *decoder) floats(n int) []float32 {
	b := d.bytes(4 * n)
	if b == nil {
		return nil
	}
	out := make([]float32, n)
	for i := range out {
		out[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
	}
	return out
}

// cells reads the cells of so many features, in so many columns.
func (d *decoder) cells(features, columns int) cells {
	lengths := make([]uint32, features)
	total := 0
	for i := range lengths {
		n := d.count(columns)
		lengths[i] = uint32(n) //nolint:gosec // at most a number of columns
		total += n
	}
	if total > len(d.data) {
		d.failed = true
		return cells{}
	}
	places := decoder{data: d.data[:len(d.data)-total]}
	quantized := d.data[len(places.data):]
	c := newCells(features, total)
	for _, length := range lengths {
		for i := range length {
			column := places.count(columns - 1)
			if i > 0 && column <= c.last {
				places.failed = true
			}
			c.add(max(column, c.last), int8(quantized[0])) //nolint:gosec // the byte holds an int8
			quantized = quantized[1:]
		}
		c.endRow()
	}
	d.data, d.failed = places.data, d.failed || places.failed
	return c
}

func (d *decoder) uvarint() uint64 {
	v, n := binary.Uvarint(d.data)
	if n <= 0 {
		d.failed, d.data = true, nil
		return 0
	}
	d.data = d.data[n:]
	return v
}

// appendTo appends the lengths of the rows, the columns and the weights.
func (c *cells) appendTo(buf []byte) []byte {
	var columns, weights []byte
	for f := range len(c.rows) - 1 {
		length := uint64(0)
		c.each(f, func(column int, weight int8) {
			columns = binary.AppendUvarint(columns, uint64(column)) //nolint:gosec // not negative
			weights = append(weights, byte(weight))                 //nolint:gosec // the byte holds an int8
			length++
		})
		buf = binary.AppendUvarint(buf, length)
	}
	return slices.Concat(buf, columns, weights)
}

func appendFloats(buf []byte, values []float32) []byte {
	for _, v := range values {
		buf = binary.LittleEndian.AppendUint32(buf, math.Float32bits(v))
	}
	return buf
}
