package main

import (
	"context"
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/google/uuid"

	"github.com/deskhand/deskhand/assistant/httpapi"
	"github.com/deskhand/deskhand/assistant/postgres"
	"github.com/deskhand/deskhand/assistant/webhook"
)

// maxDeliveries is the most that one list shows.
const maxDeliveries = 10_000

type webhookDeliveriesCmd struct {
	Endpoint string `help:"Only those of this endpoint." placeholder:"ID"`
	JSON     bool   `help:"Print JSON." name:"json"`
	Limit    int    `default:"50" help:"How many at most (${default})." placeholder:"N"`
	Status   string `default:"" enum:",dead,delivered,pending" help:"Only dead (given up), delivered or pending ones." placeholder:"STATUS"`
}

// Help is shown by --help.
func (webhookDeliveriesCmd) Help() string {
	return `Examples:
  deskhand webhook deliveries --status dead
  deskhand webhook deliveries --endpoint 01a2… --limit 500 --json`
}

// Run implements the command.
func (c webhookDeliveriesCmd) Run(ctx context.Context, a *app) error {
	if c.Limit < 1 || c.Limit > maxDeliveries {
		return fmt.Errorf("%w: --limit must lie between 1 and %d", errConfig, maxDeliveries)
	}
	filter := postgres.DeliveryFilter{Limit: c.Limit, Status: webhook.Status(c.Status)}
	if c.Endpoint != "" {
		id, err := parseID(c.Endpoint)
		if err != nil {
			return err
		}
		filter.EndpointID = &id
	}
	return withDesk(ctx, a, func(s *system) error {
		deliveries, err := s.store.Deliveries(ctx, filter)
		if err != nil {
			return err
		}
		if c.JSON {
			lines := make([]httpapi.Delivery, len(deliveries))
			for i, d := range deliveries {
				lines[i] = httpapi.NewDelivery(d)
			}
			return printJSON(a, lines)
		}
		table := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
		_, _ = fmt.Fprintln(table, "ID\tEVENT\tTYPE\tSTATUS\tATTEMPTS\tNEXT\tLAST PROBLEM")
		for _, d := range deliveries {
			next := ""
			if at := d.Next(); at != nil {
				next = at.Format(time.DateTime)
			}
			_, _ = fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%d\t%s\t%s\n", d.ID, d.EventID, d.Type, d.Status, d.Attempts, next, d.LastProblem)
		}
		return table.Flush()
	})
}

type webhookReplayCmd struct {
	Delivery []string `arg:"" help:"Ids of dead deliveries, from \"deskhand webhook deliveries\"." optional:""`
	Endpoint string   `help:"Replay all dead deliveries of this endpoint." placeholder:"ID"`
}

// Help is shown by --help.
func (webhookReplayCmd) Help() string {
	return `A replayed event has the webhook-id that it always had: a consumer that has seen it drops it. The running service delivers it.

Examples:
  deskhand webhook replay 01a2…
  deskhand webhook replay --endpoint 01a2…`
}

// Run implements the command.
func (c webhookReplayCmd) Run(ctx context.Context, a *app) error {
	if (len(c.Delivery) == 0) == (c.Endpoint == "") {
		return fmt.Errorf("%w: name either deliveries or --endpoint", errConfig)
	}
	var endpoint *uuid.UUID
	ids := make([]uuid.UUID, 0, len(c.Delivery))
	for _, text := range c.Delivery {
		id, err := parseID(text)
		if err != nil {
			return err
		}
		ids = append(ids, id)
	}
	if c.Endpoint != "" {
		id, err := parseID(c.Endpoint)
		if err != nil {
			return err
		}
		endpoint = &id
	}
	return withDesk(ctx, a, func(s *system) error {
		n, err := s.store.Replay(ctx, endpoint, ids, "cli")
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(a.out, "%d deliveries are pending again.\n", n)
		return err
	})
}
