package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/deskhand/deskhand/assistant/guard"
	"github.com/deskhand/deskhand/retrieval"
	"github.com/deskhand/deskhand/retrieval/files"
	"github.com/deskhand/deskhand/retrieval/lint"
)

type kbLintCmd struct {
	DueWithin time.Duration `default:"720h" help:"Note articles whose review date comes within this time (${default})." name:"due-within" placeholder:"TIME"`
	JSON      bool          `help:"Print one JSON object." name:"json"`
	Path      string        `arg:"" help:"Look at these files instead of the desk's articles, before they are imported." optional:"" type:"path"`
	Since     time.Duration `default:"720h" help:"How far back questions are counted (${default})." placeholder:"TIME"`
}

// Help is shown by --help.
func (kbLintCmd) Help() string {
	return `Errors: amounts, percentages or times that contradict each other between the languages of an article; links to articles that are
not there; known fakes; places to send money to; text that asks for a secret; intents that the taxonomy does not have.
Warnings: stale or without review date; nearly the same text under two slugs (MinHash); contacts that are neither official nor
known; languages in which questions are asked and the article is missing; redirects that lead nowhere.
Notes: soon due for review; links to an old slug.

The exit code is 1 when there is an error.

Examples:
  deskhand kb lint
  deskhand kb lint --json --due-within 2160h
  deskhand kb lint ./help-centre`
}

// Validate reports a setting that cannot work.
func (c kbLintCmd) Validate() error {
	if c.DueWithin < 0 || c.Since < 0 {
		return fmt.Errorf("%w: --due-within and --since must not be negative, they are %s and %s", errConfig, c.DueWithin, c.Since)
	}
	return nil
}

// Run implements the command.
func (c kbLintCmd) Run(ctx context.Context, a *app) error {
	return withSystem(ctx, a, func(s *system) error {
		articles, err := c.articles(ctx, a, s)
		if err != nil {
			return err
		}
		options, err := s.lintOptions(ctx, a.clock(), c.Since)
		if err != nil {
			return err
		}
		options.DueWithin = c.DueWithin
		findings := lint.Check(articles, options)
		if err := c.print(a, findings); err != nil {
			return err
		}
		for _, finding := range findings {
			if finding.Level == lint.Error {
				return errFailed
			}
		}
		return nil
	})
}

// articles reads what is to be looked at. A file that cannot be read is said and left out.
func (c kbLintCmd) articles(ctx context.Context, a *app, s *system) ([]retrieval.Article, error) {
	sequence := s.index.Export(ctx)
	if c.Path != "" {
		source, err := files.Open(c.Path, files.Options{Intents: intentIDs(s)})
		if err != nil {
			return nil, fmt.Errorf("%w: %w", errConfig, err)
		}
		sequence = source.Articles
	}
	var articles []retrieval.Article
	for article, err := range sequence {
		if err != nil && c.Path == "" {
			return nil, err
		}
		if err != nil {
			_, _ = fmt.Fprintf(a.err, "%v\n", err)
			continue
		}
		articles = append(articles, article)
	}
	return articles, nil
}

// lintOptions are what the desk knows: its channels, intents, redirects and traffic.
func (s *system) lintOptions(ctx context.Context, now time.Time, since time.Duration) (lint.Options, error) {
	channels, err := s.store.Channels(ctx)
	if err != nil {
		return lint.Options{}, err
	}
	redirects, err := s.index.Redirects(ctx)
	if err != nil {
		return lint.Options{}, err
	}
	options := lint.Options{
		Hosts: officialHosts(channels), Intents: intentIDs(s), Now: now, Redirects: make(map[string]string),
		Text: lintText(s.knowledge.guard, guard.NewRegistry(channels)),
	}
	for _, redirect := range redirects {
		options.Redirects[redirect.OldSlug] = redirect.Slug
	}
	options.Traffic, err = readTraffic(ctx, s.pool, now.Add(-since))
	return options, err
}

// readTraffic counts questions by language and intent.
func readTraffic(ctx context.Context, pool *pgxpool.Pool, since time.Time) ([]lint.Traffic, error) {
	rows, err := pool.Query(ctx, `
		SELECT language AS locale, intent, count(*) AS questions FROM runs
		WHERE started_at >= @since AND language IS NOT NULL AND intent IS NOT NULL GROUP BY 1, 2`, pgx.NamedArgs{"since": since})
	if err != nil {
		return nil, fmt.Errorf("count questions: %w", err)
	}
	traffic, err := pgx.CollectRows(rows, pgx.RowToStructByName[lint.Traffic])
	if err != nil {
		return nil, fmt.Errorf("count questions: %w", err)
	}
	for i, t := range traffic {
		if locale, ok := retrieval.Locale(t.Locale); ok {
			traffic[i].Locale = locale
		}
	}
	return traffic, nil
}

func officialHosts(channels []guard.Channel) []string {
	var hosts []string
	for _, channel := range channels {
		if channel.Kind == "domain" && channel.Standing == guard.Official {
			hosts = append(hosts, strings.ToLower(channel.Value))
		}
	}
	return hosts
}

// lintText judges an article's words as the guard would judge them in an answer.
func lintText(g *guard.Guard, registry guard.Registry) func(retrieval.Article) []lint.Finding {
	return func(a retrieval.Article) []lint.Finding {
		var findings []lint.Finding
		for _, found := range g.Check(guard.Text{Body: a.Title + "\n\n" + a.Body, Language: a.Locale}, registry) {
			finding := lint.Finding{Check: string(found.Check), Level: lint.Error, Message: found.Detail}
			switch found.Check {
			case guard.CheckSecretRequest, guard.CheckTransferRequest, guard.CheckRemoteControl:
				finding.Fix = "say it so that nobody can take it for a request"
			case guard.CheckAddress:
				finding.Fix = "take the address out: customers get theirs in the app"
			case guard.CheckEmail, guard.CheckHandle, guard.CheckLink, guard.CheckPhone:
				finding.Fix = "remove it, or add it to the official channels: deskhand channel import"
				if !strings.HasPrefix(found.Detail, knownFake) {
					finding.Level = lint.Warning
				}
			default:
				continue // it is about a draft
			}
			findings = append(findings, finding)
		}
		return findings
	}
}

// knownFake is how the guard begins to speak of one.
const knownFake = "a known fake"

func (c kbLintCmd) print(a *app, findings []lint.Finding) error {
	counts := map[lint.Level]int{}
	for _, finding := range findings {
		counts[finding.Level]++
	}
	if c.JSON {
		return printJSON(a, map[string]any{
			"errors": counts[lint.Error], "findings": append([]lint.Finding{}, findings...),
			"notes": counts[lint.Note], "warnings": counts[lint.Warning],
		})
	}
	if err := writeFindings(a.out, findings); err != nil {
		return err
	}
	_, err := fmt.Fprintf(a.out, "%d errors, %d warnings, %d notes\n",
		counts[lint.Error], counts[lint.Warning], counts[lint.Note])
	return err
}

func writeFindings(w io.Writer, findings []lint.Finding) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, f := range findings {
		_, _ = fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s; %s\n", f.Level, f.Check, f.Slug, f.Locale, f.Message, f.Fix)
	}
	return table.Flush()
}

// intentIDs are the intents of the desk's taxonomy.
func intentIDs(s *system) []string {
	taxonomy, err := openTaxonomy(s.config)
	if err != nil {
		return nil // the triager has read it before
	}
	ids := make([]string, 0, len(taxonomy.Intents()))
	for _, intent := range taxonomy.Intents() {
		ids = append(ids, intent.ID)
	}
	return ids
}
