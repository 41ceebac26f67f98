package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"syscall"
	"time"

	"github.com/deskhand/deskhand/assistant/llm"
	"github.com/deskhand/deskhand/assistant/postgres"
	"github.com/deskhand/deskhand/assistant/postgres/local"
	"github.com/deskhand/deskhand/migrations"
	"github.com/deskhand/deskhand/retrieval"
)

type doctorCmd struct {
	NoModel bool `help:"Do not call the model: for a health check that runs all day."`
}

// minFreeBytes is the room below which PostgreSQL's write-ahead log may fill the disk: its usual size of 1 GB.
const minFreeBytes = 1 << 30

// Run implements the command: it checks everything it can and fails when anything does.
func (c doctorCmd) Run(ctx context.Context, a *app) error {
	checkup := &checkup{app: a}
	checkup.check("token encodings", checkEncodings)
	checkup.check("disk", func() (string, error) { return checkDisk(a.config) })
	s, err := openSystem(ctx, a, nil)
	checkup.check("database", func() (string, error) {
		if err != nil {
			return "", err
		}
		version, err := migrations.Version(ctx, s.pool)
		return fmt.Sprintf("answers, schema version %d", version), err
	})
	if err == nil {
		checkup.check("encryption", func() (string, error) { return checkEncryption(ctx, s) })
		checkup.checkCopies(ctx, s)
		checkup.check("knowledge base", func() (string, error) { return checkKnowledge(ctx, a, s) })
		if !c.NoModel {
			checkup.check("model", func() (string, error) { return checkModel(ctx, s) })
		}
		if closeErr := s.close(ctx); closeErr != nil {
			return closeErr
		}
	}
	if checkup.failed {
		return errFailed
	}
	return nil
}

// checkup prints one line a check.
type checkup struct {
	app    *app
	failed bool
}

func (c *checkup) check(name string, examine func() (string, error)) {
	finding, err := examine()
	mark := "ok  "
	if err != nil {
		mark, finding, c.failed = "FAIL", err.Error(), true
	}
	_, _ = fmt.Fprintf(c.app.out, "%s  %-16s %s\n", mark, name, finding)
}

func checkEncodings() (string, error) {
	tokens := llm.NewTokens()
	for _, encoding := range []llm.Encoding{llm.CL100K, llm.O200K} {
		if _, err := tokens.Count(encoding, "withdrawal 提币"); err != nil {
			return "", err
		}
	}
	return "cl100k_base and o200k_base load without a network", nil
}

func checkDisk(c config) (string, error) {
	if c.DatabaseURL != "" {
		return "the database has its own", nil
	}
	dir := c.DataDir
	if dir == "" {
		var err error
		if dir, err = local.DefaultDataDir(); err != nil {
			return "", err
		}
	}
	var usage syscall.Statfs_t
	for err := syscall.Statfs(dir, &usage); err != nil; err = syscall.Statfs(dir, &usage) {
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", fmt.Errorf("measure free space: %w", err)
		}
		dir = parent
	}
	free := usage.Bavail * uint64(usage.Bsize) //nolint:gosec // a block size is positive
	if free < minFreeBytes {
		return "", fmt.Errorf("%d MB free below %s: PostgreSQL needs at least %d MB", free>>20, dir, minFreeBytes>>20)
	}
	return fmt.Sprintf("%d GB free below %s", free>>30, dir), nil
}

func checkKnowledge(ctx context.Context, a *app, s *system) (string, error) {
	articles, err := s.index.List(ctx, retrieval.Filter{Status: retrieval.StatusPublished})
	if err != nil {
		return "", err
	}
	if len(articles) == 0 {
		return "", errors.New("empty: import articles with \"deskhand kb import\", or --sample")
	}
	stale, err := s.index.List(ctx, retrieval.Filter{StaleOn: a.clock(), Status: retrieval.StatusPublished})
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%d published articles, %d past their review date", len(articles), len(stale)), nil
}

// checkEncryption says whether texts are encrypted; openSystem has found out whether they can be read.
func checkEncryption(ctx context.Context, s *system) (string, error) {
	on, err := s.store.Encrypted(ctx)
	switch {
	case err != nil:
		return "", err
	case !on:
		return "off", nil
	case !s.vault.Seals():
		return "", errors.New("on, but texts are stored as they are written: --decrypt is for the way out of encryption")
	}
	return "on", nil
}

// copyPatience is how long a copy of the database may lag: far more than it does when it follows at all.
const copyPatience = 10 * time.Second

// checkCopies looks at each copy of the database by itself: searches go on while one is away, so nobody would notice.
func (c *checkup) checkCopies(ctx context.Context, s *system) {
	urls, _ := s.config.replicaURLs() // Validate has read them
	for i, url := range urls {
		c.check(fmt.Sprintf("copy %d", i+1), func() (string, error) {
			ctx, cancel := context.WithTimeout(ctx, copyPatience)
			defer cancel()
			copied, err := postgres.Open(ctx, url)
			if err != nil {
				return "", err
			}
			defer copied.Close()
			lag, err := postgres.Lag(ctx, s.pool, copied)
			if err != nil {
				return "", err
			}
			return fmt.Sprintf("follows the database, %s behind", lag), nil
		})
	}
}

// checkModel asks for one word: that proves address, key and model name at once.
func checkModel(ctx context.Context, s *system) (string, error) {
	if s.models.chat == nil {
		return "none configured: answers are extracted, offline", nil
	}
	if _, err := s.models.chat.Complete(ctx, llm.Request{MaxTokens: 16, Purpose: "doctor", User: "Reply with: ok"}); err != nil {
		return "", err
	}
	if s.models.embed != nil {
		if _, err := s.models.embed.Embed(ctx, []string{"ok"}); err != nil {
			return "", err
		}
	}
	return s.models.chat.Name() + " answers", nil
}
