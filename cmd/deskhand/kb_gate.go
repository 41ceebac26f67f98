package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"slices"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/evals"
	"github.com/deskhand/deskhand/retrieval"
)

// deskSource is the source of articles that were written here and not imported.
const deskSource = "desk"

// gate holds a suite against the articles as they would be after the import, beside the articles as they are, under the desk's
// own policy and registry. It changes nothing; errFailed says that something would get worse.
func (c kbImportCmd) gate(ctx context.Context, a *app, s *system, jobs []importJob) error {
	suite, err := readSuite(c.Gate)
	if err != nil {
		return err
	}
	var gate evals.Gate
	// What runs besides the desk's articles is a copy: a suite's own knowledge base plays no part.
	err = onScratch(ctx, s.database, func(url string) error {
		return onSystem(ctx, a, url, func(copied *system) error {
			gate, err = c.decide(ctx, gatedImport{copied: copied, desk: s, jobs: jobs, suite: suite})
			return err
		})
	})
	if err != nil {
		return err
	}
	if err := gate.WriteTable(a.err); err != nil {
		return err
	}
	if !gate.Passed {
		_, _ = fmt.Fprintln(a.err, "Nothing was imported: answers of the suite would get worse.")
		return errFailed
	}
	return nil
}

// gatedImport is what a gate decides about.
type gatedImport struct {
	copied *system // empty, for a copy of the desk's articles
	desk   *system
	jobs   []importJob
	suite  evals.Suite
}

// decide runs the suite on the copy, imports there, and runs it again.
func (c kbImportCmd) decide(ctx context.Context, g gatedImport) (evals.Gate, error) {
	settings, err := g.desk.store.Settings(ctx)
	if err != nil {
		return evals.Gate{}, err
	}
	if err := copyArticles(ctx, g.desk.index, g.copied.index); err != nil {
		return evals.Gate{}, err
	}
	before, err := askAgain(ctx, g.copied, settings, g.suite)
	if err != nil {
		return evals.Gate{}, err
	}
	quiet := *g.copied.app
	quiet.out, quiet.err = io.Discard, io.Discard // the import itself says what is wrong with its files
	for _, job := range g.jobs {
		options := retrieval.ImportOptions{Actor: cliActor, Prune: c.Prune, Source: job.path}
		err := importRun{app: &quiet, index: g.copied.index, options: options}.do(ctx, job.source.Articles, func() {})
		if err != nil && !errors.Is(err, errFailed) {
			return evals.Gate{}, err
		}
	}
	after, err := askAgain(ctx, g.copied, settings, g.suite)
	if err != nil {
		return evals.Gate{}, err
	}
	return evals.Decide(before, after, nil)
}

// copyArticles brings every article of one knowledge base into an empty one, each under the source that it came from.
func copyArticles(ctx context.Context, from, to *retrieval.Index) error {
	type name struct{ slug, locale string }
	stored, err := from.List(ctx, retrieval.Filter{})
	if err != nil {
		return err
	}
	sources := make(map[name]string, len(stored))
	for _, article := range stored {
		sources[name{article.Slug, article.Locale}] = article.Source
	}
	parts := make(map[string][]retrieval.Article)
	for article, err := range from.Export(ctx) {
		if err != nil {
			return err
		}
		source := cmp.Or(sources[name{article.Slug, article.Locale}], deskSource)
		parts[source] = append(parts[source], article)
	}
	for _, source := range slices.Sorted(maps.Keys(parts)) {
		options := retrieval.ImportOptions{Actor: cliActor, Source: source}
		if _, err := to.Import(ctx, each(parts[source]), options); err != nil {
			return err
		}
	}
	return nil
}

func each(articles []retrieval.Article) iter.Seq2[retrieval.Article, error] {
	return func(yield func(retrieval.Article, error) bool) {
		for _, article := range articles {
			if !yield(article, nil) {
				return
			}
		}
	}
}

// askAgain runs the suite under what the leads of the desk have set.
func askAgain(ctx context.Context, s *system, settings assistant.Settings, suite evals.Suite) (evals.Report, error) {
	runner, err := s.runnerUnder(settings, suite)
	if err != nil {
		return evals.Report{}, err
	}
	bar := newCaseProgress(s.app.err, len(suite.Cases))
	defer bar.done()
	runner.Progress = bar.addResult
	results, err := runner.Run(ctx, suite)
	return evals.NewReport(suite, results), err
}
