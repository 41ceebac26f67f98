package main

import (
	"context"
	"errors"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/retrieval"
)

// published implements desk.SourcesFunc on the knowledge base, also where the desk is open without a search.
func (s *system) published(ctx context.Context, cited []assistant.Citation) ([]string, error) {
	var texts []string
	for _, citation := range cited {
		article, err := retrieval.ReadArticle(ctx, s.pool, citation.Slug, citation.Locale)
		switch {
		case errors.Is(err, retrieval.ErrArticleNotFound):
			continue
		case err != nil:
			return nil, err
		}
		if article.Readable(s.app.clock()) {
			texts = append(texts, article.Title+"\n\n"+article.Body)
		}
	}
	return texts, nil
}
