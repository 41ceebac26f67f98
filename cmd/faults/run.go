package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"
)

// clientTimeout is above every deadline of the service: who waits longer was forgotten.
const clientTimeout = 30 * time.Second

// double is the part of faults that come together with another one.
const double = 0.25

// trial is a run of the harness.
type trial struct {
	bench  *bench
	faults []*injection
	out    io.Writer
	random *rand.Rand

	mu       sync.Mutex
	failures []string // of faults that did not heal, and of replicas that took too long
}

// runFaults has customers and agents at work while one thing after the other breaks, and balances the books.
func runFaults(ctx context.Context, o options, out io.Writer) (report, error) {
	b, err := newBench(ctx, o)
	if err != nil {
		return report{}, err
	}
	t := &trial{bench: b, out: out, random: rand.New(rand.NewPCG(o.Seed, 0))} //nolint:gosec // faults that can be repeated
	result, err := t.run(ctx)
	return result, errors.Join(err, b.close(ctx))
}

func (t *trial) run(ctx context.Context) (report, error) {
	b := t.bench
	client := &http.Client{Timeout: clientTimeout, Transport: &http.Transport{MaxIdleConnsPerHost: b.Customers}}
	customers := &crowd{
		addresses: b.addresses(), client: client, key: b.widgetKey, problems: make(map[string]int),
		run: strconv.FormatUint(b.Seed, 36), seed: b.Seed,
	}
	people := &agents{addresses: b.addresses(), client: client, key: b.agentKey, seed: b.Seed}
	begun := time.Now()
	working, stop := context.WithCancel(ctx)
	defer stop()
	var all sync.WaitGroup
	for i := range b.Agents {
		all.Go(func() { people.work(working, i) })
	}
	var breaking sync.WaitGroup
	breaking.Go(func() { t.breakThings(working, customers) })
	customers.ask(ctx, b.Customers, b.Questions)
	loaded := time.Since(begun)
	breaking.Wait()
	stop()
	all.Wait()
	if err := ctx.Err(); err != nil {
		return report{}, err
	}
	books, err := t.balance(ctx, customers, people)
	if err != nil {
		return report{}, err
	}
	result := t.report(customers, books)
	result.Seconds = loaded.Seconds()
	return result, nil
}

// breakThings spreads the faults over the questions: the n-th comes when that part of them has been asked.
func (t *trial) breakThings(ctx context.Context, c *crowd) {
	b := t.bench
	deck := t.deck()
	var running sync.WaitGroup
	onDatabase := false // one of those that run
	for i := range b.Faults {
		due := (2*i + 1) * b.Questions / (2*b.Faults + 1)
		for c.progress() < due {
			if pause(ctx, quickly) != nil {
				return
			}
		}
		k := deck[i]
		random := rand.New(rand.NewPCG(b.Seed, uint64(i)+1)) //nolint:gosec // as above
		f := &injection{bench: b, Kind: k.name, random: random, At: time.Now()}
		f.span = time.Duration((0.2 + 0.8*f.random.Float64()) * float64(min(k.lasts, b.Longest)))
		t.faults = append(t.faults, f)
		sayf(t.out, "%7s  question %5d  fault %3d: %s %s", time.Since(t.faults[0].At).Round(100*time.Millisecond), c.progress(), i+1,
			k.name, f.span.Round(10*time.Millisecond))
		together := f.random.Float64() < double // before the fault has it
		running.Go(func() {
			err := k.inject(ctx, f)
			f.HealedAt = time.Now()
			if err != nil && ctx.Err() == nil {
				t.fail(fmt.Sprintf("fault %d, %s: %v", i+1, k.name, err))
			}
		})
		// Two that both change the database would undo each other's repair.
		onDatabase = onDatabase || k.database
		if apart := i+1 == len(deck) || onDatabase && deck[i+1].database; !apart && together {
			continue
		}
		running.Wait()
		onDatabase = false
	}
	running.Wait()
}

// deck has as many of each kind as possible, in an order of its own for each seed.
func (t *trial) deck() []kind {
	var deck []kind
	for len(deck) < t.bench.Faults {
		round := slices.DeleteFunc(t.bench.kinds(), func(k kind) bool {
			return len(t.bench.Kind) > 0 && !slices.Contains(t.bench.Kind, k.name)
		})
		t.random.Shuffle(len(round), func(i, j int) { round[i], round[j] = round[j], round[i] })
		deck = append(deck, round...)
	}
	return deck[:t.bench.Faults]
}

func (t *trial) fail(what string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.failures = append(t.failures, what)
	sayf(t.out, "FAILED: %s", what)
}
