// Faults measures deskhand while everything around it fails.
//
// It drives the real program (two replicas, each started again by a supervisor when it ends), a real PostgreSQL behind a network
// that can be cut and held up, a stand-in for the model and a consumer of webhooks. Customers ask and ask again with the same
// idempotency key, as the chat does; agents answer tickets; and one fault after the other is injected, at moments that a seed
// decides. In the end nothing fails any more, and a ledger compares what people were told with what is stored: a question that was
// accepted is answered or with a person, exactly once.
//
// The program under test differs from a release by its clock, which can be moved: the build tag movedclock.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/alecthomas/kong"
)

// options are the flags of both measurements.
type options struct {
	Agents       int           `default:"2" help:"Agents who answer tickets (${default})." placeholder:"N"`
	Binary       string        `help:"Program to test. Default: the source's, built for this run." placeholder:"FILE" type:"existingfile"`
	Customers    int           `default:"16" help:"Customers who ask at the same time (${default})." placeholder:"N"`
	Deadline     time.Duration `default:"6s" help:"How long the service lets a customer wait (${default})." placeholder:"TIME"`
	DiskMB       int           `default:"1024" help:"Size of the database's disk, where the machine lets the harness make one (${default})." name:"disk-mb" placeholder:"MB"`
	Faults       int           `default:"100" help:"Faults to inject (${default})." placeholder:"N"`
	Flags        []string      `kong:"-"` // of the replicas
	Hasty        bool          `help:"Do not wait for background jobs of killed replicas, and for webhooks, which come later."`
	Kind         []string      `help:"Only faults of this name; repeat for more. Default: all." placeholder:"NAME"`
	JSON         string        `help:"File for the report as JSON." name:"json" placeholder:"FILE"`
	Log          string        `help:"File for the log of the replicas. Default: deskhand-faults.log with the temporary files." placeholder:"FILE"`
	Longest      time.Duration `default:"5s" help:"How long a fault lasts at most (${default})." placeholder:"TIME"`
	ModelLatency time.Duration `default:"20ms" help:"How long the model takes when nothing is wrong (${default})." placeholder:"TIME"`
	Questions    int           `default:"10000" help:"Questions to ask (${default})." placeholder:"N"`
	Replicas     int           `default:"2" help:"Replicas of the service (${default})." placeholder:"N"`
	Seed         uint64        `help:"Decides what fails when. Default: another one each time; it is printed." placeholder:"N"`
}

// check reports the first option that cannot work.
func (o options) check() error {
	if o.Questions < 1 || o.Customers < 1 || o.Replicas < 1 || o.Faults < 0 || o.Agents < 0 {
		return errors.New("--questions, --customers and --replicas must be 1 or more, --faults and --agents 0 or more")
	}
	for _, name := range o.Kind {
		if !slices.ContainsFunc(kinds(), func(k kind) bool { return k.name == name }) {
			var names []string
			for _, k := range kinds() {
				names = append(names, k.name)
			}
			return fmt.Errorf("--kind %q is none of: %s", name, strings.Join(names, ", "))
		}
	}
	return nil
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	var o options
	kong.Parse(&o, kong.Name("faults"), kong.Description("Measure deskhand while everything around it fails."))
	err := measure(ctx, o, os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "faults:", err)
		os.Exit(1)
	}
}

func measure(ctx context.Context, o options, out io.Writer) error {
	if err := o.check(); err != nil {
		return err
	}
	o = o.withDefaults()
	sayf(out, "seed %d, log in %s", o.Seed, o.Log)
	result, err := runFaults(ctx, o, out)
	if err != nil {
		return err
	}
	if err := result.print(out); err != nil {
		return fmt.Errorf("print report: %w", err)
	}
	if o.JSON != "" {
		encoded, err := json.MarshalIndent(result, "", "  ")
		if err != nil {
			return fmt.Errorf("encode report: %w", err)
		}
		if err := os.WriteFile(o.JSON, append(encoded, '\n'), 0o600); err != nil {
			return fmt.Errorf("write report: %w", err)
		}
	}
	if !result.passed() {
		return fmt.Errorf("a promise was broken; repeat with --seed %d", o.Seed)
	}
	return nil
}

func (o options) withDefaults() options {
	if o.Seed == 0 {
		o.Seed = uint64(time.Now().UnixNano()) % 1_000_000 // short, to be typed again
	}
	if o.Log == "" {
		o.Log = filepath.Join(os.TempDir(), "deskhand-faults.log")
	}
	return o
}
