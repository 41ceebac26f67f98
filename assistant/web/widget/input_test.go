package widget_test

import (
	"strings"
	"testing"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant/web/webtest"
)

// command does what a shortcut of the keyboard does: "paste", "selectAll".
func (b *tab) command(name string) {
	b.t.Helper()
	webtest.Call(b.Tab, input.DispatchKeyEvent, input.DispatchKeyEventParams{Type: input.DispatchKeyEventTypeRawKeyDown, Commands: []string{name}})
	webtest.Call(b.Tab, input.DispatchKeyEvent, input.DispatchKeyEventParams{Type: input.DispatchKeyEventTypeKeyUp})
}

// testPaste puts a piece of a web page on the clipboard, as markup and as the words in it, and pastes it.
func testPaste(t *testing.T, s *stage) {
	t.Helper()
	const words = "My withdrawal has been pending for two hours. <b>Status</b>: {{7*7}}"
	const markup = `<p style="position:fixed" onclick="pwned=1">My withdrawal <img src=x onerror="window.pwned=1"><a href="javascript:pwned=1">x</a></p><script>pwned=1</script>`
	b := s.chat(t)
	b.Await(`focus()?.localName === 'textarea'`)
	b.Do(`document.addEventListener('copy', (e) => { e.preventDefault();
		e.clipboardData.setData('text/html', ` + quoted(markup) + `); e.clipboardData.setData('text/plain', ` + quoted(words) + `); }, {once: true})`)
	b.Do(`$('textarea').addEventListener('paste', (e) => { stages.push(e.clipboardData.getData('text/html')) })`)
	b.command("copy")
	b.command("paste")
	b.Await(`$('textarea').value`)
	require.Contains(t, read[[]string](b, `stages`)[0], "onerror", "there is markup to be pasted")
	require.Equal(t, words, read[string](b, `$('textarea').value`))
	b.Key(kb.Enter)
	b.Await(`$$('.row.assistant').length > 1`)
	require.Equal(t, words, read[string](b, `$('.row.customer .bubble').innerText`), "what looks like markup in the words is words")
	require.Zero(t, read[int](b, `$$('img, script, .row.customer :is(a, b, [style])').length`))
	require.Equal(t, "undefined", read[string](b, `typeof window.pwned`))
	require.Empty(t, read[[]string](b, `violations`))
}

// testLongMessage writes 20,000 characters, of scripts of which one is half a character to JavaScript.
func testLongMessage(t *testing.T, s *stage) {
	t.Helper()
	const piece = "提币没有到账 & my withdrawal سحب 🙏 "
	b := s.chat(t)
	long := strings.Repeat(piece, 20_000/len([]rune(piece))+1)
	long = string([]rune(long)[:20_000])
	b.write(long)
	b.Await(`shown('.limit') && $('.limit').innerText.includes('8,000 characters; yours has 20,000')`)
	require.Equal(t, "status", read[string](b, `$('.limit').role`), "who does not see it hears it")
	require.Equal(t, "true", read[string](b, `String($('textarea').ariaInvalid)`))
	b.Key(kb.Enter)
	b.Do(`$('.send').click()`)
	require.Zero(t, read[int](b, `$$('.row.customer').length`))
	require.Equal(t, long, read[string](b, `$('textarea').value`), "nothing is cut off")

	// In parts, as the chat says.
	b.Do(`$('textarea').value = Array.from($('textarea').value).slice(0, 8000).join(''); $('textarea').dispatchEvent(new Event('input'))`)
	b.Await(`!shown('.limit') && $('textarea').ariaInvalid === 'false'`)
	b.Key(kb.Enter)
	b.Await(`$$('.row.assistant').length > 1`)
	require.Equal(t, 8000, read[int](b, `Array.from($('.row.customer .bubble').textContent).length`))
}
