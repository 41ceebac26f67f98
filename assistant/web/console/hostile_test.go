package console_test

import (
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant/access"
)

func TestTextFromOutsideIsText(t *testing.T) {
	t.Parallel()
	const evil = `"><img src=x onerror=alert(1)><script>alert(2)</script>`
	s := newSystem(t)
	lead := s.addAs(t, "Mia", access.Lead)
	s.ask(t, wanted+evil)
	s.Exec(t, `UPDATE agents SET name = $1 WHERE id = $2`, evil, lead.ID)
	s.Exec(t, `UPDATE tickets SET tags = ARRAY[$1]`, evil)
	s.Exec(t, `UPDATE articles SET title = $1`, evil)
	s.Exec(t, `UPDATE articles SET slug = $1 WHERE slug = 'trading-fees'`, evil)                                   // a page without an address has the slug of its file name
	s.Exec(t, `UPDATE official_channels SET source = $1, notes = jsonb_build_object('en', $1::text)`, evil+".csv") // a list's file name
	s.Exec(t, `INSERT INTO macros (name, language, body, updated_at, updated_by) VALUES ($1, 'en', $1 || ' {number}', now(), $1)`, evil)

	b := newTab(t)
	harmless := func() {
		t.Helper()
		require.Zero(t, read[int](b, `$$('img, main script, dialog script').length`))
		b.clean()
	}
	b.enter(s, lead)
	b.await(`shown('.row .last')`)
	require.Contains(t, read[string](b, `$('.row .last').textContent`), evil)
	harmless()
	b.openCase()
	b.press("i")
	b.Write(evil)
	b.Do(`$('.noting button').click()`)
	b.await(`$('.note')`)
	for _, place := range []string{".note", ".said.customer .words", ".me"} {
		require.Contains(t, read[string](b, `$('`+place+`').textContent`), evil)
	}
	b.Do(`focus().blur()`)
	b.press("n")
	b.await(`$$('#macros button').length === 1`)
	require.Contains(t, read[string](b, `$('#macros b').textContent`), evil)
	harmless()
	b.Do(`$('#macros button').click()`)
	b.await(`$('#body').value.includes(` + "`" + evil + "`" + ` + ' DH-')`)
	harmless()

	for path, place := range map[string]string{
		"macros": "#rows", "macros/1": "h1", "channels": "#rows", "articles": "#rows", "articles/" + url.PathEscape(evil) + "/en": "h1",
	} {
		b.open(s.Base + "/console/" + path)
		b.await(`shown('` + place + `')`)
		require.Contains(t, read[string](b, `$('`+place+`').textContent`), evil, path)
		harmless()
	}
	b.open(s.Base + "/console/articles")
	b.Do(`$$('#rows a').find((a) => a.href.includes('onerror')).click()`)
	b.await(`document.body.dataset.page === 'article'`)
	require.Equal(t, evil, read[string](b, `$('[name=title]').value`))
	harmless()
}
