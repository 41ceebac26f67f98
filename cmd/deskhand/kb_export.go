package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/deskhand/deskhand/retrieval"
	"github.com/deskhand/deskhand/retrieval/files"
)

type kbExportCmd struct {
	Dir    string `arg:"" help:"Folder to write into; it is made where it is missing." type:"path"`
	Format string `default:"markdown" enum:"markdown,jsonl" help:"markdown: one file for each article and language. jsonl: one file (${default})." placeholder:"NAME"`
}

// Help is shown by --help.
func (kbExportCmd) Help() string {
	return `Every article that is not deleted is written, drafts and internal ones too, as it was written last. Files of the same name are
replaced, no other file is touched. An import of the folder changes nothing.

Examples:
  deskhand kb export ./backup
  deskhand kb export --format jsonl ./backup`
}

// exportedLines is the name of the file of an export as JSONL.
const exportedLines = "articles.jsonl"

// Run implements the command.
func (c kbExportCmd) Run(ctx context.Context, a *app) error {
	return withSystem(ctx, a, func(s *system) error {
		if err := os.MkdirAll(c.Dir, 0o750); err != nil {
			return fmt.Errorf("%w: cannot make the folder: %w", errConfig, err)
		}
		// A root: no slug may lead out of the folder.
		root, err := os.OpenRoot(c.Dir)
		if err != nil {
			return fmt.Errorf("%w: cannot open the folder: %w", errConfig, err)
		}
		defer func() { _ = root.Close() }() // every file in it is closed
		export := exportFiles
		if c.Format == string(files.FormatJSONL) {
			export = exportLines
		}
		written, err := export(ctx, s.index, root)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(a.out, "%d articles written to %s\n", written, c.Dir)
		return err
	})
}

func exportFiles(ctx context.Context, index *retrieval.Index, root *os.Root) (written int, err error) {
	for article, err := range index.Export(ctx) {
		if err != nil {
			return written, err
		}
		name := filepath.FromSlash(files.MarkdownName(article))
		if err := root.MkdirAll(filepath.Dir(name), 0o750); err != nil {
			return written, fmt.Errorf("export %s: %w", article.Slug, err)
		}
		if err := root.WriteFile(name, files.Markdown(article), 0o600); err != nil {
			return written, fmt.Errorf("export %s: %w", article.Slug, err)
		}
		written++
	}
	return written, nil
}

// exportLines writes beside the file and renames it at the end: an export that is broken off leaves the one before.
func exportLines(ctx context.Context, index *retrieval.Index, root *os.Root) (written int, err error) {
	const partial = "." + exportedLines + ".part"
	file, err := root.Create(partial)
	if err != nil {
		return 0, fmt.Errorf("export articles: %w", err)
	}
	for article, err := range index.Export(ctx) {
		if err == nil {
			var line []byte
			if line, err = files.JSONLine(article); err == nil {
				_, err = file.Write(line)
			}
		}
		if err != nil {
			_ = file.Close() // the first error is the one to report
			return written, fmt.Errorf("export articles: %w", err)
		}
		written++
	}
	if err := file.Close(); err != nil {
		return written, fmt.Errorf("export articles: %w", err)
	}
	if err := root.Rename(partial, exportedLines); err != nil {
		return written, fmt.Errorf("export articles: %w", err)
	}
	return written, nil
}
