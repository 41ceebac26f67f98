package httpapi_test

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant/desk"
	"github.com/deskhand/deskhand/assistant/desk/plan"
	"github.com/deskhand/deskhand/assistant/httpapi"
)

func TestLeadSetsThePlanAndMistakesAreNamedWithTheirLine(t *testing.T) {
	t.Parallel()
	s := newSystem(t, options{})

	set := func(source string, version int) reply {
		body, err := json.Marshal(map[string]any{"source": source, "version": version})
		require.NoError(t, err)
		return s.do(t, call{body: string(body), key: s.admin, method: http.MethodPut, path: "/v1/desk"})
	}
	first := decode[httpapi.Plan](t, set(plan.Example(), 0), http.StatusOK)
	require.Equal(t, int64(1), first.Version)
	require.Equal(t, first, decode[httpapi.Plan](t, s.do(t, call{key: s.agent, path: "/v1/desk"}), http.StatusOK))
	problem(t, set("lease: 5m", 0), http.StatusConflict)
	p := problem(t, set("lease: 5m\nqueues:\n  - name: Two Words", 1), http.StatusUnprocessableEntity)
	require.Equal(t, []string{"source"}, fieldsOf(p))
	require.Contains(t, p.Detail, "line 3")
	versions := decode[httpapi.PlanVersions](t, s.do(t, call{key: s.admin, path: "/v1/desk/versions"}), http.StatusOK)
	require.Len(t, versions.Versions, 1)
}

func TestTicketIsWorkedOnFromTheQueueToItsHistory(t *testing.T) {
	t.Parallel()
	s := newSystem(t, options{})

	s.handedOff(t)
	next := decode[httpapi.NextTicket](t, s.do(t, call{key: s.agent, method: http.MethodPost, path: "/v1/tickets/next"}), http.StatusOK)
	require.NotNil(t, next.Ticket)
	ticket := *next.Ticket
	require.Nil(t, decode[httpapi.NextTicket](t,
		s.do(t, call{key: s.otherAgent, method: http.MethodPost, path: "/v1/tickets/next"}), http.StatusOK).Ticket)
	path := "/v1/tickets/" + ticket.ID.String()
	for _, step := range []struct{ name, fields, status string }{
		{"hold", `,"reason":"waits for the bank"`, "on_hold"},
		{"resume", ``, "claimed"},
		{"tags", `,"tags":["vip"]`, "claimed"},
		{"priority", `,"priority":"P2","reason":"smaller than it seemed"`, "claimed"},
		{"escalate", `,"reason":"larger than it seemed"`, "claimed"},
		{"resolve", `,"outcome":"confirmed"`, "resolved"},
		{"reopen", `,"reason":"not yet"`, "open"},
	} {
		body := fmt.Sprintf(`{"version":%d%s}`, ticket.Version, step.fields)
		after := decode[httpapi.Ticket](t, s.do(t, call{body: body, key: s.agent, path: path + "/" + step.name}), http.StatusOK)
		require.Equal(t, step.status, after.Status)
		problem(t, s.do(t, call{body: body, key: s.agent, path: path + "/" + step.name}), http.StatusConflict)
		ticket = after
	}
	note := decode[httpapi.Note](t, s.do(t, call{body: `{"body":"called the bank"}`, key: s.agent, path: path + "/notes"}), http.StatusOK)
	detail := decode[httpapi.TicketDetail](t, s.do(t, call{key: s.agent, path: path}), http.StatusOK)
	require.Len(t, detail.Notes, 1)
	require.Equal(t, note.ID, detail.Notes[0].ID)
	require.Equal(t, "called the bank", detail.Notes[0].Body)
	require.Equal(t, []string{"vip"}, detail.Ticket.Tags)
	history := decode[httpapi.TicketHistory](t, s.do(t, call{key: s.agent, path: path + "/history"}), http.StatusOK)
	require.Len(t, history.Entries, 9)
	require.Equal(t, "waits for the bank", history.Entries[2].Reason)
	require.NotContains(t, s.do(t, call{key: s.widget, path: "/v1/conversations/" + ticket.ConversationID.String()}).body, "called the bank")
}

func TestComplaintsAreListedAndExported(t *testing.T) {
	t.Parallel()
	s := newSystem(t, options{})

	s.ask(t, "我要投诉你们")
	list := decode[httpapi.ComplaintList](t, s.do(t, call{key: s.agent, path: "/v1/complaints"}), http.StatusOK)
	require.Len(t, list.Complaints, 1)
	complaint := list.Complaints[0]
	require.Equal(t, "zh-Hans", complaint.Language)
	require.NotNil(t, complaint.AcknowledgedAt)
	body := fmt.Sprintf(`{"step":"decide","decision":"upheld","reason":"ours","root_cause":"fees.unclear","version":%d}`, complaint.Version)
	decided := decode[httpapi.Complaint](t,
		s.do(t, call{body: body, key: s.agent, path: "/v1/complaints/" + complaint.ID.String() + "/step"}), http.StatusOK)
	require.Equal(t, "upheld", decided.Status)

	sheet := s.do(t, call{key: s.agent, path: "/v1/complaints?format=csv"})
	require.Equal(t, "text/csv; charset=utf-8", sheet.headers.Get("Content-Type"))
	rows, err := csv.NewReader(strings.NewReader(sheet.body)).ReadAll()
	require.NoError(t, err)
	require.Len(t, rows, 2)
	require.Equal(t, "true", rows[1][9], "in time")
}

func TestFiguresCountWhatHappened(t *testing.T) {
	t.Parallel()
	s := newSystem(t, options{})

	require.Equal(t, "answered", s.ask(t, pending).Outcome)
	s.handedOff(t)
	stats := decode[desk.Stats](t, s.do(t, call{key: s.admin, path: "/v1/stats?by=language"}), http.StatusOK)
	require.Equal(t, 2, stats.Total.Questions)
	require.Equal(t, 1, stats.Total.Answered)
	require.InDelta(t, 0.5, stats.Total.AutomaticRate, 1e-9)
	require.Equal(t, 1, stats.Total.Tickets)
	require.InDelta(t, 1, stats.Total.ResponseMet, 1e-9)
	require.NotEmpty(t, stats.Total.HandOffReasons)
	require.Len(t, stats.Groups, 1)
	problem(t, s.do(t, call{key: s.admin, path: "/v1/stats?by=moon"}), http.StatusUnprocessableEntity)
	problem(t, s.do(t, call{key: s.admin, path: "/v1/stats?from=2027-01-01T00:00:00Z&to=2026-01-01T00:00:00Z"}), http.StatusUnprocessableEntity)
	decode[httpapi.GapList](t, s.do(t, call{key: s.admin, path: "/v1/stats/gaps"}), http.StatusOK)
}
