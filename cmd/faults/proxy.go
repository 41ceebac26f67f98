package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// proxy is a network: a port of the loopback interface that leads somewhere else, to the database's socket or to one of the
// replicas. Its connections can be cut and held up.
type proxy struct {
	dial     func(context.Context) (net.Conn, error)
	listener net.Listener

	mu    sync.Mutex
	conns map[net.Conn]struct{}
	held  chan struct{} // closed when what is held up may go on; nil while nothing is
}

// newProxy starts to pass connections on. The caller closes it.
func newProxy(ctx context.Context, dial func(context.Context) (net.Conn, error)) (*proxy, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("start proxy: %w", err)
	}
	p := &proxy{conns: make(map[net.Conn]struct{}), dial: dial, listener: listener}
	go p.accept() //nolint:contextcheck // until it is closed
	return p, nil
}

// toSocket leads to a server's socket.
func toSocket(path string) func(context.Context) (net.Conn, error) {
	return func(ctx context.Context) (net.Conn, error) { return (&net.Dialer{}).DialContext(ctx, "unix", path) }
}

// toEach leads to each address in its turn, or to the next one that takes a connection: a balancer.
func toEach(addresses []string) func(context.Context) (net.Conn, error) {
	var turn atomic.Uint64
	return func(ctx context.Context) (conn net.Conn, err error) {
		first := turn.Add(1)
		for i := range uint64(len(addresses)) {
			conn, err = (&net.Dialer{}).DialContext(ctx, "tcp", addresses[(first+i)%uint64(len(addresses))])
			if err == nil {
				return conn, nil
			}
		}
		return nil, err
	}
}

func (p *proxy) port() int { return p.listener.Addr().(*net.TCPAddr).Port } //nolint:forcetypeassert // it listens for TCP

func (p *proxy) close() error {
	p.release()
	err := p.listener.Close()
	p.cut()
	return err
}

// cut drops every connection in the middle of what it carries, as a router that restarts does, and counts them.
func (p *proxy) cut() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	for conn := range p.conns {
		if tcp, ok := conn.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0) // a reset and not an orderly end
		}
		_ = conn.Close()
	}
	return len(p.conns) / 2 // both sides of each
}

// hold lets nothing through until release, and tells nobody: the worst that a network does. It counts the connections.
func (p *proxy) hold() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.held == nil {
		p.held = make(chan struct{})
	}
	return len(p.conns) / 2
}

func (p *proxy) release() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.held != nil {
		close(p.held)
		p.held = nil
	}
}

func (p *proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			time.Sleep(time.Millisecond) // out of file descriptors: others will be closed
			continue
		}
		go p.serve(client)
	}
}

func (p *proxy) serve(client net.Conn) {
	p.wait()
	server, err := p.dial(context.Background())
	if err != nil {
		_ = client.Close() // nobody is there
		return
	}
	p.mu.Lock()
	p.conns[client], p.conns[server] = struct{}{}, struct{}{}
	p.mu.Unlock()
	var both sync.WaitGroup
	both.Go(func() { p.pass(client, server) })
	both.Go(func() { p.pass(server, client) })
	both.Wait()
	p.mu.Lock()
	delete(p.conns, client)
	delete(p.conns, server)
	p.mu.Unlock()
}

// pass copies until one side has gone, then closes both.
func (p *proxy) pass(to, from net.Conn) {
	defer func() { _, _ = to.Close(), from.Close() }()
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		p.wait()
		if n > 0 {
			if _, err := to.Write(buffer[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// wait returns at once, or when what is held up may go on.
func (p *proxy) wait() {
	p.mu.Lock()
	held := p.held
	p.mu.Unlock()
	if held != nil {
		<-held
	}
}
