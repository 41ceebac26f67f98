package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

const (
	// switchLimit is promise P10: how soon after a change of the policy every replica keeps to it.
	switchLimit = 2 * time.Second
	// machinesDeadline is how long a question may take, and then a replica that was killed keeps it.
	machinesDeadline = 6 * time.Second
	// stepTimeout bounds the wait for what must come about by itself.
	stepTimeout = time.Minute
	// feeQuestion is answered by feeArticle, in which feeBefore stands.
	feeQuestion = "whats the taker fee for spot"
	feeArticle  = "/v1/articles/trading-fees/en"
	feeBefore   = "0.12 %"
	feeAfter    = "0.37 %"
)

// machinesOptions are the flags of the run on several machines.
type machinesOptions struct {
	Agents    int           `default:"1" help:"Agents who answer tickets (${default})." placeholder:"N"`
	Binary    string        `help:"Program to test. Default: the source's, built for this run." placeholder:"FILE" type:"existingfile"`
	Customers int           `default:"8" help:"Customers who ask at the same time, through the balancer (${default})." placeholder:"N"`
	Hasty     bool          `help:"Do not wait for webhooks and for background jobs of replicas that were killed."`
	JSON      string        `help:"File for the report as JSON." name:"json" placeholder:"FILE"`
	Log       string        `help:"File for the log of the replicas. Default: deskhand-faults.log with the temporary files." placeholder:"FILE"`
	Rounds    int           `default:"20" help:"Questions to each replica at each check (${default})." placeholder:"N"`
	Seed      uint64        `default:"1" help:"Decides who asks what (${default})." placeholder:"N"`
	Step      time.Duration `default:"5s" help:"How long customers go on asking in each state (${default})." placeholder:"TIME"`
}

// machinesReport says who knew what, and when.
type machinesReport struct {
	Copies   copyCounts `json:"searches_on_the_copy"`
	Failures []string   `json:"failures"`
	Ledger   ledger     `json:"ledger"`
	Stale    int        `json:"stale"`      // texts that were older than what had been seen
	LateMS   float64    `json:"policy_ms"`  // after the change of the policy, the last question that it was not kept to; 0 for none
	EventP50 float64    `json:"events_p50"` // seconds from the first console that was told of a ticket to the last
	EventMax float64    `json:"events_max"`
	Missed   int        `json:"events_missed"`
	Doubled  int        `json:"events_doubled"`
	Tickets  int        `json:"tickets"`
	Seconds  float64    `json:"seconds"`
}

// machines is a run on several of them.
type machines struct {
	*bench

	adminKey string
	balancer string
	client   *http.Client
	crowd    *crowd
	out      io.Writer
	random   *rand.Rand
	report   machinesReport
	rounds   int
	step     time.Duration
	single   []*crowd // customers of one replica each
	watchers []*watcher
}

// runMachines has three replicas on two databases, and looks at what each of them knows while one after the other goes away.
func runMachines(ctx context.Context, o machinesOptions, out io.Writer) (machinesReport, error) {
	const replicas = 3
	b, err := newBench(ctx, options{
		Agents: o.Agents, Binary: o.Binary, Copied: true, Customers: o.Customers, Deadline: machinesDeadline, DiskMB: overloadDisk,
		Hasty: o.Hasty, Log: cmp.Or(o.Log, defaultLog()), Replicas: replicas, Seed: o.Seed,
		Flags: []string{"--key-rate", "0", "--total-rate", "0", "--visitor-rate", "0"},
	})
	if err != nil {
		return machinesReport{}, err
	}
	m := &machines{
		bench: b, out: out, random: rand.New(rand.NewPCG(o.Seed, 0)), rounds: o.Rounds, step: o.Step, //nolint:gosec // a load
		client: &http.Client{Timeout: clientTimeout, Transport: &http.Transport{MaxIdleConnsPerHost: 2 * o.Customers}},
	}
	err = m.run(ctx)
	return m.report, errors.Join(err, b.close(ctx))
}

func (m *machines) run(ctx context.Context) error {
	secret, err := m.command(ctx, "key", "create", "--role", "admin", "--name", "harness", "-q")
	if err != nil {
		return err
	}
	m.adminKey = strings.TrimSpace(secret)
	balancer, err := newProxy(ctx, toEach(m.addresses()))
	if err != nil {
		return err
	}
	defer func() { _ = balancer.close() }()
	m.balancer = fmt.Sprintf("127.0.0.1:%d", balancer.port())
	m.crowd = m.customers(m.balancer, "")
	people := &agents{addresses: []string{m.balancer}, client: m.client, key: m.agentKey, seed: m.Seed}
	watching, closeAll := context.WithCancel(ctx)
	defer closeAll()
	var watched, all sync.WaitGroup
	if err := m.watch(watching, &watched); err != nil {
		return err
	}
	working, stop := context.WithCancel(ctx)
	defer stop()
	for i := range m.Agents {
		all.Go(func() { people.work(working, i) })
	}
	begun := time.Now()
	all.Go(func() { m.crowd.ask(ctx, m.Customers, math.MaxInt) })
	err = m.steps(ctx)
	m.crowd.end()
	stop()
	all.Wait()
	m.report.Seconds = time.Since(begun).Seconds()
	if err != nil {
		return err
	}
	for _, one := range m.single {
		m.crowd.settled = append(m.crowd.settled, one.settled...)
	}
	t := &trial{bench: m.bench, out: m.out}
	if m.report.Ledger, err = t.balance(ctx, m.crowd, people); err != nil {
		return err
	}
	if err := m.compareEvents(ctx); err != nil {
		return err
	}
	closeAll()
	watched.Wait()
	return nil
}

func (m *machines) customers(address, run string) *crowd {
	return &crowd{
		addresses: []string{address}, client: m.client, key: m.widgetKey, problems: make(map[string]int), run: "m" + run, seed: m.Seed,
	}
}

// watch opens a console at each replica.
func (m *machines) watch(ctx context.Context, watched *sync.WaitGroup) error {
	client := &http.Client{} // a stream has no end
	for i, address := range m.addresses() {
		m.single = append(m.single, m.customers(address, strconv.Itoa(i)))
		w := &watcher{addresses: []string{address, m.balancer}, client: client, key: m.agentKey, seen: make(map[string][]time.Time)}
		m.watchers = append(m.watchers, w)
		watched.Go(func() { w.watch(ctx) })
	}
	opening, cancel := context.WithTimeout(ctx, stepTimeout)
	defer cancel()
	for _, w := range m.watchers {
		if err := w.awaitOpen(opening); err != nil {
			return err
		}
	}
	return nil
}

func (m *machines) steps(ctx context.Context) error {
	for _, step := range []struct {
		name string
		do   func(context.Context) error
	}{
		{"searches go to the copy", m.copyAnswers},
		{"automatic answers are switched off and on", m.switchPolicy},
		{"the copy lags while an article changes", m.lag},
		{"the copy goes away and comes back", m.loseCopy},
		{"a replica goes away and comes back", m.loseReplica},
	} {
		begun := time.Now()
		bounded, cancel := context.WithTimeout(ctx, stepTimeout)
		err := step.do(bounded)
		if err == nil {
			err = pause(bounded, m.step)
		}
		cancel()
		if err != nil {
			return fmt.Errorf("%s: %w", step.name, err)
		}
		sayf(m.out, "%6.1f s: %s", time.Since(begun).Seconds(), step.name)
	}
	return nil
}

// copyAnswers returns once each replica has searched in the copy.
func (m *machines) copyAnswers(ctx context.Context) error {
	for _, address := range m.addresses() {
		before, err := m.counts(ctx, address)
		if err != nil {
			return err
		}
		for now := before; now.Answered == before.Answered; {
			if _, err := m.search(ctx, address); err != nil {
				return err
			}
			if now, err = m.counts(ctx, address); err != nil {
				return err
			}
		}
	}
	return nil
}

// switchPolicy switches automatic answers off at one replica, asks all of them, and switches them on again.
func (m *machines) switchPolicy(ctx context.Context) error {
	if err := m.untilAll(ctx, "answered"); err != nil {
		return err
	}
	if err := m.autoReply(ctx, m.replicas[0].address, false); err != nil {
		return err
	}
	changed := time.Now()
	var all sync.WaitGroup
	late, failed := make([]time.Duration, len(m.single)), make([]error, len(m.single))
	for i := range m.single {
		all.Go(func() {
			for outcome := ""; time.Since(changed) < switchLimit || outcome != "handed_off"; {
				sent := time.Since(changed)
				if outcome, failed[i] = m.ask(ctx, i); failed[i] != nil {
					return
				}
				if outcome == "answered" {
					late[i] = sent
				}
			}
		})
	}
	all.Wait()
	for _, one := range late {
		m.report.LateMS = max(m.report.LateMS, float64(one.Microseconds())/1000)
	}
	if err := errors.Join(failed...); err != nil {
		return err
	}
	if err := m.autoReply(ctx, m.replicas[1].address, true); err != nil {
		return err
	}
	return m.untilAll(ctx, "answered")
}

// untilAll asks each replica until a question ends so.
func (m *machines) untilAll(ctx context.Context, outcome string) error {
	for i := range m.single {
		for {
			got, err := m.ask(ctx, i)
			if err != nil {
				return err
			}
			if got == outcome {
				break
			}
		}
	}
	return nil
}

// ask asks one replica what the articles answer, and returns the outcome.
func (m *machines) ask(ctx context.Context, replica int) (string, error) {
	end, err := m.askAt(ctx, replica)
	return end.Outcome, err
}

func (m *machines) askAt(ctx context.Context, replica int) (ending, error) {
	one := m.single[replica]
	one.mu.Lock()
	one.asked++
	key := fmt.Sprintf("%s-%d", one.run, one.asked)
	one.mu.Unlock()
	q := &question{body: feeQuestion, key: key, startedAt: time.Now()}
	one.settle(ctx, q, rand.New(rand.NewPCG(m.Seed, uint64(replica)))) //nolint:gosec // a load
	if len(q.ends) == 0 {
		return ending{}, fmt.Errorf("replica %d did not answer: %w", replica, cmp.Or(ctx.Err(), errors.New("it gave none")))
	}
	return q.ends[0], nil
}

// lag stops the copy from following, changes an article, and looks for its old text everywhere as soon as somebody saw the new one.
func (m *machines) lag(ctx context.Context) error {
	if err := m.copied.replay(ctx, `SELECT pg_wal_replay_pause()`); err != nil {
		return err
	}
	if err := m.changeArticle(ctx); err != nil {
		return err
	}
	for {
		text, err := m.search(ctx, m.replicas[0].address)
		if err != nil {
			return err
		}
		if strings.Contains(text, feeAfter) {
			break
		}
	}
	// From here on, nobody may see what was before.
	before, err := m.allCounts(ctx)
	if err != nil {
		return err
	}
	if err := m.lookForOld(ctx); err != nil {
		return err
	}
	after, err := m.allCounts(ctx)
	if err != nil {
		return err
	}
	if after.Answered > before.Answered {
		m.failf("%d searches went to a copy that lags", after.Answered-before.Answered)
	}
	if after.Behind == before.Behind {
		m.failf("the copy did not lag: nothing was tested")
	}
	if err := m.copied.replay(ctx, `SELECT pg_wal_replay_resume()`); err != nil {
		return err
	}
	if err := m.copyAnswers(ctx); err != nil {
		return err
	}
	return m.lookForOld(ctx)
}

// lookForOld searches and asks at each replica.
func (m *machines) lookForOld(ctx context.Context) error {
	for i, address := range m.addresses() {
		for range m.rounds {
			text, err := m.search(ctx, address)
			if err != nil {
				return err
			}
			end, err := m.askAt(ctx, i)
			if err != nil {
				return err
			}
			for _, read := range []string{text, end.Reply.Body} {
				if strings.Contains(read, feeBefore) {
					m.report.Stale++
				}
			}
		}
	}
	return nil
}

// loseCopy kills the copy, has each replica answer without it, and starts it again.
func (m *machines) loseCopy(ctx context.Context) error {
	if err := m.copied.kill(); err != nil {
		return err
	}
	if err := m.lookForOld(ctx); err != nil {
		return err
	}
	if err := m.copied.start(ctx); err != nil {
		return err
	}
	return m.copyAnswers(ctx)
}

// loseReplica kills one replica; its supervisor starts it again.
func (m *machines) loseReplica(ctx context.Context) error {
	lost := m.replicas[len(m.replicas)-1]
	gone := lost.signal(syscall.SIGKILL)
	if err := gone(ctx); err != nil {
		return err
	}
	for range m.rounds {
		if _, err := m.search(ctx, m.balancer); err != nil {
			return err
		}
	}
	if err := lost.awaitReady(ctx); err != nil {
		return err
	}
	return m.copyAnswers(ctx)
}
