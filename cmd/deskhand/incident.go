package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/assistant/lang"
	"github.com/deskhand/deskhand/assistant/postgres"
	"github.com/deskhand/deskhand/prompts"
)

type incidentCmd struct {
	Accept    incidentAcceptCmd    `cmd:"" help:"Make a draft of a notice from a proposal."`
	Dismiss   incidentDismissCmd   `cmd:"" help:"Say that a proposal is no incident."`
	End       incidentEndCmd       `cmd:"" help:"Take a notice out of force."`
	List      incidentListCmd      `cmd:"" help:"List the notices in force."`
	Preview   incidentPreviewCmd   `cmd:"" help:"Which notices apply to a question?"`
	Proposals incidentProposalsCmd `cmd:"" help:"List sudden rises of similar questions."`
	Start     incidentStartCmd     `cmd:"" help:"Put a notice in force: its text answers questions about its intents."`
}

type incidentStartCmd struct {
	Draft        bool              `help:"Only keep it; it answers nothing." xor:"when"`
	For          time.Duration     `help:"How long it is in force. Default: until it is ended." placeholder:"TIME"`
	In           time.Duration     `help:"How long from now it begins. Default: now." placeholder:"TIME" xor:"when"`
	Intent       []string          `help:"Intent that the notice answers; repeat for more." placeholder:"INTENT" required:""`
	Jurisdiction []string          `help:"Only for customers there, as DE; repeat for more." placeholder:"CODE"`
	Language     []string          `help:"Only for customers who write in it; repeat for more." placeholder:"TAG"`
	Text         map[string]string `help:"The notice in a language; repeat for more. English is required." mapsep:"none" placeholder:"en=TEXT" required:""`
}

// Help is shown by --help.
func (incidentStartCmd) Help() string {
	return `Example:
  deskhand incident start --intent withdrawal.pending --intent withdrawal.not_received \
    --text "en=Bitcoin withdrawals are delayed by network congestion. Your funds are safe." \
    --text "zh-Hans=由于网络拥堵,比特币提币延迟。您的资产安全。"
  deskhand incident start --in 2h --for 90m --intent deposit.not_credited --text "en=Deposits pause for maintenance."`
}

// Run implements the command.
func (c incidentStartCmd) Run(ctx context.Context, a *app) error {
	if c.For < 0 || c.In < 0 {
		return fmt.Errorf("%w: --in and --for must not be negative", errConfig)
	}
	return withSystem(ctx, a, func(s *system) error {
		registry, err := s.store.Registry(ctx)
		if err != nil {
			return err
		}
		n := c.schedule(a.clock())
		rules := assistant.NoticeRules{Guard: s.knowledge.guard, Intent: s.knowledge.triager.Intent, Registry: registry}
		if err := n.Check(rules); err != nil {
			return fmt.Errorf("%w: %w", errConfig, err)
		}
		stored, err := s.store.AddNotice(ctx, n, "cli")
		if err != nil {
			return err
		}
		word := map[postgres.NoticeState]string{
			postgres.NoticeActive: "in force", postgres.NoticeDraft: "a draft", postgres.NoticeScheduled: "scheduled",
		}[stored.State(a.clock())]
		_, err = fmt.Fprintf(a.out, "Notice %d is %s. To end it: deskhand incident end %d\n", stored.ID, word, stored.ID)
		return err
	})
}

func (c incidentStartCmd) schedule(now time.Time) postgres.Schedule {
	n := postgres.Schedule{Notice: assistant.Notice{
		Intents: c.Intent, Jurisdictions: c.Jurisdiction, Languages: c.Language, Texts: c.Text,
	}}
	if c.Draft {
		return n
	}
	begin := now.Add(c.In)
	n.StartsAt = &begin
	if c.For > 0 {
		end := begin.Add(c.For)
		n.EndsAt = &end
	}
	return n
}

type incidentEndCmd struct {
	ID int64 `arg:"" help:"The notice's id, from \"deskhand incident list\"."`
}

// Run implements the command.
func (c incidentEndCmd) Run(ctx context.Context, a *app) error {
	return withDesk(ctx, a, func(s *system) error { return s.store.EndNotice(ctx, c.ID, "cli") })
}

type incidentListCmd struct {
	JSON  bool   `help:"Print JSON." name:"json"`
	State string `default:"active" enum:"active,draft,scheduled,ended,all" help:"active, draft, scheduled, ended or all (${default})." placeholder:"STATE"`
}

// Run implements the command.
func (c incidentListCmd) Run(ctx context.Context, a *app) error {
	return withDesk(ctx, a, func(s *system) error {
		state := postgres.NoticeState(c.State)
		if c.State == "all" {
			state = ""
		}
		notices, err := s.store.Notices(ctx, state)
		if err != nil {
			return err
		}
		if c.JSON {
			return json.NewEncoder(a.out).Encode(notices) //nolint:musttag // the names of the fields are plain
		}
		for _, notice := range notices {
			if _, err := fmt.Fprintf(a.out, "%d  %v  %s\n", notice.ID, notice.Intents, notice.Texts[prompts.DefaultLanguage]); err != nil {
				return fmt.Errorf("print notice: %w", err)
			}
		}
		return nil
	})
}

type incidentPreviewCmd struct {
	Jurisdiction string   `help:"Where the customer is, as DE." placeholder:"CODE"`
	Question     []string `arg:"" help:"What a customer would write."`
}

// Help is shown by --help.
func (incidentPreviewCmd) Help() string {
	return "Nothing is stored.\n\nExample:\n  deskhand incident preview \"my btc withdrawal is still pending\""
}

// Run implements the command.
func (c incidentPreviewCmd) Run(ctx context.Context, a *app) error {
	return withSystem(ctx, a, func(s *system) error {
		settings, err := s.store.Settings(ctx)
		if err != nil {
			return err
		}
		text := s.knowledge.redactor.Redact(strings.Join(c.Question, " ")).Text
		t := s.knowledge.triager.Triage(text, nil)
		language := s.knowledge.lang.Detect(text, lang.Hint{}).Tag
		_, _ = fmt.Fprintf(a.out, "intent %s, language %s\n", t.Intent, language)
		if reasons := settings.Policy.MustHandOff(t); len(reasons) > 0 {
			_, _ = fmt.Fprintf(a.out, "goes to a person whatever notices say: %v\n", reasons)
		}
		about := assistant.Circumstances{Intent: t.Intent, Jurisdiction: c.Jurisdiction, Language: language}
		applying := assistant.Applying(settings.Notices, about)
		if len(applying) == 0 {
			_, _ = fmt.Fprintln(a.out, "no notice applies")
		}
		for _, notice := range applying {
			body, tag := notice.Text(language)
			_, _ = fmt.Fprintf(a.out, "%d  %s  %s\n", notice.ID, tag, body)
		}
		return nil
	})
}

type incidentProposalsCmd struct {
	JSON  bool   `help:"Print JSON." name:"json"`
	State string `default:"open" enum:"open,accepted,dismissed,expired,all" help:"open, accepted, dismissed, expired or all (${default})." placeholder:"STATE"`
}

// Run implements the command.
func (c incidentProposalsCmd) Run(ctx context.Context, a *app) error {
	return withDesk(ctx, a, func(s *system) error {
		proposals, err := s.store.Proposals(ctx, strings.TrimPrefix(c.State, "all"))
		if err != nil {
			return err
		}
		if c.JSON {
			return json.NewEncoder(a.out).Encode(proposals)
		}
		table := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
		_, _ = fmt.Fprintln(table, "ID\tINTENT\tQUESTIONS\tEXPECTED\tMINUTES\tSTATE\tSINCE")
		for _, p := range proposals {
			_, _ = fmt.Fprintf(table, "%d\t%s\t%d\t%.1f\t%d\t%s\t%s\n", p.ID, p.Intent, p.Questions, p.Expected, p.WindowMinutes, p.State,
				p.ProposedAt.UTC().Format(time.RFC3339))
		}
		return table.Flush()
	})
}

type incidentAcceptCmd struct {
	ID int64 `arg:"" help:"The proposal's id, from \"deskhand incident proposals\"."`
}

// Run implements the command.
func (c incidentAcceptCmd) Run(ctx context.Context, a *app) error {
	return withDesk(ctx, a, func(s *system) error {
		draft, err := s.store.AcceptProposal(ctx, c.ID, s.knowledge.prompts.All(prompts.DraftIncident), "cli")
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(a.out, "Notice %d is a draft; PUT /v1/incidents/%d gives it a start.\n", draft.ID, draft.ID)
		return err
	})
}

type incidentDismissCmd struct {
	ID int64 `arg:"" help:"The proposal's id, from \"deskhand incident proposals\"."`
}

// Run implements the command.
func (c incidentDismissCmd) Run(ctx context.Context, a *app) error {
	return withDesk(ctx, a, func(s *system) error { return s.store.DismissProposal(ctx, c.ID, "cli") })
}
