package access

import (
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"regexp"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/golang-jwt/jwt/v5"
)

// Algorithm is how a host site signs its customers' tokens. It belongs to the key and is never taken from the token.
type Algorithm string

// The algorithms.
const (
	EdDSA Algorithm = "EdDSA" // Ed25519: we keep the public half
	HS256 Algorithm = "HS256" // a secret that both know
)

const (
	// TokenLife is the longest that a customer's token may be good for.
	TokenLife = 10 * time.Minute
	// tokenSkew is how far the host site's clock may be off.
	tokenSkew = 30 * time.Second
	// MaxToken is the longest token, in bytes.
	MaxToken = 4096
	// identityPrefix marks a secret for signing, so that secret scanners and people recognise one.
	identityPrefix = "dh_identity_"
)

// The errors of CheckToken.
var (
	ErrTokenExpired = errors.New("the token has expired")
	ErrTokenInvalid = errors.New("the token is not valid")
)

// IdentityKey checks the tokens of one host site.
type IdentityKey struct {
	Algorithm Algorithm
	ID        string // "kid"; a token may name it
	Material  []byte // HS256: the secret as text; EdDSA: the 32 bytes of the public key
}

// Customer is who a token speaks of. The host site vouches for it.
type Customer struct {
	ExpiresAt    time.Time
	Jurisdiction string // ISO 3166-1 alpha-2, or empty
	Locale       string // BCP 47 tag, or empty
	Ref          string // the host site's id of the customer
	Tier         string // or empty
	TokenHash    []byte // of the token's own id
}

// tokenClaims are what a token says.
type tokenClaims struct {
	jwt.RegisteredClaims

	Jurisdiction string `json:"jurisdiction"`
	Locale       string `json:"locale"`
	Tier         string `json:"tier"`
}

// The forms of claims.
var (
	jurisdictionForm = regexp.MustCompile(`^[A-Z]{2}$`)
	localeForm       = regexp.MustCompile(`^[A-Za-z]{2,3}([-_][A-Za-z0-9]{1,8}){0,3}$`)
	referenceForm    = regexp.MustCompile(`^[!-~]{1,200}$`)
	tierForm         = regexp.MustCompile(`^[a-z0-9_-]{1,32}$`)
)

// CheckToken returns the customer whom a host site's JSON Web Token (RFC 7519) names. The token must be signed with one of the
// keys and its algorithm, be meant for the audience, and carry sub, jti, iat and exp, at most TokenLife apart. Errors are
// ErrTokenExpired or ErrTokenInvalid, and say nothing of the token.
func CheckToken(token string, keys []IdentityKey, audience string, now time.Time) (Customer, error) {
	if len(token) > MaxToken || len(keys) == 0 {
		return Customer{}, ErrTokenInvalid
	}
	failure := ErrTokenInvalid
	for _, key := range keys {
		claims, err := parseToken(token, key, audience, now)
		switch {
		case err == nil:
			return customerOf(claims, now)
		case errors.Is(err, jwt.ErrTokenExpired) && !errors.Is(err, jwt.ErrTokenSignatureInvalid):
			failure = ErrTokenExpired // it was good, so a page may fetch another
		}
	}
	return Customer{}, failure
}

func parseToken(token string, key IdentityKey, audience string, now time.Time) (tokenClaims, error) {
	var claims tokenClaims
	_, err := jwt.ParseWithClaims(token, &claims, func(parsed *jwt.Token) (any, error) {
		if id, named := parsed.Header["kid"]; named && id != key.ID {
			return nil, ErrTokenInvalid
		}
		if key.Algorithm == EdDSA {
			return ed25519.PublicKey(key.Material), nil
		}
		return key.Material, nil
	},
		jwt.WithValidMethods([]string{string(key.Algorithm)}), jwt.WithAudience(audience), jwt.WithExpirationRequired(), jwt.WithIssuedAt(),
		jwt.WithLeeway(tokenSkew), jwt.WithStrictDecoding(), jwt.WithTimeFunc(func() time.Time { return now }))
	if err != nil {
		return claims, err
	}
	return claims, nil
}

func customerOf(c tokenClaims, now time.Time) (Customer, error) {
	optional := func(form *regexp.Regexp, value string) bool { return value == "" || form.MatchString(value) }
	switch {
	case c.IssuedAt == nil, c.ExpiresAt.Sub(c.IssuedAt.Time) > TokenLife, c.ExpiresAt.Sub(now) > TokenLife+tokenSkew,
		!referenceForm.MatchString(c.Subject), c.ID == "", len(c.ID) > 200, !utf8.ValidString(c.ID),
		!optional(tierForm, c.Tier), !optional(jurisdictionForm, c.Jurisdiction), !optional(localeForm, c.Locale):
		return Customer{}, ErrTokenInvalid
	}
	id := sha256.Sum256([]byte(c.ID))
	return Customer{
		// Kept for as long as it would be accepted.
		ExpiresAt: c.ExpiresAt.Add(tokenSkew), Jurisdiction: c.Jurisdiction, Locale: c.Locale, Ref: c.Subject, Tier: c.Tier,
		TokenHash: id[:],
	}, nil
}

// NewIdentitySecret returns a secret for HS256. Its text is the key, so that no encoding can be mistaken.
func NewIdentitySecret() string { return identityPrefix + NewSecret() }

// ParsePublicKey reads an Ed25519 public key: PEM ("BEGIN PUBLIC KEY"), or its 32 bytes in base64 with either alphabet.
func ParsePublicKey(text string) ([]byte, error) {
	if block, _ := pem.Decode([]byte(text)); block != nil {
		key, err := x509.ParsePKIXPublicKey(block.Bytes)
		if public, ok := key.(ed25519.PublicKey); ok && err == nil {
			return public, nil
		}
		return nil, errPublicKey
	}
	for _, encoding := range []*base64.Encoding{base64.StdEncoding, base64.RawURLEncoding} {
		if key, err := encoding.DecodeString(text); err == nil && len(key) == ed25519.PublicKeySize && !weak(key) {
			return key, nil
		}
	}
	return nil, errPublicKey
}

var errPublicKey = errors.New("not an Ed25519 public key: give PEM (openssl pkey -pubout) or its 32 bytes in base64")

// weak reports whether a public key is one for which anybody can sign.
func weak(key []byte) bool {
	return !slices.ContainsFunc(key[1:], func(b byte) bool { return b != 0 })
}
