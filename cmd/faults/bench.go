package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/deskhand/deskhand/assistant/llm/llmtest"
)

// bench is the whole system under test: replicas, their network to the database, the database, a model, a consumer of webhooks.
type bench struct {
	options

	agentKey  string
	copied    *standby // of the database; nil without one
	database  *server
	dir       string
	keys      *keyFile // nil where nothing is encrypted
	log       *os.File // of the replicas
	model     *llmtest.Server
	network   *proxy
	receiver  *receiver
	replicas  []*replica
	running   sync.WaitGroup
	stop      context.CancelFunc // of the replicas
	widgetKey string
}

// newBench starts everything and waits until the replicas answer. The caller closes it.
func newBench(ctx context.Context, o options) (*bench, error) {
	b := &bench{options: o, stop: func() {}}
	if err := b.open(ctx); err != nil {
		return nil, errors.Join(err, b.close(ctx))
	}
	return b, nil
}

func (b *bench) open(ctx context.Context) error {
	var err error
	// Not below a home: PostgreSQL's own user must be able to pass through the folders above.
	if b.dir, err = os.MkdirTemp("", "deskhand-faults-"); err != nil {
		return fmt.Errorf("make folder: %w", err)
	}
	if err := os.Chmod(b.dir, 0o711); err != nil { //nolint:gosec // see above
		return fmt.Errorf("open folder: %w", err)
	}
	if b.log, err = os.Create(b.Log); err != nil {
		return fmt.Errorf("make log: %w", err)
	}
	if b.Binary == "" {
		b.Binary = filepath.Join(b.dir, "deskhand")
		if err := build(ctx, b.Binary); err != nil {
			return err
		}
	}
	if b.database, err = newServer(ctx, b.dir, b.DiskMB); err != nil {
		return err
	}
	if b.receiver, err = newReceiver(ctx); err != nil {
		return err
	}
	if b.Encrypted {
		if b.keys, err = newKeyFile(filepath.Join(b.dir, "keys")); err != nil {
			return err
		}
	}
	model := llmtest.Options{Latency: b.ModelLatency, Responder: llmtest.Drafter}
	if b.model, err = llmtest.NewServer(model); err != nil { //nolint:contextcheck // until it is closed
		return fmt.Errorf("start model: %w", err)
	}
	if err := b.furnish(ctx); err != nil {
		return err
	}
	if b.Copied {
		if b.copied, err = newStandby(ctx, b.database, b.log); err != nil {
			return err
		}
	}
	return b.startReplicas(ctx)
}

// build makes the program as a release is made, but for its clock, which can be moved.
func build(ctx context.Context, path string) error {
	root, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}").Output()
	if err != nil {
		return fmt.Errorf("find the source: %w", err)
	}
	args := []string{"build", "-trimpath", "-ldflags", "-s -w", "-tags", "movedclock", "-o", path, "./cmd/deskhand"}
	command := exec.CommandContext(ctx, "go", args...) //nolint:gosec // our own source
	command.Dir = strings.TrimSpace(string(root))
	command.Env = append(os.Environ(), "CGO_ENABLED=0")
	command.Stderr = os.Stderr
	if err := command.Run(); err != nil {
		return fmt.Errorf("build the program: %w", err)
	}
	return nil
}

// furnish gives the desk its articles, its keys and somebody to tell of events.
func (b *bench) furnish(ctx context.Context) error {
	if b.Replicas > 0 {
		// First, so that no event is from before there was somebody to tell.
		_, err := b.command(ctx, "webhook", "add", b.receiver.url(), "--insecure-http", "--allow-network", "127.0.0.0/8")
		if err != nil {
			return err
		}
	}
	if _, err := b.command(ctx, "kb", "import", "--sample"); err != nil {
		return err
	}
	for role, key := range map[string]*string{"agent": &b.agentKey, "widget": &b.widgetKey} {
		secret, err := b.command(ctx, "key", "create", "--role", role, "--name", "harness", "-q")
		if err != nil {
			return err
		}
		*key = strings.TrimSpace(secret)
	}
	return nil
}

// command runs a command of the program on the database, past the network that fails.
func (b *bench) command(ctx context.Context, args ...string) (string, error) {
	command := exec.CommandContext(ctx, b.Binary, args...) //nolint:gosec // the program under test
	command.Env = append(os.Environ(), "DATABASE_URL="+b.database.service, "DESKHAND_CLOCK_FILE=")
	command.Env = append(command.Env, b.keys.env()...)
	if len(b.Env) > 0 {
		command.Env = append(append(command.Env, "OPENAI_BASE_URL="+b.model.BaseURL()), b.Env...)
	}
	command.Stderr = b.log
	output, err := command.Output()
	if err != nil {
		return string(output), fmt.Errorf("deskhand %s: %w", strings.Join(args, " "), err)
	}
	return string(output), nil
}

func (b *bench) startReplicas(ctx context.Context) error {
	socket, err := b.database.socket()
	if err != nil {
		return err
	}
	if b.network, err = newProxy(ctx, toSocket(socket)); err != nil {
		return err
	}
	running, stop := context.WithCancel(context.WithoutCancel(ctx))
	b.stop = stop
	for i := range b.Replicas {
		r, err := newReplica(ctx, b.Binary, filepath.Join(b.dir, fmt.Sprintf("clock%d", i)), b.log)
		if err != nil {
			return err
		}
		r.env = []string{
			fmt.Sprintf("DATABASE_URL=postgres://deskhand@127.0.0.1:%d/deskhand?sslmode=disable", b.network.port()),
			"OPENAI_BASE_URL=" + b.model.BaseURL(), "DESKHAND_CHAT_MODEL=stand-in", "DESKHAND_REQUEST_DEADLINE=" + b.Deadline.String(),
		}
		if b.copied != nil {
			r.env = append(r.env, "DATABASE_REPLICA_URLS="+b.copied.service)
		}
		r.env = append(r.env, b.keys.env()...)
		r.flags = b.Flags
		b.replicas = append(b.replicas, r)
		b.running.Go(func() { r.keep(running) })
	}
	ctx, cancel := context.WithTimeout(ctx, 3*time.Minute)
	defer cancel()
	for _, r := range b.replicas {
		if err := r.awaitReady(ctx); err != nil {
			return err
		}
	}
	return nil
}

// addresses are where the replicas answer.
func (b *bench) addresses() []string {
	addresses := make([]string, len(b.replicas))
	for i, r := range b.replicas {
		addresses[i] = r.address
	}
	return addresses
}

// close stops what runs and removes what is left, but for the log.
func (b *bench) close(ctx context.Context) error {
	b.stop()
	if b.network != nil {
		b.network.release() // so that nobody waits for it
	}
	b.running.Wait()
	var err error
	for _, part := range []struct {
		there bool
		close func() error
	}{
		{b.network != nil, func() error { return b.network.close() }},
		{b.receiver != nil, func() error { return b.receiver.close() }},
		{b.model != nil, func() error { b.model.Close(); return nil }},
		{b.copied != nil, func() error { return b.copied.kill() }},
		{b.database != nil, func() error { return b.database.remove(ctx) }},
		{b.log != nil, func() error { return b.log.Close() }},
		{b.dir != "", func() error { return os.RemoveAll(b.dir) }},
	} {
		if part.there {
			err = errors.Join(err, part.close())
		}
	}
	return err
}

// sayf tells who watches how far it is.
func sayf(w io.Writer, format string, args ...any) { _, _ = fmt.Fprintf(w, format+"\n", args...) }
