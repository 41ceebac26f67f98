package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"text/tabwriter"
	"time"

	"github.com/deskhand/deskhand/assistant/desk"
	"github.com/deskhand/deskhand/assistant/httpapi"
)

// maxComplaints is the most that one list or export holds.
const maxComplaints = 1_000_000

type complaintCmd struct {
	Acknowledge complaintAcknowledgeCmd `cmd:"" help:"Tell the customer that the complaint was received."`
	Decide      complaintDecideCmd      `cmd:"" help:"Decide a complaint."`
	Export      complaintExportCmd      `cmd:"" help:"Write the register of complaints to a file."`
	Extend      complaintExtendCmd      `cmd:"" help:"Take the longer deadline that the regime has for exceptional cases."`
	List        complaintListCmd        `cmd:"" help:"List complaints, the nearest deadline first."`
	Progress    complaintProgressCmd    `cmd:"" help:"Tell the customer that the complaint is still looked into."`
	Regime      complaintRegimeCmd      `cmd:"" help:"Apply another rule book, with its deadlines."`
	Register    complaintRegisterCmd    `cmd:"" help:"Register a complaint beside a ticket, and acknowledge it."`
	Show        complaintShowCmd        `cmd:"" help:"Print a complaint with what happened to it."`
}

// complaintFlags select complaints.
type complaintFlags struct {
	From   string `help:"Only those received on this day or later, such as 2026-01-01." placeholder:"DAY"`
	Regime string `help:"Only those under this regime." placeholder:"NAME"`
	Status string `default:"" enum:",open,upheld,partly_upheld,rejected,withdrawn" help:"Only open, upheld, partly_upheld, rejected or withdrawn ones." placeholder:"STATUS"`
	To     string `help:"Only those received before this day." placeholder:"DAY"`
}

func (f complaintFlags) filter(limit int) (desk.ComplaintFilter, error) {
	filter := desk.ComplaintFilter{Limit: limit, Regime: f.Regime, Status: desk.ComplaintStatus(f.Status)}
	var err error
	if filter.From, err = parseDay("--from", f.From); err != nil {
		return filter, err
	}
	filter.To, err = parseDay("--to", f.To)
	return filter, err
}

// parseDay reads the beginning of a day in UTC; nothing is the zero time.
func parseDay(flag, text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	day, err := time.Parse(time.DateOnly, text)
	if err != nil {
		return day, fmt.Errorf("%w: %s is %q: write a day such as 2026-01-31", errConfig, flag, text)
	}
	return day, nil
}

type complaintListCmd struct {
	complaintFlags `embed:""`

	JSON  bool `help:"Print JSON." name:"json"`
	Limit int  `default:"50" help:"How many at most (${default})." placeholder:"N"`
}

// Help is shown by --help.
func (complaintListCmd) Help() string {
	return `Examples:
  deskhand complaint list --status open
  deskhand complaint list --from 2026-01-01 --to 2026-04-01 --json`
}

// Run implements the command.
func (c complaintListCmd) Run(ctx context.Context, a *app) error {
	if c.Limit < 1 || c.Limit > maxComplaints {
		return fmt.Errorf("%w: --limit must lie between 1 and %d", errConfig, maxComplaints)
	}
	filter, err := c.filter(c.Limit)
	if err != nil {
		return err
	}
	return withDesk(ctx, a, func(s *system) error {
		complaints, err := s.store.Complaints(ctx, filter)
		if err != nil {
			return err
		}
		if c.JSON {
			return printJSON(a, complaintViews(complaints))
		}
		table := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
		_, _ = fmt.Fprintln(table, "NUMBER\tTICKET\tREGIME\tSTATUS\tRECEIVED\tDECIDE BY\tCAUSE")
		for _, line := range complaintViews(complaints) {
			_, _ = fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", line.Number, line.TicketNumber, line.Regime, line.Status,
				line.ReceivedAt.Format(time.DateOnly), line.DecideBy.Format(time.DateOnly), line.RootCause)
		}
		return table.Flush()
	})
}

type complaintExportCmd struct {
	complaintFlags `embed:""`

	Format string `default:"csv" enum:"csv,json" help:"csv or json (${default})." placeholder:"FORMAT"`
	Out    string `help:"File to write. Default: the standard output." placeholder:"FILE" type:"newfile"`
}

// Help is shown by --help.
func (complaintExportCmd) Help() string {
	return `The register holds numbers, times, tags and codes, and nothing that a customer wrote.

Examples:
  deskhand complaint export --from 2026-01-01 --out complaints.csv
  deskhand complaint export --format json`
}

// Run implements the command.
func (c complaintExportCmd) Run(ctx context.Context, a *app) error {
	filter, err := c.filter(maxComplaints)
	if err != nil {
		return err
	}
	return withDesk(ctx, a, func(s *system) error {
		complaints, err := s.store.Complaints(ctx, filter)
		if err != nil {
			return err
		}
		return writeOut(a, c.Out, func(w io.Writer) error {
			if c.Format == "csv" {
				return desk.WriteComplaints(w, complaints)
			}
			to := *a
			to.out = w
			return printJSON(&to, complaintViews(complaints))
		})
	})
}

// writeOut writes to a file that appears whole or not at all, or to the standard output where no file is named.
func writeOut(a *app, path string, write func(io.Writer) error) (err error) {
	if path == "" {
		return write(a.out)
	}
	file, err := os.Create(path + ".part") //nolint:gosec // the user names the file
	if err != nil {
		return fmt.Errorf("%w: %w", errConfig, err)
	}
	defer func() {
		if err != nil {
			_ = os.Remove(file.Name()) // the error of the writing is the one to report
		}
	}()
	if err := write(file); err != nil {
		_ = file.Close() // as above
		return err
	}
	if err := file.Close(); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	if err := os.Rename(file.Name(), path); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}

func complaintViews(complaints []desk.Complaint) []httpapi.Complaint {
	views := make([]httpapi.Complaint, len(complaints))
	for i, complaint := range complaints {
		views[i] = httpapi.NewComplaint(complaint)
	}
	return views
}
