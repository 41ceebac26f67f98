package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"runtime/debug"
	"time"

	"github.com/deskhand/deskhand/assistant/guard"
	"github.com/deskhand/deskhand/retrieval"
	"github.com/deskhand/deskhand/retrieval/files"
)

// cliActor is who changes something on the command line, in histories and the audit log.
const cliActor = "cli"

// importMemory is what an import's garbage is collected for, in bytes: it needs half of that, and without a limit the heap grows
// to twice what it needs before it is looked at. With the program itself an import stays within 150 MB.
const importMemory = 112 << 20

type kbImportCmd struct {
	DryRun bool     `help:"Say what would be added, changed and removed, and change nothing." name:"dry-run"`
	Format string   `default:"auto" enum:"auto,docusaurus,html,hugo,jsonl,markdown,zendesk" help:"Read the files as auto, docusaurus, html, hugo, jsonl, markdown or zendesk; auto looks at them (${default})." placeholder:"NAME"`
	Gate   string   `help:"Import only when no answer of this suite gets worse by it; the comparison goes to standard error." placeholder:"SUITE" type:"existingfile"`
	JSON   bool     `help:"Print one JSON object for each path." name:"json"`
	Locale string   `help:"Language of pages that do not name theirs." placeholder:"TAG"`
	Path   []string `arg:"" help:"Files, or folders of them: Markdown with front matter, HTML, JSONL, a Zendesk export, a Docusaurus or Hugo site." optional:"" type:"path"`
	Prune  bool     `help:"Delete articles of the same path that are no longer there."`
	Sample bool     `help:"Import the sample knowledge base of the invented exchange Quayside and its official channels."`
}

// Help is shown by --help.
func (kbImportCmd) Help() string {
	return `A repeated import changes only what changed, and only that is embedded again; after Ctrl-C, run it again to go on. A bad file
is reported with its line and does not stop the rest; the exit code is then 1.

With --gate, the suite is run twice on a copy of the desk's articles, as they are and as they would be, under the desk's own policy
and channels; the exit code is 1 and nothing is imported when something gets worse, 2 when that cannot be said.

Zendesk: a folder or file of JSON as the Help Center API returns it (articles, translations, sections, categories). The slug is
the article's number; labels become intents where they name one; outdated translations feed no automatic answer.
Docusaurus and Hugo: the folder of the site. Translations are found by their folders.
HTML: title, language and canonical address come from the head; navigation, footers and forms are left out.

Examples:
  deskhand kb import --sample
  deskhand kb import --prune ./help-centre
  deskhand kb import --dry-run --prune ./help-centre
  deskhand kb import --gate evals/suites/answers.yaml --prune ./help-centre
  deskhand kb import --format zendesk ./export
  deskhand kb import --format html --locale en ./pages`
}

// Validate reports a setting that cannot work.
func (c kbImportCmd) Validate() error {
	if c.Gate != "" && (c.Sample || c.DryRun) {
		return fmt.Errorf("%w: --gate decides about an import of files: leave --sample and --dry-run out", errConfig)
	}
	if c.Locale == "" {
		return nil
	}
	if _, ok := retrieval.Locale(c.Locale); !ok {
		return fmt.Errorf("%w: --locale %q is not a language: use a BCP 47 tag like en or zh-Hans", errConfig, c.Locale)
	}
	return nil
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
	debug.SetMemoryLimit(importMemory)
	return withSystem(ctx, a, func(s *system) error {
		importJobs, err := c.jobs(s)
		if err != nil {
			return err
		}
		if c.Gate != "" {
			if err := c.gate(ctx, a, s, importJobs); err != nil {
				return err
			}
		}
		var failed error // the first bad file must not keep the other paths out
		if c.Sample {
			failed = importSample(ctx, a, s)
		}
		for _, job := range importJobs {
			if failed != nil && !errors.Is(failed, errFailed) {
				return failed
			}
			failed = cmp.Or(c.importSource(ctx, a, s.index, job), failed)
		}
		return failed
	})
}

// jobs opens every path.
func (c kbImportCmd) jobs(s *system) ([]importJob, error) {
	opened := make([]importJob, len(c.Path))
	for i, path := range c.Path {
		source, err := files.Open(path, files.Options{Format: files.Format(c.Format), Intents: intentIDs(s), Locale: c.Locale})
		if err != nil {
			return nil, fmt.Errorf("%w: %w", errConfig, err)
		}
		opened[i] = importJob{path: path, source: source}
	}
	return opened, nil
}

// importJob is one path to import.
type importJob struct {
	path   string
	source files.Source
}

func (c kbImportCmd) importSource(ctx context.Context, a *app, index *retrieval.Index, job importJob) error {
	bar := newImportProgress(a.err, job.source)
	run := importRun{
		app: a, index: index, json: c.JSON,
		options: retrieval.ImportOptions{
			Actor: cliActor, DryRun: c.DryRun, Progress: bar.set, Prune: c.Prune, Source: job.path,
		},
	}
	err := run.do(ctx, job.source.Articles, bar.done)
	if err != nil && !errors.Is(err, errFailed) {
		_, _ = fmt.Fprintln(a.err, "Stopped. What was imported stays; run the same command again to go on.")
	}
	return err
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
	options := retrieval.ImportOptions{Actor: cliActor, Prune: true, Source: sampleSource}
	return importArticles(ctx, a, s.index, files.FS(retrieval.Sample()), options)
}

// importArticles runs one import and prints what it did and what was wrong; errFailed stands for files that were.
func importArticles(
	ctx context.Context, a *app, index *retrieval.Index, articles iter.Seq2[retrieval.Article, error], options retrieval.ImportOptions,
) error {
	bar := newProgress(a.err, "articles", 0)
	options.Progress = func(r retrieval.Report) { bar.set(r.Added + r.Updated + r.Unchanged) }
	run := importRun{app: a, index: index, options: options}
	return run.do(ctx, articles, bar.done)
}

// importRun is one import with what it prints.
type importRun struct {
	app     *app
	index   *retrieval.Index
	json    bool
	options retrieval.ImportOptions
}

func (r importRun) do(ctx context.Context, articles iter.Seq2[retrieval.Article, error], done func()) error {
	if !r.options.DryRun {
		if err := r.fill(ctx); err != nil {
			return err
		}
	}
	started := r.app.clock()
	report, err := r.index.Import(ctx, articles, r.options)
	done()
	for _, problem := range report.Problems {
		_, _ = fmt.Fprintf(r.app.err, "%v\n", problem)
	}
	for _, file := range report.Converted {
		_, _ = fmt.Fprintf(r.app.err, "converted to UTF-8: %s\n", file)
	}
	if err != nil {
		return err
	}
	elapsed := r.app.clock().Sub(started)
	if r.json {
		err = printJSON(r.app, importJSON(r.options, report, elapsed))
	} else {
		err = printImport(r.app.out, r.options, report, elapsed)
	}
	if err == nil && len(report.Problems) > 0 {
		return errFailed
	}
	return err
}

// fill completes the model that the import works with. What it cannot embed does not stop the import, as long as the desk searches by
// that model.
func (r importRun) fill(ctx context.Context) error {
	report, err := r.index.Fill(ctx, retrieval.FillOptions{})
	if err != nil {
		return err
	}
	printPassageProblems(r.app, report)
	if !report.Active {
		_, _ = fmt.Fprintf(r.app.err, "Nothing was imported: the desk does not search by %s yet; see \"deskhand kb reindex --help\".\n",
			r.index.Model())
		return errFailed
	}
	return nil
}

func printImport(w io.Writer, options retrieval.ImportOptions, report retrieval.Report, elapsed time.Duration) error {
	if !options.DryRun {
		_, err := fmt.Fprintf(w, "%s: %d added, %d updated, %d unchanged, %d removed, %d with problems; %d passages embedded in %s\n",
			options.Source, report.Added, report.Updated, report.Unchanged, report.Pruned, len(report.Problems), report.Embedded,
			elapsed.Round(time.Millisecond))
		return err
	}
	for _, change := range report.Changes {
		_, _ = fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", change.Action, change.Slug, change.Locale, change.File)
	}
	_, err := fmt.Fprintf(w, "%s: %d to add, %d to update, %d unchanged, %d to remove, %d with problems; nothing was changed\n",
		options.Source, report.Added, report.Updated, report.Unchanged, report.Pruned, len(report.Problems))
	return err
}

// importReport is what an import prints as JSON.
type importReport struct {
	Added     int                      `json:"added"`
	Changes   []retrieval.ImportChange `json:"changes,omitempty"`
	Converted []string                 `json:"converted,omitempty"`
	DryRun    bool                     `json:"dry_run"`
	Embedded  int                      `json:"embedded"`
	Problems  []string                 `json:"problems"`
	Removed   int                      `json:"removed"`
	Seconds   float64                  `json:"seconds"`
	Source    string                   `json:"source"`
	Unchanged int                      `json:"unchanged"`
	Updated   int                      `json:"updated"`
}

func importJSON(options retrieval.ImportOptions, report retrieval.Report, elapsed time.Duration) importReport {
	out := importReport{
		Added: report.Added, Changes: report.Changes, Converted: report.Converted, DryRun: options.DryRun, Embedded: report.Embedded,
		Problems: []string{}, Removed: report.Pruned, Seconds: elapsed.Seconds(), Source: options.Source,
		Unchanged: report.Unchanged, Updated: report.Updated,
	}
	for _, problem := range report.Problems {
		out.Problems = append(out.Problems, problem.Error())
	}
	return out
}
