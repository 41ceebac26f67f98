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
	b.Do(`open(location.href.replace('open=', 'x='), 'second')`)
	b.Do(`window.second = open('', 'second')`)
	b.Await(`second.document.querySelector('deskhand-widget')?.shadowRoot.querySelector('.launcher')`)
	b.ask(pending)
	b.Await(`$('.sources')`)
	b.Await(`second.document.querySelector('deskhand-widget').shadowRoot.querySelector('.sources')`)
}

func testCustomer(t *testing.T, s *stage) {
	t.Helper()
	key, secret, err := s.Store.CreateKey(t.Context(), postgres.Key{Name: "site", Role: postgres.RoleWidget})
	require.NoError(t, err)
	_, signing, err := s.Store.SetIdentity(t.Context(), postgres.SetIdentity{Actor: "test", Algorithm: access.HS256, APIKeyID: key.ID})
	require.NoError(t, err)
	token := func(customer string) string {
		claims := jwt.MapClaims{
			"aud": key.ID.String(), "exp": time.Now().Add(time.Minute).Unix(), "iat": time.Now().Unix(), "jti": rand.Text(), "sub": customer,
		}
		signed, err := jwt.NewWithClaims(jwt.SigningMethodHS256, claims).SignedString([]byte(signing))
		require.NoError(t, err)
		return signed
	}
	b := newTab(t)
	as := func(token string) {
		b.open(s.host + "?" + query(secret, "token", token, "open", ""))
		b.Await(`shown('.panel')`)
	}
	as(token("customer-1"))
	b.ask(hacked)
	b.Await(`shown('.ticket')`)
	as(token("customer-1"))
	b.Await(`$$('.row.customer').length === 1`)

	// Another customer at the same browser begins anew, and so does nobody.
	as(token("customer-2"))
	b.Await(`localStorage.length === 0`)
	require.Zero(t, read[int](b, `$$('.row.customer').length`))
	b.ask(pending)
	b.Await(`$('.sources')`)
	require.NotContains(t, read[string](b, `text()`), hacked)
}

func testDemo(t *testing.T, s *stage) {
	t.Helper()
	b := newTab(t)
	b.open(s.Base + "/demo?" + query(s.widget))
	b.Do(`document.querySelector('.ask button').click()`)
	b.Await(`$('textarea')?.value === '` + pending + `'`)
	b.Key(kb.Enter)
	b.Await(`$('.sources a')?.href.endsWith('/demo/articles/en/withdrawal-pending')`)
	require.Empty(t, read[[]string](b, `violations`))
	require.Empty(t, read[[]string](b, `errors`))
	b.Size(1440, 900)
	b.Picture("1440")
	b.Prefer("prefers-color-scheme", "dark")
	b.Picture("1440-dark")
}
