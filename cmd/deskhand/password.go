package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"

	"github.com/deskhand/deskhand/assistant/access"
)

// readPassword returns a password from the first line of a file, from standard input ("-"), or, without either, from the
// terminal, typed twice and not shown.
func readPassword(a *app, from string) (string, error) {
	switch from {
	case "-":
		return firstLine(a.in)
	case "":
		return askPassword(a)
	}
	file, err := os.Open(from) //nolint:gosec // the operator names it
	if err != nil {
		return "", fmt.Errorf("%w: --password-file: %w", errConfig, err)
	}
	defer func() { _ = file.Close() }()
	return firstLine(file)
}

func firstLine(r io.Reader) (string, error) {
	const longest = 4*access.MaxPassword + 2
	line, err := bufio.NewReader(io.LimitReader(r, longest)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", fmt.Errorf("read password: %w", err)
	}
	line = strings.TrimRight(line, "\r\n")
	if line == "" {
		return "", fmt.Errorf("%w: the password is empty: give it in the first line", errConfig)
	}
	return line, nil
}

func askPassword(a *app) (string, error) {
	file, ok := a.in.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) {
		return "", fmt.Errorf("%w: there is no terminal to ask for the password: use --password-file or --generate", errConfig)
	}
	first, err := hidden(a, file, "Password: ")
	if err != nil {
		return "", err
	}
	second, err := hidden(a, file, "The same once more: ")
	if err != nil {
		return "", err
	}
	if first != second {
		return "", fmt.Errorf("%w: the two passwords differ: try again", errConfig)
	}
	return first, nil
}

func hidden(a *app, terminal *os.File, prompt string) (string, error) {
	_, _ = fmt.Fprint(a.err, prompt)
	text, err := term.ReadPassword(int(terminal.Fd()))
	_, _ = fmt.Fprintln(a.err)
	if err != nil {
		return "", fmt.Errorf("read password: %w", err)
	}
	return string(text), nil
}
