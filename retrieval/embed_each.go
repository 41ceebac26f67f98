package retrieval

import (
	"context"
	"errors"
	"sync"
)

// failuresInARow is how many texts may fail alone, with none that works in between, before it is the model that fails.
const failuresInARow = 20

// textLuck is what came of the texts of one import. It tells a text that the model cannot embed from a model that embeds nothing.
type textLuck struct {
	mu     sync.Mutex
	inARow int
	worked bool
}

func (l *textLuck) success() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.inARow, l.worked = 0, true
}

// failure returns whether it is the model's by now.
func (l *textLuck) failure() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.inARow++
	return l.inARow >= failuresInARow
}

func (l *textLuck) any() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.worked
}

// embedEach is embedAll for texts of which some may be at fault: those have an error in failures, by their place, and no vector.
// The error is for a model that takes nothing.
func (m EmbeddingModel) embedEach(
	ctx context.Context, texts []string, luck *textLuck,
) (vectors [][]float32, failures map[int]error, err error) {
	each := embedding{failures: make(map[int]error), luck: luck, model: m, texts: texts, vectors: make([][]float32, len(texts))}
	if err := inBatches(ctx, len(texts), each.batch); err != nil {
		return nil, nil, err
	}
	if len(texts) > 1 && len(each.failures) == len(texts) && !luck.any() {
		return nil, nil, each.failures[0]
	}
	return each.vectors, each.failures, nil
}

// embedding is one call of embedEach.
type embedding struct {
	luck    *textLuck
	model   EmbeddingModel
	texts   []string
	vectors [][]float32

	mu       sync.Mutex
	failures map[int]error
}

// batch halves the texts until those are alone that fail.
func (e *embedding) batch(ctx context.Context, start, end int) error {
	vectors, err := e.model.embed(ctx, e.texts[start:end])
	switch {
	case err == nil:
		e.luck.success()
		copy(e.vectors[start:end], vectors)
		return nil
	case ctx.Err() != nil || !e.model.ofText(err):
		return err
	case end-start == 1:
		if e.luck.failure() {
			return err
		}
		e.mu.Lock()
		defer e.mu.Unlock()
		e.failures[start] = err
		return nil
	}
	middle := (start + end) / 2
	if err := e.batch(ctx, start, middle); err != nil {
		return err
	}
	return e.batch(ctx, middle, end)
}

func (m EmbeddingModel) ofText(err error) bool {
	return errors.Is(err, ErrBadEmbedding) || m.OfText != nil && m.OfText(err)
}
