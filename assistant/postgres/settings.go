package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	"github.com/jackc/pgx/v5"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/assistant/guard"
	"github.com/deskhand/deskhand/assistant/webhook"
)

// selectChannels reads the registry as guard.Channel.
const selectChannels = `SELECT kind, platform, value, standing, notes FROM official_channels ORDER BY id`

// Settings implements assistant.Store. It reads in one round trip and keeps nothing but the registry, of which it
// reads the version: a lead's change is in force on every replica with the next question (P10).
func (s *Store) Settings(ctx context.Context) (assistant.Settings, error) {
	settings := assistant.Settings{Policy: assistant.DefaultPolicy()}
	rows, err := s.pool.Query(ctx, `
		SELECT r.version AS registry, p.version AS policy, p.document,
			coalesce(n.id, 0) AS id, n.intents, n.jurisdictions, n.languages, n.texts
		FROM channel_registry r
		LEFT JOIN (SELECT version, document FROM policies ORDER BY version DESC LIMIT 1) p ON true
		LEFT JOIN incident_notices n ON n.starts_at <= @now AND (n.ends_at IS NULL OR n.ends_at > @now)
		ORDER BY n.id`, pgx.NamedArgs{"now": s.clock()})
	if err != nil {
		return settings, fmt.Errorf("load settings: %w", err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowToStructByName[settingsRow])
	if err != nil {
		return settings, fmt.Errorf("load settings: %w", err)
	}
	if len(found) == 0 {
		return settings, errors.New("load settings: the registry has no version")
	}
	for _, row := range found {
		if row.ID != 0 {
			settings.Notices = append(settings.Notices, row.Notice)
		}
	}
	if latest := found[0]; latest.Policy != nil {
		if err := json.Unmarshal(latest.Document, &settings.Policy); err != nil {
			return settings, fmt.Errorf("read policy: %w", err)
		}
		settings.Policy.Version = *latest.Policy // after the document, which does not hold it
	}
	settings.Registry, err = s.registryAt(ctx, found[0].Registry)
	return settings, err
}

// settingsRow is the policy in force and the version of the registry, beside one of the active notices.
type settingsRow struct {
	assistant.Notice

	Document []byte
	Policy   *int64
	Registry int64
}

// Channels returns the registry of official channels and known fakes.
func (s *Store) Channels(ctx context.Context) ([]guard.Channel, error) {
	rows, err := s.pool.Query(ctx, selectChannels)
	if err != nil {
		return nil, fmt.Errorf("list channels: %w", err)
	}
	channels, err := pgx.CollectRows(rows, pgx.RowToStructByName[guard.Channel])
	if err != nil {
		return nil, fmt.Errorf("list channels: %w", err)
	}
	return channels, nil
}

// SetChannels replaces what was set by hand in the registry. Known fakes that were imported from lists stay.
func (s *Store) SetChannels(ctx context.Context, channels []guard.Channel, actor string) error {
	return pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `DELETE FROM official_channels WHERE source = ''`); err != nil {
			return fmt.Errorf("clear channels: %w", err)
		}
		for _, channel := range channels {
			if _, err := insertChannel(ctx, tx, channel); err != nil {
				return err
			}
		}
		err := audit(ctx, tx, Entry{
			Action: "channels.set", Actor: actor, At: s.clock(), SubjectID: "all", SubjectKind: "channels",
			Detail: map[string]any{"count": len(channels)},
		})
		if err != nil {
			return err
		}
		return s.emitRegistry(ctx, tx, actor)
	})
}

// SetPolicy puts a policy in force, as a new version, and returns that version. base is the version that the author started
// from: when another one is in force by now, the Error has CodeConflict; assistant.AnyVersion does not look.
func (s *Store) SetPolicy(ctx context.Context, policy assistant.Policy, base int64, actor string) (int64, error) {
	if err := policy.Validate(); err != nil {
		return 0, err
	}
	var version int64
	err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		if err := policyIsStill(ctx, tx, base); err != nil {
			return err
		}
		rows, err := tx.Query(ctx, `
			INSERT INTO policies (document, created_at, created_by) VALUES (@document, @created_at, @created_by)
			RETURNING version`,
			pgx.NamedArgs{"document": policy, "created_at": s.clock(), "created_by": actor})
		if err != nil {
			return fmt.Errorf("insert policy: %w", err)
		}
		if version, err = pgx.CollectExactlyOneRow(rows, pgx.RowTo[int64]); err != nil {
			return fmt.Errorf("insert policy: %w", err)
		}
		err = audit(ctx, tx, Entry{
			Action: "policy.set", Actor: actor, At: s.clock(), SubjectID: strconv.FormatInt(version, 10), SubjectKind: "policy",
		})
		if err != nil {
			return err
		}
		return s.emit(ctx, tx, webhook.Event{Type: webhook.PolicyChanged, CreatedAt: s.clock(), Data: webhook.Policy{
			AutoReply: policy.AutoReply, ChangedBy: actor, Version: version,
		}})
	})
	return version, err
}

// policyIsStill locks the policies against other writers and compares the version in force with the one expected.
func policyIsStill(ctx context.Context, tx pgx.Tx, base int64) error {
	if base == assistant.AnyVersion {
		return nil
	}
	if _, err := tx.Exec(ctx, `LOCK TABLE policies IN SHARE ROW EXCLUSIVE MODE`); err != nil {
		return fmt.Errorf("lock policies: %w", err)
	}
	rows, err := tx.Query(ctx, `SELECT coalesce(max(version), 0) FROM policies`)
	if err != nil {
		return fmt.Errorf("load policy version: %w", err)
	}
	current, err := pgx.CollectExactlyOneRow(rows, pgx.RowTo[int64])
	if err != nil {
		return fmt.Errorf("load policy version: %w", err)
	}
	if base != current {
		return assistant.Errorf(assistant.CodeConflict, "version %d of the policy is in force: read it again", current)
	}
	return nil
}
