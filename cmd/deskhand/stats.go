package main

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/deskhand/deskhand/assistant/desk"
)

const (
	// statsDays is the time that figures are of when nobody says otherwise.
	statsDays = 30
	gapsRead  = 20_000
)

type statsCmd struct {
	By       string `default:"" enum:",day,intent,language" help:"Figures for each day, intent or language beside the total." placeholder:"KEY"`
	From     string `help:"From this day on. Default: 30 days before --to." placeholder:"DAY"`
	Gaps     bool   `help:"Instead: the questions that no article answered well enough, grouped by intent and similar words."`
	Intent   string `help:"Only of this intent." placeholder:"INTENT"`
	JSON     bool   `help:"Print JSON." name:"json"`
	Language string `help:"Only of this language." placeholder:"TAG"`
	Limit    int    `default:"20" help:"Groups of --gaps at most (${default})." placeholder:"N"`
	To       string `help:"Before this day. Default: now." placeholder:"DAY"`
}

// Help is shown by --help.
func (statsCmd) Help() string {
	return `A question counts when it was answered, a ticket when it was opened, a resolution when it was made.

Examples:
  deskhand stats
  deskhand stats --by language --from 2026-01-01 --to 2026-02-01
  deskhand stats --gaps --language zh-Hans
  deskhand stats --by day --json`
}

// Validate reports a setting that cannot work.
func (c statsCmd) Validate() error {
	if c.Limit < 1 {
		return fmt.Errorf("%w: --limit must be 1 or more, it is %d", errConfig, c.Limit)
	}
	return nil
}

// Run implements the command.
func (c statsCmd) Run(ctx context.Context, a *app) error {
	filter, err := c.filter(a)
	if err != nil {
		return err
	}
	return withDesk(ctx, a, func(s *system) error {
		if c.Gaps {
			questions, err := s.store.Unanswered(ctx, filter, gapsRead)
			if err != nil {
				return err
			}
			masker := desk.NewMasker(s.knowledge.redactor)
			for i := range questions {
				questions[i].Text = masker.Text(questions[i].Text)
			}
			gaps := desk.Gaps(questions)
			return c.printGaps(a, gaps[:min(len(gaps), max(c.Limit, 1))])
		}
		stats, err := s.store.Stats(ctx, filter)
		if err != nil {
			return err
		}
		if c.JSON {
			return printJSON(a, stats)
		}
		return c.print(a, stats)
	})
}

func (c statsCmd) filter(a *app) (desk.StatsFilter, error) {
	filter := desk.StatsFilter{By: c.By, Intent: c.Intent, Language: c.Language}
	var err error
	if filter.To, err = parseDay("--to", c.To); err != nil {
		return filter, err
	}
	if filter.From, err = parseDay("--from", c.From); err != nil {
		return filter, err
	}
	if filter.To.IsZero() {
		filter.To = a.clock()
	}
	if filter.From.IsZero() {
		filter.From = filter.To.AddDate(0, 0, -statsDays)
	}
	if !filter.From.Before(filter.To) {
		return filter, fmt.Errorf("%w: --from must lie before --to", errConfig)
	}
	return filter, nil
}

func (c statsCmd) printGaps(a *app, gaps []desk.Gap) error {
	if c.JSON {
		return printJSON(a, gaps)
	}
	table := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(table, "TIMES\tINTENT\tLANGUAGE\tFOR EXAMPLE")
	for _, gap := range gaps {
		_, _ = fmt.Fprintf(table, "%d\t%s\t%s\t%.100q\n", gap.Times, gap.Intent, gap.Language, gap.Examples[0])
	}
	return table.Flush()
}

func (c statsCmd) print(a *app, stats desk.Stats) error {
	t := stats.Total
	table := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
	line := func(name, format string, args ...any) {
		_, _ = fmt.Fprintf(table, "%s\t%s\n", name, fmt.Sprintf(format, args...))
	}
	line("from", "%s to %s", stats.From.Format(time.DateTime), stats.To.Format(time.DateTime))
	line("questions", "%d, of which %.1f %% were answered by the assistant", t.Questions, 100*t.AutomaticRate)
	line("tickets", "%d opened, %d resolved", t.Tickets, t.Resolutions)
	line("first response", "%s median, %s at the 90th percentile, of %d", seconds(t.FirstResponseP50), seconds(t.FirstResponseP90),
		t.FirstResponses)
	line("resolution", "%s median, %s at the 90th percentile", seconds(t.ResolutionP50), seconds(t.ResolutionP90))
	line("promises kept", "%.1f %% of responses, %.1f %% of resolutions", 100*t.ResponseMet, 100*t.ResolutionMet)
	line("satisfaction", "%.1f %% of %d ratings are 4 or 5", 100*t.CSAT, t.Ratings)
	line("drafts", "%.1f %% accepted as they were; %s", 100*t.DraftAcceptance, ranked(t.Drafts))
	line("outcomes", "%s", ranked(t.Outcomes))
	line("hand-offs", "%s", ranked(t.HandOffReasons))
	if len(stats.Groups) > 0 {
		_, _ = fmt.Fprintf(table, "\n%s\tQUESTIONS\tAUTOMATIC\tTICKETS\tFIRST RESPONSE\tRESOLUTION\tCSAT\tACCEPTED\n", c.By)
		for _, g := range stats.Groups {
			_, _ = fmt.Fprintf(table, "%s\t%d\t%.1f %%\t%d\t%s\t%s\t%.1f %%\t%.1f %%\n", cmp.Or(g.Key, "unknown"), g.Questions,
				100*g.AutomaticRate, g.Tickets, seconds(g.FirstResponseP50), seconds(g.ResolutionP50), 100*g.CSAT, 100*g.DraftAcceptance)
		}
	}
	return table.Flush()
}

func seconds(s float64) string { return (time.Duration(s) * time.Second).String() }

// ranked prints counts by name, the largest first.
func ranked(counts map[string]int) string {
	names := slices.SortedFunc(maps.Keys(counts), func(a, b string) int {
		return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(a, b))
	})
	for i, name := range names {
		names[i] = fmt.Sprintf("%s %d", name, counts[name])
	}
	return cmp.Or(strings.Join(names, ", "), "none")
}
