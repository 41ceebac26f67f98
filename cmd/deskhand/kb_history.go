package main

import (
	"context"
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/deskhand/deskhand/retrieval"
	"github.com/deskhand/deskhand/retrieval/files"
)

type kbHistoryCmd struct {
	JSON   bool   `help:"Print one JSON object." name:"json"`
	Locale string `help:"Only this language." placeholder:"TAG"`
	Slug   string `arg:"" help:"The article's slug, also one that it had before it was deleted."`
}

// Help is shown by --help.
func (kbHistoryCmd) Help() string {
	return `Examples:
  deskhand kb history withdrawal-pending
  deskhand kb history withdrawal-pending --locale zh-Hans --json`
}

// versionJSON is a version as it is printed.
type versionJSON struct {
	ChangedAt time.Time        `json:"changed_at"`
	ChangedBy string           `json:"changed_by"`
	Deleted   bool             `json:"deleted,omitempty"`
	Live      bool             `json:"live"`
	Locale    string           `json:"locale"`
	Source    string           `json:"source"`
	Status    retrieval.Status `json:"status"`
	Title     string           `json:"title"`
	Version   int              `json:"version"`
}

// Run implements the command.
func (c kbHistoryCmd) Run(ctx context.Context, a *app) error {
	return withSystem(ctx, a, func(s *system) error {
		history, err := s.index.History(ctx, c.Slug, c.Locale)
		if err != nil {
			return err
		}
		if c.JSON {
			versions := make([]versionJSON, len(history))
			for i, v := range history {
				versions[i] = versionJSON{
					ChangedAt: v.ChangedAt, ChangedBy: v.ChangedBy, Deleted: v.Deleted, Live: v.Live, Locale: v.Locale, Source: v.Source,
					Status: v.Status, Title: v.Title, Version: v.Number,
				}
			}
			return printJSON(a, map[string]any{"slug": c.Slug, "versions": versions})
		}
		table := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
		_, _ = fmt.Fprintln(table, "LOCALE\tVERSION\tWHEN\tWHO\tSTATE\tTITLE")
		for _, v := range history {
			_, _ = fmt.Fprintf(table, "%s\t%d\t%s\t%s\t%s\t%s\n",
				v.Locale, v.Number, v.ChangedAt.UTC().Format(time.DateTime), v.ChangedBy, stateOf(v), v.Title)
		}
		return table.Flush()
	})
}

func stateOf(v retrieval.Version) string {
	switch {
	case v.Deleted:
		return "deleted"
	case v.Live:
		return string(v.Status) + ", live"
	}
	return string(v.Status)
}

// The arguments stand in the order in which they are typed.
type kbDiffCmd struct {
	Slug   string `arg:"" help:"The article's slug."`
	From   int    `arg:"" help:"Version to compare from."`
	To     int    `arg:"" default:"0" help:"Version to compare with. Default: the newest." optional:""`
	Locale string `default:"en" help:"Language of the article (${default})." placeholder:"TAG"`
}

// Help is shown by --help.
func (kbDiffCmd) Help() string {
	return `Examples:
  deskhand kb diff withdrawal-pending 1
  deskhand kb diff withdrawal-pending 1 2 --locale zh-Hans`
}

// Run implements the command.
func (c kbDiffCmd) Run(ctx context.Context, a *app) error {
	return withSystem(ctx, a, func(s *system) error {
		from, err := s.index.ArticleVersion(ctx, c.Slug, c.Locale, c.From)
		if err != nil {
			return err
		}
		to, err := s.index.ArticleVersion(ctx, c.Slug, c.Locale, c.To)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(a.out, "--- %s (%s), version %d, %s\n+++ %s (%s), version %d, %s\n%s",
			from.Slug, from.Locale, from.Number, from.ChangedBy, to.Slug, to.Locale, to.Number, to.ChangedBy, files.Diff(from, to))
		return err
	})
}

type kbRestoreCmd struct {
	Locale  string `default:"en" help:"Language of the article (${default})." placeholder:"TAG"`
	Slug    string `arg:"" help:"The article's slug, also of one that was deleted."`
	Version int    `arg:"" help:"The version to restore, from \"deskhand kb history\"."`
}

// Help is shown by --help.
func (kbRestoreCmd) Help() string {
	return `The earlier text becomes a new version; nothing is lost. An import that still has another text replaces it again.

Examples:
  deskhand kb restore withdrawal-pending 3
  deskhand kb restore withdrawal-pending 3 --locale zh-Hans`
}

// Run implements the command.
func (c kbRestoreCmd) Run(ctx context.Context, a *app) error {
	return withSystem(ctx, a, func(s *system) error {
		old, err := s.index.ArticleVersion(ctx, c.Slug, c.Locale, c.Version)
		if err != nil {
			return err
		}
		newest, err := s.index.ArticleVersion(ctx, c.Slug, c.Locale, 0)
		if err != nil {
			return err
		}
		edit := retrieval.Edit{Actor: cliActor, Article: old.Article(), Version: newest.Number}
		if newest.Deleted {
			edit.Version = 0
		}
		saved, err := s.index.Save(ctx, edit)
		if err != nil {
			return err
		}
		if _, err := s.index.Apply(ctx, saved.Slug, saved.Locale); err != nil {
			return err
		}
		_, err = fmt.Fprintf(a.out, "%s (%s): version %d is restored as version %d\n", saved.Slug, saved.Locale, c.Version, saved.Number)
		return err
	})
}

type kbRedirectCmd struct {
	JSON   bool   `help:"Print the list as one JSON object." name:"json"`
	Old    string `arg:"" help:"The slug that the article had before. Without it, the redirects are listed." optional:""`
	Remove bool   `help:"End the redirect."`
	Slug   string `arg:"" help:"The slug that it has now." optional:""`
}

// Help is shown by --help.
func (kbRedirectCmd) Help() string {
	return `A front matter may name them too: redirects: [old-slug]. A redirect that would lead back to itself is refused.

Examples:
  deskhand kb redirect withdraw-pending withdrawal-pending
  deskhand kb redirect --remove withdraw-pending
  deskhand kb redirect`
}

// Validate reports arguments that do not fit together.
func (c kbRedirectCmd) Validate() error {
	if c.Old != "" && (c.Slug == "") != c.Remove || c.Old == "" && c.Remove {
		return fmt.Errorf("%w: name the old slug and the new one, or the old one with --remove", errConfig)
	}
	return nil
}

// Run implements the command.
func (c kbRedirectCmd) Run(ctx context.Context, a *app) error {
	return withSystem(ctx, a, func(s *system) error {
		switch {
		case c.Remove:
			return s.index.RemoveRedirect(ctx, c.Old, cliActor)
		case c.Old != "":
			return s.index.SetRedirect(ctx, retrieval.Redirect{CreatedBy: cliActor, OldSlug: c.Old, Slug: c.Slug})
		}
		redirects, err := s.index.Redirects(ctx)
		if err != nil {
			return err
		}
		if c.JSON {
			return printJSON(a, map[string]any{"redirects": append([]retrieval.Redirect{}, redirects...)})
		}
		table := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
		_, _ = fmt.Fprintln(table, "OLD SLUG\tLEADS TO\tSINCE\tWHO")
		for _, r := range redirects {
			_, _ = fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", r.OldSlug, r.Slug, r.CreatedAt.UTC().Format(time.DateOnly), r.CreatedBy)
		}
		return table.Flush()
	})
}
