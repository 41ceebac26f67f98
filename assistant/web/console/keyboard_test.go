package console_test

import (
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestTenCasesAreWorkedByKeyboardAlone has one agent work through ten cases. Nothing is clicked, and no focus is put anywhere but by keys.
func TestTenCasesAreWorkedByKeyboardAlone(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	s.add(t, "Mia")
	for range 10 {
		s.ask(t, wanted)
	}
	b := newTab(t)
	b.logIn(s, "Mia")
	sent := func(replies int) { b.await(`$$('.said.agent').length === ` + strconv.Itoa(replies)) }
	send := func() { b.press("a"); b.await(`focus().id === 'send'`); b.Key("\r") }
	works := []func(){
		func() { send(); sent(1) },
		func() { // edits
			b.press("e")
			b.await(`focus().id === 'body'`)
			b.Key("Thank you for waiting. \x1b")
			send()
			sent(1)
			b.await(`$('.earlier ins')`)
		},
		func() { // writes
			b.press("w")
			b.await(`focus().id === 'body'`)
			b.Key("We are looking into it.\x1b")
			send()
			sent(1)
		},
		func() { // asks back
			b.press("b")
			b.await(`$$('#asks input').length && focus().matches('#ask-back .main')`)
			b.Key("\r")
			b.await(`focus().id === 'body' && $('#body').value.includes('- The ')`)
			b.Key("\x1b")
			send()
			sent(1)
		},
		func() { // rejects
			b.press("r")
			b.await(`$('#d-reject').open`)
			b.Key("\tAnother coin.\r")
			b.await(`!$('#d-reject')?.open && $('.earlier')`)
		},
		func() { // tells the others, and holds
			b.press("i")
			b.await(`focus().id === 'note'`)
			b.Key("Call back tomorrow.\t\r")
			b.await(`$('.note')`)
			b.press("h")
			b.await(`$('#d-hold').open`)
			b.Key("Waits for the wallet team.\r")
			b.await(`$('#case').dataset.status === 'on_hold'`)
		},
		func() { // escalates
			b.press("x")
			b.await(`$('#d-escalate').open`)
			b.Key("Needs a lead.\r")
			b.await(`!$('#d-escalate').open && $('#head .prio').textContent === 'P1'`)
		},
		func() { // tags
			b.press("l")
			b.await(`$('#d-tags').open`)
			b.Key("slow network\r")
			b.await(`$('#head').textContent.includes('slow network')`)
		},
		func() { // looks at similar cases and at the history, and accepts
			b.press("k")
			b.press("t")
			b.await(`$('[data-keep=history]').open && $('[data-keep=similar]').open`)
			send()
			sent(1)
		},
		func() { // resolves
			send()
			sent(1)
			b.press("s")
			b.await(`$('#d-resolve').open`)
			b.Key("\t\r")
			b.await(`$('#case').dataset.status === 'resolved'`)
		},
	}
	require.Len(t, works, 10)
	for _, work := range works {
		b.await(`document.body.dataset.page === 'queue'`)
		b.press("n")
		b.await(`document.body.dataset.page === 'ticket' && $('#composer').dataset.draft && !$('.said.agent')`)
		work()
		b.Key("\x1b")
	}
	b.await(`document.body.dataset.page === 'queue' && $$('.row').length === 9`)
	b.clean()
}
