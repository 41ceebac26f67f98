package httpapi_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"maps"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant/access"
	"github.com/deskhand/deskhand/assistant/httpapi"
)

const clientID, clientSecret = "deskhand-test", "a secret of the client"

// identityProvider is a small OpenID provider: discovery, keys, and a token for each code, once.
type identityProvider struct {
	key    *rsa.PrivateKey
	mu     sync.Mutex
	people map[string]jwt.MapClaims // what the token for a code says
	proofs map[string]string        // the challenge that a code was asked for with
	server *httptest.Server
}

func newIdentityProvider(t *testing.T) *identityProvider {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	p := &identityProvider{key: key, people: make(map[string]jwt.MapClaims), proofs: make(map[string]string)}
	mux := http.NewServeMux()
	mux.HandleFunc("/.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, map[string]any{
			"issuer": p.server.URL, "authorization_endpoint": p.server.URL + "/authorize", "token_endpoint": p.server.URL + "/token",
			"jwks_uri": p.server.URL + "/keys", "id_token_signing_alg_values_supported": []string{"RS256"},
		})
	})
	mux.HandleFunc("/keys", func(w http.ResponseWriter, _ *http.Request) {
		encode := base64.RawURLEncoding.EncodeToString
		answer(w, map[string]any{"keys": []any{map[string]string{
			"alg": "RS256", "kid": "one", "kty": "RSA", "use": "sig", "n": encode(key.N.Bytes()), "e": encode(big.NewInt(int64(key.E)).Bytes()),
		}}})
	})
	mux.HandleFunc("/token", p.token)
	p.server = httptest.NewServer(mux)
	t.Cleanup(p.server.Close)
	return p
}

func answer(w http.ResponseWriter, value any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(value) //nolint:errchkjson // what it is given always encodes
}

func (p *identityProvider) token(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	code := r.FormValue("code")
	claims, known := p.people[code]
	delete(p.people, code)
	challenge := sha256.Sum256([]byte(r.FormValue("code_verifier")))
	id, secret, _ := r.BasicAuth()
	if !known || id != clientID || secret != url.QueryEscape(clientSecret) ||
		base64.RawURLEncoding.EncodeToString(challenge[:]) != p.proofs[code] || r.FormValue("redirect_uri") != publicURL+"/v1/session/provider/callback" {
		w.WriteHeader(http.StatusBadRequest)
		answer(w, map[string]string{"error": "invalid_grant"})
		return
	}
	token := jwt.NewWithClaims(jwt.SigningMethodRS256, claims)
	token.Header["kid"] = "one"
	signed, err := token.SignedString(p.key)
	if err != nil {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	answer(w, map[string]any{"access_token": "opaque", "expires_in": 60, "id_token": signed, "token_type": "Bearer"})
}

// consent is a person who logs in at the provider: it reads what the service asked for and returns the way back.
func (p *identityProvider) consent(t *testing.T, location string, person jwt.MapClaims) string {
	t.Helper()
	asked, err := url.Parse(location)
	require.NoError(t, err)
	q := asked.Query()
	require.Equal(t, []string{"code", clientID, "S256", "openid email"}, []string{q.Get("response_type"), q.Get("client_id"), q.Get("code_challenge_method"), q.Get("scope")})
	claims := jwt.MapClaims{
		"iss": p.server.URL, "aud": clientID, "exp": time.Now().Add(time.Minute).Unix(), "iat": time.Now().Unix(), "nonce": q.Get("nonce"),
	}
	maps.Copy(claims, person)
	p.mu.Lock()
	defer p.mu.Unlock()
	code := access.NewSecret()
	p.people[code], p.proofs[code] = claims, q.Get("code_challenge")
	return "/v1/session/provider/callback?code=" + code + "&state=" + url.QueryEscape(q.Get("state"))
}

//nolint:tparallel // its subtests are steps of one story
func TestLogInThroughTheIdentityProvider(t *testing.T) {
	t.Parallel()
	p := newIdentityProvider(t)
	s := newSystem(t, options{provider: httpapi.NewProvider(httpapi.ProviderConfig{
		ByEmail: true, ClientID: clientID, ClientSecret: clientSecret, Issuer: p.server.URL,
	})})
	s.addPerson(t, "mia@quayside.example", access.Agent)
	s.addPerson(t, "ana@quayside.example", access.Lead)
	begin := func(b *browser) string {
		r := b.do(t, call{path: "/v1/session/provider"})
		require.Equal(t, http.StatusSeeOther, r.status, r.body)
		return r.headers.Get("Location")
	}
	mia := jwt.MapClaims{"sub": "mia-1", "email": "Mia@quayside.example", "email_verified": true}

	t.Run("FindsTheAgentByTheVerifiedAddressAndThenByTheIdentity", func(t *testing.T) {
		for _, person := range []jwt.MapClaims{mia, {"sub": "mia-1", "email": "new@quayside.example", "email_verified": true}} {
			b := s.browser()
			r := b.do(t, call{path: p.consent(t, begin(b), person)})
			require.Equal(t, http.StatusSeeOther, r.status, r.body)
			session := decode[httpapi.SessionResponse](t, b.do(t, call{path: "/v1/session"}), http.StatusOK)
			require.Equal(t, []string{"mia@quayside.example", "active"}, []string{session.Agent.Email, session.Stage})
		}
	})

	t.Run("AsksALeadForASecondFactorUnlessTheProviderDid", func(t *testing.T) {
		for method, stage := range map[string]string{"pwd": "enrol_second_factor", "mfa": "active"} {
			b := s.browser()
			person := jwt.MapClaims{"sub": "ana-1", "email": "ana@quayside.example", "email_verified": true, "amr": []string{method}}
			require.Equal(t, http.StatusSeeOther, b.do(t, call{path: p.consent(t, begin(b), person)}).status)
			require.Equal(t, stage, decode[httpapi.SessionResponse](t, b.do(t, call{path: "/v1/session"}), http.StatusOK).Stage)
		}
	})

	for name, person := range map[string]jwt.MapClaims{
		"a stranger":                     {"sub": "eve", "email": "eve@quayside.example", "email_verified": true},
		"an address nobody has checked":  {"sub": "eve", "email": "ana@quayside.example", "email_verified": false},
		"an address of another identity": {"sub": "eve", "email": "mia@quayside.example", "email_verified": true},
	} {
		t.Run("RefusesBy/"+name, func(t *testing.T) {
			b := s.browser()
			requireStatus(t, b.do(t, call{path: p.consent(t, begin(b), person)}), http.StatusUnauthorized)
			requireStatus(t, b.do(t, call{path: "/v1/session"}), http.StatusUnauthorized)
		})
	}
	for name, claims := range map[string]jwt.MapClaims{
		"another nonce": {"nonce": "other"}, "another client": {"aud": "other"}, "expired": {"exp": 1}, "another issuer": {"iss": "https://evil.example"},
	} {
		t.Run("RefusesATokenOf/"+name, func(t *testing.T) {
			b := s.browser()
			person := jwt.MapClaims{"sub": "mia-1"}
			maps.Copy(person, claims)
			requireStatus(t, b.do(t, call{path: p.consent(t, begin(b), person)}), http.StatusServiceUnavailable)
		})
	}

	t.Run("RefusesAnotherBrowserAndASecondTime", func(t *testing.T) {
		b, other := s.browser(), s.browser()
		back := p.consent(t, begin(b), mia)
		begin(other)
		require.Contains(t, problem(t, other.do(t, call{path: back}), http.StatusForbidden).Type, "request_forged")
		require.Contains(t, problem(t, s.browser().do(t, call{path: back}), http.StatusForbidden).Type, "request_forged")
		cookie := b.cookies["__Host-deskhand_login"]
		require.Equal(t, http.StatusSeeOther, b.do(t, call{path: back}).status)
		b.cookies["__Host-deskhand_login"] = cookie
		requireStatus(t, b.do(t, call{path: back}), http.StatusUnauthorized)
	})
}
