package widget_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant/postgres"
	"github.com/deskhand/deskhand/assistant/web/webtest"
	"github.com/deskhand/deskhand/assistant/web/widget"
)

// system is the whole service with the chat.
type system struct {
	*webtest.Service

	agent, elsewhere, widget string // secrets of keys; elsewhere is a widget key of another web site
}

func newSystem(t *testing.T) *system {
	t.Helper()
	s := &system{Service: webtest.NewService(t, webtest.Config{Clock: time.Now, Serve: widget.Serve})}
	s.agent, s.widget = s.Key(t, postgres.RoleAgent), s.Key(t, postgres.RoleWidget)
	s.elsewhere = s.Key(t, postgres.RoleWidget, "https://www.quayside.example")
	return s
}

// reply is a person at the desk who answers the ticket of a conversation.
func (s *system) reply(t *testing.T, conversation, body string) {
	t.Helper()
	var list struct {
		Tickets []struct {
			ConversationID string `json:"conversation_id"`
			ID             string `json:"id"`
			Version        int    `json:"version"`
		} `json:"tickets"`
	}
	s.asAgent(t, http.MethodGet, "/v1/tickets?limit=100", nil, &list)
	for _, ticket := range list.Tickets {
		if ticket.ConversationID != conversation {
			continue
		}
		var claimed struct {
			Version int `json:"version"`
		}
		s.asAgent(t, http.MethodPost, "/v1/tickets/"+ticket.ID+"/claim", map[string]any{"version": ticket.Version}, &claimed)
		answer := map[string]any{"action": "write", "body": body, "version": claimed.Version}
		s.asAgent(t, http.MethodPost, "/v1/tickets/"+ticket.ID+"/reply", answer, nil)
		return
	}
	require.Fail(t, "the conversation has no ticket")
}

func (s *system) asAgent(t *testing.T, method, path string, body, out any) {
	t.Helper()
	encoded, err := json.Marshal(body)
	require.NoError(t, err)
	if method == http.MethodGet {
		encoded = nil
	}
	request, err := http.NewRequestWithContext(context.WithoutCancel(t.Context()), method, s.Base+path, bytes.NewReader(encoded))
	require.NoError(t, err)
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Authorization", "Bearer "+s.agent)
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer response.Body.Close()
	require.Equal(t, http.StatusOK, response.StatusCode, path)
	if out != nil {
		require.NoError(t, json.NewDecoder(response.Body).Decode(out))
	}
}
