package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/assistant/memory"
	"github.com/deskhand/deskhand/retrieval"
)

type askCmd struct {
	Explain  bool     `help:"Show what every stage found."`
	JSON     bool     `help:"Print one JSON object." name:"json"`
	Country  string   `help:"Country of the customer, like DE: articles that do not hold there are left out." name:"jurisdiction" placeholder:"CODE"`
	Locale   string   `help:"Language that the customer's site believes in; a hint." placeholder:"TAG"`
	Question []string `arg:"" help:"The question; - reads it from standard input."`
}

// Help is shown by --help.
func (askCmd) Help() string {
	return `The question runs through the real pipeline and the real knowledge base, but no ticket is opened and nothing is stored.

Examples:
  deskhand ask "how much is the withdrawal fee for USDT on TRON?"
  deskhand ask --explain 提币两个小时了还没到账,怎么办?
  echo "my question" | deskhand ask --json -`
}

// Validate reports a setting that cannot work.
func (c askCmd) Validate() error { return checkPlace(c.Country, c.Locale) }

// Run implements the command.
func (c askCmd) Run(ctx context.Context, a *app) error {
	question, err := argumentText(a, c.Question)
	if err != nil {
		return err
	}
	return withSystem(ctx, a, func(s *system) error {
		store := memory.New(s.store.Settings)
		pipeline := s.assistant(store, a.clock)
		var found retrieval.Results // with the words of the question, which no record has
		search := pipeline.Search
		pipeline.Search = func(ctx context.Context, query retrieval.Query) (retrieval.Results, error) {
			var err error
			found, err = search(ctx, query)
			return found, err
		}
		run, err := pipeline.Handle(ctx, assistant.Question{
			Body: question, Channel: "cli", Jurisdiction: c.Country, Locale: c.Locale,
		})
		if err != nil {
			return err
		}
		end, _ := store.Conclusion(run.ID) // a run that Handle returned has concluded
		if c.JSON {
			return printAnswerJSON(a.out, run, end)
		}
		if c.Explain {
			if err := errors.Join(printSteps(a.out, end), printWords(a.out, found), printOutcome(a.out, run)); err != nil {
				return err
			}
		}
		return printAnswer(a.out, run)
	})
}

func printSteps(w io.Writer, end assistant.Conclusion) error {
	for _, step := range end.Steps {
		detail, err := json.Marshal(step.Detail)
		if err != nil {
			return fmt.Errorf("print step: %w", err)
		}
		_, err = fmt.Fprintf(w, "%-10s %-6s %8s  %s\n", step.Stage, step.Status, step.Duration.Round(time.Microsecond), detail)
		if err != nil {
			return fmt.Errorf("print step: %w", err)
		}
	}
	return nil
}

// printWords says what was searched for by words, with what the glossary adds, and what of it each hit has.
func printWords(w io.Writer, found retrieval.Results) error {
	if len(found.Terms) == 0 {
		return nil
	}
	var b strings.Builder
	explainTerms(&b, found)
	for _, hit := range found.Hits {
		matched := strings.Join(hit.Evidence.MatchedTerms, " ")
		fmt.Fprintf(&b, "%-10s %s (%s): %s\n", "matched", hit.Article.Slug, hit.Article.Locale, matched)
	}
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("print words: %w", err)
	}
	return nil
}

func printOutcome(w io.Writer, run assistant.Run) error {
	if _, err := fmt.Fprintf(w, "%-10s %s, because %v\n\n", "outcome", run.Outcome, run.Reasons); err != nil {
		return fmt.Errorf("print outcome: %w", err)
	}
	return nil
}

func printAnswer(w io.Writer, run assistant.Run) error {
	var b strings.Builder
	b.WriteString(run.Reply.Body + "\n")
	for _, citation := range run.Reply.Citations {
		fmt.Fprintf(&b, "\n[%s] %s (%s)", citation.Slug, citation.Title, citation.Locale)
	}
	if len(run.Reply.Citations) > 0 {
		b.WriteString("\n")
	}
	if run.Ticket != nil {
		fmt.Fprintf(&b, "\nOn the desk this would now be a %s ticket (%s), to be answered by %s.\n",
			run.Priority, run.Intent, run.Ticket.RespondBy.Format(time.RFC3339))
	}
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("print answer: %w", err)
	}
	return nil
}

// answerJSON is what ask --json prints.
type answerJSON struct {
	Citations  []assistant.Citation `json:"citations"`
	Confidence float64              `json:"confidence"`
	Intent     string               `json:"intent"`
	Language   string               `json:"language"`
	Outcome    assistant.Outcome    `json:"outcome"`
	Priority   string               `json:"priority"`
	Reasons    []assistant.Reason   `json:"reasons"`
	Reply      string               `json:"reply"`
	Steps      []assistant.Step     `json:"steps"`
}

func printAnswerJSON(w io.Writer, run assistant.Run, end assistant.Conclusion) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	err := encoder.Encode(answerJSON{
		Citations: append([]assistant.Citation{}, run.Reply.Citations...), Confidence: run.Confidence, Intent: run.Intent,
		Language: run.Reply.Language, Outcome: run.Outcome, Priority: string(run.Priority), Reasons: run.Reasons,
		Reply: run.Reply.Body, Steps: end.Steps,
	})
	if err != nil {
		return fmt.Errorf("print answer: %w", err)
	}
	return nil
}
