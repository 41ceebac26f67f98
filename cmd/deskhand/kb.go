package main

import (
	"context"
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/deskhand/deskhand/retrieval"
)

type kbCmd struct {
	Diff     kbDiffCmd     `cmd:"" help:"Compare two versions of an article."`
	Export   kbExportCmd   `cmd:"" help:"Write the articles into a folder."`
	History  kbHistoryCmd  `cmd:"" help:"Show who changed an article, and when."`
	Import   kbImportCmd   `cmd:"" help:"Import articles from folders and files."`
	Lint     kbLintCmd     `cmd:"" help:"Look for what is wrong with the articles."`
	List     kbListCmd     `cmd:"" help:"List the articles."`
	Redirect kbRedirectCmd `cmd:"" help:"Make an old slug lead to an article, or list such redirects."`
	Reindex  kbReindexCmd  `cmd:"" help:"Change the embedding model while searches go on."`
	Restore  kbRestoreCmd  `cmd:"" help:"Make an earlier version of an article its newest."`
	Show     kbShowCmd     `cmd:"" help:"Show an article."`
	Terms    kbTermsCmd    `cmd:"" help:"Keep the desk's own terms: what customers call things, in every language."`
}

// sampleSource is the import source of the sample knowledge base.
const sampleSource = "sample"

// channelsFile is the registry of official channels beside the sample articles.
const channelsFile = "channels.yaml"

type kbListCmd struct {
	Category string `help:"Only this category." placeholder:"NAME"`
	Locale   string `help:"Only this language." placeholder:"TAG"`
	Stale    bool   `help:"Only articles whose review date has passed: they feed no automatic answer."`
}

// Run implements the command.
func (c kbListCmd) Run(ctx context.Context, a *app) error {
	filter := retrieval.Filter{Category: c.Category, Locale: c.Locale}
	if c.Stale {
		filter.StaleOn = a.clock()
	}
	return withSystem(ctx, a, func(s *system) error {
		articles, err := s.index.List(ctx, filter)
		if err != nil {
			return err
		}
		table := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
		_, _ = fmt.Fprintln(table, "SLUG\tLOCALE\tSTATUS\tAUDIENCE\tREVIEW BY\tPASSAGES\tTITLE")
		for _, article := range articles {
			reviewBy := "-"
			if article.ReviewBy != nil {
				reviewBy = article.ReviewBy.Format(time.DateOnly)
			}
			_, _ = fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%d\t%s\n",
				article.Slug, article.Locale, article.Status, article.Audience, reviewBy, article.Passages, article.Title)
		}
		return table.Flush()
	})
}

type kbShowCmd struct {
	Locale string `default:"en" help:"Language of the article (${default})." placeholder:"TAG"`
	Slug   string `arg:"" help:"The article's slug, from \"deskhand kb list\"."`
}

// Run implements the command.
func (c kbShowCmd) Run(ctx context.Context, a *app) error {
	return withSystem(ctx, a, func(s *system) error {
		article, err := s.index.Article(ctx, c.Slug, c.Locale)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(a.out, "# %s\n\n%s (%s), version %d, %s, %s, intents %v\n\n%s\n",
			article.Title, article.Slug, article.Locale, article.Version, article.Status, article.Audience, article.Intents, article.Body)
		return err
	})
}
