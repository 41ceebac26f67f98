package main

import (
	"context"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/assistant/desk"
	"github.com/deskhand/deskhand/assistant/httpapi"
	"github.com/deskhand/deskhand/assistant/triage"
	"github.com/deskhand/deskhand/assistant/triage/risk"
)

// maxListed is the most tickets that one list shows.
const maxListed = 10_000

type ticketCmd struct {
	Assign   ticketAssignCmd   `cmd:"" help:"Give a ticket to an agent: one that is named, or who has the least to do."`
	Check    ticketCheckCmd    `cmd:"" help:"Say what the rules object to in a text, and send nothing."`
	Claim    ticketClaimCmd    `cmd:"" help:"Become the one who answers. The assistant is silent from then on."`
	Draft    ticketDraftCmd    `cmd:"" help:"Send the draft beside a ticket, change it, or reject it."`
	Escalate ticketEscalateCmd `cmd:"" help:"Make a ticket a step more urgent."`
	History  ticketHistoryCmd  `cmd:"" help:"Print who did what with a ticket, when and why."`
	Hold     ticketHoldCmd     `cmd:"" help:"Put a ticket aside until somebody at the desk's side has done something."`
	List     ticketListCmd     `cmd:"" help:"Look through the queue, most urgent first."`
	Merge    ticketMergeCmd    `cmd:"" help:"Go on with the work in another ticket of the same customer."`
	Move     ticketMoveCmd     `cmd:"" help:"Put a ticket into another queue."`
	Next     ticketNextCmd     `cmd:"" help:"Claim the most urgent ticket that fits."`
	Note     ticketNoteCmd     `cmd:"" help:"Keep a note for the other agents."`
	Priority ticketPriorityCmd `cmd:"" help:"Set the priority."`
	Release  ticketReleaseCmd  `cmd:"" help:"Put a ticket back into the queue."`
	Reopen   ticketReopenCmd   `cmd:"" help:"Put a resolved ticket back into the queue."`
	Reply    ticketReplyCmd    `cmd:"" help:"Send the customer a text of your own."`
	Resolve  ticketResolveCmd  `cmd:"" help:"End the work on a ticket."`
	Resume   ticketResumeCmd   `cmd:"" help:"Go on with a ticket that is on hold, or waits for the customer."`
	Show     ticketShowCmd     `cmd:"" help:"Print a ticket: conversation, drafts, notes, clocks, history."`
	Tag      ticketTagCmd      `cmd:"" help:"Replace the tags of a ticket."`
	Unmask   ticketUnmaskCmd   `cmd:"" help:"Print a ticket with its personal data. Who looked and why is kept."`
}

// Help is shown by --help.
func (ticketCmd) Help() string {
	return `What agents do over HTTP and in the console, at the command line: the same rules, and the same record of who did what.
Somebody who may run these commands has the database: --as says under whose name they act, and the record says that it was
at the command line.

Examples:
  export DESKHAND_AGENT=mia@quayside.example
  deskhand ticket next
  deskhand ticket show DH-1001
  deskhand ticket draft accept DH-1001
  deskhand ticket resolve DH-1001 --outcome confirmed`
}

type ticketListCmd struct {
	acting `embed:""`

	Assignee string `help:"Only those that this agent holds." placeholder:"AGENT" xor:"holder"`
	Channel  string `help:"Only those whose conversation came through this channel, such as widget." placeholder:"NAME"`
	Intent   string `help:"Only of this intent." placeholder:"INTENT"`
	JSON     bool   `help:"Print JSON." name:"json"`
	Language string `help:"Only in this language, such as zh-Hans." placeholder:"TAG"`
	Limit    int    `default:"50" help:"How many at most (${default})." placeholder:"N"`
	Mine     bool   `help:"Only those that the agent of --as holds." xor:"holder"`
	Overdue  bool   `help:"Only those of which a promise was missed."`
	Priority string `default:"" enum:",P1,P2,P3,P4" help:"Only of this priority." placeholder:"P1"`
	Queue    string `help:"Only in this queue." placeholder:"NAME"`
	Risk     string `help:"Only with this risk, such as account_takeover." placeholder:"RISK"`
	Status   string `default:"" enum:",open,claimed,waiting,on_hold,resolved" help:"Only open, claimed, waiting, on_hold or resolved ones. Default: all that are not resolved." placeholder:"STATUS"`
	Tag      string `help:"Only with this tag." placeholder:"TAG"`
}

// Help is shown by --help.
func (ticketListCmd) Help() string {
	return `Examples:
  deskhand ticket list
  deskhand ticket list --overdue --queue security
  deskhand ticket list --mine --as mia@quayside.example
  deskhand ticket list --status resolved --language ar --limit 500 --json`
}

// Run implements the command.
func (c ticketListCmd) Run(ctx context.Context, a *app) error {
	switch {
	case c.Limit < 1 || c.Limit > maxListed:
		return fmt.Errorf("%w: --limit must lie between 1 and %d", errConfig, maxListed)
	case c.Mine && c.As == "":
		return fmt.Errorf("%w: --mine needs --as AGENT", errConfig)
	}
	return c.look(ctx, a, func(s *seat) error {
		tickets, err := c.read(ctx, s)
		if err != nil {
			return err
		}
		if c.JSON {
			views := make([]httpapi.Ticket, len(tickets))
			for i, ticket := range tickets {
				views[i] = httpapi.NewTicket(ticket)
			}
			return printJSON(a, views)
		}
		names, err := s.names(ctx)
		if err != nil {
			return err
		}
		return printTickets(a, tickets, names)
	})
}

// read pages through the queue.
func (c ticketListCmd) read(ctx context.Context, s *seat) ([]assistant.Ticket, error) {
	filter := desk.Filter{
		Channel: c.Channel, Intent: c.Intent, Language: c.Language, Overdue: c.Overdue, Priority: triage.Priority(c.Priority),
		Queue: c.Queue, Risk: risk.Risk(c.Risk), Status: assistant.TicketStatus(c.Status), Tag: c.Tag,
	}
	if c.Mine {
		filter.AssigneeID = &s.actor.ID
	}
	if c.Assignee != "" {
		agent, err := s.agent(ctx, c.Assignee)
		if err != nil {
			return nil, err
		}
		filter.AssigneeID = &agent.ID
	}
	var tickets []assistant.Ticket
	for {
		filter.Limit = min(desk.MaxPage, c.Limit-len(tickets))
		page, next, err := s.people.Queue(ctx, filter)
		if err != nil {
			return nil, err
		}
		tickets = append(tickets, page...)
		if next == nil || len(tickets) >= c.Limit {
			return tickets, nil
		}
		filter.After = next
	}
}

func printTickets(a *app, tickets []assistant.Ticket, names agentNames) error {
	now := a.clock()
	table := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(table, "NUMBER\tPRIORITY\tSTATUS\tQUEUE\tINTENT\tLANGUAGE\tREPLY DUE\tRESOLVE DUE\tAGENT\tRISKS")
	for _, t := range tickets {
		reply := ""
		if t.AwaitingSince != nil {
			reply = until(now, &t.RespondBy)
		}
		resolve := until(now, t.ResolveBy)
		if t.PausedAt != nil && t.ResolveBy != nil {
			resolve = "paused"
		}
		_, _ = fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", t.Reference(), t.Priority, t.Status, t.Queue, t.Intent,
			t.Language, reply, resolve, names.holder(t.AssigneeID), joined(t.Risks))
	}
	return table.Flush()
}

// until says how far away a time is; nothing for none.
func until(now time.Time, at *time.Time) string {
	if at == nil {
		return ""
	}
	left := at.Sub(now).Round(time.Minute)
	if left < 0 {
		return rounded(-left) + " late"
	}
	return "in " + rounded(left)
}

// rounded writes a time in days, hours and minutes, the largest two.
func rounded(d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d >= day:
		return fmt.Sprintf("%dd%dh", d/day, d%day/time.Hour)
	case d >= time.Hour:
		return fmt.Sprintf("%dh%dm", d/time.Hour, d%time.Hour/time.Minute)
	}
	return fmt.Sprintf("%dm", d/time.Minute)
}

func joined[S ~string](values []S) string {
	words := make([]string, len(values))
	for i, value := range values {
		words[i] = string(value)
	}
	return strings.Join(words, ", ")
}

type ticketNextCmd struct {
	acting `embed:""`

	JSON bool `help:"Print JSON; null when nothing waits." name:"json"`
}

// Help is shown by --help.
func (ticketNextCmd) Help() string {
	return `The ticket fits by the skills of its queue, its language, and how many the agent holds, as the desk's plan says. Agents who
ask at once get different tickets. Asking says that the agent is there, for 15 minutes.

Example:
  deskhand ticket next --as mia@quayside.example`
}

// Run implements the command.
func (c ticketNextCmd) Run(ctx context.Context, a *app) error {
	return c.sit(ctx, a, func(s *seat) error {
		ticket, err := s.people.Next(ctx, s.actor)
		switch {
		case err != nil:
			return err
		case ticket != nil:
			return printTicket(a, *ticket, c.JSON)
		case c.JSON:
			return printJSON(a, nil)
		}
		_, err = fmt.Fprintln(a.out, "Nothing waits that fits, or the agent holds as many as they may.")
		return err
	})
}

// printTicket says where a ticket stands after a step.
func printTicket(a *app, t assistant.Ticket, asJSON bool) error { //nolint:revive // it is the flag --json
	if asJSON {
		return printJSON(a, httpapi.NewTicket(t))
	}
	_, err := fmt.Fprintf(a.out, "%s is %s, %s, queue %s, version %d.\n", t.Reference(), t.Status, t.Priority, t.Queue, t.Version)
	return err
}
