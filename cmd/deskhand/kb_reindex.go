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
	Dimensions int     `help:"Length of the model's vectors. Default: --embedding-dimensions." placeholder:"N"`
	DropOld    bool    `help:"Afterwards delete the vectors of every other model." name:"drop-old"`
	Model      string  `help:"The embedding model to change to; \"builtin\" for the built-in one. Default: --embedding-model, --embedder-table, or else the built-in one." placeholder:"NAME"`
	Rate       float64 `help:"Passages a second at most. Default: as fast as the model answers." placeholder:"N"`
}

// Help is shown by --help.
func (kbReindexCmd) Help() string {
	return `The vectors of the new model are made beside those of the old one, while searches go on with the old one. When none is missing,
the desk switches in one transaction, and services follow within seconds. After Ctrl-C or a failure, run it again: it goes on
where it was. The old vectors stay until --drop-old, so switching back costs nothing.

Examples:
  deskhand kb reindex --model text-embedding-3-large --dimensions 3072
  deskhand kb reindex --model bge-m3 --dimensions 1024 --rate 50 --drop-old
  deskhand --embedder-table desk.bin kb reindex
  deskhand kb reindex --model builtin`
}

// Validate reports a setting that cannot work.
func (c kbReindexCmd) Validate() error {
	if c.Rate < 0 {
		return fmt.Errorf("%w: --rate must be positive, it is %v", errConfig, c.Rate)
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
		missing, err := index.Missing(ctx)
		if err != nil {
			return err
		}
		started := a.clock()
		bar := newProgress(a.err, "passages", missing)
		err = index.Fill(ctx, bar.set)
		bar.done()
		if err != nil {
			if ctx.Err() != nil {
				_, _ = fmt.Fprintln(a.err, "Stopped. The vectors made so far stay; run the same command again to go on.")
			}
			return err
		}
		_, _ = fmt.Fprintf(a.out, "%d vectors made in %s; the desk searches by %s\n",
			missing, a.clock().Sub(started).Round(time.Millisecond), index.Model())
		if !c.DropOld {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(dropWait):
		}
		dropped, err := index.DropOtherModels(ctx)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(a.out, "%d other models dropped\n", dropped)
		return err
	})
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
