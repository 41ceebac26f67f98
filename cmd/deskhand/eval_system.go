package main

import (
	"cmp"
	"context"
	"crypto/sha256"
	hexadecimal "encoding/hex" // a test of this package has a function of the short name
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/assistant/memory"
	"github.com/deskhand/deskhand/assistant/postgres"
	"github.com/deskhand/deskhand/evals"
	"github.com/deskhand/deskhand/retrieval"
	"github.com/deskhand/deskhand/retrieval/files"
)

// runSuite runs a suite on a knowledge base of its own, and keeps nothing of it.
func runSuite(ctx context.Context, a *app, suite evals.Suite, parallel int) (results []evals.Result, err error) {
	database, err := openDatabase(ctx, a)
	if err != nil {
		return nil, err
	}
	defer func() {
		if closeErr := database.close(ctx); err == nil {
			err = closeErr
		}
	}()
	err = onScratch(ctx, database, func(url string) error {
		results, err = runOn(ctx, a, url, suite, parallel)
		return err
	})
	return results, err
}

// onScratch does some work on an empty database beside the desk's, and drops it.
func onScratch(ctx context.Context, d *database, work func(url string) error) (err error) {
	scratch, drop, err := createScratch(ctx, d)
	if err != nil {
		return err
	}
	defer func() {
		if dropErr := drop(); err == nil {
			err = dropErr
		}
	}()
	return work(scratch)
}

// runOn runs a suite on the database at url, which must be empty.
func runOn(ctx context.Context, a *app, url string, suite evals.Suite, parallel int) (results []evals.Result, err error) {
	err = onSystem(ctx, a, url, func(s *system) error {
		if err := importFor(ctx, a, s, suite); err != nil {
			return err
		}
		runner, err := s.runner(ctx, suite)
		if err != nil {
			return err
		}
		runner.Parallel = cmp.Or(max(parallel, 0), runtime.GOMAXPROCS(0))
		bar := newCaseProgress(a.err, len(suite.Cases))
		defer bar.done()
		runner.Progress = bar.addResult
		results, err = runner.Run(ctx, suite)
		return err
	})
	return results, err
}

// onSystem does some work with the program on the database at url, whatever the configuration says.
func onSystem(ctx context.Context, a *app, url string, work func(s *system) error) error {
	other := *a
	other.config.DatabaseURL = url
	return withSystem(ctx, &other, work)
}

// runner asks the pipeline of s, under the policy of the suite or else of the database. What models answered before is not
// remembered here: a repeat that is answered from memory would tell nothing.
func (s *system) runner(ctx context.Context, suite evals.Suite) (evals.Runner, error) {
	settings, err := s.store.Settings(ctx)
	if err != nil {
		return evals.Runner{}, err
	}
	return s.runnerUnder(settings, suite)
}

// runnerUnder asks the pipeline of s under settings that come from elsewhere.
func (s *system) runnerUnder(settings assistant.Settings, suite evals.Suite) (evals.Runner, error) {
	if suite.Policy != nil {
		var err error
		if settings.Policy, err = suite.Policy.Policy(); err != nil {
			return evals.Runner{}, fmt.Errorf("%w: policy of the suite: %w", errConfig, err)
		}
	}
	store := memory.New(func(context.Context) (assistant.Settings, error) { return settings, nil })
	pipeline := newAssistant(s.knowledge, s.models.chat, assistant.Config{
		Clock: s.app.clock, Deadline: s.config.RequestDeadline, Observe: s.tracer.Run, Search: evals.Watched(s.search), Store: store,
	})
	return evals.Runner{Assistant: pipeline, Clock: s.app.clock, Parallel: runtime.GOMAXPROCS(0), Store: store}, nil
}

// importFor loads the suite's knowledge base, without a word unless something is wrong with it.
func importFor(ctx context.Context, a *app, s *system, suite evals.Suite) error {
	quiet := *a
	quiet.out, quiet.err = io.Discard, io.Discard
	if suite.KB == evals.SampleKB {
		return importSample(ctx, &quiet, s)
	}
	articles, err := files.Path(suite.KB)
	if err != nil {
		return fmt.Errorf("%w: knowledge base of the suite: %w", errConfig, err)
	}
	quiet.err = a.err
	return importArticles(ctx, &quiet, s.index, articles, retrieval.ImportOptions{Source: suite.KB})
}

// conditions are what a response depends on beside its question, by name, for people to compare: the program with all that is built
// in, the settings that reach the pipeline, and the knowledge base.
func (s *system) conditions(suite evals.Suite) (map[string]string, error) {
	policy := "default"
	if suite.Policy != nil {
		text, err := suite.Policy.Policy()
		if err != nil {
			return nil, fmt.Errorf("%w: policy of the suite: %w", errConfig, err)
		}
		document, err := text.YAML()
		if err != nil {
			return nil, err
		}
		policy = shortHash(strings.NewReader(document))
	}
	parts := map[string]string{
		"deadline": s.config.RequestDeadline.String(), "kb": suite.KB, "policy": policy, "prompts": s.knowledge.prompts.Version(),
		"redact_pii": strconv.FormatBool(s.config.RedactPII), "version": version,
	}
	if s.config.hasModel() {
		parts["chat_model"], parts["model_server"] = s.config.ChatModel, s.config.OpenAIBaseURL
		parts["embedding_model"] = s.config.EmbeddingModel + "/" + strconv.Itoa(s.config.EmbeddingDimensions)
	}
	program, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find program: %w", err)
	}
	for name, path := range map[string]string{
		"embedder_table": s.config.EmbedderTable, "intent_model": s.config.IntentModel, "program": program,
		"providers": s.config.Providers, "taxonomy": s.config.Taxonomy,
	} {
		if path == "" {
			continue
		}
		if parts[name], err = fileHash(path); err != nil {
			return nil, err
		}
	}
	if suite.KB != evals.SampleKB { // that one is part of the program
		if parts["kb_content"], err = folderHash(suite.KB); err != nil {
			return nil, err
		}
	}
	return parts, nil
}

// shortHash is enough to tell two contents apart that nobody made to look alike.
func shortHash(r io.Reader) string {
	hash := sha256.New()
	_, _ = io.Copy(hash, r) // a text in memory is read whole
	return hexadecimal.EncodeToString(hash.Sum(nil)[:8])
}

func fileHash(path string) (string, error) {
	file, err := os.Open(path) //nolint:gosec // the configuration names the file
	if err != nil {
		return "", fmt.Errorf("hash file: %w", err)
	}
	defer func() { _ = file.Close() }() // only read
	hash := sha256.New()
	if _, err := io.Copy(hash, file); err != nil {
		return "", fmt.Errorf("hash file: %w", err)
	}
	return hexadecimal.EncodeToString(hash.Sum(nil)[:8]), nil
}

func folderHash(root string) (string, error) {
	var all strings.Builder
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		content, err := fileHash(path)
		fmt.Fprintf(&all, "%s %s\n", path, content)
		return err
	})
	if err != nil {
		return "", fmt.Errorf("%w: knowledge base of the suite: %w", errConfig, err)
	}
	return shortHash(strings.NewReader(all.String())), nil
}

// createScratch makes a database beside the desk's and returns its address and how to drop it. On the private cluster only
// the superuser may do that: the service's own role cannot, on purpose.
func createScratch(ctx context.Context, d *database) (string, func() error, error) {
	conn, err := pgx.Connect(ctx, cmp.Or(d.admin, d.url))
	if err != nil {
		return "", nil, fmt.Errorf("connect for scratch database: %w", err)
	}
	owner, err := pgx.ParseConfig(d.url)
	if err != nil {
		return "", nil, fmt.Errorf("parse database URL: %w", err)
	}
	name := "deskhand_eval_" + strings.ReplaceAll(uuid.NewString(), "-", "")
	identifier := pgx.Identifier{name}.Sanitize()
	if _, err := conn.Exec(ctx, "CREATE DATABASE "+identifier+" OWNER "+pgx.Identifier{owner.User}.Sanitize()); err != nil {
		_ = conn.Close(ctx) // the error of the statement is the one to report
		return "", nil, fmt.Errorf("create scratch database (the role needs CREATEDB): %w", err)
	}
	drop := func() error {
		ctx := context.WithoutCancel(ctx)
		defer func() { _ = conn.Close(ctx) }() // the process ends soon
		if _, err := conn.Exec(ctx, "DROP DATABASE "+identifier+" WITH (FORCE)"); err != nil {
			return fmt.Errorf("drop scratch database: %w", err)
		}
		return nil
	}
	scratch, err := postgres.WithDatabase(d.url, name)
	return scratch, drop, err
}
