package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant/httpapi"
	"github.com/deskhand/deskhand/assistant/postgres/pgtest"
)

func TestWebhookSettingsThatCannotWork(t *testing.T) {
	t.Parallel()

	const id = "019a0000-0000-7000-8000-000000000001"
	for name, test := range map[string]struct {
		args   []string
		stderr string
	}{
		"Loopback":        {[]string{"add", "https://127.0.0.1/"}, "public internet"},
		"Metadata":        {[]string{"add", "http://169.254.169.254/", "--insecure-http", "--allow-network", "169.254.0.0/16"}, "metadata"},
		"HTTP":            {[]string{"add", "http://hooks.example.com/"}, "--insecure-http"},
		"NoURL":           {[]string{"add", "hooks.example.com"}, "https://"},
		"UnknownEvent":    {[]string{"add", "https://hooks.example.com/", "--event", "ticket.opend"}, "ticket.opened"},
		"NetworkOfAll":    {[]string{"add", "https://hooks.example.com/", "--allow-network", "0.0.0.0/0"}, "--allow-network"},
		"IDThatIsNone":    {[]string{"remove", "7"}, "webhook list"},
		"NothingToReplay": {[]string{"replay"}, "--endpoint"},
		"BothReplays":     {[]string{"replay", id, "--endpoint", id}, "--endpoint"},
		"NegativeKeep":    {[]string{"rotate", id, "--keep=-1s"}, "--keep"},
		"UnknownStatus":   {[]string{"deliveries", "--status", "lost"}, "dead"},
		"NoLimit":         {[]string{"deliveries", "--limit", "0"}, "--limit"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			args := append([]string{"webhook", "--database-url=postgres://127.0.0.1:1/deskhand"}, test.args...)
			require.Contains(t, command(t, exitUsage, args...).err, test.stderr)
		})
	}
}

// TestWebhookCommands is what an operator does with an endpoint, from the first to the last day, beside a running service.
func TestWebhookCommands(t *testing.T) {
	t.Parallel()

	type delivery struct{ body, signature string }
	got := make(chan delivery, 100)
	consumer := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		if strings.HasSuffix(r.URL.Path, "/broken") {
			w.WriteHeader(http.StatusGone)
			return
		}
		got <- delivery{body: string(body), signature: r.Header.Get("Webhook-Signature")}
	}))
	t.Cleanup(consumer.Close)
	database := "--database-url=" + pgtest.EmptyURL(t)
	p := startProgram(t, []string{"DATABASE_URL=" + strings.TrimPrefix(database, "--database-url=")}, "--sample")
	webhook := func(args ...string) string {
		t.Helper()
		return command(t, exitOK, append([]string{"webhook", database, "--log-level=error"}, args...)...).out
	}
	local := []string{"--insecure-http", "--allow-network", "127.0.0.0/8"}

	added := webhook(append([]string{"add", consumer.URL, "--name", "CRM", "--event", "question.concluded"}, local...)...)
	require.Regexp(t, `^whsec_\S{44}\n`, added)
	id := regexp.MustCompile(`webhook test (\S+)`).FindStringSubmatch(added)[1]
	require.Contains(t, webhook("test", id), "ok    the endpoint answered 200")
	require.Contains(t, (<-got).body, `"type":"webhook.test"`)

	answer := p.ask(t, "提币两个小时了还没到账,怎么办?")
	event := <-got
	require.Contains(t, event.body, answer.ConversationID)
	require.Contains(t, event.body, `"outcome":"answered"`)
	require.NotContains(t, event.body, "提币")
	require.Len(t, strings.Fields(event.signature), 1)

	require.NotContains(t, webhook("rotate", id), strings.Fields(added)[0])
	p.ask(t, "whats the taker fee for spot")
	require.Len(t, strings.Fields((<-got).signature), 2, "both secrets sign")

	listed := webhook("list")
	require.Contains(t, listed, "CRM")
	require.NotContains(t, listed, "whsec_")
	var endpoints []httpapi.WebhookEndpoint
	require.NoError(t, json.Unmarshal([]byte(webhook("list", "--json")), &endpoints))
	require.Equal(t, "ok", endpoints[0].State)

	var broken addedEndpoint
	require.NoError(t, json.Unmarshal([]byte(webhook(append([]string{"add", consumer.URL + "/broken", "--json"}, local...)...)), &broken))
	require.Contains(t, command(t, exitFailed, "webhook", database, "test", broken.ID).out, "FAIL  the endpoint answered 410")
	p.ask(t, "whats the taker fee for spot")
	require.Eventually(t, func() bool { return strings.Contains(webhook("list"), "is disabled") }, answerWait, 100*time.Millisecond)
	dead := webhook("deliveries", "--status", "dead", "--json")
	require.Contains(t, dead, `"last_problem": "the endpoint answered 410"`)
	require.Contains(t, metrics(t, p), `deskhand_webhook_attempts_total{status="dead"} 1`)
	webhook("enable", broken.ID)
	require.Contains(t, webhook("replay", "--endpoint", broken.ID), "1 deliveries are pending again")

	require.Contains(t, command(t, exitFailed, append([]string{"webhook", database, "add", consumer.URL}, local...)...).err, "already")
	webhook("remove", broken.ID)
	require.NotContains(t, webhook("list"), "/broken")
	require.Contains(t, command(t, exitFailed, "webhook", database, "remove", broken.ID).err, "webhook list")
}

// metrics is what GET /metrics says.
func metrics(t *testing.T, p *program) string {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, p.base+"/metrics", http.NoBody)
	require.NoError(t, err)
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return string(body)
}
