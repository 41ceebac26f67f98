package main

import (
	"context"
	"fmt"
	"os"
	"text/tabwriter"

	"github.com/deskhand/deskhand/assistant/guard"
)

type channelCmd struct {
	Import channelImportCmd `cmd:"" help:"Replace the registry of official channels and known fakes."`
	List   channelListCmd   `cmd:"" help:"List the registry."`
}

type channelImportCmd struct {
	File string `arg:"" help:"YAML file with the lists official and known_fake." type:"existingfile"`
}

// Help is shown by --help.
func (channelImportCmd) Help() string {
	return `The registry answers "is this really you?", and a link, e-mail or handle that is neither in it nor in a cited article never
leaves the desk.

Example of the file:
  official:
    - {kind: domain, value: quayside.example}
    - {kind: handle, platform: telegram, value: quayside_news}
  known_fake:
    - {kind: handle, platform: telegram, value: quayside_support}`
}

// Run implements the command.
func (c channelImportCmd) Run(ctx context.Context, a *app) error {
	file, err := os.Open(c.File)
	if err != nil {
		return fmt.Errorf("%w: %w", errConfig, err)
	}
	defer func() { _ = file.Close() }() // only read
	channels, err := guard.ParseChannels(file, c.File)
	if err != nil {
		return fmt.Errorf("%w: %w", errConfig, err)
	}
	return withSystem(ctx, a, func(s *system) error {
		if err := s.store.SetChannels(ctx, channels, "cli"); err != nil {
			return err
		}
		_, err := fmt.Fprintf(a.out, "%d channels are in force.\n", len(channels))
		return err
	})
}

type channelListCmd struct{}

// Run implements the command.
func (channelListCmd) Run(ctx context.Context, a *app) error {
	return withSystem(ctx, a, func(s *system) error {
		channels, err := s.store.Channels(ctx)
		if err != nil {
			return err
		}
		table := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
		_, _ = fmt.Fprintln(table, "STANDING\tKIND\tPLATFORM\tVALUE")
		for _, channel := range channels {
			_, _ = fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", channel.Standing, channel.Kind, channel.Platform, channel.Value)
		}
		return table.Flush()
	})
}
