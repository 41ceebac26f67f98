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
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/deskhand/deskhand/assistant/llm/llmtest"
)

// speedOptions are the flags of the comparison.
type speedOptions struct {
	Before    string        `help:"Earlier build of the program, which takes its turns too: the program is also held against it." placeholder:"FILE" type:"existingfile"`
	Binary    string        `help:"Program to test. Default: the source's, built for this run." placeholder:"FILE" type:"existingfile"`
	JSON      string        `help:"File for the report as JSON." name:"json" placeholder:"FILE"`
	LangChain bool          `default:"true" help:"Let LangChain.js take turns too, where Node.js and npm are (${default})." name:"langchain" negatable:""`
	Log       string        `help:"File for the log of the programs. Default: deskhand-faults.log with the temporary files." placeholder:"FILE"`
	Rounds    int           `default:"5" help:"Turns that each contestant has in each setting (${default})." placeholder:"N"`
	Turn      time.Duration `default:"3s" help:"How long a turn is (${default})." placeholder:"TIME"`
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
	all := []string{nameModel, nameOffline, nameLangChain, nameLangChainIndexed}
	return []setting{
		{Name: "one customer, model without latency", Clients: 1, rivals: all},
		{Name: "64 customers, model without latency", Clients: 64, rivals: all},
		{
			Name: "256 customers, model of 300 ms", Clients: 256, Latency: 300 * time.Millisecond,
			rivals: []string{nameModel, nameLangChain, nameLangChainIndexed},
		},
	}
}

// against are the contestants, beside the floor, that a contestant is held against.
func against(name string) []string {
	if name == nameModel || name == nameOffline {
		return []string{name + earlier, nameLangChain, nameLangChainIndexed}
	}
	return nil
}

// race has the contestants and counts the questions, so that no cache knows one.
type race struct {
	*bench

	client      *http.Client
	contestants map[string]*contestant
	next        atomic.Int64
	stops       []func()
}

// newRace has no contestants yet.
func newRace(b *bench) *race {
	return &race{bench: b, contestants: make(map[string]*contestant), client: &http.Client{
		Timeout: clientTimeout, Transport: &http.Transport{MaxIdleConnsPerHost: mostAtOnce},
	}}
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
	r := newRace(b)
	report, err := r.run(ctx, o, out)
	for _, stop := range r.stops {
		stop()
	}
	return report, errors.Join(err, b.close(ctx))
}

func (r *race) run(ctx context.Context, o speedOptions, out io.Writer) (speedReport, error) {
	if err := r.line(ctx, o, out); err != nil {
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
			if turns[rival] == nil {
				continue
			}
			report.Lines = append(report.Lines, newSpeedLine(s, rival, turns[nameFloor], turns[rival]))
			for _, other := range against(rival) {
				if turns[other] != nil {
					line := newSpeedLine(s, rival, turns[other], turns[rival])
					line.Against = other
					report.Lines = append(report.Lines, line)
				}
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

// turn lets so many customers ask one after the other for a while.
func (r *race) turn(ctx context.Context, c *contestant, customers int, lasts time.Duration) (turn, error) {
	server, err := r.database.pid()
	if err != nil {
		return turn{}, err
	}
	before := processorOf(c.process.Pid, server)
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
	t.processor = processorOf(c.process.Pid, server).since(before)
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
