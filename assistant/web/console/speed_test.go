package console_test

import (
	"bytes"
	"io"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant/desk"
)

// TestQueueOfTenThousandOpenTicketsFilters also logs how long the service takes for it: -v shows it.
func TestQueueOfTenThousandOpenTicketsFilters(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	s.add(t, "Mia")
	s.Exec(t, `
		WITH c AS (
			INSERT INTO conversations (id, channel, created_at)
			SELECT gen_random_uuid(), (ARRAY['widget', 'api'])[i % 2 + 1], now() FROM generate_series(1, 10000) i RETURNING id
		), n AS (SELECT id, row_number() OVER () AS i FROM c)
		INSERT INTO tickets (id, conversation_id, status, priority, intent, reasons, language, respond_by, created_at, queue, risks, awaiting_since)
		SELECT gen_random_uuid(), id, 'open', 'P' || (i % 4 + 1), 'intent.' || (i % 30), '{x}', (ARRAY['en', 'zh-Hans', 'ar'])[i % 3 + 1],
			now() + (i % 1000 - 500) * interval '1 minute', now(), 'queue-' || (i % 8),
			CASE WHEN i % 7 = 0 THEN ARRAY['account_takeover'] ELSE '{}' END, now() FROM n`)
	s.Exec(t, `ANALYZE tickets`)
	cookie := s.cookie(t, "Mia")
	var took, list []time.Duration // of the page, and of its list alone
	for range 10 {
		for query, want := range map[string]string{
			"": "DH-", "?intent=intent.3": "intent.3", "?language=ar": ">ar<", "?risk=account_takeover": "account takeover", "?channel=widget": "DH-",
			"?queue=queue-5&priority=P2": "queue-5", "?mine=true": "Nothing waits here", "?overdue=true&language=en": ">en<", "?risk=self_harm": "Nothing waits here",
		} {
			began := time.Now()
			page := s.page(t, "/console"+query, cookie)
			took = append(took, time.Since(began))
			began = time.Now()
			_, err := s.Store.Queue(t.Context(), desk.Filter{Limit: 51, Now: began})
			list = append(list, time.Since(began))
			require.NoError(t, err)
			require.Contains(t, page, want, query)
		}
	}
	slices.Sort(took)
	slices.Sort(list)
	t.Logf("%d pages of 10,000 open tickets: p50 %v, p95 %v, max %v; the list alone: p50 %v, p95 %v; p50 of a page / of its list: %.1f",
		len(took), took[len(took)/2], took[len(took)*95/100], took[len(took)-1], list[len(list)/2], list[len(list)*95/100],
		float64(took[len(took)/2])/float64(list[len(list)/2]))
}

// cookie logs a person in, and returns the session as browsers send it.
func (s *system) cookie(t *testing.T, name string) string {
	t.Helper()
	body := `{"email":"` + name + `@quayside.example","password":"` + password + `"}`
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.Base+"/v1/session", bytes.NewReader([]byte(body)))
	require.NoError(t, err)
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer response.Body.Close()
	require.Equal(t, http.StatusOK, response.StatusCode)
	for _, cookie := range response.Cookies() {
		if cookie.Name == "deskhand_session" {
			return cookie.Name + "=" + cookie.Value
		}
	}
	require.Fail(t, "no session")
	return ""
}

func (s *system) page(t *testing.T, path, cookie string) string {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.Base+path, nil)
	require.NoError(t, err)
	request.Header.Set("Cookie", cookie)
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer response.Body.Close()
	require.Equal(t, http.StatusOK, response.StatusCode)
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return string(body)
}
