package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"text/tabwriter"
	"time"
)

const (
	// urgentShare is the part of questions that must reach a person whatever the load.
	urgentShare = 0.1
	// mostAtOnce bounds the questions that are on their way: beyond it the measuring program would be what is measured.
	mostAtOnce = 3000
	// mostDoublings of what is offered, until there is more than the service can take.
	mostDoublings = 6
	// sampleEach is how often the memory is looked at.
	sampleEach = 100 * time.Millisecond
	// recoveryLimit is how long after an overload the service may need until it answers as before.
	recoveryLimit = 10 * time.Second
	// growthLimit is how much more memory than at rest it may take.
	growthLimit = 2.0
)

// overloadReport is what the overload did.
type overloadReport struct {
	Capacity   float64        `json:"capacity_per_second"` // answers in the same time without overload
	Offered    float64        `json:"offered_per_second"`
	Asked      int            `json:"asked"`
	Accepted   int            `json:"accepted"`
	Refused    int            `json:"refused"` // 503 or 429, with Retry-After
	Urgent     int            `json:"urgent"`  // that must reach a person
	UrgentLost int            `json:"urgent_lost"`
	Failed     map[string]int `json:"failed"` // any other end: a timeout, a connection that was cut, a refusal without Retry-After
	P50        float64        `json:"p50_seconds"`
	P99        float64        `json:"p99_seconds"` // of accepted questions
	Deadline   float64        `json:"deadline_seconds"`
	RestMB     float64        `json:"memory_at_rest_mb"`
	PeakMB     float64        `json:"memory_peak_mb"`
	Recovery   float64        `json:"recovery_seconds"`
	Open       int            `json:"open"` // accepted questions without an end
}

// broken names the promises that were broken, of those that hold on every machine, and of those that are a matter of speed.
func (r overloadReport) broken() (always, measured []string) {
	if r.UrgentLost > 0 {
		always = append(always, fmt.Sprintf("%d cases for a person were not taken", r.UrgentLost))
	}
	if len(r.Failed) > 0 {
		always = append(always, fmt.Sprintf("questions ended in neither an answer nor a refusal: %v", r.Failed))
	}
	if r.Open > 0 {
		always = append(always, fmt.Sprintf("%d questions have no end", r.Open))
	}
	if r.P99 > r.Deadline {
		measured = append(measured, fmt.Sprintf("p99 %.1f s is above the deadline", r.P99))
	}
	if r.PeakMB > growthLimit*r.RestMB {
		measured = append(measured, fmt.Sprintf("memory grew to %.1f times that at rest", r.PeakMB/r.RestMB))
	}
	if r.Recovery > recoveryLimit.Seconds() {
		measured = append(measured, fmt.Sprintf("it took %.1f s to recover", r.Recovery))
	}
	return always, measured
}

// flood is a measurement under overload.
type flood struct {
	*bench

	client *http.Client
	next   atomic.Int64 // question, so that each has words of its own and the model's kept answers serve none

	mu        sync.Mutex
	report    overloadReport
	latencies []time.Duration
}

// runOverload measures what one replica can do, asks for several times as much for a while, and looks at what becomes of it.
func runOverload(ctx context.Context, o overloadOptions, out io.Writer) (overloadReport, error) {
	b, err := newBench(ctx, o.options())
	if err != nil {
		return overloadReport{}, err
	}
	f := &flood{bench: b, client: &http.Client{
		Timeout: o.Deadline + clientTimeout, Transport: &http.Transport{MaxIdleConnsPerHost: mostAtOnce},
	}}
	f.report.Failed, f.report.Deadline = make(map[string]int), o.Deadline.Seconds()
	err = f.run(ctx, o, out)
	return f.report, errors.Join(err, b.close(ctx))
}

func (f *flood) run(ctx context.Context, o overloadOptions, out io.Writer) error {
	rest, err := f.replicas[0].memory()
	if err != nil {
		return err
	}
	f.report.RestMB = megabytes(rest)
	f.report.Capacity = f.capacity(ctx, o)
	watching, stop := context.WithCancel(ctx)
	var watched sync.WaitGroup
	watched.Go(func() { f.watchMemory(watching) })
	f.overload(ctx, o, out)
	f.report.Recovery = f.recover(ctx).Seconds()
	stop()
	watched.Wait()
	slices.Sort(f.latencies)
	f.report.P50, f.report.P99 = quantile(f.latencies, 0.5), quantile(f.latencies, 0.99)
	return f.openRuns(ctx)
}

// capacity is how many questions a second as many customers as there are places get answered.
func (f *flood) capacity(ctx context.Context, o overloadOptions) float64 {
	measuring, stop := context.WithTimeout(ctx, o.Warm)
	defer stop()
	var all sync.WaitGroup
	begun := time.Now()
	for i := range o.Customers {
		all.Go(func() {
			random := rand.New(rand.NewPCG(o.Seed, uint64(i))) //nolint:gosec // a load, not a secret
			for measuring.Err() == nil {
				if !f.ask(ctx, random) {
					_ = pause(measuring, sampleEach)
				}
			}
		})
	}
	all.Wait()
	return float64(f.report.Accepted) / time.Since(begun).Seconds()
}

// overload offers several times the capacity. Where nothing had to be refused, it was no overload: a machine that was busy with something
// else when the capacity was found can do more than that. Then twice as much is offered, a few times.
func (f *flood) overload(ctx context.Context, o overloadOptions, out io.Writer) {
	f.report.Offered = o.Factor * max(f.report.Capacity, 1)
	for range mostDoublings + 1 {
		sayf(out, "capacity %.0f/s, now %.0f/s for %s", f.report.Capacity, f.report.Offered, o.For)
		f.reset()
		f.offer(ctx, f.report.Offered, o.For)
		if f.report.Refused > 0 || ctx.Err() != nil {
			return
		}
		f.report.Offered *= 2
	}
}

// reset forgets what was counted before, except for what should not have happened at any time.
func (f *flood) reset() {
	f.latencies = nil
	f.report.Asked, f.report.Accepted, f.report.Refused, f.report.Urgent = 0, 0, 0, 0
}

// offer asks at a rate, whatever comes back, as a crowd does, and returns when all have been answered.
func (f *flood) offer(ctx context.Context, rate float64, lasts time.Duration) {
	random := rand.New(rand.NewPCG(f.Seed, 1<<40)) //nolint:gosec // as above
	slots := make(chan struct{}, mostAtOnce)
	var all sync.WaitGroup
	begun := time.Now()
	for n := 0; time.Since(begun) < lasts && ctx.Err() == nil; {
		for due := int(rate * time.Since(begun).Seconds()); n < due; n++ {
			slots <- struct{}{}
			own := rand.New(rand.NewPCG(random.Uint64(), uint64(n))) //nolint:gosec // as above
			all.Go(func() {
				defer func() { <-slots }()
				f.ask(ctx, own)
			})
		}
		_ = pause(ctx, time.Millisecond)
	}
	all.Wait()
}

// ask sends one question, once, and counts how it ended. It reports whether there was an answer.
func (f *flood) ask(ctx context.Context, random *rand.Rand) bool {
	q := &question{body: fresh(int(f.next.Add(1))), key: strconv.FormatUint(random.Uint64(), 36)}
	urgent := random.Float64() < urgentShare
	if urgent {
		q.body = "Someone logged into my account and withdrew my BTC"
	}
	begun := time.Now()
	response, err := send(ctx, f.client, asked{address: f.replicas[0].address, key: f.widgetKey, question: q})
	status, retry := 0, ""
	if err == nil {
		status, retry = response.StatusCode, response.Header.Get("Retry-After")
		if status == http.StatusOK {
			err = q.read(response.Body)
		}
		err = errors.Join(err, response.Body.Close())
	}
	took := time.Since(begun)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.report.Asked++
	if urgent {
		f.report.Urgent++
	}
	switch {
	case err != nil:
		f.report.Failed[kindOf(err)]++
	case status == http.StatusOK:
		f.report.Accepted++
		f.latencies = append(f.latencies, took)
	case (status == http.StatusServiceUnavailable || status == http.StatusTooManyRequests) && retry != "":
		f.report.Refused++
	default:
		f.report.Failed[fmt.Sprintf("status %d", status)]++
	}
	if urgent && (len(q.ends) == 0 || q.ends[0].Ticket == nil) {
		f.report.UrgentLost++
	}
	return len(q.ends) > 0
}

func kindOf(err error) string {
	if timeout, ok := errors.AsType[interface {
		error
		Timeout() bool
	}](err); ok && timeout.Timeout() {
		return "timeout"
	}
	return "connection"
}

// recover is how long it takes after the overload until some questions in a row are answered at the first try.
func (f *flood) recover(ctx context.Context) time.Duration {
	const inARow = 5
	begun, row := time.Now(), 0
	random := rand.New(rand.NewPCG(f.Seed, 1<<41)) //nolint:gosec // as above
	for row < inARow && time.Since(begun) < 6*recoveryLimit {
		if f.ask(ctx, random) {
			row++
			continue
		}
		row = 0
		if pause(ctx, sampleEach) != nil {
			break
		}
	}
	return time.Since(begun)
}

func (f *flood) watchMemory(ctx context.Context) {
	for pause(ctx, sampleEach) == nil {
		now, err := f.replicas[0].memory()
		if err == nil { // read when the watch is over
			f.report.PeakMB = max(f.report.PeakMB, megabytes(now))
		}
	}
}

// openRuns counts what was accepted and has no end.
func (f *flood) openRuns(ctx context.Context) error {
	conn, err := connect(ctx, f.database.inDatabase())
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	f.report.Open, err = await(ctx, conn, settleTimeout, openRuns)
	return err
}

func megabytes(bytes int64) float64 { return float64(bytes) / (1 << 20) }

// quantile of sorted durations, in seconds.
func quantile(sorted []time.Duration, q float64) float64 {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[min(int(q*float64(len(sorted))), len(sorted)-1)].Seconds()
}

// print writes the report as a table.
func (r overloadReport) print(out io.Writer) error {
	always, measured := r.broken()
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, line := range []struct{ name, value string }{
		{"capacity / offered", fmt.Sprintf("%.0f / %.0f questions a second", r.Capacity, r.Offered)},
		{"asked / accepted / refused", fmt.Sprintf("%d / %d / %d", r.Asked, r.Accepted, r.Refused)},
		{"for a person / not taken", fmt.Sprintf("%d / %d", r.Urgent, r.UrgentLost)},
		{"neither answered nor refused", fmt.Sprint(r.Failed)},
		{"p50 / p99 of accepted, deadline", fmt.Sprintf("%.2f / %.2f s, %.0f s", r.P50, r.P99, r.Deadline)},
		{"memory at rest / peak", fmt.Sprintf("%.0f / %.0f MB", r.RestMB, r.PeakMB)},
		{"recovered after", fmt.Sprintf("%.1f s", r.Recovery)},
		{"accepted without an end", strconv.Itoa(r.Open)},
		{"broken", cmp.Or(strings.Join(slices.Concat(always, measured), "; "), "nothing")},
	} {
		sayf(table, "%s\t%s", line.name, line.value)
	}
	return table.Flush()
}
