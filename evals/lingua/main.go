// Command lingua compares assistant/lang with lingua-go on the same texts, in the same run. It is a module of its own:
// lingua-go and its models (100 MB) are no part of the product.
//
//	go run . [-half frozen] [-json] DIR
//
// DIR is the folder with the development data (docs/data-sources.md). Each contender runs in a process of its own, so
// that the memory of one is not counted for another.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/deskhand/deskhand/assistant/lang"
	"github.com/deskhand/deskhand/assistant/lang/langtest"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "compare:", err)
		os.Exit(1)
	}
}

// options are what the command line says.
type options struct {
	contender string // run only this one and print its report: how the program calls itself
	dir       string
	half      string
	json      bool
}

func parse(args []string) (options, error) {
	var o options
	flags := flag.NewFlagSet("lingua", flag.ContinueOnError)
	flags.StringVar(&o.contender, "contender", "", "run only this one, in this process, and print its report as JSON")
	flags.StringVar(&o.half, "half", "frozen", "half of the suites: frozen, which nothing was tuned on, or development")
	flags.BoolVar(&o.json, "json", false, "print JSON instead of a table")
	flags.Usage = func() {
		_, _ = fmt.Fprintf(flags.Output(), "Compares assistant/lang with lingua-go.\n\nUsage: go run . [flags] DIR\n\n")
		flags.PrintDefaults()
		_, _ = fmt.Fprintf(flags.Output(), "\nExample:\n  go run . -half development ~/deskhand-data\n")
	}
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if flags.NArg() != 1 {
		return o, errors.New("give the folder with the development data (docs/data-sources.md), and nothing behind it")
	}
	if o.half != "frozen" && o.half != "development" {
		return o, fmt.Errorf("-half is %q: it must be frozen or development", o.half)
	}
	o.dir = flags.Arg(0)
	return o, nil
}

func run(ctx context.Context, args []string, out io.Writer) error {
	o, err := parse(args)
	if errors.Is(err, flag.ErrHelp) {
		return nil
	}
	if err != nil {
		return err
	}
	if o.contender != "" {
		return runOne(o, out)
	}
	reports := make([]report, 0, len(contenders))
	for _, c := range contenders {
		fmt.Fprintf(os.Stderr, "running %s …\n", c.name)
		r, err := runApart(ctx, o, c.name)
		if err != nil {
			return fmt.Errorf("run %s: %w", c.name, err)
		}
		reports = append(reports, r)
	}
	if o.json {
		return json.NewEncoder(out).Encode(reports)
	}
	return write(out, o, reports)
}

// runApart runs one contender in a process of its own.
func runApart(ctx context.Context, o options, name string) (report, error) {
	var r report
	self, err := os.Executable()
	if err != nil {
		return r, fmt.Errorf("find this program: %w", err)
	}
	child := exec.CommandContext(ctx, self, "-contender", name, "-half", o.half, o.dir) //nolint:gosec // it is this program
	child.Stderr = os.Stderr
	answer, err := child.Output()
	if err != nil {
		return r, err
	}
	if err := json.Unmarshal(answer, &r); err != nil {
		return r, fmt.Errorf("decode report: %w", err)
	}
	return r, nil
}

// runOne measures one contender in this process and prints its report.
func runOne(o options, out io.Writer) error {
	suites, err := langtest.Suites(o.dir)
	if err != nil {
		return err
	}
	for _, c := range contenders {
		if c.name == o.contender {
			r, err := c.measure(half(suites, o.half))
			if err != nil {
				return err
			}
			return json.NewEncoder(out).Encode(r)
		}
	}
	return fmt.Errorf("there is no contender %q", o.contender)
}

// half returns the samples of one half, in the languages that a desk writes in.
func half(suites map[string][]langtest.Sample, name string) map[string][]langtest.Sample {
	out := map[string][]langtest.Sample{}
	for suite, samples := range suites {
		for _, s := range samples {
			if s.Frozen == (name == "frozen") && slices.Contains(lang.Supported(), s.Lang) {
				out[suite] = append(out[suite], s)
			}
		}
	}
	return out
}

// suiteNames are the columns of the table.
var suiteNames = []string{langtest.Titles, langtest.FourWords, langtest.TwoWords, langtest.OneWord}

// write prints the reports as tables.
func write(out io.Writer, o options, reports []report) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s half, the 14 languages\ttitles\t4 words\t2 words\t1 word\tµs a text\tmemory MB\theap MB\n", o.half)
	for _, r := range reports {
		b.WriteString(r.Name)
		for _, suite := range suiteNames {
			fmt.Fprintf(&b, "\t%.4f", r.Suites[suite].Accuracy)
		}
		fmt.Fprintf(&b, "\t%.0f\t%.1f\t%.1f\n", r.Microseconds, r.Memory, max(0, r.Heap))
	}
	b.WriteString("texts")
	for _, suite := range suiteNames {
		fmt.Fprintf(&b, "\t%d", reports[0].Suites[suite].N)
	}
	b.WriteByte('\n')
	for _, suite := range suiteNames {
		languages := slices.Sorted(maps.Keys(reports[0].Suites[suite].ByLang))
		fmt.Fprintf(&b, "\n%s, by language\t%s\n", suite, strings.Join(languages, "\t"))
		for _, r := range reports {
			b.WriteString(r.Name)
			for _, tag := range languages {
				fmt.Fprintf(&b, "\t%.3f", r.Suites[suite].ByLang[tag])
			}
			b.WriteByte('\n')
		}
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("write table: %w", err)
	}
	return w.Flush()
}
