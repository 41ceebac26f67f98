package console_test

import (
	"bufio"
	"context"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant/postgres"
	"github.com/deskhand/deskhand/assistant/web"
)

const (
	facesRounds   = 20
	facesConsoles = 200 // that watch, over two replicas
)

// BenchmarkFaces prints what people at a browser wait for: "make faces". Nothing fails when a machine is slow.
func BenchmarkFaces(b *testing.B) {
	for b.Loop() {
		b.Logf("chat, gzipped: %d bytes with its largest language (goal 20,480)", chatSize(b))
		s := newSystem(b)
		s.add(b, "Mia")
		s.ask(b, wanted)
		other := &system{Service: s.Replica(b), widget: s.widget}
		tab := newTab(b)
		tab.logIn(s, "Mia")
		report(b, "first paint of the queue (goal 300 ms)", paints(tab, s))
		report(b, "hand-off to the open console of another replica, after the customer's reply (goal 1 s)", tab.arrivals(other))
		report(b, "ticket to 200 consoles on two replicas, after the customer's reply (goal 250 ms)", watched(b, s, other))
	}
}

func report(b *testing.B, what string, waits []time.Duration) {
	b.Helper()
	slices.Sort(waits)
	at := func(share float64) time.Duration {
		return waits[int(share*float64(len(waits)-1))].Round(100 * time.Microsecond)
	}
	b.Logf("%s: p50 %v, p95 %v, max %v of %d", what, at(0.5), at(0.95), at(1), len(waits))
}

// chatSize is what a customer's browser fetches for the chat, in bytes as they are sent.
func chatSize(b *testing.B) int {
	b.Helper()
	size := func(name string) int {
		content, err := os.ReadFile(name)
		require.NoError(b, err)
		return web.NewFile(content, fiber.MIMETextPlain).ZippedSize()
	}
	texts, err := filepath.Glob("../widget/texts/*.json")
	require.NoError(b, err)
	require.NotEmpty(b, texts)
	largest := 0
	for _, name := range texts {
		largest = max(largest, size(name))
	}
	return size("../widget/dist/widget.js") + size("../widget/dist/widget.mjs") + largest
}

// paints are the times until something of the queue is seen.
func paints(tab *tab, s *system) []time.Duration {
	var waits []time.Duration
	for range facesRounds {
		tab.open(s.Base + "/console")
		tab.await(`performance.getEntriesByName('first-contentful-paint').length`)
		ms := read[float64](tab, `performance.getEntriesByName('first-contentful-paint')[0].startTime`)
		waits = append(waits, time.Duration(ms*float64(time.Millisecond)))
	}
	return waits
}

// arrivals are the times from a customer's reply at a replica to the row in the tab.
func (b *tab) arrivals(asked *system) []time.Duration {
	b.t.Helper()
	b.Do(`window.rows = $$('.row').length; window.arrived = []; new MutationObserver(() => { const now = $$('.row').length;
		if (now > window.rows) { window.rows = now; window.arrived.push(Date.now()) } }).observe($('#rows'), {childList: true})`)
	var waits []time.Duration
	for i := range facesRounds {
		asked.ask(b.t, wanted)
		replied := time.Now()
		b.await(`window.arrived.length > ` + strconv.Itoa(i))
		waits = append(waits, max(0, time.UnixMilli(read[int64](b, `window.arrived.at(-1)`)).Sub(replied)))
	}
	return waits
}

// watched are the times from a customer's reply to the event at each of the consoles.
func watched(b *testing.B, replicas ...*system) []time.Duration {
	b.Helper()
	key := replicas[0].Key(b, postgres.RoleAgent)
	ctx, stop := context.WithCancel(b.Context())
	opened, seen := make(chan error, facesConsoles), make(chan time.Time, facesConsoles)
	ended := make(chan struct{})
	for i := range facesConsoles {
		go func() {
			watch(ctx, replicas[i%len(replicas)].Base, key, opened, seen)
			ended <- struct{}{}
		}()
	}
	defer func() {
		stop()
		for range facesConsoles {
			<-ended
		}
	}()
	for range facesConsoles {
		require.NoError(b, <-opened)
	}
	var waits []time.Duration
	for round := range facesRounds {
		replicas[round%len(replicas)].ask(b, wanted)
		replied := time.Now()
		for range facesConsoles {
			waits = append(waits, max(0, (<-seen).Sub(replied)))
		}
	}
	return waits
}

// watch holds a stream of events until ctx ends, and tells when it is open and of each new ticket.
func watch(ctx context.Context, base, key string, opened chan<- error, seen chan<- time.Time) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, base+"/v1/events", nil)
	if err != nil {
		opened <- err
		return
	}
	request.Header.Set("Authorization", "Bearer "+key)
	request.Header.Set("Accept", "text/event-stream")
	response, err := http.DefaultClient.Do(request)
	opened <- err
	if err != nil {
		return
	}
	defer response.Body.Close()
	for lines := bufio.NewScanner(response.Body); lines.Scan(); {
		if lines.Text() == "event: ticket.opened" {
			seen <- time.Now()
		}
	}
}
