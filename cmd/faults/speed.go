package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	pgxvec "github.com/pgvector/pgvector-go/pgx"

	"github.com/deskhand/deskhand/assistant/llm/llmtest"
)

// speedOptions are the flags of the comparison.
type speedOptions struct {
	Before string        `help:"Earlier build of the program, which takes its turns too: the program is also held against it." placeholder:"FILE" type:"existingfile"`
	Binary string        `help:"Program to test. Default: the source's, built for this run." placeholder:"FILE" type:"existingfile"`
	JSON   string        `help:"File for the report as JSON." name:"json" placeholder:"FILE"`
	Log    string        `help:"File for the log of the programs. Default: deskhand-faults.log with the temporary files." placeholder:"FILE"`
	Rounds int           `default:"5" help:"Turns that each contestant has in each setting (${default})." placeholder:"N"`
	Turn   time.Duration `default:"3s" help:"How long a turn is (${default})." placeholder:"TIME"`
}

// speedEmbedding is the embedding model of both contestants.
const speedEmbedding = "stand-in-embedding"

// setting is one load on the contestants.
type setting struct {
	Name    string
	Clients int
	Latency time.Duration // of the chat model
	rivals  []string      // held against the floor
}

const (
	nameFloor   = "floor"
	nameModel   = "deskhand"
	nameOffline = "deskhand offline"
	// earlier is behind the names of what an earlier build does.
	earlier = ", before"
)

func settings() []setting {
	return []setting{
		{Name: "one customer, model without latency", Clients: 1, rivals: []string{nameModel, nameOffline}},
		{Name: "64 customers, model without latency", Clients: 64, rivals: []string{nameModel, nameOffline}},
		{Name: "256 customers, model of 300 ms", Clients: 256, Latency: 300 * time.Millisecond, rivals: []string{nameModel}},
	}
}

// contestant is a running program that answers questions.
type contestant struct {
	body    func(question string) any
	header  http.Header
	process *os.Process
	url     string
}

// race has the contestants and counts the questions, so that no cache knows one.
type race struct {
	*bench

	client      *http.Client
	contestants map[string]*contestant
	next        atomic.Int64
	stops       []func()
}

// runSpeed asks deskhand and the floor the same questions in turns. Whatever else the machine does, both feel it, so only their
// ratios in one round count.
func runSpeed(ctx context.Context, o speedOptions, out io.Writer) (speedReport, error) {
	b, err := newBench(ctx, options{
		Binary: o.Binary, DiskMB: overloadDisk, Log: cmp.Or(o.Log, defaultLog()),
		Env: []string{"DESKHAND_EMBEDDING_MODEL=" + speedEmbedding, fmt.Sprintf("DESKHAND_EMBEDDING_DIMENSIONS=%d", floorDimensions)},
	})
	if err != nil {
		return speedReport{}, err
	}
	r := &race{bench: b, contestants: make(map[string]*contestant), client: &http.Client{
		Timeout: clientTimeout, Transport: &http.Transport{MaxIdleConnsPerHost: mostAtOnce},
	}}
	report, err := r.run(ctx, o, out)
	for _, stop := range r.stops {
		stop()
	}
	return report, errors.Join(err, b.close(ctx))
}

func (r *race) run(ctx context.Context, o speedOptions, out io.Writer) (speedReport, error) {
	if err := r.line(ctx, o.Before); err != nil {
		return speedReport{}, err
	}
	var report speedReport
	for _, s := range settings() {
		r.model.Heal(llmtest.Chat)
		if s.Latency > 0 {
			r.model.Always(llmtest.Chat, llmtest.Slow(s.Latency))
		}
		turns, err := r.turns(ctx, s, o)
		if err != nil {
			return report, err
		}
		for _, rival := range s.rivals {
			report.Lines = append(report.Lines, newSpeedLine(s, rival, turns[nameFloor], turns[rival]))
			if before := turns[rival+earlier]; before != nil {
				line := newSpeedLine(s, rival, before, turns[rival])
				line.Against = rival + earlier
				report.Lines = append(report.Lines, line)
			}
		}
		sayf(out, "measured: %s", s.Name)
	}
	return report, nil
}

// turns are the rounds of one setting, by who had them.
func (r *race) turns(ctx context.Context, s setting, o speedOptions) (map[string][]turn, error) {
	turns := make(map[string][]turn)
	for round := range o.Rounds + 1 {
		for _, name := range r.order(s) {
			t, err := r.turn(ctx, r.contestants[name], s.Clients, o.Turn)
			if err != nil {
				return nil, fmt.Errorf("%s, %s: %w", s.Name, name, err)
			}
			if round > 0 { // the first warms up
				turns[name] = append(turns[name], t)
			}
		}
	}
	return turns, nil
}

// order is who takes turns in a setting: what is compared stands beside each other.
func (r *race) order(s setting) []string {
	names := []string{nameFloor}
	for _, rival := range s.rivals {
		for _, name := range []string{rival, rival + earlier} {
			if r.contestants[name] != nil {
				names = append(names, name)
			}
		}
	}
	return names
}

// starter is who comes to the start.
type starter struct {
	contestant

	env  []string
	name string
	path string
	run  []string
}

// line brings the contestants to the start, those of an earlier build too where there is one.
func (r *race) line(ctx context.Context, before string) error {
	offline, err := r.offlineDatabase(ctx)
	if err != nil {
		return err
	}
	if err := r.fillFloor(ctx); err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find this program: %w", err)
	}
	starters := []starter{{
		name: nameFloor, path: "/answer", run: []string{self, "floor", "--database", r.database.service, "--model", r.model.BaseURL()},
		contestant: contestant{body: func(question string) any { return map[string]string{"question": question} }},
	}}
	starters = append(starters, r.builds(r.Binary, offline)...)
	if before != "" {
		for _, one := range r.builds(before, offline) {
			one.name += earlier
			starters = append(starters, one)
		}
	}
	for _, one := range starters {
		address, err := freeAddress(ctx)
		if err != nil {
			return err
		}
		one.url = "http://" + address + one.path
		if err := r.start(ctx, &one.contestant, append(one.run, "--addr", address), one.env); err != nil {
			return fmt.Errorf("start %s: %w", one.name, err)
		}
		if err := r.awaitReady(ctx, "http://"+address+"/readyz"); err != nil {
			return fmt.Errorf("start %s: %w", one.name, err)
		}
		r.contestants[one.name] = &one.contestant
	}
	return nil
}

// builds is a build of the program with the stand-in model, and without a model.
func (r *race) builds(binary, offline string) []starter {
	serve := []string{
		binary, "serve", "--key-rate", "0", "--total-rate", "0", "--visitor-rate", "0", "--max-questions", "512", "--log-level", "warn",
	}
	asking := contestant{
		body:   func(question string) any { return map[string]any{"message": map[string]string{"body": question}} },
		header: http.Header{"Authorization": {"Bearer " + r.widgetKey}},
	}
	model := []string{
		"DATABASE_URL=" + r.database.service, "DESKHAND_CHAT_MODEL=stand-in", "OPENAI_BASE_URL=" + r.model.BaseURL(),
	}
	return []starter{
		{name: nameModel, path: "/v1/answers", run: serve, contestant: asking, env: append(model, r.Env...)},
		{name: nameOffline, path: "/v1/answers", run: serve, contestant: asking, env: []string{"DATABASE_URL=" + offline}},
	}
}

// offlineDatabase is a copy of the desk for the contestant without a model, with the built-in embedder's vectors.
func (r *race) offlineDatabase(ctx context.Context) (string, error) {
	const name = "offline"
	if _, err := r.database.execute(ctx, `CREATE DATABASE `+name+` TEMPLATE deskhand OWNER deskhand`); err != nil {
		return "", err
	}
	address := strings.Replace(r.database.service, "/deskhand?", "/"+name+"?", 1)
	command := exec.CommandContext(ctx, r.Binary, "kb", "reindex", "--model", "builtin") //nolint:gosec // the program under test
	command.Env = append(os.Environ(), "DATABASE_URL="+address)
	command.Stdout, command.Stderr = r.log, r.log
	if err := command.Run(); err != nil {
		return "", fmt.Errorf("make vectors without a model: %w", err)
	}
	return address, nil
}

func (r *race) fillFloor(ctx context.Context) error {
	config, err := pgxpool.ParseConfig(r.database.service)
	if err != nil {
		return fmt.Errorf("read address of the database: %w", err)
	}
	config.AfterConnect = pgxvec.RegisterTypes
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	defer pool.Close()
	return (&floor{client: r.client, model: r.model.BaseURL(), pool: pool}).fill(ctx)
}

func (r *race) start(ctx context.Context, c *contestant, args, env []string) error {
	command := exec.CommandContext(ctx, args[0], args[1:]...) //nolint:gosec // the programs that are compared
	command.Env = append(append(os.Environ(), env...), "DESKHAND_CLOCK_FILE="+filepath.Join(r.dir, "clock"))
	command.Stdout, command.Stderr = r.log, r.log
	if err := command.Start(); err != nil {
		return err
	}
	c.process = command.Process
	r.stops = append(r.stops, func() {
		_ = command.Process.Signal(syscall.SIGKILL) // nothing that it holds is kept
		_ = command.Wait()
	})
	return nil
}

func (r *race) awaitReady(ctx context.Context, url string) error {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Minute)
	defer cancel()
	for {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return err
		}
		response, err := r.client.Do(request)
		if err == nil {
			_ = response.Body.Close()
			if response.StatusCode == http.StatusOK {
				return nil
			}
		}
		if err := pause(ctx, quickly); err != nil {
			return fmt.Errorf("wait until it answers: %w", err)
		}
	}
}

// turn lets so many customers ask one after the other for a while.
func (r *race) turn(ctx context.Context, c *contestant, customers int, lasts time.Duration) (turn, error) {
	asking, stop := context.WithTimeout(ctx, lasts)
	defer stop()
	var (
		all sync.WaitGroup
		mu  sync.Mutex
		t   turn
		bad error
	)
	begun := time.Now()
	for range customers {
		all.Go(func() {
			for asking.Err() == nil {
				sent := time.Now()
				end, err := r.ask(ctx, c)
				took := time.Since(sent)
				mu.Lock()
				if err != nil {
					bad = err
				}
				t.add(took, end)
				mu.Unlock()
				if err != nil {
					return
				}
				if end == refused {
					_ = pause(asking, sampleEach)
				}
			}
		})
	}
	all.Wait()
	t.finish(time.Since(begun), memoryOf(c.process.Pid))
	return t, bad
}

// outcome is what became of a question.
type outcome int

const (
	answered  outcome = iota // from the articles
	handedOff                // to a person
	refused                  // with the request to ask again later
)

// ask sends a question that nobody has asked before.
func (r *race) ask(ctx context.Context, c *contestant) (outcome, error) {
	body, err := json.Marshal(c.body(fresh(int(r.next.Add(1)))))
	if err != nil {
		return 0, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url, strings.NewReader(string(body)))
	if err != nil {
		return 0, err
	}
	maps.Copy(request.Header, c.header)
	request.Header.Set("Content-Type", "application/json")
	response, err := r.client.Do(request)
	if err != nil {
		return 0, err
	}
	reply, err := io.ReadAll(response.Body)
	if err := errors.Join(err, response.Body.Close()); err != nil {
		return 0, err
	}
	if response.StatusCode == http.StatusServiceUnavailable && response.Header.Get("Retry-After") != "" {
		return refused, nil
	}
	if response.StatusCode != http.StatusOK {
		return 0, fmt.Errorf("status %d: %s", response.StatusCode, reply)
	}
	if strings.Contains(string(reply), `"handed_off"`) {
		return handedOff, nil
	}
	return answered, nil
}

// fresh returns the n-th question, which differs from the ones before as what people type differs: 18,480 in all, then again.
func fresh(n int) string {
	pick := func(words string) string {
		all := strings.Split(words, "|")
		word := all[n%len(all)]
		n /= len(all)
		return word
	}
	about := pick("whats the taker fee for spot|how long does a USDT withdrawal take|how do i turn on two-factor authentication|" +
		"what is the minimum deposit for BTC|how do i whitelist an address|which documents do i need for verification|" +
		"how many confirmations does ETH need|can i cancel a limit order|how do i download my trade history|" +
		"where do i see my deposit address")
	hello := pick("hi|hello|hey|good morning|hi there|hello team|hey there|good evening|dear team|hey all|hi folks")
	please := pick("please tell me|can you say|i would like to know|could somebody explain|quick question|just asking|i wonder|tell me")
	why := pick("thanks|thank you|many thanks|thx|cheers|thanks a lot|thank you all|ta|tia|with thanks|best wishes|" +
		"have a nice day|kind regards|best|regards|greetings|all the best|see you|bye|take care|so long")
	return hello + ", " + please + ": " + about + "? " + why
}
