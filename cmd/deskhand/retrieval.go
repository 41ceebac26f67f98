package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"runtime"
	"slices"

	"github.com/deskhand/deskhand/assistant/postgres"
	"github.com/deskhand/deskhand/evals"
	"github.com/deskhand/deskhand/migrations"
	"github.com/deskhand/deskhand/retrieval"
)

type evalRetrievalCmd struct {
	DocLangs     []string `help:"Languages of the articles to search. Default: those of the desk." name:"doc-langs" placeholder:"TAG"`
	Index        string   `default:"bodies" enum:"bodies,all" help:"What of an article is searched: bodies, or all with the titles (${default})." placeholder:"WHAT"`
	JSON         bool     `help:"Print one JSON object." name:"json"`
	KB           string   `help:"Articles: a file with one JSON object a line." name:"kb" placeholder:"FILE" required:"" type:"existingfile"`
	Queries      string   `help:"Questions: a file with one JSON object a line." placeholder:"FILE" required:"" type:"existingfile"`
	QueryLangs   []string `help:"Languages of the questions to ask. Default: those of the desk." name:"query-langs" placeholder:"TAG"`
	SameLanguage bool     `help:"Search for each question among the articles of its own language only." name:"same-language"`
}

// Help is shown by --help.
func (evalRetrievalCmd) Help() string {
	return `Articles: {"id", "key", "lang", "title", "body"}; the key is the same in every language.
Questions: {"id", "lang", "query", "relevant_key", "also_relevant_keys"}; what is found is right when its key is one of these.

The articles are imported into a scratch database that is dropped afterwards; the desk is not touched. Beside the search
stands plain BM25, over words, or over pairs of characters in Chinese, Japanese, Korean and Thai.

Examples:
  deskhand eval retrieval --kb kb.jsonl --queries queries.jsonl --same-language
  deskhand eval retrieval --kb kb.jsonl --queries queries.jsonl --query-langs zh-Hans,ar --doc-langs en --json
  deskhand --embedder-table desk.bin eval retrieval --kb kb.jsonl --queries queries.jsonl --doc-langs en`
}

// Run implements the command.
func (c evalRetrievalCmd) Run(ctx context.Context, a *app) error {
	articles, err := readRows[evals.ArticleRow](c.KB)
	if err != nil {
		return err
	}
	questions, err := readRows[evals.QuestionRow](c.Queries)
	if err != nil {
		return err
	}
	collections, left, err := evals.NewCollections(articles, questions, evals.RetrievalOptions{
		DocLangs: c.DocLangs, QueryLangs: c.QueryLangs, SameLanguage: c.SameLanguage, Titles: c.Index == "all",
	})
	printLeftOut(a.err, left)
	if err != nil {
		return fmt.Errorf("%w: %w", errConfig, err)
	}
	found, err := measureRetrieval(ctx, a, collections)
	if err != nil {
		return err
	}
	report := evals.NewRetrievalReport(found)
	if c.JSON {
		return printJSON(a, report)
	}
	return report.WriteTable(a.out)
}

func printLeftOut(w io.Writer, left evals.LeftOut) {
	line := func(noun string, byLang map[string]int) {
		total := 0
		for _, n := range byLang {
			total += n
		}
		if total > 0 {
			_, _ = fmt.Fprintf(w, "left out: %d %s in other languages than the desk's: %v\n", total, noun, slices.Sorted(maps.Keys(byLang)))
		}
	}
	line("articles", left.Articles)
	line("questions", left.Questions)
	if left.Unanswerable > 0 {
		_, _ = fmt.Fprintf(w, "left out: %d questions that no article answers in the languages searched\n", left.Unanswerable)
	}
}

// measureRetrieval asks the questions of each collection in a database that holds nothing else.
func measureRetrieval(ctx context.Context, a *app, collections []evals.Collection) (found []evals.Found, err error) {
	model, err := configuredModel(a)
	if err != nil {
		return nil, err
	}
	database, err := openDatabase(ctx, a)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, database.close(ctx)) }()
	steps := 0
	for _, c := range collections {
		steps += len(c.Articles) + len(c.Questions)
	}
	run := retrievalRun{app: a, bar: newProgress(a.err, "articles and questions", steps), database: database, model: model}
	defer run.bar.done()
	for _, c := range collections {
		some, err := run.measure(ctx, c)
		if err != nil {
			return nil, err
		}
		found = append(found, some...)
	}
	return found, nil
}

// retrievalRun is what the collections of one measurement share.
type retrievalRun struct {
	app      *app
	bar      *progress
	database *database
	done     int // articles and questions of the collections before
	model    retrieval.EmbeddingModel
}

// configuredModel is the provider's embedding model, or without one the desk's own or the built-in table.
func configuredModel(a *app) (retrieval.EmbeddingModel, error) {
	m, err := openModels(a.config, modelParts{clock: a.clock, logger: a.logger})
	if err != nil {
		return retrieval.EmbeddingModel{}, err
	}
	if m.embed != nil {
		return providerModel(m.embed), nil
	}
	embedder, err := openTable(a.config)
	if err != nil {
		return retrieval.EmbeddingModel{}, err
	}
	return localModel(embedder), nil
}

func (r *retrievalRun) measure(ctx context.Context, c evals.Collection) (found []evals.Found, err error) {
	// Ctrl-C must not come between the creation of the database and the knowledge that it has to be dropped.
	url, drop, err := createScratch(context.WithoutCancel(ctx), r.database)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, drop()) }()
	pool, err := postgres.Open(ctx, url)
	if err != nil {
		return nil, err
	}
	defer pool.Close()
	if err := migrations.Up(ctx, pool); err != nil {
		return nil, err
	}
	index, err := openIndex(ctx, retrieval.Config{Model: r.model, Pool: pool})
	if err != nil {
		return nil, err
	}
	report, err := index.Import(ctx, c.Import(), retrieval.ImportOptions{
		Progress: func(report retrieval.Report) { r.bar.set(r.done + report.Added) }, Source: "eval",
	})
	for _, problem := range report.Problems {
		_, _ = fmt.Fprintf(r.app.err, "%v\n", problem) // its questions still count, as not found
	}
	if err != nil {
		return nil, err
	}
	r.done += len(c.Articles)
	r.bar.set(r.done)
	searcher := evals.Searcher{Clock: r.app.clock, Parallel: runtime.GOMAXPROCS(0), Progress: r.bar.add, Search: index.Search}
	found, err = searcher.Ask(ctx, c)
	r.done += len(c.Questions)
	return found, err
}
