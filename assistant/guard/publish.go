package guard

import (
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/gowebpki/jcs"
)

// Published is the registry as the desk's own site shows it.
type Published struct {
	Registry   PublishedRegistry `json:"registry"`
	Signatures []Signature       `json:"signatures"`
}

// PublishedRegistry is what is signed: its canonical JSON (RFC 8785).
type PublishedRegistry struct {
	ChangedAt  time.Time          `json:"changed_at"`
	KnownFakes []PublishedChannel `json:"known_fakes"`
	Official   []PublishedChannel `json:"official"`
	Version    int64              `json:"version"` // goes up with every change: refuse an older one than you have seen
}

// PublishedChannel is an entry of it.
type PublishedChannel struct {
	Kind     string            `json:"kind"`
	Notes    map[string]string `json:"notes,omitempty"` // by language
	Platform string            `json:"platform,omitempty"`
	Value    string            `json:"value"`
}

// Signature is one key's word for a registry.
type Signature struct {
	Algorithm string `json:"algorithm"` // Ed25519
	KeyID     string `json:"key_id"`
	PublicKey []byte `json:"public_key"` // 32 bytes, in base64
	Signature []byte `json:"signature"`  // 64 bytes, in base64
}

// SigningKey is an Ed25519 key with its name.
type SigningKey struct {
	ID   string
	Seed []byte // 32 bytes
}

// Publish signs the registry with each key.
func (r Registry) Publish(version int64, changedAt time.Time, keys []SigningKey) (Published, error) {
	p := Published{Registry: PublishedRegistry{
		ChangedAt: changedAt.UTC(), KnownFakes: []PublishedChannel{}, Official: []PublishedChannel{}, Version: version,
	}}
	for _, c := range r.channels {
		entry := PublishedChannel{Kind: c.Kind, Notes: c.Notes, Platform: c.Platform, Value: c.Value}
		if c.Standing == Official {
			p.Registry.Official = append(p.Registry.Official, entry)
		} else {
			p.Registry.KnownFakes = append(p.Registry.KnownFakes, entry)
		}
	}
	text, err := canonical(p.Registry)
	if err != nil {
		return p, err
	}
	for _, key := range keys {
		private := ed25519.NewKeyFromSeed(key.Seed)
		public, _ := private.Public().(ed25519.PublicKey)
		p.Signatures = append(p.Signatures, Signature{
			Algorithm: "Ed25519", KeyID: key.ID, PublicKey: public, Signature: ed25519.Sign(private, text),
		})
	}
	return p, nil
}

// VerifyPublished checks a published registry, as JSON, against a public key that was had from elsewhere: the key beside a
// signature proves nothing.
func VerifyPublished(document []byte, key ed25519.PublicKey) (PublishedRegistry, error) {
	var p struct {
		Registry   json.RawMessage `json:"registry"`
		Signatures []Signature     `json:"signatures"`
	}
	if err := json.Unmarshal(document, &p); err != nil || len(p.Registry) == 0 {
		return PublishedRegistry{}, errors.New("this is not a published registry: expected JSON with registry and signatures")
	}
	if len(key) != ed25519.PublicKeySize {
		return PublishedRegistry{}, errors.New("the public key is not 32 bytes")
	}
	// The text itself, and not what was understood of it: a field that this version does not know is signed too.
	text, err := jcs.Transform(p.Registry)
	if err != nil {
		return PublishedRegistry{}, errors.New("the registry is not JSON that can be signed")
	}
	for _, s := range p.Signatures {
		if s.Algorithm == "Ed25519" && ed25519.Verify(key, text, s.Signature) {
			var registry PublishedRegistry
			if err := json.Unmarshal(p.Registry, &registry); err != nil {
				return registry, fmt.Errorf("read registry: %w", err)
			}
			return registry, nil
		}
	}
	return PublishedRegistry{}, errors.New("no signature of this key fits: the registry was changed, or another key signed it")
}

func canonical(registry PublishedRegistry) ([]byte, error) {
	text, err := json.Marshal(registry)
	if err != nil {
		return nil, fmt.Errorf("encode registry: %w", err)
	}
	if text, err = jcs.Transform(text); err != nil {
		return nil, fmt.Errorf("write canonical registry: %w", err)
	}
	return text, nil
}
