package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
	"golang.org/x/sync/errgroup"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/assistant/confidence"
	"github.com/deskhand/deskhand/assistant/guard"
	"github.com/deskhand/deskhand/assistant/jobs"
	"github.com/deskhand/deskhand/assistant/lang"
	"github.com/deskhand/deskhand/assistant/live"
	"github.com/deskhand/deskhand/assistant/llm"
	"github.com/deskhand/deskhand/assistant/postgres"
	"github.com/deskhand/deskhand/assistant/redact"
	"github.com/deskhand/deskhand/assistant/trace"
	"github.com/deskhand/deskhand/assistant/triage"
	"github.com/deskhand/deskhand/evals/online"
	"github.com/deskhand/deskhand/prompts"
	"github.com/deskhand/deskhand/retrieval"
	"github.com/deskhand/deskhand/retrieval/embed"
)

// knowledge is the part of the program that needs no database: what it knows about language, risk and words.
type knowledge struct {
	confidence confidence.Model
	guard      *guard.Guard
	lang       *lang.Detector
	prompts    *prompts.Library
	redactor   *redact.Redactor
	triager    *triage.Triager
}

// loadKnowledge loads its parts side by side: they need each other only when all are there, and a start waits for the longest.
func loadKnowledge(c config) (knowledge, error) {
	var model confidence.Model
	var triager *triage.Triager
	var loading errgroup.Group
	loading.Go(func() (err error) {
		triager, err = openTriager(c)
		return err
	})
	loading.Go(func() (err error) {
		model, err = openConfidence(c)
		return err
	})
	k, err := loadRules(c)
	if err := cmp.Or(err, loading.Wait()); err != nil {
		return knowledge{}, err
	}
	k.confidence, k.triager = model, triager
	return k, nil
}

// loadRules loads what holds for every text, which is quickly there: all but what the assistant answers with.
func loadRules(c config) (knowledge, error) {
	var k knowledge
	var loading errgroup.Group
	loading.Go(func() (err error) {
		if k.guard, err = guard.New(); err != nil {
			return fmt.Errorf("load guard: %w", err)
		}
		return nil
	})
	loading.Go(func() (err error) {
		if k.lang, err = lang.New(); err != nil {
			return fmt.Errorf("load language model: %w", err)
		}
		return nil
	})
	loading.Go(func() (err error) {
		k.prompts, err = prompts.New()
		return err
	})
	loading.Go(func() (err error) {
		if k.redactor, err = redact.New(redact.Config{PII: c.RedactPII}); err != nil {
			return fmt.Errorf("load redactor: %w", err)
		}
		return nil
	})
	vectors := embed.New() // the guard's thresholds were fitted with the built-in table, whatever the articles are searched with
	if err := loading.Wait(); err != nil {
		return knowledge{}, err
	}
	k.guard = k.guard.WithDetector(languageAlone(k.lang)).WithVectors(guard.Vectors{Dimensions: vectors.Dimensions(), Weigh: vectors.Weigh})
	return k, nil
}

// openIndex returns the knowledge base on a migrated database, with the built-in terms and the desk's own.
func openIndex(ctx context.Context, config retrieval.Config) (*retrieval.Index, error) {
	own, version, err := retrieval.Glossary{Pool: config.Pool}.Concepts(ctx)
	if err != nil {
		return nil, err
	}
	if config.Analyzer, err = retrieval.NewAnalyzer(own...); err != nil {
		return nil, err
	}
	config.TermsVersion = version
	index, err := retrieval.New(config)
	if err != nil {
		return nil, err
	}
	if _, err := index.Register(ctx); err != nil {
		return nil, err
	}
	return index, nil
}

// system is the wired program on one database.
type system struct {
	answers   llm.Model // models.chat, with what it has answered before
	app       *app
	config    config
	database  *database
	desk      *retrieval.Desk // index, and whatever replaces it while the program runs
	index     *retrieval.Index
	knowledge knowledge
	live      *live.Hub // passes events on once it runs
	ledger    *postgres.Ledger
	models    models
	opener    *modelOpener
	pool      *pgxpool.Pool
	queue     *jobs.Queue
	replicas  *retrieval.Replicas // nil without one
	runs      *runMetrics         // nil where nobody reads them
	shadowing *online.Shadow      // nil without a candidate
	standby   *standby            // nil without a provider's embedding model
	shut      func()              // closes the replicas; nil before they are open
	store     *postgres.Store
	tracer    *trace.Tracer // nil without a collector
	vault     *postgres.Vault
}

// openSystem connects, migrates and wires. The caller closes it.
func openSystem(ctx context.Context, a *app, metrics *modelMetrics) (*system, error) {
	s := &system{app: a, config: a.config}
	if err := s.open(ctx, a, metrics); err != nil {
		return nil, errors.Join(err, s.close(ctx))
	}
	return s, nil
}

func (s *system) open(ctx context.Context, a *app, metrics *modelMetrics) error {
	var err error
	if s.tracer, err = openTracer(a); err != nil {
		return err
	}
	if s.opener, err = newModelOpener(a); err != nil {
		return err
	}
	// The database is got ready while the models are read.
	loading := make(chan error, 1)
	go func() {
		var err error
		s.knowledge, err = a.load(a.config)
		loading <- err
	}()
	queue, err := s.connect(ctx, a)
	if err := cmp.Or(<-loading, err); err != nil {
		return err
	}
	s.ledger = postgres.NewLedger(s.pool)
	parts := modelParts{clock: a.clock, ledger: s.ledger, logger: a.logger, metrics: metrics}
	if s.replicas, s.shut, err = openReplicas(ctx, a.config); err != nil {
		return err
	}
	s.opener.base.Replicas = s.replicas
	s.opener.base.Pool, s.opener.base.Changed, s.opener.parts = s.pool, articleChanged(s.store, queue), parts
	return s.attach(ctx, parts)
}

// connect opens the database, brings it to the schema of this build, and returns the queue of its jobs.
func (s *system) connect(ctx context.Context, a *app) (*jobs.Queue, error) {
	var err error
	if s.database, err = openDatabase(ctx, a); err != nil {
		return nil, err
	}
	if s.pool, s.vault, err = a.openSealed(ctx, s.database.url); err != nil {
		return nil, err
	}
	queue, err := jobs.NewQueue(s.pool, a.logger)
	if err != nil {
		return nil, err
	}
	s.queue = queue
	s.store = postgres.New(s.pool, a.clock, queue.Enqueue).WithWebhooks(queue.Deliver).WithVault(s.vault)
	s.live = newHub(a, s.store)
	s.store = s.store.WithLive(s.live.Expect)
	return queue, nil
}

// openDesk opens what people at the desk and its administrators need: the database and the rules, but nothing that answers. It
// takes a tenth of the time. The caller closes it.
func openDesk(ctx context.Context, a *app) (*system, error) {
	s := &system{app: a, config: a.config}
	var err error
	if s.knowledge, err = loadRules(a.config); err != nil {
		return nil, err
	}
	if _, err := s.connect(ctx, a); err != nil {
		return nil, errors.Join(err, s.close(ctx))
	}
	return s, nil
}

// attach opens the models, and the knowledge base that is searched by one of them.
func (s *system) attach(ctx context.Context, parts modelParts) error {
	var err error
	if s.models, err = openModels(s.config, parts); err != nil {
		return err
	}
	s.models.chat, s.models.embed = s.tracer.Model(s.models.chat), s.tracer.Embedder(s.models.embed)
	configured := s.opener.own
	if e := s.models.embed; e != nil {
		configured = providerModel(e)
	}
	if s.index, err = s.opener.openDesk(ctx, configured); err != nil {
		return err
	}
	s.desk = retrieval.NewDesk(s.index, s.opener.reopen)
	if s.standby, err = newStandby(s); err != nil || s.models.chat == nil {
		return err
	}
	s.answers, err = llm.NewCachedModel(s.models.chat, answersCached)
	return err
}

// assistant returns the pipeline on a store: the database's, or one in memory.
func (s *system) assistant(store assistant.Store, clock func() time.Time) *assistant.Assistant {
	observe := s.runs.around(s.tracer.Run)
	if s.shadowing != nil {
		observe = s.shadowing.Around(observe)
	}
	return newAssistant(s.knowledge, s.answers, assistant.Config{
		Clock: clock, Deadline: s.config.RequestDeadline, Observe: observe, Search: s.search, Store: store,
	})
}

// translator translates for agents; nil without a language model.
func (s *system) translator() assistant.TranslateFunc {
	if s.answers == nil {
		return nil
	}
	return assistant.ModelTranslator(s.answers, s.knowledge.prompts)
}

// newAssistant adds what the program knows to a pipeline's connections.
func newAssistant(k knowledge, chat llm.Model, c assistant.Config) *assistant.Assistant {
	if chat != nil {
		c.Draft, c.Drafter = assistant.ModelDrafter(chat, k.prompts), chat.Name()
	}
	c.Confidence = k.confidence
	c.Guard = k.guard
	c.Language = k.lang.Detect
	c.NewID = func() uuid.UUID { return uuid.Must(uuid.NewV7()) }
	c.Prompts = k.prompts
	c.Redactor = k.redactor
	c.Triager = k.triager
	return assistant.New(c)
}

func (s *system) close(ctx context.Context) error {
	closeTracer(ctx, s.app, s.tracer)
	if s.shut != nil {
		s.shut()
	}
	if s.pool != nil {
		s.pool.Close()
	}
	if s.database == nil {
		return nil
	}
	return s.database.close(ctx)
}

// languageAlone is what the guard asks about a sentence: nothing else is known of it.
func languageAlone(detector *lang.Detector) guard.Detector {
	return func(text string) (string, float64) {
		guess := detector.Detect(text, lang.Hint{})
		return guess.Tag, guess.Certainty
	}
}
