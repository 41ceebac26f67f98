package httpapi_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant/httpapi"
)

func TestQueueIsPagedInTheOrderOfUrgency(t *testing.T) {
	t.Parallel()
	s := newSystem(t, options{})

	for _, text := range []string{"I want to talk to a human", hacked, "我要投诉你们", "有人登录了我的账户,把我的BTC转走了"} {
		require.Equal(t, "handed_off", s.ask(t, text).Outcome)
	}
	whole := decode[httpapi.TicketList](t, s.do(t, call{key: s.agent, path: "/v1/tickets"}), http.StatusOK)
	require.Len(t, whole.Tickets, 4)
	require.Empty(t, whole.NextCursor)
	require.Equal(t, "P1", whole.Tickets[0].Priority)

	var paged []httpapi.Ticket
	path := "/v1/tickets?limit=1"
	for range whole.Tickets {
		page := decode[httpapi.TicketList](t, s.do(t, call{key: s.agent, path: path}), http.StatusOK)
		paged = append(paged, page.Tickets...)
		path = "/v1/tickets?limit=1&cursor=" + page.NextCursor
	}
	require.Equal(t, whole.Tickets, paged)

	for _, test := range []struct {
		filter string
		want   int
	}{
		{"priority=P1", 2},
		{"language=zh-Hans", 2},
		{"language=zh-Hans&priority=P1", 1},
		{"status=open", 4},
		{"status=resolved", 0},
		{"mine=true", 0},
		{"intent=" + whole.Tickets[0].Intent + "&priority=P1", 2},
	} {
		list := decode[httpapi.TicketList](t, s.do(t, call{key: s.agent, path: "/v1/tickets?" + test.filter}), http.StatusOK)
		require.Len(t, list.Tickets, test.want, test.filter)
	}
}

func TestQueueShowsWhatTheCustomerWroteLast(t *testing.T) {
	t.Parallel()
	s := newSystem(t, options{})
	excerpt := func() string {
		t.Helper()
		list := decode[httpapi.TicketList](t, s.do(t, call{key: s.agent, path: "/v1/tickets"}), http.StatusOK)
		require.Len(t, list.Tickets, 1)
		return list.Tickets[0].Excerpt
	}
	first := s.ask(t, "I want to talk to a human")
	require.Equal(t, "I want to talk to a human", excerpt())
	for text, want := range map[string]string{
		"还没有到账\n\n  我要投诉":                                       "还没有到账 我要投诉",
		"أريد التحدث إلى موظف":                                  "أريد التحدث إلى موظف",
		strings.Repeat("please ", 300):                          strings.Repeat("please ", 22) + "please…",
		strings.Repeat("- ", 70) + "mail mia.wong@mail.example": strings.Repeat("- ", 70) + "mail ⟦email⟧",
	} {
		body, err := json.Marshal(map[string]any{"conversation_id": first.ConversationID, "message": map[string]string{"body": text}})
		require.NoError(t, err)
		decode[httpapi.AnswerResponse](t, s.do(t, call{body: string(body), key: s.widget, path: "/v1/answers"}), http.StatusOK)
		require.Equal(t, want, excerpt())
	}
}

func TestBadFilterOfTheQueueIsRefused(t *testing.T) {
	t.Parallel()
	s := newSystem(t, options{})

	tampered := base64.RawURLEncoding.EncodeToString([]byte(`{"i":"` + nobody + `","p":"P1","r":"yesterday"}`))
	for _, test := range []struct {
		query, field string
		status       int
	}{
		{"cursor=" + marker, "cursor", http.StatusBadRequest},
		{"cursor=" + tampered, "cursor", http.StatusBadRequest},
		{"cursor=e30", "cursor", http.StatusBadRequest},
		{"limit=0", "limit", http.StatusUnprocessableEntity},
		{"limit=many", "limit", http.StatusUnprocessableEntity},
		{"mine=perhaps", "mine", http.StatusUnprocessableEntity},
		{"priority=P9", "priority", http.StatusUnprocessableEntity},
		{"status=lost", "status", http.StatusUnprocessableEntity},
		{"prioritaet=P1", "prioritaet", http.StatusUnprocessableEntity},
	} {
		r := s.do(t, call{key: s.agent, path: "/v1/tickets?" + test.query})
		require.Equal(t, []string{test.field}, fieldsOf(problem(t, r, test.status)), test.query)
		require.NotContains(t, r.body, marker)
	}
}

func TestAgentSeesWhyAndWhatWasFound(t *testing.T) {
	t.Parallel()
	s := newSystem(t, options{})

	ticket := s.handedOff(t)
	require.NoError(t, s.pipeline.DraftForAgent(t.Context(), s.latestRun(t)))
	detail := decode[httpapi.TicketDetail](t, s.do(t, call{key: s.agent, path: "/v1/tickets/" + ticket.ID.String()}), http.StatusOK)
	ticket.Excerpt = "" // only in the list
	require.Equal(t, ticket, detail.Ticket)
	require.NotEmpty(t, detail.Ticket.Reasons)
	require.Len(t, detail.Messages, 2)
	require.Len(t, detail.Trail, 1)
	require.Equal(t, "handed_off", detail.Trail[0].Outcome)
	require.NotEmpty(t, detail.Trail[0].Steps)
	require.Len(t, detail.Drafts, 1)
	require.Equal(t, "pending", detail.Drafts[0].Fate)
}

func TestTicketGoesThroughItsStates(t *testing.T) {
	t.Parallel()
	s := newSystem(t, options{})

	ticket := s.handedOff(t)
	change := func(step, key string, version int32, status int) reply {
		r := s.do(t, call{body: fmt.Sprintf(`{"version":%d}`, version), key: key, path: "/v1/tickets/" + ticket.ID.String() + "/" + step})
		require.Equal(t, status, r.status, r.body)
		return r
	}
	claimed := decode[httpapi.Ticket](t, change("claim", s.agent, ticket.Version, http.StatusOK), http.StatusOK)
	require.Equal(t, "claimed", claimed.Status)
	require.NotNil(t, claimed.AssigneeID)
	mine := decode[httpapi.TicketList](t, s.do(t, call{key: s.agent, path: "/v1/tickets?mine=true"}), http.StatusOK)
	claimed.Excerpt = "Someone logged into my account and withdrew my BTC" // only in the list
	require.Equal(t, []httpapi.Ticket{claimed}, mine.Tickets)

	problem(t, change("release", s.agent, ticket.Version, http.StatusConflict), http.StatusConflict)
	problem(t, change("release", s.otherAgent, claimed.Version, http.StatusConflict), http.StatusConflict)
	released := decode[httpapi.Ticket](t, change("release", s.admin, claimed.Version, http.StatusOK), http.StatusOK)
	require.Equal(t, "open", released.Status)
	require.Nil(t, released.AssigneeID)

	claimed = decode[httpapi.Ticket](t, change("claim", s.otherAgent, released.Version, http.StatusOK), http.StatusOK)
	resolved := decode[httpapi.Ticket](t, change("resolve", s.otherAgent, claimed.Version, http.StatusOK), http.StatusOK)
	require.Equal(t, "resolved", resolved.Status)
	require.NotNil(t, resolved.ResolvedAt)
}

func TestAgentDecidesAboutADraft(t *testing.T) {
	t.Parallel()

	for _, test := range []struct {
		name, body string // %s is the draft, %d the version
		fate       string
		sent       bool
		status     string
	}{
		{"Accept", `{"action":"accept","draft_id":"%s","version":%d}`, "accepted", true, "waiting"},
		{"Edit", `{"action":"edit","draft_id":"%s","version":%d,"body":"We have locked your account."}`, "edited", true, "waiting"},
		{"Reject", `{"action":"reject","draft_id":"%s","version":%d,"reason":"off the point"}`, "rejected", false, "claimed"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := newSystem(t, options{})

			ticket := s.handedOff(t)
			require.NoError(t, s.pipeline.DraftForAgent(t.Context(), s.latestRun(t)))
			path := "/v1/tickets/" + ticket.ID.String()
			claimed := decode[httpapi.Ticket](t,
				s.do(t, call{body: fmt.Sprintf(`{"version":%d}`, ticket.Version), key: s.agent, path: path + "/claim"}), http.StatusOK)
			draft := decode[httpapi.TicketDetail](t, s.do(t, call{key: s.agent, path: path}), http.StatusOK).Drafts[0]

			body := fmt.Sprintf(test.body, draft.ID, claimed.Version)
			problem(t, s.do(t, call{body: body, key: s.otherAgent, path: path + "/reply"}), http.StatusConflict)
			after := decode[httpapi.Ticket](t, s.do(t, call{body: body, key: s.agent, path: path + "/reply"}), http.StatusOK)
			require.Equal(t, test.status, after.Status)

			detail := decode[httpapi.TicketDetail](t, s.do(t, call{key: s.agent, path: path}), http.StatusOK)
			require.Equal(t, test.fate, detail.Drafts[0].Fate)
			last := detail.Messages[len(detail.Messages)-1]
			require.Equal(t, test.sent, last.Author == "agent")
			problem(t, s.do(t, call{body: body, key: s.agent, path: path + "/reply"}), http.StatusConflict)
		})
	}
}

func TestAgentsTextIsHeldToTheRules(t *testing.T) {
	t.Parallel()
	s := newSystem(t, options{})

	ticket := s.handedOff(t)
	path := "/v1/tickets/" + ticket.ID.String()
	claimed := decode[httpapi.Ticket](t,
		s.do(t, call{body: fmt.Sprintf(`{"version":%d}`, ticket.Version), key: s.agent, path: path + "/claim"}), http.StatusOK)
	for _, test := range []struct{ body, field string }{
		{`"action":"write","body":"Log in at https://quayside-support.test/verify"`, "body"},
		{`"action":"write"`, "body"},
		{`"action":"write","body":"\u0000"`, "body"},
		{`"action":"shout","body":"hi"`, "action"},
	} {
		r := s.do(t, call{body: fmt.Sprintf(`{%s,"version":%d}`, test.body, claimed.Version), key: s.agent, path: path + "/reply"})
		require.Equal(t, []string{test.field}, fieldsOf(problem(t, r, http.StatusUnprocessableEntity)), test.body)
	}
	phishing := fmt.Sprintf(`{"action":"write","version":%d,"body":"Log in at https://quayside-support.test/verify"}`, claimed.Version)
	blocked := problem(t, s.do(t, call{body: phishing, key: s.agent, path: path + "/reply"}), http.StatusUnprocessableEntity)
	require.Equal(t, "link", blocked.Errors[0].Check)
	require.Contains(t, blocked.Errors[0].Message, "quayside-support", "the agent sees what")

	dry := s.do(t, call{body: `{"body":"Log in at https://quayside-support.test/verify"}`, key: s.agent, path: path + "/check"})
	require.Equal(t, "link", decode[httpapi.CheckResult](t, dry, http.StatusOK).Findings[0].Check)
	dry = s.do(t, call{body: `{"body":"We are looking into it."}`, key: s.agent, path: path + "/check"})
	require.Empty(t, decode[httpapi.CheckResult](t, dry, http.StatusOK).Findings)

	body := fmt.Sprintf(`{"action":"write","version":%d,"body":"We are looking into it."}`, claimed.Version)
	r := s.do(t, call{body: body, key: s.agent, path: path + "/reply"})
	require.Equal(t, "waiting", decode[httpapi.Ticket](t, r, http.StatusOK).Status)
}

func TestAgentChecksAReplyWithoutSendingIt(t *testing.T) {
	t.Parallel()
	s := newSystem(t, options{})
	ticket := s.handedOff(t)
	check := func(body string) []httpapi.Finding {
		encoded := `{"body":"` + body + `"}`
		r := s.do(t, call{body: encoded, key: s.agent, path: "/v1/tickets/" + ticket.ID.String() + "/check"})
		return decode[httpapi.CheckResult](t, r, http.StatusOK).Findings
	}
	require.Empty(t, check("We are looking into it."))
	found := check("Please log in at https://quayside-help.example")
	require.NotEmpty(t, found)
	require.Equal(t, "link", found[0].Check)
	found = check("abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about")
	require.Equal(t, "secret", found[0].Check)
}

func TestQueueIsFilteredByRiskAndChannel(t *testing.T) {
	t.Parallel()
	s := newSystem(t, options{})
	ticket := s.handedOff(t)
	for query, want := range map[string]int{
		"risk=" + ticket.Risks[0]: 1, "risk=self_harm": 0, "channel=widget": 1, "channel=telegram": 0,
	} {
		list := decode[httpapi.TicketList](t, s.do(t, call{key: s.agent, path: "/v1/tickets?" + query}), http.StatusOK)
		require.Len(t, list.Tickets, want, query)
	}
}
