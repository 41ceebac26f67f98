package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/assistant/desk"
	"github.com/deskhand/deskhand/assistant/httpapi"
)

type ticketShowCmd struct {
	acting `embed:""`

	JSON   bool   `help:"Print JSON, with the history." name:"json"`
	Ticket string `arg:"" help:"Number or id of the ticket, such as DH-1001."`
}

// Help is shown by --help.
func (ticketShowCmd) Help() string {
	return `Personal data that the customer wrote is masked; "deskhand ticket unmask" shows it, and keeps who looked.

Examples:
  deskhand ticket show DH-1001
  deskhand ticket show 1001 --json`
}

// Run implements the command.
func (c ticketShowCmd) Run(ctx context.Context, a *app) error {
	return c.look(ctx, a, func(s *seat) error {
		id, err := s.ticketID(ctx, c.Ticket)
		if err != nil {
			return err
		}
		detail, err := s.people.Ticket(ctx, id)
		if err != nil {
			return err
		}
		return s.print(ctx, a, s.masker.Detail(detail), c.JSON)
	})
}

type ticketUnmaskCmd struct {
	acting `embed:""`

	JSON   bool   `help:"Print JSON, with the history." name:"json"`
	Reason string `help:"Why, in 5 to 200 characters; kept in the audit log." placeholder:"TEXT" required:""`
	Ticket string `arg:"" help:"Number or id of the ticket, such as DH-1001."`
}

// Help is shown by --help.
func (ticketUnmaskCmd) Help() string {
	return "Example:\n  deskhand ticket unmask DH-1001 --reason \"call the customer back\" --as mia@quayside.example"
}

// Run implements the command.
func (c ticketUnmaskCmd) Run(ctx context.Context, a *app) error {
	return c.sit(ctx, a, func(s *seat) error {
		id, err := s.ticketID(ctx, c.Ticket)
		if err != nil {
			return err
		}
		detail, err := s.people.Unmask(ctx, s.actor, id, c.Reason)
		if err != nil {
			return err
		}
		return s.print(ctx, a, detail, c.JSON)
	})
}

type ticketHistoryCmd struct {
	acting `embed:""`

	JSON   bool   `help:"Print JSON." name:"json"`
	Ticket string `arg:"" help:"Number or id of the ticket, such as DH-1001."`
}

// Help is shown by --help.
func (ticketHistoryCmd) Help() string { return "Example:\n  deskhand ticket history DH-1001" }

// Run implements the command.
func (c ticketHistoryCmd) Run(ctx context.Context, a *app) error {
	return c.look(ctx, a, func(s *seat) error {
		id, err := s.ticketID(ctx, c.Ticket)
		if err != nil {
			return err
		}
		entries, err := s.people.History(ctx, id)
		if err != nil {
			return err
		}
		if c.JSON {
			return printJSON(a, httpapi.NewHistory(entries))
		}
		names, err := s.names(ctx)
		if err != nil {
			return err
		}
		return printHistory(a.out, entries, names)
	})
}

// print writes a ticket with all beside it.
func (s *seat) print(ctx context.Context, a *app, detail desk.Detail, asJSON bool) error { //nolint:revive // it is the flag --json
	entries, err := s.people.History(ctx, detail.Ticket.ID)
	if err != nil {
		return err
	}
	if asJSON {
		return printJSON(a, struct {
			httpapi.TicketDetail

			History []httpapi.HistoryEntry `json:"history"`
		}{httpapi.NewTicketDetail(detail), httpapi.NewHistory(entries).Entries})
	}
	names, err := s.names(ctx)
	if err != nil {
		return err
	}
	printTicketHead(a, detail, names)
	printConversation(a.out, detail, names)
	_, _ = fmt.Fprint(a.out, "\nhistory\n")
	return printHistory(a.out, entries, names)
}

func printTicketHead(a *app, d desk.Detail, names agentNames) {
	t, now := d.Ticket, a.clock()
	table := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
	line := func(name, format string, args ...any) {
		_, _ = fmt.Fprintf(table, "%s\t%s\n", name, fmt.Sprintf(format, args...))
	}
	line(t.Reference(), "%s, %s, queue %s, version %d", t.Priority, t.Status, t.Queue, t.Version)
	line("case", "%s, %s, since %s", t.Intent, t.Language, t.CreatedAt.UTC().Format(time.DateTime))
	if t.AssigneeID != nil {
		line("agent", "%s", names.holder(t.AssigneeID))
	}
	if ref := d.Conversation.Customer; ref.Known() {
		line("customer", "%s %s %s", plain(ref.Ref), ref.Tier, ref.Jurisdiction)
	}
	line("because", "%s", joined(t.Reasons))
	if len(t.Risks) > 0 {
		line("risks", "%s", joined(t.Risks))
	}
	if len(t.Tags) > 0 {
		line("tags", "%s", plain(joined(t.Tags)))
	}
	for _, clock := range clocksOf(t) {
		line(clock.name, "%s, %s", clock.at.UTC().Format(time.DateTime), until(now, clock.at))
	}
	if t.PausedAt != nil && t.ResolveBy != nil {
		line("paused", "since %s: the promise to resolve it does not run", t.PausedAt.UTC().Format(time.DateTime))
	}
	if t.Outcome != "" {
		line("outcome", "%s", t.Outcome)
	}
	if c := d.Complaint; c != nil {
		line("complaint", "%s %s, %s, decide by %s", c.Reference(), c.Status, c.Regime, c.DecideBy.UTC().Format(time.DateTime))
	}
	_ = table.Flush() // an error of the output comes up with the history, which is printed last
}

// ticketClock is a time by which something is due on a ticket.
type ticketClock struct {
	at   *time.Time
	name string
}

// clocksOf are the clocks that run on a ticket.
func clocksOf(t assistant.Ticket) []ticketClock {
	var clocks []ticketClock
	if t.AwaitingSince != nil {
		clocks = append(clocks, ticketClock{&t.RespondBy, "reply by"})
	}
	if t.PausedAt == nil {
		clocks = append(clocks, ticketClock{t.ResolveBy, "resolve by"})
	}
	clocks = append(clocks, ticketClock{t.ClaimExpiresAt, "claim ends"}, ticketClock{t.HoldUntil, "on hold until"},
		ticketClock{t.FollowUpAt, "follow-up"})
	running := clocks[:0]
	for _, clock := range clocks {
		if clock.at != nil {
			running = append(running, clock)
		}
	}
	return running
}

func printConversation(w io.Writer, d desk.Detail, names agentNames) {
	_, _ = fmt.Fprint(w, "\nconversation\n")
	for _, m := range d.Conversation.Messages {
		who := string(m.Author)
		if m.AgentID != nil {
			who = names.holder(m.AgentID)
		}
		_, _ = fmt.Fprintf(w, "  %s  %s\n%s", m.CreatedAt.UTC().Format(time.DateTime), who, indented(m.Body))
	}
	for _, draft := range d.Drafts {
		_, _ = fmt.Fprintf(w, "\ndraft %s  %s, %s, %s, confidence %.2f\n%s", draft.ID, draft.Fate, draft.Method, draft.Language,
			draft.Confidence, indented(draft.Body))
		for _, citation := range draft.Citations {
			_, _ = fmt.Fprintf(w, "    source: %s (%s, %s)\n", plain(citation.Title), citation.Slug, citation.Locale)
		}
		for _, found := range draft.Findings {
			_, _ = fmt.Fprintf(w, "    objection: %s: %s\n", found.Check, plain(found.Detail))
		}
		for _, note := range draft.Notes {
			_, _ = fmt.Fprintf(w, "    %s: %s\n", note.Kind, plain(strings.TrimSpace(note.Purpose+"  "+note.Text)))
		}
	}
	for _, note := range d.Notes {
		_, _ = fmt.Fprintf(w, "\nnote  %s  %s\n%s", note.CreatedAt.UTC().Format(time.DateTime), names.holder(&note.AgentID),
			indented(note.Body))
	}
}

func printHistory(w io.Writer, entries []desk.Entry, names agentNames) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, e := range entries {
		detail := ""
		if len(e.Detail) > 0 {
			encoded, err := json.Marshal(e.Detail)
			if err != nil {
				return fmt.Errorf("print history: %w", err)
			}
			detail = string(encoded)
		}
		_, _ = fmt.Fprintf(table, "  %s\t%s\t%s\t%s > %s\t%s\t%s\n", e.At.UTC().Format(time.DateTime), names.of(e.Actor), e.Step,
			e.FromStatus, e.ToStatus, plain(e.Reason), plain(detail))
	}
	return table.Flush()
}
