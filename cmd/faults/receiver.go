package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"time"
)

// receiver is a system that takes the desk's webhooks.
type receiver struct {
	listener net.Listener
	server   *http.Server

	mu      sync.Mutex
	broken  bool
	refused int            // while it was broken, the last time
	taken   map[string]int // by webhook-id: how often
	without int            // without an id
}

func newReceiver(ctx context.Context) (*receiver, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("start receiver: %w", err)
	}
	r := &receiver{listener: listener, taken: make(map[string]int)}
	r.server = &http.Server{Handler: r, ReadHeaderTimeout: time.Minute}
	go func() { _ = r.server.Serve(listener) }() // until it is closed
	return r, nil
}

func (r *receiver) url() string { return "http://" + r.listener.Addr().String() + "/hook" }

func (r *receiver) close() error {
	if err := r.server.Close(); err != nil && !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("stop receiver: %w", err)
	}
	return nil
}

// fail makes it refuse everything.
func (r *receiver) fail() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.broken, r.refused = true, 0
}

// heal makes it take everything again, and counts what it has refused.
func (r *receiver) heal() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.broken = false
	return r.refused
}

// ServeHTTP implements http.Handler.
func (r *receiver) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	_, _ = io.Copy(io.Discard, request.Body)
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.broken {
		r.refused++
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	id := request.Header.Get("Webhook-Id")
	if id == "" {
		r.without++
	}
	r.taken[id]++
	w.WriteHeader(http.StatusNoContent)
}
