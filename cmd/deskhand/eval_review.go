package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/google/uuid"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/assistant/httpapi"
	"github.com/deskhand/deskhand/assistant/redact"
	"github.com/deskhand/deskhand/evals"
	"github.com/deskhand/deskhand/evals/online"
)

// reviewsListed is the most that one list holds.
const reviewsListed = 2000

type evalReviewCmd struct {
	Agreement reviewAgreementCmd `cmd:"" help:"Say how good live answers are, and how far the reviewers agree."`
	Export    reviewExportCmd    `cmd:"" help:"Make a suite of the questions on whose label the reviewers agree, or a third one has decided."`
	Label     reviewLabelCmd     `cmd:"" help:"Label a question."`
	List      reviewListCmd      `cmd:"" help:"List what was drawn for review."`
	Sample    reviewSampleCmd    `cmd:"" help:"Draw questions of live traffic for review."`
	Show      reviewShowCmd      `cmd:"" help:"Print a question that was drawn, as you may see it."`
}

// online is what evals make of the desk's live traffic.
func (s *system) online() *online.Store {
	return online.New(online.Config{Audit: s.store.Audit, Clock: s.app.clock, Pool: s.pool, Vault: s.vault})
}

type reviewSampleCmd struct {
	acting `embed:""`

	From string `help:"Questions of this day on. Default: 7 days before --to." placeholder:"DAY"`
	JSON bool   `help:"Print JSON." name:"json"`
	Seed int64  `default:"1" help:"The same seed draws the same questions of the same time (${default})." placeholder:"N"`
	Size int    `default:"50" help:"How many (${default})." placeholder:"N"`
	To   string `help:"Questions before this day. Default: now." placeholder:"DAY"`
}

// Help is shown by --help.
func (reviewSampleCmd) Help() string {
	return `Strata are made of intent and confidence; each gets its share of the sample, and every question has the same chance. Two
leads label each question without seeing each other's label (in the console under Reviews, or with "deskhand eval review label"); where they
differ, a third one decides.

Examples:
  deskhand eval review sample --as lea@quayside.example --size 100
  deskhand eval review sample --as lea@quayside.example --from 2026-03-01 --to 2026-03-08 --seed 7`
}

// Run implements the command.
func (c reviewSampleCmd) Run(ctx context.Context, a *app) error {
	draw := online.Draw{Seed: c.Seed, Size: c.Size}
	var err error
	if draw.From, draw.To, err = period(a, c.From, c.To); err != nil {
		return err
	}
	return c.sit(ctx, a, func(s *seat) error {
		draw.Actor = s.actor
		if !s.actor.Lead {
			return assistant.Errorf(assistant.CodeForbidden, "reviews are drawn by leads and admins")
		}
		sample, err := s.online().Draw(ctx, draw)
		if err != nil {
			return err
		}
		if c.JSON {
			return printJSON(a, sample)
		}
		_, err = fmt.Fprintf(a.out, "Sample %d: %d of %d questions, %d of them for the first time.\n", sample.ID, sample.Drawn,
			sample.Population, sample.Added)
		return err
	})
}

// period reads two days; by default the last week.
func period(a *app, fromDay, toDay string) (from, to time.Time, err error) {
	if to, err = parseDay("--to", toDay); err != nil {
		return from, to, err
	}
	if from, err = parseDay("--from", fromDay); err != nil {
		return from, to, err
	}
	if to.IsZero() {
		to = a.clock()
	}
	if from.IsZero() {
		from = to.AddDate(0, 0, -7)
	}
	return from, to, nil
}

type reviewListCmd struct {
	acting `embed:""`

	JSON   bool   `help:"Print JSON." name:"json"`
	Limit  int    `default:"50" help:"How many at most (${default})." placeholder:"N"`
	Sample int64  `help:"Only of this sample." placeholder:"N"`
	Status string `default:"" enum:",open,disputed,settled" help:"Only open, disputed or settled ones." placeholder:"STATUS"`
	ToDo   bool   `help:"Only what you can still label."`
}

// Help is shown by --help.
func (reviewListCmd) Help() string {
	return `Examples:
  deskhand eval review list --as lea@quayside.example --to-do
  deskhand eval review list --status disputed`
}

// Run implements the command.
func (c reviewListCmd) Run(ctx context.Context, a *app) error {
	if c.Limit < 1 || c.Limit > reviewsListed {
		return fmt.Errorf("%w: --limit must lie between 1 and %d", errConfig, reviewsListed)
	}
	return c.look(ctx, a, func(s *seat) error {
		reviews, err := s.online().Reviews(ctx, online.ReviewFilter{
			Limit: c.Limit, Reviewer: s.actor.ID, SampleID: c.Sample, Status: online.ReviewStatus(c.Status), ToDo: c.ToDo,
		})
		if err != nil {
			return err
		}
		views := make([]httpapi.Review, len(reviews))
		for i, r := range reviews {
			views[i] = httpapi.NewReview(r, s.masker.Text)
		}
		if c.JSON {
			return printJSON(a, views)
		}
		table := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
		_, _ = fmt.Fprintln(table, "QUESTION\tSAMPLE\tSTATUS\tOUTCOME\tLANGUAGE\tSTRATUM\tLABELS")
		for _, r := range views {
			_, _ = fmt.Fprintf(table, "%s\t%d\t%s\t%s\t%s\t%s\t%s\n", r.ID, r.SampleID, r.Status, r.Outcome, r.Language, r.Stratum,
				labelsOf(r))
		}
		return table.Flush()
	})
}

// labelsOf are the labels that may be seen, or how many there are.
func labelsOf(r httpapi.Review) string {
	if len(r.Labels) == 0 {
		return fmt.Sprintf("%d given", r.Labelled)
	}
	given := make([]string, len(r.Labels))
	for i, l := range r.Labels {
		given[i] = l.Label
	}
	return strings.Join(given, ", ")
}

type reviewShowCmd struct {
	acting `embed:""`

	JSON     bool      `help:"Print JSON." name:"json"`
	Question uuid.UUID `arg:"" help:"Id of the question, from \"deskhand eval review list\"."`
}

// Run implements the command.
func (c reviewShowCmd) Run(ctx context.Context, a *app) error {
	return c.look(ctx, a, func(s *seat) error {
		review, err := s.online().Review(ctx, c.Question, s.actor.ID)
		if err != nil {
			return err
		}
		return printReview(a, httpapi.NewReview(review, s.masker.Text), c.JSON)
	})
}

func printReview(a *app, r httpapi.Review, asJSON bool) error { //nolint:revive // as the flag says
	if asJSON {
		return printJSON(a, r)
	}
	_, _ = fmt.Fprintf(a.out, "%s · %s · %s · %s · confidence %.2f\n%s: %s\n", r.Status, r.Outcome, r.Intent, r.Language, r.Confidence,
		"reasons", strings.Join(r.Reasons, ", "))
	for _, turn := range r.Turns {
		_, _ = fmt.Fprintf(a.out, "\n  %s\n%s", turn.Author, indented(turn.Body))
	}
	if r.Draft != "" {
		_, _ = fmt.Fprintf(a.out, "\n  draft for the agents\n%s", indented(r.Draft))
	}
	_, err := fmt.Fprintf(a.out, "\nlabels: %s\nchoices: %s\n", labelsOf(r), strings.Join(r.Choices, ", "))
	return err
}

type reviewLabelCmd struct {
	acting `embed:""`

	JSON     bool      `help:"Print JSON." name:"json"`
	Label    string    `arg:"" help:"What became of the question: correct_answer, wrong_answer or missed_mandatory_handoff for a reply; right_handoff or needless_handoff for a hand-off."`
	Note     string    `help:"Why." placeholder:"TEXT"`
	Question uuid.UUID `arg:"" help:"Id of the question, from \"deskhand eval review list\"."`
}

// Help is shown by --help.
func (reviewLabelCmd) Help() string {
	return `Until somebody else has labelled the question too, you may change your label.

Example:
  deskhand eval review label wrong_answer 0192f0c1-7f3b-7000-8000-3b9f5c1de001 --as Lea --note "the fee is that of last year"`
}

// Run implements the command.
func (c reviewLabelCmd) Run(ctx context.Context, a *app) error {
	return c.sit(ctx, a, func(s *seat) error {
		review, err := s.online().Label(ctx, online.Labelling{
			Actor: s.actor, Label: evals.Ending(c.Label), Note: s.masker.Text(s.knowledge.redactor.Redact(c.Note).Text), RunID: c.Question,
		})
		if err != nil {
			return err
		}
		return printReview(a, httpapi.NewReview(review, s.masker.Text), c.JSON)
	})
}

type reviewExportCmd struct {
	Out    string `help:"Suite to write. Default: the standard output." placeholder:"FILE" type:"newfile"`
	Sample int64  `help:"Only of this sample." placeholder:"N"`
}

// Help is shown by --help.
func (reviewExportCmd) Help() string {
	return `Texts are redacted again, with personal data; names are not recognised: look through the file before you pass it on.

Examples:
  deskhand eval review export --out reviews.yaml
  deskhand eval run reviews.yaml`
}

// Run implements the command.
func (c reviewExportCmd) Run(ctx context.Context, a *app) error {
	redactor, err := redact.New(redact.Config{PII: true})
	if err != nil {
		return fmt.Errorf("load redactor: %w", err)
	}
	return withDesk(ctx, a, func(s *system) error {
		settled, err := s.online().Settled(ctx, c.Sample)
		if err != nil {
			return err
		}
		suite := evals.FromReviews(settled, redactor)
		if len(suite.Cases) == 0 {
			return fmt.Errorf("%w: no review is settled yet: see \"deskhand eval review list\"", errConfig)
		}
		return writeSuite(a, suite, c.Out)
	})
}

type reviewAgreementCmd struct {
	JSON   bool  `help:"Print JSON." name:"json"`
	Sample int64 `help:"Only of this sample." placeholder:"N"`
}

// Help is shown by --help.
func (reviewAgreementCmd) Help() string {
	return `Shares are of the settled questions, with Wilson's interval at 95 %: every question has the same chance to be drawn, so they
are those of the traffic once all are settled. Agreement is Cohen's kappa with its interval: that both see whether a question was handed
over makes for agreement, so it is also given for replies and hand-offs, each on its own, and for each label against the rest.

Examples:
  deskhand eval review agreement
  deskhand eval review agreement --sample 3 --json`
}

// Run implements the command.
func (c reviewAgreementCmd) Run(ctx context.Context, a *app) error {
	return withDesk(ctx, a, func(s *system) error {
		q, err := s.online().Quality(ctx, c.Sample, uuid.Nil)
		if err != nil {
			return err
		}
		if c.JSON {
			return printJSON(a, q)
		}
		_, _ = fmt.Fprintf(a.out, "%d settled, %d disputed, %d open\n\n", q.Progress.Settled, q.Progress.Disputed, q.Progress.Open)
		table := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
		_, _ = fmt.Fprintln(table, "LABEL\tSHARE OF SETTLED\tKAPPA AGAINST THE REST")
		for _, label := range slices.Sorted(maps.Keys(q.Labels)) {
			_, _ = fmt.Fprintf(table, "%s\t%s\t%s\n", label, q.Labels[label], q.Agreement.Labels[label])
		}
		_, _ = fmt.Fprintf(table, "\t\t\nreplies\t\t%s\nhand-offs\t\t%s\nall\t\t%s\n", q.Agreement.Replies, q.Agreement.HandOffs,
			q.Agreement.All)
		return table.Flush()
	})
}
