package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// watcher is a console at one replica. When that goes away, it goes on at another, with the last event that it has seen.
type watcher struct {
	addresses []string // its own replica first
	client    *http.Client
	key       string // of an agent

	last string // event, to resume behind it

	mu   sync.Mutex
	open bool
	seen map[string][]time.Time // tickets that were opened, by their id: when it was told
}

// watch holds a stream until ctx ends.
func (w *watcher) watch(ctx context.Context) {
	for turn := 0; ctx.Err() == nil; turn++ {
		_ = w.follow(ctx, w.addresses[turn%len(w.addresses)]) // a replica that is gone: the next one is asked
		_ = pause(ctx, retryPause)
	}
}

func (w *watcher) follow(ctx context.Context, address string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+"/v1/events?types=ticket.opened", nil)
	if err != nil {
		return fmt.Errorf("watch: %w", err)
	}
	request.Header.Set("Accept", "text/event-stream")
	request.Header.Set("Authorization", "Bearer "+w.key)
	if w.last != "" {
		request.Header.Set("Last-Event-ID", w.last)
	}
	response, err := w.client.Do(request)
	if err != nil {
		return fmt.Errorf("watch: %w", err)
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("watch: status %d", response.StatusCode)
	}
	w.mu.Lock()
	w.open = true
	w.mu.Unlock()
	lines, id, event := bufio.NewScanner(response.Body), "", ""
	for lines.Scan() {
		name, value, _ := strings.Cut(lines.Text(), ": ")
		switch name {
		case "id":
			id = value
		case "event":
			event = value
		case "data":
			if event == "ticket.opened" {
				if err := w.take(value); err != nil {
					return err
				}
			}
			w.last = id
		}
	}
	return errors.New("watch: the stream ended")
}

func (w *watcher) take(data string) error {
	var told struct {
		Data struct {
			TicketID string `json:"ticket_id"`
		} `json:"data"`
	}
	if err := json.Unmarshal([]byte(data), &told); err != nil {
		return fmt.Errorf("read event: %w", err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.seen[told.Data.TicketID] = append(w.seen[told.Data.TicketID], time.Now())
	return nil
}

// told is when it was told of each ticket.
func (w *watcher) told() map[string][]time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return maps.Clone(w.seen)
}

// awaitOpen returns once the stream is open.
func (w *watcher) awaitOpen(ctx context.Context) error {
	for {
		w.mu.Lock()
		open := w.open
		w.mu.Unlock()
		if open {
			return nil
		}
		if err := pause(ctx, quickly); err != nil {
			return fmt.Errorf("wait for stream: %w", err)
		}
	}
}

// compare counts the tickets that it was not told of, and those that it was told of again.
func (w *watcher) compare(tickets []string) (missed, doubled int) {
	told := w.told()
	for _, ticket := range tickets {
		if len(told[ticket]) == 0 {
			missed++
		}
	}
	for _, times := range told {
		doubled += len(times) - 1
	}
	return missed, doubled
}

// waits are how long each ticket took from the first watcher that was told to the last, the shortest first.
func waits(watchers []*watcher) []time.Duration {
	var all []time.Duration
	told := make([]map[string][]time.Time, len(watchers))
	for i, w := range watchers {
		told[i] = w.told()
	}
	for ticket := range told[0] {
		var times []time.Time
		for _, t := range told {
			times = append(times, t[ticket]...)
		}
		all = append(all, slices.MaxFunc(times, time.Time.Compare).Sub(slices.MinFunc(times, time.Time.Compare)))
	}
	slices.Sort(all)
	return all
}
