package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
)

const (
	// watchPatience is how long an event may take before the measurement is given up.
	watchPatience = time.Minute
	watchQuestion = "I want to talk to a human, please."
)

type watchCmd struct {
	AgentKey      string `env:"AGENT_KEY" help:"API key of an agent, who watches." placeholder:"KEY"`
	AgentKeyFile  string `env:"AGENT_KEY_FILE" help:"File that holds it." placeholder:"FILE" type:"path"`
	WidgetKey     string `env:"WIDGET_KEY" help:"API key of a widget, which asks." placeholder:"KEY"`
	WidgetKeyFile string `env:"WIDGET_KEY_FILE" help:"File that holds it." placeholder:"FILE" type:"path"`

	At      []string `default:"http://localhost:8080" help:"Address of a replica; repeat it for each (${default})." placeholder:"URL"`
	Clients int      `default:"200" help:"Consoles that watch, spread over the replicas (${default})."`
	JSON    bool     `help:"Print one JSON object." name:"json"`
	Rounds  int      `default:"20" help:"Cases that are handed off, one after the other (${default})."`
}

// watchReport is how long consoles waited for a hand-off, in ms after the customer had the reply.
type watchReport struct {
	Clients  int     `json:"clients"`
	Events   int     `json:"events"`
	MaxMS    float64 `json:"max_ms"`
	P50MS    float64 `json:"p50_ms"`
	P95MS    float64 `json:"p95_ms"`
	Replicas int     `json:"replicas"`
}

// Help is shown by --help.
func (*watchCmd) Help() string {
	return `Measures on running replicas how soon open consoles learn of a case: each client holds a stream of /v1/events, customers ask
for a person at the replicas in turn, and the time runs from the customer's reply to the event at each client. It opens real tickets:
use a desk that serves nobody.

Example:
  deskhand watch --at http://localhost:8080 --at http://localhost:8081 --clients 200 --rounds 20`
}

func (c *watchCmd) secretFiles() []secretFile {
	return []secretFile{{"agent-key", c.AgentKeyFile, &c.AgentKey}, {"widget-key", c.WidgetKeyFile, &c.WidgetKey}}
}

// Validate reads the keys that stand in files and reports the first setting that cannot work.
func (c *watchCmd) Validate() error {
	if err := readSecrets(c.secretFiles()); err != nil {
		return err
	}
	switch {
	case c.AgentKey == "":
		return fmt.Errorf("%w: --agent-key or --agent-key-file is needed", errConfig)
	case c.WidgetKey == "":
		return fmt.Errorf("%w: --widget-key or --widget-key-file is needed", errConfig)
	case c.Clients < 1 || c.Rounds < 1:
		return fmt.Errorf("%w: --clients and --rounds must be at least 1", errConfig)
	}
	return nil
}

// Run implements the command.
func (c *watchCmd) Run(ctx context.Context, a *app) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	seen := make(chan time.Time, c.Clients)
	ready := make(chan struct{}, c.Clients)
	group, watching := errgroup.WithContext(ctx)
	for i := range c.Clients {
		group.Go(func() error {
			return c.watch(watching, c.At[i%len(c.At)], func(event string) {
				switch event {
				case "open":
					ready <- struct{}{}
				case "ticket.opened":
					seen <- a.clock()
				}
			})
		})
	}
	waits, err := c.measure(watching, a, ready, seen)
	stop()
	if ended := group.Wait(); err == nil || errors.Is(err, context.Canceled) {
		err = errors.Join(err, ended)
	}
	if err != nil && len(waits) == 0 {
		return err
	}
	slices.Sort(waits)
	ms := func(share float64) float64 {
		return float64(waits[int(share*float64(len(waits)-1))].Microseconds()) / 1000
	}
	report := watchReport{
		Clients: c.Clients, Events: len(waits), MaxMS: ms(1), P50MS: ms(0.5), P95MS: ms(0.95), Replicas: len(c.At),
	}
	if c.JSON {
		return printJSON(a, report)
	}
	_, _ = fmt.Fprintf(a.out, "%d consoles on %d replicas, %d events: p50 %.0f ms, p95 %.0f ms, max %.0f ms after the customer's reply\n",
		report.Clients, report.Replicas, report.Events, report.P50MS, report.P95MS, report.MaxMS)
	return nil
}

// measure asks the rounds' questions and collects how long each client waited.
func (c *watchCmd) measure(ctx context.Context, a *app, ready <-chan struct{}, seen <-chan time.Time) ([]time.Duration, error) {
	for range c.Clients {
		if _, err := take(ctx, ready); err != nil {
			return nil, fmt.Errorf("open streams: %w", err)
		}
	}
	var waits []time.Duration
	for round := range c.Rounds {
		if err := c.ask(ctx, c.At[round%len(c.At)]); err != nil {
			return nil, err
		}
		asked := a.clock()
		for range c.Clients {
			at, err := take(ctx, seen)
			if err != nil {
				return nil, fmt.Errorf("wait for event: %w", err)
			}
			waits = append(waits, max(0, at.Sub(asked)))
		}
	}
	return waits, nil
}

func take[T any](ctx context.Context, from <-chan T) (T, error) {
	ctx, cancel := context.WithTimeout(ctx, watchPatience)
	defer cancel()
	select {
	case value := <-from:
		return value, nil
	case <-ctx.Done():
		var none T
		return none, ctx.Err()
	}
}

// watch holds a stream of events and tells of each by its type, "open" first, until ctx ends.
func (c *watchCmd) watch(ctx context.Context, base string, tell func(event string)) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(base, "/")+"/v1/events", nil)
	if err != nil {
		return fmt.Errorf("watch %s: %w", base, err)
	}
	request.Header.Set("Authorization", "Bearer "+c.AgentKey)
	request.Header.Set("Accept", "text/event-stream")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return fmt.Errorf("watch %s: %w", base, err)
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("watch %s: status %d: is AGENT_KEY a key of this desk?", base, response.StatusCode)
	}
	tell("open")
	lines := bufio.NewScanner(response.Body)
	for lines.Scan() {
		if event, ok := strings.CutPrefix(lines.Text(), "event: "); ok {
			tell(event)
		}
	}
	if ctx.Err() != nil {
		return nil // the measurement is over
	}
	return fmt.Errorf("watch %s: the stream ended: %w", base, errors.Join(lines.Err(), io.ErrUnexpectedEOF))
}

func (c *watchCmd) ask(ctx context.Context, base string) error {
	body, err := json.Marshal(map[string]any{"message": map[string]string{"body": watchQuestion}})
	if err != nil {
		return fmt.Errorf("encode question: %w", err)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.TrimSuffix(base, "/")+"/v1/answers", bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("ask %s: %w", base, err)
	}
	request.Header.Set("Authorization", "Bearer "+c.WidgetKey)
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return fmt.Errorf("ask %s: %w", base, err)
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("ask %s: status %d: is WIDGET_KEY a key of this desk?", base, response.StatusCode)
	}
	return nil
}
