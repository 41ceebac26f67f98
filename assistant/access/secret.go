package access

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
)

// secretBytes is the randomness of a session's secret and of everything like it: 256 bits need no slow hash.
const secretBytes = 32

// NewSecret returns 256 random bits as 43 characters that fit into a cookie, a header and an address.
func NewSecret() string {
	random := make([]byte, secretBytes)
	_, _ = rand.Read(random) // never fails: it ends the program instead
	return base64.RawURLEncoding.EncodeToString(random)
}

// Digest is the form in which a secret is kept. It is for secrets of NewSecret's strength, never for a password.
func Digest(secret string) []byte {
	sum := sha256.Sum256([]byte(secret))
	return sum[:]
}

// CSRFToken is the token that a page must send beside the cookie of its session. It is made from the session's secret, which
// other origins cannot read, and tells nothing of it.
func CSRFToken(sessionSecret string) string {
	mac := hmac.New(sha256.New, []byte(sessionSecret))
	_, _ = mac.Write([]byte("deskhand csrf")) // a hash takes everything
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// IsCSRFToken compares in constant time.
func IsCSRFToken(sessionSecret, token string) bool {
	return subtle.ConstantTimeCompare([]byte(CSRFToken(sessionSecret)), []byte(token)) == 1
}
