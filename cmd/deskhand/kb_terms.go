package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"

	"github.com/jackc/pgx/v5"

	"github.com/deskhand/deskhand/assistant/postgres"
	"github.com/deskhand/deskhand/retrieval"
	"github.com/deskhand/deskhand/retrieval/lexical"
	"github.com/deskhand/deskhand/retrieval/terms"
)

type kbTermsCmd struct {
	Export kbTermsExportCmd `cmd:"" help:"Write the desk's own terms into a file."`
	Import kbTermsImportCmd `cmd:"" help:"Add terms, or replace those of the same concepts."`
	List   kbTermsListCmd   `cmd:"" help:"List the desk's own terms."`
	Remove kbTermsRemoveCmd `cmd:"" help:"Forget concepts."`
}

// glossary is the desk's own terms; each change of them gets an audit entry with who made it.
func (s *system) glossary(actor string) retrieval.Glossary {
	return retrieval.Glossary{Pool: s.pool, Changed: func(ctx context.Context, tx pgx.Tx, change retrieval.GlossaryChange) error {
		action := "terms.import"
		if len(change.Removed) > 0 {
			action = "terms.remove"
		}
		return s.store.Audit(ctx, tx, postgres.Entry{
			Action: action, Actor: actor, SubjectID: "terms", SubjectKind: "terms",
			Detail: map[string]any{"added": len(change.Added), "removed": len(change.Removed), "updated": len(change.Updated)},
		})
	}}
}

type kbTermsImportCmd struct {
	DryRun bool   `help:"Say what would change, and change nothing." name:"dry-run"`
	File   string `arg:"" help:"A .tsv or .tbx file; - reads standard input, with --format." placeholder:"FILE"`
	Format string `enum:",tsv,tbx" default:"" help:"tsv or tbx. Default: what the file's name ends in." placeholder:"NAME"`
	JSON   bool   `help:"Print one JSON object." name:"json"`
}

// Help is shown by --help.
func (kbTermsImportCmd) Help() string {
	return `A concept is one thing with the ways to say it. Whoever writes one of them finds what is written with another, in any language.
The built-in glossary stays in force; a concept that begins with the same English term adds to the built-in one.

TSV: the first line names the languages, each other line is a concept, the terms of a language are separated by bars:
  en<TAB>zh-Hans<TAB>es
  piggy bank|savings jar<TAB>储蓄罐<TAB>hucha
TBX: ISO 30042, as of 2019 (tbx) or before (martif).

A concept of the same name is replaced, others stay; the same file again changes nothing. The articles are then analysed
again while searches go on; running services take the terms within seconds.

Examples:
  deskhand kb terms import terms.tsv --dry-run
  deskhand kb terms import terms.tbx
  deskhand kb terms export - | deskhand kb terms import --format tsv -`
}

// termsReport is what an import prints with --json.
type termsReport struct {
	Added      []string `json:"added"`
	Reanalysed int      `json:"articles_analysed"`
	Removed    []string `json:"removed"`
	Unchanged  []string `json:"unchanged"`
	Updated    []string `json:"updated"`
}

// Run implements the command.
func (c kbTermsImportCmd) Run(ctx context.Context, a *app) error {
	concepts, err := c.read(a.in)
	if err != nil {
		return err
	}
	return withSystem(ctx, a, func(s *system) error {
		if c.DryRun {
			change, err := s.glossary("cli").Foresee(ctx, concepts)
			if err != nil {
				return err
			}
			return printTermsChange(a, change, termsOutput{dry: "would be ", json: c.JSON})
		}
		change, err := s.glossary("cli").Save(ctx, concepts)
		if err != nil {
			return termsError(err)
		}
		analysed, err := reanalyse(ctx, a, s)
		if err != nil {
			return err
		}
		return printTermsChange(a, change, termsOutput{analysed: analysed, json: c.JSON})
	})
}

func (c kbTermsImportCmd) read(in io.Reader) ([]lexical.Concept, error) {
	format := terms.Format(cmp.Or(c.Format, strings.TrimPrefix(strings.ToLower(filepath.Ext(c.File)), ".")))
	if format != terms.FormatTSV && format != terms.FormatTBX {
		return nil, fmt.Errorf("%w: %s is neither .tsv nor .tbx: say which with --format", errConfig, c.File)
	}
	if c.File != "-" {
		file, err := os.Open(c.File)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", errConfig, err)
		}
		defer func() { _ = file.Close() }() // only read
		in = file
	}
	concepts, err := terms.ReadConcepts(in, format)
	if problem, ok := errors.AsType[*terms.Problem](err); ok {
		return nil, fmt.Errorf("%w: %s: %w", errConfig, c.File, problem)
	}
	return concepts, err
}

func termsError(err error) error {
	if errors.Is(err, retrieval.ErrTooManyTerms) {
		return fmt.Errorf("%w: %w", errConfig, err)
	}
	return err
}

// reanalyse brings the articles up to the terms of now. Broken off, the next import or start of a service goes on.
func reanalyse(ctx context.Context, a *app, s *system) (done int, err error) {
	index, ok, err := s.opener.reopen(ctx, s.index.ModelInfo())
	if err == nil && !ok {
		err = errNoModel(s.index.Model())
	}
	if err != nil {
		return 0, err
	}
	outdated, err := index.Outdated(ctx)
	if err != nil || outdated == 0 {
		return 0, err
	}
	bar := newProgress(a.err, "articles", outdated)
	defer bar.done()
	done, err = index.Reanalyse(ctx, bar.set)
	if err != nil && ctx.Err() != nil {
		_, _ = fmt.Fprintln(a.err, "Stopped. The terms are kept; run the same command again to go on.")
	}
	return done, err
}

// termsOutput says how a change is printed.
type termsOutput struct {
	analysed int
	dry      string
	json     bool
}

func printTermsChange(a *app, change retrieval.GlossaryChange, o termsOutput) error {
	if o.json {
		return printJSON(a, termsReport{
			Added: append([]string{}, change.Added...), Reanalysed: o.analysed, Removed: append([]string{}, change.Removed...),
			Unchanged: append([]string{}, change.Unchanged...), Updated: append([]string{}, change.Updated...),
		})
	}
	_, err := fmt.Fprintf(a.out, "concepts: %d %sadded, %d %supdated, %d unchanged, %d %sremoved; %d articles analysed again\n",
		len(change.Added), o.dry, len(change.Updated), o.dry, len(change.Unchanged), len(change.Removed), o.dry, o.analysed)
	return err
}

type kbTermsListCmd struct {
	JSON bool `help:"Print one JSON object." name:"json"`
}

// conceptJSON is a concept as --json prints it.
type conceptJSON struct {
	Concept string              `json:"concept"`
	Terms   map[string][]string `json:"terms"` // by language
}

// Run implements the command.
func (c kbTermsListCmd) Run(ctx context.Context, a *app) error {
	return withSystem(ctx, a, func(s *system) error {
		concepts, _, err := s.glossary("cli").Concepts(ctx)
		if err != nil {
			return err
		}
		if c.JSON {
			list := make([]conceptJSON, len(concepts))
			for i, concept := range concepts {
				list[i] = conceptJSON{Concept: concept.Name, Terms: make(map[string][]string)}
				for _, term := range concept.Terms {
					list[i].Terms[term.Locale] = append(list[i].Terms[term.Locale], term.Text)
				}
			}
			return printJSON(a, map[string]any{"concepts": list})
		}
		table := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
		_, _ = fmt.Fprintln(table, "CONCEPT\tLOCALE\tTERM")
		for _, concept := range concepts {
			for _, term := range concept.Terms {
				_, _ = fmt.Fprintf(table, "%s\t%s\t%s\n", concept.Name, term.Locale, term.Text)
			}
		}
		return table.Flush()
	})
}

type kbTermsRemoveCmd struct {
	Concepts []string `arg:"" help:"Names, from \"deskhand kb terms list\"."`
}

// Help is shown by --help.
func (kbTermsRemoveCmd) Help() string {
	return `Only the desk's own terms can be removed; the built-in glossary stays.

Examples:
  deskhand kb terms remove piggy-bank`
}

// Run implements the command.
func (c kbTermsRemoveCmd) Run(ctx context.Context, a *app) error {
	return withSystem(ctx, a, func(s *system) error {
		change, err := s.glossary("cli").Remove(ctx, c.Concepts)
		if err != nil {
			return err
		}
		if len(change.Removed) == 0 {
			return fmt.Errorf("%w: no such concept: see \"deskhand kb terms list\"", errConfig)
		}
		analysed, err := reanalyse(ctx, a, s)
		if err != nil {
			return err
		}
		return printTermsChange(a, change, termsOutput{analysed: analysed})
	})
}

type kbTermsExportCmd struct {
	File   string `arg:"" help:"File to write, .tsv or .tbx; - prints." placeholder:"FILE"`
	Format string `enum:",tsv,tbx" default:"" help:"tsv or tbx. Default: what the file's name ends in, else tsv." placeholder:"NAME"`
}

// Help is shown by --help.
func (kbTermsExportCmd) Help() string {
	return `An import of the file changes nothing.

Examples:
  deskhand kb terms export terms.tsv
  deskhand kb terms export --format tbx -`
}

// Run implements the command.
func (c kbTermsExportCmd) Run(ctx context.Context, a *app) error {
	return withSystem(ctx, a, func(s *system) error {
		concepts, _, err := s.glossary("cli").Concepts(ctx)
		if err != nil {
			return err
		}
		write := terms.WriteTSV
		if c.Format == string(terms.FormatTBX) || c.Format == "" && strings.EqualFold(filepath.Ext(c.File), ".tbx") {
			write = terms.WriteTBX
		}
		if c.File == "-" {
			return write(a.out, concepts)
		}
		file, err := os.Create(c.File)
		if err != nil {
			return fmt.Errorf("%w: %w", errConfig, err)
		}
		if err := errors.Join(write(file, concepts), file.Close()); err != nil {
			return err
		}
		_, err = fmt.Fprintf(a.out, "%d concepts written to %s\n", len(concepts), c.File)
		return err
	})
}
