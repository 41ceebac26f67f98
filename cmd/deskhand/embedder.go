package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"text/tabwriter"

	"github.com/deskhand/deskhand/assistant/triage/intent"
	"github.com/deskhand/deskhand/retrieval/embed"
	"github.com/deskhand/deskhand/retrieval/embed/train"
)

type embedderCmd struct {
	Measure embedderMeasureCmd `cmd:"" help:"Measure how well the questions in your own rows find their answers, in all languages."`
	Show    embedderShowCmd    `cmd:"" help:"Print what a table is made of: version, sizes, sources and licences."`
	Train   embedderTrainCmd   `cmd:"" help:"Train the table of the built-in embedder on aligned text."`
}

type embedderTrainCmd struct {
	Articles   string `default:"retrieval/sample" help:"Folder of articles, LOCALE/SLUG.md, aligned by their headings (${default})." placeholder:"DIR" type:"existingdir"`
	Data       string `help:"Folder with parallel/*.jsonl.gz, the public aligned text. Without it, only your own text is used." placeholder:"DIR" type:"existingdir"`
	Dimensions int    `help:"Length of a vector, a multiple of 16. Default: that of the built-in table." placeholder:"N"`
	Epochs     int    `help:"Passes over the text; fewer are faster and worse. Default: those of the built-in table." placeholder:"N"`
	Further    string `help:"Folder with *.tsv, more of your own rows: all of them are trained on. Default: retrieval/embed/further, where there is one." placeholder:"DIR" type:"existingdir"`
	JSON       bool   `help:"Print one JSON object." name:"json"`
	Out        string `default:"retrieval/embed/table.bin" help:"File to write the table to (${default})." placeholder:"FILE" type:"newfile"`
	Own        string `default:"retrieval/embed/parallel" help:"Folder with *.tsv, your own aligned rows (${default})." placeholder:"DIR" type:"existingdir"`
	Rows       int    `help:"Rows of the table at most; some 70 bytes each. Default: those of the built-in table." placeholder:"N"`
	Seed       uint64 `default:"1" help:"Another seed gives another table that is as good (${default})." placeholder:"N"`
	Termbase   string `default:"retrieval/termbase.tsv" help:"Glossary: the first line names the languages, each other is a concept (${default})." placeholder:"FILE" type:"existingfile"`
}

// Help is shown by --help.
func (embedderTrainCmd) Help() string {
	return `Training is deterministic: the same text and seed give the same file, on any number of processors. It takes some minutes. One
section in twenty, and one in five of your own rows, is not trained on; how well its questions find its passages is printed at
the end. Which ones is fixed by their names. A service uses the table with --embedder-table FILE, or when it is built in. A changed
table is a new embedding model: "deskhand kb reindex" makes its vectors beside the old ones.

The example questions of the built-in intents are trained on too: those of one intent belong together. So are rows in the folder of
--further, of which nothing is held out: what is measured stays the same when rows come and go.

Own rows: a table with tabs. The first line is "kind" and the languages. A line "# name" begins a section; q is a question,
t a title, a an answer (questions and titles of a section belong to its answers), u a string of the interface.
  kind	en	zh-Hans	tr
  # refunds
  q	where is my refund	我的退款在哪里	iadem nerede
  a	A refund takes five days.	退款需要五天。	İade beş gün sürer.

Examples:
  deskhand embedder train --data ./data && make build
  deskhand embedder train --data ./data --own desk/rows --articles desk/articles --out desk.bin
  deskhand --embedder-table desk.bin kb reindex && deskhand --embedder-table desk.bin serve`
}

// Validate reports a setting that cannot work.
func (c embedderTrainCmd) Validate() error {
	switch {
	case c.Rows != 0 && (c.Rows < 100 || c.Rows > 1_000_000):
		return fmt.Errorf("%w: --rows must lie between 100 and 1000000, it is %d", errConfig, c.Rows)
	case c.Dimensions != 0 && (c.Dimensions < 16 || c.Dimensions > 1024 || c.Dimensions%16 != 0):
		return fmt.Errorf("%w: --dimensions must be a multiple of 16 up to 1024, it is %d", errConfig, c.Dimensions)
	case c.Epochs < 0 || c.Epochs > 100:
		return fmt.Errorf("%w: --epochs must lie between 1 and 100, it is %d", errConfig, c.Epochs)
	}
	return nil
}

// options are the defaults, but for what the flags change.
func (c embedderTrainCmd) options() train.Options {
	o := train.Defaults()
	o.Seed, o.Rows = c.Seed, cmp.Or(c.Rows, o.Rows)
	o.Dimensions, o.Epochs = cmp.Or(c.Dimensions, o.Dimensions), cmp.Or(c.Epochs, o.Epochs)
	return o
}

// embedderJSON is what training prints.
type embedderJSON struct {
	Bytes   int            `json:"bytes"`
	HeldOut []train.Recall `json:"held_out"`
	Loss    []float64      `json:"loss"` // of each pass over the text
	Name    string         `json:"name"`
	Out     string         `json:"out"`
	Pairs   int            `json:"pairs"`
	Rows    int            `json:"rows"`
	Seconds float64        `json:"seconds"`
}

// Run implements the command.
func (c embedderTrainCmd) Run(ctx context.Context, a *app) error {
	started := a.clock()
	corpus, err := c.corpus()
	if err != nil {
		return err
	}
	bar := newProgress(a.err, "steps", 0)
	before := 0
	result, err := train.Train(ctx, corpus, c.options(), func(p train.Progress) {
		bar.set(before + p.Step)
		if p.Step == p.Steps {
			before += p.Steps
		}
	})
	bar.done()
	if err != nil {
		return err
	}
	table, content, err := encodeTable(result)
	if err != nil {
		return err
	}
	if err := writeWhole(c.Out, content); err != nil {
		return fmt.Errorf("write table: %w", err)
	}
	embedder := embed.NewWithTable(table)
	report := embedderJSON{
		Bytes: len(content), HeldOut: train.HeldOutRecall(embedder, corpus, result.HeldOut), Loss: result.Loss, Name: embedder.Name(),
		Out: c.Out, Pairs: result.Pairs, Rows: len(result.Rows), Seconds: a.clock().Sub(started).Seconds(),
	}
	if c.JSON {
		return printJSON(a, report)
	}
	return report.write(a.out)
}

// corpus reads what the flags name.
func (c embedderTrainCmd) corpus() (train.Corpus, error) {
	var corpus train.Corpus
	var problems []error
	if c.Data != "" {
		problems = append(problems, corpus.ReadPublic(filepath.Join(c.Data, "parallel")))
	}
	problems = append(problems, corpus.ReadArticles(c.Articles), corpus.ReadOwn(c.Own))
	if further := cmp.Or(c.Further, furtherRows()); further != "" {
		problems = append(problems, corpus.ReadFurther(further))
	}
	problems = append(problems, corpus.ReadTermbase(c.Termbase))
	if err := errors.Join(problems...); err != nil {
		return corpus, fmt.Errorf("%w: %w", errConfig, err)
	}
	examples, err := intent.DefaultExamples()
	if err != nil {
		return corpus, err
	}
	var questions []train.Question
	for _, e := range examples {
		if e.Intent != intent.OutOfScope {
			questions = append(questions, train.Question{Language: e.Language, Origin: e.Origin, Text: e.Text, Topic: e.Intent})
		}
	}
	corpus.AddQuestions("intent examples", questions)
	return corpus, nil
}

// furtherRows is the folder of the built-in table's further rows, "" elsewhere than in the source folder.
func furtherRows() string {
	const folder = "retrieval/embed/further"
	if _, err := os.Stat(folder); err != nil {
		return ""
	}
	return folder
}

func encodeTable(result *train.Result) (*embed.Table, []byte, error) {
	var content bytes.Buffer
	if err := embed.WriteTable(&content, result.Header, result.Hashes, result.Rows); err != nil {
		return nil, nil, err
	}
	table, err := embed.ReadTable(bytes.NewReader(content.Bytes()))
	return table, content.Bytes(), err
}

// writeWhole replaces a file by one that is complete: an interrupted training leaves the table that was there.
func writeWhole(name string, content []byte) (err error) {
	file, err := os.CreateTemp(filepath.Dir(name), filepath.Base(name)+".*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(file.Name()))
		}
	}()
	_, err = file.Write(content)
	if err = errors.Join(err, file.Chmod(0o644), file.Close()); err != nil {
		return err
	}
	return os.Rename(file.Name(), name)
}

func (r embedderJSON) write(w io.Writer) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintf(table, "%s\t%s, %d rows, %.1f MB\n", r.Out, r.Name, r.Rows, float64(r.Bytes)/(1<<20))
	_, _ = fmt.Fprintf(table, "trained on\t%d pairs in %.0f s\n", r.Pairs, r.Seconds)
	for i, loss := range r.Loss {
		_, _ = fmt.Fprintf(table, "loss, pass %d\t%.3f\n", i+1, loss)
	}
	writeRecall(table, "held out: ", r.HeldOut)
	if err := table.Flush(); err != nil {
		return fmt.Errorf("print report: %w", err)
	}
	return nil
}

type embedderShowCmd struct {
	File string `arg:"" help:"The table. Default: --embedder-table, or else the built-in one." optional:"" type:"existingfile"`
	JSON bool   `help:"Print one JSON object." name:"json"`
}

// Help is shown by --help.
func (embedderShowCmd) Help() string {
	return `Examples:
  deskhand embedder show
  deskhand embedder show desk.bin --json`
}

// Run implements the command.
func (c embedderShowCmd) Run(a *app) error {
	settings := a.config
	if c.File != "" {
		settings.EmbedderTable = c.File
	}
	embedder, err := openTable(settings)
	if err != nil {
		return err
	}
	header := embedder.Table()
	if c.JSON {
		return printJSON(a, header)
	}
	table := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintf(table, "name\t%s\nversion\t%d\nrows\t%d\ndimensions\t%d\nseed\t%d\nchecksum\t%s\n", embedder.Name(),
		header.Version, header.Rows, header.Dimensions, header.Seed, header.Checksum)
	for _, s := range header.Sources {
		_, _ = fmt.Fprintf(table, "source\t%s, %d rows, %s, %s\n", s.Name, s.Rows, s.Licence, s.Owner)
	}
	if err := table.Flush(); err != nil {
		return fmt.Errorf("print table: %w", err)
	}
	return nil
}
