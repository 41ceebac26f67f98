package webhook_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/deskhand/deskhand/assistant/webhook"
)

var update = flag.Bool("update", false, "store what the tests produce as what they expect") //nolint:gochecknoglobals // a test flag has to be one

// data is an example of the data of every type.
func data() map[webhook.Type]any {
	id := func(n byte) uuid.UUID { return uuid.UUID{0x01, 0x9a, 15: n} }
	draft, message, agent, ticketID := id(6), id(7), id(8), id(5)
	ticket := webhook.Ticket{
		AssigneeID: &agent, ConversationID: id(1), Intent: "account.hacked", Language: "zh-Hans", Number: "DH-1042", Priority: "P1",
		Reasons: []string{"risk:account_takeover"}, RespondBy: now().Add(15 * time.Minute).UTC(), Queue: "security", Risks: []string{"account_takeover"},
		Status: "claimed", Step: "claim", TicketID: ticketID, Version: 2,
	}
	acted, replied, opened := ticket, ticket, ticket
	acted.AgentID = &agent
	replied.Action, replied.AgentID, replied.DraftID, replied.MessageID, replied.Status = "edit", &agent, &draft, &message, "waiting"
	opened.AssigneeID, opened.Status, opened.Version = nil, "open", 1
	rejected := acted
	rejected.DraftID = &draft
	late, resolved, merged, due := ticket, acted, acted, now().Add(15*time.Minute).UTC()
	late.Due, late.Promise, late.ResolveBy, late.Step = &due, "response", &due, "alarm"
	resolved.Outcome, resolved.Status, resolved.Step = "assumed", "resolved", "resolve"
	merged.MergedInto, merged.Outcome, merged.Status, merged.Step = &draft, "merged", "resolved", "merge"
	complaint := webhook.Complaint{
		ComplaintID: id(9), DecideBy: due, Number: "C-17", Regime: "mica", Status: "open", Step: "register", TicketID: ticketID,
		TicketNumber: "DH-1042", Version: 1,
	}
	decided := complaint
	decided.RootCause, decided.Status, decided.Step, decided.Version = "fees.unclear", "upheld", "decide", 2
	return map[webhook.Type]any{
		webhook.ComplaintChanged: complaint, webhook.ComplaintDecided: decided, webhook.ComplaintDueSoon: complaint,
		webhook.ComplaintOverdue: complaint, webhook.ComplaintRegistered: complaint,
		webhook.DeskChanged:    webhook.Desk{ChangedBy: "cli", Version: 2},
		webhook.TicketAssigned: acted, webhook.TicketDueSoon: late, webhook.TicketEscalated: ticket, webhook.TicketHeld: acted,
		webhook.TicketMerged: merged, webhook.TicketOverdue: late, webhook.TicketReopened: opened, webhook.TicketResumed: acted,
		webhook.ChannelsChanged:  webhook.Channels{ChangedBy: "cli", Version: 12},
		webhook.DraftRejected:    rejected,
		webhook.FeedbackRecorded: webhook.Feedback{ConversationID: id(1), MessageID: &message, Rating: 2},
		webhook.IncidentEnded:    webhook.Incident{ChangedBy: "cli", Intents: []string{"withdrawal.pending"}, NoticeID: 3},
		webhook.IncidentStarted:  webhook.Incident{ChangedBy: "cli", Intents: []string{"withdrawal.pending"}, NoticeID: 3},
		webhook.IncidentProposed: webhook.Proposal{Expected: 1.5, Intent: "withdrawal.pending", ProposalID: 7, Questions: 24, WindowMinutes: 10},
		webhook.MessageSent:      webhook.Sent{ConversationID: id(1), MessageID: message},
		webhook.PolicyChanged:    webhook.Policy{AutoReply: false, ChangedBy: "cli", Version: 4},
		webhook.QuestionConcluded: webhook.Question{
			Confidence: 0.25, ConversationID: id(1), Intent: "account.hacked", Language: "zh-Hans", MessageID: id(2), Outcome: "handed_off",
			Priority: "P1", Reasons: []string{"risk:account_takeover"}, ReplyID: id(3), RunID: id(4), TicketID: &ticketID, TicketNumber: "DH-1042",
		},
		webhook.Test:           nil,
		webhook.TicketClaimed:  acted,
		webhook.TicketOpened:   opened,
		webhook.TicketReleased: acted,
		webhook.TicketReplied:  replied,
		webhook.TicketResolved: resolved,
		webhook.TicketUpdated:  ticket,
	}
}

func TestBodies(t *testing.T) {
	t.Parallel()

	var bodies bytes.Buffer
	for _, kind := range append(webhook.Types(), webhook.Test) {
		example, ok := data()[kind]
		require.True(t, ok, "%s has an example", kind)
		body, err := webhook.Event{ID: uuid.UUID{0x01, 0x9a, 15: 99}, Type: kind, CreatedAt: now(), Data: example}.Body()
		require.NoError(t, err)
		require.NoError(t, json.Indent(&bodies, body, "", "  "))
		bodies.WriteByte('\n')
	}
	golden := filepath.Join("testdata", "bodies.json.golden")
	if *update {
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(golden, bodies.Bytes(), 0o644))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	require.Equal(t, string(want), bodies.String())
}

func TestTypesAreInOrderAndDocumented(t *testing.T) {
	t.Parallel()

	require.True(t, slices.IsSorted(webhook.Types()))
	document, err := os.ReadFile(filepath.Join("..", "..", "docs", "webhooks.md"))
	require.NoError(t, err)
	var bodies map[string]any
	for _, kind := range webhook.Types() {
		require.Contains(t, string(document), "| `"+string(kind)+"` |")
		body, err := webhook.Event{Type: kind, Data: data()[kind]}.Body()
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal(body, &bodies))
		for field := range bodies["data"].(map[string]any) { //nolint:forcetypeassert // it is an object
			require.Contains(t, string(document), "`"+field+"`")
		}
	}
}
