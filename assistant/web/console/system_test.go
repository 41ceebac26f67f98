package console_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/pquerna/otp/totp"
	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant/access"
	"github.com/deskhand/deskhand/assistant/guard"
	"github.com/deskhand/deskhand/assistant/postgres"
	"github.com/deskhand/deskhand/assistant/web/console"
	"github.com/deskhand/deskhand/assistant/web/webtest"
	"github.com/deskhand/deskhand/prompts"
)

// system is the whole service with the console.
type system struct {
	*webtest.Service

	widget string // the secret of a key
}

func newSystem(t testing.TB) *system {
	t.Helper()
	fixed, err := prompts.New()
	require.NoError(t, err)
	s := &system{Service: webtest.NewService(t, webtest.Config{
		Clock: time.Now, Serve: func(app *fiber.App) error { return console.Serve(app, time.Now, fixed) },
	})}
	s.widget = s.Key(t, postgres.RoleWidget)
	require.NoError(t, s.Store.SetChannels(t.Context(), []guard.Channel{
		{Kind: "domain", Standing: guard.Official, Value: "help.quayside.example"},
		{Kind: "domain", Standing: guard.Official, Value: "status.quayside.example"},
	}, "test"))
	return s
}

const (
	password = "seven plain words in a row here"
	wanted   = "My withdrawal has been pending for two hours. I want to talk to a human."
)

// add gives an agent access.
func (s *system) add(t testing.TB, name string) {
	t.Helper()
	s.addAs(t, name, access.Agent)
}

func (s *system) addAs(t testing.TB, name string, role access.Role) postgres.Agent {
	t.Helper()
	agent, err := s.Store.AddAgent(t.Context(), postgres.NewAgent{
		Actor: "test", Email: strings.ToLower(name) + "@quayside.example", Name: name, Password: password, Role: role,
	})
	require.NoError(t, err)
	return agent
}

// session logs an agent in, with a second factor where the role needs one, and returns the secret of the session.
func (s *system) session(t testing.TB, agent postgres.Agent) string {
	t.Helper()
	in, err := s.Store.LogIn(t.Context(), postgres.LogIn{Email: agent.Email, Password: password, Place: postgres.Place{Network: "127.0.0.1"}})
	require.NoError(t, err)
	if agent.Role.NeedsSecondFactor() {
		factor, err := s.Store.Enrol(t.Context(), in, password)
		require.NoError(t, err)
		code, err := totp.GenerateCode(factor.Secret, time.Now())
		require.NoError(t, err)
		in, _, err = s.Store.ConfirmFactor(t.Context(), in, code)
		require.NoError(t, err)
	}
	return in.Secret
}

// ask asks as a customer and waits for the draft when a person is needed.
func (s *system) ask(t testing.TB, text string) {
	t.Helper()
	body, err := json.Marshal(map[string]any{"message": map[string]string{"body": text}})
	require.NoError(t, err)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.Base+"/v1/answers", bytes.NewReader(body))
	require.NoError(t, err)
	request.Header.Set("Authorization", "Bearer "+s.widget)
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer response.Body.Close()
	require.Equal(t, http.StatusOK, response.StatusCode)
}
