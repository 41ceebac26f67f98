package main

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/deskhand/deskhand/assistant/guard"
	"github.com/deskhand/deskhand/assistant/postgres"
)

type channelCmd struct {
	Check   channelCheckCmd   `cmd:"" help:"Ask the registry about a contact."`
	Import  channelImportCmd  `cmd:"" help:"Set the registry from a YAML file, or add a list of known fakes."`
	List    channelListCmd    `cmd:"" help:"List the registry."`
	Publish channelPublishCmd `cmd:"" help:"Print the signed registry, for the desk's own site."`
	Rotate  channelRotateCmd  `cmd:"" name:"rotate-key" help:"Sign the registry with another key."`
	Verify  channelVerifyCmd  `cmd:"" name:"verify-signature" help:"Check a published registry against a public key."`
}

type channelImportCmd struct {
	DryRun bool   `help:"Only read the file and say what is in it."`
	File   string `arg:"" help:"YAML (.yaml, .yml) with the lists official and known_fake; or known fakes as CSV (.csv), JSON lines (.jsonl) or text." type:"existingfile"`
}

// Help is shown by --help.
func (channelImportCmd) Help() string {
	return `The registry answers "is this really you?", and a link, e-mail or handle that is neither in it nor in a cited article never
leaves the desk.

A YAML file replaces what was set by hand:
  official:
    - {kind: domain, value: quayside.example}
    - {kind: handle, platform: telegram, value: quayside_news}
  known_fake:
    - {kind: handle, platform: telegram, value: quayside_support}

A list of known fakes is added to it: one a line, a CSV file with a header (value or domain; kind, platform), or JSON lines with
the same names. Lines that cannot be read are named, and the rest is taken; then the exit code is 1. Repeating a list changes nothing.

Examples:
  deskhand channel import channels.yaml
  deskhand channel import --dry-run phishing-domains.txt`
}

// Run implements the command.
func (c channelImportCmd) Run(ctx context.Context, a *app) error {
	switch ext := strings.ToLower(filepath.Ext(c.File)); ext {
	case ".yaml", ".yml":
		return c.set(ctx, a)
	case ".csv":
		return c.add(ctx, a, guard.FormatCSV)
	case ".jsonl", ".ndjson":
		return c.add(ctx, a, guard.FormatJSONL)
	default:
		return c.add(ctx, a, guard.FormatText)
	}
}

// set replaces what was set by hand.
func (c channelImportCmd) set(ctx context.Context, a *app) error {
	file, err := os.Open(c.File)
	if err != nil {
		return fmt.Errorf("%w: %w", errConfig, err)
	}
	defer func() { _ = file.Close() }() // only read
	channels, err := guard.ParseChannels(file, c.File)
	if err != nil {
		return fmt.Errorf("%w: %w", errConfig, err)
	}
	if c.DryRun {
		_, err := fmt.Fprintf(a.out, "%d channels would be in force.\n", len(channels))
		return err
	}
	return withDesk(ctx, a, func(s *system) error {
		if err := s.store.SetChannels(ctx, channels, "cli"); err != nil {
			return err
		}
		_, err := fmt.Fprintf(a.out, "%d channels are in force.\n", len(channels))
		return err
	})
}

const (
	// fakesBatch is how many known fakes are stored at once: what is interrupted is as good as complete up to there.
	fakesBatch = 2000
	// problemsShown is how many lines of a list are named that cannot be read.
	problemsShown = 20
)

// add adds a list of known fakes.
func (c channelImportCmd) add(ctx context.Context, a *app, format guard.Format) error {
	content, err := os.ReadFile(c.File)
	if err != nil {
		return fmt.Errorf("%w: %w", errConfig, err)
	}
	return withDesk(ctx, a, func(s *system) error {
		registry, err := s.store.Registry(ctx)
		if err != nil {
			return err
		}
		list := &fakeImport{cmd: c, registry: registry, system: s}
		list.bar = newProgress(a.err, "lines", bytes.Count(content, []byte("\n")))
		err = guard.ReadFakes(bytes.NewReader(content), format, func(f guard.Fake) error { return list.take(ctx, f) })
		if err == nil {
			err = list.flush(ctx)
		}
		list.bar.done()
		if err != nil {
			return fmt.Errorf("import %s: %w", c.File, err)
		}
		return list.report(a.out)
	})
}

// fakeImport is an import on its way.
type fakeImport struct {
	added    int
	bar      *progress
	batch    []guard.Channel
	cmd      channelImportCmd
	problems []string
	read     int
	registry guard.Registry
	system   *system
}

func (i *fakeImport) take(ctx context.Context, f guard.Fake) error {
	i.bar.add()
	problem := f.Problem
	if problem == "" {
		if official, contradicts := i.registry.Contradicts(f.Channel); contradicts {
			problem = "is, or holds, the official channel " + official.Value
		}
	}
	if problem != "" {
		i.problems = append(i.problems, fmt.Sprintf("%s:%d: %s", i.cmd.File, f.Line, problem))
		return nil
	}
	i.read++
	i.batch = append(i.batch, f.Channel)
	if len(i.batch) < fakesBatch {
		return nil
	}
	return i.flush(ctx)
}

func (i *fakeImport) flush(ctx context.Context) error {
	batch := i.batch
	i.batch = nil
	if i.cmd.DryRun || len(batch) == 0 {
		return nil
	}
	added, err := i.system.store.AddFakes(ctx, postgres.FakeList{Actor: "cli", Fakes: batch, Source: filepath.Base(i.cmd.File)})
	i.added += added
	return err
}

func (i *fakeImport) report(out io.Writer) error {
	verb := fmt.Sprintf("%d are new", i.added)
	if i.cmd.DryRun {
		verb = "nothing was changed"
	}
	if _, err := fmt.Fprintf(out, "%d known fakes read, %s; %d lines not read.\n", i.read, verb, len(i.problems)); err != nil {
		return err
	}
	if len(i.problems) == 0 {
		return nil
	}
	for n, problem := range i.problems {
		if n == problemsShown {
			_, _ = fmt.Fprintf(out, "… and %d more\n", len(i.problems)-n)
			break
		}
		_, _ = fmt.Fprintln(out, problem)
	}
	return fmt.Errorf("%d lines of %s could not be read", len(i.problems), i.cmd.File)
}

type channelListCmd struct {
	JSON bool `help:"Print JSON." name:"json"`
}

// Run implements the command.
func (c channelListCmd) Run(ctx context.Context, a *app) error {
	return withDesk(ctx, a, func(s *system) error {
		channels, err := s.store.Channels(ctx)
		if err != nil {
			return err
		}
		if c.JSON {
			return json.NewEncoder(a.out).Encode(channels) //nolint:musttag // guard's names are those of the table
		}
		table := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
		_, _ = fmt.Fprintln(table, "STANDING\tKIND\tPLATFORM\tVALUE")
		for _, channel := range channels {
			_, _ = fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", channel.Standing, channel.Kind, channel.Platform, channel.Value)
		}
		return table.Flush()
	})
}

type channelCheckCmd struct {
	Value []string `arg:"" help:"A link, e-mail address, telephone number or @handle, or a text that holds some."`
}

// Help is shown by --help.
func (channelCheckCmd) Help() string {
	return "Nothing is resolved or opened.\n\nExample:\n  deskhand channel check https://quayside-support.com"
}

// Run implements the command.
func (c channelCheckCmd) Run(ctx context.Context, a *app) error {
	return withDesk(ctx, a, func(s *system) error {
		registry, err := s.store.Registry(ctx)
		if err != nil {
			return err
		}
		for _, contact := range guard.Contacts(strings.Join(c.Value, " ")) {
			line := fmt.Sprintf("%s  %s", registry.Standing(contact), contact.Display())
			if likeness, found := registry.Imitated(contact); found {
				line += fmt.Sprintf("  imitates %s (%s)", likeness.Official.Value, likeness.Sign)
			}
			if _, err := fmt.Fprintln(a.out, line); err != nil {
				return fmt.Errorf("print contact: %w", err)
			}
		}
		return nil
	})
}

type channelPublishCmd struct{}

// Help is shown by --help.
func (channelPublishCmd) Help() string {
	return `The same as GET /v1/channels/registry. The first call makes the signing key.

Example:
  deskhand channel publish > registry.json
  deskhand channel verify-signature registry.json --public-key …`
}

// Run implements the command.
func (channelPublishCmd) Run(ctx context.Context, a *app) error {
	return withDesk(ctx, a, func(s *system) error {
		published, err := s.store.PublishRegistry(ctx)
		if err != nil {
			return err
		}
		encoder := json.NewEncoder(a.out)
		encoder.SetIndent("", "  ")
		return encoder.Encode(published)
	})
}

type channelRotateCmd struct {
	Keep time.Duration `default:"720h" help:"How long the key before signs too (${default}), until everybody knows the new one." placeholder:"TIME"`
}

// Run implements the command.
func (c channelRotateCmd) Run(ctx context.Context, a *app) error {
	if c.Keep < 0 {
		return fmt.Errorf("%w: --keep must not be negative", errConfig)
	}
	return withDesk(ctx, a, func(s *system) error {
		public, err := s.store.RotateRegistryKey(ctx, c.Keep, "cli")
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(a.out, "The registry's public key is now %s\n", base64.StdEncoding.EncodeToString(public))
		return err
	})
}

type channelVerifyCmd struct {
	File      string `arg:"" help:"The published registry." type:"existingfile"`
	PublicKey string `help:"The desk's public key, 32 bytes in base64, from a source that you trust and not from the file." placeholder:"KEY" required:""`
}

// Help is shown by --help.
func (channelVerifyCmd) Help() string {
	return "It needs no database.\n\nExample:\n  deskhand channel verify-signature registry.json --public-key 1oUQ…="
}

// Run implements the command.
func (c channelVerifyCmd) Run(a *app) error {
	key, err := base64.StdEncoding.DecodeString(c.PublicKey)
	if err != nil || len(key) != ed25519.PublicKeySize {
		return fmt.Errorf("%w: --public-key is not %d bytes in base64", errConfig,
			ed25519.PublicKeySize)
	}
	document, err := os.ReadFile(c.File)
	if err != nil {
		return fmt.Errorf("%w: %w", errConfig, err)
	}
	registry, err := guard.VerifyPublished(document, ed25519.PublicKey(key))
	if err != nil {
		return fmt.Errorf("verify %s: %w", c.File, err)
	}
	_, err = fmt.Fprintf(a.out, "Good: version %d of %s, %d official channels, %d known fakes.\n", registry.Version,
		registry.ChangedAt.Format(time.RFC3339), len(registry.Official), len(registry.KnownFakes))
	return err
}
