package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/deskhand/deskhand/assistant/llm"
	"github.com/deskhand/deskhand/retrieval"
	"github.com/deskhand/deskhand/retrieval/embed"
)

type kbReindexCmd struct {
	AllowMissing bool    `help:"Change to the model although it cannot embed some passages; those are found by their words only." name:"allow-missing"`
	Dimensions   int     `help:"Length of the model's vectors. Default: --embedding-dimensions." placeholder:"N"`
	DropOld      bool    `help:"Afterwards delete the vectors of every other model." name:"drop-old"`
	JSON         bool    `help:"Print one JSON object." name:"json"`
	Model        string  `help:"The embedding model to change to; \"builtin\" for the built-in one. Default: --embedding-model, --embedder-table, or else the built-in one." placeholder:"NAME"`
	Rate         float64 `help:"Passages a second at most. Default: as fast as the model answers." placeholder:"N"`
}

// Help is shown by --help.
func (kbReindexCmd) Help() string {
	return `The vectors of the new model are made beside those of the old one, while searches go on with the old one. When none is missing,
the desk switches in one transaction, and services follow within seconds. After Ctrl-C or a failure, run it again: it goes on
where it was. The old vectors stay until --drop-old, so switching back costs nothing.

A passage that the model refuses, or answers with what is no vector, stops no other. Those are listed at the end, the exit code
is 1, and the desk keeps its model: change the articles and run it again, or change over without them with --allow-missing.

Examples:
  deskhand kb reindex --model text-embedding-3-large --dimensions 3072
  deskhand kb reindex --model bge-m3 --dimensions 1024 --rate 50 --drop-old
  deskhand kb reindex --model bge-m3 --dimensions 1024 --allow-missing --json
  deskhand --embedder-table desk.bin kb reindex
  deskhand kb reindex --model builtin`
}

// Validate reports a setting that cannot work.
func (c kbReindexCmd) Validate() error {
	if c.Rate < 0 {
		return fmt.Errorf("%w: --rate must be positive, it is %v", errConfig, c.Rate)
	}
	if c.Dimensions < 0 {
		return fmt.Errorf("%w: --dimensions must be positive, it is %d", errConfig, c.Dimensions)
	}
	return nil
}

// Waits of a model that is filled in the background: nobody waits for it, so an outage of some minutes is sat out.
const (
	reindexRetries    = 8
	reindexBackoffMax = time.Minute
)

// dropWait is how long the services may take to follow before the vectors that they searched by are deleted.
const dropWait = 3 * followInterval

// Run implements the command.
func (c kbReindexCmd) Run(ctx context.Context, a *app) error {
	return withSystem(ctx, a, func(s *system) error {
		index, err := c.open(ctx, a, s)
		if err != nil {
			return err
		}
		done, err := c.fill(ctx, a, index)
		if err != nil {
			return err
		}
		if c.DropOld && done.report.Active {
			if done.dropped, err = dropOld(ctx, index); err != nil {
				return err
			}
		}
		serving, err := retrieval.ActiveModel(ctx, s.pool)
		if err != nil {
			return err
		}
		done.serving = serving.Name
		if err := c.print(a, index, done); err != nil {
			return err
		}
		if len(done.report.Problems) > 0 {
			return errFailed
		}
		return nil
	})
}

// reindexed is what a run did.
type reindexed struct {
	dropped int
	elapsed time.Duration
	report  retrieval.FillReport
	serving string // the model that the desk searches by
}

func (c kbReindexCmd) fill(ctx context.Context, a *app, index *retrieval.Index) (reindexed, error) {
	missing, err := index.Missing(ctx)
	if err != nil {
		return reindexed{}, err
	}
	started := a.clock()
	bar := newProgress(a.err, "passages", missing)
	report, err := index.Fill(ctx, retrieval.FillOptions{AllowMissing: c.AllowMissing, Progress: bar.set})
	bar.done()
	if err != nil {
		printPassageProblems(a, report)
		if ctx.Err() != nil {
			_, _ = fmt.Fprintln(a.err, "Stopped. The vectors made so far stay; run the same command again to go on.")
		}
		return reindexed{}, err
	}
	return reindexed{elapsed: a.clock().Sub(started), report: report}, nil
}

// dropOld deletes the other models once the services have followed to this one.
func dropOld(ctx context.Context, index *retrieval.Index) (dropped int, err error) {
	select {
	case <-ctx.Done():
		return 0, ctx.Err()
	case <-time.After(dropWait):
	}
	return index.DropOtherModels(ctx)
}

// reindexReport is what the command prints with --json.
type reindexReport struct {
	Dropped int              `json:"models_dropped"`
	Made    int              `json:"vectors_made"`
	Missing []missingPassage `json:"missing"`
	Model   string           `json:"model"`
	Seconds float64          `json:"seconds"`
	Serving string           `json:"serving"` // the model that the desk searches by
}

// missingPassage is a passage that the model could not embed.
type missingPassage struct {
	Error   string `json:"error"`
	Locale  string `json:"locale"`
	Passage int    `json:"passage"` // 1-based
	Slug    string `json:"slug"`
}

func (c kbReindexCmd) print(a *app, index *retrieval.Index, done reindexed) error {
	printPassageProblems(a, done.report)
	if c.JSON {
		report := reindexReport{
			Dropped: done.dropped, Made: done.report.Made, Missing: []missingPassage{}, Model: index.Model(),
			Seconds: done.elapsed.Seconds(), Serving: done.serving,
		}
		for _, p := range done.report.Problems {
			report.Missing = append(report.Missing, missingPassage{
				Error: p.Cause.Error(), Locale: p.Locale, Passage: p.Passage, Slug: p.Slug,
			})
		}
		return printJSON(a, report)
	}
	_, _ = fmt.Fprintf(a.out, "%d vectors made in %s; the desk searches by %s\n",
		done.report.Made, done.elapsed.Round(time.Millisecond), done.serving)
	if missing := len(done.report.Problems); missing > 0 {
		_, _ = fmt.Fprintf(a.out, "%d passages lack a vector of %s%s\n", missing, index.Model(), c.advice(done.report))
	}
	if c.DropOld && done.report.Active {
		_, _ = fmt.Fprintf(a.out, "%d other models dropped\n", done.dropped)
	}
	return nil
}

// advice says what to do about passages that lack a vector.
func (kbReindexCmd) advice(report retrieval.FillReport) string {
	if report.Active {
		return " and are found by their words only"
	}
	return ": change them and run the same command again, or change over without them with --allow-missing"
}

// printPassageProblems lists the passages that a model could not embed.
func printPassageProblems(a *app, report retrieval.FillReport) {
	for _, problem := range report.Problems {
		_, _ = fmt.Fprintf(a.err, "%v\n", problem)
	}
}

// open returns the index of the model to change to.
func (c kbReindexCmd) open(ctx context.Context, a *app, s *system) (*retrieval.Index, error) {
	wanted := retrieval.ModelInfo{
		Dimensions: cmp.Or(c.Dimensions, a.config.EmbeddingDimensions), Name: cmp.Or(c.Model, a.config.EmbeddingModel, builtinPrefix),
	}
	switch {
	case c.Model == builtinPrefix:
		return s.opener.open(ctx, localModel(embed.New()))
	case wanted.Name == builtinPrefix:
		return s.opener.open(ctx, s.opener.own)
	}
	patient, err := openEmbedder(a.config, s.opener.parts,
		llm.Config{EmbeddingDimensions: wanted.Dimensions, EmbeddingModel: wanted.Name},
		llm.ResilienceConfig{BackoffMax: reindexBackoffMax, BreakerMinCalls: 1000, MaxRetries: reindexRetries})
	if err != nil {
		return nil, err
	}
	if patient == nil {
		return nil, errNoModel(wanted.Name)
	}
	model := providerModel(patient)
	model.Embed = paced(model.Embed, c.Rate)
	return s.opener.open(ctx, model)
}

// paced holds calls back so that no more than rate texts a second are sent; 0 holds nothing back.
func paced(next retrieval.EmbedFunc, rate float64) retrieval.EmbedFunc {
	if rate == 0 {
		return next
	}
	turn := make(chan struct{}, 1) // one call after another: four in flight would come in bursts
	return func(ctx context.Context, texts []string) ([][]float32, error) {
		select {
		case turn <- struct{}{}:
			defer func() { <-turn }()
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		wait := time.NewTimer(time.Duration(float64(len(texts)) / rate * float64(time.Second)))
		defer wait.Stop()
		vectors, err := next(ctx, texts)
		if err != nil {
			return nil, err
		}
		select {
		case <-wait.C:
			return vectors, nil
		case <-ctx.Done():
			return nil, errors.Join(ctx.Err())
		}
	}
}
