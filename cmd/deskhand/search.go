package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/deskhand/deskhand/assistant/httpapi"
	"github.com/deskhand/deskhand/assistant/lang"
	"github.com/deskhand/deskhand/retrieval"
)

type searchCmd struct {
	Audience     string   `default:"internal" enum:"public,internal" help:"public finds what an answer may rest on; internal also what is internal or stale (${default})." placeholder:"WHO"`
	Explain      bool     `help:"Show the words and concepts that were searched for, and each hit's evidence."`
	JSON         bool     `help:"Print one JSON object, as GET /v1/search does." name:"json"`
	Jurisdiction string   `help:"Country of the customer, like DE: leave out what does not hold there." placeholder:"CODE"`
	Limit        int      `default:"5" help:"Articles to find, at most 50 (${default})." placeholder:"N"`
	Locale       string   `help:"Language to prefer. Default: that of the question." placeholder:"TAG"`
	Query        []string `arg:"" help:"The question; - reads it from standard input."`
}

// Help is shown by --help.
func (searchCmd) Help() string {
	return `The articles are found as the assistant finds them, but for what it believes the question to be about. Secrets are taken out of
the question first. Nothing is stored.

Examples:
  deskhand search "withdrawal pending"
  deskhand search --explain 提币没到账
  deskhand search --json --audience public --jurisdiction DE "how do I complain"`
}

// Validate reports a setting that cannot work.
func (c searchCmd) Validate() error {
	if c.Limit < 1 || c.Limit > 50 {
		return fmt.Errorf("%w: --limit must lie between 1 and 50, it is %d", errConfig, c.Limit)
	}
	return checkPlace(c.Jurisdiction, c.Locale)
}

// checkPlace reports a country or a language, of --jurisdiction and --locale, that is none; empty for any.
func checkPlace(jurisdiction, locale string) error {
	if _, country := retrieval.Jurisdiction(jurisdiction); jurisdiction != "" && !country {
		return fmt.Errorf("%w: --jurisdiction must be a country code of ISO 3166-1, like DE", errConfig)
	}
	if _, ok := retrieval.Locale(locale); locale != "" && !ok {
		return fmt.Errorf("%w: --locale must be a language tag, like en or zh-Hans", errConfig)
	}
	return nil
}

// Run implements the command.
func (c searchCmd) Run(ctx context.Context, a *app) error {
	question, err := argumentText(a, c.Query)
	if err != nil {
		return err
	}
	return withSystem(ctx, a, func(s *system) error {
		clean := s.knowledge.redactor.Redact(question)
		locale := c.Locale
		if locale == "" {
			locale = s.knowledge.lang.Detect(clean.Text, lang.Hint{}).Tag
		}
		results, err := s.search(ctx, retrieval.Query{
			Audience: retrieval.Audience(c.Audience), Jurisdiction: c.Jurisdiction, Limit: c.Limit, Locale: locale,
			Now: a.clock(), Text: clean.Text,
		})
		if err != nil {
			return err
		}
		if results.Degraded != nil {
			_, _ = fmt.Fprintf(a.err, "the embedding model could not be asked; found by words alone: %v\n", results.Degraded)
		}
		if c.JSON {
			return printJSON(a, httpapi.NewSearchResults(results))
		}
		return c.print(a.out, results)
	})
}

func (c searchCmd) print(w io.Writer, results retrieval.Results) error {
	var b strings.Builder
	if c.Explain {
		explainTerms(&b, results)
	}
	if len(results.Hits) == 0 {
		b.WriteString("nothing found\n")
	}
	for i, hit := range results.Hits {
		marks := ""
		if hit.Article.Stale {
			marks += ", stale"
		}
		if hit.Article.Audience == retrieval.AudienceInternal {
			marks += ", internal"
		}
		if len(hit.Article.Jurisdictions) > 0 {
			marks += ", only " + strings.Join(hit.Article.Jurisdictions, " ")
		}
		a := hit.Article
		fmt.Fprintf(&b, "%d. %s [%s %s, version %d%s]\n", i+1, a.Title, a.Slug, a.Locale, a.Version, marks)
		if path := strings.Join(hit.Passage.HeadingPath, " > "); path != "" {
			fmt.Fprintf(&b, "   %s\n", path)
		}
		fmt.Fprintf(&b, "   %s\n", excerpt(hit.Passage.Body))
		if c.Explain {
			e := hit.Evidence
			fmt.Fprintf(&b, "   score %.3f, %.3f before the next; language %s\n", e.Fused, e.Margin, e.Language)
			fmt.Fprintf(&b, "   words %.2f (rank %d, %.0f%% of what was asked); meaning %.3f (rank %d)\n",
				e.BM25, e.LexicalRank, 100*e.Coverage, e.Similarity, e.DenseRank)
			fmt.Fprintf(&b, "   matched %s\n", strings.Join(e.MatchedTerms, " "))
		}
	}
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("print results: %w", err)
	}
	return nil
}

// explainTerms prints what was asked for, and what was searched.
func explainTerms(b *strings.Builder, results retrieval.Results) {
	fmt.Fprintf(b, "%-10s", "asked for")
	for _, term := range results.Terms {
		switch {
		case len(term.Concepts) > 0:
			fmt.Fprintf(b, "  %s = %s", term.Term, strings.Join(term.Concepts, " "))
		case !term.Stop:
			fmt.Fprintf(b, "  %s", term.Term)
		}
	}
	fmt.Fprintf(b, "\n%-10s knowledge base %d, model %s\n", "searched", results.KBVersion, results.Model)
}

// excerptRunes is what of a passage fits on two lines of a terminal.
const excerptRunes = 160

func excerpt(body string) string {
	runes := []rune(strings.Join(strings.Fields(body), " "))
	if len(runes) <= excerptRunes {
		return string(runes)
	}
	return string(runes[:excerptRunes]) + "…"
}
