package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/assistant/httpapi"
	"github.com/deskhand/deskhand/evals"
)

type evalShadowCmd struct {
	Candidate string `arg:"" help:"Name of the candidate. Default: all." optional:""`
	JSON      bool   `help:"Print JSON." name:"json"`
	Limit     int    `default:"10" help:"Questions that would have ended otherwise, at most (${default}; 0 for none)." placeholder:"N"`
}

// Help is shown by --help.
func (evalShadowCmd) Help() string {
	return `Says what a candidate (a second policy, prompt or model) would have done with live questions. "deskhand serve --shadow FILE"
asks it, after the desk has decided; what it says is sent to nobody, opens no ticket, and its costs are apart from the desk's.
Per question both outcomes are compared: McNemar's exact test says whether the candidate answers more or less than chance
explains. Which of the two is right, reviewers say: see "deskhand eval review".

The file, in YAML:
  name: bolder
  share: 0.1                       # of the questions
  policy: {min_confidence: 0.7}    # instead of the desk's; or:
  chat_model: gpt-4.1-nano         # on the server of OPENAI_BASE_URL (providers: FILE for others)
  prompt: draft.tmpl               # a draft prompt like prompts/draft.tmpl
  price_per_million: {prompt: 0.1, completion: 0.4}
  budget_usd: 5                    # in all; then it is asked no more

Examples:
  deskhand serve --shadow bolder.yaml
  deskhand eval shadow
  deskhand eval shadow bolder@1f2e3d4c --limit 50`
}

// Validate reports a setting that cannot work.
func (c evalShadowCmd) Validate() error {
	if c.Limit < 0 || c.Limit > reviewsListed {
		return fmt.Errorf("%w: --limit must lie between 0 and %d", errConfig, reviewsListed)
	}
	return nil
}

// Run implements the command.
func (c evalShadowCmd) Run(ctx context.Context, a *app) error {
	return acting{}.look(ctx, a, func(s *seat) error {
		store := s.online()
		names := []string{c.Candidate}
		if c.Candidate == "" {
			var err error
			if names, err = store.Candidates(ctx); err != nil {
				return err
			}
		}
		views := make([]httpapi.ShadowView, 0, len(names))
		for _, name := range names {
			report, err := store.ShadowReport(ctx, name)
			if err != nil {
				return err
			}
			differences, err := store.Differences(ctx, name, c.Limit)
			if err != nil {
				return err
			}
			views = append(views, httpapi.NewShadowView(report, differences, s.masker.Text))
		}
		switch {
		case c.JSON:
			return printJSON(a, views)
		case len(views) == 0:
			_, err := fmt.Fprintln(a.out, "No candidate was asked anything yet: see \"deskhand eval shadow --help\".")
			return err
		}
		for _, view := range views {
			if err := printShadow(a.out, view); err != nil {
				return err
			}
		}
		return nil
	})
}

func printShadow(w io.Writer, v httpapi.ShadowView) error {
	r := v.Report
	_, _ = fmt.Fprintf(w, "%s: %d questions, %d failed\n\n", r.Candidate, r.Questions, r.Failed)
	outcomes := []assistant.Outcome{assistant.OutcomeAnswered, assistant.OutcomeClarify, assistant.OutcomeHandedOff, ""}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(table, "DESK \\ CANDIDATE\tanswered\tclarify\thanded_off\tfailed")
	for _, desk := range outcomes[:3] {
		_, _ = fmt.Fprint(table, desk)
		for _, candidate := range outcomes {
			_, _ = fmt.Fprintf(table, "\t%d", r.Table[desk][candidate])
		}
		_, _ = fmt.Fprintln(table)
	}
	_, _ = fmt.Fprintf(table, "\nend alike\t%s\nanswered by the desk\t%s\nby the candidate\t%s\n", r.Agreement,
		r.AnsweredByDesk, r.Answered)
	_, _ = fmt.Fprintf(table, "answers gained, lost\t%d, %d: %s (McNemar p = %.2g)\n", r.Gained, r.Lost, r.Verdict, r.P)
	_, _ = fmt.Fprintf(table, "cost\t$%.4f, %d and %d tokens, %d ms (median)\n", r.CostUSD, r.PromptTokens, r.CompletionTokens,
		r.MedianMillis)
	for _, label := range evals.Endings() {
		if by := r.Labelled[label]; len(by) > 0 {
			_, _ = fmt.Fprintf(table, "of the desk's %s\tanswered %d, clarify %d, handed_off %d\n", label, by[assistant.OutcomeAnswered],
				by[assistant.OutcomeClarify], by[assistant.OutcomeHandedOff])
		}
	}
	if err := table.Flush(); err != nil {
		return fmt.Errorf("print comparison: %w", err)
	}
	for _, d := range v.Differences {
		_, _ = fmt.Fprintf(w, "\n%s · %s, candidate: %s (%s) · confidence %.2f\n%s", d.RunID, d.Desk, d.Candidate,
			strings.Join(d.Reasons, ", "), d.Confidence, indented(d.Question))
		if d.Body != "" {
			_, _ = fmt.Fprintf(w, "  would have said\n%s", indented(d.Body))
		}
	}
	_, err := fmt.Fprintln(w)
	return err
}
