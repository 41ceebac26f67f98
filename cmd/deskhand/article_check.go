package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/evals"
	"github.com/deskhand/deskhand/evals/online"
	"github.com/deskhand/deskhand/retrieval"
)

// checkTold is how often the progress of a check is kept.
const checkTold = time.Second

// notPrivileged is PostgreSQL's insufficient_privilege.
const notPrivileged = "42501"

// checker runs a suite on articles before they go live.
type checker struct {
	scratch func(ctx context.Context, work func(url string) error) error // does some work on an empty database
	suite   evals.Suite
	system  *system
}

func newChecker(s *system, suite evals.Suite) checker {
	return checker{
		scratch: func(ctx context.Context, work func(url string) error) error { return onScratch(ctx, s.database, work) },
		suite:   suite, system: s,
	}
}

// readGateSuite reads the suite to check articles with; nil without one.
func readGateSuite(path string) (*evals.Suite, error) {
	if path == "" {
		return nil, nil //nolint:nilnil // nil means that nothing is checked
	}
	suite, err := evals.Open(path)
	if err == nil && suite.Policy != nil {
		_, err = suite.Policy.Policy()
	}
	if err != nil {
		return nil, fmt.Errorf("%w: --gate-suite: %s", errConfig, strings.ReplaceAll(err.Error(), "\n", "; "))
	}
	return &suite, nil
}

// CheckArticle implements jobs.Checker. What goes wrong is the check's own end; an error is for what may work when it is tried again.
func (c checker) CheckArticle(ctx context.Context, id uuid.UUID) error {
	store := c.system.online()
	check, err := store.Check(ctx, id)
	if err != nil || check.EndedAt != nil {
		return err
	}
	gate, err := c.decide(ctx, check)
	switch {
	case ctx.Err() != nil: // the replica stops
		return ctx.Err()
	case err == nil:
		return store.EndCheck(ctx, id, &gate, "")
	}
	problem := "the check failed: the service's log says why"
	if refused, ok := errors.AsType[*retrieval.Problem](err); ok {
		problem = refused.Field + ": " + refused.Fix
	} else if denied, ok := errors.AsType[*pgconn.PgError](err); ok && denied.Code == notPrivileged {
		problem = "the service's role may not create the database for the copy: ALTER ROLE … CREATEDB"
	}
	c.system.app.logger.WarnContext(ctx, "article not checked", slog.String("check_id", id.String()), slog.Any("error", err))
	return store.EndCheck(ctx, id, nil, problem)
}

// decide asks the suite on a copy of the desk's articles, and again with the changed one.
func (c checker) decide(ctx context.Context, check online.Check) (evals.Gate, error) {
	quiet := *c.system.app
	quiet.out, quiet.err = io.Discard, io.Discard
	var gate evals.Gate
	err := c.scratch(ctx, func(url string) error {
		return onSystem(ctx, &quiet, url, func(copied *system) error {
			settings, err := c.system.store.Settings(ctx)
			if err != nil {
				return err
			}
			if err := copyArticles(ctx, c.system.desk.Index(), copied.index); err != nil {
				return err
			}
			told := &checkProgress{clock: quiet.clock, id: check.ID, store: c.system.online(), total: 2 * len(c.suite.Cases)}
			before, err := c.ask(ctx, copied, settings, told)
			if err != nil {
				return err
			}
			if err := putArticle(ctx, copied.index, check.Article); err != nil {
				return err
			}
			after, err := c.ask(ctx, copied, settings, told)
			if err != nil {
				return err
			}
			gate, err = evals.Decide(before, after, nil)
			return err
		})
	})
	return gate, err
}

func (c checker) ask(ctx context.Context, s *system, settings assistant.Settings, told *checkProgress) (evals.Report, error) {
	runner, err := s.runnerUnder(settings, c.suite)
	if err != nil {
		return evals.Report{}, err
	}
	runner.Progress = func(evals.Result) { told.add(ctx) }
	runner.Parallel = 1 // the service answers customers meanwhile
	results, err := runner.Run(ctx, c.suite)
	return evals.NewReport(c.suite, results), err
}

// putArticle makes an article live as it would be after it was saved.
func putArticle(ctx context.Context, index *retrieval.Index, article retrieval.Article) error {
	version := 0
	newest, err := index.ArticleVersion(ctx, article.Slug, article.Locale, 0)
	switch {
	case err == nil && !newest.Deleted:
		version = newest.Number
	case err != nil && !errors.Is(err, retrieval.ErrArticleNotFound):
		return err
	}
	if _, err := index.Save(ctx, retrieval.Edit{Actor: cliActor, Article: article, Version: version}); err != nil {
		return err
	}
	_, err = index.Apply(ctx, article.Slug, article.Locale)
	return err
}

// checkProgress keeps how many cases are done, now and then.
type checkProgress struct {
	clock func() time.Time
	id    uuid.UUID
	store *online.Store
	total int

	mu   sync.Mutex
	done int
	last time.Time
}

func (p *checkProgress) add(ctx context.Context) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done++
	if now := p.clock(); now.Sub(p.last) >= checkTold {
		p.last = now
		_ = p.store.CheckProgress(ctx, p.id, p.done, p.total) // the end is what counts
	}
}
