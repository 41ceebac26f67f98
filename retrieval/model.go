package retrieval

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"

	"golang.org/x/sync/errgroup"
)

// EmbedFunc returns one vector for each text, in the same order.
type EmbedFunc func(ctx context.Context, texts []string) ([][]float32, error)

// EmbeddingModel is what makes vectors. Vectors of one name are comparable for ever: a change of the model, its dimensions
// or its input needs another name.
type EmbeddingModel struct {
	// Dimensions is the length of every vector, 1 to 4000.
	Dimensions int
	Embed      EmbedFunc
	Name       string
	// OfText reports whether an error of Embed may lie in one of the texts, so that the others are worth another call; nil for no
	// such errors.
	OfText func(err error) bool
	// Weigh makes vectors for the second stage of a search. Nil for a model that is called over a network: its hits stay in
	// the order of the first.
	Weigh WeighFunc
}

// maxDimensions is the most that pgvector indexes as halfvec.
const maxDimensions = 4000

// Calls of the model: 128 texts are what hosted models take at once without slowing down, and four calls in flight hide
// the network's latency without tripping their rate limits.
const (
	embedBatch    = 128
	embedInFlight = 4
)

// ErrBadEmbedding marks an answer of the model that cannot be stored.
var ErrBadEmbedding = errors.New("unusable embedding")

func (m EmbeddingModel) validate() error {
	switch {
	case strings.TrimSpace(m.Name) == "":
		return errors.New("embedding model: name is empty")
	case m.Dimensions < 1 || m.Dimensions > maxDimensions:
		return fmt.Errorf("embedding model %s: %d dimensions, want 1 to %d", m.Name, m.Dimensions, maxDimensions)
	case m.Embed == nil:
		return fmt.Errorf("embedding model %s: no function to embed with", m.Name)
	}
	return nil
}

// embed calls the model for at most one batch and checks what it answers: the number of vectors, their length, and that
// every component is a finite number.
func (m EmbeddingModel) embed(ctx context.Context, texts []string) ([][]float32, error) {
	vectors, err := m.Embed(ctx, texts)
	if err != nil {
		return nil, fmt.Errorf("embed with %s: %w", m.Name, err)
	}
	if len(vectors) != len(texts) {
		return nil, fmt.Errorf("embed with %s: %d vectors for %d texts: %w", m.Name, len(vectors), len(texts), ErrBadEmbedding)
	}
	for _, vector := range vectors {
		if len(vector) != m.Dimensions {
			return nil, fmt.Errorf("embed with %s: a vector of %d dimensions, want %d: %w",
				m.Name, len(vector), m.Dimensions, ErrBadEmbedding)
		}
		var squares float64
		for _, x := range vector {
			squares += float64(x) * float64(x)
		}
		if math.IsNaN(squares) || math.IsInf(squares, 0) || squares == 0 {
			return nil, fmt.Errorf("embed with %s: a vector of length %v: %w", m.Name, math.Sqrt(squares), ErrBadEmbedding)
		}
	}
	return vectors, nil
}

// embedAll embeds any number of texts in batches, several at a time.
func (m EmbeddingModel) embedAll(ctx context.Context, texts []string) ([][]float32, error) {
	vectors := make([][]float32, len(texts))
	err := inBatches(ctx, len(texts), func(ctx context.Context, start, end int) error {
		batch, err := m.embed(ctx, texts[start:end])
		copy(vectors[start:end], batch)
		return err
	})
	if err != nil {
		return nil, err
	}
	return vectors, nil
}

// inBatches runs a call of the model for each batch of n texts, several at a time.
func inBatches(ctx context.Context, n int, call func(ctx context.Context, start, end int) error) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(embedInFlight)
	for start := 0; start < n; start += embedBatch {
		group.Go(func() error { return call(ctx, start, min(start+embedBatch, n)) })
	}
	return group.Wait()
}

// unit scales a vector to length 1. A half-precision number holds up to 65,504, and the cosine does not see the length.
func unit(vector []float32) []float32 {
	var squares float64
	for _, x := range vector {
		squares += float64(x) * float64(x)
	}
	scale := 1 / math.Sqrt(squares)
	scaled := make([]float32, len(vector))
	for i, x := range vector {
		scaled[i] = float32(float64(x) * scale)
	}
	return scaled
}
