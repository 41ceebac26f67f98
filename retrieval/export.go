package retrieval

import (
	"context"
	"iter"
)

// exportPage is how many articles are read at once.
const exportPage = 200

// Export yields every article that is not deleted, in all languages and states, as it was written last. An import of what it
// yields changes nothing.
func (x *Index) Export(ctx context.Context) iter.Seq2[Article, error] {
	return func(yield func(Article, error) bool) {
		earlier, err := x.earlierSlugs(ctx)
		if err != nil {
			yield(Article{}, err)
			return
		}
		filter := AuthorFilter{Bodies: true, Limit: exportPage}
		for {
			page, err := x.Written(ctx, filter)
			if err != nil {
				yield(Article{}, err)
				return
			}
			for _, version := range page {
				a := version.Article()
				a.Redirects = earlier[a.Slug]
				if !yield(a, nil) {
					return
				}
				filter.AfterSlug, filter.AfterLocale = a.Slug, a.Locale
			}
			if len(page) < exportPage {
				return
			}
		}
	}
}

// earlierSlugs returns the slugs that lead to each slug, directly or through others.
func (x *Index) earlierSlugs(ctx context.Context) (map[string][]string, error) {
	redirects, err := x.Redirects(ctx)
	if err != nil {
		return nil, err
	}
	next := make(map[string]string, len(redirects))
	for _, r := range redirects {
		next[r.OldSlug] = r.Slug
	}
	earlier := make(map[string][]string)
	for _, r := range redirects {
		end := r.Slug
		for steps := 0; next[end] != "" && steps < len(next); steps++ {
			end = next[end]
		}
		earlier[end] = append(earlier[end], r.OldSlug)
	}
	return earlier, nil
}
