package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/assistant/confidence"
	"github.com/deskhand/deskhand/assistant/jobs"
	"github.com/deskhand/deskhand/assistant/llm"
	"github.com/deskhand/deskhand/assistant/postgres"
	"github.com/deskhand/deskhand/retrieval"
	"github.com/deskhand/deskhand/retrieval/embed"
)

// followInterval is how often a service looks whether the desk has switched to another embedding model. Until it has seen
// it, it searches by the old one, whose vectors are still there.
const followInterval = 2 * time.Second

// builtinPrefix begins the names of all versions of the built-in embedder.
const builtinPrefix = "builtin"

// modelOpener makes the embedding models that the configuration can reach.
type modelOpener struct {
	base   retrieval.Config // with everything but the model and the terms
	config config
	own    retrieval.EmbeddingModel // the desk's own table, or the built-in one
	parts  modelParts
}

// newModelOpener loads the table, before anything is connected. Who opens models with it sets the pool and the parts.
func newModelOpener(a *app) (*modelOpener, error) {
	own, err := openTable(a.config)
	if err != nil {
		return nil, err
	}
	return &modelOpener{config: a.config, own: localModel(own)}, nil
}

// openTable returns the embedder with the desk's own table, or without one with the built-in table.
func openTable(c config) (*embed.Embedder, error) {
	if c.EmbedderTable == "" {
		return embed.New(), nil
	}
	file, err := os.Open(c.EmbedderTable)
	if err != nil {
		return nil, fmt.Errorf("%w: --embedder-table: %w", errConfig, err)
	}
	defer func() { _ = file.Close() }() // only read
	embedder, err := embed.Open(file)
	if err != nil {
		return nil, fmt.Errorf("%w: --embedder-table %s: %w", errConfig, c.EmbedderTable, err)
	}
	return embedder, nil
}

// localModel is an embedder of this program as a model of the knowledge base.
func localModel(e *embed.Embedder) retrieval.EmbeddingModel {
	return retrieval.EmbeddingModel{Dimensions: e.Dimensions(), Embed: e.Embed, Name: e.Name(), Weigh: e.Weigh}
}

// model returns the model of a name, or false for one that cannot be called from here: another version of the built-in one,
// a table that is not configured, or a model of a provider that is not.
func (o *modelOpener) model(info retrieval.ModelInfo) (model retrieval.EmbeddingModel, ok bool, err error) {
	for _, local := range []retrieval.EmbeddingModel{o.own, localModel(embed.New())} {
		if info.Name == local.Name {
			return local, true, nil
		}
	}
	if info.Name == "" || strings.HasPrefix(info.Name, builtinPrefix) || !o.config.hasModel() {
		return retrieval.EmbeddingModel{}, false, nil
	}
	embedder, err := openEmbedder(o.config, o.parts, llm.Config{EmbeddingDimensions: info.Dimensions, EmbeddingModel: info.Name},
		llm.ResilienceConfig{DeadlineShare: embeddingShare})
	if err != nil || embedder == nil {
		return retrieval.EmbeddingModel{}, false, err
	}
	return providerModel(embedder), true, nil
}

// providerModel is a model that is called over HTTP.
func providerModel(e llm.Embedder) retrieval.EmbeddingModel {
	return retrieval.EmbeddingModel{Dimensions: e.Dimensions(), Embed: e.Embed, Name: e.Name(), OfText: failsOnText}
}

// failsOnText reports whether the model may have failed on one of the texts: it rejects them, or answers with what is no vector.
func failsOnText(err error) bool {
	return errors.Is(err, llm.ErrMalformed) || errors.Is(err, llm.ErrRefused) || errors.Is(err, llm.ErrRejected)
}

// open returns the index of a model, with the terms of now.
func (o *modelOpener) open(ctx context.Context, model retrieval.EmbeddingModel) (*retrieval.Index, error) {
	config := o.base
	config.Model = model
	return openIndex(ctx, config)
}

// openDesk returns the index of the model that the desk searches by, or, where that cannot be called from here, of the
// configured one. To change the desk's model is for "deskhand kb reindex".
func (o *modelOpener) openDesk(ctx context.Context, configured retrieval.EmbeddingModel) (*retrieval.Index, error) {
	active, err := retrieval.ActiveModel(ctx, o.base.Pool)
	if err != nil {
		return nil, err
	}
	if active.Name == configured.Name {
		return o.open(ctx, configured)
	}
	if model, ok, err := o.model(active); err != nil {
		return nil, err
	} else if ok {
		return o.open(ctx, model)
	}
	return o.open(ctx, configured)
}

// reopen is a retrieval.OpenFunc.
func (o *modelOpener) reopen(ctx context.Context, info retrieval.ModelInfo) (*retrieval.Index, bool, error) {
	model, ok, err := o.model(info)
	if err != nil || !ok {
		return nil, false, err
	}
	index, err := o.open(ctx, model)
	return index, err == nil, err
}

// articleChanged writes the audit entry of an author's change, and the job that makes it live.
func articleChanged(store *postgres.Store, queue *jobs.Queue) retrieval.ChangedFunc {
	return func(ctx context.Context, tx pgx.Tx, change retrieval.Change) error {
		entry := postgres.Entry{
			Action: "article." + string(change.Action), Actor: change.Actor, SubjectID: change.Slug, SubjectKind: "article",
		}
		if change.Version > 0 {
			entry.Detail = map[string]any{"locale": change.Locale, "version": change.Version}
		}
		if err := store.Audit(ctx, tx, entry); err != nil || change.Live {
			return err
		}
		return queue.EnqueueArticle(ctx, tx, change.Slug, change.Locale)
	}
}

// follow looks until ctx ends whether the desk has switched to another embedding model or has other terms, and follows.
func follow(ctx context.Context, desk *retrieval.Desk, pipeline *assistant.Assistant, logger *slog.Logger) {
	warnStale(ctx, pipeline, desk, logger)
	complete(ctx, desk.Index(), logger)
	ticker := time.NewTicker(followInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		switched, err := desk.Follow(ctx)
		switch {
		case err != nil && ctx.Err() == nil:
			logger.WarnContext(ctx, "embedding model or terms not followed", slog.Any("error", err))
		case switched:
			logger.InfoContext(ctx, "embedding model or terms changed", slog.String("model", desk.Index().Model()))
			warnStale(ctx, pipeline, desk, logger)
			complete(ctx, desk.Index(), logger)
		}
	}
}

// warnStale says that the confidence belongs to something else than what is in use, as /readyz does.
func warnStale(ctx context.Context, pipeline *assistant.Assistant, desk *retrieval.Desk, logger *slog.Logger) {
	if stale := pipeline.StaleFit(desk.Index().Model()); len(stale) > 0 {
		logger.WarnContext(ctx, "the confidence was fitted for something else: answers need the conservative threshold",
			slog.Any("differs", stale), slog.String("fit", pipeline.Confidence.Fingerprint),
			slog.Float64("threshold", confidence.Conservative))
	}
}

// complete brings what is stored up to the rules, the terms and the model of now, after an upgrade as after a change by
// another process. Searches go on meanwhile.
func complete(ctx context.Context, index *retrieval.Index, logger *slog.Logger) {
	analysed, err := index.Reanalyse(ctx, nil)
	if analysed > 0 {
		logger.InfoContext(ctx, "articles analysed again", slog.Int("articles", analysed))
	}
	if err = errors.Join(err, fillBuiltin(ctx, index, logger)); err != nil && ctx.Err() == nil {
		logger.WarnContext(ctx, "knowledge base not brought up to date", slog.Any("error", err))
	}
}

// fillBuiltin makes the vectors that a new version of the built-in embedder lacks: until then articles are found by their
// words only. Those of a provider cost money, so a person decides.
func fillBuiltin(ctx context.Context, index *retrieval.Index, logger *slog.Logger) error {
	missing, err := index.Missing(ctx)
	if err != nil || missing == 0 {
		return err
	}
	if !strings.HasPrefix(index.Model(), builtinPrefix) {
		logger.WarnContext(ctx, "passages lack vectors: run \"deskhand kb reindex\"", slog.Int("passages", missing))
		return nil
	}
	logger.InfoContext(ctx, "making missing vectors", slog.Int("passages", missing))
	report, err := index.Fill(ctx, retrieval.FillOptions{})
	if len(report.Problems) > 0 {
		logger.WarnContext(ctx, "vectors not made: run \"deskhand kb reindex\"", slog.Int("passages", len(report.Problems)))
	}
	return err
}

// errNoModel is a model that cannot be called from here.
func errNoModel(name string) error {
	return fmt.Errorf("%w: cannot reach the embedding model %q: set OPENAI_API_KEY or OPENAI_BASE_URL, or name it with its dimensions in "+
		"the file of --providers", errConfig, name)
}
