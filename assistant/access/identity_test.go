package access_test

import (
	"crypto/ed25519"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant/access"
)

const audience = "01a200a5-a1fa-7100-a69d-7b2b13985fac"

// clock is the time at which tokens are checked here.
func clock() time.Time { return time.Unix(1_800_000_000, 0) }

func claims(change func(jwt.MapClaims)) jwt.MapClaims {
	c := jwt.MapClaims{
		"aud": audience, "exp": clock().Add(5 * time.Minute).Unix(), "iat": clock().Unix(), "jti": "one", "sub": "customer-42",
		"tier": "vip", "jurisdiction": "DE", "locale": "zh-Hans",
	}
	if change != nil {
		change(c)
	}
	return c
}

func TestCheckToken(t *testing.T) {
	t.Parallel()
	public, private, err := ed25519.GenerateKey(nil)
	require.NoError(t, err)
	secret := access.NewIdentitySecret()
	hs256 := access.IdentityKey{Algorithm: access.HS256, ID: "first", Material: []byte(secret)}
	eddsa := access.IdentityKey{Algorithm: access.EdDSA, ID: "second", Material: public}
	sign := func(c jwt.MapClaims) string { return signed(t, jwt.SigningMethodHS256, c, []byte(secret)) }

	t.Run("NamesTheCustomer", func(t *testing.T) {
		t.Parallel()
		for _, token := range []string{sign(claims(nil)), signed(t, jwt.SigningMethodEdDSA, claims(nil), private)} {
			customer, err := access.CheckToken(token, []access.IdentityKey{eddsa, hs256}, audience, clock())
			require.NoError(t, err)
			require.Equal(t, []string{"customer-42", "vip", "DE", "zh-Hans"}, []string{customer.Ref, customer.Tier, customer.Jurisdiction, customer.Locale})
		}
	})

	set := func(name string, value any) func(jwt.MapClaims) { return func(c jwt.MapClaims) { c[name] = value } }
	for name, test := range map[string]struct {
		token string
		want  error
	}{
		"expired":                {sign(claims(set("exp", clock().Add(-time.Minute).Unix()))), access.ErrTokenExpired},
		"no exp":                 {sign(claims(func(c jwt.MapClaims) { delete(c, "exp") })), access.ErrTokenInvalid},
		"no iat":                 {sign(claims(func(c jwt.MapClaims) { delete(c, "iat") })), access.ErrTokenInvalid},
		"no sub":                 {sign(claims(func(c jwt.MapClaims) { delete(c, "sub") })), access.ErrTokenInvalid},
		"no jti":                 {sign(claims(func(c jwt.MapClaims) { delete(c, "jti") })), access.ErrTokenInvalid},
		"too long a life":        {sign(claims(set("exp", clock().Add(11*time.Minute).Unix()))), access.ErrTokenInvalid},
		"made in the future":     {sign(claims(set("iat", clock().Add(2*time.Minute).Unix()))), access.ErrTokenInvalid},
		"for another key":        {sign(claims(set("aud", "other"))), access.ErrTokenInvalid},
		"a tier of nonsense":     {sign(claims(set("tier", "VIP!"))), access.ErrTokenInvalid},
		"no such jurisdiction":   {sign(claims(set("jurisdiction", "Germany"))), access.ErrTokenInvalid},
		"a line break in sub":    {sign(claims(set("sub", "a\nb"))), access.ErrTokenInvalid},
		"another secret":         {signed(t, jwt.SigningMethodHS256, claims(nil), []byte("other")), access.ErrTokenInvalid},
		"another secret, old":    {signed(t, jwt.SigningMethodHS256, claims(set("exp", 1)), []byte("other")), access.ErrTokenInvalid},
		"another algorithm":      {signed(t, jwt.SigningMethodHS512, claims(nil), []byte(secret)), access.ErrTokenInvalid},
		"none":                   {signed(t, jwt.SigningMethodNone, claims(nil), jwt.UnsafeAllowNoneSignatureType), access.ErrTokenInvalid},
		"HMAC with the public":   {signed(t, jwt.SigningMethodHS256, claims(nil), []byte(public)), access.ErrTokenInvalid},
		"swapped payload":        {swapped(sign(claims(nil)), sign(claims(set("sub", "customer-43")))), access.ErrTokenInvalid},
		"empty":                  {"", access.ErrTokenInvalid},
		"longer than a token is": {sign(claims(set("locale", strings.Repeat("x", access.MaxToken)))), access.ErrTokenInvalid},
		"a kid of nobody":        {signedWith(t, map[string]any{"kid": "third"}, claims(nil), []byte(secret)), access.ErrTokenInvalid},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := access.CheckToken(test.token, []access.IdentityKey{hs256, eddsa}, audience, clock())
			require.ErrorIs(t, err, test.want)
		})
	}
}

func TestParsePublicKey(t *testing.T) {
	t.Parallel()
	public, _, err := ed25519.GenerateKey(nil)
	require.NoError(t, err)
	der, err := x509.MarshalPKIXPublicKey(public)
	require.NoError(t, err)
	for _, text := range []string{
		string(pem.EncodeToMemory(&pem.Block{Bytes: der, Type: "PUBLIC KEY"})), base64.StdEncoding.EncodeToString(public), base64.RawURLEncoding.EncodeToString(public),
	} {
		key, err := access.ParsePublicKey(text)
		require.NoError(t, err, text)
		require.Equal(t, []byte(public), key)
	}
	for _, text := range []string{"", "nonsense", base64.StdEncoding.EncodeToString(make([]byte, 32)), "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"} {
		_, err := access.ParsePublicKey(text)
		require.Error(t, err, text)
	}
}

func FuzzCheckToken(f *testing.F) {
	key := access.IdentityKey{Algorithm: access.HS256, ID: "first", Material: []byte("a secret that is long enough for it")}
	token, err := jwt.NewWithClaims(jwt.SigningMethodHS256, claims(nil)).SignedString(key.Material)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(token)
	f.Add("e30.e30.")
	f.Add("..")
	f.Fuzz(func(t *testing.T, text string) {
		customer, err := access.CheckToken(text, []access.IdentityKey{key}, audience, clock())
		if err == nil {
			require.Equal(t, "customer-42", customer.Ref, "only what was signed is believed")
		}
	})
}

func FuzzParsePublicKey(f *testing.F) {
	f.Add("MCowBQYDK2VwAyEA")
	f.Add("-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA\n-----END PUBLIC KEY-----")
	f.Fuzz(func(t *testing.T, text string) {
		if key, err := access.ParsePublicKey(text); err == nil {
			require.Len(t, key, ed25519.PublicKeySize)
		}
	})
}

func signed(t *testing.T, method jwt.SigningMethod, c jwt.MapClaims, key any) string {
	t.Helper()
	token, err := jwt.NewWithClaims(method, c).SignedString(key)
	require.NoError(t, err)
	return token
}

func signedWith(t *testing.T, header map[string]any, c jwt.MapClaims, key []byte) string {
	t.Helper()
	token := jwt.NewWithClaims(jwt.SigningMethodHS256, c)
	maps.Copy(token.Header, header)
	text, err := token.SignedString(key)
	require.NoError(t, err)
	return text
}

// swapped puts the claims of one token between header and signature of another.
func swapped(token, other string) string {
	parts, others := strings.Split(token, "."), strings.Split(other, ".")
	return parts[0] + "." + others[1] + "." + parts[2]
}
