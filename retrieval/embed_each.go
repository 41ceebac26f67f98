package retrieval

import (
	"context"
	"errors"
	"sync"
)

// failuresInARow is how many texts may fail alone, with none that works in between, before it is the model that fails.
const failuresInARow = 20

// textLuck is what came of the texts of one import or fill. It tells a text that the model cannot embed from a model that
// embeds nothing.
type textLuck struct {
	mu     sync.Mutex
	inARow int
	known  string // a text that the model has embedded, now or in an earlier run; empty without one
	worked bool   // in this run
}

// success notes that the model took a text.
func (l *textLuck) success(text string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.inARow, l.known, l.worked = 0, text, true
}

// workedBefore notes a text that the model took in an earlier run.
func (l *textLuck) workedBefore(text string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.known == "" {
		l.known = text
	}
}

// failure returns whether it may be the model's by now.
func (l *textLuck) failure() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.inARow++
	return l.inARow >= failuresInARow
}

// state returns a text that the model took at some time, and whether it took any in this run.
func (l *textLuck) state() (known string, worked bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.known, l.worked
}

// embedEach embeds any number of texts in batches, several at a time. Some of them may be at fault: those have an error in
// failures, by their place, and no vector. The error is for a model that takes nothing.
func (m EmbeddingModel) embedEach(
	ctx context.Context, texts []string, luck *textLuck,
) (vectors [][]float32, failures map[int]error, err error) {
	each := embedding{failures: make(map[int]error), luck: luck, model: m, texts: texts, vectors: make([][]float32, len(texts))}
	if err := inBatches(ctx, len(texts), each.batch); err != nil {
		return nil, nil, err
	}
	// One text alone, and none that ever worked: there is nothing to tell the model's fault by.
	if known, worked := luck.state(); !worked && len(texts) > 0 && len(each.failures) == len(texts) && (known != "" || len(texts) > 1) {
		if err := each.try(ctx, each.failures[0]); err != nil {
			return nil, nil, err
		}
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
		e.luck.success(e.texts[start])
		copy(e.vectors[start:end], vectors)
		return nil
	case ctx.Err() != nil || !e.model.ofText(err):
		return err
	case end-start == 1:
		if e.luck.failure() {
			if err := e.try(ctx, err); err != nil {
				return err
			}
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

// try embeds a text that worked before, when those of now do not. It returns nil when it works still, and else what fails.
func (e *embedding) try(ctx context.Context, cause error) error {
	known, _ := e.luck.state()
	if known == "" {
		return cause
	}
	if _, err := e.model.embed(ctx, []string{known}); err != nil {
		return err
	}
	e.luck.success(known)
	return nil
}

func (m EmbeddingModel) ofText(err error) bool {
	return errors.Is(err, ErrBadEmbedding) || m.OfText != nil && m.OfText(err)
}
