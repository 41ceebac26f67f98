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
	"cmp"
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

// cli are the measurements.
type cli struct {
	Break    options         `cmd:"" default:"withargs" help:"Break one thing after the other while customers ask, and balance the books (the default)."`
	Floor    floorOptions    `cmd:"" hidden:""`
	Growth   growthOptions   `cmd:"" help:"Ask a young desk and one with a million stored conversations in turns, and compare."`
	Machines machinesOptions `cmd:"" help:"Run three replicas behind a balancer on two databases, take one after the other away, and look who knows what."`
	Overload overloadOptions `cmd:"" help:"Ask one replica for several times what it can do, and look at what becomes of it."`
	Upgrade  upgradeOptions  `cmd:"" help:"Replace an earlier build by this one while customers ask: the schema first, then one replica after the other."`
	Speed    speedOptions    `cmd:"" help:"Ask deskhand, and a minimum that stores and checks nothing, in turns, and compare."`
}

// overloadOptions are the flags of the overload.
type overloadOptions struct {
	Binary       string        `help:"Program to test. Default: the source's, built for this run." placeholder:"FILE" type:"existingfile"`
	Customers    int           `default:"128" help:"Customers who ask at the same time to find the capacity (${default})." placeholder:"N"`
	Deadline     time.Duration `default:"20s" help:"How long the service lets a customer wait (${default})." placeholder:"TIME"`
	Factor       float64       `default:"4" help:"How many times the capacity is asked for (${default})." placeholder:"N"`
	Flags        []string      `kong:"-"` // of the replica
	For          time.Duration `default:"60s" help:"How long (${default})." placeholder:"TIME"`
	JSON         string        `help:"File for the report as JSON." name:"json" placeholder:"FILE"`
	Log          string        `help:"File for the log of the replica. Default: deskhand-faults.log with the temporary files." placeholder:"FILE"`
	ModelLatency time.Duration `default:"300ms" help:"How long the model takes (${default})." placeholder:"TIME"`
	Seed         uint64        `default:"1" help:"Decides who asks what (${default})." placeholder:"N"`
	Warm         time.Duration `default:"15s" help:"How long the capacity is measured (${default})." placeholder:"TIME"`
}

// options are those of the bench. The service's own rates are off: what it can do is to be what limits it.
func (o overloadOptions) options() options {
	return options{
		Binary: o.Binary, Deadline: o.Deadline, DiskMB: overloadDisk, Log: cmp.Or(o.Log, defaultLog()), ModelLatency: o.ModelLatency,
		Replicas: 1, Seed: o.Seed, Flags: append([]string{"--key-rate", "0", "--total-rate", "0"}, o.Flags...),
	}
}

// overloadDisk holds, in MB, what a minute of questions writes.
const overloadDisk = 2048

// options are the flags of the faults.
type options struct {
	Agents       int           `default:"2" help:"Agents who answer tickets (${default})." placeholder:"N"`
	Binary       string        `help:"Program to test. Default: the source's, built for this run." placeholder:"FILE" type:"existingfile"`
	Copied       bool          `kong:"-"` // a second database follows the first, and searches go there
	Customers    int           `default:"16" help:"Customers who ask at the same time (${default})." placeholder:"N"`
	Deadline     time.Duration `default:"6s" help:"How long the service lets a customer wait (${default})." placeholder:"TIME"`
	DiskMB       int           `default:"1024" help:"Size of the database's disk, where the machine lets the harness make one (${default})." name:"disk-mb" placeholder:"MB"`
	Encrypted    bool          `help:"Encrypt what the desk keeps, rotate the keys as one of the faults, and open everything in the end."`
	Env          []string      `kong:"-"` // of commands on an embedding model
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
		if !slices.ContainsFunc(o.kinds(), func(k kind) bool { return k.name == name }) {
			var names []string
			for _, k := range o.kinds() {
				names = append(names, k.name)
			}
			return fmt.Errorf("--kind %q is none of: %s", name, strings.Join(names, ", "))
		}
	}
	return nil
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	var commands cli
	chosen := kong.Parse(&commands, kong.Name("faults"), kong.Description("Measure deskhand while everything around it fails."))
	measure := commands.Break.measure
	switch chosen.Command() {
	case "floor":
		measure = func(ctx context.Context, _ io.Writer) error { return commands.Floor.run(ctx) }
	case "growth":
		measure = commands.Growth.measure
	case "machines":
		measure = commands.Machines.measure
	case "overload":
		measure = commands.Overload.measure
	case "speed":
		measure = commands.Speed.measure
	case "upgrade":
		measure = commands.Upgrade.measure
	}
	err := measure(ctx, os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "faults:", err)
		os.Exit(1)
	}
}

func (o options) measure(ctx context.Context, out io.Writer) error {
	if err := o.check(); err != nil {
		return err
	}
	o = o.withDefaults()
	sayf(out, "seed %d, log in %s", o.Seed, o.Log)
	result, err := runFaults(ctx, o, out)
	if err != nil {
		return err
	}
	if err := errors.Join(result.print(out), writeJSON(o.JSON, result)); err != nil {
		return err
	}
	if !result.passed() {
		return fmt.Errorf("a promise was broken; repeat with --seed %d", o.Seed)
	}
	return nil
}

func (o overloadOptions) measure(ctx context.Context, out io.Writer) error {
	result, err := runOverload(ctx, o, out)
	if err != nil {
		return err
	}
	if err := errors.Join(result.print(out), writeJSON(o.JSON, result)); err != nil {
		return err
	}
	always, measured := result.broken()
	if broken := slices.Concat(always, measured); len(broken) > 0 {
		return fmt.Errorf("under overload %s", strings.Join(broken, "; "))
	}
	return nil
}

func (o speedOptions) measure(ctx context.Context, out io.Writer) error {
	if o.Rounds < 1 || o.Turn <= 0 {
		return errors.New("--rounds must be 1 or more, --turn longer than nothing")
	}
	result, err := runSpeed(ctx, o, out)
	if err != nil {
		return err
	}
	return errors.Join(result.print(out), writeJSON(o.JSON, result))
}

// writeJSON writes a report to a file, if one is named.
func writeJSON(path string, result any) error {
	if path == "" {
		return nil
	}
	encoded, err := json.MarshalIndent(result, "", "  ")
	if err != nil {
		return fmt.Errorf("encode report: %w", err)
	}
	if err := os.WriteFile(path, append(encoded, '\n'), 0o600); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	return nil
}

func (o options) withDefaults() options {
	if o.Seed == 0 {
		o.Seed = uint64(time.Now().UnixNano()) % 1_000_000 // short, to be typed again
	}
	o.Log = cmp.Or(o.Log, defaultLog())
	return o
}

func defaultLog() string { return filepath.Join(os.TempDir(), "deskhand-faults.log") }
