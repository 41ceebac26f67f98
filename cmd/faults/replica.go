package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// restartPause is what a supervisor such as systemd waits before it starts a program again.
const restartPause = 200 * time.Millisecond

// readyHint is in the last line that the program prints before it answers.
const readyHint = "Press Ctrl-C"

// replica is a running deskhand with a supervisor that starts it again whenever it ends.
type replica struct {
	address   string
	clockFile string // how many seconds its clock is ahead
	env       []string
	flags     []string
	log       io.Writer

	mu      sync.Mutex
	binary  string
	exits   map[int]int // by code; -1 for a signal
	process *os.Process // nil while none runs
	ready   chan struct{}
	starts  int
}

// newReplica picks a port. keep runs it.
func newReplica(ctx context.Context, binary, clockFile string, log io.Writer) (*replica, error) {
	address, err := freeAddress(ctx)
	if err != nil {
		return nil, err
	}
	return &replica{
		address: address, binary: binary, clockFile: clockFile, exits: make(map[int]int), log: log, ready: make(chan struct{}),
	}, nil
}

// freeAddress is one that nobody listens on.
func freeAddress(ctx context.Context) (string, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("find a port: %w", err)
	}
	if err := listener.Close(); err != nil {
		return "", fmt.Errorf("find a port: %w", err)
	}
	return listener.Addr().String(), nil
}

// keep runs the program again and again until ctx ends, and then stops it.
func (r *replica) keep(ctx context.Context) {
	for ctx.Err() == nil {
		if err := r.run(ctx); err != nil {
			_, _ = fmt.Fprintf(r.log, "harness: %v\n", err)
		}
		_ = pause(ctx, restartPause)
	}
}

func (r *replica) run(ctx context.Context) error {
	args := append([]string{"serve", "--addr", r.address}, r.flags...)
	r.mu.Lock()
	binary := r.binary
	r.mu.Unlock()
	command := exec.CommandContext(ctx, binary, args...) //nolint:gosec // the program under test
	command.Env = append(append(os.Environ(), r.env...), "DESKHAND_CLOCK_FILE="+r.clockFile)
	command.Stderr = r.log
	command.Cancel = func() error { return command.Process.Signal(syscall.SIGTERM) }
	command.WaitDelay = time.Minute
	stdout, err := command.StdoutPipe()
	if err != nil {
		return fmt.Errorf("start replica: %w", err)
	}
	if err := command.Start(); err != nil {
		return fmt.Errorf("start replica: %w", err)
	}
	r.mu.Lock()
	r.process, r.starts = command.Process, r.starts+1
	r.mu.Unlock()
	lines := bufio.NewScanner(stdout)
	for lines.Scan() {
		if strings.Contains(lines.Text(), readyHint) {
			r.mu.Lock()
			close(r.ready)
			r.mu.Unlock()
		}
	}
	err = command.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.process = nil
	r.exits[command.ProcessState.ExitCode()]++
	select {
	case <-r.ready:
		r.ready = make(chan struct{})
	default: // it ended before it was ready
	}
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// awaitReady returns once the program answers.
func (r *replica) awaitReady(ctx context.Context) error {
	r.mu.Lock()
	ready := r.ready
	r.mu.Unlock()
	select {
	case <-ready:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("wait for replica %s: %w", r.address, ctx.Err())
	}
}

// awaitProcess returns once the program runs, ready or not: the supervisor starts it again in a moment.
func (r *replica) awaitProcess(ctx context.Context) error {
	for {
		r.mu.Lock()
		process := r.process
		r.mu.Unlock()
		if process != nil {
			return nil
		}
		if err := pause(ctx, quickly); err != nil {
			return fmt.Errorf("wait for replica %s: %w", r.address, err)
		}
	}
}

// reads reports whether the program is up: then it reads its clock many times a second.
func (r *replica) reads() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	select {
	case <-r.ready:
		return true
	default:
		return false
	}
}

// restart stops the program, as for a change of its settings, and returns once it answers again.
func (r *replica) restart(ctx context.Context) error {
	if err := r.signal(syscall.SIGTERM)(ctx); err != nil {
		return err
	}
	return r.awaitReady(ctx)
}

// signal sends a signal to the program, if one runs, and returns a function that waits for its end.
func (r *replica) signal(how syscall.Signal) (gone func(ctx context.Context) error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	process := r.process
	if process == nil {
		return func(context.Context) error { return nil }
	}
	_ = process.Signal(how) // one that has just ended needs none
	return func(ctx context.Context) error {
		for {
			r.mu.Lock()
			same := r.process == process
			r.mu.Unlock()
			if !same {
				return nil
			}
			if err := pause(ctx, quickly); err != nil {
				return err
			}
		}
	}
}

// setClock moves the program's clock.
func (r *replica) setClock(ahead time.Duration) error {
	return os.WriteFile(r.clockFile, []byte(strconv.Itoa(int(ahead.Seconds()))), 0o600)
}

// memory is the program's resident memory in bytes.
func (r *replica) memory() (int64, error) {
	r.mu.Lock()
	process := r.process
	r.mu.Unlock()
	if process == nil {
		return 0, errors.New("read memory of replica: it does not run")
	}
	if memory := memoryOf(process.Pid); memory > 0 {
		return memory, nil
	}
	return 0, errors.New("read memory of replica: the system does not tell")
}
