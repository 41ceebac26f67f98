// Deskhand answers the support desk of a crypto exchange, or brings a person.
//
// This package knows every other one and nothing knows it: it reads the configuration (cli.go), wires the parts together
// (system.go, serve.go) and holds the sub-commands, one file each.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/alecthomas/kong"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/assistant/postgres"
	"github.com/deskhand/deskhand/assistant/postgres/local"
	"github.com/deskhand/deskhand/evals"
)

// Exit codes. Scripts tell a failed check (1) from a machine or configuration that a person has to mend (2).
const (
	exitOK     = 0
	exitFailed = 1
	exitUsage  = 2
)

// version is set by the build.
var version = "dev" //nolint:gochecknoglobals // the linker can set nothing else

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], streams{in: os.Stdin, out: os.Stdout, err: os.Stderr})
	stop()
	os.Exit(code)
}

// streams are what a command reads and writes.
type streams struct {
	err io.Writer
	in  io.Reader
	out io.Writer
}

// errFailed ends a command whose own output has already said what is wrong.
var errFailed = errors.New("failed")

// run is the program as a function: it parses args, runs the command, and returns the exit code.
func run(ctx context.Context, args []string, std streams) int { return runCommand(ctx, args, std, nil) }

// runCommand is run for commands of the desk on a system that is open already; without one, each opens its own.
func runCommand(ctx context.Context, args []string, std streams, opened *system) int {
	var commands cli
	exited := -1
	parser, err := kong.New(&commands,
		kong.Name("deskhand"),
		kong.Description("AI-assisted triage and auto-reply for the support desk of a crypto exchange."),
		kong.Vars{"version": version},
		kong.NamedMapper("newfile", kong.MapperFunc(newFile)),
		kong.Writers(std.out, std.err),
		kong.Exit(func(code int) { exited = code; panic(errExit) }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		kong.UsageOnError(),
	)
	if err != nil {
		_, _ = fmt.Fprintf(std.err, "deskhand: %v\n", err)
		return exitUsage
	}
	command, err := parse(parser, args)
	if exited >= 0 {
		return exited
	}
	if err != nil {
		hint := `: see "deskhand --help"`
		if errors.Is(err, errConfig) {
			hint = "" // it says what to do
		}
		_, _ = fmt.Fprintf(std.err, "deskhand: %v%s\n", err, hint)
		return exitUsage
	}
	command.BindTo(ctx, (*context.Context)(nil))
	logger := commands.logger(std.err)
	warnOfOpenSecrets(logger, append(append(commands.secretFiles(), commands.Watch.secretFiles()...),
		secretFile{flag: "encryption-keys", path: commands.Files.EncryptionKeys}))
	err = command.Run(&app{clock: clock, config: commands.config, load: loadKnowledge, logger: logger, opened: opened, streams: std})
	return report(std.err, err)
}

// errExit unwinds a parse that printed help or the version instead.
var errExit = errors.New("exit")

func parse(parser *kong.Kong, args []string) (command *kong.Context, err error) {
	defer func() {
		if r := recover(); r != nil && r != errExit { //nolint:errorlint // the very value that run panics with
			panic(r)
		}
	}()
	return parser.Parse(args)
}

// report prints an error in one line and returns the exit code for it.
func report(w io.Writer, err error) int {
	if err == nil {
		return exitOK
	}
	if errors.Is(err, errFailed) {
		return exitFailed
	}
	_, _ = fmt.Fprintf(w, "deskhand: %v\n", err)
	for _, mendable := range []error{
		local.ErrFolder, local.ErrInUse, local.ErrNoVector, local.ErrNotInstalled, local.ErrUnreachable, local.ErrVersion, errConfig,
		evals.ErrBroken, postgres.ErrNoKeys, postgres.ErrUnsealed,
	} {
		if errors.Is(err, mendable) {
			return exitUsage
		}
	}
	if assistant.ErrorCode(err) == assistant.CodeInvalid {
		return exitUsage
	}
	return exitFailed
}

// app is what every command works with.
type app struct {
	streams

	clock  func() time.Time
	config config
	load   func(config) (knowledge, error) // loadKnowledge
	logger *slog.Logger
	opened *system // what withDesk works on; nil where it opens one
}
