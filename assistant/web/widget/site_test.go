package widget_test

import (
	"crypto/rand"
	"testing"
	"time"

	"github.com/chromedp/chromedp/kb"
	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant/access"
	"github.com/deskhand/deskhand/assistant/postgres"
)

func testTwoTabs(t *testing.T, s *stage) {
	t.Helper()
	b := s.chat(t)
	b.do(`open(location.href.replace('open=', 'x='), 'second')`)
	b.do(`window.second = open('', 'second')`)
	b.await(`second.document.querySelector('deskhand-widget')?.shadowRoot.querySelector('.launcher')`)
	b.ask(pending)
	b.await(`$('.sources')`)
	b.await(`second.document.querySelector('deskhand-widget').shadowRoot.querySelector('.sources')`)
}

func testCustomer(t *testing.T, s *stage) {
	t.Helper()
	key, secret, err := s.store.CreateKey(t.Context(), postgres.Key{Name: "site", Role: postgres.RoleWidget})
	require.NoError(t, err)
	_, signing, err := s.store.SetIdentity(t.Context(), postgres.SetIdentity{Actor: "test", Algorithm: access.HS256, APIKeyID: key.ID})
	require.NoError(t, err)
	token := func(customer string) string {
		claims := jwt.MapClaims{
			"aud": key.ID.String(), "exp": time.Now().Add(time.Minute).Unix(), "iat": time.Now().Unix(), "jti": rand.Text(), "sub": customer,
		}
		signed, err := jwt.NewWithClaims(jwt.SigningMethodHS256, claims).SignedString([]byte(signing))
		require.NoError(t, err)
		return signed
	}
	b := s.browser(t)
	as := func(token string) {
		b.open(s.host + "?" + query(secret, "token", token, "open", ""))
		b.await(`shown('.panel')`)
	}
	as(token("customer-1"))
	b.ask(hacked)
	b.await(`shown('.ticket')`)
	as(token("customer-1"))
	b.await(`$$('.row.customer').length === 1`)

	// Another customer at the same browser begins anew, and so does nobody.
	as(token("customer-2"))
	b.await(`localStorage.length === 0`)
	require.Zero(t, read[int](b, `$$('.row.customer').length`))
	b.ask(pending)
	b.await(`$('.sources')`)
	require.NotContains(t, read[string](b, `text()`), hacked)
}

func testDemo(t *testing.T, s *stage) {
	t.Helper()
	b := s.browser(t)
	b.open(s.base + "/demo?" + query(s.widget))
	b.do(`document.querySelector('.ask button').click()`)
	b.await(`$('textarea')?.value === '` + pending + `'`)
	b.key(kb.Enter)
	b.await(`$('.sources a')?.href.endsWith('/demo/articles/en/withdrawal-pending')`)
	require.Empty(t, read[[]string](b, `violations`))
	require.Empty(t, read[[]string](b, `errors`))
	b.size(1440, 900)
	b.screenshot("1440")
	b.prefer("prefers-color-scheme", "dark")
	b.screenshot("1440-dark")
}
