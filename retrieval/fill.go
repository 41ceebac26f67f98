package retrieval

import (
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/pgvector/pgvector-go"

	"github.com/deskhand/deskhand/retrieval/passage"
)

// fillStep is how many vectors are made and committed at once: as many as four calls of the model bring.
const fillStep = embedBatch * embedInFlight

// Missing counts the passages that lack a vector of this index's model.
func (x *Index) Missing(ctx context.Context) (missing int, err error) {
	modelID, err := x.registered()
	if err != nil {
		return 0, fmt.Errorf("count missing vectors: %w", err)
	}
	err = pgx.BeginFunc(ctx, x.pool, func(tx pgx.Tx) error {
		missing, err = countMissing(ctx, tx, modelID)
		return err
	})
	return missing, err
}

// FillOptions say how to fill.
type FillOptions struct {
	// AllowMissing switches to the model although it could not embed some passages: those are found by their words only.
	AllowMissing bool
	// Progress is told after each step how many passages were gone through, from the goroutine of Fill; nil for none.
	Progress func(done int)
}

// FillReport says what a fill did.
type FillReport struct {
	// Active says that the desk searches by the model now.
	Active bool
	// Made counts the vectors that were made.
	Made int
	// Problems are the passages that the model could not embed and that are still there, in the order of the passages.
	Problems []PassageProblem
}

// PassageProblem is a passage that a model cannot embed.
type PassageProblem struct { //nolint:errname // to its reader it is a problem of an article
	Cause  error
	Locale string
	// Passage is its place in the article, 1-based.
	Passage int
	Slug    string
	// Text is the beginning of the passage.
	Text string

	id int64
}

// Error is one line: slug (locale): passage N ("text") cannot be embedded: cause.
func (p PassageProblem) Error() string {
	return fmt.Sprintf("%s (%s): passage %d (%q) cannot be embedded: %v", p.Slug, p.Locale, p.Passage, p.Text, p.Cause)
}

// Unwrap returns the cause.
func (p PassageProblem) Unwrap() error { return p.Cause }

// Fill makes the vectors that this index's model still lacks, step by step beside the vectors of other models, and then
// switches to it in one transaction. Searches go on meanwhile, with the model that was active before. Each step is
// committed, so a run that is broken off goes on where it was.
//
// A passage that the model does not take, or answers with what is no vector, is left out and reported. As long as there is one,
// the desk does not switch, unless options allow it; the next Fill tries it again. The error is for what stops everything: ctx,
// the database, a model that cannot be reached or takes nothing. What was made before it stays.
func (x *Index) Fill(ctx context.Context, options FillOptions) (FillReport, error) {
	modelID, err := x.registered()
	if err != nil {
		return FillReport{}, fmt.Errorf("fill embeddings: %w", err)
	}
	fill := filling{index: x, modelID: modelID, options: options}
	if err := fill.run(ctx); err != nil {
		return fill.report(), fmt.Errorf("fill embeddings of %s: %w", x.model.Name, err)
	}
	return fill.report(), nil
}

// DropOtherModels deletes every other embedding model with its vectors and its index, and returns how many.
func (x *Index) DropOtherModels(ctx context.Context) (dropped int, err error) {
	modelID, err := x.registered()
	if err != nil {
		return 0, fmt.Errorf("drop embedding models: %w", err)
	}
	err = pgx.BeginFunc(ctx, x.pool, func(tx pgx.Tx) error {
		if err := lockModels(ctx, tx); err != nil {
			return err
		}
		tag, err := tx.Exec(ctx, `DELETE FROM embedding_models WHERE id <> @model AND NOT active`, pgx.NamedArgs{"model": modelID})
		dropped = int(tag.RowsAffected())
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("drop embedding models: %w", err)
	}
	return dropped, nil
}

// filling is one call of Fill.
type filling struct {
	active  bool
	done    int // passages gone through
	index   *Index
	made    int
	modelID int32
	options FillOptions
	// problems are the passages that failed in this call; they are not tried again in it.
	problems []PassageProblem
	texts    textLuck
}

// missingRow is a passage without a vector.
type missingRow struct {
	Body        string   `db:"body"`
	HeadingPath []string `db:"heading_path"`
	ID          int64    `db:"id"`
	Locale      string   `db:"locale"`
	Title       string   `db:"title"`
}

// fillRow also says where the passage stands, for who has to mend it.
type fillRow struct {
	missingRow

	Ordinal int    `db:"ordinal"`
	Slug    string `db:"slug"`
}

func (r missingRow) indexText() string { return passage.IndexText(r.Title, r.HeadingPath, r.Body) }

func (f *filling) report() FillReport {
	return FillReport{Active: f.active, Made: f.made, Problems: f.problems}
}

func (f *filling) run(ctx context.Context) error {
	for complete := false; !complete; {
		if err := f.sweep(ctx); err != nil {
			return err
		}
		// What others wrote during the sweep is missing still: then another one follows.
		var err error
		if complete, err = f.finish(ctx); err != nil {
			return err
		}
	}
	return nil
}

// finish activates the model if no passage lacks its vector, or none but those that failed and may. Nobody can write an
// article in between. It is complete when there is nothing left to try.
func (f *filling) finish(ctx context.Context) (complete bool, err error) {
	err = pgx.BeginFunc(ctx, f.index.pool, func(tx pgx.Tx) error {
		if err := lockKnowledgeBase(ctx, tx); err != nil {
			return err
		}
		untried, err := f.missingStill(ctx, tx)
		if err != nil || untried > 0 {
			return err
		}
		complete = true
		if f.made > 0 {
			if err := raiseVersion(ctx, tx); err != nil {
				return err
			}
		}
		if len(f.problems) == 0 || f.options.AllowMissing {
			if err := activate(ctx, tx, f.modelID); err != nil {
				return err
			}
		}
		f.active, err = isActive(ctx, tx, f.modelID)
		return err
	})
	return complete && err == nil, err
}

// missingStill counts the passages without a vector that were not tried, and forgets the problems of those that are gone.
func (f *filling) missingStill(ctx context.Context, tx pgx.Tx) (untried int, err error) {
	const query = `
		SELECT count(*) FILTER (WHERE p.id <> ALL (@failed)), coalesce(array_agg(p.id) FILTER (WHERE p.id = ANY (@failed)), '{}')
		FROM passages p
		WHERE NOT EXISTS (SELECT FROM embeddings e WHERE e.model_id = @model AND e.passage_id = p.id)`
	var remain []int64
	args := pgx.NamedArgs{"failed": f.failed(), "model": f.modelID}
	if err := tx.QueryRow(ctx, query, args).Scan(&untried, &remain); err != nil {
		return 0, fmt.Errorf("count passages without vector: %w", err)
	}
	f.problems = slices.DeleteFunc(f.problems, func(p PassageProblem) bool { return !slices.Contains(remain, p.id) })
	return untried, nil
}

// failed are the ids of the passages that failed.
func (f *filling) failed() []int64 {
	ids := make([]int64, len(f.problems)) // never nil: SQL compares with it
	for i, problem := range f.problems {
		ids[i] = problem.id
	}
	return ids
}

// sweep goes once through all passages, by their ids: a step does not look again at what is behind it.
func (f *filling) sweep(ctx context.Context) error {
	if err := f.findWorking(ctx); err != nil {
		return err
	}
	for last := int64(0); ; {
		passages, err := f.missing(ctx, last)
		if err != nil || len(passages) == 0 {
			return err
		}
		if err := f.step(ctx, passages); err != nil {
			return err
		}
		last = passages[len(passages)-1].ID
		f.done += len(passages)
		if f.options.Progress != nil {
			f.options.Progress(f.done)
		}
	}
}

// findWorking takes a text that an earlier run had embedded. Where only passages are missing that failed in that run too, it
// tells them from a model that takes nothing.
func (f *filling) findWorking(ctx context.Context) error {
	const query = `
		SELECT p.id, p.locale, p.heading_path, p.body, a.title
		FROM embeddings e JOIN passages p ON p.id = e.passage_id JOIN articles a ON a.id = p.article_id
		WHERE e.model_id = @model LIMIT 1`
	rows, err := f.index.pool.Query(ctx, query, pgx.NamedArgs{"model": f.modelID})
	if err != nil {
		return fmt.Errorf("read passages: %w", err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowToStructByName[missingRow])
	if err != nil {
		return fmt.Errorf("read passages: %w", err)
	}
	for _, row := range found {
		f.texts.workedBefore(row.indexText())
	}
	return nil
}

func (f *filling) missing(ctx context.Context, after int64) ([]fillRow, error) {
	const query = `
		SELECT p.id, p.locale, p.ordinal, p.heading_path, p.body, a.slug, a.title
		FROM passages p JOIN articles a ON a.id = p.article_id
		WHERE p.id > @after AND p.id <> ALL (@failed)
			AND NOT EXISTS (SELECT FROM embeddings e WHERE e.model_id = @model AND e.passage_id = p.id)
		ORDER BY p.id LIMIT @limit`
	args := pgx.NamedArgs{"after": after, "failed": f.failed(), "limit": fillStep, "model": f.modelID}
	rows, err := f.index.pool.Query(ctx, query, args)
	if err != nil {
		return nil, fmt.Errorf("read passages: %w", err)
	}
	passages, err := pgx.CollectRows(rows, pgx.RowToStructByName[fillRow])
	if err != nil {
		return nil, fmt.Errorf("read passages: %w", err)
	}
	return passages, nil
}

func (f *filling) step(ctx context.Context, passages []fillRow) error {
	// A passage may be deleted, or filled by another process, while the model works on it. Only the text that was embedded
	// gets the vector: a row never changes its text.
	const insert = `
		INSERT INTO embeddings (model_id, passage_id, locale, embedding)
		SELECT @model::integer, p.id, p.locale, @vector::halfvec FROM passages p WHERE p.id = @id FOR KEY SHARE
		ON CONFLICT DO NOTHING`
	texts := make([]string, len(passages))
	for i, p := range passages {
		texts[i] = p.indexText()
	}
	vectors, failures, err := f.index.model.embedEach(ctx, texts, &f.texts)
	if err != nil {
		return err
	}
	batch := &pgx.Batch{}
	for i, p := range passages {
		if failures[i] != nil {
			f.problems = append(f.problems, PassageProblem{
				Cause: failures[i], Locale: p.Locale, Passage: p.Ordinal + 1, Slug: p.Slug, Text: Shorten(p.Body), id: p.ID,
			})
			continue
		}
		batch.Queue(insert, pgx.NamedArgs{"id": p.ID, "model": f.modelID, "vector": pgvector.NewHalfVector(unit(vectors[i]))})
	}
	if err := f.index.pool.SendBatch(ctx, batch).Close(); err != nil {
		return fmt.Errorf("insert vectors: %w", err)
	}
	f.made += batch.Len()
	return nil
}
