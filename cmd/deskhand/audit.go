package main

import (
	"bufio"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"text/tabwriter"
	"time"

	"github.com/deskhand/deskhand/assistant/postgres"
)

type auditCmd struct {
	Export auditExportCmd `cmd:"" help:"Write the log, the oldest entry first, as JSON lines or CSV."`
	List   auditListCmd   `cmd:"" help:"List entries, the latest first."`
	Verify auditVerifyCmd `cmd:"" help:"Prove that no entry was changed, removed, added or moved."`
}

// auditFlags select entries.
type auditFlags struct {
	Action  string    `help:"One action, such as agent.set_role, or all of a kind: session." placeholder:"ACTION"`
	Actor   string    `help:"An agent's id, or cli." placeholder:"ID"`
	Since   time.Time `help:"Not before this time, such as 2026-01-31T00:00:00Z." placeholder:"TIME"`
	Subject string    `help:"Id of what was changed." placeholder:"ID"`
	Until   time.Time `help:"Before this time." placeholder:"TIME"`
}

func (f auditFlags) filter() postgres.AuditFilter {
	return postgres.AuditFilter{Action: f.Action, Actor: f.Actor, Since: f.Since, SubjectID: f.Subject, Until: f.Until}
}

// auditEntry is an entry as --json and the export print it.
type auditEntry struct {
	Position    int64          `json:"position"`
	At          time.Time      `json:"at"`
	Actor       string         `json:"actor"`
	Action      string         `json:"action"`
	SubjectKind string         `json:"subject_kind"`
	SubjectID   string         `json:"subject_id"`
	Detail      map[string]any `json:"detail"`
}

func auditEntryOf(r postgres.Recorded) auditEntry {
	return auditEntry{
		Position: r.Position, At: r.At, Actor: r.Actor, Action: r.Action, SubjectKind: r.SubjectKind, SubjectID: r.SubjectID,
		Detail: r.Detail,
	}
}

type auditListCmd struct {
	auditFlags

	JSON  bool `help:"Print JSON." name:"json"`
	Limit int  `default:"50" help:"At most so many (${default})." placeholder:"N"`
}

// Help is shown by --help.
func (auditListCmd) Help() string {
	return `Examples:
  deskhand audit list --limit 20
  deskhand audit list --action session. --since 2026-01-31T00:00:00Z
  deskhand audit list --subject 01a200a5-a1fa-7100-a69d-7b2b13985fac --json`
}

// Run implements the command.
func (c auditListCmd) Run(ctx context.Context, a *app) error {
	if c.Limit < 1 || c.Limit > postgres.MaxAuditPage {
		return fmt.Errorf("%w: --limit must lie between 1 and %d: for more, use \"audit export\"", errConfig, postgres.MaxAuditPage)
	}
	return withDesk(ctx, a, func(s *system) error {
		filter := c.filter()
		filter.Limit = c.Limit
		found, err := s.store.AuditLog(ctx, filter)
		if err != nil {
			return err
		}
		if c.JSON {
			entries := make([]auditEntry, len(found))
			for i, entry := range found {
				entries[i] = auditEntryOf(entry)
			}
			return printJSON(a, entries)
		}
		table := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
		_, _ = fmt.Fprintln(table, "POSITION\tAT\tACTOR\tACTION\tSUBJECT\tDETAIL")
		for _, e := range found {
			detail, err := json.Marshal(e.Detail)
			if err != nil {
				return fmt.Errorf("print detail: %w", err)
			}
			_, _ = fmt.Fprintf(table, "%d\t%s\t%s\t%s\t%s %s\t%s\n",
				e.Position, e.At.Format(time.DateTime), e.Actor, e.Action, e.SubjectKind, e.SubjectID, detail)
		}
		return table.Flush()
	})
}

type auditExportCmd struct {
	auditFlags

	Format string `default:"jsonl" enum:"jsonl,csv" help:"jsonl or csv (${default})." placeholder:"FORMAT"`
	Out    string `help:"File to write; it must not exist. Default: standard output." placeholder:"FILE" type:"newfile"`
}

// Help is shown by --help.
func (auditExportCmd) Help() string {
	return `Examples:
  deskhand audit export --out audit.jsonl
  deskhand audit export --format csv --since 2026-01-01T00:00:00Z --until 2026-02-01T00:00:00Z > january.csv`
}

// Run implements the command.
func (c auditExportCmd) Run(ctx context.Context, a *app) (err error) {
	out := a.out
	if c.Out != "" {
		file, createErr := createNew(c.Out)
		if createErr != nil {
			return createErr
		}
		defer func() { err = closeAfter(err, file) }()
		out = file
	}
	return withDesk(ctx, a, func(s *system) error {
		buffered := bufio.NewWriter(out)
		bar := newProgress(a.err, "entries", 0)
		write := jsonLines(buffered)
		if c.Format == "csv" {
			write = csvLines(buffered)
		}
		count := 0
		err := s.store.EachAuditEntry(ctx, c.filter(), func(r postgres.Recorded) error {
			count++
			bar.set(count)
			return write(auditEntryOf(r))
		})
		bar.done()
		if err != nil {
			return err
		}
		if err := buffered.Flush(); err != nil {
			return fmt.Errorf("write export: %w", err)
		}
		_, err = fmt.Fprintf(a.err, "%d entries\n", count)
		return err
	})
}

func jsonLines(w io.Writer) func(auditEntry) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	return func(e auditEntry) error {
		if err := encoder.Encode(e); err != nil {
			return fmt.Errorf("write entry: %w", err)
		}
		return nil
	}
}

func csvLines(w io.Writer) func(auditEntry) error {
	lines := csv.NewWriter(w)
	_ = lines.Write([]string{"position", "at", "actor", "action", "subject_kind", "subject_id", "detail"}) // its error comes again below
	return func(e auditEntry) error {
		detail, err := json.Marshal(e.Detail)
		if err != nil {
			return fmt.Errorf("write entry: %w", err)
		}
		_ = lines.Write([]string{
			strconv.FormatInt(e.Position, 10), e.At.UTC().Format(time.RFC3339Nano), e.Actor, e.Action, e.SubjectKind, e.SubjectID,
			string(detail),
		})
		lines.Flush()
		if err := lines.Error(); err != nil {
			return fmt.Errorf("write entry: %w", err)
		}
		return nil
	}
}

type auditVerifyCmd struct {
	Head []string `help:"Head that an earlier run printed and that was kept elsewhere; repeat for more. It proves that the log was not written anew." placeholder:"POSITION:HASH"`
	JSON bool     `help:"Print JSON." name:"json"`
}

// Help is shown by --help.
func (auditVerifyCmd) Help() string {
	return `Computes the chain of hashes from the first entry to the last. Exit code 1 when something is wrong; each place is named.

Who owns the database could write the whole log anew. Keep the printed head where they cannot write, and give it to a later run.
Entries of before the chain was introduced were chained by that upgrade: from then on they are protected too.

Examples:
  deskhand audit verify
  deskhand audit verify --head 1042:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08`
}

// auditVerdict is what --json prints.
type auditVerdict struct {
	Entries int64            `json:"entries"`
	Faults  []postgres.Fault `json:"faults"`
	Head    string           `json:"head"`
	Intact  bool             `json:"intact"`
}

// Run implements the command.
func (c auditVerifyCmd) Run(ctx context.Context, a *app) error {
	expected := make([]postgres.ChainHead, len(c.Head))
	for i, text := range c.Head {
		var err error
		if expected[i], err = postgres.ParseChainHead(text); err != nil {
			return err
		}
	}
	return withDesk(ctx, a, func(s *system) error {
		bar := newProgress(a.err, "entries", 0)
		chain, err := s.store.VerifyChain(ctx, expected, func(done, _ int64) { bar.set(int(done)) })
		bar.done()
		if err != nil {
			return err
		}
		if err := c.print(a, chain); err != nil {
			return err
		}
		if len(chain.Faults) > 0 {
			return errFailed
		}
		return nil
	})
}

func (c auditVerifyCmd) print(a *app, chain postgres.Chain) error {
	if c.JSON {
		return printJSON(a, auditVerdict{
			Entries: chain.Length, Faults: append([]postgres.Fault{}, chain.Faults...), Head: chain.Head.String(),
			Intact: len(chain.Faults) == 0,
		})
	}
	for _, fault := range chain.Faults {
		if _, err := fmt.Fprintf(a.out, "position %d, entry %d: %s\n", fault.Position, fault.EntryID, fault.What); err != nil {
			return fmt.Errorf("print fault: %w", err)
		}
	}
	verdict := "intact"
	if len(chain.Faults) > 0 {
		verdict = fmt.Sprintf("NOT intact, %d places", len(chain.Faults))
	}
	_, err := fmt.Fprintf(a.out, "%d entries, %s\nhead %s\n", chain.Length, verdict, chain.Head)
	return err
}

// createNew opens a file to write that does not exist yet.
func createNew(path string) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600) //nolint:gosec // the operator names it
	if err != nil {
		return nil, fmt.Errorf("%w: --out: %w", errConfig, err)
	}
	return file, nil
}

func closeAfter(err error, file *os.File) error {
	if closeErr := file.Close(); closeErr != nil {
		return errors.Join(err, fmt.Errorf("close export: %w", closeErr))
	}
	return err
}
