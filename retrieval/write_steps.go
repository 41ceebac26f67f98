package retrieval

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"
)

// Limits of a transaction. Terms are copied once for all of its steps; a crash
// loses no more than this, and an author who saves meanwhile waits no longer.
const (
	commitPassages = 8 * 2 * embedBatch * embedInFlight
	commitAfter    = time.Second
)

// writeSteps writes until there is no more, with several writers.
func (r *importRun) writeSteps(ctx context.Context, steps <-chan importStep) error {
	writers, ctx := errgroup.WithContext(ctx)
	for range r.writers {
		writers.Go(func() error { return r.writeOn(ctx, steps) })
	}
	return writers.Wait()
}

// writeOn writes steps until there is no more, or another writer fails.
func (r *importRun) writeOn(ctx context.Context, steps <-chan importStep) error {
	for {
		select {
		case step, ok := <-steps:
			if !ok {
				return nil
			}
			if err := r.writeSome(ctx, step, steps); err != nil {
				return err
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// writeSome writes a step, and those that are ready too, in one transaction; what is known already, or came to be meanwhile, in
// another one.
func (r *importRun) writeSome(ctx context.Context, step importStep, more <-chan importStep) error {
	known := []importStep{step}
	if r.writers > 1 {
		var err error
		if known, err = r.commitNew(ctx, step, more); err != nil {
			return err
		}
		more = nil
	}
	if err := r.commit(ctx, known, more); err != nil {
		return err
	}
	r.progress()
	return nil
}

// commit writes steps, and those that are ready too, in one transaction, and counts them once they are committed.
func (r *importRun) commit(ctx context.Context, known []importStep, more <-chan importStep) error {
	if len(known) == 0 {
		return nil
	}
	w := articleWriter{index: r.index, modelID: r.modelID}
	return r.transaction(ctx, &w, func() error {
		for _, step := range known {
			if err := r.writeStep(ctx, &w, step); err != nil {
				return err
			}
		}
		return r.whileReady(more, func(step importStep) (more bool, err error) {
			err = r.writeStep(ctx, &w, step)
			return len(w.terms) < commitPassages, err
		})
	})
}

// commitNew writes the new articles of steps beside other writers, and returns the others.
func (r *importRun) commitNew(ctx context.Context, step importStep, steps <-chan importStep) (known []importStep, err error) {
	w := articleWriter{beside: true, index: r.index, modelID: r.modelID}
	write := func(step importStep) (more bool, err error) {
		added, others := step.parted()
		if err := r.writeStep(ctx, &w, added); errors.Is(err, errKnownMeanwhile) {
			others = step
		} else if err != nil {
			return false, err
		}
		if len(others.articles) > 0 {
			known = append(known, others)
		}
		return len(known) == 0 && len(w.terms) < besidePassages, nil
	}
	err = r.transaction(ctx, &w, func() error {
		if err := writeBeside(ctx, w.tx); err != nil {
			return err
		}
		more, err := write(step)
		if err != nil || !more {
			return err
		}
		return r.whileReady(steps, write)
	})
	return known, err
}

// whileReady writes steps as long as they are ready, write asks for more and the transaction is not due.
func (r *importRun) whileReady(steps <-chan importStep, write func(importStep) (more bool, err error)) error {
	due := time.NewTimer(commitAfter)
	defer due.Stop()
	for {
		select {
		case <-due.C:
			return nil
		default:
		}
		select {
		case step, ok := <-steps:
			if !ok {
				return nil
			}
			if more, err := write(step); err != nil || !more {
				return err
			}
		default: // who waits for the model holds no lock
			return nil
		}
	}
}

// transaction runs work in a transaction of a writer, then writes what is left for its end, and counts what it has written.
func (r *importRun) transaction(ctx context.Context, w *articleWriter, work func() error) error {
	err := pgx.BeginFunc(ctx, r.index.pool, func(tx pgx.Tx) error {
		if err := setActor(ctx, tx, r.options.Actor); err != nil {
			return err
		}
		w.tx = tx
		if err := work(); err != nil {
			return err
		}
		return w.finish(ctx)
	})
	if err != nil {
		return fmt.Errorf("write articles: %w", err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.report.Added += w.added
	r.report.Passages += w.passageCount
	r.report.Updated += w.articles - w.added
	return nil
}

// writeStep writes articles together, or one by one when that fails: one of them cannot be written. Alone, the others can,
// and the problem names its article.
func (r *importRun) writeStep(ctx context.Context, w *articleWriter, step importStep) error {
	w.vectors = step.vectors
	err := w.try(ctx, step.articles)
	if err == nil || !isOneArticles(err) {
		return err
	}
	for _, p := range step.articles {
		if err := w.try(ctx, []pendingArticle{p}); err != nil {
			if !isOneArticles(err) {
				return err
			}
			r.fail(p, fmt.Errorf("%s: %w", p.place(), err))
		}
	}
	return nil
}

// isOneArticles reports whether a failure to write may lie in one article, and not in the connection or the server: the
// data (class 22), a constraint (23), a limit (54), or somebody else's change.
func isOneArticles(err error) bool {
	var state interface{ SQLState() string }
	if errors.As(err, &state) {
		switch state.SQLState()[:2] {
		case "22", "23", "54":
			return true
		}
		return false
	}
	return errors.Is(err, errChangedMeanwhile)
}
