package console_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant/access"
)

func TestAgentsOnTwoReplicasSeeEachOtherAndOneReplyIsSent(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	mia, ben := s.addAs(t, "Mia", access.Agent), s.addAs(t, "Ben", access.Agent)
	s.ask(t, wanted)
	other := &system{Service: s.Replica(t)}

	here, there := newTab(t), newTab(t)
	here.enter(s, mia)
	here.openCase()
	there.enter(other, ben)
	there.openCase()
	here.await(`$('#viewers')?.textContent.includes('Ben')`)
	there.await(`$('#viewers')?.textContent.includes('Mia')`)

	here.press("c")
	there.await(`$('.chip.other')?.textContent.includes('Mia') && $('#case').dataset.held`)
	there.Do(`$('#send').click()`)
	there.await(`$('#send-error').textContent.includes('another agent holds')`)
	here.Do(`$('#send').click()`)
	for _, b := range []*tab{here, there} {
		b.await(`$$('.said.agent').length === 1`)
		b.clean()
	}

	// A new case is seen on the replica that did not take it.
	there.open(other.Base + "/console")
	there.await(`$$('.row').length === 1`)
	s.ask(t, wanted)
	there.await(`$$('.row').length === 2`)
}

// TestAnAcceptWhoseAnswerIsLostSendsOneReply: the service has sent the reply, and the agent does not know.
func TestAnAcceptWhoseAnswerIsLostSendsOneReply(t *testing.T) {
	t.Parallel()
	s := openDesk(t)
	base, lost := deafLine(t, s)
	b := newTab(t)
	b.logIn(&system{Service: s.At(base)}, "Mia")
	b.openCase()
	b.press("c")
	b.await(`$('#case').dataset.mine === 'true'`)
	lost.Store("/v1/tickets/" + read[string](b, `$('#case').dataset.id`) + "/reply")
	b.Do(`$('#send').click()`)
	b.await(`$$('.said.agent').length === 1`) // what happened at the desk tells
	lost.Store("")
	b.Do(`$('#send').click()`)
	b.reload()
	b.await(`$('.said.agent')`)
	require.Equal(t, 1, read[int](b, `$$('.said.agent').length`))
}
