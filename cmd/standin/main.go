// Standin plays a language model for whoever wants to try the model's path without one: an OpenAI-compatible server (see package
// llmtest) that drafts as an honest, plain model does: it copies the first source in the customer's language and cites it. Its
// figures say that the path works and what the checks make of such drafts; they say nothing of a real model.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
	"time"

	"github.com/alecthomas/kong"

	"github.com/deskhand/deskhand/assistant/llm/llmtest"
)

// grace is how long the command may take to end itself after Ctrl-C before it is killed: a run of an eval keeps what it has.
const grace = 30 * time.Second

type cli struct {
	Command []string      `arg:"" help:"Command to run against the stand-in, after \"--\"; its exit code becomes this one's. Without one, the stand-in serves until Ctrl-C." optional:"" passthrough:""`
	Latency time.Duration `help:"How long the model takes to answer." placeholder:"TIME"`
}

// Help is shown by --help.
func (cli) Help() string {
	return `The command gets OPENAI_BASE_URL; an OPENAI_API_KEY and a list of providers are taken out of its environment.

Examples:
  go run ./cmd/standin -- bin/deskhand eval run evals/suites/smoke.yaml
  go run ./cmd/standin --latency 300ms -- bin/deskhand serve --sample
  go run ./cmd/standin                # prints its address, for another terminal`
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	var commands cli
	kong.Parse(&commands, kong.Name("standin"), kong.Description("A stand-in for a language model, on this machine."))
	err := commands.run(ctx, os.Stdout)
	stop()
	if ended, ok := errors.AsType[*exec.ExitError](err); ok && ended.ExitCode() > 0 {
		os.Exit(ended.ExitCode()) // it has said why
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "standin:", err)
		os.Exit(1)
	}
}

func (c cli) run(ctx context.Context, out io.Writer) error {
	// A model's own figures are not read, so no request is kept but the last.
	model, err := llmtest.NewServer(llmtest.Options{ //nolint:contextcheck // it lives until it is closed
		KeepRequests: 1, Latency: c.Latency, Responder: llmtest.Drafter,
	})
	if err != nil {
		return err
	}
	defer model.Close()
	command := c.Command
	if len(command) > 0 && command[0] == "--" {
		command = command[1:]
	}
	if len(command) == 0 {
		if _, err := fmt.Fprintf(out, "export OPENAI_BASE_URL=%s\n", model.BaseURL()); err != nil {
			return fmt.Errorf("print address: %w", err)
		}
		<-ctx.Done()
		return nil
	}
	child := exec.CommandContext(ctx, command[0], command[1:]...) //nolint:gosec // whoever calls says what to run
	child.Cancel = func() error { return child.Process.Signal(os.Interrupt) }
	child.WaitDelay = grace
	child.Env = environment(os.Environ(), model.BaseURL())
	child.Stdin, child.Stdout, child.Stderr = os.Stdin, out, os.Stderr
	if err := child.Run(); err != nil {
		return fmt.Errorf("run %s: %w", command[0], err)
	}
	return nil
}
