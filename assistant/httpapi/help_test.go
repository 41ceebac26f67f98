package httpapi_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant/httpapi"
)

// solve claims a ticket, sends a reply and resolves it.
func (s *system) solve(t *testing.T, ticket httpapi.Ticket, reply string) {
	t.Helper()
	at := "/v1/tickets/" + ticket.ID.String()
	for _, step := range []struct{ body, path string }{
		{`{"version":%d}`, "/claim"},
		{`{"version":%d,"action":"write","body":"` + reply + `"}`, "/reply"},
		{`{"version":%d}`, "/resolve"},
	} {
		r := s.do(t, call{body: fmt.Sprintf(step.body, ticket.Version), key: s.agent, path: at + step.path})
		ticket = decode[httpapi.Ticket](t, r, http.StatusOK)
	}
}

func TestSolvedCasesThatAreLikeACaseAreFoundAcrossLanguagesAndMasked(t *testing.T) {
	t.Parallel()
	s := newSystem(t, options{})
	ask := func(text string) httpapi.Ticket {
		t.Helper()
		require.Equal(t, "handed_off", s.ask(t, text).Outcome)
		list := decode[httpapi.TicketList](t, s.do(t, call{key: s.agent, path: "/v1/tickets?status=open"}), http.StatusOK)
		require.Len(t, list.Tickets, 1)
		return list.Tickets[0]
	}
	s.solve(t, ask("My withdrawal of USDT is stuck in the security check. Let me talk to a human. I am eve@mail.example"), "The check is over.")
	s.solve(t, ask("我的提币一直在处理中,已经两小时了,我要找人工"), "已经到账。")
	waiting := ask("My withdrawal of BTC is stuck in the security check again. Let me talk to a human.")

	r := s.do(t, call{key: s.agent, path: "/v1/tickets/" + waiting.ID.String() + "/similar"})
	cases := decode[httpapi.SimilarCases](t, r, http.StatusOK).Cases
	require.NotEmpty(t, cases)
	require.Equal(t, "The check is over.", cases[0].Reply)
	require.NotContains(t, r.body, "eve@mail.example")
	for _, one := range cases {
		require.NotEqual(t, waiting.ID, one.TicketID)
	}
}

func TestAnotherDraftIsMadeAndATranslationNeedsAModel(t *testing.T) {
	t.Parallel()
	s := newSystem(t, options{})
	at := "/v1/tickets/" + s.handedOff(t).ID.String()

	draft := decode[httpapi.SuggestedReply](t, s.do(t, call{body: `{"instruction":"trading fees"}`, key: s.agent, path: at + "/suggest"}), http.StatusOK)
	require.NotEmpty(t, draft.Body)
	require.NotEmpty(t, draft.Citations)
	require.Equal(t, "extractive", draft.Method)

	detail := decode[httpapi.TicketDetail](t, s.do(t, call{key: s.agent, path: at}), http.StatusOK)
	body := fmt.Sprintf(`{"language":"en","message_id":%q}`, detail.Messages[0].ID)
	p := problem(t, s.do(t, call{body: body, key: s.agent, path: at + "/translate"}), http.StatusNotImplemented)
	require.Contains(t, p.Detail, "OPENAI_API_KEY")
	body = fmt.Sprintf(`{"language":"xx","message_id":%q}`, detail.Messages[0].ID)
	problem(t, s.do(t, call{body: body, key: s.agent, path: at + "/translate"}), http.StatusUnprocessableEntity)
}

func TestMacrosAreKeptByLeadsAndFilledInForATicket(t *testing.T) {
	t.Parallel()
	s := newSystem(t, options{})
	put := func(body string, version int32) reply {
		return s.do(t, call{body: fmt.Sprintf(body, version), key: s.lead, method: http.MethodPut, path: "/v1/macros/1"})
	}
	add := func(body string) reply { return s.do(t, call{body: body, key: s.lead, path: "/v1/macros"}) }
	one := decode[httpapi.MacroView](t, add(`{"name":"wait","language":"en","body":"Case {number}, until {resolve_by}."}`), http.StatusCreated)
	require.EqualValues(t, 1, one.Version)
	problem(t, add(`{"name":"wait","language":"en","body":"x"}`), http.StatusConflict)
	for _, body := range []string{
		`{"name":" ","language":"en","body":"x"}`, `{"name":"x","language":"xx","body":"x"}`, `{"name":"x","language":"en","body":"{secret}"}`,
		`{"name":"x","language":"en","body":"Send me your password"}`, `{"name":"x","language":"en","body":"http://quayside-x.example"}`,
	} {
		problem(t, add(body), http.StatusUnprocessableEntity)
	}
	decode[httpapi.MacroView](t, add(`{"name":"wait","language":"zh-Hans","body":"工单 {number}。"}`), http.StatusCreated)
	const changed = `{"name":"wait","language":"en","body":"Case {number}, reply by {respond_by}.","version":%d}`
	decode[httpapi.MacroView](t, put(changed, 1), http.StatusOK)
	problem(t, put(changed, 1), http.StatusConflict)

	ticket := s.handedOff(t)
	r := s.do(t, call{key: s.agent, path: "/v1/tickets/" + ticket.ID.String() + "/macros"})
	macros := decode[httpapi.MacroList](t, r, http.StatusOK).Macros
	require.Len(t, macros, 2)
	require.Equal(t, ticket.Language, macros[0].Language)
	for _, m := range macros {
		require.Contains(t, m.Text, ticket.Number)
		require.NotContains(t, m.Text, "{")
	}
}
