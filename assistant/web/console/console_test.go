package console_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant/access"
)

func TestConsole(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	s.add(t, "Mia", access.Agent)
	s.add(t, "Ben", access.Agent)
	browser := newBrowser(t)
	s.ask(t, wanted)
	s.ask(t, "Someone logged into my account and withdrew my BTC <script>alert(1)</script>")
	s.ask(t, "提币两个小时了还没到账,我要找人工客服")
	s.ask(t, "سحبي معلق منذ ساعتين. أريد التحدث إلى موظف")
	b := newTab(t, browser)
	b.logIn(s, "Mia")
	b.await(`$$('.row').length === 4`)
	b.picture("queue-1440")
	require.Empty(t, read[[]string](b, "violations"))
	require.Empty(t, read[[]string](b, "errors"))
	b.key("\r")
	b.await(`document.body.dataset.page === 'ticket'`)
	b.picture("ticket-1440")
	require.Empty(t, read[[]string](b, "violations"))
	require.Empty(t, read[[]string](b, "errors"))
}
