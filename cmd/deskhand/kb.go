package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"text/tabwriter"
	"time"

	"github.com/deskhand/deskhand/assistant/guard"
	"github.com/deskhand/deskhand/retrieval"
)

type kbCmd struct {
	Import kbImportCmd `cmd:"" help:"Import articles from folders and files."`
	List   kbListCmd   `cmd:"" help:"List the articles."`
	Show   kbShowCmd   `cmd:"" help:"Show an article."`
}

// sampleSource is the import source of the sample knowledge base.
const sampleSource = "sample"

// channelsFile is the registry of official channels beside the sample articles.
const channelsFile = "channels.yaml"

type kbImportCmd struct {
	Path   []string `arg:"" help:"Markdown files with front matter, JSONL files, or folders of them." optional:"" type:"path"`
	Prune  bool     `help:"Delete articles of the same path that are no longer there."`
	Sample bool     `help:"Import the sample knowledge base of the invented exchange Quayside and its official channels."`
}

// Help is shown by --help.
func (kbImportCmd) Help() string {
	return `A repeated import changes only what changed; after Ctrl-C, run it again to go on. A bad file is reported with its
line and does not stop the rest; the exit code is then 1.

Examples:
  deskhand kb import --sample
  deskhand kb import --prune ./help-centre`
}

// Run implements the command.
func (c kbImportCmd) Run(ctx context.Context, a *app) error {
	if len(c.Path) == 0 && !c.Sample {
		return fmt.Errorf("%w: name a file or folder to import, or use --sample", errConfig)
	}
	for _, path := range c.Path {
		if _, err := os.Stat(path); err != nil {
			return fmt.Errorf("%w: cannot read %s: %w", errConfig, path, errors.Unwrap(err))
		}
	}
	return withSystem(ctx, a, func(s *system) error {
		var failed error // the first bad file must not keep the other paths out
		if c.Sample {
			failed = importSample(ctx, a, s)
		}
		for _, path := range c.Path {
			if failed != nil && !errors.Is(failed, errFailed) {
				return failed
			}
			articles, err := retrieval.ReadPath(path)
			if err != nil {
				return err
			}
			err = importArticles(ctx, a, s.index, articles, retrieval.ImportOptions{Prune: c.Prune, Source: path})
			failed = cmp.Or(err, failed)
		}
		return failed
	})
}

// importSample loads the sample knowledge base, and its registry of official channels.
func importSample(ctx context.Context, a *app, s *system) error {
	file, err := retrieval.Sample().Open(channelsFile)
	if err != nil {
		return fmt.Errorf("open sample channels: %w", err)
	}
	defer func() { _ = file.Close() }() // an embedded file has nothing to close
	channels, err := guard.ParseChannels(file, channelsFile)
	if err != nil {
		return err
	}
	if err := s.store.SetChannels(ctx, channels, "cli"); err != nil {
		return err
	}
	return importArticles(ctx, a, s.index, retrieval.ReadFS(retrieval.Sample()), retrieval.ImportOptions{Prune: true, Source: sampleSource})
}

// importArticles runs one import with its progress and prints what it did and what was wrong; errFailed stands for files
// that were.
func importArticles(
	ctx context.Context, a *app, index *retrieval.Index, articles iter.Seq2[retrieval.Article, error], options retrieval.ImportOptions,
) error {
	if err := index.Fill(ctx, nil); err != nil {
		return err
	}
	started := a.clock()
	bar := newProgress(a.err, "articles", 0)
	options.Progress = func(r retrieval.Report) { bar.set(r.Added + r.Updated + r.Unchanged) }
	report, err := index.Import(ctx, articles, options)
	bar.done()
	for _, problem := range report.Problems {
		_, _ = fmt.Fprintf(a.err, "%v\n", problem)
	}
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(a.out, "%s: %d added, %d updated, %d unchanged, %d removed, %d with problems; %d passages embedded in %s\n",
		options.Source, report.Added, report.Updated, report.Unchanged, report.Pruned, len(report.Problems), report.Embedded,
		a.clock().Sub(started).Round(time.Millisecond))
	if err == nil && len(report.Problems) > 0 {
		return errFailed
	}
	return err
}

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
