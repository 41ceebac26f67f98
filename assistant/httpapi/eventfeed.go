package httpapi

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humafiber"
	"github.com/google/uuid"

	"github.com/deskhand/deskhand/assistant/live"
	"github.com/deskhand/deskhand/assistant/postgres"
)

const (
	// feedWriteTimeout is how long a consumer may leave what is sent unread before its connection is cut.
	feedWriteTimeout = 15 * time.Second
	// reconnectAfter is how many milliseconds a browser waits before it resumes.
	reconnectAfter = 2000
)

// feed is one stream of live events.
type feed struct {
	conn         net.Conn
	conversation uuid.UUID                                                       // of one conversation; all when uuid.Nil
	entitled     func(ctx context.Context) *Problem                              // asked now and then: is the caller still let in?
	life         <-chan time.Time                                                // ends the stream; nil lasts
	render       func(ctx context.Context, event live.Event) ([]named, *Problem) // an event for this client; a problem ends the stream
	request      *request
	seen         place // by the client before
	server       *server
	sub          *live.Subscription
	want         func(live.Event) bool
}

// place is how far a client has come.
type place struct {
	parts    int // of the event at position; 0 means all
	position int64
	unknown  bool // it has seen nothing
}

// parsePlace reads the id of an event, "17", or of one of its parts, "17.1".
func parsePlace(id string) (place, error) {
	if id == "" {
		return place{unknown: true}, nil
	}
	whole, part, split := strings.Cut(id, ".")
	position, err := strconv.ParseUint(whole, 10, 63)
	if err != nil {
		return place{}, fmt.Errorf("parse event id: %w", err)
	}
	p := place{position: int64(position)}
	if split {
		parts, err := strconv.ParseUint(part, 10, 31)
		if err != nil {
			return place{}, fmt.Errorf("parse event id: %w", err)
		}
		p.parts = int(parts)
	}
	return p, nil
}

// done is the last event that the client has seen all of.
func (p place) done() int64 {
	switch {
	case p.unknown:
		return -1
	case p.parts > 0:
		return p.position - 1
	}
	return p.position
}

// named is data with the name of its event, as it goes over the wire.
type named struct {
	data any
	name string
}

// feedNotice is the data of events about the stream itself.
type feedNotice struct {
	Detail string `json:"detail"`
}

// openFeed subscribes a caller. lastSeen is the header Last-Event-ID.
func (s *server) openFeed(ctx context.Context, f *feed, lastSeen string) (*huma.StreamResponse, error) {
	f.request, f.server = requestFrom(ctx), s
	var err error
	if f.seen, err = parsePlace(lastSeen); err != nil {
		return nil, newProblem(kindInvalid, "Last-Event-ID is not the id of an event.")
	}
	if s.Live == nil {
		return nil, newProblem(kindUnavailable, "Live events are not running.")
	}
	sub, err := s.Live.Subscribe(ctx, f.want)
	if errors.Is(err, live.ErrFull) || errors.Is(err, live.ErrClosed) {
		return nil, newProblem(kindUnavailable, "No more live consumers are taken right now. Try again in a moment.")
	}
	if err != nil {
		return nil, s.problemOf(ctx, fmt.Errorf("subscribe: %w", err))
	}
	f.sub = sub
	ctx = context.WithoutCancel(ctx)
	return &huma.StreamResponse{Body: func(hc huma.Context) {
		hc.SetHeader("Content-Type", eventStreamType)
		hc.SetHeader("X-Accel-Buffering", "no")
		hc.SetStatus(http.StatusOK)
		c := humafiber.UnwrapV2(hc)
		f.conn = c.Context().Conn()
		r := f.request
		r.route, r.status, r.streaming = routeOf(c), http.StatusOK, true
		c.Context().SetBodyStreamWriter(func(w *bufio.Writer) {
			defer s.report(ctx, r)
			defer sub.Close()
			defer func() {
				if value := recover(); value != nil {
					s.logPanic(ctx, value)
				}
			}()
			f.run(ctx, &eventWriter{before: f.extend, w: w})
		})
	}}, nil
}

// extend gives the client another feedWriteTimeout to take what is written next: the server's own limit is for answers that
// end. The deadline comes from a context because only cmd reads the clock.
func (f *feed) extend() {
	ctx, cancel := context.WithTimeout(context.Background(), feedWriteTimeout)
	defer cancel()
	if deadline, ok := ctx.Deadline(); ok {
		_ = f.conn.SetWriteDeadline(deadline) // a connection that is gone shows at the write
	}
}

// run sends what the client missed, then what happens, until one of the two has enough.
func (f *feed) run(ctx context.Context, events *eventWriter) {
	events.write(fmt.Sprintf("retry: %d\n\n", reconnectAfter))
	if !f.catchUp(ctx, events) {
		return
	}
	tick := time.NewTicker(keepAliveInterval)
	defer tick.Stop()
	for !events.gone {
		select {
		case event, open := <-f.sub.Events():
			if !open {
				f.farewell(events)
				return
			}
			f.send(ctx, events, *event)
		case <-tick.C:
			f.beat(ctx, events)
		case <-f.life:
			return
		}
	}
}

// catchUp sends what is in the table between the client's last event and the beginning of the subscription.
func (f *feed) catchUp(ctx context.Context, events *eventWriter) bool {
	if f.seen.unknown || f.seen.position == 0 && f.sub.Start() == 0 {
		events.write(fmt.Sprintf("id: %d\n\n", f.sub.Start()))
		return true
	}
	resumable, err := f.resumable(ctx)
	if err != nil {
		return f.broken(ctx, events, err)
	}
	if !resumable {
		events.write(fmt.Sprintf("id: %d\n", f.sub.Start()))
		events.event("reset", feedNotice{Detail: "What happened since that event is not known any more: read again what you show."})
		return !events.gone
	}
	after := f.seen.done()
	for after < f.sub.Start() && !events.gone {
		reading, cancel := context.WithTimeout(ctx, f.server.requestTimeout())
		missed, err := f.server.Store.EventsBetween(reading, postgres.EventRange{
			After: after, ConversationID: f.conversation, UpTo: f.sub.Start(),
		})
		cancel()
		if err != nil {
			return f.broken(ctx, events, err)
		}
		if len(missed) == 0 {
			break
		}
		for _, event := range missed {
			after = event.Position
			if f.want(event) {
				f.send(ctx, events, event)
			}
		}
	}
	return !events.gone
}

// resumable reports whether all that the client missed is still in the table.
func (f *feed) resumable(ctx context.Context) (bool, error) {
	if f.seen.position == 0 {
		return true, nil // it came before the first event
	}
	ctx, cancel := context.WithTimeout(ctx, f.server.requestTimeout())
	defer cancel()
	return f.server.Store.CanResume(ctx, f.seen.position)
}

// send writes what an event is for this client. Each part has an id of its own: "17.1" is the first of several parts of
// event 17, and "17" its last.
func (f *feed) send(ctx context.Context, events *eventWriter, event live.Event) {
	// A client further ahead, by a replica that was faster, has it.
	if event.Position <= f.seen.done() {
		return
	}
	rendering, cancel := context.WithTimeout(ctx, f.server.requestTimeout())
	defer cancel()
	parts, problem := f.render(rendering, event)
	if problem != nil {
		f.refuse(events, problem)
		return
	}
	for i, part := range parts {
		if event.Position == f.seen.position && i < f.seen.parts {
			continue
		}
		if i == len(parts)-1 {
			events.write(fmt.Sprintf("id: %d\n", event.Position))
		} else {
			events.write(fmt.Sprintf("id: %d.%d\n", event.Position, i+1))
		}
		events.event(part.name, part.data)
	}
}

// beat is a sign of life. It moves the place from which the client would resume past events that were not for it, and looks
// whether the caller is still let in.
func (f *feed) beat(ctx context.Context, events *eventWriter) {
	if position, idle := f.sub.Idle(); idle && position > f.seen.position {
		events.write(fmt.Sprintf("id: %d\n", position))
	}
	events.keepAlive()
	checking, cancel := context.WithTimeout(ctx, f.server.requestTimeout())
	defer cancel()
	if problem := f.entitled(checking); problem != nil {
		f.refuse(events, problem)
	}
}

// refuse tells the client why the stream ends.
func (f *feed) refuse(events *eventWriter, problem *Problem) {
	problem.RequestID, f.request.problem = f.request.id, problem.kind
	events.event("error", problem)
	events.gone = true
}

// broken ends a stream that cannot go on for a while: the client resumes.
func (f *feed) broken(ctx context.Context, events *eventWriter, err error) bool {
	f.refuse(events, f.server.problemOf(ctx, err))
	return false
}

// farewell tells a client whose subscription was ended what to do.
func (f *feed) farewell(events *eventWriter) {
	detail := "The service is stopping. Connect again with Last-Event-ID: nothing is lost."
	if errors.Is(f.sub.Err(), live.ErrSlow) {
		detail = "You read too slowly. Connect again with Last-Event-ID: nothing is lost."
		f.server.Logger.Info("live consumer dropped", slog.String("request_id", f.request.id))
	}
	events.event("dropped", feedNotice{Detail: detail})
}
