package desk

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/assistant/guard"
)

// Override is a lead's decision to send a text although the guard objects to it.
type Override struct {
	Checks []string // the objections that are set aside
	Reason string   // kept in the history
}

// checking is a text that somebody wants to send.
type checking struct {
	actor    Actor
	message  assistant.Message
	override Override
}

// Check says what would be objected to if the text were sent on the ticket. It sends and stores nothing.
func (d *Desk) Check(ctx context.Context, ticketID uuid.UUID, body string) ([]assistant.Finding, error) {
	detail, err := d.store.Detail(ctx, ticketID)
	if err != nil {
		return nil, fmt.Errorf("load ticket: %w", err)
	}
	message, err := textMessage(Reply{Body: body}, detail)
	if err != nil {
		return nil, err
	}
	findings, _, err := d.findings(ctx, *message, detail)
	return findings, err
}

// findings is what speaks against a text, and the policy under which it does.
func (d *Desk) findings(ctx context.Context, message assistant.Message, detail Detail) ([]assistant.Finding, assistant.Policy, error) {
	var findings []assistant.Finding
	for _, kind := range d.redactor.Redact(message.Body).Secrets() {
		findings = append(findings, assistant.Finding{Check: "secret", Detail: fmt.Sprintf("contains a secret (%s): take it out", kind)})
	}
	settings, err := d.store.Settings(ctx)
	if err != nil {
		return nil, assistant.Policy{}, fmt.Errorf("load settings: %w", err)
	}
	sources, err := d.sourcesOf(ctx, message, detail)
	if err != nil {
		return nil, assistant.Policy{}, fmt.Errorf("load cited articles: %w", err)
	}
	text := guard.Text{Body: message.Body, Language: detail.Ticket.Language, Sources: sources}
	for _, found := range d.guard.Check(text, settings.Registry) {
		findings = append(findings, assistant.Finding{Check: string(found.Check), Detail: found.Detail})
	}
	return findings, settings.Policy, nil
}

// sourcesOf returns the articles that a text rests on: those that it cites, and those that the drafts beside the ticket cite. What
// they link to, an agent may link to.
func (d *Desk) sourcesOf(ctx context.Context, message assistant.Message, detail Detail) ([]string, error) {
	if d.sources == nil {
		return nil, nil
	}
	cited := slices.Clone(message.Citations)
	for _, draft := range detail.Drafts {
		for _, citation := range draft.Citations {
			if !slices.Contains(cited, citation) {
				cited = append(cited, citation)
			}
		}
	}
	return d.sources(ctx, cited)
}

// check holds an agent's text to the rules for everything that leaves the desk, and returns the objections that a lead set
// aside.
func (d *Desk) check(ctx context.Context, c checking, detail Detail) ([]string, error) {
	if len(c.override.Checks) > 0 {
		switch {
		case !c.actor.Lead:
			return nil, assistant.Errorf(assistant.CodeForbidden, "only a lead may set a check aside: ask one to send this reply")
		case strings.TrimSpace(c.override.Reason) == "":
			return nil, invalid("override.reason", "override.reason is empty: say why the text may be sent")
		}
	}
	findings, policy, err := d.findings(ctx, c.message, detail)
	if err != nil {
		return nil, err
	}
	var overridden, stopped []string
	var left []assistant.Finding
	for _, found := range findings {
		if slices.Contains(c.override.Checks, found.Check) && policy.MayOverride(found.Check) {
			overridden = append(overridden, found.Check)
			continue
		}
		left = append(left, found)
		stopped = append(stopped, found.Check+": "+found.Detail)
	}
	if len(left) == 0 {
		return slices.Compact(overridden), nil
	}
	return nil, &assistant.Error{
		Code: assistant.CodeInvalid, Field: "body", Findings: left, Message: "body may not be sent: " + strings.Join(stopped, "; "),
	}
}
