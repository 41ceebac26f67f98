package files

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/deskhand/deskhand/retrieval"
)

// Format is a kind of source that articles are imported from.
type Format string

// The formats. Auto looks at the files.
const (
	FormatAuto       Format = "auto"
	FormatDocusaurus Format = "docusaurus"
	FormatHTML       Format = "html"
	FormatHugo       Format = "hugo"
	FormatJSONL      Format = "jsonl"
	FormatMarkdown   Format = "markdown"
	FormatZendesk    Format = "zendesk"
)

// Options say how files are read. The zero value looks at them.
type Options struct {
	Format Format
	// Intents are the desk's intents: a label of a page that names one becomes an intent of the article.
	Intents []string
	// Locale is the language of pages that do not name theirs.
	Locale string
}

// Source is where articles are read from.
type Source struct {
	// Articles may be gone through once. A bad file yields a *Problem and reading goes on.
	Articles iter.Seq2[retrieval.Article, error]
	// Format is the one that was found or asked for.
	Format Format
	// Total is the number of bytes of all files, and Done how many of them have been read.
	Done  func() int64
	Total int64
}

// FS yields the articles of the files below the root of fsys, in the order of their paths, and finds out by itself how they
// are kept: a tree of Docusaurus or Hugo, an export of a help centre, or files of Markdown, HTML and JSONL side by side. A bad
// file yields a *Problem and reading goes on. Hidden files, files of other kinds, and a README.md are left out.
func FS(fsys fs.FS) iter.Seq2[retrieval.Article, error] {
	source, err := readFS(fsys, Options{})
	if err != nil {
		return func(yield func(retrieval.Article, error) bool) { yield(retrieval.Article{}, err) }
	}
	return source.Articles
}

// Path reads a folder or a file as Open does, by looking at it.
func Path(name string) (iter.Seq2[retrieval.Article, error], error) {
	source, err := Open(name, Options{})
	return source.Articles, err
}

// Open finds the articles of a folder, or of a single file. Problems name files relative to the folder.
func Open(name string, options Options) (Source, error) {
	info, err := os.Stat(name)
	if err != nil {
		return Source{}, fmt.Errorf("read articles: %w", err)
	}
	if info.IsDir() {
		return readFS(os.DirFS(name), options)
	}
	base := filepath.Base(name)
	if formatOfFile(base) == "" {
		return Source{}, &retrieval.Problem{
			File: name, Fix: "give a folder, or a file of Markdown (.md), HTML (.html), JSONL (.jsonl) or a Zendesk export (.json)",
			Message: "is of a kind that cannot be imported",
		}
	}
	r := newReader(os.DirFS(filepath.Dir(name)), options)
	return r.source([]string{base}, info.Size()), nil
}

func readFS(fsys fs.FS, options Options) (Source, error) {
	r := newReader(fsys, options)
	names, total, err := r.list()
	if err != nil {
		return Source{}, fmt.Errorf("read articles: %w", err)
	}
	return r.source(names, total), nil
}

// reader reads one source.
type reader struct {
	done *atomic.Int64
	fsys fs.FS
	// intents are the desk's, by what a label has to say.
	intents map[string]string
	options Options
	stopped bool
	// unreadable are the folders that could not be looked into.
	unreadable []error
	yield      func(retrieval.Article, error) bool
}

func newReader(fsys fs.FS, options Options) *reader {
	r := &reader{done: new(atomic.Int64), fsys: fsys, intents: make(map[string]string), options: options}
	for _, intent := range options.Intents {
		r.intents[plainLabel(intent)] = intent
	}
	return r
}

// list returns the files that may hold articles, and their size.
func (r *reader) list() (names []string, total int64, err error) {
	err = fs.WalkDir(r.fsys, ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			if name == "." {
				return err
			}
			r.unreadable = append(r.unreadable, &retrieval.Problem{File: name, Message: "cannot be read: " + err.Error()})
			return nil
		case name != "." && (strings.HasPrefix(entry.Name(), ".") || entry.Name() == "node_modules"):
			if entry.IsDir() {
				return fs.SkipDir
			}
			return nil
		case entry.IsDir() || formatOfFile(name) == "":
			return nil
		}
		names = append(names, name)
		if info, err := entry.Info(); err == nil {
			total += info.Size()
		}
		return nil
	})
	return names, total, err
}

func (r *reader) source(names []string, total int64) Source {
	if r.options.Format == "" || r.options.Format == FormatAuto {
		r.options.Format = r.detect(names)
	}
	return Source{
		Articles: func(yield func(retrieval.Article, error) bool) {
			r.yield = yield
			r.read(names)
			r.done.Store(total) // with what is no article
		},
		Done:   r.done.Load,
		Format: r.options.Format,
		Total:  total,
	}
}

// detect tells the format of a folder by the settings of the program that it belongs to; Auto stands for files that
// each say by their ending what they are.
func (r *reader) detect(names []string) Format {
	exists := func(names ...string) bool {
		return slices.ContainsFunc(names, func(name string) bool {
			_, err := fs.Stat(r.fsys, name)
			return err == nil
		})
	}
	switch {
	case exists(docusaurusSettings()...):
		return FormatDocusaurus
	case exists("content") && exists(hugoSettings()...):
		return FormatHugo
	case slices.ContainsFunc(names, func(name string) bool { return formatOfFile(name) == FormatZendesk && r.looksLikeZendesk(name) }):
		return FormatZendesk
	}
	return FormatAuto
}

func (r *reader) looksLikeZendesk(name string) bool {
	f, err := r.fsys.Open(name)
	if err != nil {
		return false
	}
	defer func() { _ = f.Close() }() // it was only read
	start := make([]byte, 4<<10)
	n, _ := io.ReadFull(f, start) // a shorter file is as good
	return isZendesk(start[:n])
}

func (r *reader) read(names []string) {
	for _, err := range r.unreadable {
		if !r.emit(retrieval.Article{}, err) {
			return
		}
	}
	switch r.options.Format {
	case FormatDocusaurus:
		r.readDocusaurus(names)
	case FormatHugo:
		r.readHugo(names)
	case FormatZendesk:
		r.readZendesk(slices.DeleteFunc(slices.Clone(names), func(name string) bool { return formatOfFile(name) != FormatZendesk }))
	case FormatAuto, FormatHTML, FormatJSONL, FormatMarkdown:
		for _, name := range names {
			if !r.readFile(name) {
				return
			}
		}
	}
}

// readFile yields the articles of one file, if it is of the wanted kind.
func (r *reader) readFile(name string) bool {
	format := formatOfFile(name)
	if r.options.Format != FormatAuto && r.options.Format != format {
		return true
	}
	switch format {
	case FormatMarkdown:
		if strings.EqualFold(path.Base(name), "README.md") {
			return true
		}
		content, err := r.content(name, retrieval.MaxArticleBytes+maxFrontMatter)
		if err != nil {
			return r.emit(retrieval.Article{}, err)
		}
		return r.emit(ParseMarkdown(name, content))
	case FormatHTML:
		content, err := r.content(name, maxPageBytes)
		if err != nil {
			return r.emit(retrieval.Article{}, err)
		}
		return r.emit(ParseHTML(name, content, r.options.Locale))
	case FormatJSONL:
		return r.readLines(name)
	case FormatAuto, FormatDocusaurus, FormatHugo, FormatZendesk: // a .json that is no export
	}
	return true
}

func (r *reader) readLines(name string) bool {
	f, err := r.fsys.Open(name)
	if err != nil {
		return r.emit(retrieval.Article{}, &retrieval.Problem{File: name, Message: "cannot be opened: " + err.Error()})
	}
	defer func() { _ = f.Close() }() // it was only read
	for article, err := range ReadJSONL(name, &countingReader{done: r.done, from: f}) {
		if !r.emit(article, err) {
			return false
		}
	}
	return true
}

// emit yields, and returns false when no more is wanted.
func (r *reader) emit(article retrieval.Article, err error) bool {
	if !r.stopped {
		r.stopped = !r.yield(article, err)
	}
	return !r.stopped
}

// content reads a file whole. One that is too large is refused before it is read: it must not fill the memory.
func (r *reader) content(name string, limit int64) ([]byte, error) {
	info, err := fs.Stat(r.fsys, name)
	if err != nil {
		return nil, &retrieval.Problem{File: name, Message: "cannot be read: " + reason(err)}
	}
	defer r.done.Add(info.Size())
	if info.Size() > limit {
		return nil, &retrieval.Problem{
			File: name, Fix: fmt.Sprintf("split it: at most %d MB are taken", limit>>20), Message: fmt.Sprintf("has %d bytes", info.Size()),
		}
	}
	content, err := fs.ReadFile(r.fsys, name)
	if err != nil {
		return nil, &retrieval.Problem{File: name, Message: "cannot be read: " + reason(err)}
	}
	return content, nil
}

// reason is an error of a file without the file's name, which stands in front of it already.
func reason(err error) string {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return e.Err.Error()
	}
	return err.Error()
}

// countingReader adds what is read to a count.
type countingReader struct {
	done *atomic.Int64
	from io.Reader
}

func (c *countingReader) Read(p []byte) (int, error) {
	n, err := c.from.Read(p)
	c.done.Add(int64(n))
	return n, err //nolint:wrapcheck // io.EOF must stay what it is
}

// formatOfFile is the format that the ending of a file's name stands for, "" for none.
func formatOfFile(name string) Format {
	switch strings.ToLower(path.Ext(name)) {
	case ".markdown", ".md", ".mdx":
		return FormatMarkdown
	case ".htm", ".html", ".xhtml":
		return FormatHTML
	case ".jsonl", ".ndjson":
		return FormatJSONL
	case ".json":
		return FormatZendesk
	}
	return ""
}
