package main

import (
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"text/tabwriter"

	"github.com/deskhand/deskhand/assistant/guard"
	"github.com/deskhand/deskhand/evals"
	"github.com/deskhand/deskhand/retrieval"
)

type evalGuardCmd struct {
	measureFlags `embed:""`

	Channels string `help:"Registry of official channels. Default: that of the sample articles." placeholder:"FILE" type:"existingfile"`
	Half     string `default:"all" enum:"all,dev,frozen" help:"Which rows, by the hash of their id: ${enum}. Tune on dev only."`
	Show     bool   `help:"Also print the texts of the dev half that were judged wrong, and what was found in them."`
}

// Help is shown by --help.
func (evalGuardCmd) Help() string {
	return `Rows: {"id": …, "draft": …, "sources": […], "lang": …, "verdict": "pass" or "block", "kind": …}. Each sentence of the
draft cites all its sources. A kind's texts are caught when they are stopped, and named when that is for the right reason.

Examples:
  deskhand eval guard --cases evals/suites/guard.jsonl --half frozen --json
  deskhand eval guard --cases evals/suites/guard.jsonl --half dev --show`
}

// Run implements the command.
func (c evalGuardCmd) Run(a *app) error {
	rows, err := c.rows()
	if err != nil {
		return err
	}
	registry, err := c.registry()
	if err != nil {
		return err
	}
	k, err := loadKnowledge(a.config)
	if err != nil {
		return err
	}
	g := k.guard
	report := evals.Guard(g, registry, rows)
	if c.Show {
		for _, row := range rows {
			if row.Half() == evals.HalfDev && report.Wrong(row.ID) {
				_, _ = fmt.Fprintf(a.err, "%s %s %s: %s\n  %v\n", row.Verdict, row.Kind, row.ID, row.Draft, g.Check(row.Text(), registry))
			}
		}
	}
	if c.JSON {
		return printJSON(a, report)
	}
	table := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(table, "KIND\tCAUGHT\tNAMED\tOF")
	for _, name := range slices.Sorted(maps.Keys(report.Kinds)) {
		kind := report.Kinds[name]
		_, _ = fmt.Fprintf(table, "%s\t%d\t%d\t%d\n", name, kind.Caught, kind.Named, kind.Total)
	}
	if err := table.Flush(); err != nil {
		return fmt.Errorf("print report: %w", err)
	}
	_, err = fmt.Fprintf(a.out, "missed %d of %d: %v\nover-blocked %.4f of %d: %v\n", len(report.Missed), report.NBlock, report.Missed,
		report.OverBlock, report.NPass, report.OverBlocked)
	return err
}

func (c evalGuardCmd) rows() ([]evals.GuardRow, error) {
	rows, err := readRows[evals.GuardRow](c.Cases)
	if err != nil {
		return nil, err
	}
	for _, row := range rows {
		if err := row.Validate(); err != nil {
			return nil, fmt.Errorf("%w: %s: %w", errConfig, c.Cases, err)
		}
	}
	half := evals.Half(c.Half)
	return slices.DeleteFunc(rows, func(row evals.GuardRow) bool { return half != evals.HalfAll && row.Half() != half }), nil
}

func (c evalGuardCmd) registry() (guard.Registry, error) {
	var file fs.File
	var err error
	name := c.Channels
	if name == "" {
		name = channelsFile
		file, err = retrieval.Sample().Open(name)
	} else {
		file, err = os.Open(name) //nolint:gosec // the user names the file
	}
	if err != nil {
		return guard.Registry{}, fmt.Errorf("%w: %w", errConfig, err)
	}
	defer func() { _ = file.Close() }() // only read
	channels, err := guard.ParseChannels(file, name)
	if err != nil {
		return guard.Registry{}, fmt.Errorf("%w: %w", errConfig, err)
	}
	return guard.NewRegistry(channels), nil
}
