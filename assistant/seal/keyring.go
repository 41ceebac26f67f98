package seal

import (
	"bufio"
	"crypto/cipher"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/google/uuid"
)

// maxKeys is more keys than a file needs: one in use, and those before it until everything is wrapped anew.
const maxKeys = 16

// Keyring are the key-encryption keys of a file: the first wraps, all unwrap.
type Keyring struct{ keys []kek }

// kek is a key-encryption key.
type kek struct {
	aead cipher.AEAD
	id   string
}

// NewKey returns a random key-encryption key, as a line of a file.
func NewKey() string { return base64.StdEncoding.EncodeToString(randomKey()) }

// ParseKeyring reads a file of keys: one a line, 32 bytes in base64, the one in use first. Empty lines and lines that begin with #
// are passed over. An error names the line and nothing of what stands in it.
func ParseKeyring(r io.Reader) (*Keyring, error) {
	var ring Keyring
	lines := bufio.NewScanner(r)
	for number := 1; lines.Scan(); number++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		key, err := base64.StdEncoding.Strict().DecodeString(line)
		if err != nil || len(key) != keyBytes {
			return nil, fmt.Errorf("line %d is no key: a key is %d random bytes in base64", number, keyBytes)
		}
		aead, err := newAEAD(key)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", number, err)
		}
		id := keyID(key)
		if ring.find(id) != nil {
			return nil, fmt.Errorf("line %d holds a key for the second time", number)
		}
		ring.keys = append(ring.keys, kek{aead: aead, id: id})
	}
	switch {
	case lines.Err() != nil:
		return nil, errors.New("a line is too long for a key")
	case len(ring.keys) == 0:
		return nil, errors.New("there is no key in it")
	case len(ring.keys) > maxKeys:
		return nil, fmt.Errorf("there are more than %d keys in it", maxKeys)
	}
	return &ring, nil
}

// keyID names a key-encryption key without telling anything of it.
func keyID(key []byte) string {
	sum := sha256.Sum256(append([]byte("deskhand key-encryption key\x00"), key...))
	return hex.EncodeToString(sum[:8])
}

// Current is the id of the key in use.
func (k *Keyring) Current() string { return k.keys[0].id }

// Holds reports whether what was wrapped by a key can be unwrapped.
func (k *Keyring) Holds(id string) bool { return k.find(id) != nil }

func (k *Keyring) find(id string) *kek {
	for i := range k.keys {
		if k.keys[i].id == id {
			return &k.keys[i]
		}
	}
	return nil
}

// Wrapped is a data key as it is kept.
type Wrapped struct {
	ID    uuid.UUID
	KEK   string // the id of the key-encryption key
	Bytes []byte
}

// NewDataKey makes a data key, and wraps it by the key in use.
func (k *Keyring) NewDataKey() (*DataKey, Wrapped, error) {
	key, id := randomKey(), uuid.Must(uuid.NewV7())
	data, err := newDataKey(id, key)
	return data, k.wrap(id, key), err
}

// Unwrap returns a data key. One that none of the keys opens is an error that names the missing key's id.
func (k *Keyring) Unwrap(w Wrapped) (*DataKey, error) {
	key, err := k.unwrap(w)
	if err != nil {
		return nil, err
	}
	return newDataKey(w.ID, key)
}

// Rewrap wraps a data key by the key in use.
func (k *Keyring) Rewrap(w Wrapped) (Wrapped, error) {
	key, err := k.unwrap(w)
	if err != nil {
		return Wrapped{}, err
	}
	return k.wrap(w.ID, key), nil
}

func (k *Keyring) wrap(id uuid.UUID, key []byte) Wrapped {
	current := k.keys[0]
	wrapped := current.aead.Seal(nil, nil, key, id[:]) //nolint:gosec // the nonce is made by it, at random, and stands in front
	return Wrapped{ID: id, KEK: current.id, Bytes: wrapped}
}

func (k *Keyring) unwrap(w Wrapped) ([]byte, error) {
	by := k.find(w.KEK)
	if by == nil {
		return nil, fmt.Errorf("unwrap data key: the key %s is not in the file of keys: add it below the first", w.KEK)
	}
	key, err := by.aead.Open(nil, nil, w.Bytes, w.ID[:])
	if err != nil {
		return nil, fmt.Errorf("unwrap data key %s: it was changed", w.ID)
	}
	return key, nil
}
