package jobs

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
)

const (
	queueArticle = "article"

	// articleWorkers is one: writers of the knowledge base wait for each other anyway.
	articleWorkers = 1

	// articleAttempts spread over about three days, as those of a rescue: an embedding model that comes back within that time
	// still finds its articles applied.
	articleAttempts = recoverAttempts
)

// ArticleApplier makes the newest version of an article live. *retrieval.Index is one.
type ArticleApplier interface {
	Apply(ctx context.Context, slug, locale string) (applied bool, err error)
}

// EnqueueArticle stores the job that makes the newest version of an article live, in the transaction that writes the version.
func (q *Queue) EnqueueArticle(ctx context.Context, tx pgx.Tx, slug, locale string) error {
	options := river.InsertOpts{MaxAttempts: articleAttempts, Queue: queueArticle}
	if _, err := q.client.InsertTx(ctx, tx, articleArgs{Locale: locale, Slug: slug}, &options); err != nil {
		return fmt.Errorf("enqueue article: %w", err)
	}
	return nil
}

// AddArticles makes the workers apply what authors write. It is called before Start.
func (w *Workers) AddArticles(applier ArticleApplier) error {
	river.AddWorker(w.workers, &articleWorker{applier: applier})
	if err := w.client.Queues().Add(queueArticle, river.QueueConfig{MaxWorkers: articleWorkers}); err != nil {
		return fmt.Errorf("add article queue: %w", err)
	}
	return nil
}

type articleArgs struct {
	Locale string `json:"locale"`
	Slug   string `json:"slug"`
}

// Kind implements river.JobArgs.
func (articleArgs) Kind() string { return "apply_article" }

type articleWorker struct {
	river.WorkerDefaults[articleArgs]

	applier ArticleApplier
}

// Work implements river.Worker. An article that changes again meanwhile is applied by the job of that change; this one finds
// nothing to do when it is tried again.
func (w *articleWorker) Work(ctx context.Context, job *river.Job[articleArgs]) error {
	_, err := w.applier.Apply(ctx, job.Args.Slug, job.Args.Locale)
	return err
}
