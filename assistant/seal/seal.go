// Package seal encrypts the texts that a desk keeps, so that a copy of the database or of a backup reads as nothing without a
// file that never lies beside it.
//
// It is an envelope: texts are sealed with data keys (AES-256-GCM), data keys are wrapped by a key-encryption key out of the file.
// To change the key in the file, only the data keys are wrapped anew; no text is touched. A text is bound to its place in the
// database: moved to another row or column, it does not open.
//
// The package knows no database: where data keys and texts lie is the caller's. What it does not hide is how long a text is.
package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"github.com/google/uuid"
)

const (
	// Prefix is what every sealed text begins with, and no other: see Plain.
	Prefix = "dhe1."
	// keyBytes is the length of a key of AES-256.
	keyBytes = 32
	// keyText is the length of a data key's id in a sealed text: 16 bytes in base64.
	keyText = 22
	// overhead are the nonce and the tag of a sealed text.
	overhead = 12 + 16
)

// ErrBroken: a text was changed, or stands where it was not sealed for.
var ErrBroken = errors.New("sealed text does not open: it was changed, or moved from another place")

// DataKey seals and opens texts. It is safe for concurrent use.
type DataKey struct {
	aead cipher.AEAD
	id   uuid.UUID
}

func newDataKey(id uuid.UUID, key []byte) (*DataKey, error) {
	aead, err := newAEAD(key)
	if err != nil {
		return nil, fmt.Errorf("make data key: %w", err)
	}
	return &DataKey{aead: aead, id: id}, nil
}

// ID is what the key is kept under.
func (d *DataKey) ID() uuid.UUID { return d.id }

// Seal returns a text that only opens with this key at this place, such as "messages.body" and the row's id.
func (d *DataKey) Seal(place, text string) string {
	sealed := d.aead.Seal(nil, nil, []byte(text), []byte(place)) //nolint:gosec // the nonce is made by it, at random, and stands in front
	return Prefix + encoding.EncodeToString(d.id[:]) + encoding.EncodeToString(sealed)
}

// Open returns what was sealed, or ErrBroken.
func (d *DataKey) Open(place, sealed string) (string, error) {
	id, content, ok := parse(sealed)
	if !ok || id != d.id {
		return "", ErrBroken
	}
	text, err := d.aead.Open(nil, nil, content, []byte(place))
	if err != nil {
		return "", ErrBroken
	}
	return string(text), nil
}

// KeyOf returns the id of the data key that a text was sealed with, or false for a text that is not sealed.
func KeyOf(text string) (uuid.UUID, bool) {
	id, _, ok := parse(text)
	return id, ok
}

// Plain returns a text that nobody takes for a sealed one: somebody may write the prefix, and gets a space before it.
func Plain(text string) string {
	if strings.HasPrefix(text, Prefix) {
		return " " + text
	}
	return text
}

func parse(text string) (id uuid.UUID, content []byte, ok bool) {
	rest, found := strings.CutPrefix(text, Prefix)
	if !found || len(rest) < keyText {
		return id, nil, false
	}
	raw, err := encoding.DecodeString(rest[:keyText])
	if err != nil || len(raw) != len(id) {
		return id, nil, false
	}
	content, err = encoding.DecodeString(rest[keyText:])
	return uuid.UUID(raw), content, err == nil && len(content) >= overhead
}

// encoding is text for a text column, strict so that a sealed text has one form.
var encoding = base64.RawURLEncoding.Strict()

func newAEAD(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}

func randomKey() []byte {
	key := make([]byte, keyBytes)
	_, _ = rand.Read(key) // never fails: it ends the program instead
	return key
}
