package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/google/uuid"
	"golang.org/x/term"

	"github.com/deskhand/deskhand/assistant/desk"
	"github.com/deskhand/deskhand/assistant/postgres"
)

const (
	// maxRetention is a hundred years: more is a slip of the finger.
	maxRetention = 36500
	// maxExpiring is how many conversations a dry run names.
	maxExpiring = 10_000
)

// days is a number of days, written as 730d. 0 is none.
type days int

// UnmarshalText implements encoding.TextUnmarshaler.
func (d *days) UnmarshalText(text []byte) error {
	number, ok := strings.CutSuffix(string(text), "d")
	n, err := strconv.Atoi(number)
	if !ok || err != nil || n < 1 || n > maxRetention {
		return fmt.Errorf("%q: write days such as 730d, from 1d to %dd", text, maxRetention)
	}
	*d = days(n)
	return nil
}

// before is the time that so many days lie behind.
func (d days) before(now time.Time) time.Time { return now.AddDate(0, 0, -int(d)) }

type customerEraseCmd struct {
	acting       `embed:""`
	subjectFlags `embed:""`

	DryRun bool `help:"Say how much would be erased, and erase nothing."`
	JSON   bool `help:"Print JSON." name:"json"`
	Yes    bool `help:"Do not ask."`
}

// Help is shown by --help.
func (customerEraseCmd) Help() string {
	return `What stays says how the desk worked and nothing of the customer: times, outcomes, codes, the register of complaints, the
audit log. The audit log keeps who erased, under the receipt that is printed, and not whom. Tickets must be resolved and complaints
decided first. It is done whole or not at all: after Ctrl-C or a crash, run it again. A customer who was erased before is not found.

Copies elsewhere stay: backups, what webhooks have told other systems, what you exported.

Examples:
  deskhand customer erase --ref cust-4711 --dry-run
  deskhand customer erase --ref cust-4711 --as lea@quayside.example
  deskhand customer erase --conversation 01a200a5-a1fa-7100-a69d-7b2b13985fac --yes --json`
}

// erasureView is what --json prints.
type erasureView struct {
	DryRun  bool            `json:"dry_run"`
	Erased  postgres.Erased `json:"erased"`
	Receipt *uuid.UUID      `json:"receipt,omitempty"`
}

// Run implements the command.
func (c customerEraseCmd) Run(ctx context.Context, a *app) error {
	subject, err := c.subject()
	if err != nil {
		return err
	}
	if c.DryRun {
		return c.look(ctx, a, func(s *seat) error {
			would, err := s.store.RehearseErase(ctx, subject)
			if err != nil {
				return err
			}
			return c.print(a, erasureView{DryRun: true, Erased: would})
		})
	}
	return c.lead(ctx, a, func(s *seat) error {
		if !c.Yes {
			would, err := s.store.RehearseErase(ctx, subject)
			if err != nil {
				return err
			}
			if err := confirm(a, "This erases "+amount(would)+", for ever."); err != nil {
				return err
			}
		}
		erased, receipt, err := s.store.Erase(ctx, subject, s.actor)
		if err != nil {
			return err
		}
		return c.print(a, erasureView{Erased: erased, Receipt: &receipt})
	})
}

func (c customerEraseCmd) print(a *app, view erasureView) error {
	if c.JSON {
		return printJSON(a, view)
	}
	if view.DryRun {
		_, err := fmt.Fprintf(a.out, "would erase %s\n", amount(view.Erased))
		return err
	}
	_, err := fmt.Fprintf(a.out, "erased %s\nreceipt %s\n", amount(view.Erased), view.Receipt)
	return err
}

// amount says in words how much an erasure reaches.
func amount(e postgres.Erased) string {
	return fmt.Sprintf("%d conversations: %d messages, %d tickets, %d notes, %d drafts, %d ratings, %d events",
		e.Conversations, e.Messages, e.Tickets, e.Notes, e.Drafts, e.Feedback, e.Events)
}

// errNotConfirmed ends a command that somebody thought better of.
var errNotConfirmed = errors.New("nothing was erased")

// confirm asks before what cannot be undone.
func confirm(a *app, what string) error {
	file, ok := a.in.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) {
		return fmt.Errorf("%w: there is no terminal to ask on: --dry-run shows what would be erased, --yes erases it", errConfig)
	}
	_, _ = fmt.Fprintf(a.err, "%s Type \"erase\" to go on: ", what)
	answer, err := bufio.NewReader(file).ReadString('\n')
	if err != nil || strings.TrimSpace(answer) != "erase" {
		return errNotConfirmed
	}
	return nil
}

type customerExpireCmd struct {
	acting `embed:""`

	DryRun bool `help:"List the conversations that would be erased, and erase nothing."`
	JSON   bool `help:"Print JSON." name:"json"`
	Yes    bool `help:"Do not ask."`
}

// Help is shown by --help.
func (customerExpireCmd) Help() string {
	return `Erases, as "customer erase" does, conversations in which nothing has happened for --retention. Those with a ticket that is
not resolved or a complaint that is not decided stay. The service does the same each day, when it is started with a retention.

Examples:
  deskhand customer expire --retention 730d --dry-run
  DESKHAND_RETENTION=730d deskhand customer expire --as lea@quayside.example --yes`
}

// Run implements the command.
func (c customerExpireCmd) Run(ctx context.Context, a *app) error {
	if a.config.Retention == 0 {
		return fmt.Errorf("%w: say how long conversations are kept: --retention DAYS, or DESKHAND_RETENTION", errConfig)
	}
	before := a.config.Retention.before(a.clock())
	if c.DryRun {
		return c.look(ctx, a, func(s *seat) error {
			found, err := s.store.Expiring(ctx, before, maxExpiring)
			if err != nil {
				return err
			}
			return c.list(a, found)
		})
	}
	return c.lead(ctx, a, func(s *seat) error {
		if !c.Yes {
			day := before.UTC().Format(time.DateOnly)
			if err := confirm(a, "This erases all conversations that ended before "+day+", for ever."); err != nil {
				return err
			}
		}
		erased, err := s.store.EraseExpired(ctx, before, s.actor)
		if err != nil {
			return err
		}
		if c.JSON {
			return printJSON(a, erasureView{Erased: erased})
		}
		_, err = fmt.Fprintf(a.out, "erased %s\n", amount(erased))
		return err
	})
}

func (c customerExpireCmd) list(a *app, found []postgres.Expiring) error {
	if c.JSON {
		return printJSON(a, append([]postgres.Expiring{}, found...))
	}
	table := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(table, "CONVERSATION\tENDED")
	for _, e := range found {
		_, _ = fmt.Fprintf(table, "%s\t%s\n", e.ID, e.LastAt.UTC().Format(time.DateOnly))
	}
	if err := table.Flush(); err != nil {
		return fmt.Errorf("print list: %w", err)
	}
	more := ""
	if len(found) == maxExpiring {
		more = ", and perhaps more"
	}
	_, err := fmt.Fprintf(a.err, "%d conversations%s\n", len(found), more)
	return err
}

// forgetter erases what is older than the retention.
type forgetter struct {
	app   *app
	store *postgres.Store
}

// Forget implements jobs.Forgetter.
func (f forgetter) Forget(ctx context.Context) error {
	erased, err := f.store.EraseExpired(ctx, f.app.config.Retention.before(f.app.clock()), desk.Actor{Machine: desk.ByClock})
	if erased.Conversations > 0 {
		f.app.logger.Info("old conversations erased", "conversations", erased.Conversations)
	}
	return err
}
