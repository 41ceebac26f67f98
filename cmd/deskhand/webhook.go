package main

import (
	"context"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/deskhand/deskhand/assistant/httpapi"
	"github.com/deskhand/deskhand/assistant/webhook"
)

type webhookCmd struct {
	Add        webhookAddCmd        `cmd:"" help:"Add an endpoint and print its signing secret, once."`
	Deliveries webhookDeliveriesCmd `cmd:"" help:"List deliveries, latest first, with what became of them."`
	Enable     webhookEnableCmd     `cmd:"" help:"Take a disabled endpoint into use again."`
	List       webhookListCmd       `cmd:"" help:"List the endpoints and their health."`
	Remove     webhookRemoveCmd     `cmd:"" help:"Remove an endpoint; what waits for it is dropped."`
	Replay     webhookReplayCmd     `cmd:"" help:"Deliver again what was given up."`
	Rotate     webhookRotateCmd     `cmd:"" help:"Replace an endpoint's secret; the old one signs too for a while."`
	Test       webhookTestCmd       `cmd:"" help:"Send an endpoint a signed test event now, and say what it answered."`
}

type webhookAddCmd struct {
	AllowNetwork []string `help:"Private network that the endpoint may be in; repeat for more. Cloud metadata addresses stay closed." placeholder:"CIDR"`
	Event        []string `help:"Type of event to deliver; repeat for more. Default: all." placeholder:"TYPE"`
	InsecureHTTP bool     `help:"Allow http. Anybody on the way can then read deliveries." name:"insecure-http"`
	JSON         bool     `help:"Print JSON." name:"json"`
	Name         string   `help:"What it is, for people." placeholder:"NAME"`
	URL          string   `arg:"" help:"Where to deliver, https://…"`
}

// Help is shown by --help.
func (webhookAddCmd) Help() string {
	types := make([]string, len(webhook.Types()))
	for i, t := range webhook.Types() {
		types[i] = string(t)
	}
	return `A delivery is a POST with the headers webhook-id, webhook-timestamp and webhook-signature of the Standard Webhooks convention
(https://www.standardwebhooks.com). Events hold ids, outcomes and reasons, never what a customer wrote: docs/webhooks.md.

Only https addresses on the public internet are delivered to, unless a flag says otherwise.

Types of events: ` + strings.Join(types, ", ") + `

Examples:
  deskhand webhook add https://hooks.example.com/desk
  deskhand webhook add https://crm.example.com/in --event ticket.opened --event ticket.resolved --name CRM
  deskhand webhook add http://10.20.0.5:9000/desk --insecure-http --allow-network 10.20.0.0/16`
}

// Run implements the command.
func (c webhookAddCmd) Run(ctx context.Context, a *app) error {
	types, err := webhook.ParseTypes(c.Event)
	if err != nil {
		return fmt.Errorf("%w: --event: %w", errConfig, err)
	}
	networks, err := webhook.ParseNetworks(c.AllowNetwork)
	if err != nil {
		return fmt.Errorf("%w: --allow-network: %w", errConfig, err)
	}
	reach := webhook.Reach{InsecureHTTP: c.InsecureHTTP, Networks: networks}
	if err := reach.CheckURL(c.URL); err != nil {
		return fmt.Errorf("%w: %w", errConfig, err)
	}
	return withDesk(ctx, a, func(s *system) error {
		endpoint, err := s.store.AddEndpoint(ctx, webhook.Endpoint{Events: types, Name: c.Name, Reach: reach, URL: c.URL}, "cli")
		if err != nil {
			return err
		}
		if c.JSON {
			return printJSON(a, addedEndpoint{ID: endpoint.ID.String(), Secret: string(endpoint.Secret)})
		}
		_, err = fmt.Fprintf(a.out, "%s\n\nThis secret of endpoint %s is shown once. Give it to the consumer, "+
			"which checks each signature with it.\nTo try the endpoint: deskhand webhook test %s\n",
			endpoint.Secret, endpoint.ID, endpoint.ID)
		return err
	})
}

// addedEndpoint is what a script needs of a new endpoint.
type addedEndpoint struct {
	ID     string `json:"id"`
	Secret string `json:"secret"`
}

type webhookListCmd struct {
	JSON bool `help:"Print JSON." name:"json"`
}

// Run implements the command.
func (c webhookListCmd) Run(ctx context.Context, a *app) error {
	return withDesk(ctx, a, func(s *system) error {
		states, err := s.store.Endpoints(ctx)
		if err != nil {
			return err
		}
		lines := make([]httpapi.WebhookEndpoint, len(states))
		for i, state := range states {
			lines[i] = httpapi.NewWebhookEndpoint(state)
		}
		if c.JSON {
			return printJSON(a, lines)
		}
		table := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
		_, _ = fmt.Fprintln(table, "ID\tSTATE\tPENDING\tDELIVERED\tDEAD\tEVENTS\tNAME\tURL")
		for _, line := range lines {
			_, _ = fmt.Fprintf(table, "%s\t%s\t%d\t%d\t%d\t%s\t%s\t%s\n", line.ID, line.State, line.Pending, line.Delivered,
				line.Dead, eventNames(line.Events), line.Name, line.URL)
		}
		if err := table.Flush(); err != nil {
			return fmt.Errorf("print endpoints: %w", err)
		}
		for _, line := range lines {
			if line.DisabledReason != "" {
				_, _ = fmt.Fprintf(a.out, "\n%s is disabled: %s.\nTo take it into use again: deskhand webhook enable %s\n",
					line.ID, line.DisabledReason, line.ID)
			}
		}
		return nil
	})
}

func eventNames(types []webhook.Type) string {
	if len(types) == 0 {
		return "all"
	}
	names := make([]string, len(types))
	for i, t := range types {
		names[i] = string(t)
	}
	return strings.Join(names, ",")
}

type webhookRemoveCmd struct {
	ID string `arg:"" help:"The endpoint's id, from \"deskhand webhook list\"."`
}

// Run implements the command.
func (c webhookRemoveCmd) Run(ctx context.Context, a *app) error {
	return withID(ctx, a, c.ID, func(s *system, id uuid.UUID) error { return s.store.RemoveEndpoint(ctx, id, "cli") })
}

type webhookEnableCmd struct {
	ID string `arg:"" help:"The endpoint's id, from \"deskhand webhook list\"."`
}

// Run implements the command.
func (c webhookEnableCmd) Run(ctx context.Context, a *app) error {
	return withID(ctx, a, c.ID, func(s *system, id uuid.UUID) error {
		if err := s.store.EnableEndpoint(ctx, id, "cli"); err != nil {
			return err
		}
		_, err := fmt.Fprintf(a.out, "Endpoint %s is in use. To deliver what it missed: deskhand webhook replay --endpoint %s\n", id, id)
		return err
	})
}

type webhookRotateCmd struct {
	ID   string        `arg:"" help:"The endpoint's id, from \"deskhand webhook list\"."`
	Keep time.Duration `default:"24h" help:"How long deliveries are also signed with the old secret (${default}); 0s when it has leaked." placeholder:"TIME"`
}

// Run implements the command.
func (c webhookRotateCmd) Run(ctx context.Context, a *app) error {
	if c.Keep < 0 {
		return fmt.Errorf("%w: --keep must not be negative", errConfig)
	}
	return withID(ctx, a, c.ID, func(s *system, id uuid.UUID) error {
		secret, err := s.store.RotateSecret(ctx, id, c.Keep, "cli")
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(a.out, "%s\n\nThis secret is shown once. The old one signs too for %s.\n", secret, c.Keep)
		return err
	})
}

type webhookTestCmd struct {
	ID string `arg:"" help:"The endpoint's id, from \"deskhand webhook list\"."`
}

// Run implements the command.
func (c webhookTestCmd) Run(ctx context.Context, a *app) error {
	return withID(ctx, a, c.ID, func(s *system, id uuid.UUID) error {
		endpoint, err := s.store.Endpoint(ctx, id)
		if err != nil {
			return err
		}
		event := webhook.Event{ID: uuid.Must(uuid.NewV7()), Type: webhook.Test, CreatedAt: a.clock()}
		body, err := event.Body()
		if err != nil {
			return err
		}
		attempt := newSender(a).Send(ctx, endpoint.Message(event.ID, body, a.clock()))
		took := attempt.Duration.Round(time.Millisecond)
		if !attempt.Delivered() {
			_, _ = fmt.Fprintf(a.out, "FAIL  %s, after %s\n", attempt.Problem, took)
			return errFailed
		}
		_, err = fmt.Fprintf(a.out, "ok    the endpoint answered %d, after %s\n", attempt.Status, took)
		return err
	})
}

// newSender returns what posts to endpoints.
func newSender(a *app) *webhook.Sender {
	return webhook.NewSender(webhook.SenderConfig{Clock: a.clock, Version: version})
}

// deliverer takes the deliveries of the service to their end.
func (s *system) deliverer(a *app, observe func(webhook.Settlement)) *webhook.Deliverer {
	return webhook.NewDeliverer(webhook.Config{
		Clock: a.clock, Logger: a.logger, Observe: observe, Sender: newSender(a), Store: s.store,
	})
}

// newWebhookMetrics returns what counts attempts by their end: delivered, pending (it will be tried again) or dead.
func newWebhookMetrics(registry *prometheus.Registry) func(webhook.Settlement) {
	attempts := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "deskhand_webhook_attempts_total", Help: "Attempts to deliver a webhook, by what became of the delivery.",
	}, []string{"status"})
	registry.MustRegister(attempts)
	for _, status := range []webhook.Status{webhook.Dead, webhook.Delivered, webhook.Pending} {
		attempts.WithLabelValues(string(status)) // so that an alert on the first dead one sees it grow from 0
	}
	return func(s webhook.Settlement) { attempts.WithLabelValues(string(s.Status)).Inc() }
}

// withID runs work on the opened system with an id that the command line named.
func withID(ctx context.Context, a *app, text string, work func(*system, uuid.UUID) error) error {
	id, err := parseID(text)
	if err != nil {
		return err
	}
	return withDesk(ctx, a, func(s *system) error { return work(s, id) })
}

func parseID(text string) (uuid.UUID, error) {
	id, err := uuid.Parse(text)
	if err != nil {
		return id, fmt.Errorf("%w: %q is no id: see \"deskhand webhook list\" and \"deskhand webhook deliveries\"", errConfig, text)
	}
	return id, nil
}
