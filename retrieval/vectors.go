package retrieval

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// passageKey is a passage of an article by its text.
type passageKey struct {
	article articleKey
	hash    string
}

// vectorsFor makes the vectors of the passages that have none, by the hash of their text: a passage that stays as it was
// keeps its vector. It returns how many texts the model was asked for.
func (x *Index) vectorsFor(
	ctx context.Context, modelID int32, articles []pendingArticle,
) (vectors map[string][]float32, made int, err error) {
	texts, hashes, err := x.textsWithoutVector(ctx, x.pool, modelID, articles)
	if err != nil {
		return nil, 0, err
	}
	answers, err := x.model.embedAll(ctx, texts)
	if err != nil {
		return nil, 0, err
	}
	vectors = make(map[string][]float32, len(answers))
	for i, vector := range answers {
		vectors[hashes[i]] = vector
	}
	return vectors, len(texts), nil
}

// textsWithoutVector returns the texts that the model still has to embed, each once, with their hashes.
func (x *Index) textsWithoutVector(
	ctx context.Context, from querier, modelID int32, articles []pendingArticle,
) (texts, hashes []string, err error) {
	kept, err := storedVectors(ctx, from, modelID, articles)
	if err != nil {
		return nil, nil, err
	}
	asked := make(map[string]bool)
	for _, p := range articles {
		for _, passage := range p.passages {
			hash := string(passage.Hash)
			key := passageKey{article: p.key(), hash: hash}
			if kept[key] > 0 {
				kept[key]-- // a text that occurs more often than before needs a vector for the new place
				continue
			}
			if !asked[hash] {
				asked[hash] = true
				texts, hashes = append(texts, passage.Text), append(hashes, hash)
			}
		}
	}
	return texts, hashes, nil
}

// querier is what a pool and a transaction have in common.
type querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

// storedVectors counts, for the passages that the articles have now, those with a vector of this model.
func storedVectors(ctx context.Context, from querier, modelID int32, articles []pendingArticle) (map[passageKey]int, error) {
	const query = `
		SELECT a.slug, a.locale, p.text_hash
		FROM unnest(@slugs::text[], @locales::text[]) AS wanted (slug, locale)
		JOIN articles a USING (slug, locale)
		JOIN passages p ON p.article_id = a.id
		JOIN embeddings e ON e.model_id = @model AND e.passage_id = p.id`
	args := keyArgs(articles)
	args["model"] = modelID
	rows, err := from.Query(ctx, query, args)
	if err != nil {
		return nil, fmt.Errorf("read stored passages: %w", err)
	}
	stored := make(map[passageKey]int)
	var slug, locale string
	var hash []byte
	_, err = pgx.ForEachRow(rows, []any{&slug, &locale, &hash}, func() error {
		stored[passageKey{article: articleKey{slug: slug, locale: locale}, hash: string(hash)}]++
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read stored passages: %w", err)
	}
	return stored, nil
}
