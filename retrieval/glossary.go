package retrieval

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/deskhand/deskhand/retrieval/lexical"
	"github.com/deskhand/deskhand/retrieval/terms"
)

// ErrTooManyTerms is returned when a desk would have more concepts than can be kept.
var ErrTooManyTerms = fmt.Errorf("a desk can have %d concepts of its own: remove some first", terms.MaxConcepts)

// Glossary is what a desk added to the built-in terms, in the database that its replicas share.
type Glossary struct {
	// Changed is told of each change in its transaction, with the names of the concepts; nil for nobody.
	Changed func(ctx context.Context, tx pgx.Tx, change GlossaryChange) error
	Pool    *pgxpool.Pool
}

// GlossaryChange says what was done to a desk's terms. Unchanged are concepts that were there already.
type GlossaryChange struct {
	Added     []string
	Removed   []string
	Unchanged []string
	Updated   []string
}

// empty reports that nothing was done.
func (c GlossaryChange) empty() bool { return len(c.Added)+len(c.Removed)+len(c.Updated) == 0 }

// errDryRun takes back a change that was only tried.
var errDryRun = errors.New("dry run")

// Save keeps concepts, each in place of the one of its name. What it does not mention stays. Saving the same again changes
// nothing. They take effect for what is analysed from now on: see Index.Reanalyse for what was before.
func (g Glossary) Save(ctx context.Context, concepts []lexical.Concept) (GlossaryChange, error) {
	return g.change(ctx, func(tx pgx.Tx) (GlossaryChange, error) { return saveTerms(ctx, tx, concepts) })
}

// Foresee says what Save would do.
func (g Glossary) Foresee(ctx context.Context, concepts []lexical.Concept) (change GlossaryChange, err error) {
	err = pgx.BeginFunc(ctx, g.Pool, func(tx pgx.Tx) error {
		if change, err = saveTerms(ctx, tx, concepts); err != nil {
			return err
		}
		return errDryRun
	})
	if !errors.Is(err, errDryRun) {
		return GlossaryChange{}, fmt.Errorf("foresee terms: %w", err)
	}
	return change, nil
}

// Remove forgets concepts. Names that the desk does not have are left out of the answer.
func (g Glossary) Remove(ctx context.Context, names []string) (GlossaryChange, error) {
	const remove = `
		WITH gone AS (DELETE FROM terms WHERE concept = ANY(@names) RETURNING concept)
		SELECT DISTINCT concept FROM gone ORDER BY 1`
	return g.change(ctx, func(tx pgx.Tx) (GlossaryChange, error) {
		rows, err := tx.Query(ctx, remove, pgx.NamedArgs{"names": names})
		if err != nil {
			return GlossaryChange{}, fmt.Errorf("delete terms: %w", err)
		}
		removed, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			return GlossaryChange{}, fmt.Errorf("delete terms: %w", err)
		}
		return GlossaryChange{Removed: removed}, nil
	})
}

func (g Glossary) change(ctx context.Context, do func(tx pgx.Tx) (GlossaryChange, error)) (change GlossaryChange, err error) {
	err = pgx.BeginFunc(ctx, g.Pool, func(tx pgx.Tx) error {
		if change, err = do(tx); err != nil {
			return err
		}
		if change.empty() {
			return errDryRun // what has changed nothing must not make replicas look
		}
		if g.Changed == nil {
			return nil
		}
		return g.Changed(ctx, tx, change)
	})
	if err != nil && !errors.Is(err, errDryRun) {
		return GlossaryChange{}, fmt.Errorf("change terms: %w", err)
	}
	return change, nil
}

// Concepts returns a desk's own concepts by their names, with the version that changes whenever they do.
func (g Glossary) Concepts(ctx context.Context) (concepts []lexical.Concept, version int64, err error) {
	err = pgx.BeginTxFunc(ctx, g.Pool, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		if err := tx.QueryRow(ctx, `SELECT version FROM terms_version`).Scan(&version); err != nil {
			return err
		}
		concepts, err = readTerms(ctx, tx)
		return err
	})
	if err != nil {
		return nil, 0, fmt.Errorf("read terms: %w", err)
	}
	return concepts, version, nil
}

// saveTerms replaces the concepts that differ.
func saveTerms(ctx context.Context, tx pgx.Tx, concepts []lexical.Concept) (change GlossaryChange, err error) {
	// The row is the lock under which terms change; writers of articles take the other one first as well.
	if _, err := tx.Exec(ctx, `SELECT FROM kb_version, terms_version FOR UPDATE`); err != nil {
		return change, fmt.Errorf("lock terms: %w", err)
	}
	stored, err := readTerms(ctx, tx)
	if err != nil {
		return change, err
	}
	before := make(map[string][]lexical.Term, len(stored))
	for _, concept := range stored {
		before[concept.Name] = concept.Terms
	}
	var rows [][]any
	for _, concept := range concepts {
		switch kept, known := before[concept.Name]; {
		case !known:
			change.Added = append(change.Added, concept.Name)
		case slices.Equal(kept, concept.Terms):
			change.Unchanged = append(change.Unchanged, concept.Name)
			continue
		default:
			change.Updated = append(change.Updated, concept.Name)
		}
		for ordinal, term := range concept.Terms {
			rows = append(rows, []any{concept.Name, ordinal, term.Locale, term.Text})
		}
	}
	switch {
	case change.empty():
		return change, nil
	case len(stored)+len(change.Added) > terms.MaxConcepts:
		return change, ErrTooManyTerms
	}
	if _, err := tx.Exec(ctx, `DELETE FROM terms WHERE concept = ANY(@updated)`, pgx.NamedArgs{"updated": change.Updated}); err != nil {
		return change, fmt.Errorf("replace terms: %w", err)
	}
	columns := []string{"concept", "ordinal", "locale", "term"}
	if _, err := tx.CopyFrom(ctx, pgx.Identifier{"terms"}, columns, pgx.CopyFromRows(rows)); err != nil {
		return change, fmt.Errorf("copy terms: %w", err)
	}
	return change, nil
}

// termsVersion returns the number that changes whenever a desk's terms do.
func termsVersion(ctx context.Context, pool *pgxpool.Pool) (int64, error) {
	var version int64
	if err := pool.QueryRow(ctx, `SELECT version FROM terms_version`).Scan(&version); err != nil {
		return 0, fmt.Errorf("read version of terms: %w", err)
	}
	return version, nil
}

func readTerms(ctx context.Context, from querier) ([]lexical.Concept, error) {
	type row struct{ Concept, Locale, Term string }
	rows, err := from.Query(ctx, `SELECT concept, locale, term FROM terms ORDER BY concept, ordinal`)
	if err != nil {
		return nil, fmt.Errorf("read terms: %w", err)
	}
	all, err := pgx.CollectRows(rows, pgx.RowToStructByName[row])
	if err != nil {
		return nil, fmt.Errorf("read terms: %w", err)
	}
	var concepts []lexical.Concept
	for _, r := range all {
		if len(concepts) == 0 || concepts[len(concepts)-1].Name != r.Concept {
			concepts = append(concepts, lexical.Concept{Name: r.Concept})
		}
		last := &concepts[len(concepts)-1]
		last.Terms = append(last.Terms, lexical.Term{Locale: r.Locale, Text: r.Term})
	}
	return concepts, nil
}
