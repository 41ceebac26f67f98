package postgres

import (
	"context"
	"fmt"
	"maps"
	"net/netip"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/assistant/webhook"
)

// endpointColumns are the columns of endpointRow, of the table e.
const endpointColumns = `e.id AS endpoint_id, e.name, e.url, e.events, e.insecure_http, e.networks, e.secret,
	coalesce(e.old_secret, '') AS old_secret, e.old_secret_until, e.created_at AS endpoint_created_at, e.failing_since,
	e.last_failure_at, e.paused_until, e.disabled_at, coalesce(e.disabled_reason, '') AS disabled_reason`

// AddEndpoint makes an endpoint with a new secret. What may be its URL is webhook.Reach's to say, before.
//
// Signing needs the secret, so a hash of it would not do: without a vault, whoever can read the table can sign.
func (s *Store) AddEndpoint(ctx context.Context, e webhook.Endpoint, actor string) (webhook.Endpoint, error) {
	if err := e.Reach.CheckURL(e.URL); err != nil {
		return e, &assistant.Error{Code: assistant.CodeInvalid, Field: "url", Message: err.Error()}
	}
	e.ID, e.CreatedAt, e.Secret = uuid.Must(uuid.NewV7()), s.clock(), webhook.NewSecret()
	networks := make([]string, len(e.Reach.Networks))
	for i, network := range e.Reach.Networks {
		networks[i] = network.String()
	}
	err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `
			INSERT INTO webhook_endpoints (id, name, url, events, insecure_http, networks, secret, created_at)
			VALUES (@id, @name, @url, @events, @insecure_http, @networks, @secret, @created_at)`,
			pgx.NamedArgs{
				"id": e.ID, "name": e.Name, "url": e.URL, "events": texts(e.Events), "insecure_http": e.Reach.InsecureHTTP,
				"networks": networks, "secret": s.vault.Seal(endpointSecret.at(e.ID.String()), string(e.Secret)), "created_at": e.CreatedAt,
			})
		if err != nil {
			return fmt.Errorf("insert endpoint: %w", err)
		}
		return audit(ctx, tx, s.endpointEntry("webhook.add", actor, e.ID))
	})
	if violated(err, "webhook_endpoints_url_key") {
		return e, &assistant.Error{
			Code: assistant.CodeConflict, Field: "url",
			Message: "an endpoint with this URL is there already: see \"deskhand webhook list\"",
		}
	}
	return e, err
}

// Endpoint returns an endpoint that was not removed.
func (s *Store) Endpoint(ctx context.Context, id uuid.UUID) (webhook.Endpoint, error) {
	rows, err := s.pool.Query(ctx,
		`SELECT `+endpointColumns+` FROM webhook_endpoints e WHERE e.id = @id AND e.removed_at IS NULL`, pgx.NamedArgs{"id": id})
	if err != nil {
		return webhook.Endpoint{}, fmt.Errorf("load endpoint: %w", err)
	}
	row, err := collectOne[endpointRow](rows, "endpoint")
	if err != nil {
		return webhook.Endpoint{}, err
	}
	return s.openEndpoint(ctx, row)
}

// openEndpoint returns an endpoint with its secrets.
func (s *Store) openEndpoint(ctx context.Context, row endpointRow) (webhook.Endpoint, error) {
	for at, secret := range map[*place]*string{endpointSecret: &row.Secret, oldEndpointSecret: &row.OldSecret} {
		var err error
		if *secret, err = s.vault.Open(ctx, s.pool, at.at(row.EndpointID.String()), *secret); err != nil {
			return webhook.Endpoint{}, err
		}
	}
	return row.endpoint()
}

// EndpointState is an endpoint with the counts of its deliveries.
type EndpointState struct {
	Dead      int
	Delivered int
	Endpoint  webhook.Endpoint
	Pending   int
}

// Endpoints returns the endpoints that were not removed, oldest first.
func (s *Store) Endpoints(ctx context.Context) ([]EndpointState, error) {
	rows, err := s.pool.Query(ctx, `
		SELECT `+endpointColumns+`, c.dead, c.delivered, c.pending
		FROM webhook_endpoints e CROSS JOIN LATERAL (
			SELECT count(*) FILTER (WHERE status = 'dead') AS dead, count(*) FILTER (WHERE status = 'delivered') AS delivered,
				count(*) FILTER (WHERE status = 'pending') AS pending
			FROM webhook_deliveries WHERE endpoint_id = e.id) c
		WHERE e.removed_at IS NULL ORDER BY e.created_at, e.id`)
	if err != nil {
		return nil, fmt.Errorf("list endpoints: %w", err)
	}
	type row struct {
		endpointRow

		Dead      int
		Delivered int
		Pending   int
	}
	found, err := pgx.CollectRows(rows, pgx.RowToStructByName[row])
	if err != nil {
		return nil, fmt.Errorf("list endpoints: %w", err)
	}
	states := make([]EndpointState, len(found))
	for i, row := range found {
		states[i] = EndpointState{Dead: row.Dead, Delivered: row.Delivered, Pending: row.Pending}
		if states[i].Endpoint, err = s.openEndpoint(ctx, row.endpointRow); err != nil {
			return nil, err
		}
	}
	return states, nil
}

// EnableEndpoint takes a disabled endpoint into use again. What it missed stays dead until somebody replays it.
func (s *Store) EnableEndpoint(ctx context.Context, id uuid.UUID, actor string) error {
	return s.changeEndpoint(ctx, endpointChange{actor: actor, action: "webhook.enable", id: id, set: `
		disabled_at = NULL, disabled_reason = NULL, failing_since = NULL, last_failure_at = NULL, paused_until = NULL`})
}

// RemoveEndpoint ends the deliveries to an endpoint and forgets its secrets at once. The record of its deliveries goes with
// their events, later: to delete it here could keep the desk waiting.
func (s *Store) RemoveEndpoint(ctx context.Context, id uuid.UUID, actor string) error {
	return s.changeEndpoint(ctx, endpointChange{actor: actor, action: "webhook.remove", id: id, set: `
		removed_at = @now, secret = NULL, old_secret = NULL, old_secret_until = NULL`})
}

// RotateSecret gives an endpoint another secret. The old one signs too for as long as keep says.
func (s *Store) RotateSecret(ctx context.Context, id uuid.UUID, keep time.Duration, actor string) (webhook.Secret, error) {
	secret := webhook.NewSecret()
	return secret, s.changeEndpoint(ctx, endpointChange{
		actor: actor, action: "webhook.rotate", id: id,
		args: pgx.NamedArgs{"secret": s.vault.Seal(endpointSecret.at(id.String()), string(secret)), "until": s.clock().Add(keep)},
		set:  `old_secret = secret, old_secret_until = @until, secret = @secret`,
	})
}

// endpointChange is a change of an endpoint that was not removed.
type endpointChange struct {
	action string
	actor  string
	args   pgx.NamedArgs
	id     uuid.UUID
	set    string // SQL of this file, never a caller's text
}

func (s *Store) changeEndpoint(ctx context.Context, c endpointChange) error {
	args := pgx.NamedArgs{"id": c.id, "now": s.clock()}
	maps.Copy(args, c.args)
	return pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, `UPDATE webhook_endpoints SET `+c.set+` WHERE id = @id AND removed_at IS NULL`, args)
		if err != nil {
			return fmt.Errorf("update endpoint: %w", err)
		}
		if tag.RowsAffected() == 0 {
			return assistant.Errorf(assistant.CodeNotFound, "no endpoint has this id: see \"deskhand webhook list\"")
		}
		return audit(ctx, tx, s.endpointEntry(c.action, c.actor, c.id))
	})
}

func (s *Store) endpointEntry(action, actor string, id uuid.UUID) Entry {
	return Entry{Action: action, Actor: actor, At: s.clock(), SubjectID: id.String(), SubjectKind: "webhook_endpoint"}
}

// endpointRow is a row of webhook_endpoints.
type endpointRow struct {
	DisabledAt        *time.Time
	DisabledReason    string
	EndpointCreatedAt time.Time
	EndpointID        uuid.UUID
	Events            []string
	FailingSince      *time.Time
	InsecureHTTP      bool `db:"insecure_http"`
	LastFailureAt     *time.Time
	Name              string
	Networks          []string
	OldSecret         string
	OldSecretUntil    *time.Time
	PausedUntil       *time.Time
	Secret            string
	URL               string `db:"url"`
}

func (r endpointRow) endpoint() (webhook.Endpoint, error) {
	e := webhook.Endpoint{
		ID: r.EndpointID, CreatedAt: r.EndpointCreatedAt, DisabledAt: r.DisabledAt, DisabledReason: r.DisabledReason,
		Events: values[webhook.Type](r.Events), FailingSince: r.FailingSince, LastFailureAt: r.LastFailureAt, Name: r.Name,
		OldSecret: webhook.Secret(r.OldSecret), OldSecretUntil: r.OldSecretUntil, PausedUntil: r.PausedUntil,
		Reach: webhook.Reach{InsecureHTTP: r.InsecureHTTP}, Secret: webhook.Secret(r.Secret), URL: r.URL,
	}
	for _, text := range r.Networks {
		network, err := netip.ParsePrefix(text)
		if err != nil {
			return e, fmt.Errorf("read networks of endpoint: %w", err)
		}
		e.Reach.Networks = append(e.Reach.Networks, network)
	}
	return e, nil
}
