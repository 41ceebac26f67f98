package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/deskhand/deskhand/assistant/postgres"
)

type customerCmd struct {
	Erase  customerEraseCmd  `cmd:"" help:"Erase what a customer wrote, what was written to and about them, and who they are."`
	Expire customerExpireCmd `cmd:"" help:"Erase conversations that are older than the retention, as the service does each day."`
	Export customerExportCmd `cmd:"" help:"Write all that is kept of a customer."`
}

// subjectFlags say whose data is meant.
type subjectFlags struct {
	Conversation string `help:"One conversation, for customers who never said who they are." placeholder:"ID" xor:"subject" required:""`
	Ref          string `help:"The customer, by the reference that the site's tokens name (sub)." placeholder:"REF" xor:"subject" required:""`
}

func (f subjectFlags) subject() (postgres.Subject, error) {
	subject := postgres.Subject{Ref: strings.TrimSpace(f.Ref)}
	if f.Conversation == "" {
		if subject.Ref == "" {
			return subject, fmt.Errorf("%w: --ref is empty: name the customer as the site's tokens do", errConfig)
		}
		return subject, nil
	}
	var err error
	if subject.ConversationID, err = uuid.Parse(f.Conversation); err != nil || subject.ConversationID == uuid.Nil {
		return subject, fmt.Errorf("%w: --conversation: %q is no id: \"deskhand ticket show\" prints it", errConfig, f.Conversation)
	}
	return subject, nil
}

// lead opens the desk for a lead or an admin: whose customers' data it is, is more than one case's work.
func (c acting) lead(ctx context.Context, a *app, work func(s *seat) error) error {
	return c.sit(ctx, a, func(s *seat) error {
		if !s.actor.Lead {
			return fmt.Errorf("%w: --as: this takes a lead or an admin: see \"deskhand agent list\"", errConfig)
		}
		return work(s)
	})
}

type customerExportCmd struct {
	acting       `embed:""`
	subjectFlags `embed:""`

	JSON bool   `help:"Print JSON." name:"json" xor:"form"`
	Out  string `help:"Folder to write to; it must not exist. It gets customer.json with everything, and conversations.txt to read." placeholder:"DIR" type:"path" xor:"form"`
}

// Help is shown by --help.
func (customerExportCmd) Help() string {
	return `Without --json and --out, the conversations are printed to read. JSON holds everything: messages, tickets with their
history, notes and drafts, complaints, ratings, what the assistant decided and why, what other systems were told. Personal data is
not masked, and agents' notes are among it: read before you hand it out. The audit log keeps who exported, and not whom.

Examples:
  deskhand customer export --ref cust-4711 --as lea@quayside.example
  deskhand customer export --ref cust-4711 --out cust-4711
  deskhand customer export --conversation 01a200a5-a1fa-7100-a69d-7b2b13985fac --json`
}

// Run implements the command.
func (c customerExportCmd) Run(ctx context.Context, a *app) error {
	subject, err := c.subject()
	if err != nil {
		return err
	}
	if c.Out != "" {
		if _, err := os.Lstat(c.Out); err == nil {
			return fmt.Errorf("%w: --out: %s is there already: name a new folder", errConfig, c.Out)
		}
	}
	return c.lead(ctx, a, func(s *seat) error {
		export, err := s.store.Export(ctx, subject, s.actor)
		switch {
		case err != nil:
			return err
		case c.JSON:
			return printJSON(a, export)
		case c.Out != "":
			return writeExport(a, c.Out, export)
		}
		return printExport(a.out, export)
	})
}

// writeExport writes a folder that appears whole or not at all, readable by its owner only.
func writeExport(a *app, folder string, export postgres.Export) (err error) {
	part, err := os.MkdirTemp(filepath.Dir(folder), ".export-")
	if err != nil {
		return fmt.Errorf("%w: --out: %w", errConfig, err)
	}
	defer func() {
		if err != nil {
			_ = os.RemoveAll(part) // the error of the writing is the one to report
		}
	}()
	for name, write := range map[string]func(io.Writer) error{
		"conversations.txt": func(w io.Writer) error { return printExport(w, export) },
		"customer.json":     func(w io.Writer) error { return encodeJSON(w, export) },
	} {
		file, err := createNew(filepath.Join(part, name))
		if err != nil {
			return err
		}
		if err := closeAfter(write(file), file); err != nil {
			return err
		}
	}
	if err := os.Rename(part, folder); err != nil {
		return fmt.Errorf("write %s: %w", folder, err)
	}
	_, err = fmt.Fprintf(a.out, "%d conversations in %s\n", len(export.Conversations), folder)
	return err
}

// printExport prints conversations to read.
func printExport(w io.Writer, export postgres.Export) error {
	var text strings.Builder
	for _, c := range export.Conversations {
		_, _ = fmt.Fprintf(&text, "conversation %s, %s, %s\n", c.ID, c.Channel, c.CreatedAt.UTC().Format(time.DateTime))
		var messages []struct {
			Author    string    `json:"author"`
			Body      string    `json:"body"`
			CreatedAt time.Time `json:"created_at"`
		}
		if err := json.Unmarshal(c.Messages, &messages); err != nil {
			return fmt.Errorf("read messages: %w", err)
		}
		for _, m := range messages {
			_, _ = fmt.Fprintf(&text, "  %s %s\n%s", m.CreatedAt.UTC().Format(time.DateTime), m.Author, indented(m.Body))
		}
		text.WriteString("\n")
	}
	if _, err := io.WriteString(w, text.String()); err != nil {
		return fmt.Errorf("print conversations: %w", err)
	}
	return nil
}
