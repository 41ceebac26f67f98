package evals

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// shownInMarkdown is how many cases a comment on a pull request names; the HTML report has all.
const shownInMarkdown = 20

// WriteMarkdown writes the report for a pull request: the figures, what changed since a baseline (nil: there is none), and the
// cases that did not pass by their ids and checks. It holds no customer's text.
func (r Report) WriteMarkdown(w io.Writer, comparison *Comparison) error {
	var b strings.Builder
	fmt.Fprintf(&b, "### Eval `%s`: %d of %d passed\n\n", cell(r.Suite), r.Total.Passed, r.Total.Cases)
	if comparison != nil {
		comparison.markdown(&b)
	}
	b.WriteString("| figure | rate | 95 % interval | cases |\n|---|---:|---|---:|\n")
	for _, figure := range Figures() {
		share := r.Total.Figures[figure.Name]
		if share.N == 0 {
			continue
		}
		fmt.Fprintf(&b, "| %s | %.3f | %.3f to %.3f | %d/%d |\n", figure.Name, share.Rate, share.Lower, share.Upper, share.Hits, share.N)
	}
	fmt.Fprintf(&b, "\n%s. %s. %s.\n", r.Confidence, r.Retrieval, r.Costs)
	b.WriteString("\n<details><summary>Slices by language</summary>\n\n" +
		"| language | passed | wrong | missed | needless |\n|---|---|---:|---:|---:|\n")
	for _, locale := range slices.Sorted(maps.Keys(r.ByLocale)) {
		tally := r.ByLocale[locale]
		fmt.Fprintf(&b, "| %s | %d/%d | %d | %d | %d |\n", cell(locale), tally.Passed, tally.Cases, tally.Endings[WrongAnswer],
			tally.Endings[MissedHandOff], tally.Endings[NeedlessHandOff])
	}
	b.WriteString("\n</details>\n")
	r.failures(&b)
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("write Markdown: %w", err)
	}
	return nil
}

func (r Report) failures(b *strings.Builder) {
	failed := slices.DeleteFunc(slices.Clone(r.Results), Result.Passed)
	if len(failed) == 0 {
		return
	}
	fmt.Fprintf(b, "\n<details><summary>%d cases did not pass</summary>\n\n| case | ending | checks |\n|---|---|---|\n", len(failed))
	for _, result := range failed[:min(len(failed), shownInMarkdown)] {
		var names []string
		for _, check := range result.Checks {
			if !check.Passed {
				names = append(names, check.Name)
			}
		}
		fmt.Fprintf(b, "| %s | %s | %s |\n", cell(result.Name()), result.Ending, cell(strings.Join(names, ", ")))
	}
	if len(failed) > shownInMarkdown {
		fmt.Fprintf(b, "\n%d more are in the report.\n", len(failed)-shownInMarkdown)
	}
	b.WriteString("\n</details>\n")
}

func (c *Comparison) markdown(b *strings.Builder) {
	fmt.Fprintf(b, "Against the baseline, %d cases: **%d better, %d worse**.\n\n"+
		"| figure | verdict | difference | 95 %% interval | McNemar p |\n|---|---|---:|---|---:|\n", c.Pairs, len(c.Better), len(c.Worse))
	for _, d := range c.Figures {
		if d.Comparable {
			fmt.Fprintf(b, "| %s | %s | %+.3f | %+.3f to %+.3f | %.3g |\n", d.Name, d.Verdict, d.Difference, d.Lower, d.Upper, d.McNemar)
		}
	}
	if len(c.Worse) > 0 {
		b.WriteString("\n| got worse | before | now | fails |\n|---|---|---|---|\n")
		for _, change := range c.Worse[:min(len(c.Worse), shownInMarkdown)] {
			fmt.Fprintf(b, "| %s | %s | %s | %s |\n", cell(change.ID), change.Before, change.After, cell(strings.Join(change.Failed, ", ")))
		}
	}
	b.WriteString("\n")
}

// cell is a suite's own word in a cell of a table: it can neither end the cell nor become markup.
func cell(text string) string {
	return strings.NewReplacer("|", "\\|", "\n", " ", "\r", " ", "<", "&lt;", "`", "'", "@", "@\u200b", "[", "\\[", "]", "\\]").
		Replace(text)
}

// WriteTrace prints a result with all that led to it, for a terminal.
func (r Result) WriteTrace(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s, %s, intent %s, priority %s, confidence %.2f\n", r.Name(), r.Outcome, r.Ending, r.Intent, r.Priority,
		r.Confidence)
	for _, check := range r.Checks {
		mark := map[bool]string{true: "ok", false: "FAIL"}[check.Passed]
		if check.Skipped {
			mark = "-"
		}
		fmt.Fprintf(&b, "  %-5s %s %s\n", mark, check.Name, check.Why)
	}
	for _, turn := range r.Case.Conversation {
		fmt.Fprintf(&b, "\ncustomer:\n%s\n", turn)
	}
	fmt.Fprintf(&b, "\nassistant (%s):\n%s\n", r.Language, r.Reply)
	if r.Trace != nil {
		r.Trace.write(&b)
	}
	b.WriteString("\n")
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("print trace: %w", err)
	}
	return nil
}

func (t *Trace) write(b *strings.Builder) {
	if t.Draft != "" {
		fmt.Fprintf(b, "\ndraft for the agent:\n%s\n", t.Draft)
	}
	fmt.Fprintf(b, "\nreasons: %s\n", strings.Join(t.Reasons, ", "))
	if len(t.Redactions) > 0 {
		fmt.Fprintf(b, "removed: %s\n", strings.Join(t.Redactions, ", "))
	}
	for _, finding := range t.Findings {
		fmt.Fprintf(b, "guard: %s: %s\n", finding.Check, finding.Detail)
	}
	fmt.Fprintf(b, "prompt %s, model %s, embeddings %s, policy %d\n", t.PromptVersion, t.Model, t.EmbeddingModel, t.PolicyVersion)
	for i, hit := range t.Retrieved {
		fmt.Fprintf(b, "%d. %s/%s  fused %.3f  similarity %.3f  BM25 %.2f  %s\n", i+1, hit.Locale, hit.Slug, hit.Fused, hit.Similarity,
			hit.BM25, hit.Heading)
	}
	for _, step := range t.Steps {
		fmt.Fprintf(b, "%-10s %-6s %s\n", step.Stage, step.Status, step.Duration)
	}
}
