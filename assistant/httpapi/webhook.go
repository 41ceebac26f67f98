package httpapi

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"github.com/deskhand/deskhand/assistant/access"
	"github.com/deskhand/deskhand/assistant/postgres"
	"github.com/deskhand/deskhand/assistant/webhook"
)

// EndpointList are the endpoints that are told of changes.
type EndpointList struct {
	Endpoints []WebhookEndpoint `json:"endpoints" nullable:"false"`
}

// WebhookEndpoint is where another system takes events, without its secrets.
type WebhookEndpoint struct {
	ID             uuid.UUID      `format:"uuid" json:"id"`
	AllowNetworks  []string       `doc:"Networks inside the desk's own that it may be in." json:"allow_networks,omitempty"`
	CreatedAt      time.Time      `json:"created_at"`
	Dead           int            `doc:"Deliveries that were given up." json:"dead"`
	Delivered      int            `json:"delivered"`
	DisabledReason string         `json:"disabled_reason,omitempty"`
	Events         []webhook.Type `doc:"None means all." json:"events" nullable:"false"`
	FailingSince   *time.Time     `json:"failing_since,omitempty"`
	InsecureHTTP   bool           `json:"insecure_http,omitempty"`
	Name           string         `json:"name"`
	Pending        int            `json:"pending"`
	State          string         `enum:"ok,failing,disabled" json:"state"`
	URL            string         `json:"url"`
}

type deliveriesInput struct {
	EndpointID uuid.UUID `doc:"Only those of this endpoint." format:"uuid" query:"endpoint_id"`
	Limit      int       `default:"100" maximum:"1000" minimum:"1" query:"limit"`
	Status     string    `doc:"dead is the list of what was given up." enum:"dead,delivered,pending" query:"status"`
}

// DeliveryList are deliveries of events.
type DeliveryList struct {
	Deliveries []Delivery `doc:"Of the latest event first." json:"deliveries" nullable:"false"`
}

// Delivery is one event for one endpoint.
type Delivery struct {
	ID          uuid.UUID      `format:"uuid" json:"id"`
	Attempts    int            `doc:"Since it was stored or last replayed." json:"attempts"`
	CreatedAt   time.Time      `doc:"Of the event." json:"created_at"`
	DeliveredAt *time.Time     `json:"delivered_at,omitempty"`
	EndpointID  uuid.UUID      `format:"uuid" json:"endpoint_id"`
	EventID     uuid.UUID      `doc:"The webhook-id, the same at every attempt and replay." format:"uuid" json:"event_id"`
	LastAt      *time.Time     `json:"last_attempt_at,omitempty"`
	LastProblem string         `json:"last_problem,omitempty"`
	LastStatus  int            `doc:"HTTP status of the last attempt." json:"last_http_status,omitempty"`
	NextAt      *time.Time     `json:"next_attempt_at,omitempty"`
	Replays     int            `json:"replays,omitempty"`
	Status      webhook.Status `enum:"dead,delivered,pending" json:"status"`
	Type        webhook.Type   `json:"type"`
}

type webhookRef struct {
	ID uuid.UUID `format:"uuid" path:"id"`
}

// Replayed says what was started again.
type Replayed struct {
	Replayed int `doc:"Deliveries that are pending again." json:"replayed"`
}

func (s *server) describeWebhooks(api huma.API) {
	tags := []string{"Webhooks"}
	huma.Register(api, s.operation(api, huma.Operation{
		Description: "The endpoints with how their deliveries stand. They are added and removed at the command line only: " +
			"who adds one is told of everything.",
		Method: http.MethodGet, OperationID: "list-webhooks", Path: "/v1/webhooks", Summary: "List endpoints", Tags: tags,
	}, access.ManageWebhooks), s.endpoints)
	huma.Register(api, s.operation(api, huma.Operation{
		Description: "Deliveries, also those that were given up, without what they said.",
		Method:      http.MethodGet, OperationID: "list-deliveries", Path: "/v1/webhooks/deliveries", Summary: "List deliveries",
		Tags:                         tags,
		RejectUnknownQueryParameters: true,
	}, access.ManageWebhooks), s.deliveries)
	huma.Register(api, s.operation(api, huma.Operation{
		Description: "Starts a dead delivery again, under the webhook-id that it always had: a consumer that has seen it drops it.",
		Method:      http.MethodPost, OperationID: "replay-delivery", Path: "/v1/webhooks/deliveries/{id}/replay",
		Summary: "Replay a delivery", Tags: tags,
	}, access.ManageWebhooks), s.replayDelivery)
	huma.Register(api, s.operation(api, huma.Operation{
		Description: "Starts all dead deliveries of an endpoint again.",
		Method:      http.MethodPost, OperationID: "replay-endpoint", Path: "/v1/webhooks/{id}/replay",
		Summary: "Replay an endpoint's deliveries", Tags: tags,
	}, access.ManageWebhooks), s.replayEndpoint)
}

func (s *server) endpoints(ctx context.Context, _ *struct{}) (*output[EndpointList], error) {
	states, err := s.Store.Endpoints(ctx)
	if err != nil {
		return nil, s.problemOf(ctx, err)
	}
	list := EndpointList{Endpoints: make([]WebhookEndpoint, len(states))}
	for i, state := range states {
		list.Endpoints[i] = NewWebhookEndpoint(state)
	}
	return &output[EndpointList]{Body: list}, nil
}

func (s *server) deliveries(ctx context.Context, in *deliveriesInput) (*output[DeliveryList], error) {
	filter := postgres.DeliveryFilter{Limit: in.Limit, Status: webhook.Status(in.Status)}
	if in.EndpointID != uuid.Nil {
		filter.EndpointID = &in.EndpointID
	}
	deliveries, err := s.Store.Deliveries(ctx, filter)
	if err != nil {
		return nil, s.problemOf(ctx, err)
	}
	list := DeliveryList{Deliveries: make([]Delivery, len(deliveries))}
	for i, d := range deliveries {
		list.Deliveries[i] = NewDelivery(d)
	}
	return &output[DeliveryList]{Body: list}, nil
}

func (s *server) replayDelivery(ctx context.Context, in *webhookRef) (*output[Replayed], error) {
	if _, err := s.Store.Delivery(ctx, in.ID); err != nil {
		return nil, s.problemOf(ctx, err)
	}
	return s.replayed(ctx, nil, []uuid.UUID{in.ID})
}

func (s *server) replayEndpoint(ctx context.Context, in *webhookRef) (*output[Replayed], error) {
	if _, err := s.Store.Endpoint(ctx, in.ID); err != nil {
		return nil, s.problemOf(ctx, err)
	}
	return s.replayed(ctx, &in.ID, nil)
}

func (s *server) replayed(ctx context.Context, endpoint *uuid.UUID, deliveries []uuid.UUID) (*output[Replayed], error) {
	n, err := s.Store.Replay(ctx, endpoint, deliveries, actor(ctx).String())
	if err != nil {
		return nil, s.problemOf(ctx, err)
	}
	return &output[Replayed]{Body: Replayed{Replayed: n}}, nil
}

// NewWebhookEndpoint is an endpoint as its JSON shows it.
func NewWebhookEndpoint(state postgres.EndpointState) WebhookEndpoint {
	e := state.Endpoint
	view := WebhookEndpoint{
		ID: e.ID, CreatedAt: e.CreatedAt, Dead: state.Dead, Delivered: state.Delivered, DisabledReason: e.DisabledReason,
		Events: append([]webhook.Type{}, e.Events...), FailingSince: e.FailingSince, InsecureHTTP: e.Reach.InsecureHTTP, Name: e.Name,
		Pending: state.Pending, State: "ok", URL: e.URL,
	}
	for _, network := range e.Reach.Networks {
		view.AllowNetworks = append(view.AllowNetworks, network.String())
	}
	switch {
	case e.DisabledAt != nil:
		view.State = "disabled"
	case e.FailingSince != nil:
		view.State = "failing"
	}
	return view
}

// NewDelivery is a delivery as its JSON shows it.
func NewDelivery(d webhook.Delivery) Delivery {
	return Delivery{
		ID: d.ID, Attempts: d.Attempts, CreatedAt: d.CreatedAt, DeliveredAt: d.DeliveredAt, EndpointID: d.Endpoint.ID,
		EventID: d.EventID, LastAt: d.LastAt, LastProblem: d.LastProblem, LastStatus: d.LastStatus, NextAt: d.Next(),
		Replays: d.Replays, Status: d.Status, Type: d.Type,
	}
}
