package train

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"strings"

	"github.com/deskhand/deskhand/retrieval/embed"
)

// version of the procedure: raise it with a change that gives another table for the same text.
const version = 3

// Progress of a training.
type Progress struct {
	Epoch, Epochs int
	Loss          float64 // mean of the epoch so far, nats
	Step, Steps   int     // of this epoch
}

// Result is a trained table, ready to be written.
type Result struct {
	Hashes  []uint64
	Header  embed.Header
	HeldOut []Row
	Loss    []float64 // by epoch
	Pairs   int       // that were trained on
	Rows    [][]float32
}

// holdOut is the part of sections like that of row, one in so many, that is not trained on.
func (o Options) holdOut(row Row) int {
	if row.Further {
		return 0
	}
	if row.Own && row.Kind != Other && !strings.HasPrefix(row.Section, articlePrefix) {
		return o.HoldOutOwn
	}
	return o.HoldOut
}

// heldOut reports whether a section is measured with instead of trained on.
func heldOut(section string, one int) bool {
	if one <= 0 {
		return false
	}
	h := fnv.New32a()
	_, _ = h.Write([]byte(section)) // never fails
	return int(h.Sum32())%one == 0
}

// Train trains a table. It is the same to the byte for the same corpus and options, on any number of processors.
func Train(ctx context.Context, corpus Corpus, o Options, progress func(Progress)) (*Result, error) {
	result := &Result{}
	var rows []Row
	for _, row := range corpus.Rows {
		if !row.Loose && heldOut(row.Section, o.holdOut(row)) {
			result.HeldOut = append(result.HeldOut, row)
		} else {
			rows = append(rows, row)
		}
	}
	rows = append(rows, join(rows)...)
	features := embed.NewFeatures()
	data := prepare(features, rows, o)
	if len(data.vocab.hashes) == 0 {
		return nil, errors.New("train embedder: too little text: no word occurs often enough")
	}
	sampler := newSampler(data, o)
	m := newModel(len(data.vocab.hashes), o)
	number := uint64(0)
	for epoch := range o.Epochs {
		batches := sampler.epoch()
		if len(batches) == 0 {
			return nil, fmt.Errorf("train embedder: fewer pairs than one batch of %d", o.Batch)
		}
		total := 0.0
		for i, batch := range batches {
			if err := ctx.Err(); err != nil {
				return nil, fmt.Errorf("train embedder: %w", err)
			}
			done := (float64(epoch) + float64(i)/float64(len(batches))) / float64(o.Epochs)
			number++
			total += m.step(batch, o.Rate+(o.RateEnd-o.Rate)*done, number)
			if progress != nil {
				progress(Progress{Epoch: epoch + 1, Epochs: o.Epochs, Loss: total / float64(i+1), Step: i + 1, Steps: len(batches)})
			}
		}
		result.Loss = append(result.Loss, total/float64(len(batches)))
		result.Pairs += len(batches) * o.Batch
	}
	neutralise(m, data)
	result.Hashes = data.vocab.hashes
	for i := range data.vocab.hashes {
		row := m.row(int32(i))
		scale(row, float32(data.vocab.weight[i]))
		result.Rows = append(result.Rows, row)
	}
	result.Header = embed.Header{
		Dimensions: o.Dimensions, Features: features.Fingerprint(), Seed: o.Seed, Sources: corpus.Sources, Version: version,
	}
	return result, nil
}
