package intent

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
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
