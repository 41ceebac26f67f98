package httpapi_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant/access"
	"github.com/deskhand/deskhand/assistant/httpapi"
	"github.com/deskhand/deskhand/assistant/postgres"
)

// site is the server of the page with the widget.
type site struct {
	key    postgres.Key
	secret string
	widget string
}

func (s *system) site(t *testing.T) site {
	t.Helper()
	key, widget, err := s.store.CreateKey(t.Context(), postgres.Key{Name: "site", Role: postgres.RoleWidget})
	require.NoError(t, err)
	_, secret, err := s.store.SetIdentity(t.Context(), postgres.SetIdentity{Actor: "test", Algorithm: access.HS256, APIKeyID: key.ID})
	require.NoError(t, err)
	return site{key: key, secret: secret, widget: widget}
}

// token signs one for a customer; every call makes another.
func (o site) token(t *testing.T, customer string, more jwt.MapClaims) string {
	t.Helper()
	claims := jwt.MapClaims{
		"aud": o.key.ID.String(), "exp": time.Now().Add(5 * time.Minute).Unix(), "iat": time.Now().Unix(), "jti": uuid.NewString(), "sub": customer,
	}
	maps.Copy(claims, more)
	token, err := jwt.NewWithClaims(jwt.SigningMethodHS256, claims).SignedString([]byte(o.secret))
	require.NoError(t, err)
	return token
}

// asks is a question of a customer; an empty token or conversation is left out.
func (o site) asks(text, conversation, token string) call {
	body := map[string]any{"message": map[string]string{"body": text}}
	if conversation != "" {
		body["conversation_id"] = conversation
	}
	if token != "" {
		body["customer"] = map[string]string{"token": token}
	}
	encoded, err := json.Marshal(body)
	if err != nil {
		panic(err)
	}
	return call{body: string(encoded), key: o.widget, path: "/v1/answers"}
}

func TestConversationStaysWithItsCustomer(t *testing.T) {
	t.Parallel()
	s := newSystem(t, options{})
	o := s.site(t)
	first := o.token(t, "customer-42", nil)
	conversation := decode[httpapi.AnswerResponse](t, s.do(t, o.asks(pending, "", first)), http.StatusOK).ConversationID.String()
	path := "/v1/conversations/" + conversation
	other := o.token(t, "customer-43", nil)

	for name, token := range map[string]string{"nobody": "", "another customer": other} {
		requireStatus(t, s.do(t, o.asks("and now?", conversation, token)), http.StatusNotFound)
		headers := map[string]string{"X-Customer-Token": token}
		requireStatus(t, s.do(t, call{headers: headers, key: o.widget, path: path}), http.StatusNotFound)
		requireStatus(t, s.do(t, call{headers: headers, key: o.widget, method: http.MethodPost, path: path + "/handoff"}), http.StatusNotFound)
		requireStatus(t, s.do(t, call{body: `{"rating":1}`, headers: headers, key: o.widget, path: path + "/feedback"}), http.StatusNotFound)
		_ = name
	}
	for _, token := range []string{first, o.token(t, "customer-42", nil)} {
		headers := map[string]string{"X-Customer-Token": token}
		require.Len(t, decode[httpapi.ConversationResponse](t, s.do(t, call{headers: headers, key: o.widget, path: path}), http.StatusOK).Messages, 2)
	}
	require.Equal(t, http.StatusOK, s.do(t, o.asks("and now?", conversation, o.token(t, "customer-42", nil))).status)

	anonymous := decode[httpapi.AnswerResponse](t, s.do(t, o.asks(pending, "", "")), http.StatusOK).ConversationID.String()
	require.Equal(t, http.StatusOK, s.do(t, o.asks("and now?", anonymous, o.token(t, "customer-42", nil))).status, "who logs in takes the conversation along")
	requireStatus(t, s.do(t, o.asks("and now?", anonymous, "")), http.StatusNotFound)
}

func TestCustomersTokenIsChecked(t *testing.T) {
	t.Parallel()
	s := newSystem(t, options{})
	o := s.site(t)
	stranger := site{key: o.key, secret: "another secret of forty characters or so", widget: o.widget}
	used := o.token(t, "customer-42", nil)
	requireStatus(t, s.do(t, o.asks(pending, "", used)), http.StatusOK)
	var before int
	require.NoError(t, s.row(`SELECT count(*) FROM messages`).Scan(&before))

	for name, test := range map[string]struct{ kind, token string }{
		"expired":         {"customer_token_expired", o.token(t, "customer-42", jwt.MapClaims{"exp": time.Now().Add(-time.Minute).Unix()})},
		"forged":          {"customer_token_invalid", stranger.token(t, "customer-42", nil)},
		"for another key": {"customer_token_invalid", o.token(t, "customer-42", jwt.MapClaims{"aud": uuid.NewString()})},
		"nonsense":        {"customer_token_invalid", "nonsense"},
		"replayed":        {"customer_token_reused", used},
	} {
		p := problem(t, s.do(t, o.asks(pending, "", test.token)), http.StatusUnauthorized)
		require.Equal(t, "/docs#problem-"+test.kind, p.Type, name)
	}
	p := problem(t, s.do(t, call{body: o.asks(pending, "", used).body, key: s.widget, path: "/v1/answers"}), http.StatusUnauthorized)
	require.Equal(t, "/docs#problem-customer_token_invalid", p.Type, "a key without identity")
	var after int
	require.NoError(t, s.row(`SELECT count(*) FROM messages`).Scan(&after))
	require.Equal(t, before, after, "nothing was stored")

	_, renewed, err := s.store.SetIdentity(t.Context(), postgres.SetIdentity{Actor: "test", Algorithm: access.HS256, APIKeyID: o.key.ID, Overlap: time.Hour})
	require.NoError(t, err)
	rotated := site{key: o.key, secret: renewed, widget: o.widget}
	for _, signer := range []site{o, rotated} {
		requireStatus(t, s.do(t, o.asks(pending, "", signer.token(t, "customer-42", nil))), http.StatusOK)
	}
	_, _, err = s.store.SetIdentity(t.Context(), postgres.SetIdentity{Actor: "test", Algorithm: access.HS256, APIKeyID: o.key.ID})
	require.NoError(t, err)
	requireStatus(t, s.do(t, o.asks(pending, "", rotated.token(t, "customer-42", nil))), http.StatusUnauthorized)
}

func TestTierOfTheCustomerMakesTheCaseMoreUrgent(t *testing.T) {
	t.Parallel()
	s := newSystem(t, options{})
	o := s.site(t)
	const wantsPerson = "my card deposit was declined, please let me talk to a human"
	for _, test := range []struct{ token string }{{""}, {o.token(t, "vip-42", jwt.MapClaims{"tier": "vip"})}} {
		require.Equal(t, "handed_off", decode[httpapi.AnswerResponse](t, s.do(t, o.asks(wantsPerson, "", test.token)), http.StatusOK).Outcome)
	}
	var plain, vip string
	require.NoError(t, s.row(`SELECT t.priority FROM tickets t JOIN conversations c ON c.id = t.conversation_id WHERE c.customer_ref IS NULL`).Scan(&plain))
	require.NoError(t, s.row(`SELECT t.priority FROM tickets t JOIN conversations c ON c.id = t.conversation_id WHERE c.customer_tier = 'vip'`).Scan(&vip))
	require.Less(t, vip, plain)
}

func TestPersonalDataIsMaskedUntilSomebodySaysWhy(t *testing.T) {
	t.Parallel()
	s := newSystem(t, options{})
	o := s.site(t)
	for _, text := range []string{
		"My account was hacked, write to me at mia.wong@mail.example or call +49 30 901820",
		"我的账号被盗了，请发邮件到 mia.wong@mail.example 或致电 +49 30 901820",
		"تم اختراق حسابي، راسلوني على mia.wong@mail.example أو اتصلوا على +49 30 901820",
	} {
		answer := decode[httpapi.AnswerResponse](t, s.do(t, o.asks(text, "", o.token(t, "customer-0000042", nil))), http.StatusOK)
		var ticket uuid.UUID
		require.NoError(t, s.row(`SELECT id FROM tickets WHERE conversation_id = $1`, answer.ConversationID).Scan(&ticket))
		path := "/v1/tickets/" + ticket.String()

		for _, masked := range []reply{s.do(t, call{key: s.agent, path: path}), s.do(t, call{key: s.agent, path: "/v1/tickets"}), s.do(t, call{key: s.admin, path: "/v1/conversations/" + answer.ConversationID.String()})} {
			require.Equal(t, http.StatusOK, masked.status)
			for _, personal := range []string{"mia.wong", "901820", "customer-0000042"} {
				require.NotContains(t, masked.body, personal)
			}
		}
		require.Equal(t, "…042", decode[httpapi.TicketDetail](t, s.do(t, call{key: s.agent, path: path}), http.StatusOK).Customer.Ref)
		for _, reason := range []string{"", "    x    "} {
			problem(t, s.do(t, call{body: `{"reason":"` + reason + `"}`, key: s.agent, path: path + "/unmask"}), http.StatusUnprocessableEntity)
		}
		shown := s.do(t, call{body: `{"reason":"call +49 30 901820 back"}`, key: s.agent, path: path + "/unmask"})
		require.Equal(t, http.StatusOK, shown.status)
		for _, personal := range []string{"mia.wong@mail.example", "+49 30 901820", "customer-0000042"} {
			require.Contains(t, shown.body, personal)
		}
		entries, err := s.store.AuditLog(t.Context(), postgres.AuditFilter{Action: "ticket.unmask", SubjectID: ticket.String()})
		require.NoError(t, err)
		require.Len(t, entries, 1)
		require.NotContains(t, entries[0].Detail["reason"], "901820")
	}
}
