package intent

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/retrieval/embed"
)

func TestDecodedClassifierPredictsTheSame(t *testing.T) {
	t.Parallel()

	trained, err := Train(smallSet(t)[:200], Options{})
	require.NoError(t, err)
	decoded, err := Decode(bytes.NewReader(encode(t, trained)), nil)
	require.NoError(t, err)
	require.Equal(t, trained.Labels(), decoded.Labels())
	for _, text := range []string{"i lost my phone", "收不到验证码", "نسيت الباسورد", "tell me a joke"} {
		require.Equal(t, trained.Predict(text, 20), decoded.Predict(text, 20))
	}
}

func TestDecodeRefusesWhatEncodeDidNotWrite(t *testing.T) {
	t.Parallel()

	trained, err := Train(smallSet(t)[:200], Options{})
	require.NoError(t, err)
	good := encode(t, trained)

	flipped := slices.Clone(good)
	flipped[len(flipped)/2] ^= 1
	version := slices.Clone(good)
	version[len(encodingMagic)-1]++
	for name, data := range map[string][]byte{
		"nothing":              nil,
		"something else":       []byte("PK\x03\x04"),
		"the header alone":     good[:len(encodingMagic)],
		"a truncated file":     good[:len(good)-1],
		"a flipped bit":        flipped,
		"another version":      version,
		"an appended byte":     append(slices.Clone(good), 0),
		"a payload of zeros":   sealed(make([]byte, 40)),
		"an empty payload":     sealed(nil),
		"a payload of garbage": sealed([]byte{0xff, 0xff, 0xff}),
	} {
		_, err := Decode(bytes.NewReader(data), nil)
		require.ErrorIs(t, err, ErrEncoding, name)
	}

	broken := errors.New("disk is gone")
	_, err = Decode(failingReader{broken}, nil)
	require.ErrorIs(t, err, broken)
}

func TestBuiltInModelIsWrittenAsItWasRead(t *testing.T) {
	t.Parallel()

	c, err := Builtin(embed.New())
	require.NoError(t, err)
	var payload bytes.Buffer
	require.NoError(t, c.encodePayload(&payload))
	again, err := decodePayload(&decoder{data: payload.Bytes()})
	require.NoError(t, err)
	require.Equal(t, c.cells, again.cells)
}

func TestCellsOfFarColumnsKeepTheirPlace(t *testing.T) {
	t.Parallel()

	c := newCells(2, 0)
	want := map[int]int8{0: 5, 255: -3, 256: 4, 900: 127}
	for _, column := range []int{0, 255, 256, 900} {
		c.add(column, want[column])
	}
	c.endRow()
	c.add(700, 2)
	c.endRow()
	got := map[int]int8{}
	c.each(0, func(column int, weight int8) { got[column] = weight })
	require.Equal(t, want, got)
	scores := make([]float32, 1000)
	c.addTo(scores, term{index: 1, value: 0.5})
	require.InDelta(t, 1, scores[700], 0)
	scores[700] = 0
	require.Equal(t, make([]float32, 1000), scores)

	d := &decoder{data: c.appendTo(nil)}
	require.Equal(t, c.gaps, d.cells(2, 1000).gaps)
	require.False(t, d.failed)
}

// sealed gives a payload a right header and checksum.
func sealed(payload []byte) []byte {
	sum := sha256.Sum256(payload)
	return slices.Concat([]byte(encodingMagic), sum[:], payload)
}

func FuzzDecodePayload(f *testing.F) {
	f.Add([]byte{2, 1, 'a', 1, 'b', 0})
	f.Fuzz(func(t *testing.T, payload []byte) {
		c, err := decodePayload(&decoder{data: payload})
		if err != nil {
			require.ErrorIs(t, err, ErrEncoding)
			return
		}
		c.Predict("where is my withdrawal", 3)
	})
}
