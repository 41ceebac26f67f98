// Package embed is the built-in embedder: a question finds the passage that answers it, also in another of the desk's 14
// languages. It needs no network, no key and no model, and gives the same vector for the same text on every machine.
//
// It is a static one: a text is cut into words, parts of words, and characters of scripts without spaces, and the trained
// rows of these features are added up and scaled to length 1. Order and grammar do not count. The table was trained on
// aligned text (package train), and names its sources and their licences.
package embed

import (
	"context"
	_ "embed"
	"fmt"
	"io"
	"math"
	"sync"
	"unsafe"
)

// Name begins the name of every model of this package.
const Name = "builtin-2"

// Dimensions is the length of a vector of the built-in table.
const Dimensions = 192

// builtinTable is a string because the linker puts it among what nobody can write, which need not stay in memory.
//
//go:embed table.bin
var builtinTable string

// builtin is shared by all embedders: it is read only, and checking it takes some 20 ms.
var builtin = sync.OnceValues(func() (*shared, error) { return load(builtinBytes()) })

// builtinBytes is the table without a copy of it.
func builtinBytes() []byte {
	return unsafe.Slice(unsafe.StringData(builtinTable), len(builtinTable)) //nolint:gosec // nothing writes to a table that was read
}

// load makes the features while it reads the table: each takes about half of the time.
func load(content []byte) (*shared, error) {
	features := make(chan *Features, 1)
	go func() { features <- NewFeatures() }()
	table, err := parseTable(content)
	if err != nil {
		return nil, err
	}
	return newShared(table, <-features), nil
}

// shared is what embedders of one table have in common.
type shared struct {
	features *Features
	name     string
	scratch  sync.Pool // of *scratch
	table    *Table
}

func newShared(table *Table, features *Features) *shared {
	s := &shared{features: features, name: Name + "-" + table.identity(), table: table}
	s.scratch.New = func() any { return newScratch(table) }
	return s
}

// Embedder makes vectors. It is immutable and safe for concurrent use.
type Embedder struct {
	shared *shared
}

// New returns the embedder with the built-in table, whatever the analyzer. It panics when the program was built with a broken
// table.
func New() *Embedder {
	s, err := builtin()
	if err != nil {
		panic(fmt.Sprintf("built-in embedding table: %v", err)) // a test reads it
	}
	return &Embedder{shared: s}
}

// Open returns the embedder with the table that a desk trained for itself. It fails with ErrBadTable for a file that is
// none, is damaged, or was trained for another way of cutting text than this program's.
func Open(r io.Reader) (*Embedder, error) {
	table, err := ReadTable(r)
	if err != nil {
		return nil, err
	}
	features := NewFeatures()
	if made := features.Fingerprint(); table.Header.Features != made {
		return nil, fmt.Errorf("%w: it was trained for the features %q, this program cuts text into %q: train it again",
			ErrBadTable, table.Header.Features, made)
	}
	return &Embedder{shared: newShared(table, features)}, nil
}

// NewWithTable returns an embedder with a table that was just trained.
func NewWithTable(table *Table) *Embedder { return &Embedder{shared: newShared(table, NewFeatures())} }

// Dimensions is the length of a vector.
func (e *Embedder) Dimensions() int { return e.shared.table.Header.Dimensions }

// Name names the model: vectors of another table have another name.
func (e *Embedder) Name() string { return e.shared.name }

// Table describes what the vectors are made of.
func (e *Embedder) Table() Header { return e.shared.table.Header }

// Embed returns one vector of length Dimensions for each text, of unit length, or all zero but for the first component
// where no feature of a text is known (a zero vector has no cosine). It fails only when ctx is done.
func (e *Embedder) Embed(ctx context.Context, texts []string) ([][]float32, error) {
	vectors := make([][]float32, len(texts))
	for i, text := range texts {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		vectors[i] = make([]float32, e.Dimensions())
		e.Vector(text, vectors[i])
	}
	return vectors, nil
}

// Vector sets out, which has length Dimensions, to the vector of text: see Embed. It allocates nothing once it is warm.
func (e *Embedder) Vector(text string, out []float32) { e.Weigh(text, out) }

// Weigh is Vector, and returns how much the text says: the length of the sum of its rows before it was scaled to 1. It
// compares within one table only, and is 0 where no feature is known.
func (e *Embedder) Weigh(text string, out []float32) (weight float64) {
	s := e.shared.scratch.Get().(*scratch) //nolint:forcetypeassert // the pool holds nothing else
	defer e.shared.scratch.Put(s)
	s.sum(e.shared.features.folding, text)
	squares := 0.0
	for _, x := range s.totals {
		squares += float64(x) * float64(x)
	}
	if squares == 0 {
		clear(out)
		out[0] = 1
		return 0
	}
	weight = math.Sqrt(squares)
	scale := 1 / weight
	for i, x := range s.totals {
		out[i] = float32(float64(x) * scale)
	}
	return weight
}
