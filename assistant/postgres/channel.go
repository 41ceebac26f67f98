package postgres

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/assistant/guard"
	"github.com/deskhand/deskhand/assistant/webhook"
)

// StoredChannel is an entry of the registry as it is kept.
type StoredChannel struct {
	guard.Channel

	ID     int64
	Source string // the list that it was imported from; empty for what somebody set by hand
}

// registryCache keeps the registry as it was at a version: with 100,000 known fakes it is too much to read for each question.
type registryCache struct {
	mu       sync.Mutex
	registry guard.Registry
	version  int64
}

// registryAt returns the registry of a version, which is the newest that the caller has seen.
func (s *Store) registryAt(ctx context.Context, version int64) (guard.Registry, error) {
	s.channels.mu.Lock()
	defer s.channels.mu.Unlock()
	if s.channels.version >= version {
		return s.channels.registry, nil
	}
	channels, head, err := s.loadRegistry(ctx)
	if err != nil {
		return guard.Registry{}, err
	}
	s.channels.registry, s.channels.version = guard.NewRegistry(channels), head.Version
	return s.channels.registry, nil
}

// registryHead is the version of the registry.
type registryHead struct {
	ChangedAt time.Time
	Version   int64
}

// loadRegistry reads the registry and its version in one snapshot.
func (s *Store) loadRegistry(ctx context.Context) ([]guard.Channel, registryHead, error) {
	var head registryHead
	rows, err := s.pool.Query(ctx, `
		SELECT r.version, r.changed_at, coalesce(c.kind, ''), coalesce(c.platform, ''), coalesce(c.value, ''), coalesce(c.standing, ''),
			coalesce(c.notes, '{}')
		FROM channel_registry r LEFT JOIN official_channels c ON true ORDER BY c.id`)
	if err != nil {
		return nil, head, fmt.Errorf("read registry: %w", err)
	}
	var channels []guard.Channel
	for rows.Next() {
		var c guard.Channel
		if err := rows.Scan(&head.Version, &head.ChangedAt, &c.Kind, &c.Platform, &c.Value, &c.Standing, &c.Notes); err != nil {
			return nil, head, fmt.Errorf("read registry: %w", err)
		}
		if c.Value != "" {
			channels = append(channels, c)
		}
	}
	if err := rows.Err(); err != nil {
		return nil, head, fmt.Errorf("read registry: %w", err)
	}
	return channels, head, nil
}

// Registry returns the registry that is in force.
func (s *Store) Registry(ctx context.Context) (guard.Registry, error) {
	rows, err := s.pool.Query(ctx, `SELECT version FROM channel_registry`)
	if err != nil {
		return guard.Registry{}, fmt.Errorf("read version of registry: %w", err)
	}
	version, err := pgx.CollectExactlyOneRow(rows, pgx.RowTo[int64])
	if err != nil {
		return guard.Registry{}, fmt.Errorf("read version of registry: %w", err)
	}
	return s.registryAt(ctx, version)
}

// ChannelFilter selects entries of the registry.
type ChannelFilter struct {
	After    int64 // the id of the last one that was seen
	Limit    int
	Standing guard.Standing // empty for all
}

const storedChannel = `SELECT id, kind, platform, value, standing, notes, source FROM official_channels`

// StoredChannels returns entries in the order of their ids.
func (s *Store) StoredChannels(ctx context.Context, f ChannelFilter) ([]StoredChannel, error) {
	rows, err := s.pool.Query(ctx, storedChannel+`
		WHERE id > @after AND (@standing = '' OR standing = @standing) ORDER BY id LIMIT @limit`,
		pgx.NamedArgs{"after": f.After, "limit": f.Limit, "standing": string(f.Standing)})
	if err != nil {
		return nil, fmt.Errorf("list channels: %w", err)
	}
	channels, err := pgx.CollectRows(rows, pgx.RowToStructByName[StoredChannel])
	if err != nil {
		return nil, fmt.Errorf("list channels: %w", err)
	}
	return channels, nil
}

// AddChannel puts an entry into the registry. One that is there already, in any spelling, is an Error with CodeConflict.
func (s *Store) AddChannel(ctx context.Context, c guard.Channel, actor string) (StoredChannel, error) {
	stored := StoredChannel{Channel: c}
	change := registryChange{action: "channel.add", actor: actor}
	err := s.changeRegistry(ctx, change, func(tx pgx.Tx, registry guard.Registry) (int64, error) {
		if err := fits(registry, c); err != nil {
			return 0, err
		}
		var err error
		stored.ID, err = insertChannel(ctx, tx, c)
		return stored.ID, err
	})
	return stored, err
}

// UpdateChannel changes what an entry is for.
func (s *Store) UpdateChannel(ctx context.Context, id int64, notes map[string]string, actor string) (StoredChannel, error) {
	var stored StoredChannel
	change := registryChange{action: "channel.update", actor: actor}
	err := s.changeRegistry(ctx, change, func(tx pgx.Tx, _ guard.Registry) (int64, error) {
		rows, err := tx.Query(ctx, `UPDATE official_channels SET notes = @notes WHERE id = @id
			RETURNING id, kind, platform, value, standing, notes, source`, pgx.NamedArgs{"id": id, "notes": notNil(notes)})
		if err != nil {
			return id, fmt.Errorf("update channel: %w", err)
		}
		stored, err = collectOne[StoredChannel](rows, "channel")
		return id, err
	})
	return stored, err
}

// RemoveChannel takes an entry out of the registry: it is unknown then.
func (s *Store) RemoveChannel(ctx context.Context, id int64, actor string) error {
	change := registryChange{action: "channel.remove", actor: actor}
	return s.changeRegistry(ctx, change, func(tx pgx.Tx, _ guard.Registry) (int64, error) {
		tag, err := tx.Exec(ctx, `DELETE FROM official_channels WHERE id = @id`, pgx.NamedArgs{"id": id})
		if err != nil {
			return id, fmt.Errorf("remove channel: %w", err)
		}
		if tag.RowsAffected() == 0 {
			return id, assistant.Errorf(assistant.CodeNotFound, "channel not found")
		}
		return id, nil
	})
}

// FakeList is a part of a list of known fakes.
type FakeList struct {
	Actor  string
	Fakes  []guard.Channel
	Source string
}

// AddFakes adds known fakes and returns how many are new. Who repeats a list adds nothing.
func (s *Store) AddFakes(ctx context.Context, list FakeList) (int, error) {
	added := 0
	kinds, platforms, values := []string{}, []string{}, []string{}
	for _, fake := range list.Fakes {
		kinds, platforms, values = append(kinds, fake.Kind), append(platforms, fake.Platform), append(values, fake.Value)
	}
	change := registryChange{action: "channel.import", actor: list.Actor, detail: map[string]any{"count": len(values)}}
	err := s.changeRegistry(ctx, change, func(tx pgx.Tx, _ guard.Registry) (int64, error) {
		tag, err := tx.Exec(ctx, `
			INSERT INTO official_channels (kind, platform, value, standing, source)
			SELECT kind, platform, value, 'known_fake', @source
			FROM unnest(@kinds::text[], @platforms::text[], @values::text[]) AS f (kind, platform, value)
			ON CONFLICT ON CONSTRAINT official_channels_value_key DO NOTHING`,
			pgx.NamedArgs{"kinds": kinds, "platforms": platforms, "values": values, "source": list.Source})
		if err != nil {
			return 0, fmt.Errorf("add known fakes: %w", err)
		}
		added = int(tag.RowsAffected())
		return 0, nil
	})
	return added, err
}

// registryChange is what is recorded of a change.
type registryChange struct {
	action string
	actor  string
	detail map[string]any
}

// changeRegistry makes a change of the registry, records it and tells of it. Changes follow one another: each is made with the
// registry of the one before in view.
func (s *Store) changeRegistry(
	ctx context.Context, change registryChange, work func(tx pgx.Tx, registry guard.Registry) (int64, error),
) error {
	return pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `SELECT FROM channel_registry FOR UPDATE`); err != nil {
			return fmt.Errorf("lock registry: %w", err)
		}
		registry, err := s.Registry(ctx)
		if err != nil {
			return err
		}
		id, err := work(tx, registry)
		if err != nil {
			return err
		}
		entry := Entry{
			Action: change.action, Actor: change.actor, At: s.clock(), Detail: change.detail, SubjectID: strconv.FormatInt(id, 10),
			SubjectKind: "channel",
		}
		if err := audit(ctx, tx, entry); err != nil {
			return err
		}
		return s.emitRegistry(ctx, tx, change.actor)
	})
}

func (s *Store) emitRegistry(ctx context.Context, tx pgx.Tx, actor string) error {
	rows, err := tx.Query(ctx, `SELECT version FROM channel_registry`)
	if err != nil {
		return fmt.Errorf("read version of registry: %w", err)
	}
	version, err := pgx.CollectExactlyOneRow(rows, pgx.RowTo[int64])
	if err != nil {
		return fmt.Errorf("read version of registry: %w", err)
	}
	return s.emit(ctx, tx, webhook.Event{Type: webhook.ChannelsChanged, CreatedAt: s.clock(), Data: webhook.Channels{
		ChangedBy: actor, Version: version,
	}})
}

// fits refuses an entry that is there already, and a fake that would take an official channel away.
func fits(registry guard.Registry, c guard.Channel) error {
	if official, contradicts := registry.Contradicts(c); contradicts && c.Standing == guard.KnownFake {
		return &assistant.Error{
			Code: assistant.CodeConflict, Field: "value",
			Message: "this is, or holds, the official channel " + official.Value + ": remove that first",
		}
	}
	switch standing := registry.Standing(c.Contact()); standing {
	case c.Standing:
		return &assistant.Error{Code: assistant.CodeConflict, Field: "value", Message: "this channel is in the registry already"}
	case guard.KnownFake:
		return &assistant.Error{
			Code: assistant.CodeConflict, Field: "value", Message: "this channel is a known fake: remove that entry first",
		}
	case guard.Official, guard.Unknown:
	}
	return nil
}

func insertChannel(ctx context.Context, tx pgx.Tx, c guard.Channel) (int64, error) {
	rows, err := tx.Query(ctx, `
		INSERT INTO official_channels (kind, platform, value, standing, notes)
		VALUES (@kind, @platform, @value, @standing, @notes)
		ON CONFLICT ON CONSTRAINT official_channels_value_key
		DO UPDATE SET standing = excluded.standing, notes = excluded.notes, source = ''
		RETURNING id`,
		pgx.NamedArgs{"kind": c.Kind, "platform": c.Platform, "value": c.Value, "standing": c.Standing, "notes": notNil(c.Notes)})
	if err != nil {
		return 0, fmt.Errorf("insert channel: %w", err)
	}
	id, err := pgx.CollectExactlyOneRow(rows, pgx.RowTo[int64])
	if err != nil {
		return 0, fmt.Errorf("insert channel: %w", err)
	}
	return id, nil
}

func notNil(notes map[string]string) map[string]string {
	if notes == nil {
		return map[string]string{}
	}
	return notes
}

// PublishRegistry returns the registry, signed by the key in force and by those that were replaced and not yet retired. The
// first call makes the first key.
func (s *Store) PublishRegistry(ctx context.Context) (guard.Published, error) {
	channels, head, err := s.loadRegistry(ctx)
	if err != nil {
		return guard.Published{}, err
	}
	keys, err := s.signingKeys(ctx)
	if err == nil && len(keys) == 0 {
		if _, err = s.RotateRegistryKey(ctx, 0, "registry"); err == nil || violated(err, "registry_keys_current_key") {
			keys, err = s.signingKeys(ctx)
		}
	}
	if err != nil {
		return guard.Published{}, err
	}
	return guard.NewRegistry(channels).Publish(head.Version, head.ChangedAt, keys)
}

func (s *Store) signingKeys(ctx context.Context) ([]guard.SigningKey, error) {
	rows, err := s.pool.Query(ctx, `
		SELECT id::text AS id, seed FROM registry_keys
		WHERE seed IS NOT NULL AND (retires_at IS NULL OR retires_at > @now) ORDER BY created_at DESC`, pgx.NamedArgs{"now": s.clock()})
	if err != nil {
		return nil, fmt.Errorf("read registry keys: %w", err)
	}
	keys, err := pgx.CollectRows(rows, pgx.RowToStructByName[guard.SigningKey])
	if err != nil {
		return nil, fmt.Errorf("read registry keys: %w", err)
	}
	return keys, nil
}

// RotateRegistryKey makes another key and returns its public half. The one before signs too for as long as keep says; seeds of
// keys that are retired are forgotten. A seed is stored as it is, because signing needs it: whoever can read the table can sign.
func (s *Store) RotateRegistryKey(ctx context.Context, keep time.Duration, actor string) (ed25519.PublicKey, error) {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make registry key: %w", err)
	}
	id := uuid.Must(uuid.NewV7())
	err = pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		args := pgx.NamedArgs{
			"id": id, "now": s.clock(), "public_key": []byte(public), "seed": private.Seed(), "until": s.clock().Add(keep),
		}
		for _, statement := range []string{
			`UPDATE registry_keys SET retires_at = @until WHERE retires_at IS NULL`,
			`UPDATE registry_keys SET seed = NULL WHERE retires_at <= @now`,
			`INSERT INTO registry_keys (id, public_key, seed, created_at) VALUES (@id, @public_key, @seed, @now)`,
		} {
			if _, err := tx.Exec(ctx, statement, args); err != nil {
				return fmt.Errorf("rotate registry key: %w", err)
			}
		}
		return audit(ctx, tx, Entry{
			Action: "registry.rotate", Actor: actor, At: s.clock(), SubjectID: id.String(), SubjectKind: "registry_key",
		})
	})
	return public, err
}
