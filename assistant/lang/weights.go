package lang

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
)

// The weight file: a line of text that names the format, a line of JSON (fileHeader), the weights of the models one
// after the other (int8, a row of classes per bucket), the charsets of the Han group, and the SHA-256 of all that.
// `head -n 2` shows what it is.
const (
	fileMagic   = "deskhand-lang 1\n"
	fileVersion = 1
	// MaxFileSize is the largest weight file that Load takes, in bytes.
	MaxFileSize = 4 << 20
)

// ErrCorrupt is wrapped by the errors of Load about a file that is damaged or not a weight file.
var ErrCorrupt = errors.New("corrupt weight file")

// Source says where training text came from.
type Source struct {
	Licence string `json:"licence"` // SPDX
	Name    string `json:"name"`
	Rows    int    `json:"rows"`
}

type fileHeader struct {
	Models  []modelHeader `json:"models"`
	Options Options       `json:"options"`
	Sources []Source      `json:"sources"`
	Version int           `json:"version"`
}

type modelHeader struct {
	Bits    uint     `json:"bits"`
	Classes []string `json:"classes"`
	Grams   int      `json:"grams"`
	Name    string   `json:"name"`
	Scale   float32  `json:"scale"`
}

// encodeWeights lays models out as a weight file.
func encodeWeights(models []model, options Options, sources []Source) ([]byte, error) {
	header := fileHeader{Options: options, Sources: sources, Version: fileVersion}
	for _, m := range models {
		header.Models = append(header.Models, modelHeader{
			Bits: m.bits, Classes: m.classes, Grams: m.grams, Name: m.name, Scale: m.scale,
		})
	}
	line, err := json.Marshal(header)
	if err != nil {
		return nil, fmt.Errorf("encode header: %w", err)
	}
	file := append([]byte(fileMagic), line...)
	file = append(file, '\n')
	for _, m := range models {
		file = append(file, m.weights...)
	}
	file = append(file, newCharsets()...)
	sum := sha256.Sum256(file)
	return append(file, sum[:]...), nil
}

// Load reads a weight file as Train writes it. The Detector uses the bytes in place: they must not change. A damaged
// file, or one made for other languages or features than this version has, gives an error that wraps ErrCorrupt.
func Load(file []byte) (*Detector, error) {
	if len(file) > MaxFileSize || len(file) < len(fileMagic)+sha256.Size || !bytes.HasPrefix(file, []byte(fileMagic)) {
		return nil, fmt.Errorf("read magic: %w", ErrCorrupt)
	}
	body, sum := file[:len(file)-sha256.Size], file[len(file)-sha256.Size:]
	if got := sha256.Sum256(body); !bytes.Equal(got[:], sum) {
		return nil, fmt.Errorf("check sum: %w", ErrCorrupt)
	}
	line, weights, _ := bytes.Cut(body[len(fileMagic):], []byte{'\n'})
	var header fileHeader
	if err := json.Unmarshal(line, &header); err != nil {
		return nil, fmt.Errorf("decode header: %w: %w", ErrCorrupt, err)
	}
	models, err := placeModels(header, weights)
	if err != nil {
		return nil, err
	}
	return newDetector(models), nil
}

// placeModels checks that the header describes the groups of this version and cuts the weights accordingly.
func placeModels(header fileHeader, weights []byte) ([]model, error) {
	want := groups()
	if header.Version != fileVersion || len(header.Models) != len(want) {
		return nil, fmt.Errorf("match version %d with %d models: %w", header.Version, len(header.Models), ErrCorrupt)
	}
	models := make([]model, len(want))
	for i, g := range want {
		h := header.Models[i]
		if h.Name != g.name || h.Bits != g.bits || h.Grams != g.grams || !slices.Equal(h.Classes, g.classes) {
			return nil, fmt.Errorf("match model %q: %w", h.Name, ErrCorrupt)
		}
		size := g.size()
		if len(weights) < size {
			return nil, fmt.Errorf("cut model %q: %w", h.Name, ErrCorrupt)
		}
		models[i] = model{group: g, scale: h.Scale, weights: weights[:size]}
		weights = weights[size:]
	}
	if len(weights) != charsetCount*charsetBytes {
		return nil, fmt.Errorf("cut charsets: %w", ErrCorrupt)
	}
	models[len(models)-1].charsets = charsets(weights)
	return models, nil
}
