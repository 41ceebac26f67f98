package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"text/tabwriter"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/deskhand/deskhand/migrations"
)

// upgradeOptions are the flags of the rolling upgrade.
type upgradeOptions struct {
	Agents    int           `default:"2" help:"Agents who answer tickets (${default})." placeholder:"N"`
	Before    string        `help:"Build of the version that runs first." placeholder:"FILE" required:"" type:"existingfile"`
	Binary    string        `help:"Build of the version that replaces it. Default: the source's, built for this run." placeholder:"FILE" type:"existingfile"`
	Customers int           `default:"8" help:"Customers who ask at the same time, through the balancer (${default})." placeholder:"N"`
	Hasty     bool          `help:"Do not wait for webhooks, which come later."`
	JSON      string        `help:"File for the report as JSON." name:"json" placeholder:"FILE"`
	Log       string        `help:"File for the log of the replicas. Default: deskhand-faults.log with the temporary files." placeholder:"FILE"`
	Replicas  int           `default:"3" help:"Replicas, which are replaced one after the other (${default})." placeholder:"N"`
	Seed      uint64        `default:"1" help:"Decides who asks what (${default})." placeholder:"N"`
	Step      time.Duration `default:"5s" help:"How long customers go on asking in each state (${default})." placeholder:"TIME"`
}

// upgradeReport says what customers felt of the upgrade.
type upgradeReport struct {
	Ledger   ledger         `json:"ledger"`
	Problems map[string]int `json:"failed_tries"`
	Retried  int            `json:"retried"` // questions that had to be sent again
	Schema   [2]int64       `json:"schema"`  // number of the newest migration, before and after
	Seconds  float64        `json:"seconds"`
	Steps    []upgradeStep  `json:"steps"`
	Worst    float64        `json:"worst_seconds"` // the longest that a customer waited
}

// upgradeStep is a state of the upgrade.
type upgradeStep struct {
	Name  string `json:"name"`
	Asked int    `json:"asked"` // questions that were begun in it
}

// upgrade replaces one version by another while customers ask.
type upgrade struct {
	*bench

	crowd  *crowd
	newer  string // build
	out    io.Writer
	report upgradeReport
	step   time.Duration
}

// runUpgrade starts replicas of the version before, brings the database to the new schema under them, and replaces them one by one.
func runUpgrade(ctx context.Context, o upgradeOptions, out io.Writer) (upgradeReport, error) {
	b, err := newBench(ctx, options{
		Agents: o.Agents, Binary: o.Before, Customers: o.Customers, Deadline: machinesDeadline, DiskMB: overloadDisk, Hasty: o.Hasty,
		Log: cmp.Or(o.Log, defaultLog()), Replicas: o.Replicas, Seed: o.Seed,
	})
	if err != nil {
		return upgradeReport{}, err
	}
	u := &upgrade{bench: b, newer: o.Binary, out: out, step: o.Step}
	err = u.run(ctx)
	return u.report, errors.Join(err, b.close(ctx))
}

func (u *upgrade) run(ctx context.Context) error {
	if u.newer == "" {
		u.newer = filepath.Join(u.dir, "newer")
		if err := build(ctx, u.newer); err != nil {
			return err
		}
	}
	balancer, err := newProxy(ctx, toEach(u.addresses()))
	if err != nil {
		return err
	}
	defer func() { _ = balancer.close() }()
	address := fmt.Sprintf("127.0.0.1:%d", balancer.port())
	client := &http.Client{Timeout: clientTimeout, Transport: &http.Transport{MaxIdleConnsPerHost: 2 * u.Customers}}
	u.crowd = &crowd{
		addresses: []string{address}, client: client, key: u.widgetKey, problems: make(map[string]int), run: "u", seed: u.Seed,
	}
	people := &agents{addresses: []string{address}, client: client, key: u.agentKey, seed: u.Seed}
	working, stop := context.WithCancel(ctx)
	defer stop()
	var all sync.WaitGroup
	for i := range u.Agents {
		all.Go(func() { people.work(working, i) })
	}
	begun := time.Now()
	all.Go(func() { u.crowd.ask(ctx, u.Customers, math.MaxInt) })
	err = u.steps(ctx)
	u.crowd.end()
	stop()
	all.Wait()
	u.report.Seconds = time.Since(begun).Seconds()
	if err != nil {
		return err
	}
	u.report.Problems = u.crowd.problems
	for _, q := range u.crowd.settled {
		u.report.Worst = max(u.report.Worst, q.endedAt.Sub(q.startedAt).Seconds())
		u.report.Retried += min(q.tries-1, 1)
	}
	u.Binary = u.newer // which opens the books
	u.report.Ledger, err = (&trial{bench: u.bench, out: u.out}).balance(ctx, u.crowd, people)
	return err
}

func (u *upgrade) steps(ctx context.Context) error {
	if err := u.state(ctx, "all replicas of the version before"); err != nil {
		return err
	}
	var err error
	if u.report.Schema[0], err = u.schema(ctx); err != nil {
		return err
	}
	u.Binary = u.newer
	if _, err := u.command(ctx, "migrate"); err != nil {
		return err
	}
	if u.report.Schema[1], err = u.schema(ctx); err != nil {
		return err
	}
	if err := u.state(ctx, "the same on the new schema"); err != nil {
		return err
	}
	for i, r := range u.replicas {
		if err := r.replace(ctx, u.newer); err != nil {
			return err
		}
		if err := u.state(ctx, fmt.Sprintf("%d of %d replicas are new", i+1, len(u.replicas))); err != nil {
			return err
		}
	}
	return nil
}

// state lets customers ask for a while, and at least one of them finish.
func (u *upgrade) state(ctx context.Context, name string) error {
	before := u.crowd.progress()
	err := pause(ctx, u.step)
	for err == nil && u.crowd.progress() <= before+u.Customers {
		err = pause(ctx, quickly)
	}
	asked := u.crowd.progress() - before
	u.report.Steps = append(u.report.Steps, upgradeStep{Asked: asked, Name: name})
	sayf(u.out, "%6d questions: %s", asked, name)
	return err
}

// schema is the number of the newest migration in the database.
func (u *upgrade) schema(ctx context.Context) (int64, error) {
	pool, err := pgxpool.New(ctx, u.database.service)
	if err != nil {
		return 0, fmt.Errorf("connect: %w", err)
	}
	defer pool.Close()
	return migrations.Version(ctx, pool)
}

// replace stops the program, as whoever deploys does, and starts another build in its place.
func (r *replica) replace(ctx context.Context, binary string) error {
	r.mu.Lock()
	r.binary = binary
	r.mu.Unlock()
	if err := r.signal(syscall.SIGTERM)(ctx); err != nil {
		return err
	}
	return r.awaitReady(ctx)
}

// print writes the report as a table.
func (r upgradeReport) print(out io.Writer) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	l := r.Ledger
	for _, line := range []struct {
		name  string
		value any
	}{
		{"migrations", fmt.Sprintf("from %d to %d", r.Schema[0], r.Schema[1])},
		{"questions asked / accepted / stored", fmt.Sprintf("%d / %d / %d", l.Questions, l.Accepted, l.Stored)},
		{"answered / handed off / gave up / refused", fmt.Sprintf("%d / %d / %d / %d", l.Answered, l.HandedOff, l.GaveUp, l.Refused)},
		{"LOST", l.Lost},
		{"DOUBLED", l.Doubled},
		{"read otherwise than stored", l.Different},
		{"agents' replies: sent / lost / doubled", fmt.Sprintf("%d / %d / %d", l.AgentReplies, l.AgentRepliesLost, l.AgentRepliesDoubled)},
		{"webhook events: all / lost / doubled", fmt.Sprintf("%d / %d / %d", l.Events, l.EventsLost, l.EventsDoubled)},
		{"audit entries / intact", fmt.Sprintf("%d / %t", l.AuditEntries, l.AuditIntact)},
		{"jobs stuck", l.JobsStuck},
		{"sent again, longest wait", fmt.Sprintf("%d, %.1f s", r.Retried, r.Worst)},
		{"failed tries", r.Problems},
		{"seconds", fmt.Sprintf("%.0f", r.Seconds)},
	} {
		sayf(table, "%s\t%v", line.name, line.value)
	}
	return table.Flush()
}

func (o upgradeOptions) measure(ctx context.Context, out io.Writer) error {
	if o.Customers < 1 || o.Replicas < 1 {
		return errors.New("--customers and --replicas must be 1 or more")
	}
	result, err := runUpgrade(ctx, o, out)
	if err != nil {
		return err
	}
	if err := errors.Join(result.print(out), writeJSON(o.JSON, result)); err != nil {
		return err
	}
	var broken []string
	if !result.Ledger.sound() {
		broken = append(broken, "the books do not balance")
	}
	if result.Schema[0] == result.Schema[1] {
		broken = append(broken, "no migration was applied: both builds have the same schema")
	}
	if len(broken) > 0 {
		return fmt.Errorf("during the upgrade: %s", strings.Join(broken, "; "))
	}
	return nil
}
