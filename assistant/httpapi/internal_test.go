package httpapi

import (
	"bufio"
	"bytes"
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/assistant/desk"
	"github.com/deskhand/deskhand/assistant/triage"
)

func TestStreamStaysAliveWhileNothingHappens(t *testing.T) {
	t.Parallel()

	var written bytes.Buffer
	f := &flight{done: make(chan landing), signs: make(chan sign)}
	tick := make(chan time.Time)
	go func() {
		tick <- time.Time{}
		f.signs <- sign{stage: assistant.StageRetrieve}
		tick <- time.Time{}
		f.done <- landing{problem: newProblem(kindUnavailable, "later")}
	}()
	r := &request{id: "one"}
	f.follow(r, rendering{events: &eventWriter{w: bufio.NewWriter(&written)}, tick: tick, to: answerRenderer{}})
	require.Equal(t, ": keep-alive\n\n"+
		"event: progress\ndata: {\"stage\":\"searching\"}\n\n"+
		": keep-alive\n\n"+
		"event: error\ndata: {\"detail\":\"later\",\"request_id\":\"one\",\"status\":503,"+
		"\"title\":\"Try again in a moment\",\"type\":\"/docs#problem-unavailable\"}\n\n",
		written.String())
	require.Equal(t, kindUnavailable, r.problem)
}

func TestClientThatHasLeftIsWaitedForNoLonger(t *testing.T) {
	t.Parallel()

	client := &brokenClient{}
	events := &eventWriter{w: bufio.NewWriter(client)}
	for range 5 {
		events.keepAlive()
	}
	require.Equal(t, 1, client.writes)
}

func TestEveryCodeHasAKind(t *testing.T) {
	t.Parallel()

	for code, status := range map[assistant.Code]int{
		assistant.CodeConflict: 409, assistant.CodeForbidden: 403, assistant.CodeInternal: 500, assistant.CodeInvalid: 422,
		assistant.CodeNotFound: 404, assistant.CodeReused: 422, assistant.CodeThrottled: 429,
		assistant.CodeTokenExpired: 401, assistant.CodeTokenInvalid: 401, assistant.CodeTokenReused: 401, assistant.CodeUnauthorized: 401, assistant.CodeUnavailable: 503,
	} {
		p := newProblem(string(code), "why")
		require.Equal(t, status, p.Status)
		require.Equal(t, "/docs#problem-"+string(code), p.Type)
	}
}

func TestPasswordsAreTakenOverConfidentialConnectionsOnly(t *testing.T) {
	t.Parallel()

	for _, test := range []struct {
		public, host string
		want         bool
	}{
		{"https://desk.quayside.example", "anything", true},
		{"", "localhost:8080", true},
		{"", "127.0.0.1:8080", true},
		{"", "[::1]:8080", true},
		{"", "192.0.2.1:8080", false},
		{"", "localhost.evil.example", false},
		{"http://desk.quayside.example", "localhost", false},
		{"http://localhost:8080", "localhost:8080", true},
	} {
		require.Equal(t, test.want, (&server{Config: Config{PublicURL: test.public}}).confidential(test.host), test)
	}
}

func TestOutagesAreToldFromDefects(t *testing.T) {
	t.Parallel()

	for _, test := range []struct {
		name string
		err  error
		want bool
	}{
		{"server shuts down", sqlError("57P01"), true},
		{"too many connections", sqlError("53300"), true},
		{"connection lost", sqlError("08006"), true},
		{"deadlock", sqlError("40P01"), true},
		{"violated constraint", sqlError("23505"), false},
		{"unknown column", sqlError("42703"), false},
		{"defect", errors.New("index out of range"), false},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()

			require.Equal(t, test.want, transient(errors.Join(errors.New("load"), test.err)))
		})
	}
}

func FuzzCursorIsReadAsItWasWrittenOrNotAtAll(f *testing.F) {
	f.Add(formatCursor(desk.Cursor{ID: uuid.Max, Priority: triage.P1, RespondBy: time.Unix(1, 0).UTC()}))
	f.Add("e30")
	f.Add("====")
	f.Fuzz(func(t *testing.T, text string) {
		cursor, ok := parseCursor(text)
		if ok {
			require.Equal(t, text, formatCursor(cursor))
			require.NotEqual(t, uuid.Nil, cursor.ID)
		}
	})
}

func FuzzArticleCursorIsReadAsItWasWrittenOrNotAtAll(f *testing.F) {
	f.Add(formatArticleCursor(articleCursor{Locale: "ar", Slug: "fees"}))
	f.Add("e30")
	f.Add("")
	f.Fuzz(func(t *testing.T, text string) {
		if cursor, ok := parseArticleCursor(text); ok && text != "" {
			require.Equal(t, text, formatArticleCursor(cursor))
		}
	})
}

func FuzzParsePlace(f *testing.F) {
	for _, seed := range []string{"", "17", "17.1", "-1", "1.-1", "1.2.3", "9223372036854775808"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, id string) {
		if p, err := parsePlace(id); err == nil && !p.unknown {
			require.GreaterOrEqual(t, p.position, int64(0))
			require.GreaterOrEqual(t, p.parts, 0)
		}
	})
}

type brokenClient struct{ writes int }

func (c *brokenClient) Write([]byte) (int, error) {
	c.writes++
	return 0, errors.New("gone")
}

type sqlError string

func (e sqlError) Error() string    { return string(e) }
func (e sqlError) SQLState() string { return string(e) }
