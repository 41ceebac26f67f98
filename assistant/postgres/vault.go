package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/deskhand/deskhand/assistant/seal"
)

// ErrNoKeys: the database holds encrypted texts and nobody named the file of keys, or it lacks one.
var ErrNoKeys = errors.New("the database holds encrypted texts that cannot be read")

// Vault seals and opens the texts of a Store with the data keys of its database, a new one each day. Nil seals nothing, and so does
// one of OpenReader. It is safe for concurrent use.
type Vault struct {
	clock func() time.Time
	keys  *seal.Keyring
	pool  *pgxpool.Pool

	mu     sync.RWMutex
	known  map[uuid.UUID]*seal.DataKey
	newest *seal.DataKey // that new texts are sealed with; nil seals nothing
}

// OpenVault returns the vault of a migrated database, with a data key for today: with keys for the first time, it turns encryption
// on. Without keys it returns nil, which seals nothing, or ErrNoKeys where something is sealed already. So it does when a key is
// missing that a data key was wrapped by. Where encryption was taken off it is ErrUnsealed: a setting that somebody forgot must not
// turn it on again (Store.TurnOn).
func OpenVault(ctx context.Context, pool *pgxpool.Pool, keys *seal.Keyring, clock func() time.Time) (*Vault, error) {
	if err := checkKeys(ctx, pool, keys); err != nil {
		return nil, err
	}
	if keys == nil {
		return nil, nil //nolint:nilnil // a nil Vault seals nothing
	}
	v := &Vault{clock: clock, keys: keys, known: make(map[uuid.UUID]*seal.DataKey), pool: pool}
	return v, v.Renew(ctx)
}

// OpenReader returns a vault that opens what is sealed, and seals nothing. A key that is missing is ErrNoKeys.
func OpenReader(ctx context.Context, pool *pgxpool.Pool, keys *seal.Keyring) (*Vault, error) {
	if err := checkKeys(ctx, pool, keys); err != nil {
		return nil, err
	}
	return &Vault{keys: keys, known: make(map[uuid.UUID]*seal.DataKey), pool: pool}, nil
}

// checkKeys returns ErrNoKeys if a text could be sealed that the keys do not open.
func checkKeys(ctx context.Context, pool *pgxpool.Pool, keys *seal.Keyring) error {
	rows, err := pool.Query(ctx, `SELECT DISTINCT kek_id FROM data_keys WHERE retired_at IS NULL`)
	if err != nil {
		return fmt.Errorf("list key-encryption keys: %w", err)
	}
	used, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return fmt.Errorf("list key-encryption keys: %w", err)
	}
	for _, id := range used {
		if keys == nil || !keys.Holds(id) {
			return fmt.Errorf("%w: the key %s is needed", ErrNoKeys, id)
		}
	}
	return nil
}

// Seals reports whether new texts are sealed.
func (v *Vault) Seals() bool {
	if v == nil {
		return false
	}
	v.mu.RLock()
	defer v.mu.RUnlock()
	return v.newest != nil
}

// current is the id of the data key that seals.
func (v *Vault) current() uuid.UUID {
	v.mu.RLock()
	defer v.mu.RUnlock()
	return v.newest.ID()
}

// Renew makes the data key of today the one that seals, and makes it if no replica has. Between two days nothing depends on its
// being called on time: the key before goes on. A vault that only reads stays as it is. Where encryption was taken off it is
// ErrUnsealed.
func (v *Vault) Renew(ctx context.Context) error {
	if v == nil || v.clock == nil {
		return nil
	}
	_, wrapped, err := v.keys.NewDataKey()
	if err != nil {
		return err
	}
	now := v.clock().UTC()
	args := pgx.NamedArgs{
		"day": now.Format(time.DateOnly), "id": wrapped.ID, "kek_id": wrapped.KEK, "now": now, "wrapped": wrapped.Bytes,
	}
	// Not in a transaction of somebody's: a key that seals is there for ever.
	if _, err := v.pool.Exec(ctx, `
		INSERT INTO data_keys (id, created_at, day, kek_id, wrapped) SELECT @id, @now::timestamptz, @day::date, @kek_id, @wrapped
		WHERE NOT EXISTS (SELECT FROM data_keys) OR EXISTS (SELECT FROM data_keys WHERE retiring_at IS NULL)
		ON CONFLICT ON CONSTRAINT data_keys_day_key DO UPDATE SET retiring_at = NULL, retired_at = NULL
			WHERE data_keys.retiring_at IS NOT NULL`, args); err != nil {
		return fmt.Errorf("keep data key: %w", err)
	}
	rows, err := v.pool.Query(ctx, `
		SELECT id, kek_id AS kek, wrapped AS bytes FROM data_keys WHERE day = @day::date AND retiring_at IS NULL`, args)
	if err != nil {
		return fmt.Errorf("load data key: %w", err)
	}
	kept, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[seal.Wrapped])
	if errors.Is(err, pgx.ErrNoRows) {
		return ErrUnsealed
	}
	if err != nil {
		return fmt.Errorf("load data key: %w", err)
	}
	key, err := v.keys.Unwrap(kept)
	if err != nil {
		return err
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.known[key.ID()], v.newest = key, key
	return nil
}

// Seal returns what is stored for a text.
func (v *Vault) Seal(at Spot, text string) string {
	if !v.Seals() || text == "" {
		return seal.Plain(text)
	}
	v.mu.RLock()
	defer v.mu.RUnlock()
	return v.newest.Seal(at.String(), text)
}

// sealJSON returns what is stored for a value: a list with one sealed text, or the value itself. Empty lists are not sealed.
func (v *Vault) sealJSON(at Spot, value any) (any, error) {
	if !v.Seals() {
		return value, nil
	}
	encoded, err := json.Marshal(value)
	if err != nil {
		return nil, fmt.Errorf("seal %s: %w", at.place.name, err)
	}
	if string(encoded) == "[]" || string(encoded) == "null" {
		return value, nil
	}
	return []string{v.Seal(at, string(encoded))}, nil
}

// Open returns the text that was stored; one that was not sealed is itself. q is where a key is looked up that another replica
// has made meanwhile.
func (v *Vault) Open(ctx context.Context, q querier, at Spot, stored string) (string, error) {
	id, sealed := seal.KeyOf(stored)
	if !sealed {
		return stored, nil
	}
	key, err := v.key(ctx, q, id)
	if err != nil {
		return "", fmt.Errorf("open %s: %w", at.place.name, err)
	}
	text, err := key.Open(at.String(), stored)
	if err != nil {
		return "", fmt.Errorf("open %s: %w", at.place.name, err)
	}
	return text, nil
}

// openJSON returns the JSON that was stored by sealJSON.
func (v *Vault) openJSON(ctx context.Context, q querier, at Spot, stored []byte) ([]byte, error) {
	var texts []string
	sealed := json.Unmarshal(stored, &texts) == nil && len(texts) == 1 // something else was not sealed
	if sealed {
		_, sealed = seal.KeyOf(texts[0])
	}
	if !sealed {
		return stored, nil
	}
	text, err := v.Open(ctx, q, at, texts[0])
	return []byte(text), err
}

// SealResult returns what is stored for the result of an eval, both JSON, whose primary key has these values.
func (v *Vault) SealResult(key []string, result []byte) ([]byte, error) {
	stored, err := v.sealJSON(evalResult.at(key...), json.RawMessage(result))
	if err != nil {
		return nil, err
	}
	encoded, err := json.Marshal(stored)
	if err != nil {
		return nil, fmt.Errorf("seal %s: %w", evalResult.name, err)
	}
	return encoded, nil
}

// OpenResult returns what SealResult was given.
func (v *Vault) OpenResult(ctx context.Context, q querier, key []string, stored []byte) ([]byte, error) {
	return v.openJSON(ctx, q, evalResult.at(key...), stored)
}

func (v *Vault) key(ctx context.Context, q querier, id uuid.UUID) (*seal.DataKey, error) {
	if v == nil {
		return nil, ErrNoKeys
	}
	v.mu.RLock()
	key := v.known[id]
	v.mu.RUnlock()
	if key != nil {
		return key, nil
	}
	rows, err := q.Query(ctx, `SELECT id, kek_id AS kek, wrapped AS bytes FROM data_keys WHERE id = @id`, pgx.NamedArgs{"id": id})
	if err != nil {
		return nil, fmt.Errorf("load data key: %w", err)
	}
	wrapped, err := collectOne[seal.Wrapped](rows, "data key")
	if err != nil {
		return nil, err
	}
	if key, err = v.keys.Unwrap(wrapped); err != nil {
		return nil, err
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.known[id] = key
	return key, nil
}

// Spot is where a text stands: a place and the row. A text opens at its own spot only.
type Spot struct {
	place *place
	row   string
}

// String implements fmt.Stringer.
func (s Spot) String() string { return s.place.name + "/" + s.row }

// place is a column that holds sealed texts.
type place struct {
	column  string   // SQL of what is stored, of a row x
	export  string   // the list of an export that shows it; empty for none
	field   []string // where a row of that list has it
	key     []string // columns that name a row for good, and never change
	json    bool     // it holds JSON, else a text
	name    string   // what texts are bound to; never changes
	replace string   // SQL that puts @text in its place
	table   string
}

// at is the spot of the row with these values of the place's key.
func (p *place) at(key ...string) Spot { return Spot{place: p, row: strings.Join(key, "/")} }

// WithVault returns a Store that seals what it stores, and opens what is sealed.
func (s *Store) WithVault(v *Vault) *Store {
	sealing := *s
	sealing.vault = v
	return &sealing
}
