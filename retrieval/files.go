package retrieval

import (
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// ReadFS yields the articles of every Markdown (.md, .markdown) and JSONL (.jsonl) file below the root of fsys, in the order
// of their paths. A bad file yields a *Problem and reading goes on. Hidden files, files of other kinds, and a README.md are
// left out.
func ReadFS(fsys fs.FS) iter.Seq2[Article, error] {
	return func(yield func(Article, error) bool) {
		err := fs.WalkDir(fsys, ".", func(name string, entry fs.DirEntry, err error) error {
			if err != nil {
				return keepOn(yield, Article{}, &Problem{File: name, Message: "cannot be read: " + err.Error()})
			}
			if strings.HasPrefix(entry.Name(), ".") && name != "." {
				if entry.IsDir() {
					return fs.SkipDir
				}
				return nil
			}
			if entry.IsDir() {
				return nil
			}
			return readFile(fsys, name, yield)
		})
		if err != nil && !errors.Is(err, fs.SkipAll) {
			yield(Article{}, fmt.Errorf("read articles: %w", err))
		}
	}
}

func readFile(fsys fs.FS, name string, yield func(Article, error) bool) error {
	switch strings.ToLower(path.Ext(name)) {
	case ".md", ".markdown":
		if strings.EqualFold(path.Base(name), "README.md") {
			return nil
		}
		article, err := readMarkdownFile(fsys, name)
		return keepOn(yield, article, err)
	case ".jsonl":
		f, err := fsys.Open(name)
		if err != nil {
			return keepOn(yield, Article{}, &Problem{File: name, Message: "cannot be opened: " + err.Error()})
		}
		defer func() { _ = f.Close() }() // it was only read
		for article, err := range ReadJSONL(name, f) {
			if err := keepOn(yield, article, err); err != nil {
				return err
			}
		}
	}
	return nil
}

func readMarkdownFile(fsys fs.FS, name string) (Article, error) {
	info, err := fs.Stat(fsys, name)
	if err == nil && info.Size() > MaxArticleBytes+maxFrontMatter {
		// Before it is read: a 50 GB file must not fill the memory.
		return Article{}, &Problem{
			File: name, Fix: "split the article: at most 2 MB are taken", Message: fmt.Sprintf("has %d bytes", info.Size()),
		}
	}
	content, err := fs.ReadFile(fsys, name)
	if err != nil {
		return Article{}, &Problem{File: name, Message: "cannot be read: " + err.Error()}
	}
	return ParseMarkdown(name, content)
}

// keepOn yields, and returns fs.SkipAll when no more is wanted.
func keepOn(yield func(Article, error) bool, article Article, err error) error {
	if yield(article, err) {
		return nil
	}
	return fs.SkipAll
}

// ReadPath reads a folder as ReadFS does, or a single file. Problems name files relative to the folder, or as given.
func ReadPath(name string) (iter.Seq2[Article, error], error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, fmt.Errorf("read articles: %w", err)
	}
	if info.IsDir() {
		return ReadFS(os.DirFS(name)), nil
	}
	folder, base := os.DirFS(filepath.Dir(name)), filepath.Base(name)
	switch strings.ToLower(filepath.Ext(base)) {
	case ".md", ".markdown", ".jsonl":
	default:
		return nil, &Problem{
			File: name, Fix: "give a folder, a Markdown file (.md) or a JSONL file (.jsonl)",
			Message: "is of a kind that cannot be imported",
		}
	}
	return func(yield func(Article, error) bool) {
		// Stopping early is all that this error could say.
		_ = readFile(folder, base, yield)
	}, nil
}
