package retrieval

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	lru "github.com/hashicorp/golang-lru/v2"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/pgvector/pgvector-go"

	"github.com/deskhand/deskhand/retrieval/lexical"
)

// queryCacheSize is how many questions keep their vector: a few MB, and people ask the same things.
const queryCacheSize = 1024

// ErrNotRegistered is returned by what needs the embedding model before Register has been called.
var ErrNotRegistered = errors.New("embedding model is not registered")

// ErrArticleNotFound is returned for an article that does not exist.
var ErrArticleNotFound = errors.New("article not found")

// Config is what an Index needs.
type Config struct {
	// Analyzer makes terms; the same for passages and queries.
	Analyzer *lexical.Analyzer
	// Changed is told of each change that an author makes (Save, Remove), in its transaction; nil for nobody.
	Changed ChangedFunc
	// Fallback is the language that is shown where an article does not exist in the customer's; English when empty.
	Fallback string
	Model    EmbeddingModel
	// Pool must have pgvector's types registered on its connections.
	Pool *pgxpool.Pool
	// Replicas answer searches of a Desk where they are as new as the primary; nil for none.
	Replicas *Replicas
	// TermsVersion is the version of the desk's own terms that Analyzer knows, from Glossary.Concepts.
	TermsVersion int64
}

// Index is the knowledge base with one embedding model. It is safe for concurrent use.
type Index struct {
	analyzer *lexical.Analyzer
	changed  ChangedFunc
	codes    *codes
	fallback string
	known    *passageCache
	mirror   *mirror
	model    EmbeddingModel
	// modelID is 0 until Register.
	modelID atomic.Int32
	pool    *pgxpool.Pool
	queries *lru.Cache[string, pgvector.HalfVector]

	replicas *Replicas
	// rules name what passages and terms are made with.
	rules        string
	second       *second
	statistics   statisticsCache
	termsVersion int64
}

// New returns an index. It does not touch the database: Register comes next.
func New(config Config) (*Index, error) {
	if config.Analyzer == nil || config.Pool == nil {
		return nil, errors.New("new index: analyzer and pool are required")
	}
	if err := config.Model.validate(); err != nil {
		return nil, fmt.Errorf("new index: %w", err)
	}
	queries, err := lru.New[string, pgvector.HalfVector](queryCacheSize)
	if err != nil {
		return nil, fmt.Errorf("new index: %w", err)
	}
	second, err := newSecond(config.Analyzer, config.Model)
	if err != nil {
		return nil, fmt.Errorf("new index: %w", err)
	}
	known, err := newPassageCache()
	if err != nil {
		return nil, fmt.Errorf("new index: %w", err)
	}
	return &Index{
		analyzer:     config.Analyzer,
		changed:      config.Changed,
		codes:        newCodes(config.Model.Dimensions),
		fallback:     cmp.Or(config.Fallback, "en"),
		known:        known,
		mirror:       &mirror{},
		model:        config.Model,
		pool:         config.Pool,
		queries:      queries,
		replicas:     config.Replicas,
		rules:        splitterVersion + "/" + config.Analyzer.Fingerprint(),
		second:       second,
		termsVersion: config.TermsVersion,
	}, nil
}

// Register makes the model known to the database and activates it when there is no other model yet or nothing to embed: to
// leave an active model is for Fill. It returns how many passages still lack a vector of this model; until Fill has made
// those they are found by their words only. Replicas may call it at the same time.
func (x *Index) Register(ctx context.Context) (missing int, err error) {
	return x.enrol(ctx, func(ctx context.Context, tx pgx.Tx, id int32) error {
		free, err := mayActivate(ctx, tx)
		if err != nil || !free {
			return err
		}
		return activate(ctx, tx, id)
	})
}

// StandBy makes the model known and ready beside the active one, without ever activating it, and makes the vectors that it
// lacks. It is for a model that answers while the active one cannot be called; call it again after articles changed.
func (x *Index) StandBy(ctx context.Context) error {
	missing, err := x.enrol(ctx, func(context.Context, pgx.Tx, int32) error { return nil })
	if err != nil || missing == 0 {
		return err
	}
	fill := filling{index: x, modelID: x.modelID.Load()}
	if err := fill.sweep(ctx); err != nil {
		return fmt.Errorf("stand by with embedding model %s: %w", x.model.Name, err)
	}
	if fill.made > 0 {
		if err := pgx.BeginFunc(ctx, x.pool, func(tx pgx.Tx) error { return raiseVersion(ctx, tx) }); err != nil {
			return fmt.Errorf("stand by with embedding model %s: %w", x.model.Name, err)
		}
	}
	if len(fill.problems) > 0 {
		return fmt.Errorf("stand by with embedding model %s: %w", x.model.Name, fill.problems[0])
	}
	return nil
}

// enrol makes the model known, and calls complete in the same transaction when no passage lacks its vector.
func (x *Index) enrol(ctx context.Context, complete func(context.Context, pgx.Tx, int32) error) (missing int, err error) {
	var id int32
	err = pgx.BeginFunc(ctx, x.pool, func(tx pgx.Tx) error {
		if err := lockModels(ctx, tx); err != nil {
			return err
		}
		if id, err = x.upsertModel(ctx, tx); err != nil {
			return err
		}
		if missing, err = countMissing(ctx, tx, id); err != nil || missing > 0 {
			return err
		}
		return complete(ctx, tx, id)
	})
	if err != nil {
		return 0, fmt.Errorf("register embedding model %s: %w", x.model.Name, err)
	}
	x.modelID.Store(id)
	return missing, nil
}

// WithModel returns an index of the same articles and terms with another model, which is not registered.
func (x *Index) WithModel(model EmbeddingModel) (*Index, error) {
	return New(Config{
		Analyzer: x.analyzer, Changed: x.changed, Fallback: x.fallback, Model: model, Pool: x.pool, Replicas: x.replicas,
		TermsVersion: x.termsVersion,
	})
}

// Model returns the name of the embedding model.
func (x *Index) Model() string { return x.model.Name }

// ModelInfo returns what opens an index of the same model.
func (x *Index) ModelInfo() ModelInfo {
	return ModelInfo{Dimensions: x.model.Dimensions, Name: x.model.Name}
}

// Version returns the version of the knowledge base: it changes whenever a search might find something else.
func (x *Index) Version(ctx context.Context) (int64, error) { return versionIn(ctx, x.pool) }

// versionIn is the version of the knowledge base in one copy of the database.
func versionIn(ctx context.Context, pool *pgxpool.Pool) (int64, error) {
	var version int64
	if err := pool.QueryRow(ctx, `SELECT version FROM kb_version`).Scan(&version); err != nil {
		return 0, fmt.Errorf("read version of knowledge base: %w", err)
	}
	return version, nil
}

// lockModels makes replicas take turns: no single statement can both wait for another's row or index and see it.
func lockModels(ctx context.Context, tx pgx.Tx) error {
	if _, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock(hashtext('retrieval.embedding_models'))`); err != nil {
		return fmt.Errorf("take lock: %w", err)
	}
	return nil
}

func (x *Index) upsertModel(ctx context.Context, tx pgx.Tx) (int32, error) {
	const find = `SELECT id, dimensions FROM embedding_models WHERE name = @name`
	const insert = `INSERT INTO embedding_models (name, dimensions) VALUES (@name, @dimensions) RETURNING id`
	var id int32
	var dimensions int
	err := tx.QueryRow(ctx, find, pgx.NamedArgs{"name": x.model.Name}).Scan(&id, &dimensions)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		err = tx.QueryRow(ctx, insert, pgx.NamedArgs{"dimensions": x.model.Dimensions, "name": x.model.Name}).Scan(&id)
	case err == nil && dimensions != x.model.Dimensions:
		return 0, fmt.Errorf("it is known with %d dimensions, not %d: give the new model another name", dimensions, x.model.Dimensions)
	}
	if err != nil {
		return 0, fmt.Errorf("insert row: %w", err)
	}
	return id, nil
}

func countMissing(ctx context.Context, tx pgx.Tx, modelID int32) (int, error) {
	const query = `
		SELECT count(*) FROM passages p
		WHERE NOT EXISTS (SELECT FROM embeddings e WHERE e.model_id = @model AND e.passage_id = p.id)`
	var missing int
	if err := tx.QueryRow(ctx, query, pgx.NamedArgs{"model": modelID}).Scan(&missing); err != nil {
		return 0, fmt.Errorf("count passages without vector: %w", err)
	}
	return missing, nil
}

// mayActivate reports whether no model is active, or none has anything to search.
func mayActivate(ctx context.Context, tx pgx.Tx) (free bool, err error) {
	const query = `SELECT NOT EXISTS (SELECT FROM embedding_models WHERE active) OR NOT EXISTS (SELECT FROM passages)`
	if err := tx.QueryRow(ctx, query).Scan(&free); err != nil {
		return false, fmt.Errorf("look for active model: %w", err)
	}
	return free, nil
}

// ModelInfo is an embedding model as the database knows it.
type ModelInfo struct {
	Dimensions int    `db:"dimensions"`
	Name       string `db:"name"`
}

// ActiveModel returns the model that the desk searches by; its name is empty before there is one.
func ActiveModel(ctx context.Context, pool *pgxpool.Pool) (ModelInfo, error) {
	rows, err := pool.Query(ctx, `SELECT name, dimensions FROM embedding_models WHERE active`)
	if err != nil {
		return ModelInfo{}, fmt.Errorf("read active embedding model: %w", err)
	}
	model, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[ModelInfo])
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return ModelInfo{}, fmt.Errorf("read active embedding model: %w", err)
	}
	return model, nil
}

// activate switches to the model, and changes nothing when it is the active one already.
func activate(ctx context.Context, tx pgx.Tx, modelID int32) error {
	const off = `UPDATE embedding_models SET active = false WHERE active`
	const on = `UPDATE embedding_models SET active = true WHERE id = @model`
	active, err := isActive(ctx, tx, modelID)
	if err != nil || active {
		return err
	}
	if _, err := tx.Exec(ctx, off); err != nil {
		return fmt.Errorf("deactivate model: %w", err)
	}
	if _, err := tx.Exec(ctx, on, pgx.NamedArgs{"model": modelID}); err != nil {
		return fmt.Errorf("activate model: %w", err)
	}
	return nil
}

func isActive(ctx context.Context, tx pgx.Tx, modelID int32) (active bool, err error) {
	const query = `SELECT active FROM embedding_models WHERE id = @model`
	if err := tx.QueryRow(ctx, query, pgx.NamedArgs{"model": modelID}).Scan(&active); err != nil {
		return false, fmt.Errorf("read active model: %w", err)
	}
	return active, nil
}

// registered returns the model's id.
func (x *Index) registered() (int32, error) {
	if id := x.modelID.Load(); id != 0 {
		return id, nil
	}
	return 0, ErrNotRegistered
}
