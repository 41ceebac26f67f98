package main

import (
	"context"
	"crypto/sha256"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/assistant/postgres"
)

// askAs asks as a customer whom the site has vouched for.
func (d *desktop) askAs(t *testing.T, ref, question string) assistant.Run {
	t.Helper()
	key, _, err := d.system.store.CreateKey(t.Context(), postgres.Key{Name: "site", Role: postgres.RoleWidget})
	require.NoError(t, err)
	token := sha256.Sum256([]byte(question))
	run, err := d.system.assistant(d.system.store, time.Now).Handle(t.Context(), assistant.Question{
		APIKeyID: key.ID, Body: question, Channel: "widget",
		Customer: assistant.Customer{ExpiresAt: time.Now().Add(time.Hour), Ref: ref, TokenHash: token[:]},
	})
	require.NoError(t, err)
	return run
}

func TestCustomersGetTheirDataAndAreForgotten(t *testing.T) {
	t.Parallel()

	d := openDesktop(t, func(ctx context.Context, a *app) (*system, error) { return openSystem(ctx, a, nil) })
	d.run(t, "agent", "add", "lea@quayside.example", "--role", "lead", "--name", "Lea", "--sso")
	hacked := d.askAs(t, "cust-4711", "Someone logged into my account and withdrew my BTC, I am Zoltan")
	d.askAs(t, "cust-4711", "我的验证器丢了，我叫 Zoltan")
	d.askAs(t, "cust-4711", "أنا Zoltan وفقدت هاتفي")
	other := d.askAs(t, "cust-4712", "Someone logged into my account and withdrew my BTC")
	lea, ref := "--as=Lea", "--ref=cust-4711"
	d.run(t, "ticket", "note", hacked.Ticket.Reference(), lea, "--text", "cust-4711 called")
	d.run(t, "ticket", "unmask", hacked.Ticket.Reference(), lea, "--reason", "call cust-4711 back")
	require.NotContains(t, d.run(t, "audit", "list"), "cust-4711", "the audit log outlives an erasure")

	// The export.
	require.Contains(t, d.run(t, "customer", "export", ref, lea), "أنا Zoltan")
	export := decoded[postgres.Export](t, d.run(t, "customer", "export", ref, lea, "--json"))
	require.Len(t, export.Conversations, 3)
	require.Contains(t, string(export.Conversations[0].Notes), "cust-4711 called")
	folder := filepath.Join(t.TempDir(), "export")
	require.Contains(t, d.run(t, "customer", "export", ref, lea, "--out", folder), "3 conversations")
	require.Contains(t, d.refuse(t, exitUsage, "customer", "export", ref, lea, "--out", folder), "there already")
	for _, name := range []string{"customer.json", "conversations.txt"} {
		info, err := os.Stat(filepath.Join(folder, name))
		require.NoError(t, err)
		require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
		content, err := os.ReadFile(filepath.Join(folder, name))
		require.NoError(t, err)
		require.Contains(t, string(content), "我叫 Zoltan")
	}

	// An open case is somebody's work.
	require.Contains(t, d.refuse(t, exitFailed, "customer", "erase", ref, lea, "--yes"), hacked.Ticket.Reference())
	for _, conversation := range export.Conversations {
		detail, err := d.system.store.Conversation(t.Context(), conversation.ID)
		require.NoError(t, err)
		if detail.Ticket != nil {
			d.run(t, "ticket", "claim", detail.Ticket.Reference(), lea)
			d.run(t, "ticket", "resolve", detail.Ticket.Reference(), lea)
		}
	}

	// The erasure.
	require.Contains(t, d.refuse(t, exitUsage, "customer", "erase", ref, lea), "--yes")
	require.Contains(t, d.refuse(t, exitUsage, "customer", "erase", ref, "--as=Mia", "--yes"), "lead")
	would := decoded[erasureView](t, d.run(t, "customer", "erase", ref, "--dry-run", "--json"))
	require.Equal(t, 3, would.Erased.Conversations)
	require.Contains(t, d.run(t, "customer", "export", ref, lea), "Zoltan", "a dry run erases nothing")
	done := decoded[erasureView](t, d.run(t, "customer", "erase", ref, lea, "--yes", "--json"))
	require.Equal(t, would.Erased, done.Erased)
	require.Contains(t, d.refuse(t, exitFailed, "customer", "erase", ref, lea, "--yes"), "nothing is kept")
	require.Contains(t, d.refuse(t, exitFailed, "customer", "export", ref, lea), "nothing is kept")
	shown := d.run(t, "ticket", "show", hacked.Ticket.Reference())
	require.NotContains(t, shown, "Zoltan")
	require.Contains(t, shown, "[erased]")
	require.Contains(t, d.refuse(t, exitFailed, "ticket", "reopen", hacked.Ticket.Reference(), lea, "--reason", "again"), "erased")
	log := d.run(t, "audit", "list", "--action", "customer.")
	require.Contains(t, log, done.Receipt.String())
	require.NotContains(t, log, "4711")
	require.Contains(t, d.run(t, "audit", "verify"), "intact")
	require.Contains(t, d.run(t, "customer", "export", "--conversation", other.ConversationID.String(), lea), "withdrew my BTC")

	// The retention.
	d.run(t, "ticket", "claim", other.Ticket.Reference(), lea)
	d.run(t, "ticket", "resolve", other.Ticket.Reference(), lea)
	_, err := d.system.pool.Exec(t.Context(), `UPDATE messages SET created_at = created_at - interval '3 days';
		UPDATE conversations SET created_at = created_at - interval '3 days'; UPDATE tickets SET resolved_at = resolved_at - interval '3 days'`)
	require.NoError(t, err)
	require.NotContains(t, d.run(t, "customer", "expire", "--retention=4d", "--dry-run"), other.ConversationID.String())
	require.Contains(t, d.run(t, "customer", "expire", "--retention=2d", "--dry-run"), other.ConversationID.String())
	require.Contains(t, d.run(t, "customer", "expire", "--retention=2d", lea, "--yes"), "erased 1 conversations")
	require.Equal(t, "[]\n", d.run(t, "customer", "expire", "--retention=2d", "--dry-run", "--json"))

	for name, test := range map[string]struct {
		args   []string
		stderr string
	}{
		"Nobody":          {[]string{"erase"}, "--ref"},
		"EmptyReference":  {[]string{"erase", "--ref= ", lea}, "--ref is empty"},
		"Both":            {[]string{"erase", ref, "--conversation=" + uuid.NewString()}, "together"},
		"NoConversation":  {[]string{"export", "--conversation=7", lea}, "--conversation"},
		"NobodyActs":      {[]string{"export", ref}, "--as"},
		"NoRetention":     {[]string{"expire", lea}, "--retention"},
		"RetentionOfTime": {[]string{"expire", lea, "--retention=12h"}, "730d"},
		"RetentionOfNone": {[]string{"expire", lea, "--retention=0d"}, "from 1d"},
		"RetentionOfMuch": {[]string{"expire", lea, "--retention=" + strings.Repeat("9", 40) + "d"}, "36500d"},
		"NoPlace":         {[]string{"export", "--conversation=" + uuid.NewString(), lea, "--out=/nowhere/at/all/x"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			code := exitUsage
			if name == "NoPlace" {
				code = exitFailed
			}
			require.Contains(t, d.refuse(t, code, append([]string{"customer"}, test.args...)...), test.stderr)
		})
	}
}
